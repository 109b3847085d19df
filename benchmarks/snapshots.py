"""A site's migration, step by step, beside pandas, DuckDB, datacompy and csv-diff: python -m benchmarks.snapshots.

Every round takes the same exports, made up by `exports`, into a store of its own. Two rivals need Pythons of their own:
datacompy pins another pandas, and csv-diff installs a package called tests, which hides ours.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import NamedTuple

from . import exports, rows
from .rows import Row

OURS = "ours"


class Side(NamedTuple):
    """Who does it: a function of a module, the package it needs, and how many users it is asked about at most."""

    module: str
    function: str
    needs: str = ""
    most: int = 10_000_000


def _rival(function: str, needs: str, most: int = 10_000_000) -> Side:
    return Side("rivals_of_snapshots", function, needs, most)


APART = {"datacompy": "--datacompy", "csv_diff": "--csv-diff"}
"""TABLE: the packages that cannot be installed beside ours, and the options that name a Python that has them."""

LATER = "take, CSV, later"
"""Taken so that there is something to compare with; not told, being the same again."""

CASES: Mapping[str, Mapping[str, Side]] = {
    "take, CSV": {
        OURS: Side("migrators", "take"),
        "pandas": _rival("pandas_take", "pandas"),
        "DuckDB": _rival("duckdb_take", "duckdb"),
    },
    LATER: {
        OURS: Side("migrators", "take_later"),
        "pandas": _rival("pandas_take_later", "pandas"),
        "DuckDB": _rival("duckdb_take_later", "duckdb"),
    },
    "diff": {
        OURS: Side("migrators", "diff"),
        "pandas": _rival("pandas_diff", "pandas"),
        "DuckDB": _rival("duckdb_diff", "duckdb"),
        "datacompy": _rival("datacompy_diff", "datacompy"),
        "csv-diff": _rival("csv_diff_diff", "csv_diff"),
    },
    "plan": {OURS: Side("migrators", "plan")},
    "apply": {OURS: Side("migrators", "apply")},
    "verify": {OURS: Side("migrators", "verify")},
    "take, XLSX": {
        OURS: Side("migrators", "take_workbook"),
        "pandas with calamine": _rival("calamine_take", "python_calamine"),
        "pandas with openpyxl": _rival("openpyxl_take", "openpyxl", most=100_000),
    },
}
"""TABLE: what is measured, each case with what those before it have left."""


class Run(NamedTuple):
    """One run of one side, and what came of it."""

    seconds: float
    cpu: float
    peak_mib: float
    size: int
    answer: str


Runs = Mapping[str, Mapping[str, list[Run]]]
"""By case and side."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.snapshots", description=__doc__)
    parser.add_argument("--users", default="10000,100000,1000000", help="how many, with commas between")
    parser.add_argument("--preferences", type=float, default=0.1, help="the share of users with settings of their own")
    parser.add_argument("--cases", default=";".join(CASES), help="which of them, with semicolons between")
    parser.add_argument("--rounds", type=int, default=1, help="how often each side is run")
    for package, option in APART.items():
        parser.add_argument(option, metavar="PYTHON", help=f"the one that has {package}, else that is left out")
    parser.add_argument("--json", type=Path, help="append a JSON line per case and rival to this file")
    given = parser.parse_args()
    pythons = {package: python for package in APART if (python := vars(given)[package])}
    cases = {case: _found(CASES[case], pythons) for case in given.cases.split(";")}
    whole = True
    for users in map(int, given.users.split(",")):
        paths = [exports.folder(users, given.preferences, after=after) for after in (False, True)]
        paths.append(exports.workbook(users, given.preferences))
        quiet = rows.is_quiet()
        runs: Runs = {case: {label: [] for label in sides} for case, sides in cases.items()}
        for _ in range(given.rounds):
            _round(users, cases, runs, paths, pythons)
        command = rows.command(parser.prog, sys.argv[1:], pythons.values())
        for row in _rows(users, runs, quiet, command):
            rows.tell(given.json, row)
            whole &= row.agree is not False
    return 0 if whole else 1


def _found(sides: Mapping[str, Side], pythons: Mapping[str, str]) -> dict[str, Side]:
    """The sides whose packages are there; what is missing is said."""
    there = {label: side for label, side in sides.items() if side.needs in pythons or _is_there(side.needs)}
    for label, side in sides.items():
        if label not in there:
            print(f"left out: {label}, for want of the package {side.needs}", flush=True)
    return there


def _is_there(package: str) -> bool:
    return not package or find_spec(package) is not None


def _round(
    users: int, cases: Mapping[str, Mapping[str, Side]], runs: Runs, paths: list[Path], pythons: Mapping[str, str]
) -> None:
    """Every case once, each side in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="mailadmin-snapshots-") as work:
        for case, sides in cases.items():
            for label, side in sides.items():
                if users <= side.most:
                    words = [side.module, side.function, work, *map(str, paths)]
                    runs[case][label].append(_run(pythons.get(side.needs, sys.executable), words))


def _run(python: str, words: list[str]) -> Run:
    command = [python, "-m", "benchmarks.steps", *words]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Run(**json.loads(done.stdout))


def _rows(users: int, runs: Runs, quiet: bool, command: str) -> Iterator[Row]:
    """A row per case and rival, and one for a case that has none."""
    for case, sides in runs.items():
        if case == LATER:
            continue
        ours = sides[OURS]
        row = Row(
            question="snapshot",
            case=case,
            size=users,
            unit="s",
            ours=median(run.seconds for run in ours),
            ours_cpu=median(run.cpu for run in ours),
            ours_peak_mib=max(run.peak_mib for run in ours),
            rounds=len(ours),
            quiet=quiet,
            command=command,
        )
        rivals = {label: found for label, found in sides.items() if label != OURS and found}
        yield from (_beside(row, label, ours, found) for label, found in rivals.items())
        if not rivals:
            yield row


def _beside(row: Row, label: str, ours: list[Run], rival: list[Run]) -> Row:
    return replace(
        row,
        rival_name=label,
        rival=median(run.seconds for run in rival),
        rival_cpu=median(run.cpu for run in rival),
        rival_peak_mib=max(run.peak_mib for run in rival),
        agree=len({run.answer for run in (*ours, *rival)}) == 1,
    )


if __name__ == "__main__":
    sys.exit(main())
