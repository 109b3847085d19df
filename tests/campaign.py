"""Faults, what must hold after each of them, and how many there were.

The tests use these functions with short seeds; `python -m tests.campaign` uses them with long ones and prints one JSON
line per group. Nothing in the product knows of faults: they come by SQLAlchemy's events in a forked child, by signals,
or by the system.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import platform
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import event

from mailadmin import bootstrap
from mailadmin.bootstrap import App
from mailadmin.domain.governed import GOVERNED, Row, key_of, table_of
from mailadmin.domain.organisation import Branch, User
from mailadmin.domain.services import Override, ServiceKind
from mailadmin.errors import AlreadyApplied
from mailadmin.migration import planning
from mailadmin.migration.plan import Plan
from mailadmin.migration.snapshot import Snapshot
from mailadmin.storage import audit_trail, repository
from mailadmin.storage.keys import KEY_VARIABLE, new_key
from mailadmin.storage.vault import location_of
from mailadmin.usecases import migrating
from tests.canaries import canary, exported
from tests.engines import Cluster, cluster

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


@dataclass
class Counters:
    """What a group did, and what it found: `found` are figures of its own."""

    group: str
    seed: int = 0
    cases_run: int = 0
    faults_injected: int = 0
    invariants_checked: int = 0
    violations: int = 0
    unknown: int = 0
    worst_ms: int = 0
    found: dict[str, int] = field(default_factory=dict)

    def equal(self, actual: object, expected: object, where: str) -> None:
        """An invariant. Raises AssertionError where it does not hold."""
        self.invariants_checked += 1
        if actual != expected:
            raise AssertionError(f"{where}: {_difference(actual, expected)}")

    def count(self, name: str, number: int = 1) -> None:
        self.found[name] = self.found.get(name, 0) + number

    @contextlib.contextmanager
    def case(self, *, faults: int = 1) -> Iterator[None]:
        """One case with its faults, timed."""
        started = time.perf_counter()
        yield
        self.cases_run += 1
        self.faults_injected += faults
        self.worst_ms = max(self.worst_ms, round((time.perf_counter() - started) * 1000))


def _difference(actual: object, expected: object) -> str:
    if isinstance(actual, dict) and isinstance(expected, dict):
        odd = {name: (actual.get(name), expected.get(name)) for name in actual.keys() | expected.keys()}
        return "; ".join(f"{name}: {a!r} is not {e!r}" for name, (a, e) in odd.items() if a != e)
    return f"{actual!r} is not {expected!r}"


# Stores, made, copied and looked at without mailadmin.

Picture = dict[str, list[tuple[Any, ...]]]

_PICTURED = {
    **dict.fromkeys(GOVERNED, "*"),
    "contents": "*",
    "store": "lineage, serial, schema_version, key_id, sealed_from, contents_from, mac",
    "runs": "*",
    "snapshots": "*",
    "audit_trail": "*",
    "secrets": "location, fingerprint, key_id",
}
"""TABLE: what two equal states have in common: everything but the random numbers of encryption."""


@dataclass
class Places:
    """Where stores of one engine are made: files in a folder, or databases of a cluster."""

    folder: Path
    server: Cluster | None = None
    made: int = 0

    @property
    def engine(self) -> str:
        return "postgresql" if self.server else "sqlite"

    def fresh(self) -> str:
        """The URL of a place where there is no store yet."""
        if self.server:
            return self.server.url()
        self.made += 1
        return f"sqlite:///{self.folder / f'{self.made}.db'}"

    def copy(self, url: str) -> str:
        """The URL of a copy of a store that nobody has open."""
        self.made += 1
        if self.server:
            name = f"{_database(url)}_{self.made}"
            self._administer(f"CREATE DATABASE {name} TEMPLATE {_database(url)} STRATEGY WAL_LOG")
            return url.replace(f"@/{_database(url)}?", f"@/{name}?")
        copied = f"sqlite:///{self.folder / f'{self.made}.db'}"
        shutil.copyfile(file_of(url), file_of(copied))
        return copied

    def drop(self, url: str) -> None:
        if self.server:
            self._administer(f"DROP DATABASE {_database(url)} WITH (FORCE)")
        else:
            for file in self.folder.glob(f"{file_of(url).name}*"):
                file.unlink()

    @contextlib.contextmanager
    def copied(self, url: str) -> Iterator[str]:
        """A copy, for as long as it is needed."""
        copied = self.copy(url)
        try:
            yield copied
        finally:
            self.drop(copied)

    @contextlib.contextmanager
    def asking(self, url: str) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
        """Statements put to the database itself, past mailadmin; each is committed."""
        if self.server:
            with psycopg.connect(url, autocommit=True) as server:
                yield lambda statement: _fetched(server.execute(statement.encode()))
            return
        with contextlib.closing(sqlite3.connect(file_of(url), isolation_level=None)) as file:
            yield lambda statement: file.execute(statement).fetchall()

    def ask(self, url: str, statement: str) -> list[tuple[Any, ...]]:
        """One statement put to the database itself."""
        with self.asking(url) as ask:
            return ask(statement)

    def picture(self, url: str) -> Picture:
        """A store's content, as far as two equal states have it in common."""
        with self.asking(url) as ask:
            return {t: sorted(ask(f"SELECT {what} FROM {t}"), key=repr) for t, what in _PICTURED.items()}

    def _administer(self, statement: str) -> None:
        assert self.server
        with psycopg.connect(f"host={self.server.folder} user=mailadmin dbname=postgres", autocommit=True) as server:
            server.execute(statement.encode())


