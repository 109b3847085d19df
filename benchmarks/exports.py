"""Legacy exports to measure on: python -m benchmarks.exports [--users 100000] [--preferences 0.1] [--xlsx].

Made up, the same every time, kept in the system's temporary folder for the next run. Each comes twice: as it was, and
as it is some weeks later, with rows changed, added and removed.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import NamedTuple

from mailadmin.domain.legacy import Owner, members_of
from mailadmin.migration.content import TABLES

COST_CENTRES, BRANCHES, ENTITIES, ROLES = 1_000, 1_000, 100, 300
MEMBERS = tuple(name for name, member in members_of(Owner.USER).items() if not member.is_resolved)
CHANGED, ADDED, REMOVED = 0.02, 0.002, 0.002
"""The shares of rows that are other ones some weeks later."""

FIRST = ("Anahera", "Chen", "Dmitri", "Frances", "Grace", "Hēmi", "Isla", "José", "Łukasz", "Mere", "Ólafur", "Sione")
LAST = ("Brown", "García", "Müller", "Nowak", "O'Brien", "Ødegård", "Patel", "Ruru", "Smith", "Tūhoe", "Vries", "Wang")

Cell = str | int | bool | None
Row = list[Cell]


class Table(NamedTuple):
    """One table: its columns, and its rows in turn."""

    name: str
    header: tuple[str, ...]
    rows: Iterable[Row]


def folder(users: int, preferences: float = 0.1, *, after: bool = False) -> Path:
    """The export as a folder of CSV files; `preferences` is the share of users who have settings of their own."""
    return _kept("", users, preferences, after, _write_folder)


def workbook(users: int, preferences: float = 0.1, *, after: bool = False) -> Path:
    """The export as one XLSX workbook: the same tables, a sheet each."""
    return _kept(".xlsx", users, preferences, after, _write_workbook)


def tables(users: int, preferences: float, *, after: bool) -> Iterator[Table]:
    """Every table of an export."""
    site = _Site(users, preferences)
    for table in site.tables():
        yield table._replace(rows=_later(table, site)) if after else table


def _kept(suffix: str, users: int, share: float, after: bool, write: Callable[[Path, Iterator[Table]], None]) -> Path:
    headers = repr([table.header for table in tables(0, 0, after=False)])
    made_by = hashlib.sha256(Path(__file__).read_bytes() + headers.encode()).hexdigest()[:8]
    keep = Path(tempfile.gettempdir()) / "mailadmin-benchmarks"
    keep.mkdir(exist_ok=True)
    state = "after" if after else "before"
    found = keep / f"export-{users}-users-{share:g}-preferences-{state}-{made_by}{suffix}"
    if not found.exists():
        with tempfile.TemporaryDirectory(prefix="part-", dir=keep) as part:
            write(Path(part) / found.name, tables(users, share, after=after))
            with suppress(OSError):  # another run has made it meanwhile
                (Path(part) / found.name).rename(found)
    return found


def _write_folder(path: Path, written: Iterator[Table]) -> None:
    path.mkdir()
    for table in written:
        with (path / f"{table.name}.csv").open("w", encoding="utf-8-sig", newline="") as lines:
            csv.writer(lines).writerows([table.header])
            csv.writer(lines).writerows(table.rows)


def _write_workbook(path: Path, written: Iterator[Table]) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    for table in written:
        sheet = book.create_sheet(table.name)
        sheet.append(table.header)
        for row in table.rows:
            sheet.append(row)
    book.save(path)


def _dice(what: str) -> Random:
    return Random(f"20261101 {what}")  # noqa: S311


class _Site:
    """The rows of a site, table by table; each has dice of its own, so that they come the same in any order."""

    def __init__(self, users: int, preferences: float) -> None:
        self.users = users
        self.with_preferences = preferences
        self.centres = [f"CC{n:04}" for n in range(COST_CENTRES)]
        self.branches = [f"B{n:04}" for n in range(BRANCHES)]
        dice = _dice("roles")
        self.roles = [";".join(f"Role {n:03}" for n in sorted(dice.sample(range(ROLES), 3))) for _ in range(2_000)]

    def tables(self) -> Iterator[Table]:
        yield Table("global_settings", _columns("global_settings"), self._global_settings())
        yield Table("user_preferences", ("user_id", *MEMBERS), map(self.preference, self._numbers_with_preferences()))
        yield Table("users", _columns("users"), map(self.user, range(self.users)))
        yield Table("roles", _columns("roles"), self._roles())
        yield Table("entities", _columns("entities"), self._entities())
        yield Table("branches", _columns("branches"), self._branches())
        yield Table("cost_centres", _columns("cost_centres"), self._cost_centres())

    def user(self, number: int) -> Row:
        dice = _dice(f"user {number}")
        user_id = f"User{number:07}"
        branch = None if dice.random() < 0.01 else dice.choice(self.branches)
        return [user_id, f"{dice.choice(FIRST)} {dice.choice(LAST)}", f"{user_id.lower()}@example.com", "Normal",
                dice.random() > 0.03, dice.random() < 0.02, False, dice.choice(self.roles), branch]  # fmt: skip

    def preference(self, number: int) -> Row:
        dice = _dice(f"preference {number}")
        user_id = f"User{number:07}"
        members = _own_settings(dice, number, f"{user_id.lower()}@example.com")
        return [user_id, *[members.get(name) for name in MEMBERS]]

    def _numbers_with_preferences(self) -> list[int]:
        return sorted(_dice("preferences").sample(range(self.users), round(self.users * self.with_preferences)))

    def _global_settings(self) -> Iterator[Row]:
        yield ["EmailSmtpServer", "smtp.example.com"]
        yield ["EmailSmtpPort", 587]
        yield ["EmailSmtpEnableSsl", True]
        yield ["EmailSmtpUserId", "mail@example.com"]
        yield ["EmailSmtpPassword", "made up for everybody"]

    def _roles(self) -> Iterator[Row]:
        for n in range(ROLES):
            yield [f"Role {n:03}", "Messaging.Email.UpdateFrom", "Deny" if n % 3 else "Allow"]

    def _entities(self) -> Iterator[Row]:
        dice = _dice("entities")
        for n in range(ENTITIES):
            yield [f"E{n:03}", f"Entity {n}", dice.choice(self.centres) if dice.random() < 0.6 else None]

    def _branches(self) -> Iterator[Row]:
        dice = _dice("branches")
        for n, code in enumerate(self.branches):
            centre = dice.choice(self.centres) if dice.random() < 0.8 else None
            yield [code, f"Branch {n}", f"E{dice.randrange(ENTITIES):03}", centre]

    def _cost_centres(self) -> Iterator[Row]:
        dice = _dice("cost centres")
        yield ["GLOBAL", "Global", True]
        for code in self.centres:
            yield [code, f"Cost centre {code}, made up", dice.random() > 0.03]


def _columns(table: str) -> tuple[str, ...]:
    return tuple(column.name for column in TABLES[table].columns)


def _own_settings(dice: Random, number: int, address: str) -> dict[str, Cell]:
    """A sender, an SMTP account, an Exchange application, or the user's own mail program."""
    members: dict[str, Cell] = {"EmailEditInternal": dice.random() < 0.5, "EmailUseMailTo": False}
    members |= {"EmailUseGlobalSettings": True, "EmailExchangeUseGlobalSettings": True}
    if dice.random() < 0.9:
        members |= {"EmailSmtpSenderDisplayName": f"{dice.choice(FIRST)} {dice.choice(LAST)}",
                    "EmailSmtpSenderEmailAddress": address}  # fmt: skip
    kind = dice.choices(("sender", "smtp", "exchange", "mailto"), (60, 25, 10, 5))[0]
    if kind == "smtp":
        members |= {"EmailUseGlobalSettings": False, "EmailSmtpServer": f"smtp{number % 50}.example.net",
                    "EmailSmtpPort": dice.choice((None, 25, 465, 587)),
                    "EmailSmtpEnableSsl": dice.random() < 0.8}  # fmt: skip
        if dice.random() < 0.9:
            members |= {"EmailSmtpUserId": address, "EmailSmtpPassword": f"made up for {number}"}
    elif kind == "exchange":
        members |= {"EmailExchangeUseGlobalSettings": False, "EmailExchangeTenantId": "tenant",
                    "EmailExchangeClientId": "client", "EmailExchangeUserName": address,
                    "EmailExchangeHasRefreshToken": True,
                    "EmailExchangeRefreshToken": f"token of {number}"}  # fmt: skip
    elif kind == "mailto":
        members["EmailUseMailTo"] = True
    return members


