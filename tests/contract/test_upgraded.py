"""A store that schema 2 left: read as it was, upgraded, and its contents sealed by whoever first writes with the key.

`schema2.json` holds one: a run from before it had a key, one from after, written by the version that had that schema.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Boolean, MetaData, create_engine, insert

from mailadmin import bootstrap
from mailadmin.bootstrap import App
from mailadmin.domain.organisation import User
from mailadmin.errors import Tampered
from mailadmin.resolution.provenance import Context
from mailadmin.storage import books, contents, repository, unit_of_work
from mailadmin.storage.keys import KEY_VARIABLE, new_key
from mailadmin.usecases import configuring, maintaining, migrating
from tests.campaign import NOW, Places, applied, plan_change

LEFT: Any = json.loads(Path(__file__).with_name("schema2.json").read_text(encoding="utf-8"))
KEY: str = LEFT["key"]
SNAPSHOT = {
    **dict.fromkeys(("id", "fingerprint", "taken_at", "taken_by", "source"), "x"),
    "document": json.dumps({"seal": "s", "tables": {"users": [{"user_id": "Zoë"}]}}, ensure_ascii=False, indent=1),
}


@pytest.fixture(params=["sqlite", "postgresql"])
def at(request: pytest.FixtureRequest, tmp_path: Path) -> Places:
    return Places(tmp_path, request.getfixturevalue("postgresql") if request.param == "postgresql" else None)


@pytest.fixture
def url(at: Places) -> str:
    """A store as schema 2 left it."""
    made = at.fresh()
    engine = create_engine(made)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(unit_of_work.__file__).parent / "schema"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        found = MetaData()
        found.reflect(connection)
        for name in ("store", "cost_centres", "branches", "users", "runs", "audit_trail"):
            table = found.tables[name]
            flags = {column.name for column in table.columns if isinstance(column.type, Boolean)}
            for row in LEFT["tables"][name]:
                connection.execute(insert(table).values({n: _value(v, n in flags) for n, v in row.items()}))
        connection.execute(insert(found.tables["snapshots"]).values(SNAPSHOT))
        if not at.server:
            connection.exec_driver_sql(f"PRAGMA application_id = {unit_of_work.APPLICATION_ID}")
    engine.dispose()
    return made


def _value(value: Any, flag: bool) -> Any:
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"])
    return bool(value) if flag else value


@contextmanager
def opened(url: str, keys: str = KEY) -> Iterator[App]:
    app = bootstrap.connect(url, environment={KEY_VARIABLE: keys}, clock=lambda: NOW, actor="anna")
    try:
        yield app
    finally:
        app.close()


def state(app: App, check: str) -> set[str]:
    return {found.state for found in maintaining.doctor(app) if found.check == check}


def write(app: App) -> None:
    """A plan with the key."""
    applied(app, plan_change(app, [User(user_id="Zoë", name="Zoë")]))


GONE = "DELETE FROM users WHERE user_id_key = 'bob'"
SEALERS = LEFT["tables"]["store"][0]


def seals_taken_away(at: Places, url: str) -> None:
    """The store says again that nothing was written since schema 2, whose sealer an old copy holds."""
    sealer, nonce = (SEALERS[name]["hex"] for name in ("sealer", "sealer_nonce"))
    quoted = "'\\x{}'" if at.server else "x'{}'"
    bound = f"sealer = {quoted.format(sealer)}, sealer_nonce = {quoted.format(nonce)}"
    at.ask(url, f"UPDATE store SET {bound}, contents_from = NULL, mac = NULL")
    at.ask(url, "DELETE FROM contents")


def test_it_is_read_as_it_was_and_the_doctor_says_what_is_not_sealed(url: str) -> None:
    with opened(url) as app:
        with app.store.reading() as connection:
            users = repository.rows(connection, app.sealer(connection), ["users"])
            assert contents.sealed(connection, app.sealer(connection)) is None
        assert sorted(key for _, (key,) in users) == ["anna", "bob", "chen"]
        assert configuring.explain(app, Context(user="Bob")).context.user == "Bob"
        assert maintaining.verify_trail(app) == 5
        assert migrating.verify_migration(app).users == 3
        with app.store.reading() as connection:
            assert "".join(books.snapshot_document(connection, "x") or ()) == SNAPSHOT["document"]
            assert [(one.id, one.seal) for one in books.snapshots(connection)] == [("x", "s")]
            assert (
                json.loads("".join(books.run_plan(connection, 1)))["plan_hash"]
                == LEFT["tables"]["runs"][0]["plan_hash"]
            )
        assert state(app, "contents") == {maintaining.NOTICE}
        assert {found.state for found in maintaining.doctor(app)} == {maintaining.OK, maintaining.NOTICE}


def test_the_first_plan_with_the_key_seals_which_rows_there_are(at: Places, url: str) -> None:
    with opened(url) as app:
        write(app)
        assert {found.state for found in maintaining.doctor(app)} == {maintaining.OK}
        assert maintaining.verify_trail(app) == 6
        at.ask(url, GONE)
        with pytest.raises(Tampered, match="row of users"):
            configuring.effective(app)


def test_so_does_a_change_of_keys(at: Places, url: str) -> None:
    new = new_key()
    with opened(url, f"{new.text()} {KEY}") as app:
        maintaining.rotate_key(app)
    with opened(url, new.text()) as app:
        assert {found.state for found in maintaining.doctor(app)} == {maintaining.OK}
        at.ask(url, GONE)
        with pytest.raises(Tampered, match="row of users"):
            configuring.effective(app)


def test_a_run_from_before_can_be_taken_back(url: str) -> None:
    """Its plan has no anchor, and has the hash it had."""
    with opened(url) as app:
        plan = migrating.plan_rollback(app)
        assert plan.anchor is not None
        assert plan.anchor.seq == 5
        applied(app, plan)
        assert maintaining.verify_trail(app) == 7


@pytest.mark.parametrize("asked", ["effective", "explain", "apply"])
def test_that_the_contents_are_sealed_cannot_be_taken_back(at: Places, url: str, asked: str) -> None:
    with opened(url) as app:
        write(app)
        plan = plan_change(app, [User(user_id="Yao", name="Yao")])
        ask = {
            "effective": configuring.effective,
            "explain": lambda app: configuring.explain(app, Context(user="Bob")),
            "apply": lambda app: applied(app, plan),
        }[asked]
        seals_taken_away(at, url)
        at.ask(url, GONE)
        with pytest.raises(Tampered, match="taken away"):
            ask(app)
        assert at.ask(url, "SELECT * FROM contents") == []


def test_a_whole_old_store_is_found_by_a_plan_made_since(at: Places, url: str) -> None:
    """Nothing in it says that it is old; its trail does not hold what was noted elsewhere."""
    with at.copied(url) as old:
        with opened(url) as app:
            write(app)
            later = plan_change(app, [User(user_id="Yao", name="Yao")])
            assert maintaining.verify_trail(app, later) == 6
        with opened(old) as app:
            assert maintaining.verify_trail(app) == 5
            with pytest.raises(Tampered, match=r"cut or rewritten .* entry 6"):
                maintaining.verify_trail(app, later)
            with pytest.raises(Tampered, match=r"cut or rewritten .* entry 6"):
                applied(app, later)
            assert len(migrating.history(app)) == 2


def test_a_trail_written_anew_is_found_by_a_plan_made_before(at: Places, url: str) -> None:
    """The same number of entries, sealed with the key: only what was noted elsewhere tells them apart."""
    with at.copied(url) as old:
        with opened(url) as app:
            write(app)
            later = plan_change(app, [User(user_id="Yao", name="Yao")])
        with opened(old) as app:
            another = bootstrap.App(app.store, app.places, lambda: NOW + timedelta(hours=1), "eve")
            write(another)
            assert maintaining.verify_trail(app) == 6
            with pytest.raises(Tampered, match="cut or rewritten"):
                applied(app, later)
