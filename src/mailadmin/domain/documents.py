"""Our own JSON documents read a piece at a time: a plan or a snapshot of a million users is never one text.

Laws: an object is read key by key, two deep, and a list element by element, as `canonical.pieces` writes them; what
stands deeper is read whole. However a document is laid out, what is read is the same. There is no float in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

from ..errors import BadInput


class Collector(Protocol):
    """What the elements of a list are given to, one after the other."""

    def append(self, element: Any, /) -> object:
        """Take the next element."""


Collectors = Mapping[str, Callable[[], Collector]]
"""What the lists under a key of the document become; under any other they become lists."""

_DEPTH = 2


def read(text: Iterable[str], where: str, collectors: Collectors | None = None) -> Any:
    """The document a text holds. Raises BadInput where it is no JSON, and what a collector raises."""
    coming = _Text(text)
    try:
        found = _value(coming, _DEPTH, list, collectors or {})
        if coming.next():
            raise _NotJson
    except (_NotJson, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"{where} is not a JSON document.", remedy="Is it the file mailadmin wrote?") from error
    return found


def _value(text: _Text, depth: int, of_list: Callable[[], Collector], collectors: Collectors) -> Any:
    match text.next():
        case "{" if depth:
            return _object(text, depth - 1, of_list, collectors)
        case "[":
            return _list(text, of_list())
        case _:
            return text.value()


def _object(text: _Text, depth: int, of_list: Callable[[], Collector], collectors: Collectors) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in text.elements("{", "}"):
        if text.next() != '"':
            raise _NotJson
        name = text.value()
        text.take(":")
        found[name] = _value(text, depth, collectors.get(name, of_list), {})
    return found


def _list(text: _Text, collector: Collector) -> Collector:
    for _ in text.elements("[", "]"):
        collector.append(text.value())
    return collector


class _NotJson(Exception):
    """What comes is no JSON."""


class _Text:
    """A JSON text that comes in pieces. No more of it is kept than the next value needs."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self._pieces = iter(pieces)
        self._text = ""
        self._at = 0

    def next(self) -> str:
        """The next character that is not blank; '' at the end."""
        while True:
            self._at = _BLANKS(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, character: str) -> None:
        """Pass over this character, which must be next."""
        if self.next() != character:
            raise _NotJson
        self._at += 1

    def elements(self, opening: str, closing: str) -> Iterator[None]:
        """Comes to every element of an object or list, which whoever asks has to take."""
        self.take(opening)
        if self.next() == closing:
            self._at += 1
            return
        while True:
            yield
            if (found := self.next()) not in (",", closing):
                raise _NotJson
            self._at += 1
            if found == closing:
                return

    def value(self) -> Any:
        """The next value, whole."""
        self.next()
        while True:
            try:
                found, end = _DECODE(self._text, self._at)
            except ValueError as error:
                if not self._more():
                    raise _NotJson from error
            else:
                if end < len(self._text) or not self._more():  # a number may go on
                    self._at = end
                    return found

    def _more(self) -> bool:
        """As much again as is kept, so that a long value is not read over and over. Whether there was any."""
        kept = [self._text[self._at :]]
        wanted = max(len(kept[0]), 1)
        for piece in self._pieces:
            kept.append(piece)
            wanted -= len(piece)
            if wanted <= 0:
                break
        self._text, self._at = "".join(kept), 0
        return len(kept) > 1


_BLANKS = re.compile(r"[ \t\r\n]*").match


def _no_float(written: str) -> float:
    raise _NotJson  # two machines may write it differently, so no document of ours holds one


_DECODE = json.JSONDecoder(parse_float=_no_float, parse_constant=_no_float).raw_decode