def _fetched(answer: psycopg.Cursor[Any]) -> list[tuple[Any, ...]]:
    return answer.fetchall() if answer.description else []


def _database(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


def file_of(url: str) -> Path:
    """The file of a store in SQLite."""
    return Path(url.removeprefix("sqlite:///"))


@contextlib.contextmanager
def places(engine: str) -> Iterator[Places]:
    """Places of an engine, in a folder that goes away."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        server = stack.enter_context(cluster()) if engine == "postgresql" else None
        yield Places(Path(folder), server)


# Stores about to be changed, small, with everything a plan can hold.


@dataclass(frozen=True)
class Stage:
    """A store, what is about to be done to it, and how it looks before and after."""

    places: Places
    url: str
    environment: dict[str, str]
    work: Callable[[App], object]
    before: Picture = field(default_factory=dict)
    after: Picture = field(default_factory=dict)
    secret: str = field(default="", repr=False)
    """The text of the secret that stands in the vault at `SECRET_AT` before and after."""

    @contextlib.contextmanager
    def opened(self, url: str, actor: str = "anna") -> Iterator[App]:
        """A store of this stage, with its key."""
        app = bootstrap.connect(url, environment=self.environment, clock=lambda: NOW, actor=actor)
        try:
            yield app
        finally:
            app.close()

    def again(self, url: str) -> str:
        """What the work says when it is tried once more: `done`, or `was done` before."""
        with self.opened(url) as app:
            try:
                self.work(app)
            except AlreadyApplied:
                return "was done"
        return "done"

    def moments(self) -> list[str]:
        """Every statement and commit of the work, in order."""
        met: list[str] = []
        with self.places.copied(self.url) as url, self.opened(url) as app:
            watch(app, lambda _, moment: met.append(moment))
            self.work(app)
        return met

    def survived(self, url: str, acknowledged: bool, counters: Counters, where: str) -> str:
        """What must hold after a fault: returns `before` or `after`."""
        found = self.places.picture(url)
        state = "after" if found == self.after else "before"
        counters.equal(found, self.after if acknowledged or state == "after" else self.before, where)
        with self.opened(url) as app, app.store.reading() as connection:
            entries = audit_trail.verify(connection, app.seal())
            serial = repository.state(connection).serial
            secret = app.vault(connection, "look").reveal(self._fingerprint(found), SECRET_AT)
        counters.equal(entries, len(found["audit_trail"]), f"{where}, entries of the audit trail")
        counters.equal(serial, len(found["runs"]), f"{where}, serial")
        counters.equal(secret == self.secret, True, f"{where}, the secret can be read")
        said = self.again(url)
        grown = len(self.after["runs"]) > len(self.before["runs"])
        counters.equal(said, "was done" if grown and state == "after" else "done", f"{where}, tried again")
        counters.equal(self.places.picture(url), self.after, f"{where}, then tried again")
        counters.count(state)
        return state

    @staticmethod
    def _fingerprint(picture: Picture) -> str:
        return next(str(fingerprint) for location, fingerprint, _ in picture["secrets"] if location == SECRET_AT)


SECRET_AT = location_of("overrides", ("global", "smtp", "anna"), "password")
EXPORT = {
    "users": [{"user_id": name, "name": name} for name in ("Anna", "Björn", "00123", "123")],
    "entities": [{"code": "KL"}],
    "branches": [{"code": "AKL", "entity": "KL"}],
    "contacts": [{"business_partner": "P", "name": "Chen", "email": "chen@p.example"}],
    "portals": [{"code": "SHOP", "smtp_server": "portal.example", "smtp_port": 25}],
}
"""What a small site noted, passwords apart."""


def export(file: Path, password: str, server: str = "smtp.example") -> Path:
    """An export with everybody's password."""
    account = {"EmailSmtpServer": server, "EmailSmtpPort": 587, "EmailSmtpEnableSsl": True}
    everybody = {**account, "EmailSmtpUserId": "all@kl.example", "EmailSmtpPassword": canary()}
    own = {"EmailUseGlobalSettings": False, "EmailSmtpUserId": "anna@kl.example", "EmailSmtpPassword": password}
    content = {
        **EXPORT,
        "global_settings": [{"property": name, "value": value} for name, value in everybody.items()],
        "user_preferences": [{"user_id": name, **account, **own} for name in ("Anna", "Björn")],
    }
    exported(file).write_text(json.dumps(content))
    return file


def plan_change(app: App, target: Sequence[Row], remove: Sequence[str] = ()) -> Plan:
    """A sealed plan that brings the store to these rows, and removes those of these names."""
    with app.store.reading() as connection:
        current = repository.rows(connection, app.sealer(connection))
        base = migrating.base_of(app, repository.state(connection))
    rows = {(table_of(row), key_of(row)): row for row in target}
    gone = [place for place in current if "/".join((place[0], *place[1])) in remove]
    assert len(gone) == len(remove), f"{sorted(current)} has not all of {remove}"
    return planning.plan_change(rows, current, base, remove=gone).sealed(app.seal())


def applied(app: App, plan: Plan) -> object:
    """A plan carried out, as confirmed."""
    return migrating.apply(app, plan, plan.confirmation)


def first_snapshot(app: App) -> Snapshot:
    """The first snapshot of a store, read and checked."""
    return migrating.load_snapshot(app, migrating.snapshots(app)[0].id)


def complete_plan(app: App) -> Plan:
    """A plan that creates, changes and deletes, and takes a secret along."""
    with app.store.reading() as connection:
        current = repository.rows(connection, app.sealer(connection))
    service: Any = current["services", ("global", "smtp")]
    own: Any = current["overrides", ("global", "smtp", "anna")]
    wanted: list[Row] = [
        replace(service, sender_name="Kowhai"),
        User(user_id="Zoë", name="Zoë", roles=("R1",)),
        Override(cost_centre="GLOBAL", service=ServiceKind.SMTP, user_id="Zoë", password=own.password),
        Branch(code="WLG", entity="KL"),
    ]
    return plan_change(app, wanted, ["overrides/global/smtp/björn", "contacts/p/chen/chen@p.example"])


def stages(at: Places) -> dict[str, Stage]:
    """A store before a plan is applied, before that run is taken back, and before a snapshot is taken."""
    secret, key = canary(), new_key()
    base = Stage(at, at.fresh(), {KEY_VARIABLE: key.text()}, work=lambda app: None, secret=secret)
    with base.opened(base.url) as app:
        snapshot = migrating.take_snapshot(app, export(at.folder / "export.json", secret))
        applied(app, migrating.make_plan(app, snapshot))
        plan = complete_plan(app)
    applied_url = at.copy(base.url)
    with base.opened(applied_url) as app:
        applied(app, plan)
        back = migrating.plan_rollback(app)
    other = export(at.folder / "other.json", canary(), "other.example")
    return {
        "apply": _performed(replace(base, work=partial(applied, plan=plan))),
        "rollback": _performed(replace(base, url=applied_url, work=partial(applied, plan=back))),
        "snapshot": _performed(replace(base, work=partial(migrating.take_snapshot, source=other))),
    }


def _performed(stage: Stage) -> Stage:
    with stage.places.copied(stage.url) as url:
        stage.again(url)
        after = stage.places.picture(url)
    return replace(stage, before=stage.places.picture(stage.url), after=after)


# Faults.


def watch(app: App, meet: Callable[[int, str], None]) -> None:
    """Have `meet` called before every statement and every commit, with its number from 0 on."""
    numbers = itertools.count()

    def statement(_connection: object, _cursor: object, text: str, *_: object) -> None:
        meet(next(numbers), text)

    event.listen(app.store.engine, "before_cursor_execute", statement)
    event.listen(app.store.engine, "commit", lambda _: meet(next(numbers), "COMMIT"))


def spill(app: App) -> None:
    """Have SQLite write to its file long before the commit, as it does in large transactions."""
    if app.store.engine.dialect.name == "sqlite":
        with app.store.reading() as connection:
            connection.exec_driver_sql("PRAGMA cache_size = 1")


Say = Callable[[str], None]


class Ended(NamedTuple):
    """What a child said until it ended, and by which signal it did, if by one."""

    said: list[str]
    signal: int


class Child:
    """Work done in a process forked from this one, which has everything imported; `say` sends a line to it.

    The parent has no store open meanwhile.
    """

    def __init__(self, work: Callable[[Say], None]) -> None:
        self._pipe, says = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of 3.12 on, where this process has threads
            self.pid = os.fork()
        if self.pid == 0:
            os.close(self._pipe)
            _do(work, lambda line: _write(says, line))
        os.close(says)
        self._heard = b""

    def hear(self, line: str) -> None:
        """Wait until the child has said this, or ended."""
        while f"{line}\n".encode() not in self._heard and (more := os.read(self._pipe, 65536)):
            self._heard += more

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def end(self) -> Ended:
        """Wait for the child's end."""
        while more := os.read(self._pipe, 65536):
            self._heard += more
        os.close(self._pipe)
        _, status = os.waitpid(self.pid, 0)
        return Ended(self._heard.decode().splitlines(), os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0)


def _write(pipe: int, line: str) -> None:
    os.write(pipe, f"{line}\n".encode())


def _do(work: Callable[[Say], None], say: Say) -> None:
    """The child's life: it never comes back."""
    try:
        work(say)
    except BaseException as error:
        say(f"{type(error).__name__}: {error}".replace("\n", " "))
    finally:
        os._exit(0)


def killed() -> None:
    """The end, at once."""
    os.kill(os.getpid(), signal.SIGKILL)


# The campaign.


def _kills(counters: Counters, at: Places, quick: bool) -> None:
    from tests.contract import test_killed

    ready = stages(at)
    for stage in ready.values():
        test_killed.kill_everywhere(stage, counters)
    for name, times in (("apply", 300), ("rollback", 100), ("snapshot", 100)):
        test_killed.kill_at_random(ready[name], times // 50 if quick else times, counters)
    if at.server:
        for number in range(0, len(ready["apply"].moments()), 9 if quick else 1):
            test_killed.stop_the_server(ready["apply"], at.server, number, counters)
    with test_killed.rotating(at) as (stage, key_file):
        test_killed.kill_the_rotation(stage, key_file, counters)
    test_killed.kill_the_upgrade(at, counters)


def _failing_writes(counters: Counters, at: Places, quick: bool) -> None:
    from tests.contract import test_failing_writes as failing

    causes = [failing.DiskFull, failing.Interrupted, *([failing.ConnectionLost] if at.server else [])]
    for stage in stages(at).values():
        for cause in causes:
            failing.fail_everywhere(stage, cause, counters)
        for limit in () if at.server else (failing.of_the_database, failing.of_files):
            failing.fill_up(stage, limit, 4096 if quick else 1024, counters)


def _many_writers(counters: Counters, at: Places, quick: bool) -> None:
    from tests.contract import test_many_writers as many

    many.count_together(at, 4, 25 if quick else 250, counters)
    many.count_together(at, 8, 25 if quick else 250, counters)
    for _ in range(2 if quick else 50):
        many.race(at, {who: [many.centre("GLOBAL", who)] for who in ("anna", "bob", "chen", "dora")}, counters)
        many.race(at, {who: [many.centre(who, who)] for who in ("anna", "bob")}, counters)
        counters.count("races", 2)


def _tampering(counters: Counters, at: Places, _quick: bool) -> None:
    from tests.contract import test_tampered

    test_tampered.tamper(stages(at), counters)


def _copies(counters: Counters, at: Places, quick: bool) -> None:
    from tests.contract import test_copies

    test_copies.copy_at_random(at, 5 if quick else 300, counters)
    test_copies.cut_and_tear(stages(at)["apply"], 10 if quick else 1_000, counters)


def _interrupts(counters: Counters, at: Places, quick: bool) -> None:
    from tests.contract import test_interrupted

    ready = stages(at)
    for stage in ready.values():
        test_interrupted.interrupt_everywhere(stage, counters)
    for name in ("apply", "rollback"):
        test_interrupted.interrupt_at_random(ready[name], 10 if quick else 300, counters)


def _bit_flips(counters: Counters, at: Places, quick: bool) -> None:
    from tests.contract import test_tampered

    test_tampered.flip_bits(at.folder, 100 if quick else 2_000, counters)


def _mutations(counters: Counters, at: Places, quick: bool) -> None:
    from tests.unit.interchange import test_group_d

    test_group_d.mutate_everything(at.folder, 5 if quick else 1_000, counters)


def _cells(counters: Counters, at: Places, quick: bool) -> None:
    from tests.unit.interchange import test_group_d

    for carrier in test_group_d.CARRIERS:
        test_group_d.carry(carrier, 200 if quick else 20_000, at.folder, counters)


def _stages(counters: Counters, _at: Places, quick: bool) -> None:
    from tests.unit.providers import test_smtp_stages

    test_smtp_stages.survive(counters)


def _mutated_messages(counters: Counters, _at: Places, quick: bool) -> None:
    from tests.unit.providers import test_mime

    messages = 200 if quick else 20_000
    with counters.case(faults=messages):
        passed = test_mime.mutate(messages, str(counters.seed))
    counters.invariants_checked += messages
    for kind, count in {"messages": messages, **passed}.items():
        counters.count(kind, count)


def _lost_replies(counters: Counters, _at: Places, quick: bool) -> None:
    from tests.wire import test_graph_campaign

    test_graph_campaign.lose_replies(100 if quick else 1_000, 0.2, counters)


def _answers(counters: Counters, _at: Places, quick: bool) -> None:
    from tests.wire import test_graph_campaign

    test_graph_campaign.answer_at_random(100 if quick else 10_000, counters)


def _cuts(counters: Counters, _at: Places, quick: bool) -> None:
    from tests.wire import test_graph_uploads

    test_graph_uploads.cut_everywhere(4_000_000 if quick else 19_660_793, counters)


def _killed_while_sending(counters: Counters, at: Places, quick: bool) -> None:
    """Messages sent by a process that is killed again and again, counted at the server."""
    for seed in range(counters.seed, counters.seed + (1 if quick else 5)):
        command = [sys.executable, "-m", "tests.kill_sending", "--messages", "40" if quick else "600"]
        answer = subprocess.run([*command, "--seed", str(seed)], check=True, capture_output=True, text=True)
        found = json.loads(answer.stdout)
        with counters.case(faults=found["kills"]):
            judged = {name: found[name] for name in ("doubles", "lost", "misreported")}
            counters.equal(judged, dict.fromkeys(judged, 0), f"seed {seed}")
        for name in ("messages", "accepted", "unknown"):
            counters.count(name, found[name])


GROUPS: dict[str, tuple[Callable[[Counters, Places, bool], None], tuple[str, ...]]] = {
    "A stages": (_stages, ("sqlite",)),
    "A mutated messages": (_mutated_messages, ("sqlite",)),
    "A killed while sending": (_killed_while_sending, ("sqlite",)),
    "B lost replies": (_lost_replies, ("sqlite",)),
    "B answers": (_answers, ("sqlite",)),
    "B cuts": (_cuts, ("sqlite",)),
    "C kills": (_kills, ("sqlite", "postgresql")),
    "C failing writes": (_failing_writes, ("sqlite", "postgresql")),
    "C many writers": (_many_writers, ("sqlite", "postgresql")),
    "C tampering": (_tampering, ("sqlite", "postgresql")),
    "C copies": (_copies, ("sqlite",)),
    "C interrupts": (_interrupts, ("sqlite", "postgresql")),
    "C bit flips": (_bit_flips, ("sqlite",)),
    "D mutations": (_mutations, ("sqlite",)),
    "D cells": (_cells, ("sqlite",)),
}
"""TABLE: the groups, what each does, and on which engines."""


def run(group: str, seed: int, *, quick: bool) -> Counters:
    """A whole group; the first invariant that does not hold ends it on that engine, and is told on standard error."""
    work, engines = GROUPS[group]
    counters = Counters(group, seed)
    for engine in engines:
        with places(engine) as at:
            try:
                work(counters, at, quick)
            except AssertionError as error:
                counters.violations += 1
                sys.stderr.write(f"{group}: {error}\n")
    return counters


def line(counters: Counters) -> str:
    """The line of a group."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    versions = {"commit": commit.stdout.strip(), "python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    return json.dumps({**asdict(counters), **versions, "rss_mb": peak // 1024})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run every group, or those named; 1 where an invariant did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"{', '.join(GROUPS)}; default: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="a few of each, to see that it runs")
    given = parser.parse_args(arguments)
    violations = 0
    for group in given.groups or GROUPS:
        counters = run(group, given.seed, quick=given.quick)
        sys.stdout.write(line(counters) + "\n")
        sys.stdout.flush()
        violations += counters.violations
    return 1 if violations else 0


if __name__ == "__main__":
    from tests import campaign  # so that the tests and this are of one module

    sys.exit(campaign.main())
