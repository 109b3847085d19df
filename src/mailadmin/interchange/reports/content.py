"""What a migration report says, before it is drawn: numbers, sentences and tables of plain values.

Laws: the HTML page, the workbook and the PDF are drawn from this one value and say nothing it does not say; no secret
stands in it; the same plan and date give an equal value, and an equal value the same bytes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

Cell = str | int | tuple[str, ...]
"""Text, a number, or the names of everybody concerned."""

LONGEST_LIST = 12
"""So many names stand in a sentence; the rest is counted, and listed in the workbook."""


class Holds(StrEnum):
    """What a column holds."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    """Text of which there are few: worth a filter."""
    EFFECT = "effect"
    """A kind of effect: shown with its colour."""
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
    """Rows under columns; `none` is said where there is no row."""

    title: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Cell, ...]]
    none: str = "None."


class Number(NamedTuple):
    """A number of the summary. `tone` is plain, good or alarm; `note` says it in words."""

    name: str
    value: int
    note: str
    tone: str = "plain"


class Way(NamedTuple):
    """A way for mail to go out, in words, and whether it works."""

    name: str
    works: bool


class Path(NamedTuple):
    """So many users or web configurations went out by `before` and will by `after`."""

    before: Way
    after: Way
    number: int


class Branch(NamedTuple):
    """How many of a branch each kind of effect concerns, in the order of the report's kinds."""

    name: str
    counts: tuple[int, ...]


class Explained(NamedTuple):
    """One user told at length: what was, what will be, who was asked, and where every value comes from."""

    who: str
    effect: str
    sentences: tuple[str, ...]
    asked: Table
    fields: Table


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationReport:
    """A migration report. `kinds` are the kinds of effect, those first that need attention; the last is *nothing*."""

    title: str
    as_of: date
    sentences: tuple[str, ...]
    numbers: tuple[Number, ...]
    kinds: tuple[str, ...]
    summary: Table
    statuses: Table
    paths: tuple[Path, ...]
    branches: tuple[Branch, ...]
    effects: Table
    explained: tuple[Explained, ...]
    actions: Table
    findings: Table
    dropped: Table
    left_alone: Table
    written: Table
    proof: Table

    @property
    def paths_table(self) -> Table:
        """The numbers of the first picture."""
        columns = (Column("Before", width=28), Column("After", width=28), Column("Number", Holds.NUMBER, 10))
        rows = [(path.before.name, path.after.name, path.number) for path in self.paths]
        return Table("From the old way of sending to the new one", columns, rows)

    @property
    def branches_table(self) -> Table:
        """The numbers of the second picture; kinds that concern nobody are left out."""
        used = [i for i in range(len(self.kinds)) if any(branch.counts[i] for branch in self.branches)]
        named = [Column(self.kinds[i][:1].upper() + self.kinds[i][1:], Holds.NUMBER, 14) for i in used]
        rows: list[tuple[Cell, ...]] = [
            (branch.name, *[branch.counts[i] for i in used], sum(branch.counts)) for branch in self.branches
        ]
        return Table("Effects by branch", (Column("Branch"), *named, Column("All", Holds.NUMBER, 10)), rows)


_KEPT = "\t\n\r"
_REPLACED = {"Cc", "Cs"}
_NEVER = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFFFE, 0xFFFF)}
REPLACEMENT = "\ufffd"


def printable(text: str) -> str:
    """Text any of the three formats can hold: control characters, halves of characters, reversals become U+FFFD."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(REPLACEMENT if _is_replaced(character) else character for character in text)


def _is_replaced(character: str) -> bool:
    return character in _NEVER or (character not in _KEPT and unicodedata.category(character) in _REPLACED)


def listed(names: Sequence[str], most: int = LONGEST_LIST) -> str:
    """Everybody concerned, or the first of many and how many more there are."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most:,} more"


def day(date: date) -> str:
    """A date in words that cannot be misread: 23 November 2026."""
    return f"{date.day} {_MONTHS[date.month - 1]} {date.year}"


_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
