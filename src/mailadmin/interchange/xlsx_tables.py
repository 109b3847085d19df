"""An XLSX workbook as tables: a sheet per table.

Laws: what is in a cell counts, not how it is shown; where the two differ in a way that loses something (a formula, a
date, zeros in front), the cell is refused. Rows come as they stand in the file, so a far cell costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element
from zipfile import ZipFile

from ..errors import BadInput
from .archives import archive_of
from .carriers import NOT_SET, Place, RawTable, Unusable
from .findings import Findings
from .workbooks import (
    Broken,
    Sheet,
    elements,
    is_workbook,
    number_formats,
    shared_texts,
    sheets_of,
    text_in,
    unescaped,
)

_ADDRESS = re.compile("([A-Z]{1,3})([1-9][0-9]{0,6})")
_EXACT = 10**15
_PADDED = re.compile("0{2,}")

_FORMULA = "Put the value in its place, as text."
_SAVE_AGAIN = "Save the workbook again."
_AS_TEXT = "Format the column as text and type it again."

_EXTRAS = (
    ("xl/vbaProject.bin", "holds macros; they were not read"),
    ("xl/externalLinks/", "has links to other workbooks; they were not followed"),
    ("xl/connections.xml", "has data connections; they were not used"),
)


Rows = Iterator[tuple[int, list[object]]]
SparseRows = Iterator[tuple[int, dict[int, object]]]


class _Book(NamedTuple):
    """What cells refer to."""

    archive: ZipFile
    texts: list[str]
    formats: list[str]


def tables_in_workbook(data: bytes, name: str, findings: Findings) -> Iterator[RawTable]:
    """The tables of a workbook, hidden sheets included.

    Raises BadInput when it is no XLSX workbook, is damaged, or goes over a budget.
    """
    with archive_of(data, name) as archive:
        is_workbook(archive, name)
        for part, what in _EXTRAS:
            if any(entry.startswith(part) for entry in archive.namelist()):
                findings.note(name, what)
        try:
            book = _Book(archive, shared_texts(archive), number_formats(archive))
            for sheet in sheets_of(archive):
                yield _table(sheet, book, name, findings)
        except Broken as error:
            raise BadInput(f"{name} is damaged: {error}.", remedy=_SAVE_AGAIN) from None


def _table(sheet: Sheet, book: _Book, name: str, findings: Findings) -> RawTable:
    where = f"{name}, sheet {sheet.name}"
    if sheet.hidden:
        findings.note(where, "is hidden; it was read all the same")
    rows = _rows(sheet, book, where, findings)
    place = Place(f"{where}, row ")
    if (first := next(rows, None)) is None:
        return RawTable(sheet.name, where, None, (), place)
    header = _dense(first[1])
    return RawTable(sheet.name, where, header, _aligned(rows, header, where, findings), place)


def _dense(cells: dict[int, object]) -> list[object]:
    return [cells.get(column) for column in range(1, max(cells) + 1)]


def _aligned(rows: SparseRows, header: list[object], where: str, findings: Findings) -> Rows:
    columns = range(1, len(header) + 1)
    for number, cells in rows:
        beyond = max(cells)
        if beyond > len(header):
            what = f"cell {_letters(beyond)}{number} has a value and its column has no name"
            findings.problem(f"{where}, row {number}", what, "Name the column or clear the cell.")
        else:
            yield number, [cells.get(column) for column in columns]


def _rows(sheet: Sheet, book: _Book, where: str, findings: Findings) -> SparseRows:
    """(number, cells by column) for every row that holds anything, in rising order."""
    try:
        yield from _whole_rows(sheet, book, where, findings)
    except Broken as error:
        findings.problem(where, f"the workbook is damaged: {error}", _SAVE_AGAIN)


def _whole_rows(sheet: Sheet, book: _Book, where: str, findings: Findings) -> SparseRows:
    number = 0
    for _, element in elements(book.archive, sheet.part, "col", "row", "sheetData"):
        kind = element.tag.rpartition("}")[2]
        if kind == "sheetData":
            return
        hidden = element.get("hidden") in ("1", "true")
        if kind == "col":
            if hidden:
                findings.note(where, "has hidden columns; they were read all the same")
            continue
        number = _row_number(element, number, sheet)
        if cells := _cells(element, number, book):
            if hidden:
                findings.note(where, "has hidden rows; they were read all the same", f"row {number}")
            yield number, cells


def _row_number(row: Element, last: int, sheet: Sheet) -> int:
    stated = row.get("r", str(last + 1))
    if len(stated) > 7 or not stated.isdecimal() or int(stated) <= last:
        raise Broken(f"the rows of {sheet.part} are out of order")
    return int(stated)


def _cells(row: Element, number: int, book: _Book) -> dict[int, object]:
    cells: dict[int, object] = {}
    column = 0
    for element in row:
        address = _ADDRESS.fullmatch(element.get("r", ""))
        column = _column(address[1]) if address else column + 1
        value = _value(element, f"{_letters(column)}{number}", book)
        if value in NOT_SET:
            continue
        cells[column] = value if column not in cells else Unusable("stands twice in the file", "Save it again.")
    return cells


def _value(cell: Element, address: str, book: _Book) -> object:
    parts = {child.tag.rpartition("}")[2]: child for child in cell}
    kind = cell.get("t", "n")
    if "f" in parts:
        return Unusable(f"cell {address} holds a formula", _FORMULA)
    if kind == "inlineStr":
        return text_in(parts["is"]) if "is" in parts else None
    text = (parts["v"].text or "") if "v" in parts else ""
    if text == "":
        return None
    try:
        return _READERS.get(kind, _number)(text, cell, book)
    except (ValueError, LookupError):
        return Unusable(f"cell {address} cannot be read", "Type it again.")
    except _NotPlain as error:
        return Unusable(f"cell {address} holds {error}", _AS_TEXT)


class _NotPlain(Exception):
    """A value that is shown in another way than it is kept."""


def _shared(text: str, cell: Element, book: _Book) -> object:
    return book.texts[_index(text)]


def _own(text: str, cell: Element, book: _Book) -> object:
    return unescaped(text)


def _boolean(text: str, cell: Element, book: _Book) -> object:
    return {"1": True, "0": False, "true": True, "false": False}[text.strip()]


def _error(text: str, cell: Element, book: _Book) -> object:
    raise _NotPlain("an error such as #N/A")


def _date(text: str, cell: Element, book: _Book) -> object:
    raise _NotPlain("a date")


def _number(text: str, cell: Element, book: _Book) -> object:
    style = cell.get("s")
    code = book.formats[_index(style)] if style and book.formats else ""
    if code == "date":
        raise _NotPlain("a date")
    number = float(text)
    if _PADDED.fullmatch(code) and len(f"{abs(number):.0f}") < len(code):
        raise _NotPlain("a number shown with zeros in front, which are not in the file")
    if abs(number) >= _EXACT:
        raise _NotPlain("a number of more than 15 digits, of which Excel keeps 15")
    return number


_READERS = {"s": _shared, "str": _own, "b": _boolean, "e": _error, "d": _date, "n": _number}
"""TABLE: the cell types of ECMA-376 but the inline text."""


def _index(text: str) -> int:
    if not text.isdecimal():
        raise ValueError("no index")
    return int(text)


def _column(letters: str) -> int:
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return column


def _letters(column: int) -> str:
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
