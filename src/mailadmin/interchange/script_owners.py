"""Whose member a name in a script may be: a hint, read from what stands before it.

Laws: it is a hint only. How a script reaches these objects is not public, and many a name stands on three of them. Only
so much text is looked at for one name, whatever the script is.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from ..domain.legacy import Owner

_LOOKED_AT = 240
"""Characters before a name that are looked at."""
_MOST = 2_000
"""Declarations, and blocks, of one script that are looked at."""

_OWNERS = {owner.lower(): owner for owner in Owner}
_OWNER = rf"(?ai:(?P<owner>{'|'.join(Owner)})\b)"
_PATH = r"(?:\w++\.)*+"

# Read from right to left: an escape, blanks, a continued line, the dot, a continued line, and what the dot belongs to.
_DOT = re.compile(r"\[?\s*+(?:_\s*+)?[.!]\??(?:[ \t]*+\n[ \t]*+_[ \t]++)?(?:(?P<name>\w++)|(?P<close>\)))?")
_INITIALISER = re.compile(rf"(?ai:\bNew)\s+{_PATH}{_OWNER}[^\n{{]{{0,99}}\{{[^{{}}]*\Z")
_MENTION = re.compile(rf"\b{_OWNER}")

_DECLARED_AS = re.compile(rf"[Aa](?<!\w[Aa])[Ss]\s++(?ai:New\s++)?{_PATH}{_OWNER}")
_ASSIGNED = re.compile(rf"=\s*+(?ai:New\s++|(?:CType|DirectCast|TryCast)\([^(),\n]{{0,99}},\s*+)?{_PATH}{_OWNER}")
_NAME_BEFORE = re.compile(r"(?P<name>\w+)(?:\([\d, ]*\))?(?:\s+(?ai:As)\s+[\w.]+)?\s*\Z")
_TYPED = re.compile(rf"[fFiI](?<!\w[fFiI])(?ai:{'|'.join(owner[1:] for owner in Owner)})\s++(?P<name>\w++)\s*+[=;,)]")

_WITH = re.compile(r"[Ww](?<!\w[Ww])[Ii][Tt][Hh](?!\w)[ \t]*+(?P<subject>[^\n]{0,200})")
_STATEMENT = re.compile(r"(?:\A|[\n:])[ \t]*\Z")
_END = re.compile(r"(?ai:\bEnd)[ \t]+\Z")
_SUBJECT = re.compile(r"[\w.() \t]*\w")


class _Named(NamedTuple):
    """From where in a script on a name stands for an owner's object."""

    start: int
    owner: Owner


class Owners:
    """The owners one script speaks of."""

    def __init__(self, text: str) -> None:
        self._text = text

    def has_owner(self, at: int) -> bool:
        """Whether the name that begins there is a member of something: a dot stands before it."""
        return _DOT.match(self._before(at)[::-1]) is not None

    def hint(self, at: int) -> Owner | None:
        """Whose member the name that begins there seems to be."""
        before = self._before(at)
        dot = _DOT.match(before[::-1])
        if dot is None:
            return None
        if dot["name"]:
            return self._of_name(dot["name"][::-1], at)
        if dot["close"]:
            return self._of_expression(before[: len(before) - dot.start("close")], at)
        made = _INITIALISER.search(before[: len(before) - dot.end()])
        return _OWNERS[made["owner"].lower()] if made else self._of_block(at)

    def _before(self, at: int) -> str:
        return self._text[max(0, at - _LOOKED_AT) : at]

    def _of_name(self, name: str, at: int) -> Owner | None:
        if owner := _OWNERS.get(name.lower()):
            return owner
        known = self._variables.get(name.lower(), [])
        place = bisect_left(known, (at,))
        return known[place - 1].owner if place else None

    def _of_expression(self, expression: str, at: int) -> Owner | None:
        """Whose member stands behind an expression that ends there: by a name in its last brackets, or before them."""
        opening = _opening_bracket(expression)
        if mentions := _MENTION.findall(expression, opening):
            return _OWNERS[mentions[-1].lower()]
        name = _NAME_BEFORE.search(expression[:opening])
        return self._of_name(name["name"], at) if name else None

    @cached_property
    def _variables(self) -> dict[str, list[_Named]]:
        """What every variable was declared as, or made from, in order."""
        found: dict[str, list[_Named]] = {}
        for start, name, owner in sorted(self._declarations()):
            found.setdefault(name.lower(), []).append(_Named(start, owner))
        return found

    def _declarations(self) -> Iterator[tuple[int, str, Owner]]:
        for pattern in (_DECLARED_AS, _ASSIGNED):
            for match in islice(pattern.finditer(self._text), _MOST):
                if name := _NAME_BEFORE.search(self._text[max(0, match.start() - 80) : match.start()]):
                    yield match.start(), name["name"], _OWNERS[match["owner"].lower()]
        for match in islice(_TYPED.finditer(self._text), _MOST):
            owner = match[0].split(maxsplit=1)[0]
            yield match.start(), match["name"], _OWNERS[owner.lower()]

    def _of_block(self, at: int) -> Owner | None:
        """Whose member stands behind a dot with nothing before it: what the innermost With is about."""
        place = bisect_left(self._blocks, (at,))
        return self._blocks[place - 1][1] if place else None

    @cached_property
    def _blocks(self) -> list[tuple[int, Owner | None]]:
        """Where every With begins or ends, and whom the innermost one is about from there on."""
        found: list[tuple[int, Owner | None]] = []
        about: list[Owner | None] = []
        for match in islice(_WITH.finditer(self._text), _MOST):
            before = self._text[max(0, match.start() - 40) : match.start()]
            if _END.search(before):
                del about[-1:]
            elif subject := _STATEMENT.search(before) and _SUBJECT.match(match["subject"]):
                about.append(self._of_subject(subject[0], match.start()))
            found.append((match.start(), about[-1] if about else None))
        return found

    def _of_subject(self, subject: str, at: int) -> Owner | None:
        mentions = _MENTION.findall(subject)
        return _OWNERS[mentions[-1].lower()] if mentions else self._of_name(re.split(r"\W", subject)[-1], at)


def _opening_bracket(expression: str) -> int:
    """Where the bracket was opened that is closed at the end, or 0."""
    depth = 0
    for place in range(len(expression) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(expression[place], 0)
        if not depth:
            return place
    return 0
