"""The books of a store: every plan that was applied, and the snapshots they came from."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from ..errors import UnknownName
from ..migration.snapshot import Snapshot
from . import contents
from .keys import Sealer
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


def run_plan(connection: Connection, run: int) -> Any:
    """The plan document of a run."""
    text = connection.execute(select(RUNS.c.plan).where(RUNS.c.run == run)).scalar()
    if text is None:
        raise UnknownName("run", str(run), remedy="mailadmin history lists them.")
    return json.loads(text)


def operations_applied(connection: Connection) -> int:
    """How many operations all runs had: as many entries the audit trail has, unless its end was cut off."""
    return sum(len(json.loads(text)["operations"]) for text in connection.execute(select(RUNS.c.plan)).scalars())


def secret_locations(connection: Connection) -> list[str]:
    """Where secrets stand; no secret."""
    query = select(SECRETS.c.location).distinct().order_by(SECRETS.c.location)
    return list(connection.execute(query).scalars())


def add_run(connection: Connection, run: Run, plan: str, sealer: Sealer | None) -> None:
    """Enter an applied plan, after its rows and its audit trail: move the store's serial on, and seal all of it."""
    connection.execute(insert(RUNS).values(**run._asdict(), plan=plan))
    connection.execute(update(STORE).values(serial=run.run))
    if sealer is not None:
        contents.seal(connection, sealer)


def snapshot_documents(connection: Connection) -> dict[str, Any]:
    """Every kept snapshot's document by id, oldest first."""
    wanted = select(SNAPSHOTS.c.id, SNAPSHOTS.c.document).order_by(SNAPSHOTS.c.taken_at, SNAPSHOTS.c.id)
    return {row.id: json.loads(row.document) for row in connection.execute(wanted)}


def snapshot_document(connection: Connection, snapshot_id: str) -> Any | None:
    """One snapshot's document, or None."""
    text = connection.execute(select(SNAPSHOTS.c.document).where(SNAPSHOTS.c.id == snapshot_id)).scalar()
    return None if text is None else json.loads(text)


def add_snapshot(connection: Connection, snapshot: Snapshot) -> None:
    """Keep a snapshot; one of the same id is replaced, having the same content."""
    connection.execute(delete(SNAPSHOTS).where(SNAPSHOTS.c.id == snapshot.id))
    named = {n: getattr(snapshot, n) for n in ("id", "fingerprint", "taken_at", "taken_by", "source")}
    connection.execute(insert(SNAPSHOTS).values(**named, document=snapshot.text()))
