"""Sending and verifying beside others: python -m benchmarks.sending [--rows "send, 2 kB;…"] [--json FILE]."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from . import rows, sink
from .letters import LETTERS
from .rows import Row
from .verifiers import DEADLINE, HANG, HANG_OF, SERVICES

OURS = "ours"


class Side(NamedTuple):
    """Who does it: a function of a module, and the share of the times it is asked for (its seconds are scaled)."""

    module: str
    function: str
    share: float = 1


class Work(NamedTuple):
    """What is done, how often in a round, by whom; and what the sink must have got of each time.

    So many of them `hang`, and are not seen where the others are. The goal is a share of the first rival's time.
    Milliseconds are for one, seconds for all.
    """

    question: str
    letter: str
    times: int
    sides: Mapping[str, Side]
    case: str = ""
    things: str = "messages"
    unit: str = "ms"
    messages: int = 1
    asked: str = "DATA"
    delay_ms: int = 0
    hang: int = 0
    limit: float | None = None
    rounds: int = 3
    folder: str = ""
    """Where its stores are kept: where temporary files are, or here."""

    @property
    def name(self) -> str:
        return ", ".join(filter(None, (self.question, self.case)))


ROUND_TRIP_MS = 20
_SEND = {
    "smtplib": Side("rivals_of_sending", "smtplib_send"),
    "aiosmtplib": Side("rivals_of_sending", "aiosmtplib_send"),
    "redmail": Side("rivals_of_sending", "redmail_send"),
    "smtp-source": Side("rivals_of_sending", "smtp_source"),
}
_BUILD = {
    OURS: Side("senders", "build"),
    "smtplib": Side("rivals_of_sending", "smtplib_build"),
    "redmail": Side("rivals_of_sending", "redmail_build"),
}
_KEEP = {
    OURS: Side("senders", "outbox_send"),
    **_SEND,
    "smtplib, one connection": Side("rivals_of_sending", "smtplib_one_connection"),
}
_VERIFY = {
    OURS: Side("verifiers", "verify"),
    "smtplib, 32 threads": Side("verifiers", "smtplib_threads"),
    "smtplib": Side("verifiers", "smtplib_loop", 0.1),
    "swaks": Side("verifiers", "swaks", 0.1),
}
_VERIFY_HANGING = {
    OURS: Side("verifiers", "verify_hanging"),
    "smtplib, 32 threads": Side("verifiers", "smtplib_threads_hanging"),
    "smtplib, 128 threads": Side("verifiers", "smtplib_many_threads_hanging"),
}
_OUTBOX = Work("outbox, 2 kB", "2 kB", 100, _KEEP, case="store on disk")
_SLOW = Work(
    "verify",
    "2 kB",
    SERVICES,
    _VERIFY,
    case=f"{ROUND_TRIP_MS} ms",
    things="services",
    unit="s",
    messages=0,
    asked="RCPT",
    delay_ms=ROUND_TRIP_MS,
)
_HANGING = _SLOW._replace(
    times=HANG_OF,
    sides=_VERIFY_HANGING,
    case=f"{100 * HANG / HANG_OF:g} % hanging, given up after {DEADLINE:g} s",
    hang=HANG,
    rounds=1,
)
_ALL = (
    Work("build, 1 MB", "1 MB PDF", 20, _BUILD, messages=0, asked=""),
    Work("send, 1 MB", "1 MB PDF", 20, {OURS: Side("senders", "send"), **_SEND}, limit=0.35),
    Work("send, 2 kB", "2 kB", 200, {OURS: Side("senders", "send"), **_SEND}, limit=1.1),
    _OUTBOX._replace(case="store in memory", times=1_000, limit=2, folder="/dev/shm"),  # noqa: S108
    _OUTBOX,
    _SLOW,
    _HANGING,
)
WORK = {work.name: work for work in _ALL}
"""TABLE: what is measured. The first rival is the one a goal is about."""

NEEDED = {"aiosmtplib": "the package aiosmtplib", "redmail": "the package redmail", "swaks": "Debian's swaks",
          "smtp-source": "Debian's postfix"}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sending", description=__doc__)
    parser.add_argument("--rows", default=";".join(WORK), help="which of them, with semicolons between")
    parser.add_argument("--rounds", type=int, help="how often each side is run; by default 3, and 1 where some hang")
    parser.add_argument("--json", type=Path, help="append a JSON line per row and rival to this file")
    given = parser.parse_args()
    missing = [side for side in NEEDED if not (find_spec(side) or shutil.which(side))]
    for side in missing:
        print(f"left out: {side}, for want of {NEEDED[side]}")
    whole = True
    with tempfile.TemporaryDirectory(prefix="mailadmin-benchmark-") as folder, _sinks(Path(folder)) as ports:
        for name in given.rows.split(";"):
            work = WORK[name]
            sides = {label: side for label, side in work.sides.items() if label not in missing}
            quiet = rows.is_quiet()
            runs = _runs(work, sides, ports[work.delay_ms], Path(folder), given.rounds or work.rounds)
            for row in _rows(work, runs, quiet, rows.command(parser.prog, sys.argv[1:])):
                rows.tell(given.json, row)
                whole &= row.agree is not False
    return 0 if whole else 1


@contextmanager
def _sinks(folder: Path) -> Iterator[dict[int, list[int]]]:
    """The ports of both sinks, by their delay: a plain one, and one that offers STARTTLS and AUTH, and can hang."""
    from trustme import CA

    authority = CA()
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    system = Path(ssl.get_default_verify_paths().cafile or os.devnull).read_bytes()
    (folder / "authorities.pem").write_bytes(system + authority.cert_pem.bytes())
    certificate = str(folder / "server.pem")
    with sink.running(0) as plain, sink.running(ROUND_TRIP_MS, certificate, *sink.STAGES) as slow:
        yield {0: plain, ROUND_TRIP_MS: slow}


@contextmanager
def _environment(folder: Path, stores: str) -> Iterator[dict[str, str]]:
    """The sink's authority among the system's, as many as there are; and a folder for stores, which goes away."""
    with tempfile.TemporaryDirectory(prefix="mailadmin-benchmark-", dir=stores or folder) as kept:
        yield {**os.environ, "SSL_CERT_FILE": str(folder / "authorities.pem"), "TMPDIR": kept}


class Run(NamedTuple):
    """One run of one side: milliseconds each, the most memory, and whether the sink got everything."""

    wall: float
    cpu: float
    peak_mib: float
    whole: bool


def _runs(work: Work, sides: Mapping[str, Side], ports: list[int], folder: Path, rounds: int) -> dict[str, list[Run]]:
    """Every side in turn, so that what disturbs one round disturbs all of it."""
    found: dict[str, list[Run]] = {label: [] for label in sides}
    with _environment(folder, work.folder) as environment:
        for _ in range(rounds):
            for label, side in sides.items():
                found[label].append(_run(work, side, ports, environment))
    return found


def _run(work: Work, side: Side, ports: list[int], environment: dict[str, str]) -> Run:
    times = round(work.times * side.share)
    asked = ",".join(map(str, ports if work.hang else ports[:1]))
    command = [sys.executable, "-m", "benchmarks.timed", side.module, side.function, work.letter, asked, str(times)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    taken = json.loads(done.stdout)
    whole = _came(work, side, sink.count(ports[0]), times)
    return Run(taken["seconds"] * 1000 / times, taken["cpu"] * 1000 / times, taken["peak_mib"], whole)


def _came(work: Work, side: Side, got: Mapping[str, Any], times: int) -> bool:
    """Whether the sink got every message of the run and of its warm-up, whole; or was asked as often as that."""
    expected = times + 1 - work.hang
    if got["messages"] != work.messages * expected or (work.asked and got["asked"].get(work.asked) != expected):
        return False
    holds_nothing = side.function == "smtp_source"
    return holds_nothing or Counter(got["contents"]) == Counter({LETTERS[work.letter].digest: got["messages"]})


def _rows(work: Work, runs: Mapping[str, list[Run]], quiet: bool, command: str) -> Iterator[Row]:
    """A row per rival, the goal beside the first."""
    ours, *rivals = runs
    wall, cpu, peak_mib = _figures(work, runs[ours])
    for rival in rivals:
        theirs = _figures(work, runs[rival])
        yield Row(
            question=work.question,
            case=work.case,
            size=work.times,
            things=work.things,
            unit=work.unit,
            ours=wall,
            ours_cpu=cpu,
            ours_peak_mib=peak_mib,
            rival_name=rival,
            rival=theirs[0],
            rival_cpu=theirs[1],
            rival_peak_mib=theirs[2],
            limit=work.limit if rival == rivals[0] else None,
            agree=all(run.whole for run in (*runs[ours], *runs[rival])),
            rounds=len(runs[rival]),
            quiet=quiet,
            command=command,
        )


def _figures(work: Work, runs: list[Run]) -> tuple[float, float, float]:
    """Medians: of wall and CPU, in the unit of the row, and of the most memory."""
    factor = 1 if work.unit == "ms" else work.times / 1000
    wall, cpu = (factor * median(getattr(run, name) for run in runs) for name in ("wall", "cpu"))
    return wall, cpu, median(run.peak_mib for run in runs)


if __name__ == "__main__":
    sys.exit(main())
