"""A message as Microsoft Graph writes it (v1.0 `message` and its parts): pure, held against Microsoft's definitions."""

from __future__ import annotations

import base64
import re
from typing import Any

from ..domain.addresses import same_address
from ..domain.messages import Address, Attachment, Message, Outgoing

ID_HEADER = "x-mailadmin-id"
"""Our own header (Graph wants the prefix x-): it finds a draft whose id was lost in a crash."""

Json = dict[str, Any]


def message_resource(outgoing: Outgoing, mailbox: str) -> Json:
    """The draft to create. `from` is given only where it is not the mailbox itself, or has a name of its own."""
    message = outgoing.message
    html = message.html is not None
    resource: Json = {
        "subject": message.subject,
        "body": {"contentType": "html" if html else "text", "content": message.html if html else message.text or ""},
        "toRecipients": list(map(recipient, message.to)),
        "ccRecipients": list(map(recipient, message.cc)),
        "bccRecipients": list(map(recipient, message.bcc)),
        "importance": message.importance.value,
        "internetMessageId": outgoing.message_id,
        "internetMessageHeaders": [
            {"name": name, "value": value} for name, value in ((ID_HEADER, outgoing.uuid), *message.headers)
        ],
    }
    if message.reply_to:
        resource["replyTo"] = list(map(recipient, message.reply_to))
    if outgoing.sender.name or not same_address(outgoing.sender.email, mailbox):
        resource["from"] = recipient(outgoing.sender)
    return resource


def recipient(address: Address) -> Json:
    """A `recipient`."""
    return {"emailAddress": {"address": address.email, **({"name": address.name} if address.name else {})}}


def file_attachment(attachment: Attachment) -> Json:
    """A `fileAttachment`, for one request (less than 3 MB)."""
    return {
        "@odata.type": "#microsoft.graph.fileAttachment",
        "name": attachment.name,
        "contentType": attachment.media_type,
        "isInline": attachment.content_id is not None,
        "contentBytes": base64.b64encode(attachment.content).decode(),
        **({"contentId": attachment.content_id} if attachment.content_id else {}),
    }


def attachment_item(attachment: Attachment) -> Json:
    """What an upload session is asked for."""
    item = {
        "attachmentType": "file",
        "name": attachment.name,
        "contentType": attachment.media_type,
        "size": len(attachment.content),
        "isInline": attachment.content_id is not None,
        **({"contentId": attachment.content_id} if attachment.content_id else {}),
    }
    return {"AttachmentItem": item}


CHECKED = ("subject", "from", "toRecipients", "ccRecipients", "bccRecipients", "isDraft")
"""What of a draft is compared before it is sent."""


def differences(draft: Json, outgoing: Outgoing, mailbox: str) -> list[str]:
    """What of a draft at the server is not as it was kept: somebody edited it in the mailbox."""
    message: Message = outgoing.message
    found = []
    if draft.get("subject") != message.subject:
        found.append("the subject")
    for name, people in (("toRecipients", message.to), ("ccRecipients", message.cc), ("bccRecipients", message.bcc)):
        if sorted(map(str.lower, addresses_of(draft, name))) != sorted(a.email.lower() for a in people):
            found.append(name.removesuffix("Recipients").capitalize())
    given = inner(inner(draft, "from"), "emailAddress").get("address") if draft.get("from") is not None else mailbox
    if not same_address(str(given), outgoing.sender.email):
        found.append("From")
    return found


def addresses_of(draft: Json, name: str) -> list[str]:
    """The addresses of a draft's recipients."""
    return [str(inner(person, "emailAddress").get("address")) for person in objects(draft, name)]


_ID = re.compile(r"[A-Za-z0-9_=+/-]{1,1000}")


def id_of(message: Json) -> str | None:
    """The id of a message, None where it has none that can be one."""
    found = message.get("id")
    return found if isinstance(found, str) and _ID.fullmatch(found) else None


def is_ours(message: Json, uuid: str) -> bool:
    """Whether a message carries our id."""
    headers = objects(message, "internetMessageHeaders")
    return any(str(h.get("name")).lower() == ID_HEADER and h.get("value") == uuid for h in headers)


def objects(found: Json, name: str) -> list[Json]:
    """The objects in a list of an answer; whatever else is in it is left out."""
    value = found.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def inner(found: Json, name: str) -> Json:
    """An object within an object, an empty one where it is none."""
    value = found.get(name)
    return value if isinstance(value, dict) else {}
