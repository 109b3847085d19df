"""One answer at a time, as a form asks for it: python -m benchmarks.interactive STORE. A JSON line per question."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import mailadmin

ROUNDS = 21


def main(store: str) -> None:
    app = mailadmin.connect(store, environment={}, actor="benchmark")
    questions: dict[str, Callable[[], Any]] = {
        "explain a user": lambda: mailadmin.configuring.explain(app, mailadmin.Context(user="User0000500")),
        "everything a user may": lambda: mailadmin.reaching.reach(app, "User0000500"),
    }
    for name, ask in questions.items():
        times = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            ask()
            times.append((time.perf_counter() - started) * 1000)
        print(json.dumps({"interactive": name, "first_ms": round(times[0], 1), "warm_ms": round(median(times[1:]), 1)}))
    app.close()


if __name__ == "__main__":
    main(sys.argv[1])
