"""Ways to sign in (SASL): what is said first, and what to which challenge. RFC 4616 and 2195; LOGIN has none."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from typing import NamedTuple

CANCEL = "*"
"""Said to a challenge nobody has an answer to (RFC 4954 4)."""


class Exchange(NamedTuple):
    """What a client says: with the name of the mechanism, and then to one challenge after the other."""

    first: str
    answers: tuple[Callable[[bytes], str], ...] = ()


def plain(user: str, password: str) -> Exchange:
    """Both at once."""
    return Exchange(_base64(f"\0{user}\0{password}"))


def login(user: str, password: str) -> Exchange:
    """One after the other, whatever the server calls them."""
    return Exchange("", (lambda _challenge: _base64(user), lambda _challenge: _base64(password)))


def cram_md5(user: str, password: str) -> Exchange:
    """A digest of the challenge. Its answer raises ValueError for a challenge that is not base64."""

    def digest(challenge: bytes) -> str:
        return hmac.new(password.encode(), base64.b64decode(challenge, validate=True), "md5").hexdigest()

    return Exchange("", (lambda challenge: _base64(f"{user} {digest(challenge)}"),))


MECHANISMS: dict[str, Callable[[str, str], Exchange]] = {"PLAIN": plain, "LOGIN": login, "CRAM-MD5": cram_md5}
"""The ways known here; the first that a server offers is taken."""


def forms_of(user: str, password: str) -> tuple[bytes, ...]:
    """How a password looks on the wire, so that it can be taken out again; base64 without its padding."""
    forms = (password, _base64(password), _base64(f"\0{user}\0{password}"))
    return tuple(form.rstrip("=").encode() for form in sorted(forms, key=len, reverse=True) if len(password) > 1)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
