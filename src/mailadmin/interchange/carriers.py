"""What a legacy export came in: a folder of CSV files, a workbook, a JSON file or a database.

Laws: the carrier is told by content and shape, never by the name alone. Whatever it is, it yields RawTables, one after
another, and puts everything that is wrong with itself into the findings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple, Self

from ..errors import BadInput
from .encodings import encoding_of
from .findings import Findings

NOT_SET: Final = frozenset({None, "", "NULL", "(null)"})
"""What stands for *not set* in every carrier. `None`, `nan` and `NA` are text: somebody may be called so."""


class Unusable:
    """A cell that holds no plain value, such as a formula, and how to mend it."""

    def __init__(self, what: str, remedy: str = "") -> None:
        self.what = what
        self.remedy = remedy


class Place(NamedTuple):
    """Where the rows of a table are: what stands before the number of a row, and what behind it."""

    before: str
    behind: str = ""

    def __call__(self, number: int) -> str:
        """Where the row of that number is."""
        return f"{self.before}{number}{self.behind}"


RawRow = tuple[int, list[object]]
"""The number of a row, and its cells."""


@dataclass(frozen=True, slots=True)
class Runs(Iterable[RawRow]):
    """Rows in runs: nothing is told between the rows of one."""

    runs: Iterable[Sequence[RawRow]]

    @classmethod
    def of(cls, rows: Iterable[RawRow]) -> Self:
        """These rows in runs; each is one of its own where nobody knows better."""
        return rows if isinstance(rows, cls) else cls((row,) for row in rows)

    def __iter__(self) -> Iterator[RawRow]:
        return chain.from_iterable(self.runs)


class RawTable(NamedTuple):
    """One table as its carrier holds it; `header` is None where there is not even a header.

    `rows` yields (number, cells), with exactly one cell per name of the header; `place(number)` says where that is.
    """

    name: str
    where: str
    header: list[object] | None
    rows: Iterable[RawRow]
    place: Place


class Carrier(NamedTuple):
    """A source that has been opened. `digest` answers when every table has been read; None for a database."""

    tables: Iterator[RawTable]
    digest: Callable[[], str | None]


_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"SQLite format 3\0", "an SQLite database; read it with --sql"),
    (b"\x80\x02", "a Python pickle"),
    (b"\x80\x03", "a Python pickle"),
    (b"\x80\x04", "a Python pickle"),
    (b"\x80\x05", "a Python pickle"),
    (b"{\\rtf", "an RTF document"),
)
"""TABLE: how files that are no legacy export begin, and what they are."""

_MARKUP = re.compile(r"\s*<(!doctype html|html|table|head|body|meta|\?xml|!--)", re.IGNORECASE)
_REMEDY = "Give a folder of CSV files, an XLSX workbook or a JSON file."


def tables_in_file(data: bytes, path: Path, findings: Findings) -> Iterator[RawTable]:
    """The tables of a workbook or a JSON document. Raises BadInput for anything else, saying what it is."""
    if data.startswith(b"PK"):
        from .xlsx_tables import tables_in_workbook

        return tables_in_workbook(data, path.name, findings)
    if (foreign := _foreign(data)) is not None:
        raise BadInput(f"{path.name} is {foreign}.", remedy=_REMEDY)
    return _tables_in_text(data, path.name, findings)


def _tables_in_text(data: bytes, name: str, findings: Findings) -> Iterator[RawTable]:
    try:
        codec = encoding_of(data)
    except BadInput as error:
        raise BadInput(f"{name}, {error.what}.", remedy=error.remedy) from None
    beginning = data.decode(codec)[:200] if len(data) < 1000 else data[:1000].decode(codec, "ignore")
    if _MARKUP.match(beginning):
        raise BadInput(f"{name} is an HTML or XML page, whatever its name says.", remedy=_REMEDY)
    if not beginning.lstrip().startswith(("{", "[")):
        raise BadInput(f"{name} is neither a workbook nor JSON.", remedy=_REMEDY)
    from .json_tables import tables_in_document

    return tables_in_document(data.decode(codec), name, findings)


def _foreign(data: bytes) -> str | None:
    if not data or data.isspace():
        return "empty"
    if data.startswith(_OLE):
        return "a workbook protected by a password" if _ENCRYPTED in data else "an old binary Excel workbook (.xls)"
    return next((what for signature, what in _SIGNATURES if data.startswith(signature)), None)
