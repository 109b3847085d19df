"""What stands in header fields, as text (RFC 5322, 2047, 2231): plain where all read it alike, else encoded words.

Law: read back, it is exactly the text that was given. Libraries fold and quote each in their own way, and some lose a
quotation mark or a blank with it (CPython gh-100884 and kin); so it is written here.
"""

from __future__ import annotations

import re
import textwrap
from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import quote

from ..domain.messages import Address

_WIDTH = 68
"""Octets of a line: with a usual field name in front, the 78 of RFC 5322 2.1.1."""

_ENCODED_OCTETS = 45
"""Of text in one encoded word, which then has 72 of the 75 characters it may have (RFC 2047 2)."""

_PLAIN = re.compile(rf"[!-~]{{1,{_WIDTH}}}(?: [!-~]{{1,{_WIDTH}}})*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_QUOTABLE = re.compile(r"[!-~]+(?: [!-~]+)*")


def unstructured(text: str) -> str:
    """A subject, or any other text for people."""
    if _PLAIN.fullmatch(text) and "=?" not in text:
        return "\r\n ".join(textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False))
    return _encoded(text)


def mailboxes(people: Iterable[Address]) -> str:
    """Addresses with the names beside them, one a line."""
    return ",\r\n ".join(f"{_phrase(one.name)} <{one.email}>" if one.name else one.email for one in people)


def parameter(name: str, value: str) -> str:
    """A parameter of Content-Disposition: `filename="a.pdf"`, or percent-encoded (RFC 2231)."""
    if _QUOTABLE.fullmatch(value) and not set('"\\%') & set(value):
        return f'{name}="{value}"'
    return f"{name}*=utf-8''{quote(value, safe='')}"


def _phrase(name: str) -> str:
    if len(name) > _WIDTH:
        return _encoded(name)
    if _ATOMS.fullmatch(name):
        return name
    if _QUOTABLE.fullmatch(name):
        return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    return _encoded(name)


def _encoded(text: str) -> str:
    """Encoded words, each of whole characters (RFC 2047 5)."""
    words = [b""]
    for octets in (character.encode() for character in text):
        if len(words[-1]) + len(octets) > _ENCODED_OCTETS:
            words.append(b"")
        words[-1] += octets
    return "\r\n ".join(f"=?utf-8?b?{b64encode(word).decode()}?=" for word in words if word)
