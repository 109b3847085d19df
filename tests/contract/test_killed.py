"""Killed anywhere, a store is as before or as after, and the next command says which (ST-01, ST-02, ST-49)."""

from __future__ import annotations

import itertools
import os
import random
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, event

from mailadmin.bootstrap import App
from mailadmin.domain.services import ServiceKind
from mailadmin.storage import unit_of_work
from mailadmin.storage.keys import KEY_FILE_VARIABLE, KeyPlaces, StoreKey, new_key
from mailadmin.storage.unit_of_work import Store
from mailadmin.usecases import configuring, maintaining, migrating
from tests.campaign import (
    Child,
    Counters,
    Places,
    Say,
    Stage,
    applied,
    canary,
    export,
    file_of,
    killed,
    spill,
    stages,
    watch,
)
from tests.engines import Cluster

STAGES = ("apply", "rollback", "snapshot")
JOURNAL = bytes.fromhex("d9d505f920a163d7")
"""How a journal begins that SQLite has to play back."""


def kill_everywhere(stage: Stage, counters: Counters) -> None:
    """Kill the work before each of its statements, before each commit, and after its answer."""
    moments = [*stage.moments(), "the end"]
    for number, moment in enumerate(moments):
        where = f"{stage.places.engine}, killed before {number}: {moment}"
        with counters.case(), stage.places.copied(stage.url) as url:
            ended = Child(partial(_doomed, stage, url, number)).end()
            counters.equal(ended.signal, signal.SIGKILL, where)
            counters.count("played back", _to_be_played_back(stage, url))
            state = stage.survived(url, "done" in ended.said, counters, where)
            counters.equal(state, "after" if moment == "the end" else "before", where)


def _doomed(stage: Stage, url: str, number: int, say: Say) -> None:
    with stage.opened(url) as app:
        spill(app)
        watch(app, lambda met, _: killed() if met == number else None)
        stage.work(app)
        say("done")
        killed()


def kill_at_random(stage: Stage, times: int, counters: Counters) -> None:
    """Kill the work at any instant: every other time within its commit, where most of its time is short."""
    dice = random.Random(counters.seed)  # noqa: S311
    commit = len(stage.moments()) - 1
    whole, last = _durations(stage, commit)
    for number in range(times):
        begin, lasts = ("commit", last) if number % 2 else ("ready", whole)
        wait = dice.uniform(0, 1.1 * lasts)
        where = f"{stage.places.engine}, kill {number} of seed {counters.seed}, {wait:.6f} s after {begin}"
        with counters.case(), stage.places.copied(stage.url) as url:
            child = Child(partial(_told, stage, url, commit))
            child.hear(begin)
            time.sleep(wait)
            child.kill()
            ended = child.end()
            counters.count("played back", _to_be_played_back(stage, url))
            counters.count("acknowledged", "done" in ended.said)
            stage.survived(url, "done" in ended.said, counters, where)


def _told(stage: Stage, url: str, commit: int, say: Say) -> None:
    with stage.opened(url) as app:
        spill(app)
        watch(app, lambda met, _: say("commit") if met == commit else None)
        say("ready")
        stage.work(app)
        say("done")
        time.sleep(60)


def _durations(stage: Stage, commit: int) -> tuple[float, float]:
    """How long the work takes, and its last commit alone."""
    with stage.places.copied(stage.url) as url:
        child = Child(partial(_told, stage, url, commit))
        times = []
        for line in ("ready", "commit", "done"):
            child.hear(line)
            times.append(time.perf_counter())
        child.kill()
        child.end()
    ready, committing, done = times
    return done - ready, done - committing


# A key that is being changed (ST-31).


@contextmanager
def rotating(at: Places) -> Iterator[tuple[Stage, Path]]:
    """A store with secrets whose key is in a file, with that file; two secrets at a time are put under a new key."""
    batch, maintaining.BATCH = maintaining.BATCH, 2
    file = at.folder / "the.key"
    stage = Stage(at, at.fresh(), {KEY_FILE_VARIABLE: str(file)}, work=maintaining.rotate_key)
    KeyPlaces(stage.environment, None, "").keep_in_file([new_key()])
    with stage.opened(stage.url) as app:
        snapshot = migrating.take_snapshot(app, export(at.folder / "export.json", canary()))
        applied(app, migrating.make_plan(app, snapshot))
    yield stage, file
    maintaining.BATCH = batch


