"""What a store is taken for when it is opened: ours, an older or newer one, or none (ST-13, ST-16, ST-46, ST-52)."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text

from mailadmin import bootstrap
from mailadmin.bootstrap import App
from mailadmin.domain.canonical import canonical
from mailadmin.domain.governed import Row, record_of, table_of
from mailadmin.domain.organisation import CostCentre, User
from mailadmin.domain.services import Override, Service, ServiceKind
from mailadmin.errors import BadInput, MailAdminError, NotAStore, StoreBusy, StoreFailed, StoreTooNew, Tampered
from mailadmin.migration.operations import Operation, Operations
from mailadmin.storage import unit_of_work
from mailadmin.storage.keys import KEY_VARIABLE, StoreKey, new_key, new_sealer
from mailadmin.storage.sealing import row_seals
from mailadmin.storage.unit_of_work import APPLICATION_ID, PRAGMAS, SCHEMA_VERSION, Store
from mailadmin.usecases import configuring, maintaining
from tests.campaign import Places, applied, file_of, plan_change
from tests.engines import Cluster

AT = "2026-11-22T00:00:00+00:00"


@pytest.fixture(params=["sqlite", "postgresql"])
def at(request: pytest.FixtureRequest, tmp_path: Path) -> Places:
    server = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    return Places(tmp_path, server)


@contextmanager
def opened(url: str, **environment: str) -> Iterator[App]:
    app = bootstrap.connect(url, environment=environment, actor="anna")
    try:
        yield app
    finally:
        app.close()


def new_store(at: Places) -> str:
    url = at.fresh()
    Store(url, created_at=AT).close()
    return url


# Which schema it has: ST-16.


def store_of(at: Places, schema: int, key: StoreKey) -> str:
    """A store as this schema's mailadmin left it: GLOBAL and a user; sealed since schema 2, in buckets since 3."""
    url = at.fresh()
    engine = create_engine(url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(unit_of_work.__file__).parent / "schema"))
        config.attributes["connection"] = connection
        command.upgrade(config, f"{schema:04}")
        if at.engine == "sqlite":
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.exec_driver_sql(f"PRAGMA user_version = {schema}")
        for statement in (
            "INSERT INTO store (id, lineage, serial, schema_version, created_at)"
            f" VALUES (1, 'line', 0, {schema}, '{AT}')",
            "INSERT INTO cost_centres (code_key, code, description, active, version)"
            " VALUES ('global', 'GLOBAL', '', true, 0)",
            "INSERT INTO users (user_id_key, user_id, name, level, active, external, locked_out, roles, version)"
            " VALUES ('anna', 'Anna', 'Anna', 'Normal', true, false, false, '[]', 0)",
        ):
            connection.exec_driver_sql(statement)
        if schema > 1:
            _seal(connection, key)
        if schema > 2:
            bucket = int.from_bytes(hashlib.sha256(b"anna").digest()[:2], "big") % 4096
            connection.exec_driver_sql(f"UPDATE users SET bucket = {bucket}")
    engine.dispose()
    return url


def _seal(connection: Connection, key: StoreKey) -> None:
    sealer = new_sealer()
    nonce, encrypted = key.encrypt(sealer.text(), canonical(["line", "sealer", 1]))
    named = {"key": key.id, "nonce": nonce, "sealer": encrypted}
    connection.execute(
        text("UPDATE store SET key_id = :key, sealer_nonce = :nonce, sealer = :sealer, sealed_from = 1"), named
    )
    for table in ("cost_centres", "users"):
        [row] = connection.execute(text(f"SELECT * FROM {table}")).mappings()
        connection.execute(text(f"UPDATE {table} SET mac = :mac"), {"mac": row_seals(sealer, table, [dict(row)])[0]})


def backup_of(at: Places, url: str, schema: int) -> tuple[object, ...]:
    """Schema, lineage and user in the copy that was made before the upgrade."""
    if at.server:
        of = f"mailadmin_schema{schema}."
        [found] = at.ask(url, f"SELECT schema_version, lineage, user_id FROM {of}store, {of}users")
        return found
    [found] = at.ask(f"{url}.schema{schema}", "SELECT schema_version, lineage, user_id FROM store, users")
    return found


@pytest.mark.parametrize("schema", range(1, SCHEMA_VERSION))
def test_every_older_store_is_copied_upgraded_and_used(at: Places, schema: int) -> None:
    key = new_key()
    url = store_of(at, schema, key)
    with opened(url, **{KEY_VARIABLE: key.text()}) as app:
        assert backup_of(at, url, schema) == (schema, "line", "Anna")
        assert at.ask(url, "SELECT schema_version, lineage FROM store") == [(SCHEMA_VERSION, "line")]
        with app.store.writing() as connection:
            app.vault(connection, "have rows sealed")
        applied(app, plan_change(app, [User(user_id="Björn", name="Björn")]))
        assert {check.state for check in maintaining.doctor(app)} == {"ok"}
        at.ask(url, "UPDATE users SET name = 'Eve' WHERE user_id = 'Anna'")
        with pytest.raises(Tampered, match="users anna"):
            configuring.effective(app)
    if at.engine == "sqlite":
        assert at.ask(url, "PRAGMA user_version") == [(SCHEMA_VERSION,)]


MORE = "INSERT INTO store (id, lineage, serial, schema_version, created_at) VALUES (2, 'line', 0, 1, '')"
NOT_OURS: dict[str, tuple[str, type[MailAdminError]]] = {
    "newer": ("UPDATE store SET schema_version = 99", StoreTooNew),
    "no row of its own": ("DELETE FROM store", NotAStore),
    "two rows of its own": (MORE, NotAStore),
    "no table of its own": ("DROP TABLE store", NotAStore),
    "no schema version": ("ALTER TABLE store DROP COLUMN schema_version", StoreFailed),
    "an upgrade that cannot be": ("UPDATE store SET schema_version = 1; DELETE FROM alembic_version", StoreFailed),
}
"""TABLE: what was done to a store, and what it is then taken for."""


