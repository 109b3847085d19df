"""Keys lost, changed and wrong; the doctor; upgrades: what an operator meets."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from mailadmin import maintaining
from mailadmin.bootstrap import connect
from mailadmin.storage import unit_of_work
from mailadmin.storage.keys import new_key
from mailadmin.usecases import migrating
from mailadmin.usecases.applying import plan_of
from tests.cli import Desk
from tests.engines import database


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def states(desk: Desk) -> dict[str, str]:
    return {row["check"]: row["state"] for row in desk("doctor", "--format", "csv").rows()}


def secrets_by_key(desk: Desk) -> dict[str, int]:
    with database(desk.store) as connection:
        return dict(connection.execute("select key_id, count(*) from secrets group by key_id"))


def test_the_doctor_finds_a_whole_store_whole(desk: Desk) -> None:
    desk.migrate()
    checks = ("database", "rows", "contents", "audit trail", "runs", "outbox", "key", "versions")
    assert states(desk) == dict.fromkeys(checks, "ok")
    desk("doctor", "--check")
    assert "786 entries" in desk("audit", "trail", "verify").out


@pytest.mark.parametrize(
    ("damage", "check"),
    [
        ("update users set name = 'Eve' where user_id = '00000'", "rows"),
        ("update users set active = 0 where user_id = '00000'", "rows"),
        ("delete from services where cost_centre_key = 'global'", "contents"),
        ("delete from contents", "contents"),
        ("update audit_trail set actor = 'eve' where seq = 500", "audit trail"),
        ("delete from audit_trail where seq > 776", "audit trail"),
        ("delete from runs", "runs"),
        ("update secrets set location = 'x' where location like 'services/global%'", "secret"),
        ("pragma foreign_keys = off; delete from users where user_id = 'JTaylor6'", "database"),
    ],
)
def test_the_doctor_says_what_is_wrong_and_where(desk: Desk, damage: str, check: str) -> None:
    desk.migrate()
    with database(desk.store) as connection:
        connection.executescript(damage)
    assert states(desk)[check] == "problem"
    desk("doctor", "--check", code=1)


def test_a_cut_audit_trail_is_refused(desk: Desk) -> None:
    desk.migrate()
    with database(desk.store) as connection:
        connection.execute("delete from audit_trail where seq > 776")
    assert "after entry 776" in desk("audit", "trail", "verify", code=3).error


def test_an_audit_trail_is_held_to_a_plan_made_on_it(desk: Desk) -> None:
    """A store put back as a whole says nothing of it; a plan made since does."""
    desk.migrate()
    old = desk.store.read_bytes()
    said = desk("rollback", "--out", desk.file("back.json"))
    digits = json.loads(desk.file("back.json").read_text())["plan_hash"][:8]
    assert "Audit trail when planned: entry 786, " in said.out
    desk("apply", desk.file("back.json"), "--confirm", digits)
    desk("rollback", "--out", desk.file("forth.json"))
    desk("audit", "trail", "verify", "--anchor", desk.file("back.json"))
    desk("audit", "trail", "verify", "--anchor", desk.file("forth.json"))
    desk.store.write_bytes(old)
    desk("doctor", "--check")
    desk("audit", "trail", "verify", "--anchor", desk.file("back.json"))
    assert "cut or rewritten" in desk("audit", "trail", "verify", "--anchor", desk.file("forth.json"), code=3).error


def test_with_the_key_lost_everything_but_secrets_works(desk: Desk) -> None:
    desk.migrate()
    before = desk("effective", "--format", "csv").out
    desk.file("mailadmin.key").unlink()
    assert desk("effective", "--format", "csv").out == before
    desk("explain", "JTaylor6")
    desk("export", "--out", desk.file("site.toml"))
    found = desk("doctor", "--format", "csv").rows()
    assert [row["state"] for row in found if row["check"] == "key"] == ["problem"]
    lost = [row["found"] for row in found if row["check"] == "secret"]
    assert "services/global/smtp/password cannot be read without its key" in lost
    desk("secret", "set", "GLOBAL", "SMTP", "password", typed="x\nx\n", code=3)
    assert "was not checked" in desk("snapshot", "verify", desk.file("before.json")).out


@pytest.mark.parametrize("bad", [lambda key: key[:-8], lambda key: "short", lambda key: "é" * 44, lambda key: key * 2])
def test_a_bad_key_is_refused_by_name(desk: Desk, bad: Callable[[str], str]) -> None:
    desk.migrate()
    file = desk.file("mailadmin.key")
    file.write_text(bad(file.read_text().strip()))
    assert "does not hold a key" in desk("effective", code=2).error


def test_a_wrong_key_reads_no_secret_and_breaks_nothing(desk: Desk) -> None:
    desk.migrate()
    desk.file("mailadmin.key").write_text(new_key().text())
    desk("effective")
    assert "is not here" in desk("key", "rotate", code=3).error
    assert "has a key already" in desk("key", "create", code=2).error


def test_a_key_others_can_read_is_refused_with_the_remedy(desk: Desk) -> None:
    desk.migrate()
    desk.file("mailadmin.key").chmod(0o644)
    assert "chmod 600" in desk("effective", code=3).error


def test_changing_the_key_puts_every_secret_under_the_new_one(desk: Desk) -> None:
    plan = desk.migrate()
    (old,) = secrets_by_key(desk)
    said = desk("key", "rotate").out
    ((new, count),) = secrets_by_key(desk).items()
    assert new != old
    assert f"{count} secret(s)" in said
    assert len(desk.file("mailadmin.key").read_text().split()) == 1
    assert set(states(desk).values()) == {"ok"}
    desk("verify-migration")
    desk("snapshot", "verify", desk.file("before.json"))
    back = desk("plan", desk.file("before.json"), "--out", desk.file("again.json"), "--format", "json").json()
    assert (back["operations"], plan["lineage"]) == ([], back["lineage"])


@pytest.mark.parametrize("stop", range(1, 8))
def test_an_interrupted_change_of_keys_goes_on_where_it_stopped(
    desk: Desk, stop: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.migrate()
    monkeypatch.setattr(maintaining, "BATCH", 20)
    app = connect(desk.store, environment={})
    calls = 0

    def interrupted(_line: str) -> None:
        nonlocal calls
        calls += 1
        if calls == stop:
            raise KeyboardInterrupt

    try:
        with pytest.raises(KeyboardInterrupt):
            maintaining.rotate_key(app, interrupted)
        assert len(desk.file("mailadmin.key").read_text().split()) == 2
        assert [c.check for c in maintaining.doctor(app) if c.state == "problem"] == []
    finally:
        app.close()
    desk("key", "rotate")
    assert len(secrets_by_key(desk)) == 1
    assert set(states(desk).values()) == {"ok"}


def test_a_key_in_the_environment_is_changed_there(desk: Desk) -> None:
    old, new = new_key(), new_key()
    app = connect(desk.store, environment={"MAILADMIN_KEY": old.text()})
    with app.store.writing() as connection:
        app.vault(connection, "keep a secret").keep({"a": "b"})
    with pytest.raises(PermissionError, match="MAILADMIN_KEY"):
        maintaining.rotate_key(app)
    app.close()
    both = connect(desk.store, environment={"MAILADMIN_KEY": f"{new.text()} {old.text()}"})
    assert maintaining.rotate_key(both) == (old.id, new.id, 1)
    both.close()


def test_an_older_store_is_upgraded_after_a_copy_of_it(desk: Desk) -> None:
    older_store(desk.store)
    assert "0 entries" in desk("audit", "trail", "verify").out
    assert states(desk)["database"] == "ok"
    copy = desk.file("mailadmin.db.schema1")
    assert copy.stat().st_mode & 0o777 == 0o600
    with database(copy) as connection:
        assert connection.execute("select schema_version, lineage from store").fetchone() == (1, "older")
    desk.migrate()


def older_store(file: Path) -> None:
    """A store as schema 1 left it."""
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(unit_of_work.__file__).parent / "schema"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql("insert into store values (1, 'older', 0, 1, '2026-11-01T00:00:00+00:00', null)")
        connection.exec_driver_sql("insert into cost_centres values ('global', 'GLOBAL', '', 1, null, 0)")
        connection.exec_driver_sql(f"PRAGMA application_id = {unit_of_work.APPLICATION_ID}")
    engine.dispose()


def test_a_second_writer_is_told_who_writes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.migrate()
    monkeypatch.setitem(unit_of_work.PRAGMAS, "busy_timeout", 30)
    first = connect(desk.store, environment={}, actor="Mere")
    with first.store.writing():
        desk("rollback", "--out", desk.file("b.json"))
        plan = json.loads(desk.file("b.json").read_text())
        error = desk("apply", desk.file("b.json"), "--confirm", plan["plan_hash"][:8], code=5)
    first.close()
    assert f"Mere on {os.uname().nodename}" in error.error
    assert not desk.file("mailadmin.db.writer").exists()


def test_a_setting_is_planned_with_its_own_rows_and_promises_nothing(desk: Desk) -> None:
    """And what the last run promised that did promise anything is what everybody is still held to."""
    desk.migrate()
    desk("settings", "set", "smtp.deadline", "30")
    with closing(connect(desk.store)) as app:
        migrated, run = migrating.history(app)
        with app.store.reading() as connection:
            plan = plan_of(app, connection, run.run)
        assert (dict(plan.promise), plan.left_alone, len(plan.operations)) == ({}, (), 1)
    assert f"Run {migrated.run}" in desk("verify-migration").out
    desk("rollback", "--out", desk.file("back.json"))
    assert json.loads(desk.file("back.json").read_text())["promise"] == {}
