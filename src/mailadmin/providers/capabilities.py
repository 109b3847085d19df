"""What a provider can do and a message needs; compared before any traffic, and shown by forms and documentation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ..domain.addresses import is_international
from ..domain.messages import Importance, Outgoing
from ..errors import Unsupported


class Capability(StrEnum):
    """Something a message may need."""

    HTML = "HTML body"
    ATTACHMENTS = "attachments"
    INLINE_IMAGES = "images within the HTML"
    REPLY_TO = "reply-to"
    IMPORTANCE = "importance"
    EXTRA_HEADERS = "X- headers"
    OTHER_NAME = "a From name of one's own"
    INTERNATIONAL = "addresses outside ASCII"
    DRAFT = "save as draft"
    SENT_ITEMS = "a copy in Sent Items"


NEEDED_WHEN: dict[Capability, Callable[[Outgoing], bool]] = {
    Capability.HTML: lambda o: o.message.html is not None,
    Capability.ATTACHMENTS: lambda o: any(a.content_id is None for a in o.message.attachments),
    Capability.INLINE_IMAGES: lambda o: any(a.content_id is not None for a in o.message.attachments),
    Capability.REPLY_TO: lambda o: bool(o.message.reply_to),
    Capability.IMPORTANCE: lambda o: o.message.importance is not Importance.NORMAL,
    Capability.EXTRA_HEADERS: lambda o: bool(o.message.headers),
    Capability.OTHER_NAME: lambda o: bool(o.sender.name),
    Capability.INTERNATIONAL: lambda o: any(
        is_international(a.email) for a in (o.sender, *o.recipients, *o.message.reply_to)
    ),
    Capability.DRAFT: lambda o: False,
    Capability.SENT_ITEMS: lambda o: False,
}
"""TABLE: when a message needs what. The last two are asked for by the person, not by the message."""


@dataclass(frozen=True, slots=True)
class Ability:
    """What a provider can do: capabilities, and its limits in bytes, recipients and X- headers (None: none of ours)."""

    can: frozenset[Capability]
    largest_attachment: int | None = None
    most_recipients: int | None = None
    most_headers: int | None = None


def require(ability: Ability, provider: str, outgoing: Outgoing, *asked: Capability) -> None:
    """Raise Unsupported, naming everything the provider cannot do that this message needs."""
    needed = [*asked, *(capability for capability, when in NEEDED_WHEN.items() if when(outgoing))]
    lacking = [f"{capability}" for capability in needed if capability not in ability.can]
    lacking += [
        f"an attachment of {len(a.content):,} bytes ({a.name}; at most {ability.largest_attachment:,})"
        for a in outgoing.message.attachments
        if ability.largest_attachment is not None and len(a.content) > ability.largest_attachment
    ]
    if ability.most_recipients is not None and len(outgoing.recipients) > ability.most_recipients:
        lacking.append(f"{len(outgoing.recipients):,} recipients (at most {ability.most_recipients:,})")
    if ability.most_headers is not None and len(outgoing.message.headers) > ability.most_headers:
        lacking.append(f"{len(outgoing.message.headers)} X- headers (at most {ability.most_headers})")
    if lacking:
        remedy = "Nothing was sent. Leave it out, or send by another service."
        if Capability.DRAFT in asked and Capability.DRAFT not in ability.can:
            remedy = "Nothing was saved or sent. Drafts need a mailbox: choose the Exchange service."
        raise Unsupported(f"{provider} cannot do: {'; '.join(lacking)}.", remedy=remedy)
