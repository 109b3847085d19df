"""Which column of the content each name in a header stands for.

Laws: names match by `match_key`; a name that is blank, twice there or unknown is a problem, never guessed or renamed.
"""

from __future__ import annotations

from ..domain.keys import match_key
from ..migration.content import Column, Table
from . import budgets
from .carriers import RawTable, Unusable
from .findings import shown
from .intake import Intake

Columns = list[Column | None]
"""The column of each name; None for one that is not taken."""


def is_long(raw: RawTable, table: Table) -> bool:
    """Whether the rows hold a property and its value each, and not a column per member."""
    names = {match_key(_text(name)) for name in raw.header or ()}
    return bool(table.members) and {"property", "value"} <= names


def columns_of(raw: RawTable, table: Table, intake: Intake) -> Columns | None:
    """The columns in the order of the header, or None where it cannot be used; all its problems are told."""
    written = [_text(name) for name in raw.header or ()]
    if len(written) > budgets.COLUMNS:
        intake.findings.problem(raw.where, f"has {len(written)} columns, more than {budgets.COLUMNS}")
        return None
    if unusable := [cell for cell in raw.header or () if isinstance(cell, Unusable)]:
        for cell in unusable:
            intake.findings.problem(f"{raw.where}, header", cell.what, cell.remedy)
        return None
    known = [table.column(name) if name.strip() else None for name in written]
    if written and not any(known):
        # Without a header, the first row stands in its place, and there may be a password in it.
        what = "has no column that is known" if any(map(str.strip, written)) else "has no header"
        intake.findings.problem(raw.where, what, "The first row must hold the names of the columns.")
        return None
    _check(written, known, raw, intake)
    missing = [column.name for column in table.columns if column.required and column not in known]
    for name in missing if written else ():
        intake.findings.problem(raw.where, f"the column {name} is missing", "Add it to the export.")
    return known


def _check(written: list[str], known: Columns, raw: RawTable, intake: Intake) -> None:
    positions: dict[str, int] = {}
    for position, (name, column) in enumerate(zip(written, known, strict=True), 1):
        if not name.strip():
            intake.findings.problem(raw.where, f"column {position} has no name", "Name it or leave it out.")
            continue
        first = positions.setdefault(column.name if column else match_key(name), position)
        if first != position:
            what = f"the column {shown(name)} stands twice, as column {first} and column {position}"
            intake.findings.problem(raw.where, what, "Leave one of them.")
        elif column is None:
            what = f"the column {shown(name)} is not known"
            intake.unknown(raw.where, what, f"{raw.name}.{shown(name.strip())[1:-1]}")
        elif name != name.strip():
            intake.findings.note(raw.where, f"blanks around the column name {column.name} were taken off")


def _text(name: object) -> str:
    return "" if name is None else str(name)
