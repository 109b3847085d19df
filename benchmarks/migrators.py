"""mailadmin's steps of a migration, as the measurements call them: prepared here, carried out by what is given back."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from mailadmin.bootstrap import App, connect
from mailadmin.domain.keys import match_key
from mailadmin.migration.plan import Plan
from mailadmin.migration.snapshot import Snapshot
from mailadmin.usecases import keeping, migrating

from .steps import Paths, Step

STORE, WORKBOOK_STORE, PLAN = "store.db", "workbook.db", "plan.json"


def take(given: Paths) -> Step:
    """Into a new store with a key, which keeps the passwords too."""
    return _take(_app(given.work), given.before)


def take_workbook(given: Paths) -> Step:
    return _take(_app(given.work, WORKBOOK_STORE), given.workbook)


def _take(app: App, source: Path) -> Step:
    keeping.create_key(app)
    return Step(lambda: migrating.take_snapshot(app, source), _set_cells)


def take_later(given: Paths) -> Step:
    app = _app(given.work, day=30)
    return Step(lambda: migrating.take_snapshot(app, given.after), _set_cells)


def diff(given: Paths) -> Step:
    app, (first, second) = _app(given.work), _snapshots(given.work)
    return Step(lambda: migrating.diff_snapshots(app, first, second), _places)


def plan(given: Paths) -> Step:
    """The first snapshot loaded and checked, the plan made and written to a file."""
    app, first = _app(given.work), _snapshots(given.work)[0]
    return Step(lambda: migrating.make_plan(app, migrating.load_snapshot(app, first), out=given.work / PLAN), _names)


def apply(given: Paths) -> Step:
    """The plan read from its file, checked, and carried out."""
    app = _app(given.work)

    def do() -> Plan:
        made = migrating.load_plan(app, given.work / PLAN)
        migrating.apply(app, made, made.plan_hash[:8])
        return made

    return Step(do, _names)


def verify(given: Paths) -> Step:
    app = _app(given.work)
    return Step(lambda: migrating.verify_migration(app), lambda found: [f"{found.users} users"])


def _app(work: Path, store: str = STORE, day: int = 1) -> App:
    return connect(work / store, environment={}, clock=lambda: datetime(2026, 11, day, tzinfo=UTC), actor="benchmark")


def _snapshots(work: Path) -> list[str]:
    with sqlite3.connect(work / STORE) as connection:
        found = [str(row[0]) for row in connection.execute("SELECT id FROM snapshots ORDER BY taken_at")]
    connection.close()
    return found


def _set_cells(snapshot: Snapshot) -> Iterator[str]:
    for table, rows in snapshot.tables.items():
        counted = Counter(column for row in rows for column in row)
        yield from (f"{table}.{column}: {number}" for column, number in counted.items())


def _places(changes: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """The rows by their match keys, which is how a secret's row is told."""
    return (f"{table}, {match_key(row)}: {column}" for table, row, column, *_ in changes)


def _names(made: Plan) -> Iterator[str]:
    return (operation.name for operation in made.operations)
