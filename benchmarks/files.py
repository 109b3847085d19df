"""python -m benchmarks.files [--users 1000000] [--rounds 3] [--json FILE]: everybody's effective settings as a file.

Whole processes: `mailadmin effective --out FILE`, beside one that writes DuckDB's table with DuckDB's own writer.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from . import rows
from .population import LIMIT_MIB, RIVAL
from .processes import alternating
from .rows import Row
from .stores import store

OVERRIDES = 0.05
WRITERS = {"csv": "write_csv", "parquet": "write_parquet"}
"""TABLE: the kinds of file, and what writes them in DuckDB."""
_THEIRS = """
import sys, duckdb
from pathlib import Path
from benchmarks import rival
duckdb.from_arrow(rival.effective(Path(sys.argv[1]))).{writer}(sys.argv[2])
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.files", description=__doc__)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3, help="how often each side is run")
    parser.add_argument("--json", type=Path, help="append a JSON line per row to this file")
    given = parser.parse_args()
    asked = store(given.users, OVERRIDES)
    whole = True
    with tempfile.TemporaryDirectory(prefix="mailadmin-benchmark-") as folder:
        for kind, writer in WRITERS.items():
            quiet = rows.is_quiet()
            mine, theirs = Path(folder, f"ours.{kind}"), Path(folder, f"theirs.{kind}")
            program = [str(Path(sys.executable).with_name("mailadmin")), "--store", str(asked)]
            taken = alternating(
                {
                    "ours": [*program, "effective", "--out", str(mine)],
                    RIVAL: [sys.executable, "-c", _THEIRS.format(writer=writer), str(asked), str(theirs)],
                },
                given.rounds,
            )
            ours, rival = taken["ours"], taken[RIVAL]
            row = Row(
                question="to a file",
                case=kind,
                size=given.users,
                unit="s",
                ours=ours.wall,
                ours_cpu=ours.cpu,
                ours_peak_mib=ours.peak_mib,
                rival_name=RIVAL,
                rival=rival.wall,
                rival_cpu=rival.cpu,
                rival_peak_mib=rival.peak_mib,
                limit_mib=LIMIT_MIB,
                agree=_lines(mine) == _lines(theirs) == given.users,
                rounds=given.rounds,
                quiet=quiet,
                command=rows.command(parser.prog, sys.argv[1:]),
            )
            rows.tell(given.json, row)
            whole &= row.agree is not False
    return 0 if whole else 1


def _lines(file: Path) -> int:
    import duckdb

    return int(duckdb.connect().execute(f"SELECT count(*) FROM '{file}'").fetchall()[0][0])


if __name__ == "__main__":
    sys.exit(main())
