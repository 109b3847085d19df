"""A message as a document that can be kept, and back; attachments by their SHA-256, their content beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .messages import Address, Attachment, Importance, Message

_PEOPLE = ("to", "cc", "bcc", "reply_to")


def document_of(message: Message) -> dict[str, Any]:
    """The document of a message."""
    return {
        **{name: [[a.email, a.name] for a in getattr(message, name)] for name in _PEOPLE},
        "subject": message.subject,
        "text": message.text,
        "html": message.html,
        "importance": message.importance.value,
        "headers": [list(header) for header in message.headers],
        "attachments": [
            {"name": a.name, "media_type": a.media_type, "content_id": a.content_id, "sha256": a.sha256}
            for a in message.attachments
        ],
    }


def files_of(message: Message) -> dict[str, bytes]:
    """The attachments' contents by their SHA-256."""
    return {attachment.sha256: attachment.content for attachment in message.attachments}


def message_of(document: Mapping[str, Any], files: Mapping[str, bytes]) -> Message:
    """The message of a document, through the gate again. Raises BadInput, KeyError for a content that is not there."""
    return Message(
        **{name: _people(document[name]) for name in _PEOPLE},
        subject=document["subject"],
        text=document["text"],
        html=document["html"],
        importance=Importance(document["importance"]),
        headers=tuple((name, value) for name, value in document["headers"]),
        attachments=tuple(
            Attachment(a["name"], files[a["sha256"]], a["media_type"], a["content_id"]) for a in document["attachments"]
        ),
    )


def _people(rows: Sequence[Sequence[str]]) -> tuple[Address, ...]:
    return tuple(Address(email, name) for email, name in rows)
