"""The parts of an XLSX workbook that stand around its sheets: their names, shared texts and number formats."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple
from zipfile import ZipFile

from ..errors import BadInput
from . import budgets
from .xml_parts import Attributes, Broken, local, told

_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_NOT_A_CODE = re.compile(r'"[^"]*"|\\.|_.|\[[^\]]*\]')
_DATE_FORMATS = frozenset(map(str, (*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59))))
"""The numbers of the built-in formats that show a date or a time."""

_LONGEST = 7 * budgets.CELL
"""An escaped character takes seven: a text longer than this is too long for a cell whatever it says."""


class Sheet(NamedTuple):
    """One sheet: its name, the part it stands in, and whether it is hidden."""

    name: str
    part: str
    hidden: bool


def elements(archive: ZipFile, part: str, *wanted: str) -> Iterator[tuple[str, Attributes]]:
    """(parent's name, attributes) of every element of these names. Raises Broken."""
    hearer = _Elements(wanted)
    for _ in told(archive, part, hearer):
        yield from hearer.found
        hearer.found.clear()


class _Elements:
    """Hears where elements of some names stand; none of them holds text."""

    def __init__(self, wanted: tuple[str, ...]) -> None:
        self.found: list[tuple[str, Attributes]] = []
        self._wanted = wanted
        self._path = [""]

    def begin(self, name: str, attributes: Attributes) -> None:
        name = local(name)
        if name in self._wanted:
            self.found.append((self._path[-1], attributes))
        self._path.append(name)

    def end(self, name: str) -> None:
        self._path.pop()

    def characters(self, piece: str) -> None:
        pass


def sheets_of(archive: ZipFile) -> list[Sheet]:
    """The worksheets in their order. Raises Broken."""
    workbook = _main_part(archive)
    targets = _relations(archive, workbook)
    found = []
    for _, sheet in elements(archive, workbook, "sheet"):
        relation = next((value for name, value in sheet.items() if local(name) == "id"), "")
        kind, part = targets.get(relation, ("", ""))
        if kind == "worksheet":
            found.append(Sheet(sheet.get("name", ""), part, sheet.get("state", "visible") != "visible"))
    return found


def shared_texts(archive: ZipFile) -> list[str]:
    """The texts cells refer to by number. Raises Broken."""
    hearer = _SharedTexts()
    for part in _parts(archive, "sharedStrings"):
        for _ in told(archive, part, hearer):
            pass
    return hearer.found


class Texts:
    """Hears plain and rich text, which stands in `t`, without its phonetic reading, which stands in `rPh`."""

    def __init__(self) -> None:
        self.innermost = ""
        self.text = ""
        self._phonetic = False

    def begin(self, name: str, attributes: Attributes) -> None:
        """An element begins, whose text is not yet known."""
        self.innermost = ""
        if local(name) == "rPh":
            self._phonetic = True

    def end(self, name: str) -> None:
        """An element ends, and all its text is known."""
        name = local(name)
        if name == "rPh":
            self._phonetic = False
        elif name == "t" and not self._phonetic:
            self.text = _short(self.text + self.innermost)

    def characters(self, piece: str) -> None:
        """More text of the innermost element."""
        self.innermost = _short(self.innermost + piece)


class _SharedTexts(Texts):
    """Hears every shared text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def begin(self, name: str, attributes: Attributes) -> None:
        super().begin(name, attributes)
        if local(name) == "si":
            self.text = ""

    def end(self, name: str) -> None:
        super().end(name)
        if local(name) == "si":
            self.found.append(unescaped(self.text))


def _short(text: str) -> str:
    if len(text) > _LONGEST:
        raise Broken(f"it holds a text of more than {_LONGEST} characters")
    return text


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
        for parent, found in elements(archive, part, "numFmt", "xf"):
            number = found.get("numFmtId", "0")
            if parent == "numFmts":
                codes[number] = found.get("formatCode", "")
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
    for _, relation in elements(archive, listing, "Relationship"):
        if relation.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, relation.get("Target", ""))).lstrip("/")
            found[relation.get("Id", "")] = (relation.get("Type", "").rpartition("/")[2], target)
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
