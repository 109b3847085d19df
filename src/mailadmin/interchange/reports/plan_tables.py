"""A plan as tables of a report: what people have to do, what was found, dropped and left alone, what is written."""

from __future__ import annotations

from collections import Counter

from ... import __version__
from ...domain.governed import GOVERNED
from ...migration.plan import CONFIRMATION_DIGITS, Plan
from ...migration.snapshot import Snapshot
from .tables import Cell, Column, Holds, Table

_FOR = Column("For", Holds.NAMES, 40)


def actions(plan: Plan) -> Table:
    """What only people can do, with room for who does it and when."""
    columns = (
        Column("No.", Holds.NUMBER, 6), Column("Who", width=24), Column("What", width=60), Column("Where", width=36),
        _FOR, Column("Owner", Holds.FILL_IN, 18), Column("Done on", Holds.FILL_IN_DATE, 14),
    )  # fmt: skip
    rows = [(number, a.who, a.what, a.where, a.subjects, "", "") for number, a in enumerate(plan.manual_actions, 1)]
    return Table("Manual actions", columns, rows, "Nothing has to be done by hand.")


def findings(plan: Plan) -> Table:
    """What is worth knowing before."""
    columns = (Column("Severity", width=14), Column("Finding", width=60), Column("Remedy", width=44), _FOR)
    return Table("Findings", columns, [(f.severity, f.what, f.remedy, f.subjects) for f in plan.findings])


def dropped(plan: Plan) -> Table:
    """Old settings that have no place any more."""
    columns = (Column("Setting", width=42), Column("Why", width=60), _FOR)
    return Table("Dropped settings", columns, [(d.setting, d.why, d.subjects) for d in plan.dropped])


def left_alone(plan: Plan) -> Table:
    """Rows of the store that are not in the export."""
    rows: list[tuple[Cell, ...]] = [("In the store and not in the export", plan.left_alone)] if plan.left_alone else []
    return Table("Left alone", (Column("Rows", width=34), _FOR._replace(name="Which")), rows)


def written(plan: Plan) -> Table:
    """How many rows of each table are written."""
    counted = Counter((operation.table, operation.kind) for operation in plan.operations)
    kinds = ("create", "change", "delete")
    columns = (Column("Table", width=24), *(Column(kind.capitalize(), Holds.NUMBER, 10) for kind in kinds))
    rows: list[tuple[Cell, ...]] = [
        (table.replace("_", " "), *(counted[table, kind] for kind in kinds))
        for table in GOVERNED
        if any(counted[table, kind] for kind in kinds)
    ]
    return Table("Rows that will be written", columns, rows, "Nothing is written.")


def proof(plan: Plan, snapshot: Snapshot) -> Table:
    """By what the plan and its snapshot can be known again."""
    plan_hash, sealed = plan.plan_hash, "sealed with the store's key"
    rows: list[tuple[Cell, ...]] = [
        ("Plan hash (SHA-256)", plan_hash),
        ("Confirmation of the plan", plan_hash[:CONFIRMATION_DIGITS]),
        ("Plan made", f"{plan.created_at} by {plan.created_by}; {sealed if plan.seal else 'unsealed'}"),
        ("Store", f"{plan.lineage}, serial {plan.serial}"),
        *([("Audit trail when planned", str(plan.anchor))] if plan.anchor else []),
        ("Snapshot", snapshot.id),
        ("Snapshot fingerprint (SHA-256)", snapshot.fingerprint),
        ("Snapshot taken", f"{snapshot.taken_at} by {snapshot.taken_by}; {sealed if snapshot.seal else 'unsealed'}"),
        ("Source", snapshot.source),
        ("Plan made with", f"mailadmin {plan.tool_version}"),
        ("Report made with", f"mailadmin {__version__}"),
    ]
    rows += [("Not taken from the export", name) for name in snapshot.not_taken]
    rows += [("Note on the export", note) for note in snapshot.notes]
    return Table("Fingerprints", (Column("What", width=32), Column("Value", width=76)), rows)
