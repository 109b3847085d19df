"""The mailboxes of Exchange Online: their folders, messages, attachments and uploads.

Laws: an immutable id stays with a message wherever it goes, any other id is good in one folder only; whatever is sent
or drafted in a mailbox shows in the inbox of the sandbox as well.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock
from typing import Any, NamedTuple

from ..domain.services import Security, ServiceKind
from .composing import RECIPIENTS, addresses, composed
from .inbox import DRAFTS, NOT_SAVED, SENT_ITEMS, Inbox, Received
from .reading import Part
from .refusals import GraphRefusal
from .tenant import Application, Mailbox
from .tokens import Clock

FOLDERS: Mapping[str, str] = {
    "inbox": "Inbox",
    "drafts": DRAFTS,
    "sentitems": SENT_ITEMS,
    "deleteditems": "Deleted Items",
}
"""TABLE: the folders of a mailbox: well-known name, and name on the screen."""


def folder_id(name: str) -> str:
    """The id of a folder."""
    return "AQMk" + base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")


def folder_name(given: str) -> str:
    """The well-known name of a folder that is called by it or by its id. Raises GraphRefusal where there is none."""
    for name in FOLDERS:
        if given.lower() == name or given == folder_id(name):
            return name
    raise GraphRefusal("ErrorFolderNotFound")


_IMMUTABLE, _MUTABLE = "AAkALg", "AAMkAG"
_LETTER = {folder: chr(ord("A") + place) for place, folder in enumerate(FOLDERS.values())}
_ID = re.compile(rf"({_IMMUTABLE}|{_MUTABLE}[{''.join(_LETTER.values())}])([A-Za-z0-9_-]{{32}})")


class Actor(NamedTuple):
    """An application in a mailbox."""

    application: Application
    mailbox: Mailbox


@dataclass(slots=True)
class Item:
    """A message in a mailbox. While it is `leaving`, a sent one still shows as a draft, for so many looks."""

    key: str
    properties: dict[str, Any]
    parts: dict[str, Part]
    created: datetime
    folder: str = DRAFTS
    changes: int = 0
    changed: datetime | None = None
    sent: datetime | None = None
    leaving: int = 0
    shown: Received | None = None

    @property
    def is_draft(self) -> bool:
        """Whether it can still be changed and sent."""
        return self.folder == DRAFTS

    def id(self, *, immutable: bool) -> str:
        """Its id: for ever, or for as long as it stays where it is."""
        return _IMMUTABLE + self.key if immutable else _MUTABLE + _LETTER[self.folder] + self.key

    @property
    def raw(self) -> bytes:
        """It as MIME, the very bytes the inbox shows."""
        return self.shown.raw if self.shown is not None else b""

    @property
    def size(self) -> int:
        """About how large it is."""
        body = self.properties.get("body") or {}
        return len(str(body.get("content") or "")) + sum(len(part.content) for part in self.parts.values())


@dataclass(slots=True)
class Upload:
    """A file on its way into a draft, `part` being the file without its content."""

    actor: Actor
    item: Item
    part: Part
    size: int
    received: bytearray = field(default_factory=bytearray)
    chunks: int = 0


class Exchange:
    """All mailboxes. Whoever asks holds `lock`."""

    def __init__(self, inbox: Inbox, clock: Clock) -> None:
        self._inbox = inbox
        self._items: dict[str, dict[str, Item]] = {}
        self.clock = clock
        self.lock = Lock()
        self.uploads: dict[str, Upload] = {}
        self.events: dict[str, dict[str, Any]] = {}

    def items(self, mailbox: Mailbox, folder: str | None = None) -> Iterator[Item]:
        """A mailbox's messages, the newest first."""
        for item in reversed(list(self._items.get(mailbox.id, {}).values())):
            if folder is None or item.folder == folder:
                yield item

    def item(self, mailbox: Mailbox, name: str) -> Item:
        """The message of an id. Raises GraphRefusal where it is no id, or nothing is there (any more)."""
        if not (matched := _ID.fullmatch(name)):
            raise GraphRefusal("ErrorInvalidIdMalformed")
        item = self._items.get(mailbox.id, {}).get(matched[2])
        if item is None or name not in (item.id(immutable=True), item.id(immutable=False)):
            raise GraphRefusal("ErrorItemNotFound")
        return item

    def look_at(self, item: Item) -> None:
        """Somebody looks: a message that is leaving is a look nearer to having left."""
        if item.leaving:
            item.leaving -= 1
            if not item.leaving:
                item.folder = SENT_ITEMS

    def create(self, actor: Actor, properties: Mapping[str, Any], parts: Sequence[Part]) -> Item:
        """A new draft. Raises GraphRefusal where it is too large."""
        item = self._new(actor, properties, parts)
        self._put(actor, item)
        self._show(actor, item, DRAFTS)
        return item

    def change(self, actor: Actor, item: Item, properties: Mapping[str, Any]) -> None:
        """Give a message other properties."""
        item.properties |= properties
        self._changed(actor, item)

    def attach(self, actor: Actor, item: Item, part: Part) -> str:
        """Put a file into a message; returns its id. Raises GraphRefusal where the message becomes too large."""
        file = _IMMUTABLE + _key()
        _check_size(actor, item.size + len(part.content))
        item.parts[file] = part
        self._changed(actor, item)
        return file

    def detach(self, actor: Actor, item: Item, file: str) -> None:
        """Take a file out of a message."""
        del item.parts[file]
        self._changed(actor, item)

    def delete(self, item: Item) -> None:
        """Put a message to the deleted ones. What was sent remains sent."""
        item.folder = FOLDERS["deleteditems"]
        if item.sent is None and item.shown is not None:
            self._inbox.remove(item.shown.number)

    def send(self, actor: Actor, item: Item, *, late: int = 0) -> None:
        """Send a draft; it shows as sent after so many looks.

        A draft that is sent again while it still shows as one goes out twice, as it would.
        """
        if item.leaving:
            item.shown = None
        item.sent = self.clock()
        item.leaving = late
        item.folder = DRAFTS if late else SENT_ITEMS
        self._show(actor, item, SENT_ITEMS)

    def send_new(self, actor: Actor, properties: Mapping[str, Any], parts: Sequence[Part], *, saved: bool) -> None:
        """Send a message that was no draft. Raises GraphRefusal where it is too large."""
        item = self._new(actor, properties, parts)
        item.sent = self.clock()
        item.folder = SENT_ITEMS
        if saved:
            self._put(actor, item)
        self._show(actor, item, SENT_ITEMS if saved else NOT_SAVED)

    def show(self, received: Received) -> Received:
        """Let the inbox show what is no message of a mailbox, such as an event; returns it with its number."""
        return self._inbox.add(received)

    def _put(self, actor: Actor, item: Item) -> None:
        self._items.setdefault(actor.mailbox.id, {})[item.key] = item

    def _new(self, actor: Actor, properties: Mapping[str, Any], parts: Sequence[Part]) -> Item:
        address = actor.mailbox.address
        own = {"emailAddress": {"name": actor.mailbox.name or address, "address": address}}
        message_id = f"<{secrets.token_hex(16)}@{address.rpartition('@')[2]}>"
        made = {"from": own, "sender": own, "internetMessageId": message_id, "conversationId": _IMMUTABLE + _key()}
        given = {name: value for name, value in properties.items() if value is not None}
        item = Item(_key(), made | given, {_IMMUTABLE + _key(): part for part in parts}, self.clock())
        _check_size(actor, item.size)
        return item

    def _changed(self, actor: Actor, item: Item) -> None:
        item.changes += 1
        item.changed = self.clock()
        self._show(actor, item, DRAFTS if item.sent is None else SENT_ITEMS)

    def _show(self, actor: Actor, item: Item, folder: str) -> None:
        """Let the inbox show a message as it is now."""
        received = Received(
            via=ServiceKind.EXCHANGE,
            security=Security.SSL_ON_CONNECT,
            account=actor.mailbox.address,
            application=actor.application.client_id,
            sender=next(iter(addresses(item.properties, "from")), actor.mailbox.address),
            recipients=tuple(dict.fromkeys(addresses(item.properties, *RECIPIENTS))),
            folder=folder,
            at=item.sent or item.changed or item.created,
            raw=composed(item.properties, list(item.parts.values()), item.sent or item.created),
        )
        if item.shown is None:
            item.shown = self._inbox.add(received)
        else:
            item.shown = self._inbox.change(replace(received, number=item.shown.number))


def _check_size(actor: Actor, size: int) -> None:
    if size > actor.mailbox.most_bytes:
        raise GraphRefusal("ErrorMessageSizeExceeded")


def _key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(24)).decode()
