"""Words as every form of a report can hold them, and lists and dates as people read them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date

LONGEST_LIST = 12
"""So many names stand in a sentence; the rest is counted, and listed in the workbook."""

_KEPT = "\t\n\r"
_REPLACED = {"Cc", "Cs"}
_NEVER = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFFFE, 0xFFFF)}
REPLACEMENT = "\ufffd"


def printable(text: str) -> str:
    """Text any of the three formats can hold: control characters, halves of characters, reversals become U+FFFD."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(REPLACEMENT if _is_replaced(character) else character for character in text)


def _is_replaced(character: str) -> bool:
    return character in _NEVER or (character not in _KEPT and unicodedata.category(character) in _REPLACED)


def listed(names: Sequence[str], most: int = LONGEST_LIST) -> str:
    """Everybody concerned, or the first of many and how many more there are."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most:,} more"


def day(date: date) -> str:
    """A date in words that cannot be misread: 23 November 2026."""
    return f"{date.day} {_MONTHS[date.month - 1]} {date.year}"


_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
