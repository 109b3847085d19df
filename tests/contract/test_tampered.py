"""What was changed behind a store's back is never used: flipped bits, rows put back, altered documents, other keys."""

from __future__ import annotations

import base64
import json
import random
import secrets
import sqlite3
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Boolean

from mailadmin import bootstrap
from mailadmin.bootstrap import App
from mailadmin.domain.canonical import sha256
from mailadmin.domain.governed import GOVERNED, Row
from mailadmin.domain.organisation import Branch, CostCentre, Entity, User
from mailadmin.domain.portals import Contact
from mailadmin.domain.services import Override, Service, ServiceKind
from mailadmin.errors import (
    AlreadyApplied,
    KeyNeeded,
    MailAdminError,
    NotConfirmed,
    PlanExpired,
    Tampered,
    WrongStore,
)
from mailadmin.migration.plan import Plan
from mailadmin.migration.snapshot import Snapshot
from mailadmin.resolution.provenance import Context
from mailadmin.storage import audit_trail, repository
from mailadmin.storage.keys import KEY_VARIABLE, new_key
from mailadmin.storage.packed import packed
from mailadmin.storage.tables import METADATA, ROWS
from mailadmin.usecases import configuring, maintaining, migrating
from tests.campaign import (
    NOW,
    SECRET_AT,
    Counters,
    Places,
    Stage,
    applied,
    canary,
    complete_plan,
    export,
    first_snapshot,
    plan_change,
    stages,
)
from tests.cli import Desk

# Flipped bits.

PAGE = 4096
Content = dict[str, list[tuple[Any, ...]]]


def flip_bits(folder: Path, flips: int, counters: Counters) -> None:
    """Flip single bits in the pages of governed tables: a row that says something else, or is not there, is noticed."""
    dice = random.Random(counters.seed)  # noqa: S311
    file, environment = folder / "mailadmin.db", {KEY_VARIABLE: new_key().text()}
    _fill(file, environment)
    whole, expected = file.read_bytes(), _content(file)
    assert expected is not None
    pages = sorted(_pages(file, whole))
    for number in range(flips):
        page, at, bit = dice.choice(pages), dice.randrange(PAGE), dice.randrange(8)
        where = f"flip {number} of seed {counters.seed}: page {page}, byte {at}, bit {bit}"
        damaged = bytearray(whole)
        damaged[(page - 1) * PAGE + at] ^= 1 << bit
        file.write_bytes(damaged)
        with counters.case():
            kind = _kind(_content(file), expected)
            noticed = _noticed(file, environment)
            counters.count(kind)
            counters.count(f"{kind}, noticed", noticed)
            if kind != "the same":
                counters.equal(noticed, True, where)


def _kind(found: Content | None, expected: Content) -> str:
    if found is None:
        return "unreadable"
    new = any(set(found[table]) - set(expected[table]) for table in expected)
    same_number = all(len(found[table]) == len(expected[table]) for table in expected)
    return "the same" if found == expected else "changed" if new and same_number else "vanished or doubled"


def _fill(file: Path, environment: dict[str, str]) -> None:
    """A store with some hundred rows in seven tables, all sealed."""
    numbers = range(40)
    rows: list[Row] = [CostCentre(code=f"C{n:03}", description=f"Cost Centre {n}") for n in numbers]
    rows += [Entity(code=f"E{n:03}", cost_centre=f"C{n:03}") for n in numbers]
    rows += [Branch(code=f"B{n:03}", entity=f"E{n:03}") for n in numbers]
    rows += [User(user_id=f"U{n:03}", name=f"User {n}", branch=f"B{n:03}", roles=("A", "B")) for n in numbers]
    rows += [Contact(business_partner=f"P{n:03}", name="Chen", email=f"c{n}@p.example") for n in numbers]
    mail = ServiceKind.SMTP
    rows += [Service(cost_centre=f"C{n:03}", service=mail, server=f"s{n}.example", port=587) for n in numbers]
    rows += [Override(cost_centre="C001", service=mail, user_id=f"U{n:03}", sender_name=f"User {n}") for n in numbers]
    app = bootstrap.connect(file, environment=environment, actor="anna")
    try:
        with app.store.writing() as connection:
            app.vault(connection, "have rows sealed")
        applied(app, plan_change(app, rows))
    finally:
        app.close()


