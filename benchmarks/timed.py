"""One measurement in a process of its own: python -m benchmarks.timed MODULE FUNCTION LETTER PORT[,PORT…] TIMES."""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import time
from importlib import import_module

from .letters import LETTERS


def main(module: str, function: str, letter: str, ports: str, times: str) -> None:
    carry = getattr(import_module(f"benchmarks.{module}"), function)(LETTERS[letter], *map(int, ports.split(",")))
    carry(1)  # imports and compiled statements: paid once in a process, and not what is measured
    gc.collect()
    started, before = time.perf_counter(), _cpu()
    carry(int(times))
    taken = {"seconds": time.perf_counter() - started, "cpu": _cpu() - before}
    print(json.dumps({**taken, "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def _cpu() -> float:
    """Seconds of this process and of the programs it called."""
    return sum(os.times()[:4])


if __name__ == "__main__":
    main(*sys.argv[1:])
