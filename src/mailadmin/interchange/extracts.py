"""The row a problem is about, with the cell marked, so that nobody has to look for it in the file.

Laws: a cell that is a secret, or could be one because nobody knows its column, is shown as set and not in clear. The
file is read again as it was read before: in a process of its own, under limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..domain.keys import match_key, visible
from ..errors import Problem
from ..migration.content import TABLES, Table
from .carriers import NOT_SET, RawTable, Unusable
from .findings import Findings
from .headers import is_long
from .legacy_exports import Source, opened

MOST_SHOWN = 200
"""Problems beyond this are told without their row."""

_LONGEST = 60

_ROW = re.compile(r"(?P<file>.+?)(, sheet (?P<sheet>.+))?, row (?P<row>[0-9]+)")
_ITEM = re.compile(r"(?P<file>.+), (?P<sheet>[^,\[]+)\[(?P<row>[0-9]+)\]")


class Where(NamedTuple):
    """Where a problem is, part by part; a JSON document has tables for sheets."""

    file: str
    sheet: str = ""
    row: str = ""
    column: str = ""


def where_of(problem: Problem) -> Where:
    """The parts of the place a problem names."""
    head, _, column = problem.where.partition(", column ")
    found = _ROW.fullmatch(head) or _ITEM.fullmatch(head)
    return Where(found["file"], found["sheet"] or "", found["row"], column) if found else Where(head, column=column)


class Extract(NamedTuple):
    """One row of a source: its cells under their columns, and which of them is meant; -1 for the row as a whole."""

    header: tuple[str, ...]
    cells: tuple[str, ...]
    marked: int


def extracts(source: Source, problems: Iterable[Problem]) -> dict[str, Extract]:
    """The rows the first of these problems are about, by the problem's `where`; those that can be shown."""
    with opened(source, Findings()) as carrier:
        return extracts_of(carrier.tables, problems)


def extracts_of(tables: Iterable[RawTable], problems: Iterable[Problem]) -> dict[str, Extract]:
    """The same, of tables that are open already."""
    wanted: dict[str, list[str]] = {}
    for problem in list(problems)[:MOST_SHOWN]:
        place, named, _ = problem.where.partition(", column ")
        if named:
            wanted.setdefault(place, []).append(problem.where)
    found: dict[str, Extract] = {}
    for raw in tables if wanted else ():
        if (table := TABLES.get(match_key(raw.name))) is None or raw.header is None:
            continue
        for number, cells in raw.rows:
            for where in wanted.pop(raw.place(number), ()):
                found[where] = _extract(raw, table, cells, where.partition(", column ")[2])
            if not wanted:
                return found
    return found


def _extract(raw: RawTable, table: Table, cells: Sequence[object], column: str) -> Extract:
    header = [_text(name) for name in raw.header or ()]
    long = is_long(raw, table)
    shape = table.long if long else table
    columns = [shape.column(name) for name in header]
    names = [known.name if known else match_key(name) for known, name in zip(columns, header, strict=True)]
    hidden = [known is None or known.secret for known in columns]
    if long:
        member = table.member(_text(cells[names.index("property")]))
        hidden[names.index("value")] = member is None or member.secret
        column = column if column in names else "value"
    seen = (_set(cell) if hides else _text(cell) for cell, hides in zip(cells, hidden, strict=True))
    return Extract(tuple(header), tuple(seen), names.index(column) if column in names else -1)


def _text(cell: object) -> str:
    if isinstance(cell, Unusable):
        return cell.what
    text = "" if cell is None else visible(str(cell))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _set(cell: object) -> str:
    return "" if cell in NOT_SET else "set"
