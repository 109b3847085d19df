"""Whichever statement fails, and for whatever cause, nothing is kept, it is said, and the open store goes on."""

from __future__ import annotations

import os
import pwd
import resource
import signal
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from mailadmin.bootstrap import App
from mailadmin.errors import MailAdminError, StoreBusy, StoreFailed
from mailadmin.storage import unit_of_work
from mailadmin.storage.unit_of_work import APPLICATION_ID, PRAGMAS
from mailadmin.usecases import migrating
from tests.campaign import Child, Counters, Places, Say, Stage, file_of, stages
from tests.engines import Cluster


@dataclass
class Fault:
    """Something that happens to one statement, or commit, of an open store, by number from 0 on."""

    app: App
    at: int = -1
    met: int = 0

    def __post_init__(self) -> None:
        for name in ("do_execute", "do_executemany", "do_execute_no_params"):
            event.listen(self.app.store.engine, name, self._statement)
        event.listen(self.app.store.engine, "commit", self._commit)

    def strike(self, number: int) -> None:
        """Let it happen to this one, counted from now on."""
        self.at, self.met = number, 0

    def _statement(self, cursor: object, *_: object) -> None:
        if self._is_now():
            self.happen(getattr(cursor, "connection", None))

    def _commit(self, connection: Connection) -> None:
        if self._is_now():
            self.commit(connection)

    def _is_now(self) -> bool:
        self.met += 1
        return self.met == self.at + 1

    def commit(self, connection: Connection) -> None:
        self.happen(connection.connection.dbapi_connection)

    def happen(self, connection: object) -> None:
        """What happens."""
        raise NotImplementedError


class DiskFull(Fault):
    """The database says that the disk is full."""

    def happen(self, connection: object) -> NoReturn:
        if self.app.store.engine.dialect.name == "sqlite":
            raise sqlite3.OperationalError("database or disk is full")
        raise psycopg.errors.DiskFull("could not extend file: No space left on device")

    def commit(self, connection: Connection) -> NoReturn:
        raise OperationalError("COMMIT", {}, Exception("disk I/O error"))


class Interrupted(Fault):
    """Ctrl+C, or a notebook whose kernel is interrupted (ST-50)."""

    def happen(self, connection: object) -> NoReturn:
        raise KeyboardInterrupt


class ConnectionLost(Fault):
    """The server ends the connection; the statement, or the commit, then fails by itself (ST-49)."""

    def happen(self, connection: object) -> None:
        assert isinstance(connection, psycopg.Connection)
        with psycopg.connect(self.app.store.url) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.info.backend_pid])


class AnswerLost(Fault):
    """It is committed, and the connection ends before that can be said; SQLite, which has none, says it has."""

    def commit(self, connection: Connection) -> None:
        driver = connection.connection.dbapi_connection
        assert driver is not None
        driver.commit()
        self.committed()
        if self.app.store.engine.dialect.name == "sqlite":
            raise OperationalError("COMMIT", {}, Exception("connection lost"), connection_invalidated=True)
        driver.close()

    def committed(self) -> None:
        """What happens before the connection ends."""


@dataclass
class AnswerLostForGood(AnswerLost):
    """And then there is no getting to the store to look: somebody else holds it, for as long as `held` is open."""

    held: ExitStack = field(default_factory=ExitStack)

    def committed(self) -> None:
        if self.app.store.engine.dialect.name == "sqlite":
            file = self.held.enter_context(closing(sqlite3.connect(file_of(self.app.store.url))))
            file.execute("BEGIN EXCLUSIVE")
        else:
            server = self.held.enter_context(psycopg.connect(self.app.store.url))
            server.execute(f"SELECT pg_advisory_xact_lock({APPLICATION_ID})".encode())


def fail_everywhere(stage: Stage, cause: type[Fault], counters: Counters) -> None:
    """Have the n-th statement fail, for every n until all are done; one open store lives through all of it."""
    expected = KeyboardInterrupt if cause is Interrupted else StoreFailed
    moments = stage.moments()
    with stage.places.copied(stage.url) as url, stage.opened(url) as app:
        fault = cause(app)
        for number, moment in enumerate(moments):
            where = f"{stage.places.engine}, {cause.__name__} at {number}: {moment}"
            with counters.case():
                fault.strike(number)
                counters.equal(_raised(stage, app), expected, where)
                counters.equal(stage.places.picture(url), stage.before, where)
        fault.strike(len(moments))
        counters.equal(_raised(stage, app), None, f"{stage.places.engine}, after all of {cause.__name__}")
        app.close()
        stage.survived(url, True, counters, f"{stage.places.engine}, after all of {cause.__name__}")