def _pages(file: Path, content: bytes) -> Iterator[int]:
    """Every page of the governed tables, their indexes apart (SQLite's file format: b-tree pages)."""
    with closing(sqlite3.connect(file)) as database:
        roots = dict(database.execute("SELECT name, rootpage FROM sqlite_master WHERE type = 'table'"))
    waiting = [roots[table] for table in GOVERNED]
    while waiting:
        page = waiting.pop()
        yield page
        start = (page - 1) * PAGE
        kind, _, cells = struct.unpack_from(">BHH", content, start)
        if kind == 5:
            pointers = struct.unpack_from(f">{cells}H", content, start + 12)
            waiting += [struct.unpack_from(">I", content, start + pointer)[0] for pointer in pointers]
            waiting.append(struct.unpack_from(">I", content, start + 8)[0])


def _content(file: Path) -> Content | None:
    """The governed rows as SQLite reads them, unchecked; None where it cannot. A flag is on or off, whatever number."""
    with closing(sqlite3.connect(file)) as database:
        database.text_factory = bytes
        try:
            return {table: sorted(_rows(database, table), key=repr) for table in GOVERNED}
        except sqlite3.Error:
            return None


def _rows(database: sqlite3.Connection, table: str) -> Iterator[tuple[Any, ...]]:
    flags = [isinstance(column.type, Boolean) for column in ROWS[table].columns]
    names = ", ".join(column.name for column in ROWS[table].columns)
    for row in database.execute(f"SELECT {names} FROM {table}"):
        yield tuple(
            bool(value) if flag and value is not None else value for flag, value in zip(flags, row, strict=True)
        )


def _noticed(file: Path, environment: dict[str, str]) -> bool:
    """Whether the governed rows, read with the store's key, are refused."""
    try:
        app = bootstrap.connect(file, environment=environment, actor="anna")
    except MailAdminError:
        return True
    try:
        with app.store.reading() as connection:
            repository.rows(connection, app.sealer(connection))
    except MailAdminError:
        return True
    except TypeError:  # a text that became a blob, a number that became a float: see test_a_value_of_another_type
        return True
    finally:
        app.close()
    return False


def test_a_flipped_bit_that_changes_a_row_is_noticed(tmp_path: Path) -> None:
    counters = Counters("C bit flips", seed=1)
    flip_bits(tmp_path, 400, counters)
    found = counters.found
    assert found["changed, noticed"] == found["changed"] > 100
    assert counters.cases_run == 400


# Rows changed by other programs.


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def staged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stage]:
    server = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    return stages(Places(tmp_path_factory.mktemp("tampered"), server))


@contextmanager
def after(stage: Stage, *statements: str) -> Iterator[App]:
    """The store after somebody put these statements to the database."""
    with stage.places.copied(stage.url) as url:
        for statement in statements:
            stage.places.ask(url, statement)
        with stage.opened(url) as app:
            yield app


class Asked:
    """What a person asks of a store."""

    @staticmethod
    def rows(app: App) -> object:
        with app.store.reading() as connection:
            return repository.rows(connection, app.sealer(connection))

    @staticmethod
    def effective(app: App) -> object:
        return configuring.effective(app)

    @staticmethod
    def explain(app: App) -> object:
        return configuring.explain(app, Context(user="Anna"))

    @staticmethod
    def rollback(app: App) -> object:
        return migrating.plan_rollback(app)


ALTERED = {
    "services": "UPDATE services SET server = 'evil.example'",
    "overrides": "UPDATE overrides SET server = 'evil.example' WHERE user_id_key = 'anna'",
    "users": "UPDATE users SET active = NOT active WHERE user_id_key = 'anna'",
}
EVERYWHERE = ("rows", "effective", "explain", "rollback")


@pytest.mark.parametrize("table", ALTERED)
@pytest.mark.parametrize("asked", EVERYWHERE)
def test_a_row_changed_by_another_program_is_never_used(staged: dict[str, Stage], table: str, asked: str) -> None:
    with after(staged["apply"], ALTERED[table]) as app, pytest.raises(Tampered, match=f"{table} "):
        getattr(Asked, asked)(app)


@pytest.mark.parametrize("change", ["name = CAST(name AS BLOB)", "name = 1.5"])
def test_a_value_of_another_type_is_a_changed_row(tmp_path: Path, change: str) -> None:
    """One flipped bit makes a blob of a text in SQLite, where a column holds anything."""
    stage = stages(Places(tmp_path))["apply"]
    columns = {"name = 1.5": ("portals", "smtp_port = 1.5")}
    table, what = columns.get(change, ("users", change))
    with after(stage, f"UPDATE {table} SET {what}") as app, pytest.raises(Tampered):
        Asked.rows(app)


# Rows that are gone, or back: every row left has a seal that fits.


def written(stage: Stage, value: object) -> str:
    """A value as a statement says it."""
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'" if stage.places.server else f"x'{value.hex()}'"
    text = str(value).replace("'", "''")
    return "NULL" if value is None else f"'{text}'"


