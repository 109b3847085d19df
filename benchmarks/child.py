"""One measurement in a process of its own: python -m benchmarks.child SIDE QUESTION WARM-UP-STORE STORE."""

from __future__ import annotations

import gc
import json
import resource
import sys
import time
from importlib import import_module
from pathlib import Path


def main(side: str, question: str, small: str, store: str) -> None:
    ask = getattr(import_module(f"benchmarks.{side}"), question)
    ask(Path(small))  # imports, compiled statements: paid once in a process, and not what is measured
    gc.collect()
    started, cpu = time.perf_counter(), time.process_time()
    answer = ask(Path(store))
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mib": peak, "size": len(answer)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
