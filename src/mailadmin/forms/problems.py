"""What is wrong with a source: a row for each problem, and the row of the source it is about, its cell marked."""

from __future__ import annotations

from collections.abc import Sequence

from ipywidgets import VBox

from ..interchange.extracts import Extract, Where
from ..usecases.noting import Told
from .display import Table
from .paged import PagedTable, Row
from .shown import Shown
from .work import Runner

_AROUND = 8
"""Cells shown on each side of the one that is meant."""


class Problems:
    """The table of problems. Whichever is chosen is shown at its cell; the first of them is at once."""

    def __init__(self, told: Sequence[Told], runner: Runner) -> None:
        self._told = {(_place(one.where), one.where.column, one.what): one for one in told}
        rows = [(*key, one.remedy) for key, one in self._told.items()]
        columns = ("where", "column", "what is wrong", "what to do")
        title = f"{len(told)} problem{'s' if len(told) != 1 else ''}; nothing was taken"
        self.table = PagedTable(title, columns, rows, chosen=self.look, runner=runner)
        self.extract = Shown()
        self.box = VBox([self.table.box, self.extract])
        if first := next((row for row in rows if self._told[row[:3]].extract), None):
            self.look(first)

    def look(self, row: Row) -> None:
        """Show the row of the source a problem is about."""
        one = self._told[str(row[0]), str(row[1]), str(row[2])]
        self.extract.show(at_the_cell(one) if one.extract else f"{row[0]}: {one.what}.")


def at_the_cell(one: Told) -> Table:
    """The row a problem is about, column by column, and what is wrong at the cell it is about."""
    extract = one.extract or Extract((), (), -1)
    nearby = range(len(extract.header))[max(0, extract.marked - _AROUND) : extract.marked + _AROUND + 1]
    shown = [i for i in nearby if extract.cells[i] or i == extract.marked]
    rows = [(extract.header[i], extract.cells[i], f"◂ {one.what}" if i == extract.marked else "") for i in shown]
    marked = frozenset(place for place, i in enumerate(shown) if i == extract.marked)
    return Table(f"At the cell: {_place(one.where)}", ("column", "cell", "what is wrong"), rows, marked)


def _place(where: Where) -> str:
    row = f"row {where.row}" if where.row else ""
    return ", ".join(part for part in (where.file, where.sheet, row) if part)
