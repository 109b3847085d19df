"""The calls of Graph on attachments. Where large ones go to stands in `uploads`."""

from __future__ import annotations

from typing import Any

from .calls import Call
from .composing import content_bytes
from .exchange import Item
from .listener import Reply
from .messages import part_of, time
from .reading import Part
from .refusals import GraphRefusal
from .types import check, parameters
from .uploads import begun

LEAST_UPLOAD = 2 * 2**20
"""A smaller file has no upload session: documented as 3 MB, measured by others as this (msgraph-sdk-java pull 52)."""


def list_attachments(call: Call, message: str) -> Reply:
    """A message's files."""
    item = call.item(message)
    found = [call.selected(_told(item, file, part)) for file, part in item.parts.items()]
    return call.reply(200, "users/messages/attachments", {"value": found})


def get(call: Call, message: str, file: str) -> Reply:
    """A file."""
    item = call.item(message)
    return call.reply(200, "users/messages/attachments/$entity", call.selected(_told(item, file, _part(item, file))))


def attach(call: Call, message: str) -> Reply:
    """A file goes into a draft."""
    item = _draft(call, message)
    part = part_of(check(call.json(), "attachment"))
    file = call.exchange.attach(call.actor, item, part)
    return call.reply(201, "users/messages/attachments/$entity", _told(item, file, part))


def detach(call: Call, message: str, file: str) -> Reply:
    """A file goes out of a draft."""
    item = _draft(call, message)
    _part(item, file)
    call.exchange.detach(call.actor, item, file)
    return Reply(204)


def create_upload_session(call: Call, message: str) -> Reply:
    """An address for a large file to go to."""
    item = _draft(call, message)
    file = parameters(call.json(), "createUploadSession").get("AttachmentItem") or {}
    for needed in ("attachmentType", "name", "size"):
        if not file.get(needed):
            raise GraphRefusal("BadRequest", f"Required property '{needed}' is missing.")
    if file["attachmentType"].lower() != "file":
        raise GraphRefusal("NotEmulated", what="uploads of anything but files")
    if file["size"] < LEAST_UPLOAD:
        raise GraphRefusal("ErrorAttachmentSizeShouldNotBeLessThanMinimumSize", size=file["size"], least=LEAST_UPLOAD)
    if item.size + file["size"] > call.actor.mailbox.most_bytes:
        raise GraphRefusal("ErrorMessageSizeExceeded")
    session = begun(call.exchange, call.actor, item, part_of(file), file["size"], host=call.uploads)
    return call.reply(201, "microsoft.graph.uploadSession", session)


def _draft(call: Call, message: str) -> Item:
    item = call.item(message)
    if not item.is_draft:
        raise GraphRefusal("ErrorInvalidPropertyUpdateSentMessage")
    return item


def _part(item: Item, file: str) -> Part:
    if file not in item.parts:
        raise GraphRefusal("ErrorItemNotFound")
    return item.parts[file]


def _told(item: Item, file: str, part: Part) -> dict[str, Any]:
    return {
        "@odata.type": "#microsoft.graph.fileAttachment",
        "id": file,
        "lastModifiedDateTime": time(item.changed or item.created),
        "name": part.name,
        "contentType": part.content_type,
        "size": len(part.content),
        "isInline": part.inline,
        "contentId": part.content_id or None,
        "contentLocation": None,
        "contentBytes": content_bytes(part),
    }
