"""python -m benchmarks.sending [--rows "send, 2 kB;…"] [--rounds 7] [--json FILE]."""

from __future__ import annotations

import argparse
import json
import os
import platform
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

from . import sink
from .letters import LETTERS

OURS = "ours"


class Side(NamedTuple):
    """Who does it: a function of a module, and the share of the times it is asked for (its seconds are scaled)."""

    module: str
    function: str
    share: float = 1


class Row(NamedTuple):
    """What is done, how often in a round, by whom; and what the sink must have got of each time.

    So many of them `hang`, and are not seen where the others are.
    """

    letter: str
    times: int
    sides: Mapping[str, Side]
    messages: int = 1
    asked: str = "DATA"
    delay_ms: int = 0
    hang: int = 0


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
_VERIFY = {
    OURS: Side("verifiers", "verify"),
    "smtplib": Side("verifiers", "smtplib_loop"),
    "smtplib, 32 threads": Side("verifiers", "smtplib_threads"),
    "swaks": Side("verifiers", "swaks", 0.1),
}
_VERIFY_HANGING = {
    OURS: Side("verifiers", "verify_hanging"),
    "smtplib, 32 threads": Side("verifiers", "smtplib_threads_hanging"),
    "smtplib, 128 threads": Side("verifiers", "smtplib_many_threads_hanging"),
}
ROWS = {
    "build, 1 MB": Row("1 MB PDF", 20, _BUILD, messages=0, asked=""),
    "send, 1 MB": Row("1 MB PDF", 20, {OURS: Side("senders", "send"), **_SEND}),
    "send, 2 kB": Row("2 kB", 200, {OURS: Side("senders", "send"), **_SEND}),
    "outbox, 2 kB": Row(
        "2 kB",
        1_000,
        {
            OURS: Side("senders", "outbox_send"),
            **_SEND,
            "smtplib, one connection": Side("rivals_of_sending", "smtplib_one_connection"),
        },
    ),
    "verify, 20 ms": Row("2 kB", 200, _VERIFY, messages=0, asked="RCPT", delay_ms=ROUND_TRIP_MS),
    "verify, 5 % hanging": Row(
        "2 kB", 2_000, _VERIFY_HANGING, messages=0, asked="RCPT", delay_ms=ROUND_TRIP_MS, hang=100
    ),
}
"""TABLE: what is measured. The first rival of a row is the one its ratios are taken against."""

NEEDED = {"aiosmtplib": "the package aiosmtplib", "redmail": "the package redmail", "swaks": "Debian's swaks",
          "smtp-source": "Debian's postfix"}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sending", description=__doc__)
    parser.add_argument("--rows", default=";".join(ROWS), help="which of them, with semicolons between")
    parser.add_argument("--rounds", type=int, default=7, help="how often each side is run")
    parser.add_argument("--json", type=Path, help="append a JSON line per row and side to this file")
    given = parser.parse_args()
    missing = [side for side in NEEDED if not (find_spec(side) or shutil.which(side))]
    for side in missing:
        print(f"left out: {side}, for want of {NEEDED[side]}")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(
        f"{'milliseconds each':<40}{'median':>9}{'best':>9}{'CPU':>9}{'ours / theirs':>18}{'of best':>9}{'of CPU':>9}"
    )
    whole = True
    with tempfile.TemporaryDirectory(prefix="mailadmin-benchmark-") as folder, _sinks(Path(folder)) as ports:
        environment = _environment(Path(folder))
        for name in given.rows.split(";"):
            row = ROWS[name]
            sides = {label: side for label, side in row.sides.items() if label not in missing}
            runs = _runs(row, sides, ports[row.delay_ms], environment, given.rounds)
            whole &= _tell(name, row, runs, given.json)
    print(f"load {os.getloadavg()[0]:.1f}")
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


def _environment(folder: Path) -> dict[str, str]:
    """The sink's authority among the system's, as many as there are; stores in the folder that goes away."""
    return {**os.environ, "SSL_CERT_FILE": str(folder / "authorities.pem"), "TMPDIR": str(folder)}


class Run(NamedTuple):
    """One run of one side: milliseconds each, the most memory, and whether the sink got everything."""

    wall: float
    cpu: float
    peak_mib: float
    whole: bool


def _runs(
    row: Row, sides: Mapping[str, Side], ports: list[int], environment: dict[str, str], rounds: int
) -> dict[str, list[Run]]:
    """Every side in turn, so that what disturbs one round disturbs all of it."""
    found: dict[str, list[Run]] = {label: [] for label in sides}
    for _ in range(rounds):
        for label, side in sides.items():
            found[label].append(_run(row, side, ports, environment))
    return found


def _run(row: Row, side: Side, ports: list[int], environment: dict[str, str]) -> Run:
    times = round(row.times * side.share)
    asked = ",".join(map(str, ports if row.hang else ports[:1]))
    command = [sys.executable, "-m", "benchmarks.timed", side.module, side.function, row.letter, asked, str(times)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    taken = json.loads(done.stdout)
    whole = _came(row, side, sink.count(ports[0]), times)
    return Run(taken["seconds"] * 1000 / times, taken["cpu"] * 1000 / times, taken["peak_mib"], whole)


def _came(row: Row, side: Side, got: Mapping[str, Any], times: int) -> bool:
    """Whether the sink got every message of the run and of its warm-up, whole; or was asked as often as that."""
    expected = times + 1 - row.hang
    if got["messages"] != row.messages * expected or (row.asked and got["asked"].get(row.asked) != expected):
        return False
    holds_nothing = side.function == "smtp_source"
    return holds_nothing or Counter(got["contents"]) == Counter({LETTERS[row.letter].digest: got["messages"]})


def _tell(name: str, row: Row, runs: Mapping[str, list[Run]], file: Path | None) -> bool:
    figures = {label: _figures(measured) for label, measured in runs.items()}
    ours = figures[OURS]
    print(f"{name}, {row.times:,} times")
    for label, mine in figures.items():
        ratios = [round(a / b, 2) for a, b in zip(ours, mine, strict=True)]
        whole = all(run.whole for run in runs[label])
        note = "" if whole else "   NOT EVERYTHING CAME"
        print(
            f"  {label:<38}{mine[0]:>9.2f}{mine[1]:>9.2f}{mine[2]:>9.2f}"
            f"{ratios[0]:>18.2f}{ratios[1]:>9.2f}{ratios[2]:>9.2f}{note}",
            flush=True,
        )
        if file is not None:
            peak = round(median(run.peak_mib for run in runs[label]), 1)
            told = {"row": name, "side": label, "ms": mine, "ratios": ratios, "peak_mib": peak}
            told["rounds"] = len(runs[label])
            with file.open("a") as opened:
                opened.write(json.dumps({**told, "whole": whole, "load": os.getloadavg()[0]}) + "\n")
    return all(run.whole for measured in runs.values() for run in measured)


def _figures(measured: list[Run]) -> tuple[float, float, float]:
    """Median and best milliseconds, and the median of CPU milliseconds."""
    wall = [run.wall for run in measured]
    return median(wall), min(wall), median(run.cpu for run in measured)


if __name__ == "__main__":
    sys.exit(main())
