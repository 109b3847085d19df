"""python -m benchmarks.starting [--rounds 15] [--json FILE]: a fresh interpreter, beside one that does nothing."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import rows
from .processes import alternating
from .rows import Row

BARE = ("-c", "pass")
COMMANDS = {"import mailadmin": ("-c", "import mailadmin"), "mailadmin --help": ("-m", "mailadmin.cli", "--help")}
LIMITS_MS = {"import mailadmin": 30, "mailadmin --help": 250}
"""TABLE: the goals, over the bare interpreter."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.starting", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="how often each is started")
    parser.add_argument("--json", type=Path, help="append a JSON line per row to this file")
    given = parser.parse_args()
    quiet = rows.is_quiet()
    commands = {case: [sys.executable, *words] for case, words in {"": BARE, **COMMANDS}.items()}
    taken = alternating(commands, given.rounds)
    for case in COMMANDS:
        row = Row(
            question="start",
            case=case,
            size=1,
            things="process",
            unit="ms",
            ours=(taken[case].wall - taken[""].wall) * 1000,
            ours_cpu=(taken[case].cpu - taken[""].cpu) * 1000,
            ours_peak_mib=taken[case].peak_mib,
            limit=LIMITS_MS[case],
            rounds=given.rounds,
            quiet=quiet,
            command=rows.command(parser.prog, sys.argv[1:]),
        )
        rows.tell(given.json, row)
    return 0


if __name__ == "__main__":
    sys.exit(main())