def put_back(old: Stage, table: str, where: str = "") -> list[str]:
    """Statements that write the rows of an older state of the store, each as it was, seal and all."""
    columns = [column.name for column in METADATA.tables[table].columns]
    names = ", ".join(f'"{name}"' for name in columns)
    rows = old.places.ask(old.url, f"SELECT {names} FROM {table} {where}")
    assert rows
    values = [", ".join(written(old, value) for value in row) for row in rows]
    return [f"INSERT INTO {table} ({names}) VALUES ({row})" for row in values]


def replaced(old: Stage, table: str, where: str = "") -> list[str]:
    """Statements that replace rows by those of an older state of the store."""
    return [f"DELETE FROM {table} {where}", *put_back(old, table, where)]


def doubled(stage: Stage, table: str) -> list[str]:
    """Statements after which every row of a table stands in it twice."""
    if stage.places.server:
        return [f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey", f"INSERT INTO {table} SELECT * FROM {table}"]
    return [
        f"CREATE TABLE doubled AS SELECT * FROM {table} UNION ALL SELECT * FROM {table}",
        f"DROP TABLE {table}",
        f"ALTER TABLE doubled RENAME TO {table}",
    ]


Statements = Callable[[Stage, Stage], list[str]]
ANNA, BJORN = "WHERE user_id_key = 'anna'", "WHERE user_id_key = 'björn'"
GONE: dict[str, tuple[str, Statements]] = {
    "a row deleted": ("overrides", lambda *_: [f"DELETE FROM overrides {ANNA}"]),
    "a user deleted": ("users", lambda *_: [f"DELETE FROM overrides {ANNA}", f"DELETE FROM users {ANNA}"]),
    "all rows deleted": ("services", lambda *_: ["DELETE FROM services"]),
    "a row as it once was": ("services", lambda old, _: replaced(old, "services")),
    "a row that was deleted, back": ("overrides", lambda old, _: put_back(old, "overrides", BJORN)),
    "a row that was deleted, back in no bucket": ("overrides", lambda old, _: [
        *put_back(old, "overrides", BJORN),
        f"UPDATE overrides SET bucket = NULL {BJORN}",
    ]),
    "a row moved to another bucket": ("users", lambda *_: [f"UPDATE users SET bucket = (bucket + 1) % 4096 {ANNA}"]),
    "a row moved to no bucket": ("overrides", lambda *_: [f"UPDATE overrides SET bucket = NULL {ANNA}"]),
    "a row moved to another's bucket": ("users", lambda *_: [
        f"UPDATE users SET bucket = (SELECT u.bucket FROM users u WHERE u.user_id_key = 'zoë') {ANNA}"
    ]),
    "every row twice": ("services", lambda _, now: doubled(now, "services")),
}  # fmt: skip
"""TABLE: which table something was done to, and what, given the state before the last run and the present one."""


@pytest.mark.parametrize("what", GONE)
def test_a_row_that_is_gone_or_back_is_noticed(staged: dict[str, Stage], what: str) -> None:
    """By whoever reads the table, and by the doctor, who says which it is."""
    table, statements = GONE[what]
    with after(staged["rollback"], *statements(staged["apply"], staged["rollback"])) as app:
        with pytest.raises(Tampered, match=f"row of {table} |row {table} .* twice"):
            Asked.rows(app)
        found = [check.found for check in maintaining.doctor(app) if check.state == maintaining.PROBLEM]
        assert [told for told in found if told.startswith(f"a row of {table} is missing")]


@pytest.mark.parametrize("asked", ["effective", "explain"])
@pytest.mark.parametrize("what", [what for what in GONE if "back" not in what])
def test_a_row_of_a_user_that_is_gone_or_back_is_noticed(staged: dict[str, Stage], what: str, asked: str) -> None:
    """Whoever asks about one user reads a bucket, not the table."""
    _, statements = GONE[what]
    altered = statements(staged["apply"], staged["rollback"])
    with after(staged["rollback"], *altered) as app, pytest.raises(Tampered):
        getattr(Asked, asked)(app)


def test_a_bucket_that_nobody_asks_for_stops_nobody(staged: dict[str, Stage]) -> None:
    """What is noticed of a user's rows is what belongs to the answer; everything is looked at by the doctor."""
    back = put_back(staged["apply"], "overrides", BJORN)
    with after(staged["rollback"], *back) as app:
        assert configuring.explain(app, Context(user="Anna")).context.user == "Anna"
        with pytest.raises(Tampered):
            configuring.explain(app, Context(user="Björn"))


UNSEALED = ["DELETE FROM contents", "UPDATE store SET mac = NULL, contents_from = NULL"]
PARTS: dict[str, Statements] = {
    "contents deleted": lambda *_: ["DELETE FROM contents WHERE table_name = 'contacts'"],
    "all contents deleted": lambda *_: ["DELETE FROM contents"],
    "a table with its contents": lambda old, _: [
        *replaced(old, "services"),
        *replaced(old, "contents", "WHERE table_name = 'services'"),
    ],
    "a table with all contents and their seal": lambda old, _: [
        *replaced(old, "services"),
        *replaced(old, "contents"),
        *seal_of(old),
    ],
    "a table with all contents, their seal and the serial": lambda old, _: [
        *replaced(old, "services"),
        *replaced(old, "contents"),
        *seal_of(old, "serial"),
    ],
    "the seal taken away": lambda *_: ["UPDATE store SET mac = NULL"],
    "contents and seal taken away": lambda *_: [*UNSEALED, "DELETE FROM services"],
    "contents said to be sealed later": lambda *_: ["UPDATE store SET contents_from = contents_from + 1"],
    "the serial": lambda *_: ["UPDATE store SET serial = serial - 1"],
    "the last run": lambda *_: ["DELETE FROM runs WHERE run = 2"],
    "every seal, and whatever speaks of one": lambda *_: [
        *[f"UPDATE {table} SET mac = NULL" for table in ("store", *GOVERNED)],
        "DELETE FROM contents",
        "UPDATE store SET key_id = NULL, sealer = NULL, sealer_nonce = NULL, sealed_from = NULL, contents_from = NULL",
    ],
}
"""TABLE: parts of a store that were put back or taken away, given the state before the last run and the present one."""


def seal_of(old: Stage, *more: str) -> list[str]:
    """A statement that puts back what seals the contents."""
    columns = ("mac", *more)
    [values] = old.places.ask(old.url, f"SELECT {', '.join(columns)} FROM store")
    return [f"UPDATE store SET {name} = {written(old, value)}" for name, value in zip(columns, values, strict=True)]


@pytest.mark.parametrize("asked", ["rows", "explain"])
@pytest.mark.parametrize("what", PARTS)
def test_a_part_of_a_store_that_was_put_back_is_noticed(staged: dict[str, Stage], what: str, asked: str) -> None:
    altered = PARTS[what](staged["apply"], staged["rollback"])
    with after(staged["rollback"], *altered) as app, pytest.raises(Tampered):
        getattr(Asked, asked)(app)


def test_seals_given_to_a_store_that_was_not_changed_since_cannot_be_taken_away(tmp_path: Path) -> None:
    """Its audit trail has no sealed entry that would say so: the sealer does."""
    file, key = tmp_path / "mailadmin.db", {KEY_VARIABLE: new_key().text()}
    with closing(bootstrap.connect(file, environment={}, clock=lambda: NOW, actor="anna")) as app:
        applied(app, plan_change(app, [User(user_id="Anna", name="Anna")]))
    with closing(bootstrap.connect(file, environment=key, clock=lambda: NOW, actor="anna")) as app:
        with app.store.writing() as connection:
            app.vault(connection, "have rows sealed")
        Asked.rows(app)
        for statement in (*UNSEALED, "DELETE FROM users"):
            Places(tmp_path).ask(app.store.url, statement)
        with pytest.raises(Tampered, match="sealer"):
            Asked.rows(app)


@pytest.mark.parametrize("what", [*GONE, *PARTS])
def test_nothing_is_written_to_a_store_that_does_not_hold_what_it_should(staged: dict[str, Stage], what: str) -> None:
    """Or the next plan would seal it as it is."""
    stage = staged["rollback"]
    statements = {**{name: found for name, (_, found) in GONE.items()}, **PARTS}[what]
    with after(stage, *statements(staged["apply"], stage)) as app:
        before = stage.places.picture(app.store.url)
        with pytest.raises(MailAdminError):
            stage.work(app)
        assert stage.places.picture(app.store.url) == before


@pytest.mark.parametrize("what", ["services", "overrides"])
def test_a_row_that_stands_twice_is_noticed_without_a_key(staged: dict[str, Stage], what: str) -> None:
    with (
        after(staged["apply"], *doubled(staged["apply"], what)) as app,
        pytest.raises(Tampered, match=f"{what} .* twice"),
        app.store.reading() as connection,
    ):
        repository.rows(connection, None)


def test_a_change_that_finds_no_row_is_refused(tmp_path: Path) -> None:
    """A flipped bit in an index: the row is there, and is not found by its key."""
    stage = stages(Places(tmp_path))["apply"]
    file = Path(stage.url.removeprefix("sqlite:///"))
    [(root,)] = stage.places.ask(
        stage.url, "SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_autoindex_services_1'"
    )
    damaged = bytearray(file.read_bytes())
    damaged[damaged.index(b"globalsmtp", (root - 1) * PAGE, root * PAGE)] ^= 1
    file.write_bytes(damaged)
    with stage.opened(stage.url) as app, pytest.raises(MailAdminError):
        stage.work(app)


WITHOUT_SEALS = {
    "the sealer": "UPDATE store SET sealer = NULL, sealer_nonce = NULL",
    "the key's name": "UPDATE store SET key_id = 'ffffffff'",
    "both": "UPDATE store SET sealer = NULL, sealer_nonce = NULL, key_id = NULL",
}


@pytest.mark.parametrize("taken", WITHOUT_SEALS)
def test_seals_cannot_be_switched_off_without_the_key(staged: dict[str, Stage], taken: str) -> None:
    """The key is here, and the rows carry seals."""
    with after(staged["apply"], ALTERED["services"], WITHOUT_SEALS[taken]) as app, pytest.raises(MailAdminError):
        Asked.rows(app)


# Altered documents: ST-23, ST-25, ST-26.

Document = dict[str, Any]


def hashed(document: Document) -> Document:
    """A plan with the hash its content has, as whoever altered it would write it; the seal cannot be made anew."""
    return {**document, "plan_hash": sha256({n: v for n, v in document.items() if n not in {"plan_hash", "seal"}})}


def with_evil_server(plan: Document) -> Document:
    operations = json.loads(json.dumps(plan["operations"]).replace("smtp.example", "evil.example"))
    return {**plan, "operations": operations}


def with_an_operation_more(plan: Document) -> Document:
    return {**plan, "operations": [*plan["operations"], plan["operations"][0]]}


PLANS: dict[str, Callable[[Document], Document]] = {
    "a value": with_evil_server,
    "a value, and the hash": lambda plan: hashed(with_evil_server(plan)),
    "an operation": with_an_operation_more,
    "an operation, and the hash": lambda plan: hashed(with_an_operation_more(plan)),
    "its day, and the hash": lambda plan: hashed({**plan, "created_at": "2027-01-01T00:00:00+00:00"}),
}


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stage]:
    """Documents do not depend on the engine: SQLite will do."""
    return stages(Places(tmp_path_factory.mktemp("tampered")))


