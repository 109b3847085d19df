"""A message as a person means it, before any provider: frozen, every part through the gate when it is made.

`Message` is what is written; `Outgoing` is the message with its account's From, its id and its recipients decided.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from ..errors import AddressRejected, BadInput, Outcome
from . import addresses
from .canonical import canonical


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox: one address and, beside it, a name. Raises AddressRejected, HeaderRejected."""

    email: str
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "email", addresses.address(self.email))
        object.__setattr__(self, "name", addresses.display_name(self.name, "name"))

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that travels with a message; with a `content_id` it is shown within the HTML as `cid:<content_id>`."""

    name: str
    content: bytes
    media_type: str = "application/octet-stream"
    content_id: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", addresses.file_name(self.name))
        object.__setattr__(self, "media_type", addresses.media_type(self.media_type, f"attachment {self.name}"))
        if self.content_id is not None:
            addresses.content_id(self.content_id)

    def __repr__(self) -> str:
        return f"Attachment({self.name!r}, {len(self.content):,} bytes, {self.media_type})"

    @property
    def sha256(self) -> str:
        """The SHA-256 of the content, in hex."""
        return hashlib.sha256(self.content).hexdigest()


class Importance(StrEnum):
    """Graph's words; in SMTP the Importance header (RFC 2156)."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


_NEWLINES = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a person wrote. At least one recipient; text, HTML or both; extra headers only as `X-…`.

    Line ends of the bodies become `\\n`. Raises BadInput and its kinds, naming the field.
    """

    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    subject: str = ""
    text: str | None = None
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()
    importance: Importance = Importance.NORMAL
    headers: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "subject", addresses.header_text(self.subject, "subject").strip())
        extra = tuple((addresses.extra_header(n), addresses.header_text(v, n)) for n, v in self.headers)
        object.__setattr__(self, "headers", extra)
        for part in ("text", "html"):
            body = getattr(self, part)
            if body is not None:
                object.__setattr__(self, part, _NEWLINES.sub("\n", _writable(body, part)))
        if not self.recipients:
            raise AddressRejected("to", "There is nobody to send it to.", remedy="Name at least one recipient.")
        names = [a.content_id for a in self.attachments if a.content_id is not None]
        if len(set(names)) != len(names):
            raise BadInput("Two inline images have the same content id.")

    @property
    def recipients(self) -> tuple[Address, ...]:
        """To, Cc and Bcc in this order, every mailbox once (the first way it was written)."""
        return unique((*self.to, *self.cc, *self.bcc))


def unique(mailboxes: Iterable[Address]) -> tuple[Address, ...]:
    """Every mailbox once, as it was written first."""
    found: list[Address] = []
    for mailbox in mailboxes:
        if not any(addresses.same_address(mailbox.email, known.email) for known in found):
            found.append(mailbox)
    return tuple(found)


def _writable(text: str, field: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadInput(f"{field}: holds half a character, which cannot be sent.") from None
    if "\0" in text:
        raise BadInput(f"{field}: holds the character U+0000, which cannot be sent.")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message with everything decided: From, envelope, id and time (UTC, ISO 8601). Nothing is left to a provider."""

    message: Message
    sender: Address
    message_id: str
    date: str
    recipients: tuple[Address, ...]

    def __post_init__(self) -> None:
        addresses.message_id(self.message_id)

    @property
    def uuid(self) -> str:
        """The part of the id that is ours: 32 hex digits."""
        return self.message_id[1:].partition("@")[0]

    @property
    def content_hash(self) -> str:
        """SHA-256 of all that the receivers will read."""
        message = self.message
        return hashlib.sha256(
            canonical(
                {
                    "subject": message.subject,
                    "text": message.text,
                    "html": message.html,
                    "importance": message.importance.value,
                    "headers": [list(header) for header in message.headers],
                    "attachments": [[a.name, a.media_type, a.content_id, a.sha256] for a in message.attachments],
                }
            )
        ).hexdigest()

    @property
    def envelope_hash(self) -> str:
        """SHA-256 of who sends it and who gets it, and how."""
        message = self.message
        people = {name: [[a.email, a.name] for a in getattr(message, name)] for name in ("to", "cc", "bcc", "reply_to")}
        return hashlib.sha256(canonical({"from": [self.sender.email, self.sender.name], **people})).hexdigest()


class RecipientStatus(NamedTuple):
    """What the server said to one recipient: accepted, or refused for now (4xx) or for good (5xx)."""

    email: str
    code: int
    said: str

    @property
    def accepted(self) -> bool:
        """Whether the server took the message for this recipient."""
        return 200 <= self.code < 300

    @property
    def transient(self) -> bool:
        """Whether a later try may succeed."""
        return 400 <= self.code < 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What came of handing a message over: accepted by the server for these recipients, which is not yet delivered.

    `handed_over` is the file or link a person's own mail program goes on with: nothing was sent then.
    """

    account: str
    recipients: tuple[RecipientStatus, ...]
    said: str = ""
    remote_id: str | None = None
    saved_in: str | None = None
    handed_over: str | None = None
    transcript: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def is_partial(self) -> bool:
        """Whether some recipients were refused."""
        return not all(status.accepted for status in self.recipients)

    @property
    def is_refused(self) -> bool:
        """Whether all recipients were refused."""
        return not any(status.accepted for status in self.recipients)

    @property
    def outcome_of_refusal(self) -> Outcome:
        """RETRY where a later try may reach somebody, else FAILED."""
        return Outcome.RETRY if any(status.transient for status in self.recipients) else Outcome.FAILED
