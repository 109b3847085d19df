"""Many cells of one column at once, where there is nothing to tell about any of them.

Law: what comes out is what `cells` makes of them one by one. Where that would be told of or refused, NotPlain leaves
all of them to be read that way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Never, TypeVar

from ..domain.keys import match_key
from ..migration.content import Column, Kind
from . import budgets
from .carriers import NOT_SET
from .cells import MOST_REMEMBERED, BadCell, Convert, converter_of, line, name, names, text

Value = TypeVar("Value")

ConvertMany = Callable[[Sequence[object]], list[Any]]
"""cells -> values, None for one that is not set. Raises NotPlain."""


class NotPlain(Exception):
    """Something has to be told about one of these cells."""


def converter_of_many(column: Column) -> ConvertMany:
    """The converter of the cells in that column. No text is remembered but what may stand in many rows."""
    if column.kind in _CONVERTERS:
        return partial(_texts, column)
    convert = _lists() if column.kind is Kind.NAMES else partial(_plain, converter_of(column))
    return _Remembered(convert).of_all


def _texts(column: Column, cells: Sequence[object]) -> list[Any]:
    """Text, most of which stays as it is written: then it is enough to look at all of it together."""
    texts: list[Any] = [cell for cell in cells if cell not in NOT_SET]
    if not (_TEXT.issuperset(map(type, texts)) and _stays(texts, column.kind)):
        return [_plain(_CONVERTERS[column.kind], cell) for cell in cells]
    return texts if len(texts) == len(cells) else [None if cell in NOT_SET else cell for cell in cells]


def _stays(texts: list[str], kind: Kind) -> bool:
    """Whether nothing about these texts is refused, remarked on or taken off."""
    together = "".join(texts)
    if not together.isprintable() or max(map(len, texts), default=0) > budgets.CELL:
        return False
    if kind is Kind.NAME:
        return together.isascii() and list(map(str.strip, texts)) == texts
    return not any(map(str.isspace, texts))


_CONVERTERS: Mapping[Kind, Convert] = {Kind.NAME: name, Kind.TEXT: text, Kind.LINE: line}
_TEXT = frozenset({str})
_TEXT_OR_NONE = frozenset({str, type(None)})


def _plain(convert: Convert, cell: object) -> object:
    if cell in NOT_SET:
        return None
    try:
        return convert(cell, _remark)
    except BadCell:
        raise NotPlain from None


def _remark(_what: str) -> Never:
    raise NotPlain


def _lists() -> Callable[[object], object]:
    """To lists as those of `names`, of which each is converted once."""
    keyed: _Remembered[tuple[str, object]] = _Remembered(_keyed)

    def convert(cell: object) -> object:
        if type(cell) is not str:
            return _plain(names, cell)
        found = dict(map(keyed.__getitem__, reversed(cell.split(";"))))  # of names that match, the first stays
        found.pop("", None)
        return [found[key] for key in sorted(found)] or None

    return convert


def _keyed(part: object) -> tuple[str, object]:
    one = _plain(name, str(part).strip())
    return match_key(str(one or "")), one


class _Remembered(dict[object, Value]):
    """Values by the text they were read from, up to so many."""

    def __init__(self, convert: Callable[[object], Value]) -> None:
        super().__init__()
        self._convert = convert

    def of_all(self, cells: Sequence[object]) -> list[Any]:
        """The value of each cell. What is no text is not looked up: 1 and True are equal, and not the same."""
        are_texts = _TEXT_OR_NONE.issuperset(map(type, cells))
        return list(map(self.__getitem__ if are_texts else self._convert, cells))

    def __missing__(self, cell: object) -> Value:
        value = self._convert(cell)
        if len(self) < MOST_REMEMBERED:
            self[cell] = value
        return value
