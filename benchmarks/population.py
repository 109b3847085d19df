"""Everybody's answers beside hand-written DuckDB SQL on the very same store: python -m benchmarks.population."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import NamedTuple, TypedDict

from . import rows
from .rows import Row
from .stores import store

QUESTIONS = {"effective": ("effective", "effective"), "effective, lines": ("lines", "effective"),
             "effects": ("effects", "effects"), "permission audit": ("audit", "audit")}  # fmt: skip
"""TABLE: what is asked, and what answers it on either side."""

RIVAL = "DuckDB"
LIMIT, LIMIT_SIZE, LIMIT_OVERRIDES = 0.5, 1_000_000, 0.05
"""The goal: at most so much of DuckDB's time, for so many users, so many of them with values of their own."""
INSTANT_MS, INSTANT_SIZE = 300, 10_000
"""What feels instant in a notebook, and for how many users everybody's settings should."""
LIMIT_MIB = 600e6 / 2**20
"""The most memory that is the goal at that size: 600 MB."""
WARM_UP_USERS = 1_000
COMPARED_UP_TO = 1_000_000
"""Above it, two whole tables unfolded to be compared cell by cell do not fit into a machine's memory."""


class Side(NamedTuple):
    """Who answers: a function of a module, asked first of a small store and then, measured, of the large one."""

    module: str
    function: str
    small: Path
    large: Path


class Figures(TypedDict):
    """The part of a row that is measured."""

    ours: float
    ours_cpu: float
    ours_peak_mib: float
    rival: float
    rival_cpu: float
    rival_peak_mib: float


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.population", description=__doc__)
    parser.add_argument("--users", default="10000,100000,1000000", help="sizes, with commas between")
    parser.add_argument("--overrides", type=float, default=0.05, help="share of users with values of their own")
    parser.add_argument("--questions", default=";".join(QUESTIONS), help="which of them, with semicolons between")
    parser.add_argument("--rounds", type=int, help="runs of either side; by default 5, 3 of a million, 1 of more")
    parser.add_argument("--json", type=Path, help="append a JSON line per row to this file")
    given = parser.parse_args()
    asked = [(name, getattr(given, name)) for name in ("users", "overrides", "rounds")]
    words = [word for name, value in asked if value != parser.get_default(name) for word in (f"--{name}", str(value))]
    agreed = True
    for users in map(int, given.users.split(",")):
        for question in given.questions.split(";"):
            command = rows.command(parser.prog, ["--questions", question, *words])
            row = _row(question, users, given.overrides, given.rounds, command)
            agreed &= row.agree is not False
            rows.tell(given.json, row)
            if (question, users, given.overrides) == ("effective", INSTANT_SIZE, LIMIT_OVERRIDES):
                rows.tell(given.json, _instant(row))
    return 0 if agreed else 1


def _row(question: str, users: int, overrides: float, rounds: int | None, command: str) -> Row:
    small, large = store(WARM_UP_USERS, overrides), store(users, overrides)
    quiet = rows.is_quiet()
    rounds = rounds or _usual_rounds(users)
    agree = is_agreed("benchmarks.agreement", question, large) if users <= COMPARED_UP_TO else None
    mine, theirs = QUESTIONS[question]
    is_limited = (users, overrides) == (LIMIT_SIZE, LIMIT_OVERRIDES)
    figures = alternating(Side("ours", mine, small, large), Side("rival", theirs, small, large), rounds)
    return Row(
        **figures,
        question=question,
        case=f"{overrides * 100:g} % own values",
        size=users,
        unit="s",
        rival_name=RIVAL,
        limit=LIMIT if is_limited else None,
        limit_mib=LIMIT_MIB if is_limited else None,
        agree=agree,
        rounds=rounds,
        quiet=quiet,
        command=command,
    )


def _usual_rounds(users: int) -> int:
    return 5 if users < LIMIT_SIZE else 3 if users == LIMIT_SIZE else 1


def _instant(row: Row) -> Row:
    """The same measurement as one answer in a notebook, which has no rival but impatience."""
    return Row(
        question="one answer",
        case="everybody's effective settings",
        size=row.size,
        unit="ms",
        ours=row.ours * 1000,
        ours_cpu=None if row.ours_cpu is None else row.ours_cpu * 1000,
        ours_peak_mib=row.ours_peak_mib,
        limit=INSTANT_MS,
        rounds=row.rounds,
        quiet=row.quiet,
        command=row.command,
    )


def is_agreed(module: str, *words: object) -> bool:
    """Whether the answers are the same, by a process of its own, whose memory goes with it."""
    return not subprocess.run([sys.executable, "-W", "ignore", "-m", module, *map(str, words)], check=False).returncode


def alternating(ours: Side, rival: Side, rounds: int) -> Figures:
    """Medians of either side, each run a fresh process, in turn: what disturbs one round disturbs all of it."""
    runs = [(_measured(ours), _measured(rival)) for _ in range(rounds)]

    def of(side: int, name: str) -> float:
        return median(run[side][name] for run in runs)

    return Figures(
        ours=of(0, "seconds"),
        ours_cpu=of(0, "cpu"),
        ours_peak_mib=of(0, "peak_mib"),
        rival=of(1, "seconds"),
        rival_cpu=of(1, "cpu"),
        rival_peak_mib=of(1, "peak_mib"),
    )


def _measured(side: Side) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.child", *map(str, side)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


if __name__ == "__main__":
    sys.exit(main())
