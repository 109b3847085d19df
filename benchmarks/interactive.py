"""One answer at a time, as a form or a notebook asks for it: python -m benchmarks.interactive [--users 1000000]."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import mailadmin
from mailadmin import forms
from mailadmin.bootstrap import App
from mailadmin.domain.services import ServiceKind
from mailadmin.forms.desk import Desk
from mailadmin.forms.work import at_once
from mailadmin.usecases import picking

from . import rows
from .rows import Row
from .stores import store

OVERRIDES = 0.05
PAGE = 20
USER, NOBODYS, COMMONEST = "User0000500", "nobody@nowhere.example", "mail@example.com"
EXPLAIN_MS, LOOK_UP_MS = 20, 100
"""The goals."""


class Answer(NamedTuple):
    """What is asked, and the most milliseconds it may take; one that is not warm is asked once in the process."""

    ask: Callable[[Desk], Any]
    limit: float | None = None
    is_warm: bool = True


class Taken(NamedTuple):
    """Milliseconds, and those of CPU."""

    wall: float
    cpu: float


def _reached(app: App, address: str) -> list[Any]:
    """A page of those who may send as an address."""
    return list(mailadmin.reaching.of_address(app, address)[:PAGE])


ANSWERS: Mapping[str, Answer] = {
    "explain a user": Answer(lambda desk: mailadmin.configuring.explain(desk.app, mailadmin.Context(USER)), EXPLAIN_MS),
    "everything a user may": Answer(lambda desk: mailadmin.reaching.reach(desk.app, USER), LOOK_UP_MS),
    "who may send as an address, the first time": Answer(lambda desk: _reached(desk.app, COMMONEST), is_warm=False),
    "who may send as the commonest address": Answer(lambda desk: _reached(desk.app, COMMONEST), LOOK_UP_MS),
    "who may send as nobody's address": Answer(lambda desk: _reached(desk.app, NOBODYS), LOOK_UP_MS),
    "type-ahead, everybody fits": Answer(lambda desk: picking.people(desk.app, "user", PAGE)),
    "type-ahead, nobody fits": Answer(lambda desk: picking.people(desk.app, "nobody", PAGE)),
    "own values in GLOBAL": Answer(lambda desk: picking.owners(desk.app, "GLOBAL", ServiceKind.SMTP)),
    "open the form Explain": Answer(lambda desk: forms.explain(desk)),
    "open the form Configure": Answer(lambda desk: forms.configure(desk)),
    "open the form E-mail settings": Answer(lambda desk: forms.user_settings(desk)),
    "open the form Compose": Answer(lambda desk: forms.compose(desk)),
    "open the form Audit": Answer(lambda desk: forms.audit(desk)),
}
"""TABLE: what is asked, in this order: the second look-up finds what the first has left."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.interactive", description=__doc__)
    parser.add_argument("--users", type=int, default=1_000_000, help="from 501 on")
    parser.add_argument("--rounds", type=int, default=21, help="how often each is asked, after the first time")
    parser.add_argument("--json", type=Path, help="append a JSON line per row to this file")
    given = parser.parse_args()
    made = store(given.users, OVERRIDES)
    quiet = rows.is_quiet()
    desk = Desk(mailadmin.connect(made, environment={}, actor="benchmark"), runner=at_once)
    for case, answer in ANSWERS.items():
        taken = measured(partial(answer.ask, desk), given.rounds if answer.is_warm else 0)
        row = Row(
            question="one answer",
            case=case,
            size=given.users,
            unit="ms",
            ours=median(each.wall for each in taken),
            ours_cpu=median(each.cpu for each in taken),
            limit=answer.limit,
            rounds=len(taken),
            quiet=quiet,
            command=rows.command(parser.prog, sys.argv[1:]),
        )
        rows.tell(given.json, row)
    desk.close()
    return 0


def measured(ask: Callable[[], Any], rounds: int) -> list[Taken]:
    """What so many answers took, after the first; with no round, what the first took."""
    taken = []
    for _ in range(1 + rounds):
        cpu, started = time.process_time(), time.perf_counter()
        ask()
        taken.append(Taken((time.perf_counter() - started) * 1000, (time.process_time() - cpu) * 1000))
    return taken[1:] or taken


if __name__ == "__main__":
    sys.exit(main())
