"""The calls of Graph on a calendar: enter an event, look at it, change it, delete it.

Laws: an event keeps its `iCalUId` whatever is changed; a second POST with the same `transactionId` makes no second
event; whoever is invited shows in the inbox of the sandbox, as everything that goes out does.
Source: Graph documentation, event resource and its methods.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..domain.services import Security, ServiceKind
from .calls import Call
from .composing import addresses, composed, is_address
from .faults import Fault
from .inbox import CALENDAR, Received
from .listener import Hangup, Reply
from .messages import time
from .refusals import GraphRefusal
from .types import check

_COMPUTED = frozenset(
    {
        "attachments", "bodyPreview", "cancelledOccurrences", "changeKey", "createdDateTime", "hasAttachments",
        "iCalUId", "id", "isCancelled", "isDraft", "isOrganizer", "lastModifiedDateTime", "onlineMeeting", "organizer",
        "originalStart", "responseStatus", "seriesMasterId", "type", "webLink",
    }
)  # fmt: skip
"""What of an event Exchange computes by itself, whatever a body says."""

_PAGE = 10


@dataclass(slots=True)
class Event:
    """An event in the calendar of a mailbox."""

    id: str
    uid: str
    properties: dict[str, Any]
    created: datetime
    changed: datetime
    shown: list[int] = field(default_factory=list)


def enter(call: Call) -> Reply | Hangup:
    """A new event; whoever is invited is told."""
    properties = _given(call)
    if missing := [name for name in ("start", "end") if not properties.get(name)]:
        raise GraphRefusal("BadRequest", f"The property '{missing[0]}' is required when creating the entity.")
    transaction = properties.get("transactionId")
    if transaction and any(one.properties.get("transactionId") == transaction for one in _events(call).values()):
        raise GraphRefusal("ErrorDuplicateTransactionId")
    key = base64.urlsafe_b64encode(secrets.token_bytes(24)).decode()
    now = call.exchange.clock()
    event = Event(
        f"AAkALgEV{key}", f"040000008200E00074C5B7101A82E008{secrets.token_hex(28).upper()}", properties, now, now
    )
    _check_times(properties)
    _events(call)[event.id] = event
    _tell(call, event, "")
    if call.faults.strike(Fault.LOST_REPLY) is not None:
        return Hangup.CLOSE
    return call.reply(201, "users/events/$entity", _told(call, event))


def get(call: Call, name: str) -> Reply:
    """An event."""
    return call.reply(200, "users/events/$entity", call.selected(_told(call, _event(call, name))))


def list_events(call: Call) -> Reply:
    """A mailbox's events, the newest first."""
    top, skip = (int(call.request.query.get(name) or default) for name, default in (("$top", _PAGE), ("$skip", 0)))
    events = list(reversed(_events(call).values()))[skip : skip + top]
    return call.reply(200, "users/events", {"value": [call.selected(_told(call, event)) for event in events]})


def change(call: Call, name: str) -> Reply:
    """Another time, place, subject … of an event; whoever is invited is told."""
    event, properties = _event(call, name), _given(call)
    if "transactionId" in properties:
        raise GraphRefusal("BadRequest", "The property 'transactionId' cannot be changed.")
    _check_times({**event.properties, **properties})
    event.properties |= properties
    event.changed = call.exchange.clock()
    _tell(call, event, "Changed: ")
    return call.reply(200, "users/events/$entity", _told(call, event))


def delete(call: Call, name: str) -> Reply:
    """An event goes; whoever was invited is told that it does not take place."""
    event = _event(call, name)
    del _events(call)[event.id]
    _tell(call, event, "Cancelled: ")
    return Reply(204)


def _given(call: Call) -> dict[str, Any]:
    properties = {name: value for name, value in check(call.json(), "event").items() if name not in _COMPUTED}
    for person in addresses(properties, "attendees"):
        if not is_address(person):
            raise GraphRefusal("ErrorInvalidRecipients", "Recipient is not resolved.")
    return properties


def _check_times(properties: dict[str, Any]) -> None:
    begins, ends = (_time_of(properties[name]) for name in ("start", "end"))
    if ends < begins:
        raise GraphRefusal("ErrorPropertyValidationFailure")
    if properties.get("isAllDay") and (begins.time() != ends.time() or begins.hour or begins.minute or begins >= ends):
        raise GraphRefusal("ErrorInvalidAllDay")


def _time_of(value: dict[str, Any]) -> datetime:
    try:
        return datetime.fromisoformat(str(value.get("dateTime")).partition(".")[0]).replace(tzinfo=None)
    except ValueError as error:
        raise GraphRefusal("RequestBodyRead", "Cannot convert the literal to the expected type 'DateTime'.") from error


def _events(call: Call) -> dict[str, Event]:
    return call.exchange.events.setdefault(call.actor.mailbox.id, {})


def _event(call: Call, name: str) -> Event:
    if (event := _events(call).get(name)) is None:
        raise GraphRefusal("ErrorItemNotFound")
    return event


def _told(call: Call, event: Event) -> dict[str, Any]:
    mailbox = call.actor.mailbox
    return {
        "@odata.etag": f'W/"{event.id[-8:]}{event.changed.timestamp():.0f}"',
        "id": event.id,
        "createdDateTime": time(event.created),
        "lastModifiedDateTime": time(event.changed),
        "iCalUId": event.uid,
        "isAllDay": False,
        "isCancelled": False,
        "isOrganizer": True,
        "type": "singleInstance",
        "showAs": "busy",
        "attendees": [],
        "organizer": {"emailAddress": {"name": mailbox.name or mailbox.address, "address": mailbox.address}},
        **event.properties,
    }


def _tell(call: Call, event: Event, what: str) -> None:
    """Show in the inbox what Exchange keeps in the calendar, and tells those who are invited."""
    mailbox, given = call.actor.mailbox, event.properties
    own = {"emailAddress": {"name": mailbox.name or mailbox.address, "address": mailbox.address}}
    invited = [{"emailAddress": person["emailAddress"]} for person in given.get("attendees") or ()]
    place = (given.get("location") or {}).get("displayName") or ""
    lines = (f"{given['start']['dateTime']} to {given['end']['dateTime']} ({given['start'].get('timeZone')})", place)
    text = "\n".join([*filter(None, lines), "", str((given.get("body") or {}).get("content") or "")])
    letter = {
        "subject": f"{what}{given.get('subject') or ''}",
        "body": {"contentType": "text", "content": text},
        "from": own,
        "toRecipients": invited or [own],
        "internetMessageId": f"<{event.uid[-32:].lower()}@{mailbox.address.rpartition('@')[2]}>",
    }
    received = Received(
        via=ServiceKind.EXCHANGE,
        security=Security.SSL_ON_CONNECT,
        account=mailbox.address,
        application=call.actor.application.client_id,
        sender=mailbox.address,
        recipients=tuple(addresses(letter, "toRecipients")),
        folder=CALENDAR,
        at=event.changed,
        raw=composed(letter, [], event.changed),
    )
    event.shown.append(call.exchange.show(received).number)