def kill_the_rotation(stage: Stage, key_file: Path, counters: Counters) -> None:
    """Kill the change of keys before each statement, each commit and each move of a file; then have it go on."""
    old = key_file.read_text()
    for number in itertools.count():
        where = f"{stage.places.engine}, rotation killed before {number}"
        key_file.write_text(old)
        with counters.case(), stage.places.copied(stage.url) as url:
            ended = Child(partial(_rotating, stage, url, number)).end()
            if ended.said == ["done"]:
                return
            counters.equal(ended.signal, signal.SIGKILL, where)
            with stage.opened(url) as app:
                counters.equal(_secrets(app)[0], [], f"{where}, unreadable")
                rotation = maintaining.rotate_key(app)
                counters.equal(_secrets(app), ([], 0, [rotation.new]), f"{where}, gone on with")
            counters.count("went back to the old key", StoreKey.parse(old, "").id == rotation.new)


def _rotating(stage: Stage, url: str, number: int, say: Say) -> None:
    numbers = itertools.count()

    def meet() -> None:
        if next(numbers) == number:
            killed()

    with stage.opened(url) as app:
        watch(app, lambda *_: meet())
        sys.addaudithook(lambda name, _: meet() if name == "os.rename" else None)
        stage.work(app)
        say("done")


def _secrets(app: App) -> tuple[list[str], int, list[str]]:
    """The secrets that cannot be read, how many are not under the present key, and the keys there are."""
    with app.store.reading() as connection:
        vault = app.vault(connection, "look")
        return vault.unreadable(), vault.under_other_keys(), list(app.places.all())


# A schema that is being upgraded (ST-17).


def old_store(at: Places) -> str:
    """A store as the first version left it: schema 1, with GLOBAL and one user, nothing sealed."""
    url = at.fresh()
    engine = create_engine(url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(unit_of_work.__file__).parent / "schema"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        if not at.server:
            connection.exec_driver_sql(f"PRAGMA application_id = {unit_of_work.APPLICATION_ID}")
        for statement in (
            "INSERT INTO store (id, lineage, serial, schema_version, created_at) VALUES (1, 'line', 0, 1, 'then')",
            "INSERT INTO cost_centres (code_key, code, description, active, version)"
            " VALUES ('global', 'GLOBAL', '', true, 0)",
            "INSERT INTO users (user_id_key, user_id, name, level, active, external, locked_out, roles, version)"
            " VALUES ('a', 'A', 'A', 'Normal', true, false, false, '[]', 0)",
        ):
            connection.exec_driver_sql(statement)
    engine.dispose()
    return url


def kill_the_upgrade(at: Places, counters: Counters) -> None:
    """Kill the opening of an old store before each statement and commit; the next opening finishes it."""
    old = old_store(at)
    users = at.ask(old, "SELECT user_id, name FROM users")
    for number in itertools.count():
        where = f"{at.engine}, upgrade killed before {number}"
        with counters.case(), at.copied(old) as url:
            ended = Child(partial(_upgrading, url, number)).end()
            if ended.said == ["done"]:
                return
            counters.equal(ended.signal, signal.SIGKILL, where)
            [(version,)] = at.ask(url, "SELECT schema_version FROM store")
            sealable = _has_seals(at, url)
            counters.equal(sealable, version > 1, f"{where}: neither old nor new")
            counters.count("old" if version == 1 else "new")
            Store(url, created_at="now").close()
            found = at.ask(url, "SELECT schema_version FROM store"), at.ask(url, "SELECT user_id, name FROM users")
            counters.equal(found, ([(unit_of_work.SCHEMA_VERSION,)], users), f"{where}, opened again")


def _upgrading(url: str, number: int, say: Say) -> None:
    numbers = itertools.count()

    def meet(*_: object) -> None:
        if next(numbers) == number:
            killed()

    event.listen(Engine, "before_cursor_execute", meet)
    event.listen(Engine, "commit", meet)
    Store(url, created_at="now").close()
    say("done")


def _has_seals(at: Places, url: str) -> bool:
    try:
        at.ask(url, "SELECT mac FROM web_configurations")
    except (sqlite3.OperationalError, psycopg.errors.UndefinedColumn):
        return False
    return True


def _to_be_played_back(stage: Stage, url: str) -> bool:
    if stage.places.server:
        return False
    journal = Path(f"{file_of(url)}-journal")
    return journal.exists() and journal.read_bytes()[:8] == JOURNAL


def stop_the_server(stage: Stage, server: Cluster, number: int, counters: Counters) -> None:
    """Have the server end as by a power failure while the work is before this statement (ST-49)."""
    where = f"server stopped before {number}"
    with counters.case(), stage.places.copied(stage.url) as url:
        child = Child(partial(_interrupted, stage, url, number))
        child.hear("there")
        try:
            server.stop("immediate")
        finally:
            server.start()
        os.kill(child.pid, signal.SIGCONT)
        ended = child.end()
        counters.equal([line.partition(":")[0] for line in ended.said], ["there", "StoreFailed"], where)
        counters.equal(stage.survived(url, False, counters, where), "before", where)


def _interrupted(stage: Stage, url: str, number: int, say: Say) -> None:
    def meet(met: int, _: str) -> None:
        if met == number:
            say("there")
            os.kill(os.getpid(), signal.SIGSTOP)

    with stage.opened(url) as app:
        watch(app, meet)
        stage.work(app)
        say("done")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def staged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stage]:
    server = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    return stages(Places(tmp_path_factory.mktemp("killed"), server))


