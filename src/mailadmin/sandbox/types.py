"""The types of Microsoft Graph the sandbox speaks, and whether a body is of one.

Laws: a body is taken only if Graph's own types allow it; the names are those of Graph's metadata (v1.0), the messages
those of its answers.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from .calendar_types import CALENDAR_ENUMS, CALENDAR_TYPES, Type
from .refusals import GraphRefusal

_COLLECTION, _GRAPH = "Collection(", "graph."

TYPES: Mapping[str, Type] = {
    "entity": Type(None, {"id": "Edm.String"}),
    "outlookItem": Type(
        "entity",
        {
            "categories": "Collection(Edm.String)",
            "changeKey": "Edm.String",
            "createdDateTime": "Edm.DateTimeOffset",
            "lastModifiedDateTime": "Edm.DateTimeOffset",
        },
    ),
    "message": Type(
        "outlookItem",
        {
            "attachments": "Collection(graph.attachment)",
            "bccRecipients": "Collection(graph.recipient)",
            "body": "graph.itemBody",
            "bodyPreview": "Edm.String",
            "ccRecipients": "Collection(graph.recipient)",
            "conversationId": "Edm.String",
            "conversationIndex": "Edm.Binary",
            "flag": "graph.followupFlag",
            "from": "graph.recipient",
            "hasAttachments": "Edm.Boolean",
            "importance": "graph.importance",
            "inferenceClassification": "graph.inferenceClassificationType",
            "internetMessageHeaders": "Collection(graph.internetMessageHeader)",
            "internetMessageId": "Edm.String",
            "isDeliveryReceiptRequested": "Edm.Boolean",
            "isDraft": "Edm.Boolean",
            "isRead": "Edm.Boolean",
            "isReadReceiptRequested": "Edm.Boolean",
            "parentFolderId": "Edm.String",
            "receivedDateTime": "Edm.DateTimeOffset",
            "replyTo": "Collection(graph.recipient)",
            "sender": "graph.recipient",
            "sentDateTime": "Edm.DateTimeOffset",
            "subject": "Edm.String",
            "toRecipients": "Collection(graph.recipient)",
            "uniqueBody": "graph.itemBody",
            "webLink": "Edm.String",
        },
    ),
    "attachment": Type(
        "entity",
        {
            "contentType": "Edm.String",
            "isInline": "Edm.Boolean",
            "lastModifiedDateTime": "Edm.DateTimeOffset",
            "name": "Edm.String",
            "size": "Edm.Int32",
        },
    ),
    "fileAttachment": Type(
        "attachment",
        {"contentBytes": "Edm.Binary", "contentId": "Edm.String", "contentLocation": "Edm.String"},
    ),
    "attachmentItem": Type(
        None,
        {
            "attachmentType": "graph.attachmentType",
            "contentId": "Edm.String",
            "contentType": "Edm.String",
            "isInline": "Edm.Boolean",
            "name": "Edm.String",
            "size": "Edm.Int64",
        },
    ),
    "uploadSession": Type(
        None,
        {
            "expirationDateTime": "Edm.DateTimeOffset",
            "nextExpectedRanges": "Collection(Edm.String)",
            "uploadUrl": "Edm.String",
        },
    ),
    "itemBody": Type(None, {"content": "Edm.String", "contentType": "graph.bodyType"}),
    "recipient": Type(None, {"emailAddress": "graph.emailAddress"}),
    "emailAddress": Type(None, {"address": "Edm.String", "name": "Edm.String"}),
    "internetMessageHeader": Type(None, {"name": "Edm.String", "value": "Edm.String"}),
    "followupFlag": Type(
        None,
        {
            "completedDateTime": "graph.dateTimeTimeZone",
            "dueDateTime": "graph.dateTimeTimeZone",
            "flagStatus": "graph.followupFlagStatus",
            "startDateTime": "graph.dateTimeTimeZone",
        },
    ),
    "dateTimeTimeZone": Type(None, {"dateTime": "Edm.String", "timeZone": "Edm.String"}),
    "mailFolder": Type(
        "entity",
        {
            "childFolderCount": "Edm.Int32",
            "childFolders": "Collection(graph.mailFolder)",
            "displayName": "Edm.String",
            "isHidden": "Edm.Boolean",
            "messages": "Collection(graph.message)",
            "parentFolderId": "Edm.String",
            "totalItemCount": "Edm.Int32",
            "unreadItemCount": "Edm.Int32",
        },
    ),
    "directoryObject": Type("entity", {"deletedDateTime": "Edm.DateTimeOffset"}),
    "user": Type(
        "directoryObject",
        {
            "accountEnabled": "Edm.Boolean",
            "displayName": "Edm.String",
            "mail": "Edm.String",
            "proxyAddresses": "Collection(Edm.String)",
            "userPrincipalName": "Edm.String",
        },
    ),
    **CALENDAR_TYPES,
}
"""TABLE: the types, each with all of its properties."""

ENUMS: Mapping[str, tuple[str, ...]] = {
    "attachmentType": ("file", "item", "reference"),
    "bodyType": ("text", "html"),
    "followupFlagStatus": ("notFlagged", "complete", "flagged"),
    "importance": ("low", "normal", "high"),
    "inferenceClassificationType": ("focused", "other"),
    **CALENDAR_ENUMS,
}
"""TABLE: the enumerations, each with all of its members."""

ACTIONS: Mapping[str, Mapping[str, str]] = {
    "createUploadSession": {"AttachmentItem": "graph.attachmentItem"},
    "sendMail": {"Message": "graph.message", "SaveToSentItems": "Edm.Boolean"},
}
"""TABLE: the parameters of actions that take any; their names are matched without case."""


def properties(name: str) -> Mapping[str, str]:
    """All properties of a type, its bases' first."""
    base, own = TYPES[name]
    return {**(properties(base) if base else {}), **own}