def content(at: Places, url: str) -> object:
    """All there is: the bytes of a file, the rows of every table of a database."""
    if not at.server:
        return file_of(url).read_bytes()
    tables = sorted(at.ask(url, "SELECT schemaname, tablename FROM pg_tables WHERE schemaname !~ '^(pg_|information)'"))
    return {table: sorted(at.ask(url, f'SELECT * FROM "{schema}"."{table}"'), key=repr) for schema, table in tables}


@pytest.mark.parametrize("what", NOT_OURS)
def test_what_is_not_a_store_of_ours_is_neither_read_nor_written(at: Places, what: str) -> None:
    statements, expected = NOT_OURS[what]
    is_refused(at, statements, expected)


def is_refused(at: Places, statements: str, expected: type[MailAdminError]) -> None:
    url = new_store(at)
    for statement in statements.split(";"):
        at.ask(url, statement)
    before = content(at, url)
    with pytest.raises(expected) as refused:
        Store(url, created_at=AT)
    assert type(refused.value) is expected
    assert content(at, url) == before


@pytest.mark.parametrize("number", [0, 5, APPLICATION_ID + 1])
def test_a_file_of_another_application_is_refused(tmp_path: Path, number: int) -> None:
    is_refused(Places(tmp_path), f"PRAGMA application_id = {number}", NotAStore)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE store SET schema_version = 'two'",
        "UPDATE store SET schema_version = 1; UPDATE alembic_version SET version_num = '9999'",
    ],
)
def test_a_version_nobody_knows_is_refused(tmp_path: Path, damage: str) -> None:
    is_refused(Places(tmp_path), damage, NotAStore)


def test_the_password_of_an_url_is_not_repeated() -> None:
    secret = token_hex(8)
    with pytest.raises(BadInput) as refused:
        Store(f"mysql://anna:{secret}@server/mailadmin", created_at=AT)
    assert secret not in str(refused.value)


# What may be done with it: ST-13, ST-46, ST-52.


def test_a_store_somebody_put_into_wal_is_taken_out_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ST-52: WAL needs SQLite 3.51.3 and a local disk. While somebody uses it so, it is not opened at all."""
    at = Places(tmp_path)
    url = new_store(at)
    before = at.picture(url)
    monkeypatch.setitem(PRAGMAS, "busy_timeout", 50)
    at.ask(url, "PRAGMA journal_mode = wal")
    with at.asking(url) as ask:
        assert ask("SELECT count(*) FROM users") == [(0,)]
        with pytest.raises(StoreBusy):
            Store(url, created_at=AT)
    Store(url, created_at=AT).close()
    assert at.ask(url, "PRAGMA journal_mode") == [("delete",)]
    assert at.picture(url) == before


def test_the_doctor_names_the_versions(at: Places) -> None:
    """ST-52."""
    with opened(new_store(at)) as app:
        [versions] = [check.found for check in maintaining.doctor(app) if check.check == "versions"]
    assert f"schema {SCHEMA_VERSION}, " in versions
    assert f"SQLite {sqlite3.sqlite_version}, " in versions


def test_a_database_that_can_only_be_read_is_read(postgresql: Cluster, tmp_path: Path) -> None:
    """ST-13, where it is a setting of the server; for files see test_failing_writes."""
    at = Places(tmp_path, postgresql)
    url = new_store(at)
    at.ask(
        url,
        "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database()"
        " || ' SET default_transaction_read_only = on'; END $$",
    )
    before = at.picture(url)
    with opened(url) as app:
        plan = plan_change(app, [CostCentre(code="A")])
        with pytest.raises(StoreFailed, match="read-only transaction"):
            applied(app, plan)
    assert at.picture(url) == before


ORPHANS: dict[str, Row] = {
    "a user": Override(cost_centre="GLOBAL", service=ServiceKind.SMTP, user_id="Nobody", server="smtp.example"),
    "a Cost Centre": Service(cost_centre="NOWHERE", service=ServiceKind.SMTP, server="smtp.example"),
}
"""TABLE: rows by what they lack."""


@pytest.mark.parametrize("lacks", ORPHANS)
def test_settings_of_nobody_are_not_kept(at: Places, lacks: str) -> None:
    """ST-46: by the database itself, on every connection."""
    url = new_store(at)
    before = at.picture(url)
    with opened(url) as app:
        plan = plan_change(app, [CostCentre(code="A")])
        orphan = replace(
            plan, operations=Operations([*plan.operations, Operation(table_of(ORPHANS[lacks]), None, ORPHANS[lacks])])
        )
        with pytest.raises(StoreFailed, match=r"(?i)foreign key"):
            applied(app, orphan)
        assert at.picture(url) == before
        applied(app, plan)


@pytest.mark.parametrize("lacks", ORPHANS)
def test_settings_of_nobody_are_not_planned(tmp_path: Path, lacks: str) -> None:
    """ST-46: what is wrong is said of the document, not by the database."""
    file = tmp_path / "site.json"
    row = ORPHANS[lacks]
    file.write_text(json.dumps({"format": "mailadmin-configuration/1", table_of(row): [record_of(row)]}))
    with opened(new_store(Places(tmp_path))) as app, pytest.raises(BadInput, match=r"Nobody|NOWHERE"):
        configuring.plan_import(app, file)
