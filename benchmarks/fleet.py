"""A fleet asked by each runner: python -m benchmarks.fleet [--sites 200] [--users 5000] [--rounds 3] [--json FILE].

Every runner is started anew in each round, so that starting is part of it; a cluster, too, with two workers of its own,
and once more as one that is there already. All answers are compared with the plain loop's.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mailadmin.interchange.sites import Site
from mailadmin.usecases.fleet import Answer, ask, one_after_the_other
from mailadmin.usecases.fleet_runners import in_processes, on_cluster

from .stores import store

QUESTION = "effective"


@contextmanager
def cluster(workers: int) -> Iterator[str]:
    """The address of a scheduler with workers, processes of their own."""
    from distributed import Client

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    quiet = {
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
        "env": os.environ | {"PYTHONPATH": str(Path.cwd())},
    }
    port = address.rpartition(":")[2]
    words = [["scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard"]]
    words += [["worker", address, "--nworkers", "1", "--nthreads", "1", "--no-dashboard"]] * workers
    started = [subprocess.Popen([sys.executable, "-m", "dask", *line], **quiet) for line in words]  # type: ignore[call-overload]
    try:
        with Client(address, timeout="60s", set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)
        yield address
    finally:
        for process in started:
            process.terminate()
            process.wait()


def plain(sites: list[Site]) -> list[Answer]:
    """One after the other, in this process."""
    return ask(QUESTION, sites, runner=one_after_the_other)


def processes(sites: list[Site]) -> list[Answer]:
    """Two processes of concurrent.futures."""
    return ask(QUESTION, sites, runner=in_processes(2))


def started_cluster(sites: list[Site]) -> list[Answer]:
    """Dask, scheduler and two workers started for it."""
    with cluster(2) as address:
        return ask(QUESTION, sites, runner=on_cluster(address))


def main() -> None:
    """Ask, time, compare, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sites", type=int, default=200)
    parser.add_argument("--users", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    sizes = sorted({max(1, given.sites // 20), max(1, given.sites // 5), given.sites})
    made = store(given.users, 0.05)
    rows = []
    with tempfile.TemporaryDirectory(prefix="mailadmin-fleet-") as folder, cluster(2) as address:
        for number in range(given.sites):
            shutil.copyfile(made, Path(folder, f"{number}.db"))
        every = [Site(name=str(number), store=str(Path(folder, f"{number}.db"))) for number in range(given.sites)]

        def standing_cluster(sites: list[Site]) -> list[Answer]:
            return ask(QUESTION, sites, runner=on_cluster(address))

        sides: dict[str, Callable[[list[Site]], list[Answer]]] = {
            "plain loop": plain,
            "2 processes": processes,
            "Dask, started for it": started_cluster,
            "Dask, there already": standing_cluster,
        }
        expected = plain(every[:1]) * given.sites
        for size in sizes:
            seconds: dict[str, list[float]] = {name: [] for name in sides}
            for _ in range(given.rounds):
                for name, side in sides.items():
                    begun = time.perf_counter()
                    answers = side(every[:size])
                    seconds[name].append(time.perf_counter() - begun)
                    if [a.figures for a in answers] != [a.figures for a in expected[:size]]:
                        sys.exit(f"{name} answers something else")
            base = statistics.median(seconds["plain loop"])
            for name, found in seconds.items():
                median = statistics.median(found)
                rows.append(
                    {"sites": size, "side": name, "seconds": round(median, 2), "ratio": round(median / base, 2)}
                )
                print(
                    f"{size:>5} sites  {name:<22} {median:7.2f} s  {median / base:5.2f} of the plain loop", flush=True
                )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"peak of the asking process: {peak} MiB; {given.users:,} users a site")
    if given.json:
        given.json.write_text(json.dumps({"users": given.users, "rows": rows, "peak_mib": peak}, indent=1) + "\n")


if __name__ == "__main__":
    main()
