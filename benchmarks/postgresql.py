"""python -m benchmarks.postgresql [--users 1000000] [--rounds 3] [--json FILE]: everybody's answers from PostgreSQL.

The rival is DuckDB's SQL on the SQLite file with the same rows. The server is started for it, as it comes.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from mailadmin.audit.access import Access
from mailadmin.resolution.columns import Columns

from . import ours, rows
from .databases import binaries, cluster, copied
from .population import QUESTIONS, RIVAL, WARM_UP_USERS, Side, alternating, is_agreed
from .rows import Row
from .stores import store

LIMIT = 1
"""The most of DuckDB's time that is the goal."""
OVERRIDES = 0.05
ASKED = "effective;effects;permission audit"
CHECK = "--same"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.postgresql", description=__doc__)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--questions", default=ASKED, help="which of them, with semicolons between")
    parser.add_argument("--rounds", type=int, default=3, help="how often each side is run")
    parser.add_argument("--json", type=Path, help="append a JSON line per row to this file")
    given = parser.parse_args()
    if (programs := binaries()) is None:
        print("left out: PostgreSQL, for want of Debian's postgresql")
        return 0
    small, large = store(WARM_UP_USERS, OVERRIDES), store(given.users, OVERRIDES)
    agreed = True
    with cluster(programs) as folder:
        theirs, mine = (small, large), [copied(file, programs, folder) for file in (small, large)]
        for question in given.questions.split(";"):
            quiet = rows.is_quiet()
            agree = is_agreed("benchmarks.postgresql", CHECK, question, mine[1], large)
            ask, rival = QUESTIONS[question]
            figures = alternating(Side("ours", ask, *mine), Side("rival", rival, *theirs), given.rounds)
            measured = Row(
                **figures,
                question="PostgreSQL",
                case=question,
                size=given.users,
                unit="s",
                rival_name=RIVAL,
                limit=LIMIT,
                agree=agree,
                rounds=given.rounds,
                quiet=quiet,
                command=rows.command(parser.prog, sys.argv[1:]),
            )
            agreed &= agree
            rows.tell(given.json, replace(measured, ours_cpu=None))  # the server's is not in it
    return 0 if agreed else 1


def is_same(question: str, one: Path, other: Path) -> bool:
    """Whether we say the same out of both databases; what we say out of SQLite, `agreement` compares with the rival."""
    ask = getattr(ours, QUESTIONS[question][0])
    return bool(_said(ask(one)) == _said(ask(other)))


def _said(answer: Any) -> Any:
    match answer:
        case dict():
            return answer
        case Columns():
            return list(answer)
        case Access():
            return list(answer.rows())
    return answer.to_dict("list")


if __name__ == "__main__":
    if sys.argv[1:2] == [CHECK]:
        sys.exit(0 if is_same(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])) else 1)
    sys.exit(main())
