"""Everything that is measured, in turn: python -m benchmarks [--questions "population;scanning"] [--json FILE]."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from . import rows


class Step(NamedTuple):
    """A module that measures, with what it is called, and with what to see in a few seconds that it runs."""

    module: str
    words: tuple[str, ...] = ()
    small: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()
    """The options that name the Python of a rival with an environment of its own."""


FEW = ("--users", "10000")
STEPS = {
    "population": Step("population", small=FEW),
    "own values": Step("population", ("--users", "100000", "--overrides", "0.5"), (*FEW, "--overrides", "0.5")),
    "PostgreSQL": Step("postgresql", small=FEW),
    "one answer": Step("interactive", small=FEW),
    "to a file": Step("files", small=FEW),
    "start": Step("starting"),
    "scanning": Step("scanning", small=("--files", "200")),
    "sending": Step("sending", small=("--rows", "build, 1 MB;send, 1 MB;send, 2 kB;verify, 20 ms")),
    "forms": Step("forms", pythons=("msticpy",)),
    "fleet": Step("fleet", small=("--sites", "4", "--users", "1000")),
    "snapshots": Step("snapshots", small=FEW, pythons=("datacompy", "csv-diff")),
}
"""TABLE: what is measured, and by what: all of it takes less than half an hour."""

CURVE = Step("population", ("--users", "5000000"), FEW)
"""The end of the curve: it takes ten minutes, and its store a gigabyte."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--questions", default=";".join(STEPS), help="which of them, with semicolons between")
    parser.add_argument("--curve", action="store_true", help="five million users, too")
    parser.add_argument("--rounds", type=int, help="how often each side is run, instead of what is usual for each")
    parser.add_argument("--small", action="store_true", help="the least, in one round, to see that everything runs")
    parser.add_argument(
        "--json", type=Path, help="keep a JSON line per row in this file; all of it anew if all is asked"
    )
    for rival in (rival for step in STEPS.values() for rival in step.pythons):
        parser.add_argument(f"--{rival}", dest=rival, metavar="PYTHON", help=f"the one that has {rival}")
    given = parser.parse_args()
    names = given.questions.split(";")
    if unknown := [name for name in names if name not in STEPS]:
        parser.error(f"no such question: {', '.join(unknown)}; there are {', '.join(STEPS)}")
    steps = {name: STEPS[name] for name in names} | ({"curve": CURVE} if given.curve else {})
    if given.json is not None and names == list(STEPS):
        given.json.unlink(missing_ok=True)
    print(rows.machine())
    failed = [
        name
        for number, (name, step) in enumerate(steps.items(), 1)
        if not _is_done(f"{number} of {len(steps)}: {name}", step, given)
    ]
    if given.json is not None and given.json.exists():
        rows.settle(given.json)
    if failed:
        print(f"answers differ, or it failed: {', '.join(failed)}")
    return 1 if failed else 0


def _is_done(title: str, step: Step, given: argparse.Namespace) -> bool:
    words = [*(step.small if given.small else step.words)]
    rounds = given.rounds or (1 if given.small else None)
    words += ["--rounds", str(rounds)] if rounds else []
    words += [word for rival in step.pythons if (python := vars(given)[rival]) for word in (f"--{rival}", python)]
    print(f"\n{title}: {rows.command(f'python -m benchmarks.{step.module}', words)}", flush=True)
    words += ["--json", str(given.json)] if given.json else []
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-m", f"benchmarks.{step.module}", *words], check=False)
    print(f"{time.monotonic() - started:.0f} s", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
