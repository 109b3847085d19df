"""Who does a fleet's work: this process, several of this machine, or the workers of a Dask cluster.

Laws: every runner gives the same answers; a worker that dies loses time, not answers; nothing but the list of sites and
the question travels, so a worker opens a store with the keys it has itself, or with none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import Any

from ..errors import BadInput, MailFailed
from ..interchange.sites import Site
from .fleet import Answer, Options, Runner, ask_site

BATCH = 10
"""Sites in one task for a cluster: a task costs about a millisecond there, and a lost worker's tasks are done again."""


def in_processes(jobs: int) -> Runner:
    """Several processes of this machine. Raises BadInput for fewer than one."""
    if jobs < 1:
        raise BadInput("--jobs is at least 1.")

    def run(question: str, sites: Sequence[Site], options: Options) -> Iterator[Answer]:
        from concurrent.futures import ProcessPoolExecutor, as_completed
        from multiprocessing import get_context

        # Spawned: a forked process would share the connections of this one.
        with ProcessPoolExecutor(min(jobs, len(sites)) or 1, mp_context=get_context("spawn")) as pool:
            asked = {pool.submit(ask_site, question, site, options): site for site in sites}
            for future in as_completed(asked):
                error = future.exception()
                yield _lost(asked[future], error) if error else future.result()

    return run


def on_cluster(address: str, batch: int = BATCH) -> Runner:
    """The workers of a Dask cluster that is there already, `tcp://host:port`, several sites a task.

    Raises BadInput without the extra [fleet], MailFailed where no scheduler answers.
    """
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise BadInput("A cluster needs the extra: pip install 'mailadmin[fleet]'.") from error

    def run(question: str, sites: Sequence[Site], options: Options) -> Iterator[Answer]:
        try:
            client = Client(address, timeout="10s", set_as_default=False)
        except (OSError, ValueError) as error:
            raise MailFailed(
                "cluster", f"No Dask scheduler answers at {address}.", remedy="Start one: dask scheduler"
            ) from error
        with closing(client):
            batches = [sites[at : at + batch] for at in range(0, len(sites), batch)]
            tasks = client.map(partial(_ask_batch, question, options), batches, pure=False, retries=2)
            of_task = {task.key: sites for task, sites in zip(tasks, batches, strict=True)}
            for task in as_completed(tasks, loop=client.loop, raise_errors=False):
                yield from _answers(task, of_task[task.key])

    return run


def _ask_batch(question: str, options: Options, sites: Sequence[Site]) -> list[Answer]:
    return [ask_site(question, site, options) for site in sites]


def _answers(task: Any, sites: Sequence[Site]) -> list[Answer]:
    if task.status != "finished":
        return [_lost(site, task.exception()) for site in sites]
    found: list[Answer] = task.result()
    return found


def _lost(site: Site, error: BaseException | None) -> Answer:
    return Answer(site.name, f"whoever worked on it went away ({type(error).__name__})")
