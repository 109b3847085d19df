"""What a report says, before it is drawn: titled sections of sentences, numbers, pictures and tables of plain values.

Laws: page, workbook, paper, CSV and JSON are drawn from this one value, know no report by name, and say nothing it does
not say; no secret stands in it; an equal report gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from .tables import Cell, Column, Holds, Table
from .wording import printable


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


class Bar(NamedTuple):
    """How many of one thing each kind concerns, in the order of the picture's kinds."""

    name: str
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ribbons:
    """A picture: how many take each path from one side to the other. `name` is its anchor in the page."""

    name: str
    title: str
    paths: tuple[Path, ...]
    sheet: str

    @property
    def table(self) -> Table:
        """The numbers of the picture."""
        columns = (Column("Before", width=28), Column("After", width=28), Column("Number", Holds.NUMBER, 10))
        rows = [(path.before.name, path.after.name, path.number) for path in self.paths]
        return Table(self.title, columns, rows, sheet=self.sheet)


@dataclass(frozen=True, slots=True)
class Bars:
    """A picture: a bar for each thing, divided by kind. `of` says what the things are."""

    name: str
    title: str
    of: str
    kinds: tuple[str, ...]
    bars: tuple[Bar, ...]
    sheet: str

    @property
    def used(self) -> tuple[int, ...]:
        """The kinds that concern anybody, by their places."""
        return tuple(i for i in range(len(self.kinds)) if any(bar.counts[i] for bar in self.bars))

    @property
    def table(self) -> Table:
        """The numbers of the picture; kinds that concern nobody are left out."""
        used = self.used
        named = [Column(self.kinds[i][:1].upper() + self.kinds[i][1:], Holds.NUMBER, 14) for i in used]
        every = [Column("All", Holds.NUMBER, 10)] if len(used) > 1 else []
        rows: list[tuple[Cell, ...]] = [
            (bar.name, *[bar.counts[i] for i in used], *[sum(bar.counts) for _ in every]) for bar in self.bars
        ]
        return Table(self.title, (Column(self.of), *named, *every), rows, sheet=self.sheet)


Picture = Ribbons | Bars


class Explained(NamedTuple):
    """One user told at length: `kind` in a word, and how that came about."""

    who: str
    kind: str
    sentences: tuple[str, ...]
    tables: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """Sentences, one after the other."""

    sentences: tuple[str, ...]
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers that tell most."""

    numbers: tuple[Number, ...]
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Beside:
    """Narrow tables, side by side where there is room."""

    tables: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures, each with its numbers."""

    pictures: tuple[Picture, ...]

    @property
    def tables(self) -> tuple[Table, ...]:
        """The numbers of the pictures."""
        return tuple(picture.table for picture in self.pictures)


@dataclass(frozen=True, slots=True)
class Browsed:
    """A table of any length, to be searched, filtered and sorted. Rows of the kind `quiet` are not printed.

    `name` is its anchor in the page; `quiet_words` say who they are, as in: The 300 *for whom nothing changes*.
    """

    name: str
    table: Table
    quiet: str = ""
    quiet_words: str = ""

    @property
    def tables(self) -> tuple[Table, ...]:
        """The table."""
        return (self.table,)


@dataclass(frozen=True, slots=True)
class FilledIn:
    """A table with columns a person fills in. `name` is its anchor in the page."""

    name: str
    table: Table

    @property
    def tables(self) -> tuple[Table, ...]:
        """The table."""
        return (self.table,)


@dataclass(frozen=True, slots=True)
class Details:
    """A few users told at length; `table` says the same as rows."""

    explained: tuple[Explained, ...]
    table: Table

    @property
    def tables(self) -> tuple[Table, ...]:
        """The same as rows."""
        return (self.table,)


Part = Words | Numbers | Table | Beside | Pictures | Browsed | FilledIn | Details
PARTS = (Words, Numbers, Table, Beside, Pictures, Browsed, FilledIn, Details)
"""TABLE: what a section is made of. Page and paper draw every one of them."""


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of a report. `name` is its anchor; `paper`: begins a "new page", or lies "wide"."""

    name: str
    title: str
    parts: tuple[Part, ...]
    paper: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report. `name` is that of its files; `mark` a line in each of them by which they are known as its own."""

    name: str
    title: str
    as_of: date
    about: str
    sections: tuple[Section, ...]
    closing: str
    mark: str = ""

    def parts(self) -> Iterator[Part]:
        """All its parts, in order."""
        for section in self.sections:
            yield from section.parts

    def tables(self) -> Iterator[Table]:
        """All of it as tables, in order: a sheet or a file for each."""
        yield self._summary()
        for part in self.parts():
            yield from part.tables

    def _summary(self) -> Table:
        columns = (Column("What", width=30), Column("Number", Holds.NUMBER, 12), Column("Meaning", width=90))
        rows: list[tuple[Cell, ...]] = [(self.title, "", f"As of {self.as_of.isoformat()}")]
        for part in self.parts():
            if isinstance(part, Words):
                rows += [("", "", sentence) for sentence in part.sentences]
            if isinstance(part, Numbers):
                rows += [(number.name, number.value, number.note) for number in part.numbers]
        return Table("Summary", columns, rows)

    def content(self) -> dict[str, Any]:
        """All it says, as JSON."""
        return {
            "report": self.name,
            "title": printable(self.title),
            "as_of": self.as_of.isoformat(),
            "tables": [_told(table) for table in self.tables()],
        }


def _told(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "title": printable(table.title),
        "columns": [column.name for column in table.columns],
        "rows": [[_plain(cell) for cell in row] for row in table.rows],
    }


def _plain(cell: Cell) -> str | int | list[str]:
    if isinstance(cell, int):
        return cell
    return [printable(name) for name in cell] if isinstance(cell, tuple) else printable(cell)
