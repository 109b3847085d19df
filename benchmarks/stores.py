"""Stores to measure on: made up, the same every time, kept in the system's temporary folder for the next run."""

from __future__ import annotations

import hashlib
import json
import random
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mailadmin.domain.governed import GOVERNED
from mailadmin.domain.keys import match_key
from mailadmin.domain.legacy import Owner, members_of
from mailadmin.domain.services import FIELD_NAMES, NO_AUTHENTICATION, NOT_CAPTURED
from mailadmin.storage import tables
from mailadmin.storage.tables import OF_USERS, ROWS, bucket_of, key_columns
from mailadmin.storage.unit_of_work import Store

COST_CENTRES, BRANCHES, ENTITIES, ROLES = 1_000, 1_000, 100, 300
LEGACY_MEMBERS = tuple(
    name for name, member in members_of(Owner.USER).items() if not member.is_resolved and name != "EmailEditInternal"
)
GLOBAL_MEMBERS = {
    "EmailSmtpServer": "smtp.example.com",
    "EmailSmtpPort": 587,
    "EmailSmtpEnableSsl": True,
    "EmailSmtpUserId": "mail@example.com",
    "EmailSmtpPassword": "hmac:00000000000000aa",
}
"""The Global Settings before the upgrade."""


def store(users: int, overrides: float) -> Path:
    """A store of so many users, this share of them with values of their own; made if it is not there yet."""
    sources = [
        Path(__file__),
        Path(tables.__file__),
        *sorted(Path(tables.__file__).parent.glob("schema/versions/*.py")),
    ]
    made_by = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:8]
    folder = Path(tempfile.gettempdir()) / "mailadmin-benchmarks"
    folder.mkdir(exist_ok=True)
    found = folder / f"{users}-users-{overrides:g}-overrides-{made_by}.db"
    if not found.exists():
        for outdated in folder.glob(f"{users}-users-{overrides:g}-overrides-*"):
            outdated.unlink()
        unfinished = found.with_suffix(".part")
        unfinished.unlink(missing_ok=True)
        _make(unfinished, users, overrides)
        unfinished.rename(found)
    return found


def _make(path: Path, users: int, overrides: float) -> None:
    Store(f"sqlite:///{path}", created_at="2026-11-01T00:00:00+00:00").close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA synchronous = 0")
        site = _Site(random.Random(20_261_101), users, overrides)  # noqa: S311
        connection.execute("DELETE FROM cost_centres")
        for table in ("cost_centres", "entities", "branches", "services", "role_permissions", "users", "overrides"):
            _insert(connection, table, getattr(site, table)())
        members = ", ".join(f"{name} {'INTEGER' if _is_number(name) else 'TEXT'}" for name in LEGACY_MEMBERS)
        connection.execute(f"CREATE TABLE user_preferences (user_id_key TEXT PRIMARY KEY, {members})")
        marks = ", ".join("?" * (len(LEGACY_MEMBERS) + 1))
        connection.executemany(f"INSERT INTO user_preferences VALUES ({marks})", site.preferences())
    connection.close()


def _is_number(member: str) -> bool:
    return members_of(Owner.USER)[member].kind in {"flag", "port"}


def _insert(connection: sqlite3.Connection, table: str, rows: Iterable[dict[str, Any]]) -> None:
    divided = table in OF_USERS
    names = [*key_columns(table), *GOVERNED[table].columns, "version", *(["bucket"] if divided else [])]
    columns = ", ".join(f'"{ROWS[table].c[name].name}"' for name in names)
    key = GOVERNED[table].key

    def records() -> Iterator[tuple[Any, ...]]:
        for row in rows:
            given = [row.get(name) for name in GOVERNED[table].columns]
            bucket = [bucket_of(match_key(row["user_id"]))] if divided else []
            yield (*[match_key(row[part]) for part in key], *given, 1, *bucket)

    connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(names))})", records())


