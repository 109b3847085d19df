"""python -m benchmarks [--users 10000,100000,1000000] [--overrides 0.05] [--json FILE]."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from .stores import store

QUESTIONS = {"effective": ("effective", "effective"), "effective, lines": ("lines", "effective"),
             "effects": ("effects", "effects"), "permission audit": ("audit", "audit")}  # fmt: skip
"""TABLE: what is asked, and what answers it on either side."""

WARM_UP_USERS = 1_000
QUIET_LOAD = 0.9
"""The load up to which nothing else is running to speak of: a benchmark before this one leaves half of that behind."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--users", default="10000,100000,1000000", help="sizes, with commas between")
    parser.add_argument("--overrides", type=float, default=0.05, help="share of users with values of their own")
    parser.add_argument("--questions", default=";".join(QUESTIONS), help="which of them, with semicolons between")
    parser.add_argument("--rounds", type=int, help="runs of either side; by default 7, and 3 from a million users on")
    parser.add_argument("--json", type=Path, help="keep a JSON line per row in this file, instead of what is there")
    given = parser.parse_args()
    if given.json is not None:
        given.json.unlink(missing_ok=True)
    sizes = [(int(size), given.overrides) for size in given.users.split(",")]
    sizes += [(100_000, 0.5)] if (100_000, given.overrides) in sizes else []
    duckdb, adbc = version("duckdb"), version("adbc-driver-sqlite")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, DuckDB {duckdb}, adbc-driver-sqlite {adbc}")
    print(f"{'':<38}{'median s':^26}{'best s':^26}{'CPU':>8}{'peak MiB':^18}")
    print(
        f"{'question, users, own values':<38}"
        + f"{'ours':>9}{'DuckDB':>9}{'ratio':>8}" * 2
        + f"{'ratio':>8}{'ours':>9}{'DuckDB':>9}"
    )
    agreed = True
    for users, overrides in sizes:
        for question in given.questions.split(";"):
            row = _compare(question, users, overrides, given.rounds)
            agreed &= row["agree"]
            _tell(row, given.json)
    _measure_interactive(given.json, *sizes[-1 if len(sizes) == 1 else len(given.users.split(",")) - 1])
    _measure_imports(given.json)
    return 0 if agreed else 1


def _compare(question: str, users: int, overrides: float, rounds: int | None) -> dict[str, Any]:
    path, small = store(users, overrides), store(WARM_UP_USERS, overrides)
    quiet = os.getloadavg()[0] < QUIET_LOAD
    check = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "benchmarks.agreement", question, str(path)], check=False
    )
    mine, theirs = QUESTIONS[question]
    runs: dict[str, list[dict[str, float]]] = {"ours": [], "rival": []}
    for _ in range(rounds or (3 if users >= 1_000_000 else 7)):
        for side, ask in (("ours", mine), ("rival", theirs)):
            runs[side].append(_measured(side, ask, small, path))
    row: dict[str, Any] = {"question": question, "users": users, "overrides": overrides, "agree": not check.returncode}
    for side, measured in runs.items():
        for name in ("seconds", "cpu", "peak_mib"):
            row[f"{side}_{name}"] = round(median(run[name] for run in measured), 4)
        row[f"{side}_best"] = round(min(run["seconds"] for run in measured), 4)
    row["ratio"] = round(row["ours_seconds"] / row["rival_seconds"], 3)
    row["ratio_of_best"] = round(row["ours_best"] / row["rival_best"], 3)
    row["ratio_of_cpu"] = round(row["ours_cpu"] / row["rival_cpu"], 3)
    row["rounds"] = len(runs["ours"])
    row["quiet"] = quiet
    return row


def _measured(side: str, ask: str, small: Path, path: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.child", side, ask, str(small), str(path)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def _tell(row: dict[str, Any], file: Path | None) -> None:
    name = f"{row['question']}, {row['users']:,}, {row['overrides']:.0%}"
    note = "" if row["agree"] else "   THE ANSWERS DIFFER"
    print(
        f"{name:<38}{row['ours_seconds']:>9.3f}{row['rival_seconds']:>9.3f}{row['ratio']:>8.2f}"
        f"{row['ours_best']:>9.3f}{row['rival_best']:>9.3f}{row['ratio_of_best']:>8.2f}{row['ratio_of_cpu']:>8.2f}"
        f"{row['ours_peak_mib']:>9.0f}{row['rival_peak_mib']:>9.0f}{note}",
        flush=True,
    )
    _keep(row, file)


def _keep(row: dict[str, Any], file: Path | None) -> None:
    if file is not None:
        with file.open("a") as opened:
            opened.write(json.dumps(row) + "\n")


def _measure_interactive(file: Path | None, users: int, overrides: float) -> None:
    """What one answer takes in a process that has answered before, and in one that has not."""
    command = [sys.executable, "-m", "benchmarks.interactive", str(store(users, overrides))]
    print(f"\n{f'one answer among {users:,}':<34}{'first ms':>9}{'warm ms':>12}")
    for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines():
        row = {**json.loads(line), "users": users}
        print(f"{row['interactive']:<34}{row['first_ms']:>9.1f}{row['warm_ms']:>12.1f}")
        _keep(row, file)


def _measure_imports(file: Path | None) -> None:
    """What a fresh interpreter takes, interleaved with one that does nothing."""
    commands = {"bare interpreter": ["-c", "pass"], "import mailadmin": ["-c", "import mailadmin"]}
    if find_spec("mailadmin.cli") and find_spec("mailadmin.cli.__main__"):
        commands["mailadmin --help"] = ["-m", "mailadmin.cli", "--help"]
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(15):
        for name, arguments in commands.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
            taken[name].append((time.perf_counter() - started) * 1000)
    bare = median(taken["bare interpreter"])
    print(f"\n{'start':<34}{'ms':>9}{'over bare':>12}")
    for name, times in taken.items():
        print(f"{name:<34}{median(times):>9.0f}{median(times) - bare:>12.0f}")
        _keep({"start": name, "ms": round(median(times), 1), "over_bare_ms": round(median(times) - bare, 1)}, file)


if __name__ == "__main__":
    sys.exit(main())
