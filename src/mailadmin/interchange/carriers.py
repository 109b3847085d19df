"""What a legacy export came in: a folder of CSV files, a workbook, a JSON file or a database.

Laws: the carrier is told by content and shape, never by the name alone. Whatever it is, it yields RawTables, one after
another, and puts everything that is wrong with itself into the findings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, Protocol

from ..errors import BadInput
from . import budgets
from .encodings import encoding_of
from .findings import Findings


class RawTable(NamedTuple):
    """One table as its carrier holds it.

    `rows` yields (number, cells), with exactly one cell per name of the header; `place(number)` says where that is.
    """

    name: str
    where: str
    header: list[object]
    rows: Iterable[tuple[int, list[object]]]
    place: Callable[[int], str]


class Digest(Protocol):
    """The hash of the bytes read so far."""

    def hexdigest(self) -> str:
        """The hash in hexadecimal digits."""


class Carrier(NamedTuple):
    """A source that has been opened. `digest` is complete when every table has been read."""

    tables: Iterator[RawTable]
    digest: Digest | None


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


def opened(source: Path, findings: Findings) -> Carrier:
    """The carrier at `source`.

    Raises BadInput when there is nothing there, or something that is no legacy export, saying what it is.
    """
    if source.is_dir():
        from .csv_tables import tables_in_folder

        listing = sha256()
        return Carrier(tables_in_folder(source, findings, listing), listing)
    data = budgets.read_regular(source)
    return Carrier(_tables_in(data, source.name, findings), sha256(data))


def _tables_in(data: bytes, name: str, findings: Findings) -> Iterator[RawTable]:
    if data.startswith(b"PK"):
        from .xlsx_tables import tables_in_workbook

        return tables_in_workbook(data, name, findings)
    if (foreign := _foreign(data)) is not None:
        raise BadInput(f"{name} is {foreign}.", remedy=_REMEDY)
    return _tables_in_text(data, name, findings)


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
    if not data.strip():
        return "empty"
    if data.startswith(_OLE):
        return "a workbook protected by a password" if _ENCRYPTED in data else "an old binary Excel workbook (.xls)"
    return next((what for signature, what in _SIGNATURES if data.startswith(signature)), None)