def check(body: Any, name: str) -> dict[str, Any]:
    """A body as an object of a type. Raises GraphRefusal where Graph would not read it as one."""
    _value(body, f"graph.{name}", "")
    if not isinstance(body, dict):
        raise GraphRefusal("BadRequest", "Empty Payload. JSON content expected.")
    return body


def parameters(body: Any, action: str) -> dict[str, Any]:
    """An action's parameters, by their names in ACTIONS. Raises GraphRefusal where they are not its parameters."""
    if not isinstance(body, dict):
        raise GraphRefusal("BadRequest", "Empty Payload. JSON content expected.")
    names = {name.lower(): name for name in ACTIONS[action]}
    found = {}
    for given, value in body.items():
        if (name := names.get(given.lower())) is None:
            message = "The parameter '{}' in the request payload is not a valid parameter for the operation '{}'."
            raise GraphRefusal("RequestBodyRead", message.format(given, action))
        _value(value, ACTIONS[action][name], given)
        found[name] = value
    return found


def _value(value: Any, kind: str, where: str) -> None:
    if kind.startswith(_COLLECTION):
        if not isinstance(value, list):
            raise _unexpected(value, where, "StartArray")
        for item in value:
            if item is None:
                raise _cannot_convert(item, kind)
            _value(item, kind[len(_COLLECTION) : -1], where)
    elif value is None:
        return
    elif kind.startswith(_GRAPH):
        _named(value, kind[len(_GRAPH) :], where)
    elif not _PRIMITIVES[kind](value):
        raise _cannot_convert(value, kind)


def _named(value: Any, name: str, where: str) -> None:
    if name in ENUMS:
        if not isinstance(value, str) or value.lower() not in {member.lower() for member in ENUMS[name]}:
            raise _cannot_convert(value, f"microsoft.graph.{name}")
        return
    if not isinstance(value, dict):
        raise _unexpected(value, where, "StartObject")
    name = _said(value, name)
    known = properties(name)
    for given, content in value.items():
        if "@" in given:
            continue
        if given not in known:
            raise GraphRefusal(
                "RequestBodyRead",
                f"The property '{given}' does not exist on type 'microsoft.graph.{name}'. Make sure to only use "
                "property names that are defined by the type or mark the type as open type.",
            )
        _value(content, known[given], given)


def _said(value: dict[str, Any], name: str) -> str:
    """The type an object says it is of, which has to be the expected one or one that extends it."""
    said = value.get("@odata.type")
    if said is None:
        if name == "attachment":
            raise GraphRefusal("RequestBodyRead", "The type of an attachment has to be said by '@odata.type'.")
        return name
    named = str(said).lstrip("#").removeprefix("microsoft.graph.")
    if name == "attachment" and named in ("itemAttachment", "referenceAttachment"):
        raise GraphRefusal("NotEmulated", what=f"attachments of type {named}")
    if named not in TYPES or name not in _line(named):
        raise GraphRefusal(
            "RequestBodyRead", f"A type named '{said}' could not be resolved by the model or is not 'graph.{name}'."
        )
    return named


def _line(name: str | None) -> tuple[str, ...]:
    return (name, *_line(TYPES[name].base)) if name else ()


def _unexpected(value: Any, where: str, expected: str) -> GraphRefusal:
    node = "StartArray" if isinstance(value, list) else "StartObject" if isinstance(value, dict) else "PrimitiveValue"
    return GraphRefusal(
        "RequestBodyRead",
        f"An unexpected '{node}' node was found for property named '{where}' when reading from the JSON reader. "
        f"A '{expected}' node was expected.",
    )


def _cannot_convert(value: Any, kind: str) -> GraphRefusal:
    return GraphRefusal(
        "RequestBodyRead", f"Cannot convert the literal '{str(value)[:40]}' to the expected type '{kind}'."
    )


def _is_integer(value: Any, bits: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)


def _is_time(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_base64(value: Any) -> bool:
    try:
        return isinstance(value, str) and base64.b64decode(value, validate=True) is not None
    except (binascii.Error, ValueError):
        return False


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_PRIMITIVES: Mapping[str, Callable[[Any], bool]] = {
    "Edm.Binary": _is_base64,
    "Edm.Boolean": lambda value: isinstance(value, bool),
    "Edm.Date": lambda value: isinstance(value, str) and _DAY.fullmatch(value) is not None,
    "Edm.DateTimeOffset": _is_time,
    "Edm.Double": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "Edm.Int32": lambda value: _is_integer(value, 32),
    "Edm.Int64": lambda value: _is_integer(value, 64),
    "Edm.String": lambda value: isinstance(value, str),
}