def load_altered_plan(app: App, what: str, file: Path) -> None:
    file.write_text(json.dumps(PLANS[what](json.loads(complete_plan(app).text()))))
    migrating.load_plan(app, file)


@pytest.mark.parametrize("what", PLANS)
def test_an_altered_plan_is_refused(keyed: dict[str, Stage], tmp_path: Path, what: str) -> None:
    with after(keyed["apply"]) as app, pytest.raises(Tampered, match=r"plan\.json"):
        load_altered_plan(app, what, tmp_path / "plan.json")


def test_a_plan_of_another_store_is_refused(keyed: dict[str, Stage], tmp_path: Path) -> None:
    other = stages(Places(tmp_path))["apply"]
    with after(other) as app:
        plan = complete_plan(app)
    with after(keyed["apply"]) as app:
        with pytest.raises(WrongStore):
            applied(app, plan)
        with pytest.raises(Tampered, match="the seal does not fit"):
            Plan.read([plan.text()], "plan.json", app.seal())


def test_a_plan_is_applied_once_in_time_and_confirmed(keyed: dict[str, Stage]) -> None:
    with after(keyed["apply"]) as app:
        plan = complete_plan(app)
        wrong = "0" * 8 if plan.confirmation != "0" * 8 else "1" * 8
        with pytest.raises(NotConfirmed):
            migrating.apply(app, plan, wrong)
        late = bootstrap.App(app.store, app.places, lambda: NOW + timedelta(hours=24, seconds=1), app.actor)
        with pytest.raises(PlanExpired):
            applied(late, plan)
        applied(app, plan)
        with pytest.raises(AlreadyApplied, match="run 2"):
            applied(app, plan)


