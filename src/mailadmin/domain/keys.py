"""How names are written and how they are matched.

Law: `match_key(a) == match_key(b)` is the only test for *the same* user, code, role or key, on every
engine and in every file (databases fold case each in their own way: SQLite leaves `İ`, PostgreSQL's
C.UTF-8 makes it `i`).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, ConfigDict

STRICT = ConfigDict(extra="forbid", hide_input_in_errors=True, defer_build=True)
"""How rows are checked; what checks them is built at the first one, since `--help` has none."""

# Bidirectional controls make a name look like another one (Unicode TR36); none belongs in a code.
_BIDI = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def match_key(name: str) -> str:
    """The form in which names are compared: NFKC, trimmed, case folded, NFKC again."""
    if name.isascii():
        return name.strip().lower()
    folded = unicodedata.normalize("NFKC", name).strip().casefold()
    return unicodedata.normalize("NFKC", folded)


_BREAKING = {"Cc", "Cs", "Zl", "Zp"}


def unprintable(text: str) -> str | None:
    """The first character of `text` that no name may hold, as `U+200B`, or None: nothing invisible stands in a name."""
    return _first(text, {*_BREAKING, "Cf"})


def breaking(text: str) -> str | None:
    """The first character of `text` that no single line may hold, as `U+000A`, or None.

    Control characters end a line of SMTP or of a log; joiners (Persian, emoji) are part of how people are called.
    """
    return _first(text, _BREAKING)


def _first(text: str, categories: set[str]) -> str | None:
    if text.isascii() and text.isprintable():
        return None
    for character in text:
        if unicodedata.category(character) in categories or character in _BIDI:
            return f"U+{ord(character):04X}"
    return None


def visible(text: str) -> str:
    """Text with control and bidirectional characters spelt out: no name moves a cursor, forges a line or misleads."""
    return (
        text
        if breaking(text) is None
        else "".join(c.encode("unicode_escape").decode() if breaking(c) else c for c in text)
    )


def _name(text: str) -> str:
    if not text or text != text.strip():
        raise ValueError("a name is not empty and has no blanks around it")
    return text if text.isascii() and text.isprintable() else _without(unprintable(text), text)


def _line(text: str) -> str:
    return text if text.isascii() and text.isprintable() else _without(breaking(text), text)


def _text(text: str) -> str:
    lone = _LONE(text)
    return _without(f"U+{ord(lone[0]):04X}" if lone else None, text)


_LONE = re.compile("[\0\ud800-\udfff]").search


def _without(found: str | None, text: str) -> str:
    if found is not None:
        raise ValueError(f"holds the character {found}, which cannot stand here")
    return text


Name = Annotated[str, AfterValidator(_name)]
"""A code, user id, role or key, kept as written: never empty, no outer blanks, nothing invisible."""

Line = Annotated[str, AfterValidator(_line)]
"""A value that travels, such as a server or an address: one line, no control characters."""

Text = Annotated[str, AfterValidator(_text)]
"""Text for people, kept as written; only what a database cannot keep (NUL, half a character) is refused."""
