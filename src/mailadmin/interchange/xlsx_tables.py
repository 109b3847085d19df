"""An XLSX workbook as tables: a sheet per table.

Laws: what is in a cell counts, not how it is shown; where the two differ in a way that loses something (a formula, a
date, zeros in front), the cell is refused. Rows come as they stand in the file, so a far cell costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple
from zipfile import ZipFile

from ..errors import BadInput
from .archives import archive_of
from .carriers import NOT_SET, Place, RawTable, Unusable
from .findings import Findings
from .workbooks import Sheet, Texts, is_workbook, number_formats, shared_texts, sheets_of, unescaped
from .xml_parts import Attributes, Broken, local, told

_LETTERS = re.compile("[A-Z]{1,3}")
_LAST_COLUMN = 16_384
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
    hearer = _Rows(sheet, book, where, findings)
    try:
        for _ in told(book.archive, sheet.part, hearer):
            yield from hearer.found
            hearer.found.clear()
    except Broken as error:
        findings.problem(where, f"the workbook is damaged: {error}", _SAVE_AGAIN)


class _Rows(Texts):
    """Hears the rows of a sheet. This is called for every element of millions of cells."""

    def __init__(self, sheet: Sheet, book: _Book, where: str, findings: Findings) -> None:
        super().__init__()
        self.found: list[tuple[int, dict[int, object]]] = []
        self._sheet, self._book, self._where, self._findings = sheet, book, where, findings
        self._inside = False
        self._row: Attributes = {}
        self._number = 0
        self._digits = ""
        self._cells: dict[int, object] = {}
        self._cell: Attributes = {}
        self._column = 0
        self._value = ""
        self._is_formula = False

    def begin(self, name: str, attributes: Attributes) -> None:
        name = local(name)
        if not self._inside:
            self._begin_outside(name, attributes)
        elif name == "c":
            self._cell = attributes
            self._value = self.text = ""
            self._is_formula = False
        elif name == "v":
            self.innermost = ""
        elif name == "row":
            self._begin_row(attributes)
        elif name == "f":
            self._is_formula = True
        else:
            super().begin(name, attributes)

    def end(self, name: str) -> None:
        name = local(name)
        if not self._inside:
            return
        if name == "v":
            self._value = self.innermost
        elif name == "c":
            self._end_cell()
        elif name == "row":
            self._end_row()
        elif name == "sheetData":
            self._inside = False
        else:
            super().end(name)

    def _begin_outside(self, name: str, attributes: Attributes) -> None:
        if name == "sheetData":
            self._inside = True
        elif name == "col" and _is_hidden(attributes):
            self._findings.note(self._where, "has hidden columns; they were read all the same")

    def _begin_row(self, row: Attributes) -> None:
        stated = row.get("r", str(self._number + 1))
        if len(stated) > 7 or not stated.isdecimal() or int(stated) <= self._number:
            raise Broken(f"the rows of {self._sheet.part} are out of order")
        self._row, self._number, self._digits = row, int(stated), stated
        self._cells, self._column = {}, 0

    def _end_row(self) -> None:
        if self._cells:
            if _is_hidden(self._row):
                what = "has hidden rows; they were read all the same"
                self._findings.note(self._where, what, f"row {self._number}")
            self.found.append((self._number, self._cells))

    def _end_cell(self) -> None:
        address = self._cell.get("r")
        self._column = column = _column(address.removesuffix(self._digits)) if address else self._column + 1
        if column > _LAST_COLUMN:
            raise Broken(f"{self._sheet.part} has a row of more than {_LAST_COLUMN} cells")
        value = self._read()
        if value in NOT_SET:
            return
        twice = column in self._cells
        self._cells[column] = Unusable("stands twice in the file", "Save it again.") if twice else value

    def _read(self) -> object:
        kind = self._cell.get("t", "n")
        if self._is_formula:
            return self._unusable("holds a formula", _FORMULA)
        if kind == "inlineStr":
            return unescaped(self.text)
        if self._value == "":
            return None
        try:
            return _READERS.get(kind, _number)(self._value, self._cell, self._book)
        except (ValueError, LookupError):
            return self._unusable("cannot be read", "Type it again.")
        except _NotPlain as error:
            return self._unusable(f"holds {error}", _AS_TEXT)

    def _unusable(self, what: str, remedy: str) -> Unusable:
        return Unusable(f"cell {_letters(self._column)}{self._number} {what}", remedy)


def _is_hidden(attributes: Attributes) -> bool:
    return attributes.get("hidden") in ("1", "true")


class _NotPlain(Exception):
    """A value that is shown in another way than it is kept."""


def _shared(text: str, cell: Attributes, book: _Book) -> object:
    return book.texts[_index(text)]


def _own(text: str, cell: Attributes, book: _Book) -> object:
    return unescaped(text)


def _boolean(text: str, cell: Attributes, book: _Book) -> object:
    return _BOOLEANS[text.strip()]


def _error(text: str, cell: Attributes, book: _Book) -> object:
    raise _NotPlain("an error such as #N/A")


def _date(text: str, cell: Attributes, book: _Book) -> object:
    raise _NotPlain("a date")


def _number(text: str, cell: Attributes, book: _Book) -> object:
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


_BOOLEANS = {"1": True, "0": False, "true": True, "false": False}
_READERS = {"s": _shared, "str": _own, "b": _boolean, "e": _error, "d": _date, "n": _number}
"""TABLE: the cell types of ECMA-376 but the inline text."""


def _index(text: str) -> int:
    if not text.isdecimal():
        raise ValueError("no index")
    return int(text)


@lru_cache(maxsize=1_000)
def _column(letters: str) -> int:
    if not _LETTERS.fullmatch(letters):
        raise Broken("it has a cell whose address is not that of its row")
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