def refingerprinted(snapshot: Document) -> Document:
    return {**snapshot, "fingerprint": sha256(snapshot["tables"])}


def with_users(snapshot: Document, users: Callable[[list[Any]], list[Any]]) -> Document:
    return {**snapshot, "tables": {**snapshot["tables"], "users": users(list(snapshot["tables"]["users"]))}}


SNAPSHOTS: dict[str, Callable[[Document], Document]] = {
    "a value": lambda noted: json.loads(json.dumps(noted).replace("smtp.example", "evil.example")),
    "a row less": lambda noted: with_users(noted, lambda users: users[1:]),
    "another order": lambda noted: with_users(noted, lambda users: users[::-1]),
    "a value, and the fingerprint": lambda noted: refingerprinted(with_users(noted, lambda users: users[1:])),
    "a secret's fingerprint": lambda noted: {
        **noted,
        "secret_fingerprints": dict.fromkeys(noted["secret_fingerprints"], "hmac:0123456789abcdef"),
    },
    "who took it": lambda noted: {**noted, "taken_by": "eve"},
}


def load_altered_snapshot(app: App, what: str, file: Path) -> None:
    file.write_text(json.dumps(SNAPSHOTS[what](json.loads(first_snapshot(app).text()))))
    migrating.load_snapshot(app, file)


