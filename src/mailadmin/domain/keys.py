"""How names are written and how they are matched.

Law: `match_key(a) == match_key(b)` is the only test for *the same* user, code, role or key, on every
engine and in every file (databases fold case each in their own way: SQLite leaves `İ`, PostgreSQL's
C.UTF-8 makes it `i`).
"""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, ConfigDict

STRICT = ConfigDict(extra="forbid")

# Bidirectional controls make a name look like another one (Unicode TR36); none belongs in a code.
_BIDI = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def match_key(name: str) -> str:
    """The form in which names are compared: NFKC, trimmed, case folded, NFKC again."""
    if name.isascii():
        return name.strip().lower()
    folded = unicodedata.normalize("NFKC", name).strip().casefold()
    return unicodedata.normalize("NFKC", folded)


def unprintable(text: str) -> str | None:
    """The first character of `text` that no name, server or address may hold, as `U+000A`, or None."""
    if text.isascii() and text.isprintable():
        return None
    for character in text:
        category = unicodedata.category(character)
        if category in {"Cc", "Cs", "Cf", "Zl", "Zp"} or character in _BIDI:
            return f"U+{ord(character):04X}"
    return None


def _name(text: str) -> str:
    if not text or text != text.strip():
        raise ValueError("a name is not empty and has no blanks around it")
    return _text(text)


def _text(text: str) -> str:
    if (found := unprintable(text)) is not None:
        raise ValueError(f"holds the character {found}, which cannot be seen")
    return text


Name = Annotated[str, AfterValidator(_name)]
"""A code, user id, role or key, kept as written: never empty, no outer blanks, nothing invisible."""

Text = Annotated[str, AfterValidator(_text)]
"""One line of text without control or format characters."""
