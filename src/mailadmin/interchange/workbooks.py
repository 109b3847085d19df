"""The parts of an XLSX workbook that stand around its sheets: their names, shared texts and number formats.

Laws: XML is read by defusedxml, without document types and entities, and element by element. Elements are known by
their local names, because strict and transitional workbooks differ in nothing else that matters here.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError
from zipfile import ZipFile

from ..errors import BadInput
from . import budgets
from .archives import BROKEN

_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_NOT_A_CODE = re.compile(r'"[^"]*"|\\.|_.|\[[^\]]*\]')
_DATE_FORMATS = frozenset(map(str, (*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59))))
"""The numbers of the built-in formats that show a date or a time."""

_MOST_KEPT = 100_000
"""A row of 16,384 cells is half of it."""


class Sheet(NamedTuple):
    """One sheet: its name, the part it stands in, and whether it is hidden."""

    name: str
    part: str
    hidden: bool


class Broken(Exception):
    """A part that cannot be read."""


def elements(archive: ZipFile, part: str, *wanted: str) -> Iterator[tuple[str, Element]]:
    """(parent's local name, element) for every complete element of these local names; it is forgotten afterwards.

    Raises Broken when the part is damaged, or holds too much to be kept between two of them.
    """
    path: list[Element] = []
    kept = 0
    for event, element in _events(archive, part):
        if event == "start":
            path.append(element)
            kept += 1
            if kept > _MOST_KEPT:
                raise Broken(f"{part} holds more than {_MOST_KEPT} elements in one place")
            continue
        path.pop()
        if (element.tag.rpartition("}")[2]) in wanted:
            yield (path[-1].tag.rpartition("}")[2] if path else ""), element
            if path:
                path[-1].clear()
            kept = len(path)


def _events(archive: ZipFile, part: str) -> Iterator[tuple[str, Element]]:
    from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
    from defusedxml.ElementTree import iterparse  # type: ignore[import-untyped]

    try:
        with archive.open(part) as stream:
            for count, found in enumerate(iterparse(stream, ("start", "end"), forbid_dtd=True)):
                if count > 2 * budgets.XML_ELEMENTS:
                    raise Broken(f"{part} holds more than {budgets.XML_ELEMENTS} elements")
                yield found
    except DefusedXmlException:
        raise Broken(f"{part} holds a document type or an entity") from None
    except (ParseError, LookupError, *BROKEN):
        raise Broken(f"{part} is damaged or missing") from None


def local(element: Element, name: str) -> str | None:
    """An attribute by its local name."""
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), None)


def sheets_of(archive: ZipFile) -> list[Sheet]:
    """The worksheets in their order. Raises Broken."""
    workbook = _main_part(archive)
    targets = _relations(archive, workbook)
    found = []
    for _, element in elements(archive, workbook, "sheet"):
        kind, part = targets.get(local(element, "id") or "", ("", ""))
        if kind == "worksheet":
            found.append(Sheet(element.get("name", ""), part, element.get("state", "visible") != "visible"))
    return found


def shared_texts(archive: ZipFile) -> list[str]:
    """The texts cells refer to by number. Raises Broken."""
    parts = _parts(archive, "sharedStrings")
    return [text_in(element) for part in parts for _, element in elements(archive, part, "si")]


def text_in(element: Element) -> str:
    """The text of a rich or plain text element, without its phonetic reading."""
    written: list[str] = []
    for child in element:
        name = child.tag.rpartition("}")[2]
        if name == "t":
            written.append(child.text or "")
        elif name == "r":
            written.append(text_in(child))
    return unescaped("".join(written))


def unescaped(text: str) -> str:
    """The text with `_x000D_` as the character it stands for (ECMA-376, ST_Xstring)."""
    if "_x" not in text:
        return text
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def number_formats(archive: ZipFile) -> list[str]:
    """The number format of each cell style: its code, `date` for every date, `General` for what is built in."""
    codes: dict[str, str] = {}
    styles: list[str] = []
    for part in _parts(archive, "styles"):
        for parent, element in elements(archive, part, "numFmt", "xf"):
            number = element.get("numFmtId", "0")
            if parent == "numFmts":
                codes[number] = element.get("formatCode", "")
            elif parent == "cellXfs":
                styles.append(_format(number, codes))
    return styles


def _format(number: str, codes: dict[str, str]) -> str:
    if number not in codes:
        return "date" if number in _DATE_FORMATS else "General"
    shown = _NOT_A_CODE.sub("", codes[number]).lower().replace("general", "")
    return "date" if re.search("[dmyhs]", shown) else codes[number]


def _parts(archive: ZipFile, wanted: str) -> list[str]:
    return [part for kind, part in _relations(archive, _main_part(archive)).values() if kind == wanted]


def _main_part(archive: ZipFile) -> str:
    for kind, part in _relations(archive, "").values():
        if kind == "officeDocument":
            return part
    raise Broken("the workbook itself is missing")


def _relations(archive: ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """id -> (kind, part) for what `part` refers to; external targets are left out."""
    folder, name = posixpath.split(part)
    listing = posixpath.join(folder, "_rels", f"{name}.rels")
    if listing not in archive.namelist():
        return {}
    found = {}
    for _, element in elements(archive, listing, "Relationship"):
        if element.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, element.get("Target", ""))).lstrip("/")
            found[element.get("Id", "")] = (element.get("Type", "").rpartition("/")[2], target)
    return found


def is_workbook(archive: ZipFile, name: str) -> None:
    """Raises BadInput, saying what it is, for an archive that is no XLSX workbook."""
    parts = set(archive.namelist())
    if "xl/workbook.bin" in parts:
        raise BadInput(f"{name} is a binary workbook (.xlsb).", remedy="Save it as .xlsx.")
    if "mimetype" in parts:
        raise BadInput(f"{name} is an OpenDocument file (.ods, .odt).", remedy="Save it as .xlsx.")
    if not any(part.startswith("xl/") for part in parts):
        raise BadInput(f"{name} is a ZIP archive and no workbook.", remedy="Give the workbook or the unpacked folder.")
