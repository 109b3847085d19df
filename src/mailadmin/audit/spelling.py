"""Permission keys that are not the one asked for and look like it: they have no effect, and somebody may think so.

Law: a key is the same in any case and with blanks around it, and in no other spelling.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher

from ..domain.keys import match_key
from ..domain.permissions import RolePermission

_ALIKE = str.maketrans("01358|аеорсухіјѕκονρτ", "oiesbiaeopcyxijskovpt")
"""Digits, Cyrillic and Greek letters, and what they are taken for (after Unicode TR39; the few that occur in keys)."""

_CLOSE = 0.9
"""From here on two spellings pass for one another; two letters exchanged in a key of 26 give 0.96."""


def notes_on_spelling(key: str, rows: Iterable[RolePermission]) -> Iterator[str]:
    """What whoever reads an answer about a key has to know of how it is written."""
    wanted = match_key(key)
    written = Counter(row.permission_key for row in rows)
    for other, count in sorted(written.items()):
        rows_of_it = f"in {count} row{'s' if count != 1 else ''} of role_permissions"
        if match_key(other) == wanted:
            if other != key.strip():
                yield f"{key.strip()} is written {shown(other)} {rows_of_it}: it is the same key."
        elif looks_like(other, key):
            yield f"Another key looks like {key.strip()}: {shown(other)}, {rows_of_it}; it has no effect on this one."


def looks_like(other: str, key: str) -> bool:
    """Whether a reader could take one for the other."""
    one, two = _seen(other), _seen(key)
    return one == two or SequenceMatcher(None, one, two).ratio() >= _CLOSE


def _seen(text: str) -> str:
    """The text as an eye takes it in: invisible characters gone, look-alikes made one."""
    seen = "".join(c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c) not in {"Cf", "Mn"})
    return seen.casefold().translate(_ALIKE)


def shown(text: str) -> str:
    """Text in quotes, with everything spelt out that is not ASCII: so that a look-alike can be told."""
    return ascii(text)
