"""Whoever writes has the store from the begin on, others are told for whom they wait, and a stop locks nobody out.

ST-10, ST-11, ST-32, ST-50.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import event

from mailadmin import bootstrap
from mailadmin.bootstrap import App
from mailadmin.domain.services import ServiceKind
from mailadmin.errors import AlreadyApplied, KeyNeeded, StoreBusy, StoreFailed
from mailadmin.interchange.configuration import DocumentFormat
from mailadmin.resolution.provenance import Context
from mailadmin.storage import repository, unit_of_work
from mailadmin.storage.keys import KEY_FILE_VARIABLE, KEY_VARIABLE, StoreKey, new_key
from mailadmin.storage.unit_of_work import PRAGMAS
from mailadmin.usecases import configuring, keeping, maintaining, migrating, reporting
from tests.campaign import Child, Counters, Places, Say, Stage, applied, canary, export, stages
from tests.engines import Cluster


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def staged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stage]:
    server = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    return stages(Places(tmp_path_factory.mktemp("interrupted"), server))


# Who reads never comes to write in the same transaction: ST-10.


def transactions(app: App) -> list[list[str]]:
    """The statements of every transaction from now on."""
    met: list[list[str]] = [[]]

    def statement(_connection: object, _cursor: object, text: str, *_: object) -> None:
        met[-1].append(text)

    event.listen(app.store.engine, "before_cursor_execute", statement)
    for end in ("commit", "rollback"):
        event.listen(app.store.engine, end, lambda _: met.append([]))
    return met


def everything(app: App, folder: Path, source: Path) -> None:
    """All that people come to do."""
    keeping.create_key(app)
    snapshot = migrating.take_snapshot(app, source, out=folder / "before.json")
    migrating.snapshots(app)
    migrating.diff_snapshots(app, snapshot.id, folder / "before.json")
    plan = migrating.make_plan(app, snapshot, out=folder / "plan.json")
    reporting.write_migration_report(app, folder / "plan.json", folder / "report", pdf=False)
    applied(app, migrating.load_plan(app, folder / "plan.json"))
    migrating.effects(app, plan)
    migrating.verify_migration(app)
    configuring.effective(app)
    configuring.explain(app, Context(user="Anna"))
    configuring.export_configuration(app, DocumentFormat.TOML, out=folder / "site.toml")
    configuring.plan_import(app, folder / "site.toml")
    applied(app, configuring.plan_secret(app, "GLOBAL", ServiceKind.SMTP, "password", canary()))
    applied(app, migrating.plan_rollback(app, out=folder / "back.json"))
    migrating.history(app)
    maintaining.rotate_key(app)
    maintaining.verify_trail(app)
    maintaining.doctor(app)


def test_nobody_who_reads_comes_to_write_in_the_same_transaction(staged: dict[str, Stage], tmp_path: Path) -> None:
    """ST-10: a lock taken later than at the begin is refused at once, whatever the patience."""
    places = staged["apply"].places
    source = export(tmp_path / "export.json", canary())
    environment = {KEY_FILE_VARIABLE: str(tmp_path / "the.key")}
    app = bootstrap.connect(places.fresh(), environment=environment, actor="anna")
    try:
        met = transactions(app)
        everything(app, tmp_path, source)
    finally:
        app.close()
    lock = "SELECT pg_advisory_xact_lock" if places.server else "BEGIN IMMEDIATE"
    writing = [statements for statements in met if any(map(writes, statements))]
    reading = [statements for statements in met if not any(map(writes, statements))]
    unlocked = [statements for statements in writing if not any(s.startswith(lock) for s in statements[:2])]
    assert unlocked == []
    assert (len(writing) >= 7, len(reading) >= 15) == (True, True)


def writes(statement: str) -> bool:
    return statement.lstrip().startswith(("INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP"))


def test_who_reads_sees_one_state_whatever_is_committed_meanwhile(postgresql: Cluster, tmp_path: Path) -> None:
    """In SQLite a commit waits for whoever reads; see test_failing_writes."""
    stage = stages(Places(tmp_path, postgresql))["apply"]
    with stage.opened(stage.url) as reader, stage.opened(stage.url) as writer:
        with reader.store.reading() as connection:
            before = repository.rows(connection, reader.sealer(connection))
            stage.work(writer)
            assert repository.rows(connection, reader.sealer(connection)) == before
        with reader.store.reading() as connection:
            assert repository.rows(connection, reader.sealer(connection)) != before


# Who waits is told for whom: ST-11.


@contextmanager
def held(stage: Stage, url: str) -> Iterator[Child]:
    """The store while bob, in another process, is in the middle of writing to it; it is his again when he is told."""

    def hold(say: Say) -> None:
        with stage.opened(url, "bob") as app, app.store.writing():
            say("held")
            signal.pause()

    child = Child(hold)
    child.hear("held")
    try:
        yield child
    finally:
        child.kill()
        child.end()


def patience(monkeypatch: pytest.MonkeyPatch, milliseconds: int) -> None:
    """How long a writer waits."""
    monkeypatch.setattr(unit_of_work, "LOCK_TIMEOUT_MS", milliseconds)
    monkeypatch.setitem(PRAGMAS, "busy_timeout", milliseconds)


def is_told(stage: Stage, url: str, child: Child) -> None:
    before = stage.places.picture(url)
    with stage.opened(url) as app, pytest.raises(StoreBusy) as busy:
        stage.work(app)
    assert busy.value.what.startswith(f"bob on {socket.gethostname()}, process {child.pid} is writing")
    assert stage.places.picture(url) == before


def test_who_waits_in_vain_is_told_for_whom(staged: dict[str, Stage], monkeypatch: pytest.MonkeyPatch) -> None:
    stage = staged["apply"]
    patience(monkeypatch, 50)
    with stage.places.copied(stage.url) as url:
        with held(stage, url) as child:
            is_told(stage, url, child)
        assert stage.survived(url, False, Counters("C waiting"), "when he is gone") == "before"


@pytest.mark.skipif(os.environ.get("HYPOTHESIS_PROFILE") != "campaign", reason="takes ten seconds: campaign only")
def test_who_waits_does_so_for_ten_seconds(staged: dict[str, Stage]) -> None:
    stage = staged["apply"]
    with stage.places.copied(stage.url) as url, held(stage, url) as child:
        started = time.perf_counter()
        is_told(stage, url, child)
        assert round(time.perf_counter() - started) in {9, 10, 11}


# Ctrl+C, or a kernel that is interrupted: ST-50; each statement of it is in test_failing_writes.


def interrupt_at_random(stage: Stage, times: int, counters: Counters) -> None:
    """Interrupt the work at any instant, between two steps of the interpreter; the open store goes on."""
    dice = random.Random(counters.seed)  # noqa: S311
    lasts = _duration(stage)
    for number in range(times):
        wait = dice.uniform(0, 1.1 * lasts)
        where = f"{stage.places.engine}, interrupt {number} of seed {counters.seed}, after {wait:.6f} s"
        with counters.case(), stage.places.copied(stage.url) as url:
            child = Child(partial(_interruptible, stage, url))
            child.hear("ready")
            time.sleep(wait)
            os.kill(child.pid, signal.SIGINT)
            _, *said = child.end().said
            possible = OUTCOMES | ON_A_SERVER if stage.places.server else OUTCOMES
            counters.equal(" ".join(said) in possible, True, f"{where}: {said}")
            counters.equal(stage.places.picture(url), stage.after, where)
            counters.count(" ".join(said[:2]))


OUTCOMES = {"finished after again", "interrupted after again", "interrupted before anew"}
ON_A_SERVER = {"interrupted before again"}
"""A server may finish a COMMIT when nobody waits for its answer any more."""


def _duration(stage: Stage) -> float:
    with stage.places.copied(stage.url) as url, stage.opened(url) as app:
        started = time.perf_counter()
        stage.work(app)
        return time.perf_counter() - started


def _interruptible(stage: Stage, url: str, say: Say) -> None:
    """The work, how the store is then, and what the same open store says to the same work once more."""
    with stage.opened(url) as app:
        try:
            say("ready")
            stage.work(app)
            ended = "finished"
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        except (KeyboardInterrupt, StoreFailed):  # psycopg stumbles over an interrupt, one time in some hundred
            ended = "interrupted"
        say(ended)
        found = stage.places.picture(url)
        say("after" if found == stage.after else "before" if found == stage.before else "between")
        try:
            stage.work(app)
            say("anew")
        except AlreadyApplied:
            say("again")


def test_interrupted_at_any_instant_an_open_store_goes_on(
    staged: dict[str, Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    patience(monkeypatch, 2_000)
    counters = Counters("C interrupts", seed=1)
    interrupt_at_random(staged["apply"], 15, counters)
    assert counters.found["interrupted before"] > 0


def interrupt_everywhere(stage: Stage, counters: Counters) -> None:
    """Interrupt the work when each statement has its answer; remember it, as a notebook keeps its last traceback."""
    remembered = []
    with stage.places.copied(stage.url) as url, stage.opened(url) as app:
        left = 0

        def meet(*_: object) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise KeyboardInterrupt

        event.listen(app.store.engine, "after_cursor_execute", meet)
        for number in count(1):
            left = number
            with counters.case():
                try:
                    stage.work(app)
                except KeyboardInterrupt as interrupt:
                    remembered.append(interrupt)
                    counters.equal(stage.places.picture(url), stage.before, f"interrupted after statement {number}")
                    continue
            break
        counters.equal(stage.places.picture(url), stage.after, "not interrupted at last")
    counters.count("remembered", len(remembered))


@pytest.mark.parametrize("name", ["apply", "snapshot"])
def test_an_interrupt_that_is_remembered_locks_nobody_out(
    staged: dict[str, Stage], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    patience(monkeypatch, 2_000)
    counters = Counters("C interrupts")
    interrupt_everywhere(staged[name], counters)
    assert counters.found["remembered"] == counters.cases_run - 1 > 5


# A change of keys that was stopped needs both: ST-32.


def test_an_old_key_is_needed_as_long_as_a_secret_is_under_it(
    staged: dict[str, Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keys are in the environment here, where a person may take one away too early."""
    stage, new = staged["apply"], new_key().text()
    old = stage.environment[KEY_VARIABLE]
    stopped, only_new = (replace(stage, environment={KEY_VARIABLE: keys}) for keys in (f"{new} {old}", new))

    def stop(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(maintaining, "BATCH", 1)
    with stage.places.copied(stage.url) as url:
        with stopped.opened(url) as app, pytest.raises(KeyboardInterrupt):
            maintaining.rotate_key(app, stop)
        between = stage.places.picture(url)
        for work in (maintaining.rotate_key, stage.work):
            with only_new.opened(url) as app, pytest.raises(KeyNeeded):
                work(app)
        assert stage.places.picture(url) == between
        with stopped.opened(url) as app:
            assert maintaining.rotate_key(app).new == StoreKey.parse(new, "").id
        with only_new.opened(url) as app, app.store.writing() as connection:
            assert app.vault(connection, "look").unreadable() == []
