"""What one cell means: text, flags, ports and choices, from text or from typed cells.

Laws: a cell is refused or read, never guessed. What is refused is told without the cell's value: the reader adds it
where the column is no secret. `convert(cell, remark)` answers None for *not set*.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from uuid import UUID

from ..domain.keys import breaking, match_key, unprintable
from ..migration.content import CHOICES, Column, Kind
from . import budgets
from .carriers import NOT_SET, Unusable

Remark = Callable[[str], None]
"""Takes a note about the cell being read."""

Convert = Callable[[object, Remark], object]
"""cell, remark -> value, or None where it is not set. Raises BadCell."""

FLAGS: Mapping[str, bool] = {
    **dict.fromkeys(("true", "yes", "y", "1", "-1", "on"), True),
    **dict.fromkeys(("false", "no", "n", "0", "off"), False),
}
"""TABLE: how a flag is written, in lower case."""

_AS_WRITTEN = {form: value for text, value in FLAGS.items() for form in (text, text.capitalize(), text.upper())}
_PORT = re.compile(r"([0-9]{1,5})(?:\.0{1,5})?")
_LINE_BREAKS = str.maketrans("", "", "\t\r\n")
_MASK = re.compile("[•●*]{3,}")
MOST_REMEMBERED = 20_000
"""What has more values than this in one column, such as people's addresses, hardly repeats itself."""


class BadCell(ValueError):
    """A cell that cannot be read. `shows` says whether its value may help to understand why."""

    def __init__(self, what: str, remedy: str = "", *, shows: bool = True) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.shows = shows


def is_mask(secret: str) -> bool:
    """Whether a secret is only the dots a screen shows for it."""
    return _MASK.fullmatch(secret.strip()) is not None


def text(cell: object, remark: Remark) -> str | None:
    """Text exactly as written; only blanks are *not set*."""
    if type(cell) is str and cell.isprintable() and len(cell) <= budgets.CELL:
        return _unless_blank(cell, remark)
    return _checked(_as_text(cell, remark), remark)


def line(cell: object, remark: Remark) -> str | None:
    """Text that travels: one line."""
    written = text(cell, remark)
    if written is not None and (found := breaking(written)) is not None:
        raise BadCell(f"holds the character {found}, which cannot stand here", "Type it again.")
    return written


def name(cell: object, remark: Remark) -> str | None:
    """A key or reference: trimmed, nothing invisible, told when it does not match as it looks."""
    written = _as_text(cell, remark)
    trimmed = written.strip()
    if trimmed in NOT_SET:
        return None
    if trimmed is not written and trimmed != written:
        remark("blanks around it were taken off")
    if len(trimmed) > budgets.CELL:
        raise _too_long()
    if trimmed.isascii() and trimmed.isprintable():
        return trimmed
    if (found := unprintable(trimmed)) is not None:
        raise BadCell(f"holds the character {found}, which cannot be seen", "Type it again.")
    if not trimmed.isascii() and not unicodedata.is_normalized("NFKC", trimmed):
        remark(f"{trimmed!r} is matched as {match_key(trimmed)!r}")
    return trimmed


def names(cell: object, remark: Remark, name: Convert = name) -> list[object] | None:
    """Names with `;` between them, each once, sorted by match key; `name` converts one of them."""
    found: dict[str, object] = {}
    for part in _as_text(cell, remark).split(";"):
        if part and (one := name(part.strip(), remark)) is not None:
            found.setdefault(match_key(str(one)), one)
    return [found[key] for key in sorted(found)] or None


def flag(cell: object, remark: Remark) -> bool | None:
    """True or False, as any of FLAGS, or as a boolean or number of the carrier."""
    if type(cell) is str:
        known = _AS_WRITTEN.get(cell)
        return known if known is not None else _flag_in(cell.strip())
    if isinstance(cell, bool):
        return cell
    if isinstance(cell, int | float | Decimal) and cell in (0, 1, -1):
        return bool(cell)
    raise _refused(cell, "is not True or False", "Write True or False.")


def _flag_in(trimmed: str) -> bool | None:
    if trimmed in NOT_SET:
        return None
    try:
        return FLAGS[trimmed.lower()]
    except KeyError:
        raise BadCell("is not True or False", "Write True or False.") from None


