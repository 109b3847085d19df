"""One step in a process of its own: python -m benchmarks.steps MODULE FUNCTION WORK BEFORE AFTER WORKBOOK.

Also by an interpreter that has no mailadmin: nothing is imported here but what comes with Python.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple


class Paths(NamedTuple):
    """A folder that is every side's to work in, an export as it was and as it is later, and the first as a workbook."""

    work: Path
    before: Path
    after: Path
    workbook: Path


class Step(NamedTuple):
    """What is measured, and in words that every side has the same for it, what came of it; that is not measured."""

    do: Callable[[], Any]
    answer: Callable[[Any], Iterable[str]]


def main(module: str, function: str, *paths: str) -> None:
    step: Step = getattr(import_module(f"benchmarks.{module}"), function)(Paths(*map(Path, paths)))
    gc.collect()
    started, before = time.perf_counter(), _cpu()
    done = step.do()
    taken = {"seconds": time.perf_counter() - started, "cpu": _cpu() - before, "peak_mib": _peak()}
    words = sorted(set(step.answer(done)))
    print(json.dumps({**taken, "size": len(words), "answer": hashlib.sha256("\n".join(words).encode()).hexdigest()}))


def _cpu() -> float:
    """Seconds of this process and of those it started."""
    return sum(os.times()[:4])


def _peak() -> float:
    """MiB of this process and of the largest it started: they may have been there at the same time."""
    return sum(resource.getrusage(whose).ru_maxrss for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