@pytest.mark.parametrize("name", STAGES)
def test_killed_before_any_statement_the_store_is_as_it_was(staged: dict[str, Stage], name: str) -> None:
    counters = Counters("C kills", seed=1)
    kill_everywhere(staged[name], counters)
    assert counters.found["after"] == 1
    assert counters.found["before"] == counters.cases_run - 1 == len(staged[name].moments())


def test_killed_at_any_instant_the_store_is_as_before_or_as_after(staged: dict[str, Stage]) -> None:
    counters = Counters("C kills", seed=2)
    kill_at_random(staged["apply"], 25, counters)
    assert counters.found["before"] + counters.found["after"] == counters.cases_run == 25


def test_when_the_server_ends_within_a_plan_nothing_of_it_is_kept(postgresql: Cluster, tmp_path: Path) -> None:
    stage = stages(Places(tmp_path, postgresql))["apply"]
    commit = len(stage.moments()) - 1
    counters = Counters("C kills")
    for number in (commit // 2, commit - 1, commit):
        stop_the_server(stage, postgresql, number, counters)
    assert counters.found == {"before": 3}


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_change_of_keys_killed_anywhere_loses_no_secret_and_goes_on(
    request: pytest.FixtureRequest, tmp_path: Path, engine: str
) -> None:
    server = request.getfixturevalue("postgresql") if engine == "postgresql" else None
    counters = Counters("C rotation")
    with rotating(Places(tmp_path, server)) as (stage, key_file):
        kill_the_rotation(stage, key_file, counters)
    assert counters.cases_run > 20


def test_a_change_of_keys_never_goes_back(tmp_path: Path) -> None:
    counters = Counters("C rotation")
    with rotating(Places(tmp_path)) as (stage, key_file):
        kill_the_rotation(stage, key_file, counters)
    assert counters.found == {"went back to the old key": 0}


def test_a_secret_entered_while_the_key_is_changed_is_not_lost(tmp_path: Path) -> None:
    """Somebody enters a secret when all others are under the new key, and the store's is not changed yet."""
    with rotating(Places(tmp_path)) as (stage, _), stage.opened(stage.url) as app:
        [(secrets,)] = stage.places.ask(stage.url, "SELECT count(*) FROM secrets")
        begins = itertools.count()

        def meet(_: int, moment: str) -> None:
            if moment == "BEGIN IMMEDIATE" and next(begins) == secrets / maintaining.BATCH + 1:
                with stage.opened(stage.url) as other:
                    configuring.plan_secret(other, "GLOBAL", ServiceKind.SMTP, "password", canary())

        watch(app, meet)
        maintaining.rotate_key(app)
        assert _secrets(app)[0] == []


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_an_upgrade_killed_anywhere_leaves_the_old_schema_or_the_new(
    request: pytest.FixtureRequest, tmp_path: Path, engine: str
) -> None:
    server = request.getfixturevalue("postgresql") if engine == "postgresql" else None
    counters = Counters("C upgrade")
    kill_the_upgrade(Places(tmp_path, server), counters)
    assert counters.found["old"] > 20
