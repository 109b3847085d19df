"""A fleet asked by each runner, and once more while a worker is killed.

python -m benchmarks.fleet [--sites 200] [--users 5000] [--rounds 2] [--json FILE] [--kill]

Every run is a process of its own that begins with a bare interpreter, so that starting is part of it; a cluster is one
scheduler and two workers, started for a run, or standing already. Every answer is compared with the plain loop's.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from . import rows
from .stores import store

PLAIN = "plain loop"
STARTED = "Dask, started for it"
SIDES = {PLAIN: [], "2 processes": ["--jobs", "2"], STARTED: ["--scheduler"], "Dask, there already": ["--scheduler"]}
QUESTION = "effective"
KILLED_AT = 0.4
"""The share of the sites that have been answered when a worker is killed."""


class Run(NamedTuple):
    """What one run of a command printed and took; CPU and memory are the asking process's and its children's."""

    printed: bytes
    seconds: float
    cpu: float
    peak_mib: float


def fleet(folder: Path, number: int, users: int) -> Path:
    """A list of so many sites, no two of them alike: of each, some more users have left their branch."""
    made = store(users, 0.05)
    for site in range(number):
        shutil.copyfile(made, folder / f"{site}.db")
        with closing(sqlite3.connect(folder / f"{site}.db")) as connection, connection:
            connection.execute("UPDATE users SET branch = NULL, active = 0 WHERE rowid <= ?", (5 * site,))
    listed = folder / "sites.toml"
    listed.write_text("".join(f'[[site]]\nname = "{site}"\nstore = "{site}.db"\n' for site in range(number)))
    return listed


def asking(question: str, listed: Path, options: Sequence[str] = ()) -> list[str]:
    """The command that asks a fleet."""
    return [sys.executable, "-m", "mailadmin.cli", "fleet", question, str(listed), "--format", "csv", "--raw", *options]


def run(command: Sequence[str]) -> Run:
    """Run a command to its end."""
    with tempfile.TemporaryFile() as out:
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdout=out)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{' '.join(command[1:])} ends with {process.returncode}")
        out.seek(0)
        return Run(out.read(), seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


@contextmanager
def cluster(workers: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The address of a scheduler, and its workers: started by command line, as anybody would."""
    from distributed import Client

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    address = f"tcp://127.0.0.1:{port}"
    words = [["scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard"]]
    words += [["worker", address, "--nworkers", "1", "--nthreads", "1", "--no-nanny", "--no-dashboard"]] * workers
    quiet = subprocess.DEVNULL
    started = [subprocess.Popen([sys.executable, "-m", "dask", *line], stdout=quiet, stderr=quiet) for line in words]
    try:
        with Client(address, timeout="60s", set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)
        yield address, started[1:]
    finally:
        for process in reversed(started):
            process.kill()  # asked to end while it looks for its scheduler, a worker may not
            process.wait()


def compare(listed: Path, sites: int, rounds: int, file: Path | None, words: str) -> bool:
    """Ask by each runner in turn, and keep what each takes beside the plain loop; whether all answered the same."""
    quiet = rows.is_quiet()
    runs: dict[str, list[Run]] = {side: [] for side in SIDES}
    with cluster(2) as (standing, _):
        for _ in range(rounds):
            for side, options in SIDES.items():
                begun = time.perf_counter()
                if side == STARTED:
                    with cluster(2) as (address, _):
                        found = run(asking(QUESTION, listed, [*options, address]))
                    found = found._replace(seconds=time.perf_counter() - begun)
                else:
                    found = run(asking(QUESTION, listed, [*options, standing] if "--scheduler" in options else options))
                runs[side].append(found)
    plain = _median(runs[PLAIN])
    for side, found_by in runs.items():
        ours, agree = _median(found_by), all(one.printed == plain.printed for one in found_by)
        beside = {"rival": plain.seconds, "rival_peak_mib": plain.peak_mib} if side != PLAIN else {}
        rows.tell(
            file,
            rows.Row(
                question="fleet",
                case=side,
                size=sites,
                things="sites",
                unit="s",
                ours=ours.seconds,
                ours_cpu=None if "Dask" in side else ours.cpu,  # a worker's is not its asker's
                ours_peak_mib=ours.peak_mib,
                rival_name="" if side == PLAIN else PLAIN,
                **beside,  # type: ignore[arg-type]
                agree=agree,
                rounds=rounds,
                quiet=quiet,
                command=words,
            ),
        )
    return all(one.printed == plain.printed for found_by in runs.values() for one in found_by)


