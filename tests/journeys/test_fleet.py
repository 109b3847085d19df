"""Many sites asked at once: complete, equal whoever does the work, whatever dies meanwhile."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import mailadmin
from mailadmin.errors import BadInput, MailFailed
from mailadmin.interchange.sites import Site
from mailadmin.usecases import fleet
from mailadmin.usecases.fleet import Answer, Options, Runner, ask, one_after_the_other
from mailadmin.usecases.fleet_runners import in_processes, on_cluster
from tests.sites import CONFIGURATION, configure

SITES = 24


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
    return ask("audit", sites)


def test_one_row_per_site_and_failures_are_rows_with_a_reason(sites: tuple[Site, ...], plain: list[Answer]) -> None:
    assert [answer.site for answer in plain] == [site.name for site in sites]
    assert {answer.site for answer in plain if answer.failed} == {"hurt", "gone"}
    third = next(answer for answer in plain if answer.site == "site 03")
    assert third.figures == (8, 4, 4, 0, 1)
    assert not (Path(sites[-1].store)).exists()


def test_several_processes_answer_the_same(sites: tuple[Site, ...], plain: list[Answer]) -> None:
    assert ask("audit", sites, runner=in_processes(2)) == plain


@pytest.mark.parametrize("question", ["effective", "scan"])
def test_every_question_has_a_figure_for_every_column(question: str, sites: tuple[Site, ...], tmp_path: Path) -> None:
    (tmp_path / "a.vb").write_text("x = finSettings.EmailSmtpServer\n' EmailSmtpPort\n", encoding="utf-8")
    asked = [Site(name=site.name, store=site.store, scripts=(str(tmp_path),)) for site in sites[:2]]
    for answer in ask(question, asked):
        assert not answer.reason
        assert len(answer.figures) == len(fleet.QUESTIONS[question].figures)
        assert {len(row) for row in answer.rows} <= {len(fleet.QUESTIONS[question].columns)}


def test_what_was_answered_is_not_asked_again_and_failures_are(sites: tuple[Site, ...], tmp_path: Path) -> None:
    book, asked = tmp_path / "book.jsonl", list[str]()

    def counting(question: str, sites: tuple[Site, ...], options: Options) -> Iterator[Answer]:
        for answer in one_after_the_other(question, sites, options):
            asked.append(answer.site)
            if len(asked) == 5:
                book.write_text(book.read_text() + '{"asked": "torn')
                raise KeyboardInterrupt
            yield answer

    runner: Runner = counting  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        ask("audit", sites, runner=runner, resume=book)
    book.write_text(book.read_text().rpartition("\n")[0] + "\n")
    assert asked == [site.name for site in sites[:5]]
    asked.clear()
    asked += ["-"] * 10
    assert ask("audit", sites, runner=runner, resume=book) == ask("audit", sites)
    assert asked[10:] == [site.name for site in sites[4:]]
    asked[10:] = []
    ask("audit", sites, runner=runner, resume=book)
    assert asked[10:] == ["hurt", "gone"]
    asked[10:] = []
    ask("audit", sites[:2], runner=runner, resume=book, options={"key": "Account.Add"})
    assert asked[10:] == ["site 00", "site 01"]
    if os.name == "posix":
        assert book.stat().st_mode & 0o077 == 0


def test_a_file_that_is_no_book_is_refused(sites: tuple[Site, ...], tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("something else\nand more\n")
    with pytest.raises(BadInput, match="line 1"):
        ask("audit", sites, resume=tmp_path / "other.txt")


class Cluster:
    """A scheduler and workers of Dask, processes of their own, on loopback."""

    def __init__(self, folder: Path, workers: int) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self._folder = folder
        quiet = {"DASK_DISTRIBUTED__SCHEDULER__DASHBOARD__STATUS__LAYOUT": "", "PYTHONPATH": str(Path.cwd())}
        self._environment = os.environ | quiet
        self._processes = [
            self._start("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--no-jupyter")
        ]
        options = ("--nworkers", "1", "--nthreads", "1", "--no-dashboard", "--no-nanny", "--death-timeout", "30")
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

        assert ask("audit", sites, runner=on_cluster(cluster.address, batch=1), progress=progress) == plain
        assert sorted(seen) == sorted(site.name for site in sites)
        assert cluster.workers[0].wait(10) == -signal.SIGKILL
    finally:
        cluster.close()


def test_nothing_but_the_question_and_the_list_travels(sites: tuple[Site, ...]) -> None:
    import pickle

    from mailadmin.usecases.fleet_runners import _ask_batch

    sent = pickle.dumps((_ask_batch, "audit", {"key": "K"}, list(sites)))
    assert len(sent) < 300 * len(sites)
    answers = pickle.loads(pickle.dumps(ask("audit", sites[:2])))  # noqa: S301
    assert json.loads(json.dumps(answers))


def test_a_scheduler_that_does_not_answer_is_said_plainly(sites: tuple[Site, ...]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(MailFailed, match="No Dask scheduler answers"):
            list(on_cluster(address)("audit", sites[:1], {}))


def test_fewer_than_one_process_is_refused() -> None:
    with pytest.raises(BadInput):
        in_processes(0)
