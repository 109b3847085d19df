"""One answer at a time, as a form asks for it: python -m benchmarks.interactive STORE. A JSON line per question."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import mailadmin
from mailadmin import forms
from mailadmin.domain.services import ServiceKind
from mailadmin.forms.desk import Desk
from mailadmin.forms.work import at_once
from mailadmin.usecases import picking

ROUNDS = 21
PAGE = 20


def main(store: str) -> None:
    app = mailadmin.connect(store, environment={}, actor="benchmark")
    desk = Desk(app, runner=at_once)
    questions: dict[str, Callable[[], Any]] = {
        "explain a user": lambda: mailadmin.configuring.explain(app, mailadmin.Context(user="User0000500")),
        "everything a user may": lambda: mailadmin.reaching.reach(app, "User0000500"),
        "who may send as an address, a page": lambda: mailadmin.reaching.of_address(app, "mail@example.com")[:PAGE],
        "type-ahead, everybody like it": lambda: picking.people(app, "user00", PAGE),
        "type-ahead, nobody like it": lambda: picking.people(app, "nobody", PAGE),
        "own values of a Cost Centre": lambda: picking.owners(app, "GLOBAL", ServiceKind.SMTP),
        "open the form Explain": lambda: forms.explain(desk),
        "open the form Configure": lambda: forms.configure(desk),
        "open the form E-mail settings": lambda: forms.user_settings(desk),
        "open the form Compose": lambda: forms.compose(desk),
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