@pytest.mark.parametrize("what", SNAPSHOTS)
def test_an_altered_snapshot_is_refused(keyed: dict[str, Stage], tmp_path: Path, what: str) -> None:
    with after(keyed["apply"]) as app, pytest.raises(Tampered, match=r"before\.json"):
        load_altered_snapshot(app, what, tmp_path / "before.json")


def test_a_snapshot_cut_short_or_of_another_client_is_refused(keyed: dict[str, Stage], tmp_path: Path) -> None:
    with after(stages(Places(tmp_path))["apply"]) as app:
        others = first_snapshot(app)
    with after(keyed["apply"]) as app:
        with pytest.raises(Tampered, match="the seal does not fit"):
            Snapshot.read([others.text()], "before.json", app.seal())
        file = tmp_path / "before.json"
        file.write_text(others.text()[:-100])
        with pytest.raises(MailAdminError, match=r"before\.json"):
            migrating.load_snapshot(app, file)


@pytest.mark.parametrize("kind", ["plan", "snapshot"])
def test_a_document_whose_seal_was_taken_off_is_refused(keyed: dict[str, Stage], tmp_path: Path, kind: str) -> None:
    file = tmp_path / "document.json"
    with after(keyed["apply"]) as app:
        if kind == "plan":
            file.write_text(
                json.dumps(hashed({**with_evil_server(json.loads(complete_plan(app).text())), "seal": None}))
            )
            load: Callable[[App, Path], object] = migrating.load_plan
        else:
            noted = json.loads(first_snapshot(app).text())
            file.write_text(json.dumps({**SNAPSHOTS["a value, and the fingerprint"](noted), "seal": None}))
            load = migrating.load_snapshot
        with pytest.raises(Tampered):
            load(app, file)


def test_a_run_altered_in_the_store_is_not_taken_back(keyed: dict[str, Stage]) -> None:
    """Or it would write what never was, and seal it."""
    stage = keyed["rollback"]
    [(plan,)] = stage.places.ask(stage.url, "SELECT packed FROM runs WHERE run = 2")
    altered = hashed(with_evil_server(json.loads(zlib.decompress(plan))))
    for operation in altered["operations"]:
        if operation["table"] == "services":
            operation["after"]["server"] = "smtp.example"
    plan = packed([json.dumps(hashed(altered)).encode()])
    with after(stage, f"UPDATE runs SET packed = X'{plan.hex()}' WHERE run = 2") as app, pytest.raises(Tampered):
        migrating.plan_rollback(app)


@pytest.mark.parametrize("damaged", ["X''", "X'00'", "'text'", "substr(packed, 1, length(packed) / 2)", "7"])
def test_a_run_that_cannot_be_unpacked_is_not_taken_back(keyed: dict[str, Stage], damaged: str) -> None:
    with after(keyed["rollback"], f"UPDATE runs SET packed = {damaged}") as app, pytest.raises(Tampered, match="run 2"):
        migrating.plan_rollback(app)


LAST = "(SELECT max(seq) FROM audit_trail)"
TRAILS = {
    "an entry less": ("DELETE FROM audit_trail WHERE seq = 5", 5),
    "an entry less, the others renumbered": (
        "DELETE FROM audit_trail WHERE seq = 5; UPDATE audit_trail SET seq = -seq WHERE seq > 5;"
        "UPDATE audit_trail SET seq = -seq - 1 WHERE seq < 0",
        5,
    ),
    "another actor": ("UPDATE audit_trail SET actor = 'eve' WHERE seq = 5", 5),
    "another time": ("UPDATE audit_trail SET at = '2020-01-01T00:00:00+00:00' WHERE seq = 5", 5),
    "two swapped": (
        "UPDATE audit_trail SET seq = -5 WHERE seq = 5; UPDATE audit_trail SET seq = 5 WHERE seq = 6;"
        "UPDATE audit_trail SET seq = 6 WHERE seq = -5",
        5,
    ),
    "an entry more": (
        f"INSERT INTO audit_trail SELECT seq + 1, at, actor, action, object, before, after, plan_hash, mac"
        f" FROM audit_trail WHERE seq = {LAST}",
        13,
    ),
    "the last two cut off": (f"DELETE FROM audit_trail WHERE seq > {LAST} - 2", 10),
}
"""TABLE: what was done to a trail of 12 entries, and the entry that is to be named."""


