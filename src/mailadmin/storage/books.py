"""The books of a store: every plan that was applied, and the snapshots they came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sqlalchemy import Connection, delete, exists, insert, select, update

from ..domain import documents
from ..errors import UnknownName
from ..migration.snapshot import Listed, Snapshot
from . import contents
from .keys import Sealer
from .packed import packed, unpacked
from .tables import RUNS, SECRETS, SNAPSHOTS, STORE


class Run(NamedTuple):
    """One applied plan."""

    run: int
    purpose: str
    applied_at: str
    applied_by: str
    reverses: int | None
    plan_hash: str


_RUN = tuple(RUNS.c[name] for name in Run._fields)


def runs(connection: Connection) -> list[Run]:
    """Every run, oldest first."""
    return [Run(*row) for row in connection.execute(select(*_RUN).order_by(RUNS.c.run))]


def run_plan(connection: Connection, run: int) -> Iterator[str]:
    """The text of a run's plan. Raises UnknownName, Tampered."""
    plan = connection.execute(select(RUNS.c.packed).where(RUNS.c.run == run)).scalar()
    if plan is None:
        raise UnknownName("run", str(run), remedy="mailadmin history lists them.")
    return unpacked(plan, f"The plan of run {run}")


def operations_applied(connection: Connection) -> int:
    """How many operations all runs had: as many entries the audit trail has, unless its end was cut off."""
    counted = _Counted()
    for run, plan in connection.execute(select(RUNS.c.run, RUNS.c.packed)):
        documents.read(unpacked(plan, f"The plan of run {run}"), f"run {run}", {"operations": lambda: counted})
    return counted.number


class _Counted:
    """Elements that are only counted."""

    def __init__(self) -> None:
        self.number = 0

    def append(self, _element: object) -> None:
        """One more."""
        self.number += 1


def secret_locations(connection: Connection) -> list[str]:
    """Where secrets stand; no secret."""
    query = select(SECRETS.c.location).distinct().order_by(SECRETS.c.location)
    return list(connection.execute(query).scalars())


def add_run(connection: Connection, run: Run, plan: Iterable[bytes], sealer: Sealer | None) -> None:
    """Enter an applied plan, after its rows and its audit trail: move the store's serial on, and seal all of it."""
    connection.execute(insert(RUNS).values(**run._asdict(), packed=packed(plan)))
    connection.execute(update(STORE).values(serial=run.run))
    if sealer is not None:
        contents.seal(connection, sealer)


_LISTED = select(*[SNAPSHOTS.c[name] for name in Listed._fields]).order_by(SNAPSHOTS.c.taken_at, SNAPSHOTS.c.id)


def snapshots(connection: Connection) -> list[Listed]:
    """Every kept snapshot, oldest first."""
    return [Listed(*row) for row in connection.execute(_LISTED)]


def snapshot_document(connection: Connection, snapshot_id: str) -> Iterator[str] | None:
    """The text of one snapshot, or None."""
    document = connection.execute(select(SNAPSHOTS.c.packed).where(SNAPSHOTS.c.id == snapshot_id)).scalar()
    return None if document is None else unpacked(document, f"Snapshot {snapshot_id}")


def has_snapshot(connection: Connection, snapshot_id: str) -> bool:
    """Whether a snapshot is kept."""
    return bool(connection.execute(select(exists().where(SNAPSHOTS.c.id == snapshot_id))).scalar())


def add_snapshot(connection: Connection, snapshot: Snapshot) -> None:
    """Keep a snapshot; one of the same id is replaced, having the same content."""
    connection.execute(delete(SNAPSHOTS).where(SNAPSHOTS.c.id == snapshot.id))
    connection.execute(insert(SNAPSHOTS).values(**snapshot.listed._asdict(), packed=packed(snapshot.pieces())))
