"""The XML parts of a workbook, heard as they stream by: what begins, what ends, and the text between.

Laws: a document type is refused where it begins, and with it every entity. Nothing is kept of what has passed but what
the hearer keeps. Names are local names, because strict and transitional workbooks differ in nothing else that matters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NoReturn, Protocol
from xml.parsers import expat
from zipfile import ZipFile

from .archives import BROKEN

Attributes = Mapping[str, str]

_PIECE = 1 << 16


class Broken(Exception):
    """A part that cannot be read."""


class Hearer(Protocol):
    """Whom a part is told to, with names as they are written: see `local`."""

    def begin(self, name: str, attributes: Attributes, /) -> None:
        """An element begins."""

    def end(self, name: str, /) -> None:
        """An element ends."""

    def characters(self, piece: str, /) -> None:
        """Some text of the innermost element, not always all of it."""


@lru_cache(maxsize=1_000)
def local(name: str) -> str:
    """The local name of an element or attribute: `row` for `x:row`."""
    return name.rpartition(":")[2]


def told(archive: ZipFile, part: str, hearer: Hearer) -> Iterator[None]:
    """Tell a part to its hearer piece by piece; between two of them, what was heard can be taken.

    Raises Broken when it is missing, damaged to its last byte's checksum, or has a document type.
    """

    def refuse(*doctype: object) -> NoReturn:
        raise Broken(f"{part} holds a document type or an entity")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = hearer.begin
    parser.EndElementHandler = hearer.end
    parser.CharacterDataHandler = hearer.characters
    try:
        with archive.open(part) as stream:
            while piece := stream.read(_PIECE):
                parser.Parse(piece)
                yield
        parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, *BROKEN):
        raise Broken(f"{part} is damaged or missing") from None
    yield
