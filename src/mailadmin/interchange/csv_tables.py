"""A folder of CSV files as tables: a table per file, called by its stem.

Laws: the delimiter is told by the header alone. A row that has not as many cells as the header is refused, because
what is too long or too short has moved values under the wrong name.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..domain.keys import match_key
from ..errors import BadInput
from ..migration.content import TABLES
from . import budgets
from .carriers import RawTable
from .encodings import WINDOWS, encoding_of
from .findings import Findings

_DELIMITERS = ",;\t"
_DIRECTIVE = re.compile('"?sep=([,;|\t])"?', re.IGNORECASE)
_SUFFIXES = (".csv", ".tsv")

Records = Iterator[list[str]]


def tables_in_folder(folder: Path, findings: Findings, listing: Any) -> Iterator[RawTable]:
    """The tables of every CSV file in `folder`, in the order of their names.

    `listing` is a hashlib object; it is fed one line per file read: its SHA-256, two blanks, its name.
    """
    seen: dict[str, str] = {}
    for path in sorted(folder.iterdir()):
        if not _is_table(path, findings):
            continue
        if (twin := seen.setdefault(match_key(path.stem), path.name)) != path.name:
            findings.problem(path.name, f"is the same table as {twin}", "Leave one of them.")
            continue
        try:
            data = budgets.read_regular(path)
            listing.update(f"{sha256(data).hexdigest()}  {path.name}\n".encode())
            yield _table(data, path, findings)
        except BadInput as error:
            findings.problem(path.name, error.what, error.remedy)
    if not seen:
        raise BadInput(f"The folder {folder.name} holds no CSV file.", remedy="A file per table, such as users.csv.")


def _is_table(path: Path, findings: Findings) -> bool:
    suffix = path.suffix.lower()
    if suffix in _SUFFIXES or (suffix == ".txt" and match_key(path.stem) in TABLES):
        return True
    if not path.name.startswith("."):
        findings.note(path.name, "is no CSV file and was not read")
    return False


def _table(data: bytes, path: Path, findings: Findings) -> RawTable:
    if not data.strip(b"\0 \t\r\n"):
        raise BadInput("is empty: there is not even a header", remedy="Leave the file out, or give it its header.")
    codec = encoding_of(data)
    if codec == WINDOWS:
        findings.note(path.name, "was read as Windows-1252, because it is not UTF-8")
    first, header, records = _opened(data, codec)

    def place(number: int) -> str:
        return f"{path.name}, row {number}"

    rows = _rows(records, first + 1, len(header), path, findings)
    return RawTable(path.stem, path.name, list(header), rows, place)


def _opened(data: bytes, codec: str) -> tuple[int, list[str], Records]:
    """The row the header is in, the header, and the records after it. A line `sep=;` is no row."""
    lines = io.TextIOWrapper(io.BytesIO(data), encoding=codec, newline="")
    number, line = 1, lines.readline()
    directive = _DIRECTIVE.fullmatch(line.rstrip("\r\n"))
    if directive:
        line = lines.readline()
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
