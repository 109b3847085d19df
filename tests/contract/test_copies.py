"""A copy of a store in use, made at any instant by any means, opens as a state that was committed (ST-04, ST-35)."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest

from mailadmin import bootstrap
from mailadmin.bootstrap import App
from mailadmin.domain.organisation import CostCentre
from mailadmin.errors import MailAdminError, StalePlan, StoreBusy
from mailadmin.storage import backup, repository
from mailadmin.storage.keys import KEY_VARIABLE, new_key
from mailadmin.usecases import maintaining
from tests.campaign import Child, Counters, Places, Say, Stage, applied, file_of, plan_change, spill, stages, watch
from tests.contract.test_killed import JOURNAL

PAGE = 4096
CENTRES = [f"C{number:02}" for number in range(12)]
"""Every run of a writer sets all of these to one text: a state in which they differ was never committed."""


@contextmanager
def opened(url: str, key: str) -> Iterator[App]:
    app = bootstrap.connect(url, environment={KEY_VARIABLE: key}, actor="anna")
    try:
        yield app
    finally:
        app.close()


def founded(at: Places, key: str) -> str:
    """A store whose rows are sealed."""
    url = at.fresh()
    with opened(url, key) as app, app.store.writing() as connection:
        app.vault(connection, "have rows sealed")
    return url


def write_on(url: str, key: str, who: str, say: Say, *, early: bool = False) -> None:
    """Apply one plan after the other until killed; where another writer was first, make it again.

    `early`: have SQLite write to its file long before the commit.
    """
    with opened(url, key) as app:
        if early:
            spill(app)
        for number in count(1):
            text = f"{who} {number}"
            with_text = [CostCentre(code=code, description=text) for code in CENTRES]
            while not _applied(app, with_text):
                pass
            say(f"run {number}")


def _applied(app: App, rows: list[CostCentre]) -> bool:
    try:
        applied(app, plan_change(app, rows))
    except (StalePlan, StoreBusy):
        return False
    return True


class Found(NamedTuple):
    """What there is in a copy: how many texts there are where there can be one, and how often each book was written."""

    texts: int
    serial: int
    runs: int
    entries: int
    problems: list[str]


def committed(serial: int) -> Found:
    """A store after so many runs."""
    return Found(min(1, serial), serial, serial, serial * len(CENTRES), [])


def found_in(at: Places, url: str, key: str) -> Found:
    """What a copy holds when it is opened; the chain of its audit trail is checked, and the seals of its rows."""
    with opened(url, key) as app:
        entries = maintaining.verify_trail(app)
        problems = [check.found for check in maintaining.doctor(app) if check.state == maintaining.PROBLEM]
    [(texts,)] = at.ask(url, "SELECT count(DISTINCT description) FROM cost_centres WHERE code <> 'GLOBAL'")
    [(serial,)] = at.ask(url, "SELECT serial FROM store")
    [(runs,)] = at.ask(url, "SELECT count(*) FROM runs")
    return Found(texts, serial, runs, entries, problems)


def stopped(child: Child) -> None:
    """Have a child stand still."""
    os.kill(child.pid, signal.SIGSTOP)
    os.waitpid(child.pid, os.WUNTRACED)


def journal_of(file: Path) -> Path:
    return Path(f"{file}-journal")


def copy_at_random(at: Places, times: int, counters: Counters) -> None:
    """Copy a file and its journal as they stand at an instant, as a snapshot of the disk does, while somebody writes.

    What was acknowledged before is in the copy (ST-04).
    """
    dice = random.Random(counters.seed)  # noqa: S311
    key = new_key().text()
    url = founded(at, key)
    writer = Child(partial(write_on, url, key, "anna", early=True))
    copies = []
    for number in range(1, times + 1):
        writer.hear(f"run {number}")
        time.sleep(dice.uniform(0, 0.03))
        stopped(writer)
        copies.append(_copy_of_the_disk(at, file_of(url)))
        os.kill(writer.pid, signal.SIGCONT)
    writer.kill()
    writer.end()
    for number, copy in enumerate(copies, 1):
        with counters.case():
            journal = journal_of(file_of(copy))
            counters.count("played back", journal.exists() and journal.read_bytes()[:8] == JOURNAL)
            found = found_in(at, copy, key)
            counters.equal(found, committed(found.serial), f"copy {number} of seed {counters.seed}")
            counters.equal(found.serial >= number, True, f"copy {number} of seed {counters.seed}, acknowledged")


def _copy_of_the_disk(at: Places, file: Path) -> str:
    copy = at.fresh()
    shutil.copyfile(file, file_of(copy))
    if journal_of(file).exists():
        shutil.copyfile(journal_of(file), journal_of(file_of(copy)))
    return copy


class Disk(NamedTuple):
    """A store in the middle of its commit: the file before, the file as it is, and the journal to play back."""

    before: bytes
    file: bytes
    journal: bytes

    def pages_written(self) -> list[int]:
        """The pages that are not, or not yet, what they were."""
        starts = range(0, len(self.file), PAGE)
        return [start for start in starts if self.file[start : start + PAGE] != self.before[start : start + PAGE]]

    def torn(self, start: int) -> bytes:
        """The file with a page of which only the first half was written."""
        return self.file[: start + PAGE // 2] + os.urandom(PAGE // 2) + self.file[start + PAGE :]


def in_its_commit(stage: Stage, url: str, *, early: bool) -> Child:
    """Somebody who stands still before the last COMMIT; `early`: with a part of it in the file already."""
    child = Child(partial(_stopping, stage, url, len(stage.moments()) - 1, early))
    child.hear("there")
    os.waitpid(child.pid, os.WUNTRACED)
    return child


def disk_in_a_commit(stage: Stage, *, early: bool) -> Disk:
    with stage.places.copied(stage.url) as url:
        child = in_its_commit(stage, url, early=early)
        disk = Disk(file_of(stage.url).read_bytes(), file_of(url).read_bytes(), journal_of(file_of(url)).read_bytes())
        child.kill()
        child.end()
    return disk


def _stopping(stage: Stage, url: str, number: int, early: bool, say: Say) -> None:
    def meet(met: int, _: str) -> None:
        if met == number:
            say("there")
            os.kill(os.getpid(), signal.SIGSTOP)

    with stage.opened(url) as app:
        if early:
            spill(app)
        watch(app, meet)
        stage.work(app)


def state_of(stage: Stage, file: bytes, journal: bytes) -> str:
    """What a store of these bytes is when it is opened: `before`, `after`, `noticed` to be damaged, or `between`."""
    url = f"sqlite:///{stage.places.folder / 'damaged.db'}"
    file_of(url).write_bytes(file)
    journal_of(file_of(url)).write_bytes(journal)
    try:
        with stage.opened(url) as app:
            problems = [check for check in maintaining.doctor(app) if check.state == maintaining.PROBLEM]
            with app.store.reading() as connection:
                repository.rows(connection, app.sealer(connection))
        found = stage.places.picture(url)
    except MailAdminError:
        return "noticed"
    if problems:
        return "noticed"
    return "before" if found == stage.before else "after" if found == stage.after else "between"


def cut_and_tear(stage: Stage, cuts: int, counters: Counters) -> None:
    """Cut the journal, and tear each page that is being written (ST-04).

    A journal that is not needed yet may be cut anywhere, and a whole one restores every torn page. A needed one that
    was cut, which no crash does, is noticed, or not needed where it was cut.
    """
    dice = random.Random(counters.seed)  # noqa: S311
    late, early = disk_in_a_commit(stage, early=False), disk_in_a_commit(stage, early=True)
    counters.equal((late.pages_written(), early.journal[:8]), ([], JOURNAL), "the commit")
    for start in early.pages_written():
        with counters.case():
            counters.equal(state_of(stage, early.torn(start), early.journal), "before", f"torn at {start}")
            counters.count("torn")
    for disk, expected in ((late, {"before"}), (early, {"before", "noticed"})):
        for length in (0, 1, 27, 28, 512, *(dice.randrange(len(disk.journal)) for _ in range(cuts))):
            with counters.case():
                state = state_of(stage, disk.file, disk.journal[:length])
                counters.equal(state in expected, True, f"journal cut to {length} bytes: {state}")
                counters.count(state)


@pytest.fixture(params=["sqlite", "postgresql"])
def at(request: pytest.FixtureRequest, tmp_path: Path) -> Places:
    server = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    return Places(tmp_path, server)


def test_a_copy_of_the_disk_at_any_instant_is_a_committed_state(tmp_path: Path) -> None:
    counters = Counters("C copies", seed=1)
    copy_at_random(Places(tmp_path), 15, counters)
    assert counters.cases_run == 15


def test_a_cut_journal_or_a_torn_page_is_undone_or_noticed(tmp_path: Path) -> None:
    counters = Counters("C copies", seed=1)
    cut_and_tear(stages(Places(tmp_path))["apply"], 10, counters)
    found = counters.found
    assert counters.cases_run == found["torn"] + found["before"] + found["noticed"]
    assert (found["torn"] > 5, found["before"] >= 15, found["noticed"] > 0) == (True, True, True)


def by_sqlite(at: Places, url: str) -> str:
    """As the store copies itself before an upgrade."""
    return f"sqlite:///{backup.copy_file(file_of(url), f'copy{at.made}')}"


def by_the_shell(at: Places, url: str) -> str:
    """As an administrator does with `.backup` or VACUUM INTO."""
    copy = at.fresh()
    with closing(sqlite3.connect(file_of(url))) as database:
        database.execute("VACUUM INTO ?", [str(file_of(copy))])
    return copy


def by_pg_dump(at: Places, url: str) -> str:
    assert at.server
    copy, dump = at.fresh(), str(at.server.folder / "dump.sql")
    at.server.run("pg_dump", "-f", dump, "-d", url)
    at.server.run("psql", "-q", "-v", "ON_ERROR_STOP=1", "-f", dump, "-d", copy)
    return copy


WAYS: dict[str, list[Callable[[Places, str], str]]] = {
    "sqlite": [by_sqlite, by_the_shell],
    "postgresql": [by_pg_dump],
}


def test_a_backup_while_four_write_is_a_committed_state(at: Places) -> None:
    """ST-35."""
    key = new_key().text()
    url = founded(at, key)
    writers = [Child(partial(write_on, url, key, who)) for who in ("anna", "bob", "chen", "dora")]
    copies = []
    for number in (1, 2, 3):
        writers[0].hear(f"run {number}")
        copies += [(number, way(at, url)) for way in WAYS[at.engine]]
    for writer in writers:
        writer.kill()
        writer.end()
    found = [found_in(at, copy, key) for _, copy in copies]
    assert found == [committed(copy.serial) for copy in found]
    assert [copy.serial >= number for copy, (number, _) in zip(found, copies, strict=True)] == [True] * len(copies)


def test_a_backup_within_a_commit_waits_for_its_end(tmp_path: Path) -> None:
    """ST-35: half of the commit is in the file already."""
    stage = stages(Places(tmp_path))["apply"]
    url = f"sqlite:///{tmp_path / 'copied.db'}"
    shutil.copyfile(file_of(stage.url), file_of(url))
    writer = in_its_commit(stage, url, early=True)
    copier = Child(lambda say: say(backup.copy_file(file_of(url), "copy").name))
    time.sleep(0.2)  # for a copier that would not wait
    os.kill(writer.pid, signal.SIGCONT)
    assert [child.end().said for child in (writer, copier)] == [["there"], ["copied.db.copy"]]
    assert stage.places.picture(f"{url}.copy") == stage.after
