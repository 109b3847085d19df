"""Tables of a report: rows of plain values under columns that say what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

Cell = str | int | tuple[str, ...]
"""Text, a number, or the names of everybody concerned."""


class Holds(StrEnum):
    """What a column holds."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    """Text of which there are few: worth a filter."""
    WORD = "word"
    """A word that has a colour: a kind of effect, a decision, a severity."""
    NAMES = "names"
    FILL_IN = "fill in"
    """Empty, for a person to write in."""
    FILL_IN_DATE = "fill in date"


class Column(NamedTuple):
    """A column: its heading, what it holds, and how many characters of width it would like."""

    name: str
    holds: Holds = Holds.TEXT
    width: int = 20


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns; `none` is said where there is no row. `sheet` is a shorter name for the workbook."""

    title: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Cell, ...]]
    none: str = "None."
    sheet: str = ""

    @property
    def name(self) -> str:
        """Its name in the workbook and among the CSV files."""
        return self.sheet or self.title

    @property
    def tables(self) -> tuple[Table, ...]:
        """Itself."""
        return (self,)
