"""A CSV file as a table, called by its stem.

Laws: the delimiter is told by the header alone. A row that has not as many cells as the header is refused, because
what is too long or too short has moved values under the wrong name.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from ..errors import BadInput
from . import budgets
from .carriers import Place, RawTable
from .encodings import WINDOWS, encoding_of
from .findings import Findings

_CONTENT = re.compile(rb"[^\0 \t\r\n]")
_DELIMITERS = ",;\t"
_DIRECTIVE = re.compile('"?sep=([,;|\t])"?', re.IGNORECASE)
_TYPE = re.compile('"?#TYPE [A-Z]', re.IGNORECASE)
"""What Export-Csv of Windows PowerShell writes above the header."""


Records = Iterator[list[str]]


def table_in_file(data: bytes, path: Path, findings: Findings) -> RawTable:
    """The table of a CSV file. Raises BadInput when its encoding or its header cannot be read."""
    place = Place(f"{path.name}, row ")
    if not _CONTENT.search(data):
        return RawTable(path.stem, path.name, None, (), place)
    codec = encoding_of(data)
    if codec == WINDOWS:
        findings.note(path.name, "was read as Windows-1252, because it is not UTF-8")
    first, header, records = _opened(data, codec)
    rows = _rows(records, first + 1, len(header), path, findings)
    return RawTable(path.stem, path.name, list(header), rows, place)


def _opened(data: bytes, codec: str) -> tuple[int, list[str], Records]:
    """The row the header is in, the header, and the records after it. A line `sep=;` is no row, `#TYPE …` no header."""
    lines = io.TextIOWrapper(io.BytesIO(data), encoding=codec, newline="")
    number, line = 1, lines.readline()
    directive = _DIRECTIVE.fullmatch(line.rstrip("\r\n"))
    if directive:
        line = lines.readline()
    elif _TYPE.match(line):
        number, line = 2, lines.readline()
    while line and not line.strip():
        number, line = number + 1, lines.readline()
    delimiter = directive[1] if directive else max(_DELIMITERS, key=line.count)
    records = csv.reader(itertools.chain([line], lines), delimiter=delimiter, strict=True)
    try:
        return number, next(records, []), records
    except csv.Error as error:
        raise BadInput(f"row {number}: {_told(error)}") from None


def _rows(
    records: Records, first: int, width: int, path: Path, findings: Findings
) -> Iterator[tuple[int, list[object]]]:
    number = first - 1
    try:
        for number, cells in enumerate(records, first):
            if len(cells) == width:
                yield number, cells  # type: ignore[misc]  # nobody changes the cells
            elif cells:
                what = f"has {len(cells)} cell{'s' if len(cells) != 1 else ''}, the header {width}"
                findings.problem(f"{path.name}, row {number}", what, "Put text that holds a delimiter between quotes.")
    except csv.Error as error:
        findings.problem(f"{path.name}, row {number + 1}", _told(error), "Nothing after it was read.")


def _told(error: csv.Error) -> str:
    if "field larger" in str(error):
        return f"a cell is longer than {budgets.CELL} characters"
    return f"the quotes do not match: {error}"
