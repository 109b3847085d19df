"""The calls of Graph on a message: draft it, look at it, change it, delete it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from .calls import Call
from .composing import RECIPIENTS, as_properties
from .exchange import FOLDERS, Item, folder_id, folder_name
from .listener import Reply
from .reading import Part, read
from .refusals import GraphRefusal
from .types import check

_COMPUTED = frozenset(
    {
        "attachments",
        "bodyPreview",
        "changeKey",
        "conversationId",
        "conversationIndex",
        "createdDateTime",
        "hasAttachments",
        "id",
        "isDraft",
        "lastModifiedDateTime",
        "parentFolderId",
        "receivedDateTime",
        "sender",
        "sentDateTime",
        "uniqueBody",
        "webLink",
    }
)
"""What of a message Exchange computes by itself, whatever a body says."""

_OF_SENT = frozenset({"categories", "flag", "importance", "inferenceClassification", "isRead"})
_UNLESS_ASKED = frozenset({"internetMessageHeaders"})
_MOST_HEADERS = 5
_HEADER_NAME = re.compile(r"[Xx]-[!-9;-~]+")


def create(call: Call, folder: str = "drafts") -> Reply:
    """A draft, from JSON or from a MIME message in base64."""
    if folder_name(folder) != "drafts":
        raise GraphRefusal("NotEmulated", what="messages made in other folders than Drafts")
    properties, parts = from_mime(call) if call.is_mime else from_json(check(call.json(), "message"))
    return _told_whole(call, call.exchange.create(call.actor, properties, parts), 201)


def get(call: Call, message: str) -> Reply:
    """A message."""
    item = call.item(message)
    call.exchange.look_at(item)
    return call.reply(200, "users/messages/$entity", selected(call, item))


def mime(call: Call, message: str) -> Reply:
    """A message as MIME."""
    return Reply(200, call.item(message).raw, {"Content-Type": "text/plain"})


def update(call: Call, message: str) -> Reply:
    """Another subject, text, sender, recipients … of a draft."""
    item = call.item(message)
    properties, parts = from_json(check(call.json(), "message"))
    if parts:
        raise GraphRefusal("BadRequest", "Attachments cannot be changed with the message they are of.")
    if not item.is_draft and properties.keys() - _OF_SENT:
        raise GraphRefusal("ErrorInvalidPropertyUpdateSentMessage")
    call.exchange.change(call.actor, item, properties)
    return _told_whole(call, item, 200)


def delete(call: Call, message: str) -> Reply:
    """A message goes to the deleted ones."""
    call.exchange.delete(call.item(message))
    return Reply(204)


def from_json(message: Mapping[str, Any]) -> tuple[dict[str, Any], list[Part]]:
    """A message's properties and files. What Exchange computes by itself is passed over, as it does."""
    if (headers := message.get("internetMessageHeaders")) is not None:
        _check_headers(headers)
    parts = [part_of(attachment) for attachment in message.get("attachments") or ()]
    return {name: value for name, value in message.items() if name not in _COMPUTED and "@" not in name}, parts


def from_mime(call: Call) -> tuple[dict[str, Any], list[Part]]:
    """The properties and files of a MIME message in base64."""
    try:
        reading = read(base64.b64decode(call.request.body, validate=True))
    except binascii.Error as error:
        raise GraphRefusal("ErrorMimeContentInvalidBase64String") from error
    return as_properties(reading), list(reading.parts)


def part_of(attachment: Mapping[str, Any]) -> Part:
    """The file an attachment's JSON stands for. Raises GraphRefusal where it has no name."""
    if not attachment.get("name"):
        raise GraphRefusal("BadRequest", "Required property 'Name' is missing in an attachment.")
    return Part(
        attachment["name"],
        attachment.get("contentType") or "application/octet-stream",
        base64.b64decode(attachment.get("contentBytes") or ""),
        attachment.get("contentId") or "",
        bool(attachment.get("isInline")),
    )


def told(call: Call, item: Item) -> dict[str, Any]:
    """All there is to say of a message."""
    body = item.properties.get("body") or {}
    text = re.sub(r"<[^>]*>", " ", str(body.get("content") or ""))
    at = item.sent or item.created
    key = f"{item.key}{item.changes}"
    defaults: dict[str, Any] = {
        "subject": "",
        "importance": "normal",
        "isRead": True,
        "isReadReceiptRequested": False,
        "isDeliveryReceiptRequested": False,
        "inferenceClassification": "focused",
        "flag": {"flagStatus": "notFlagged"},
        "categories": [],
        **{name: [] for name in (*RECIPIENTS, "replyTo")},
    }
    return {
        "@odata.etag": f'W/"{key}"',
        "id": item.id(immutable=call.immutable),
        "createdDateTime": time(item.created),
        "lastModifiedDateTime": time(item.changed or at),
        "changeKey": key,
        **defaults,
        **item.properties,
        "body": {
            "contentType": str(body.get("contentType") or "text").lower(),
            "content": str(body.get("content") or ""),
        },
        "bodyPreview": " ".join(text.split())[:255],
        "hasAttachments": any(not part.inline for part in item.parts.values()),
        "isDraft": item.is_draft,
        "parentFolderId": folder_id(next(name for name, shown in FOLDERS.items() if shown == item.folder)),
        "receivedDateTime": time(at),
        "sentDateTime": time(at),
        "webLink": f"{call.uploads}/owa/?ItemID={quote(item.id(immutable=False))}",
    }


def selected(call: Call, item: Item) -> dict[str, Any]:
    """What is asked for of a message."""
    return call.selected(told(call, item), _UNLESS_ASKED)


def time(at: datetime) -> str:
    """A time as Graph writes it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _told_whole(call: Call, item: Item, status: int) -> Reply:
    found = selected(call, item)
    return call.reply(status, "users/messages/$entity", found, {"ETag": found["@odata.etag"]})


def _check_headers(headers: list[dict[str, Any]]) -> None:
    if not 1 <= len(headers) <= _MOST_HEADERS:
        raise GraphRefusal("InvalidInternetMessageHeaderCollection")
    for header in headers:
        if not _HEADER_NAME.fullmatch(str(header.get("name"))):
            raise GraphRefusal("InvalidInternetMessageHeader", name=header.get("name"))
