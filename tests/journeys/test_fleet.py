"""Many sites asked at once: complete, equal whoever does the work, whatever dies meanwhile."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

import mailadmin
from mailadmin.domain.services import ServiceKind
from mailadmin.errors import BadInput, MailFailed
from mailadmin.interchange.sites import Site
from mailadmin.usecases import configuring, fleet, fleet_runners, migrating
from mailadmin.usecases.fleet import Answer, Asked, ask, one_after_the_other
from mailadmin.usecases.fleet_runners import in_processes, on_cluster
from tests.canaries import canary
from tests.sites import CONFIGURATION, configure, site

SITES = 24
AUDIT = Asked("audit", rows=True)


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, ...]:
    folder = tmp_path_factory.mktemp("fleet")
    found = []
    for number in range(SITES):
        store = folder / f"{number}.db"
        app = mailadmin.connect(store, environment={}, actor="tester")
        people = "".join(f'[[users]]\nuser_id = "u{n}"\nname = "U"\nroles = ["Clerks"]\n' for n in range(number))
        configure(app, folder, f"{CONFIGURATION}\n{people}")
        app.close()
        found.append(Site(name=f"site {number:02}", store=str(store), tags=("odd",) if number % 2 else ()))
    (folder / "hurt.db").write_bytes(b"not a database, and larger than nothing at all" * 100)
    hurt, gone = Site(name="hurt", store=str(folder / "hurt.db")), Site(name="gone", store=str(folder / "gone.db"))
    return (*found[:10], hurt, *found[10:], gone)


@pytest.fixture(scope="module")
def plain(sites: tuple[Site, ...]) -> list[Answer]:
    return list(ask(AUDIT, sites))


def test_one_row_per_site_and_failures_are_rows_with_a_reason(sites: tuple[Site, ...], plain: list[Answer]) -> None:
    assert [answer.site for answer in plain] == [site.name for site in sites]
    assert {answer.site for answer in plain if answer.failed} == {"hurt", "gone"}
    third = next(answer for answer in plain if answer.site == "site 03")
    assert third.figures == (8, 4, 4, 0, 1)
    for store in (sites[-1].store, f"sqlite:///{sites[-1].store}"):
        assert next(ask(AUDIT, [Site(name="gone", store=store)])).reason.startswith("There is no store at ")
    assert not (Path(sites[-1].store)).exists()


def test_several_processes_answer_the_same(sites: tuple[Site, ...], plain: list[Answer]) -> None:
    assert list(ask(AUDIT, sites, runner=in_processes(2))) == plain


def test_rows_are_made_only_where_they_are_wanted(sites: tuple[Site, ...], plain: list[Answer]) -> None:
    without = list(ask(Asked("audit"), sites))
    assert without == [answer._replace(rows=()) for answer in plain] != plain


def test_answers_come_in_the_order_of_the_list_and_none_is_waited_for_that_is_not_next(sites: tuple[Site, ...]) -> None:
    given: list[str] = []

    def backwards_by_two(asked: Asked, sites: Sequence[Site]) -> Iterator[Answer]:
        for one, other in zip(sites[::2], sites[1::2], strict=True):
            for next_one in (other, one):
                given.append(next_one.name)
                yield Answer(next_one.name, "not asked")

    coming = ask(AUDIT, sites, runner=backwards_by_two)
    assert [next(coming).site for _ in range(4)] == [site.name for site in sites[:4]]
    assert len(given) == 4


def lethal(asked: Asked, site: Site) -> Answer:
    """Asks, and dies of one site."""
    if site.name == "hurt":
        os.kill(os.getpid(), signal.SIGKILL)
    return fleet.ask_site(asked, site)


def lethal_batch(asked: Asked, sites: Sequence[Site]) -> list[Answer]:
    return [lethal(asked, site) for site in sites]


AROUND_HURT = slice(6, 15)


def but_for_the_lethal_one(plain: Sequence[Answer], reason: str) -> list[Answer]:
    return [answer._replace(reason=reason) if answer.site == "hurt" else answer for answer in plain[AROUND_HURT]]


def test_a_process_that_is_killed_costs_no_answer(sites: tuple[Site, ...], plain: list[Answer]) -> None:
    killed: list[int] = []

    def progress(answer: Answer, done: int) -> None:
        if done == 3:
            killed.append(pid := int(str(multiprocessing.active_children()[0].pid)))
            os.kill(pid, signal.SIGKILL)

    assert list(ask(AUDIT, sites, runner=in_processes(2), progress=progress)) == plain
    assert killed


def test_only_a_site_that_kills_whoever_asks_it_alone_is_lost(
    sites: tuple[Site, ...], plain: list[Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet_runners, "ask_site", lethal)
    found = list(ask(AUDIT, sites[AROUND_HURT], runner=in_processes(2)))
    assert found == but_for_the_lethal_one(plain, "the process that asked it alone died (BrokenProcessPool)")


@pytest.mark.parametrize("question", ["effective", "scan"])
def test_every_question_has_a_figure_for_every_column(question: str, sites: tuple[Site, ...], tmp_path: Path) -> None:
    (tmp_path / "a.vb").write_text("x = finSettings.EmailSmtpServer\n' EmailSmtpPort\n", encoding="utf-8")
    asked = [Site(name=site.name, store=site.store, scripts=(str(tmp_path),)) for site in sites[:2]]
    for answer in ask(Asked(question, rows=True), asked):
        assert not answer.reason
        assert len(answer.figures) == len(fleet.QUESTIONS[question].figures)
        assert {len(row) for row in answer.rows} <= {len(fleet.QUESTIONS[question].columns)}


def test_what_was_answered_is_not_asked_again_and_failures_are(
    sites: tuple[Site, ...], plain: list[Answer], tmp_path: Path
) -> None:
    book, given = tmp_path / "book.jsonl", list[str]()

    def asked_now(asked: Asked = AUDIT, of: Sequence[Site] = sites) -> tuple[list[str], list[Answer]]:
        given.clear()
        return given, list(ask(asked, of, runner=counting, resume=book))

    def counting(asked: Asked, sites: Sequence[Site]) -> Iterator[Answer]:
        for answer in one_after_the_other(asked, sites):
            given.append(answer.site)
            yield answer

    coming = ask(AUDIT, sites, runner=counting, resume=book)
    assert [next(coming).site for _ in range(5)] == given == [site.name for site in sites[:5]]
    del coming
    assert asked_now() == ([site.name for site in sites[5:]], plain)
    assert asked_now() == (["hurt", "gone"], plain)
    assert asked_now(Asked("audit", "Account.Add"), sites[:2])[0] == ["site 00", "site 01"]
    assert asked_now(Asked("audit"), sites[:2])[0] == ["site 00", "site 01"]
    if os.name == "posix":
        assert book.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("left", [1, 5, 40])
def test_an_answer_that_was_not_wholly_written_is_asked_again_and_no_others(
    left: int, sites: tuple[Site, ...], plain: list[Answer], tmp_path: Path
) -> None:
    book = tmp_path / "book.jsonl"
    list(ask(AUDIT, sites[:3], resume=book))
    whole = book.read_bytes()
    book.write_bytes(whole + whole[:left])
    for _ in range(2):
        assert list(ask(AUDIT, sites[:4], resume=book)) == plain[:4]
    assert book.read_bytes().startswith(whole)
    assert book.read_bytes().count(b"\n") == 4


@pytest.mark.parametrize(
    "content", [b"something else\nand more\n", b"unfinished", b"\xb9\xff", b"[]\n", b'{"asked": ""}\n']
)
def test_a_file_that_is_no_book_is_refused_and_left_as_it_is(
    content: bytes, sites: tuple[Site, ...], tmp_path: Path
) -> None:
    (tmp_path / "other.txt").write_bytes(content)
    with pytest.raises(BadInput, match="line 1"):
        list(ask(AUDIT, sites, resume=tmp_path / "other.txt"))
    assert (tmp_path / "other.txt").read_bytes() == content
    with pytest.raises(BadInput, match="cannot be used"):
        list(ask(AUDIT, sites, resume=tmp_path))


class Cluster:
    """A scheduler and workers of Dask, processes of their own, on loopback; a nanny starts a worker again."""

    def __init__(self, folder: Path, workers: int, *, nanny: bool = False, **settings: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self._folder = folder
        quiet = {"DASK_DISTRIBUTED__SCHEDULER__DASHBOARD__STATUS__LAYOUT": "", "PYTHONPATH": str(Path.cwd())}
        self._environment = os.environ | quiet | settings
        self._processes = [
            self._start("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--no-jupyter")
        ]
        again = "--nanny" if nanny else "--no-nanny"
        options = ("--nworkers", "1", "--nthreads", "1", "--no-dashboard", "--death-timeout", "30", again)
        self.workers = [self._start("worker", self.address, *options) for _ in range(workers)]
        self._processes += self.workers

    def _start(self, kind: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", kind, *options]
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, cwd=self._folder, env=self._environment, stdout=quiet, stderr=quiet)

    def wait(self, workers: int) -> None:
        from distributed import Client

        client = Client(self.address, timeout="60s", set_as_default=False)
        client.wait_for_workers(workers, timeout=60)
        client.close()

    def lose_scheduler(self) -> None:
        self._processes[0].kill()

    def close(self) -> None:
        for process in reversed(self._processes):
            process.kill()
            process.wait(10)


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_cluster_answers_the_same_though_a_worker_is_killed_midway(
    sites: tuple[Site, ...], plain: list[Answer], tmp_path: Path
) -> None:
    cluster = Cluster(tmp_path, 2)
    try:
        cluster.wait(2)
        seen: list[str] = []

        def progress(answer: Answer, done: int) -> None:
            seen.append(answer.site)
            if done == 3:
                os.kill(cluster.workers[0].pid, signal.SIGKILL)

        assert list(ask(AUDIT, sites, runner=on_cluster(cluster.address, batch=1), progress=progress)) == plain
        assert sorted(seen) == sorted(site.name for site in sites)
        assert cluster.workers[0].wait(10) == -signal.SIGKILL
    finally:
        cluster.close()


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_worker_verifies_with_the_key_it_finds_and_says_where_there_is_none(tmp_path: Path) -> None:
    """The key of a site lies beside its store; it never travels, nor does a password."""
    refusing = CONFIGURATION.replace("mail.kowhai.example", "127.0.0.1")
    found = []
    for name in ("keyed", "keyless"):
        (tmp_path / name).mkdir()
        with closing(site(tmp_path / name)) as app, socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = f"port = {closed.getsockname()[1]}"
            configure(app, tmp_path, refusing.replace("port = 587", port))
            plan = configuring.plan_secret(app, "GLOBAL", ServiceKind.SMTP, "password", canary())
            migrating.apply(app, plan, plan.confirmation)
        found.append(Site(name=name, store=str(tmp_path / name / "mailadmin.db")))
    (tmp_path / "keyless" / "mailadmin.key").unlink()
    cluster = Cluster(tmp_path, 1)
    try:
        cluster.wait(1)
        keyed, keyless = ask(Asked("verify", rows=True), found, runner=on_cluster(cluster.address))
    finally:
        cluster.close()
    assert (keyed.reason, sum(keyed.figures[1:])) == ("", keyed.figures[0])
    assert keyed.figures[0] > 0
    assert "key" in keyless.reason
    assert keyless.rows == ()


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_site_that_kills_workers_takes_no_other_of_its_batch_along(
    sites: tuple[Site, ...], plain: list[Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet_runners, "_ask_batch", lethal_batch)
    monkeypatch.setattr(fleet_runners, "TASKS", 1)
    cluster = Cluster(tmp_path, 2, nanny=True, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0")
    try:
        cluster.wait(2)
        found = list(ask(AUDIT, sites[AROUND_HURT], runner=on_cluster(cluster.address)))
    finally:
        cluster.close()
    assert found == but_for_the_lethal_one(plain, "every worker that asked it alone died (KilledWorker)")


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_sites_that_a_lost_scheduler_did_not_ask_are_rows_with_the_reason(
    sites: tuple[Site, ...], plain: list[Answer], tmp_path: Path
) -> None:
    cluster = Cluster(tmp_path, 1)
    try:
        cluster.wait(1)
        found = ask(AUDIT, sites, runner=on_cluster(cluster.address, batch=1))
        assert next(found) == plain[0]
        cluster.lose_scheduler()
        rest = list(found)
    finally:
        cluster.close()
    assert rest[-1].reason == "the scheduler went away before it was asked (FutureCancelledError)"
    assert all(answer.failed or answer == expected for answer, expected in zip(rest, plain[1:], strict=True))


def test_nothing_but_the_question_and_the_list_travels(sites: tuple[Site, ...]) -> None:
    import pickle

    from mailadmin.usecases.fleet_runners import _ask_batch

    sent = pickle.dumps((_ask_batch, AUDIT, list(sites)))
    assert len(sent) < 300 * len(sites)
    answers = pickle.loads(pickle.dumps(list(ask(AUDIT, sites[:2]))))  # noqa: S301
    assert json.loads(json.dumps(answers))


def test_a_scheduler_that_does_not_answer_is_said_plainly(sites: tuple[Site, ...]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(MailFailed, match="No Dask scheduler answers"):
            list(on_cluster(address)(AUDIT, sites[:1]))


def test_fewer_than_one_process_is_refused() -> None:
    with pytest.raises(BadInput):
        in_processes(0)
