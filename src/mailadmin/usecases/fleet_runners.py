"""Who does a fleet's work: this process, several of this machine, or the workers of a Dask cluster.

Laws: every runner gives the same answers; who dies while asking loses time, not answers, and only a site that kills
whoever asks it alone is lost; nothing but the question and the list of sites travels, so a worker opens a store with
the keys it has itself, or with none.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING

from ..errors import BadInput, MailFailed
from ..interchange.sites import Site
from .fleet import Answer, Asked, Runner, ask_site

if TYPE_CHECKING:
    from distributed import Client

BATCH = 10
"""The most sites in one task for a cluster: a task costs some milliseconds, and a lost worker's are done again."""

TASKS = 4
"""The fewest tasks for each thread of a cluster, where there are sites enough: nobody waits long for the last one."""


def in_processes(jobs: int) -> Runner:
    """Several processes of this machine. Raises BadInput for fewer than one."""
    if jobs < 1:
        raise BadInput("--jobs is at least 1.")

    def run(asked: Asked, sites: Sequence[Site]) -> Iterator[Answer]:
        left = deque(sites)
        while left:
            suspects = yield from _until_one_dies(min(jobs, len(left)), asked, left)
            for site in suspects:
                if (yield from _until_one_dies(1, asked, deque([site]))):
                    yield _lost(site, BrokenProcessPool())

    return run


def _until_one_dies(jobs: int, asked: Asked, left: deque[Site]) -> Generator[Answer, None, list[Site]]:
    """Answers, until none is left to ask or a process dies: then those it may have died of."""
    asking: dict[Future[Answer], Site] = {}
    # Spawned: a forked process would share the connections of this one.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        try:
            while left or asking:
                while left and len(asking) <= jobs:  # one more than are at work, so that nobody waits for this process
                    asking[pool.submit(ask_site, asked, left[0])] = left[0]
                    left.popleft()
                for future in wait(asking, return_when=FIRST_COMPLETED).done:
                    answer = future.result()
                    del asking[future]
                    yield answer
        except BrokenProcessPool:
            pass
    return list(asking.values())


def on_cluster(address: str, batch: int = BATCH) -> Runner:
    """The workers of a Dask cluster that is there already, `tcp://host:port`, up to so many sites a task.

    Raises BadInput without the extra [fleet], MailFailed where no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise BadInput("A cluster needs the extra: pip install 'mailadmin[fleet]'.") from error

    def run(asked: Asked, sites: Sequence[Site]) -> Iterator[Answer]:
        try:
            client = Client(address, timeout="10s", set_as_default=False)
        except (OSError, ValueError) as error:
            raise MailFailed(
                "cluster", f"No Dask scheduler answers at {address}.", remedy="Start one: dask scheduler"
            ) from error
        with closing(client):
            threads = sum(client.nthreads().values()) or 1
            size = max(1, min(batch, len(sites) // (TASKS * threads)))
            yield from _from_workers(client, asked, [sites[at : at + size] for at in range(0, len(sites), size)])

    return run


def _from_workers(client: Client, asked: Asked, batches: Sequence[Sequence[Site]]) -> Iterator[Answer]:
    from distributed import KilledWorker, as_completed

    ask = partial(_ask_batch, asked)
    tasks = client.map(ask, batches, pure=False)
    asking = {task.key: sites for task, sites in zip(tasks, batches, strict=True)}
    finished = as_completed(tasks, loop=client.loop, raise_errors=False)
    del tasks  # a worker keeps an answer for as long as somebody here asks for it
    suspects: list[Site] = []
    for task in finished:
        sites = asking.pop(task.key)
        try:
            answers = task.result()
        except KilledWorker:
            suspects += sites
        except Exception as error:
            yield from (_lost(site, error) for site in sites)
        else:
            yield from answers
    for site in suspects:
        # One at a time: Dask suspects every task that waits where a worker dies.
        try:
            answers = client.submit(ask, [site], pure=False).result()
        except Exception as error:
            yield _lost(site, error)
        else:
            yield from answers


def _ask_batch(asked: Asked, sites: Sequence[Site]) -> list[Answer]:
    return [ask_site(asked, site) for site in sites]


def _lost(site: Site, error: Exception) -> Answer:
    name = type(error).__name__
    return Answer(site.name, f"{_REASONS.get(name, 'the workers cannot run this mailadmin')} ({name})")


_REASONS = {
    "BrokenProcessPool": "the process that asked it alone died",
    "KilledWorker": "every worker that asked it alone died",
    "FutureCancelledError": "the scheduler went away before it was asked",
}