def _median(runs: Sequence[Run]) -> Run:
    seconds, cpu, peak = (statistics.median(figures) for figures in list(zip(*runs, strict=True))[1:])
    return Run(runs[0].printed, seconds, cpu, peak)


def kill(listed: Path, sites: int, users: int) -> bool:
    """Ask on a cluster of two workers, kill one midway, and compare every byte with the plain loop's output."""
    same = True
    for question in ("effective", "audit"):
        options = ["--rows"] if question == "audit" else []
        plain = run(asking(question, listed, options)).printed
        book = listed.with_name(f"{question}.jsonl")
        with cluster(2) as (address, workers), tempfile.TemporaryFile() as out:
            command = asking(question, listed, [*options, "--scheduler", address, "--resume", str(book)])
            asker = subprocess.Popen(command, stdout=out)
            while (answered := _lines(book)) < sites * KILLED_AT and asker.poll() is None:
                time.sleep(0.01)
            running = asker.poll() is None and workers[0].poll() is None
            workers[0].send_signal(signal.SIGKILL)
            ended = asker.wait()
            out.seek(0)
            found = out.read()
        equal = "equal to" if found == plain else "DIFFERENT FROM"
        same = same and running and ended == 0 and found == plain
        print(
            f"{question}: {sites} sites of {users:,} users; one of two workers was killed "
            f"{'midway' if running else 'TOO LATE'}, with {answered} answered, and ended with {workers[0].returncode}; "
            f"the command ended with {ended}, its {len(found):,} bytes {equal} the plain loop's {len(plain):,}",
            flush=True,
        )
    return same


def _lines(file: Path) -> int:
    return file.read_bytes().count(b"\n") if file.exists() else 0


def markdown(kept: Sequence[rows.Row]) -> Iterator[str]:
    """The table of docs/scaling.md."""
    yield f"| sites | {PLAIN} | {' | '.join(side for side in SIDES if side != PLAIN)} |"
    yield f"|--:{'|--:' * len(SIDES)}|"
    for size in sorted({row.size for row in kept}):
        cells = {row.case: row for row in kept if row.size == size}
        times = [f"{row.ratio:.2f} × ({row.ours_peak_mib:.0f})" for side, row in cells.items() if side != PLAIN]
        yield f"| {size} | {cells[PLAIN].ours:.2f} s ({cells[PLAIN].ours_peak_mib:.0f}) | {' | '.join(times)} |"


def main() -> None:
    """Ask, time, compare, print; end with 1 where answers differ."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet")
    parser.add_argument("--sites", type=int, default=200)
    parser.add_argument("--users", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--kill", action="store_true", help="only kill a worker midway, and compare")
    given = parser.parse_args()
    same = True
    with tempfile.TemporaryDirectory(prefix="mailadmin-fleet-") as place:
        folder = Path(place)
        if given.kill:
            same = kill(fleet(folder, given.sites, given.users), given.sites, given.users)
        else:
            file = given.json or folder / "rows.jsonl"
            words = rows.command(parser.prog, sys.argv[1:])
            for size in sorted({max(1, given.sites // 20), max(1, given.sites // 5), given.sites}):
                listed = fleet(folder, size, given.users)
                same = compare(listed, size, given.rounds, file, words) and same
            ours = [row for row in rows.kept(file) if row.question == "fleet"]
            print(f"\n{given.users:,} users a site; in brackets the most memory of the asking process, MiB\n")
            print("\n".join(markdown(ours)))
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