def _raised(stage: Stage, app: App) -> type[BaseException] | None:
    try:
        stage.work(app)
    except (MailAdminError, KeyboardInterrupt) as error:
        return type(error)
    return None


def fill_up(stage: Stage, limit: Callable[[App, int], None], unit: int, counters: Counters) -> None:
    """Give SQLite ever more room, from none on, until the work succeeds: SQLite itself fails, wherever it does."""
    size = file_of(stage.url).stat().st_size
    for room in range(0, 100 * unit, unit):
        where = f"room for {room} bytes more"
        with counters.case(), stage.places.copied(stage.url) as url:
            ended = Child(partial(_cramped, stage, url, limit, size + room)).end()
            done = ended.said == ["done"]
            counters.equal([line.partition(":")[0] for line in ended.said], ["done" if done else "StoreFailed"], where)
            state = stage.survived(url, done, counters, where)
            counters.equal(state, "after" if done else "before", where)
        if done:
            return
    raise AssertionError("there was never room enough")


def _cramped(stage: Stage, url: str, limit: Callable[[App, int], None], size: int, say: Say) -> None:
    with stage.opened(url) as app:
        limit(app, size)
        stage.work(app)
        say("done")


def of_the_database(app: App, size: int) -> None:
    """A database that may not grow beyond this size."""
    with app.store.reading() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {size // 4096}")


def of_files(_: App, size: int) -> None:
    """A system that lets no file, journals included, grow beyond this size."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    server = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    return stages(Places(tmp_path_factory.mktemp("failing"), server))["apply"]


@pytest.fixture(scope="module")
def in_a_file(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stage]:
    return stages(Places(tmp_path_factory.mktemp("failing")))


@pytest.fixture(scope="module")
def on_a_server(postgresql: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return stages(Places(tmp_path_factory.mktemp("failing"), postgresql))["apply"]


@pytest.mark.parametrize("cause", [DiskFull, Interrupted])
def test_the_nth_statement_fails(stage: Stage, cause: type[Fault]) -> None:
    counters = Counters("C failing writes")
    fail_everywhere(stage, cause, counters)
    assert counters.faults_injected == len(stage.moments())


@pytest.mark.parametrize("name", ["rollback", "snapshot"])
def test_the_nth_statement_of_other_work_fails(in_a_file: dict[str, Stage], name: str) -> None:
    counters = Counters("C failing writes")
    fail_everywhere(in_a_file[name], DiskFull, counters)
    assert counters.faults_injected == len(in_a_file[name].moments())


def test_the_connection_is_lost_at_the_nth_statement(on_a_server: Stage) -> None:
    counters = Counters("C failing writes")
    fail_everywhere(on_a_server, ConnectionLost, counters)
    assert counters.faults_injected == len(on_a_server.moments())


def test_a_commit_whose_answer_was_lost_is_found_done(stage: Stage) -> None:
    """As if it had been answered; and it is not carried out a second time."""
    with stage.places.copied(stage.url) as url:
        with stage.opened(url) as app:
            AnswerLost(app).strike(len(stage.moments()) - 1)
            assert stage.work(app) == migrating.history(app)[-1]
        assert stage.places.picture(url) == stage.after
        assert stage.again(url) == "was done"


def test_a_commit_that_never_arrived_is_found_not_done(stage: Stage) -> None:
    cause = ConnectionLost if stage.places.server else DiskFull
    with stage.places.copied(stage.url) as url:
        with stage.opened(url) as app:
            cause(app).strike(len(stage.moments()) - 1)
            with pytest.raises(StoreFailed, match="Nothing was changed; apply the plan again"):
                stage.work(app)
            assert stage.places.picture(url) == stage.before
            stage.work(app)
        assert stage.places.picture(url) == stage.after


def test_what_cannot_be_found_out_is_said_to_be_unknown(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    with stage.places.copied(stage.url) as url:
        with stage.opened(url) as app, ExitStack() as held:
            AnswerLostForGood(app, held=held).strike(len(stage.moments()) - 1)
            patience(monkeypatch, 50)
            with pytest.raises(StoreFailed, match="not known: mailadmin history says"):
                stage.work(app)
        assert stage.places.picture(url) == stage.after


def test_a_connection_lost_before_the_commit_changed_nothing_and_says_so(on_a_server: Stage) -> None:
    with on_a_server.places.copied(on_a_server.url) as url, on_a_server.opened(url) as app:
        ConnectionLost(app).strike(len(on_a_server.moments()) - 2)
        with pytest.raises(StoreFailed, match=r"lost.*\nNothing was changed; try again"):
            on_a_server.work(app)
        assert on_a_server.places.picture(url) == on_a_server.before


@pytest.mark.parametrize("limit", [of_the_database, of_files])
def test_a_full_disk_keeps_nothing_however_full_it_is(
    in_a_file: dict[str, Stage], limit: Callable[[App, int], None]
) -> None:
    counters = Counters("C failing writes")
    fill_up(in_a_file["apply"], limit, 4096, counters)
    assert counters.found["before"] > 1


@pytest.fixture
def anybodys_folder() -> Iterator[Path]:
    """A folder everybody may look into: root, who may write anywhere, is somebody else in these tests."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize(("file_mode", "folder_mode"), [(0o444, 0o755), (0o444, 0o555), (0o666, 0o555)])
def test_a_store_that_can_only_be_read_is_read(
    in_a_file: dict[str, Stage], anybodys_folder: Path, file_mode: int, folder_mode: int
) -> None:
    stage = in_a_file["apply"]
    file = anybodys_folder / "mailadmin.db"
    file.write_bytes(file_of(stage.url).read_bytes())
    file.chmod(file_mode)
    anybodys_folder.chmod(folder_mode)

    def read_then_write(say: Say) -> None:
        if os.geteuid() == 0:
            os.setuid(pwd.getpwnam("nobody").pw_uid)
        with stage.opened(f"sqlite:///{file}") as app:
            say(f"{len(migrating.history(app))} run")
            stage.work(app)

    ended = Child(read_then_write).end()
    assert [line.partition(".")[0] for line in ended.said] == ["1 run", "StoreFailed: The store can only be read here"]


def hold(stage: Stage, url: str, mode: str) -> Child:
    """Another process that holds the store for half a minute, or until it is killed."""

    def holding(say: Say) -> None:
        if stage.places.server:
            with psycopg.connect(url) as server:
                server.execute(f"SELECT pg_advisory_xact_lock({APPLICATION_ID})".encode())
                say("held")
                time.sleep(30)
        file = sqlite3.connect(file_of(url), isolation_level=None)
        file.execute(f"BEGIN {mode}")
        file.execute("SELECT * FROM store").fetchall()
        say("held")
        time.sleep(30)

    child = Child(holding)
    child.hear("held")
    return child


def patience(monkeypatch: pytest.MonkeyPatch, milliseconds: int) -> None:
    """How long a writer waits."""
    monkeypatch.setattr(unit_of_work, "LOCK_TIMEOUT_MS", milliseconds)
    monkeypatch.setitem(PRAGMAS, "busy_timeout", milliseconds)


def wait_for(stage: Stage, mode: str, monkeypatch: pytest.MonkeyPatch) -> float:
    """Seconds after which somebody who wants to write is told that the store is busy; then it is free, and works."""
    patience(monkeypatch, 400)
    with stage.places.copied(stage.url) as url:
        holder = hold(stage, url, mode)
        try:
            started = time.perf_counter()
            with pytest.raises(StoreBusy), stage.opened(url) as app:
                stage.work(app)
            waited = time.perf_counter() - started
        finally:
            holder.kill()
            holder.end()
        patience(monkeypatch, 10_000)
        stage.survived(url, False, Counters("C failing writes"), mode)
    return waited


def test_a_writer_waits_for_another_process_and_is_told_in_time(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 0.4 <= wait_for(stage, "IMMEDIATE", monkeypatch) < 5


@pytest.mark.parametrize("mode", ["DEFERRED", "EXCLUSIVE"])
def test_a_commit_waits_for_a_reader_and_a_reader_for_a_commit(
    in_a_file: dict[str, Stage], mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 0.4 <= wait_for(in_a_file["apply"], mode, monkeypatch) < 8