def port(cell: object, remark: Remark) -> int | None:
    """0 to 65535, 0 being the standard port; ASCII digits, with or without `.0`."""
    number = -1
    if isinstance(cell, str):
        trimmed = cell.strip()
        if trimmed in NOT_SET:
            return None
        if written := _PORT.fullmatch(trimmed):
            number = int(written[1])
    elif isinstance(cell, int | float | Decimal) and not isinstance(cell, bool) and 0 <= cell <= 65535:
        number = int(cell) if cell == int(cell) else -1
    if not 0 <= number <= 65535:
        raise _refused(cell, "is not a port", "Write 0 to 65535; 0 is the standard port.")
    return number


def choice(kind: Kind) -> Convert:
    """A converter to one of CHOICES, whatever the case."""
    canonical = {match_key(one): one for one in CHOICES[kind]}
    remedy = f"Write one of: {', '.join(CHOICES[kind])}."

    def convert(cell: object, remark: Remark) -> str | None:
        written = _as_text(cell, remark)
        if not written.strip():
            return None
        try:
            return canonical[match_key(written)]
        except KeyError:
            raise BadCell(f"is not a {kind}", remedy) from None

    return convert


_CONVERTERS: Mapping[Kind, Convert] = {
    Kind.NAME: name,
    Kind.TEXT: text,
    Kind.LINE: line,
    Kind.FLAG: flag,
    Kind.PORT: port,
    Kind.NAMES: names,
    **{kind: choice(kind) for kind in CHOICES},
}


def converter_of(column: Column) -> Convert:
    """The converter of every cell in that column."""
    if column.kind is Kind.NAMES:
        return _remembered(partial(names, name=_remembered(name)))
    convert = _CONVERTERS[column.kind]
    return _remembered(convert) if _repeats(column) else convert


def _repeats(column: Column) -> bool:
    """Whether one value may stand in many rows. That of a key does not, and a secret is nowhere remembered."""
    if column.kind is Kind.NAME:
        return bool(column.reference)
    return not column.secret and column.kind not in {Kind.FLAG, Kind.PORT}


def _remembered(convert: Convert) -> Convert:
    """The same for text that stands in many rows: equal cells give one value, but what is remarked on."""
    known: dict[str, object] = {}

    def convert_once(cell: object, remark: Remark) -> object:
        if type(cell) is not str:
            return convert(cell, remark)
        if cell in known:
            return known[cell]
        if len(known) == MOST_REMEMBERED:
            return convert(cell, remark)
        remarks: list[str] = []
        value = convert(cell, remarks.append)
        for said in remarks:
            remark(said)
        if not remarks:
            known[cell] = value
        return value

    return convert_once


def _as_text(cell: object, remark: Remark) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, UUID):
        return str(cell)
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        written = _decimal_text(cell)
        remark("a number was taken as text; leading and trailing zeros are lost, if there were any")
        return written
    raise _refused(cell, "is not text", "Write it as text.")


def _decimal_text(number: int | float | Decimal) -> str:
    """The shortest decimal text: no exponent, no trailing zeros."""
    exact = number if isinstance(number, int) else Decimal(repr(number) if isinstance(number, float) else number)
    if isinstance(exact, Decimal) and not exact.is_finite():
        raise BadCell("is not a finite number", "Write it as text.")
    if isinstance(exact, Decimal):
        written = f"{exact:f}"
        exact_text = written.rstrip("0").rstrip(".") if "." in written else written
        return "0" if exact_text == "-0" else exact_text
    return str(exact)


def _checked(written: str, remark: Remark) -> str | None:
    if _unless_blank(written, remark) is None:
        return None
    if len(written) > budgets.CELL:
        raise _too_long()
    for character in set(written):
        if character == "\0":
            raise BadCell("holds the character U+0000", "Type it again.", shows=False)
        if "\ud800" <= character <= "\udfff":
            raise BadCell("holds half of a character (a lone surrogate)", "Type it again.", shows=False)
    if (found := unprintable(written.translate(_LINE_BREAKS))) is not None:
        remark(f"holds the character {found}, which cannot be seen; it was kept")
    return written


def _unless_blank(written: str, remark: Remark) -> str | None:
    if not written.isspace():
        return written or None
    remark("holds only blanks, which was taken as not set")
    return None


def _too_long() -> BadCell:
    return BadCell(f"is longer than {budgets.CELL} characters", shows=False)


def _refused(cell: object, what: str, remedy: str) -> BadCell:
    if isinstance(cell, Unusable):
        return BadCell(cell.what, cell.remedy, shows=False)
    return BadCell(what, remedy)