@pytest.mark.parametrize("what", TRAILS)
def test_an_altered_audit_trail_is_refused_saying_where(staged: dict[str, Stage], what: str) -> None:
    statements, where = TRAILS[what]
    with after(staged["apply"], *statements.split(";")) as app, pytest.raises(Tampered, match=rf"entry {where}\b"):
        maintaining.verify_trail(app)


def test_a_trail_forged_without_the_key_is_refused(keyed: dict[str, Stage]) -> None:
    """Whoever moves `sealed_from` may write a chain of bare hashes."""
    stage = keyed["apply"]
    with after(stage, "UPDATE store SET sealed_from = 1000") as app:
        mac, statements = "", []
        columns = ("seq", "at", "actor", "action", "object", "before", "after", "plan_hash")
        names = ", ".join(f'"{name}"' for name in columns)
        for row in stage.places.ask(app.store.url, f"SELECT {names} FROM audit_trail ORDER BY seq"):
            mac = sha256([mac, {**dict(zip(columns, row, strict=True)), "actor": "eve"}])
            statements.append(f"UPDATE audit_trail SET actor = 'eve', mac = '{mac}' WHERE seq = {row[0]}")
        for statement in statements:
            stage.places.ask(app.store.url, statement)
        with app.store.reading() as connection, pytest.raises(Tampered):
            audit_trail.verify(connection, app.seal())


def tamper(ready: dict[str, Stage], counters: Counters) -> None:
    """Every case of altered plans, snapshots, audit trails and rows, counted."""
    old, now = ready["apply"], ready["rollback"]
    file = old.places.folder / "altered.json"
    documents = [partial(load_altered_plan, what=what, file=file) for what in PLANS]
    documents += [partial(load_altered_snapshot, what=what, file=file) for what in SNAPSHOTS]
    cases: list[tuple[Stage, list[str], Callable[[App], object]]] = [(old, [], load) for load in documents]
    cases += [(old, statements.split(";"), maintaining.verify_trail) for statements, _ in TRAILS.values()]
    parts = [*(statements for _, statements in GONE.values()), *PARTS.values()]
    cases += [(now, statements(old, now), Asked.rows) for statements in parts]
    for number, (stage, statements, ask) in enumerate(cases):
        with counters.case(), after(stage, *statements) as app:
            counters.equal(refused(ask, app), True, f"{stage.places.engine}, case {number}")
            counters.count("refused")


def refused(ask: Callable[[App], object], app: App) -> bool:
    """Whether it is refused as tampered with."""
    try:
        ask(app)
    except Tampered:
        return True
    return False


# Secrets and keys: ST-28, ST-29.


def test_a_ciphertext_is_read_at_its_own_place_only(staged: dict[str, Stage]) -> None:
    stage = staged["apply"]
    other = SECRET_AT.replace("anna", "björn")
    swapped = [
        f"UPDATE secrets SET location = 'x' WHERE location = '{SECRET_AT}'",
        f"UPDATE secrets SET location = '{SECRET_AT}' WHERE location = '{other}'",
        f"UPDATE secrets SET location = '{other}' WHERE location = 'x'",
    ]
    with after(stage, *swapped) as app, app.store.writing() as connection:
        vault = app.vault(connection, "look")
        assert vault.unreadable() == [SECRET_AT, other]
        [(fingerprint,)] = stage.places.ask(
            stage.url, f"SELECT fingerprint FROM secrets WHERE location = '{SECRET_AT}'"
        )
        with pytest.raises(KeyNeeded):
            vault.reveal(fingerprint, SECRET_AT)


@pytest.mark.parametrize("column", ["ciphertext", "nonce", "fingerprint", "key_id", "location"])
def test_a_secret_of_which_anything_was_changed_is_not_read(keyed: dict[str, Stage], column: str) -> None:
    stage = keyed["apply"]
    changed = {"ciphertext": "zeroblob(length(ciphertext))", "nonce": "zeroblob(12)"}.get(column, f"{column} || '0'")
    where = f"WHERE location = '{SECRET_AT}'"
    with after(stage, f"UPDATE secrets SET {column} = {changed} {where}") as app, app.store.writing() as connection:
        assert len(app.vault(connection, "look").unreadable()) == 1


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Desk, str]:
    """A migrated site whose key is in the environment, and that key."""
    key = new_key().text()
    monkeypatch.setenv(KEY_VARIABLE, key)
    desk = Desk(tmp_path)
    desk("snapshot", "take", export(desk.file("export.json"), canary()), "--out", desk.file("before.json"))
    desk("plan", desk.file("before.json"), "--out", desk.file("plan.json"))
    digits = json.loads(desk.file("plan.json").read_text())["plan_hash"][:8]
    desk("apply", desk.file("plan.json"), "--confirm", digits)
    return desk, key


