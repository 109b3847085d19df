"""The calls of Graph on whose mailbox it is, on its folders, and on what is in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from .calls import Call
from .exchange import FOLDERS, Item, folder_id, folder_name
from .listener import Reply
from .messages import selected, told
from .refusals import GraphRefusal

_PAGE, _LARGEST_PAGE = 10, 1000
_OPTIONS = frozenset({"$select", "$top", "$skip", "$filter", "$orderby"})
_CLAUSE = r"(\w+) eq (?:'((?:[^']|'')*)'|(true|false))"
_FILTER = re.compile(rf"{_CLAUSE}(?: and {_CLAUSE})*")
_ORDER = re.compile(r"(createdDateTime|receivedDateTime|sentDateTime|subject)(?: (asc|desc))?")
_FILTERABLE = frozenset({"conversationId", "hasAttachments", "internetMessageId", "isDraft", "isRead", "subject"})


def user(call: Call) -> Reply:
    """Whose mailbox it is."""
    mailbox = call.actor.mailbox
    found = {
        "id": mailbox.id,
        "displayName": mailbox.name or mailbox.address,
        "mail": mailbox.address,
        "userPrincipalName": mailbox.address,
    }
    return call.reply(200, "users/$entity", found)


def list_folders(call: Call) -> Reply:
    """The folders."""
    return call.reply(200, "users/mailFolders", {"value": [_folder(call, name) for name in FOLDERS]})


def get(call: Call, folder: str) -> Reply:
    """A folder."""
    return call.reply(200, "users/mailFolders/$entity", _folder(call, folder_name(folder)))


def list_messages(call: Call, folder: str | None = None) -> Reply:
    """A page of messages, the newest first."""
    query = call.request.query
    for option in query.keys() - _OPTIONS:
        raise GraphRefusal("NotEmulated", what=f"the query option {option}")
    top, skip = _number(query, "$top", _PAGE), _number(query, "$skip", 0)
    if not 1 <= top <= _LARGEST_PAGE:
        raise GraphRefusal("BadRequest", f"The limit of '{_LARGEST_PAGE}' for Top query has been exceeded.")
    wanted = _wanted(query.get("$filter", ""))
    where = None if folder is None else FOLDERS[folder_name(folder)]
    for item in call.exchange.items(call.actor.mailbox):
        call.exchange.look_at(item)
    found = [item for item in call.exchange.items(call.actor.mailbox, where) if wanted(told(call, item))]
    if order := query.get("$orderby"):
        found = _ordered(call, found, order)
    page: dict[str, Any] = {"value": [selected(call, item) for item in found[skip : skip + top]]}
    if len(found) > skip + top:
        onward = urlencode(query | {"$skip": str(skip + top)}, quote_via=quote, safe="$")
        page["@odata.nextLink"] = f"{call.graph}{call.request.path}?{onward}"
    return call.reply(200, "users/messages", page)


def _ordered(call: Call, found: list[Item], order: str) -> list[Item]:
    if not (matched := _ORDER.fullmatch(order)):
        raise GraphRefusal("NotEmulated", what=f"the order {order}")
    return sorted(found, key=lambda item: str(told(call, item)[matched[1]]), reverse=matched[2] == "desc")


def _folder(call: Call, name: str) -> dict[str, Any]:
    return {
        "id": folder_id(name),
        "displayName": FOLDERS[name],
        "parentFolderId": folder_id("msgfolderroot"),
        "childFolderCount": 0,
        "unreadItemCount": 0,
        "totalItemCount": sum(1 for _ in call.exchange.items(call.actor.mailbox, FOLDERS[name])),
        "isHidden": False,
    }


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit()):
        raise GraphRefusal("BadRequest", f"Invalid value '{text}' for {name} query option found.")
    return int(text)


def _wanted(filter_: str) -> Callable[[Mapping[str, Any]], bool]:
    """What `$filter` asks for: as far as it is emulated, `name eq value` joined by `and`."""
    if filter_ and not _FILTER.fullmatch(filter_):
        raise GraphRefusal("ErrorInvalidUrlQueryFilter")
    clauses = {name: flag == "true" if flag else text.replace("''", "'")
               for name, text, flag in re.findall(_CLAUSE, filter_)}  # fmt: skip
    if clauses.keys() - _FILTERABLE:
        raise GraphRefusal("ErrorInvalidUrlQueryFilter")
    return lambda message: all(message.get(name) == value for name, value in clauses.items())
