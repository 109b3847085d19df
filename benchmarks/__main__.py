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
    """A module that measures, and with what it is called."""

    module: str
    words: tuple[str, ...] = ()
    has_rounds: bool = True
    python: str = ""
    """The option that names the Python of a rival with an environment of its own."""


STEPS = {
    "population": Step("population"),
    "own values": Step("population", ("--users", "100000", "--overrides", "0.5")),
    "PostgreSQL": Step("postgresql"),
    "one answer": Step("interactive", has_rounds=False),
    "to a file": Step("files"),
    "start": Step("starting"),
    "scanning": Step("scanning"),
    "sending": Step("sending", ("--rounds", "2")),
    "forms": Step("forms", ("--rounds", "3"), python="msticpy"),
    "fleet": Step("fleet", ("--rounds", "2")),
    "snapshots": Step("snapshots", python="datacompy"),
}
"""TABLE: what is measured, by what, and in how many rounds, so that all of it takes less than half an hour."""

CURVE = Step("population", ("--users", "5000000", "--rounds", "1"), has_rounds=False)
"""The end of the curve: it takes ten minutes, and its store a gigabyte."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--questions", default=";".join(STEPS), help="which of them, with semicolons between")
    parser.add_argument("--curve", action="store_true", help="five million users, too")
    parser.add_argument("--rounds", type=int, help="how often each side is run, instead of what is usual for each")
    parser.add_argument(
        "--json", type=Path, help="keep a JSON line per row in this file; all of it anew if all is asked"
    )
    for rival in filter(None, (step.python for step in STEPS.values())):
        parser.add_argument(f"--{rival}", metavar="PYTHON", help=f"the one that has {rival}, else that is left out")
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
    words = [*step.words]
    words += ["--rounds", str(given.rounds)] if given.rounds and step.has_rounds else []
    words += [f"--{step.python}", python] if (python := vars(given).get(step.python)) else []
    print(f"\n{title}: {rows.command(f'python -m benchmarks.{step.module}', words)}", flush=True)
    words += ["--json", str(given.json)] if given.json else []
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-m", f"benchmarks.{step.module}", *words], check=False)
    print(f"{time.monotonic() - started:.0f} s", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