def kept_secrets(desk: Desk) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(desk.store)) as database:
        return database.execute("SELECT * FROM secrets ORDER BY location").fetchall()


@pytest.mark.parametrize("other", [None, new_key().text()], ids=["key lost", "wrong key"])
def test_without_the_key_everything_but_secrets_works(
    desk: tuple[Desk, str], monkeypatch: pytest.MonkeyPatch, other: str | None
) -> None:
    at, key = desk
    before = kept_secrets(at)
    monkeypatch.delenv(KEY_VARIABLE) if other is None else monkeypatch.setenv(KEY_VARIABLE, other)
    for words in (
        ("effective",),
        ("explain", "Anna"),
        ("export", "--out", at.file("site.toml")),
        ("history",),
        ("verify-migration",),
        ("legacy-effective", at.file("before.json")),
        ("snapshot", "list"),
        ("plan", at.file("before.json"), "--out", at.file("again.json")),
        ("rollback", "--out", at.file("back.json")),
    ):
        at(*words)
    assert "no key" in at("key", "show").out
    told = at("doctor", "--check", "--format", "csv", code=1).rows()
    state = {row["check"]: row["state"] for row in told}
    assert (state["key"], state["rows"]) == ("problem", "notice")
    at("secret", "set", "GLOBAL", "SMTP", "password", typed="secret\nsecret\n", code=3)
    at("snapshot", "take", at.file("export.json"), code=3)
    assert kept_secrets(at) == before
    monkeypatch.setenv(KEY_VARIABLE, key)
    at("verify-migration")


def test_what_is_changed_while_the_key_is_away_is_still_good_when_it_is_back(
    desk: tuple[Desk, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Either it is refused there and then, or it is used later on."""
    at, key = desk
    monkeypatch.delenv(KEY_VARIABLE)
    at("rollback", "--out", at.file("back.json"))
    digits = json.loads(at.file("back.json").read_text())["plan_hash"][:8]
    try:
        at("apply", at.file("back.json"), "--confirm", digits)
    except AssertionError as refused:
        assert "ended with 3" in str(refused)  # noqa: PT017
    monkeypatch.setenv(KEY_VARIABLE, key)
    at("effective")
    at("audit", "trail", "verify")


def test_without_the_key_seals_are_not_checked_and_the_doctor_says_so(
    desk: tuple[Desk, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at, _ = desk
    with closing(sqlite3.connect(at.store, isolation_level=None)) as database:
        database.execute(ALTERED["services"])
    at("export", code=3)
    monkeypatch.delenv(KEY_VARIABLE)
    assert "evil.example" in at("export").out
    assert "not checked" in at("doctor", "--format", "csv").out


def shortened(key: str) -> str:
    return base64.urlsafe_b64encode(base64.urlsafe_b64decode(key)[:31]).decode()


@pytest.mark.parametrize(
    ("kept", "code"),
    [
        (lambda key: f"{key}\n", 0),
        (lambda key: f"{new_key().text()} {key}", 0),
        (lambda key: f"{key} {new_key().text()}", 0),
        (shortened, 2),
        (lambda _: secrets.token_hex(40), 2),
    ],
    ids=["line break", "new and old", "old and new", "31 bytes", "not a key"],
)
def test_a_key_is_taken_or_refused(
    desk: tuple[Desk, str], monkeypatch: pytest.MonkeyPatch, kept: Callable[[str], str], code: int
) -> None:
    """ST-29; two keys are both tried."""
    at, key = desk
    monkeypatch.setenv(KEY_VARIABLE, kept(key))
    at("secret", "set", "GLOBAL", "SMTP", "password", typed="secret\nsecret\n", code=code)
    said = at("doctor", "--format", "csv", code=code)
    assert kept(key).strip() not in said.out + said.error


def test_a_key_file_others_can_read_is_refused(desk: tuple[Desk, str], monkeypatch: pytest.MonkeyPatch) -> None:
    at, key = desk
    monkeypatch.delenv(KEY_VARIABLE)
    file = at.store.with_suffix(".key")
    file.write_text(key)
    file.chmod(0o644)
    assert f"chmod 600 {file}" in at("key", "show", code=3).error
    file.chmod(0o600)
    assert at("key", "show").out.startswith("key ")
