"""What a migration report says, and how it is divided into sections.

Laws: no secret stands in it; the same plan and date give an equal report.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from ...migration.kinds import Kind
from .content import (
    Bar,
    Bars,
    Beside,
    Browsed,
    Details,
    Explained,
    FilledIn,
    Number,
    Numbers,
    Path,
    Pictures,
    Report,
    Ribbons,
    Section,
    Words,
)
from .tables import Cell, Column, Holds, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationReport:
    """A migration told. `kinds` are the kinds of effect, those first that need attention; the last is *nothing*."""

    title: str
    as_of: date
    sentences: tuple[str, ...]
    numbers: tuple[Number, ...]
    kinds: tuple[str, ...]
    summary: Table
    statuses: Table
    paths: tuple[Path, ...]
    branches: tuple[Bar, ...]
    effects: Table
    explained: tuple[Explained, ...]
    actions: Table
    findings: Table
    dropped: Table
    left_alone: Table
    written: Table
    proof: Table

    @property
    def old_to_new(self) -> Ribbons:
        """The picture of who takes which path."""
        return Ribbons("old-to-new", "From the old way of sending to the new one", self.paths, "Old to new")

    @property
    def by_branch(self) -> Bars:
        """The picture of what becomes of each branch."""
        return Bars("by-branch", "Effects by branch", "Branch", self.kinds, self.branches, "By branch")

    def report(self) -> Report:
        """The report, ready to be drawn."""
        proof = {str(row[0]): str(row[1]) for row in self.proof.rows}
        left_alone = (self.left_alone,) if self.left_alone.rows else ()
        pictures = Pictures((self.old_to_new, self.by_branch))
        effects = Browsed("effects", _sheet(self.effects, "Effects"), str(Kind.SAME), "for whom nothing changes")
        beside = Beside((_sheet(self.statuses, "By status"), _sheet(self.written, "Rows written")))
        details = Details(self.explained, _rows(self.explained))
        summary = (Words(self.sentences), Numbers(self.numbers), _sheet(self.summary, "By effect"), beside)
        return Report(
            name="migration",
            title=self.title,
            as_of=self.as_of,
            about=f"Plan {proof['Confirmation of the plan']}, made from {proof['Source']}.",
            sections=(
                Section("summary", "Summary", summary),
                Section("pictures", "Pictures", (pictures,), paper="new page"),
                Section("actions", "Manual actions", (FilledIn("actions", self.actions),), paper="wide"),
                Section("effects", "Effects", (effects,), paper="wide"),
                Section("explained", "Three users explained", (details,), paper="new page"),
                Section("findings", "Findings", (self.findings,)),
                Section("dropped", "Dropped settings", (self.dropped, *left_alone)),
                Section("proof", "Fingerprints", (self.proof,)),
            ),
            closing=f"{proof['Report made with']}. Plan {proof['Plan hash (SHA-256)']}.",
        )


def _sheet(table: Table, name: str) -> Table:
    return replace(table, sheet=name)


def _rows(explained: Iterable[Explained]) -> Table:
    """The users explained, one row for each tier asked and each setting."""
    columns = (
        Column("Who", Holds.CHOICE, 28), Column("Part", Holds.CHOICE, 24), Column("What", width=28),
        Column("Before, or which", width=30), Column("After, or cost centre", width=30),
        Column("Outcome", Holds.CHOICE, 16), Column("Reason or origin", width=60),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for one in explained:
        asked, fields = one.tables
        rows += [(one.who, one.kind, "", "", "", "", sentence) for sentence in one.sentences]
        rows += [(one.who, row[0], *row[1:]) for row in asked.rows]
        rows += [(one.who, fields.title, *row) for row in fields.rows]
    return Table("Explained", columns, rows)