class _Site:
    """The rows of a site, table by table."""

    def __init__(self, chance: random.Random, users: int, overrides: float) -> None:
        self.chance = chance
        self.centres = [f"CC{n:04}" for n in range(COST_CENTRES)]
        self.branch_centre: dict[str, str | None] = {}
        self.user_ids = [f"User{n:07}" for n in range(users)]
        self.branch_of: list[str | None] = []
        own = sorted(chance.sample(range(users), int(users * overrides)))
        self.with_overrides = own

    def cost_centres(self) -> Iterator[dict[str, Any]]:
        yield {"code": "GLOBAL", "description": "", "active": True, "default_service": "SMTP"}
        for code in self.centres:
            default = self.chance.choices((None, "SMTP", "EXCHANGE"), (70, 15, 15))[0]
            yield {"code": code, "description": f"Cost centre {code}", "active": self.chance.random() > 0.03,
                   "default_service": default}  # fmt: skip

    def entities(self) -> Iterator[dict[str, Any]]:
        for n in range(ENTITIES):
            centre = self.chance.choice(self.centres) if self.chance.random() < 0.6 else None
            yield {"code": f"E{n:03}", "description": "", "cost_centre": centre}

    def branches(self) -> Iterator[dict[str, Any]]:
        for n in range(BRANCHES):
            centre = self.chance.choice(self.centres) if self.chance.random() < 0.8 else None
            self.branch_centre[f"B{n:04}"] = centre
            yield {"code": f"B{n:04}", "description": "", "entity": f"E{self.chance.randrange(ENTITIES):03}",
                   "cost_centre": centre}  # fmt: skip

    def services(self) -> Iterator[dict[str, Any]]:
        """GLOBAL has both; half of the others have one or both: filled in, ticked and blank, or not ticked."""
        smtp = {"server": "smtp.example.com", "port": 587, "security": "StartTls", "user_name": "mail@example.com",
                "password": "hmac:00000000000000aa", "sender_name": None, "sender_email": None}  # fmt: skip
        application = {"tenant_id": "tenant", "client_id": "client", "client_secret": "hmac:00000000000000bb"}
        exchange = {**application, "mailbox": "mail@example.com"}
        yield {"cost_centre": "GLOBAL", "service": "SMTP", "use_service": True, **smtp}
        yield {"cost_centre": "GLOBAL", "service": "EXCHANGE", "use_service": True, **exchange}
        for n, code in enumerate(self.centres):
            if self.chance.random() < 0.5:
                continue
            address = f"{code.lower()}@example.com"
            for service in self.chance.choice((("SMTP",), ("EXCHANGE",), ("SMTP", "EXCHANGE"))):
                meaning = self.chance.choices(("filled", "blank", "unticked"), (75, 10, 15))[0]
                row: dict[str, Any] = {"cost_centre": code, "service": service, "use_service": meaning != "unticked"}
                if meaning != "blank" and service == "SMTP":
                    row |= {**smtp, "server": f"smtp{n % 40}.example.com", "user_name": address,
                            "password": f"hmac:{n:016x}", "sender_name": f"Office {n}", "sender_email": address,
                            "port": self.chance.choice((None, 25, 587, 465)),
                            "security": self.chance.choice((None, "StartTls", "None", "SslOnConnect"))}  # fmt: skip
                elif meaning != "blank":
                    row |= {**exchange, "client_id": f"client-{n % 20}", "mailbox": address}
                    row["client_secret"] = f"hmac:{n % 20:016x}" if self.chance.random() < 0.9 else None
                yield row

    def role_permissions(self) -> Iterator[dict[str, Any]]:
        for n in range(ROLES):
            yield {"role": f"Role {n:03}", "permission_key": "Messaging.Email.UpdateFrom",
                   "decision": self.chance.choice(("Allow", "Deny"))}  # fmt: skip

    def users(self) -> Iterator[dict[str, Any]]:
        chance, codes = self.chance, list(self.branch_centre)
        roles = [json.dumps(sorted(f"Role {n:03}" for n in chance.sample(range(ROLES), k=3))) for _ in range(2_000)]
        for user_id in self.user_ids:
            place = chance.random()
            branch = None if place < 0.01 else "B-CLOSED" if place < 0.011 else codes[int(place * 1e6) % len(codes)]
            branch = branch.lower() if branch and 0.5 < place < 0.505 else branch
            self.branch_of.append(branch)
            yield {"user_id": user_id, "name": f"Person {user_id[4:]}", "email": f"{user_id.lower()}@example.com",
                   "level": "Normal", "active": chance.random() > 0.03, "external": chance.random() < 0.02,
                   "locked_out": False, "roles": chance.choice(roles), "branch": branch}  # fmt: skip

    def overrides(self) -> Iterator[dict[str, Any]]:
        """Partial ones, most of them in the Cost Centre of the user's branch."""
        chance = self.chance
        for position in self.with_overrides:
            user = self.user_ids[position]
            near = self.branch_centre.get((self.branch_of[position] or "").upper())
            centre = near if near and chance.random() < 0.7 else "GLOBAL"
            services = chance.choices((("SMTP",), ("EXCHANGE",), ("SMTP", "EXCHANGE")), (70, 20, 10))[0]
            for service in services:
                yield {"cost_centre": centre, "service": service, "user_id": user, **self._own(service, user, position)}

    def _own(self, service: str, user: str, number: int) -> dict[str, Any]:
        address = f"{user.lower()}@example.com"
        if service == "EXCHANGE":
            return {"mailbox": address}
        sender = {"sender_name": f"Person {number}", "sender_email": address}
        account = {"user_name": address, "password": f"hmac:{number:016x}"}
        server = {"server": f"smtp{number % 50}.example.net", "port": 587, "security": "StartTls"}
        return self.chance.choices(
            (sender, {"sender_email": address}, account, {**account, **sender}, {**server, **account, **sender}, server,
             {**server, "user_name": NO_AUTHENTICATION, **sender}),
            (45, 15, 10, 10, 10, 5, 5),
        )[0]  # fmt: skip

    def preferences(self) -> Iterator[tuple[Any, ...]]:
        """Legacy: whoever has overrides now, and as many others, had settings of their own before the upgrade."""
        others = self.chance.sample(range(len(self.user_ids)), len(self.with_overrides))
        for position in sorted({*self.with_overrides, *others}):
            user = self.user_ids[position].lower()
            members = self._legacy(user, position)
            yield (user, *[members.get(name) for name in LEGACY_MEMBERS])

    def _legacy(self, user: str, number: int) -> dict[str, Any]:
        members: dict[str, Any] = {"EmailUseGlobalSettings": True, "EmailExchangeUseGlobalSettings": True}
        address = f"{user}@example.com"
        if self.chance.random() < 0.9:
            members |= {"EmailSmtpSenderDisplayName": f"Person {number}", "EmailSmtpSenderEmailAddress": address}
        kind = self.chance.choices(("sender", "smtp", "exchange", "mailto"), (60, 25, 10, 5))[0]
        if kind == "smtp":
            members |= {"EmailUseGlobalSettings": False, "EmailSmtpServer": f"smtp{number % 50}.example.net",
                        "EmailSmtpPort": self.chance.choice((None, 25, 465, 587)),
                        "EmailSmtpEnableSsl": self.chance.random() < 0.8}  # fmt: skip
            if self.chance.random() < 0.9:
                members |= {"EmailSmtpUserId": address, "EmailSmtpPassword": f"hmac:{number:016x}"}
        elif kind == "exchange":
            members |= {"EmailExchangeUseGlobalSettings": False, "EmailExchangeTenantId": "tenant",
                        "EmailExchangeClientId": "client", "EmailExchangeUserName": address,
                        "EmailExchangeHasRefreshToken": self.chance.random() < 0.9,
                        "EmailExchangeRefreshToken": NOT_CAPTURED}  # fmt: skip
        elif kind == "mailto":
            members["EmailUseMailTo"] = True
        return members


assert set(FIELD_NAMES) <= set(GOVERNED["overrides"].columns)