OTHER = {
    "users": ("name", "email", "active", "locked_out", "roles", "branch"),
    "user_preferences": ("EmailSmtpSenderDisplayName", "EmailSmtpServer", "EmailSmtpPassword", "EmailSmtpEnableSsl"),
    "branches": ("description", "cost_centre"),
    "cost_centres": ("description",),
}
"""TABLE: the columns in which a row of a table may be another one some weeks later; one of them, where it is set."""


def _later(table: Table, site: _Site) -> Iterator[Row]:
    """The rows some weeks later. Who has left has no preferences either; who has come has none yet."""
    dice, columns = _dice(f"later {table.name}"), [table.header.index(name) for name in OTHER.get(table.name, ())]
    left = _dice("left").sample(range(site.users), round(site.users * REMOVED))
    gone = {f"User{number:07}" for number in left} if table.header[0] == "user_id" else set()
    for row in table.rows:
        if row[0] in gone:
            continue
        if columns and dice.random() < CHANGED:
            column = dice.choice(columns)
            row[column] = _another(table.header[column], row[column], site, dice)
        yield row
    if table.name == "users":
        yield from map(site.user, range(site.users, site.users + round(site.users * ADDED)))


def _another(column: str, value: Cell, site: _Site, dice: Random) -> Cell:
    if isinstance(value, bool):
        return not value
    if column in ("branch", "cost_centre", "roles"):
        return dice.choice({"branch": site.branches, "cost_centre": site.centres, "roles": site.roles}[column])
    return f"{value}2" if isinstance(value, str) else value


def main() -> None:
    """Make the exports of one size and say where they are."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exports", description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--preferences", type=float, default=0.1, help="the share of users with settings of their own")
    parser.add_argument("--xlsx", action="store_true", help="as workbooks; else as folders of CSV files")
    given = parser.parse_args()
    make = workbook if given.xlsx else folder
    for after in (False, True):
        print(make(given.users, given.preferences, after=after))


if __name__ == "__main__":
    main()
