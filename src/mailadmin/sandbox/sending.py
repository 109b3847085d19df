"""The calls of Graph that send, and what has to be in order before anything goes out.

Source: Microsoft, Send Outlook messages from another user: the mailbox in the address acts; it needs Send As or Send on
Behalf on the address in `from`, and `sender` is set by which of them it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .calls import Call
from .composing import RECIPIENTS, addresses, is_address
from .faults import Fault
from .listener import Hangup, Reply
from .messages import from_json, from_mime
from .refusals import GraphRefusal
from .tenant import same_address
from .types import parameters


def send(call: Call, message: str) -> Reply | Hangup:
    """A draft goes out, and to the sent ones."""
    item = call.item(message)
    if not item.is_draft:
        raise GraphRefusal("ErrorItemNotFound")
    item.properties = _submitted(call, item.properties)
    call.exchange.send(call.actor, item, late=call.faults.strike(Fault.SENT_COPY_LATE) or 0)
    return _accepted(call)


def send_mail(call: Call) -> Reply | Hangup:
    """A message goes out that was no draft, from JSON or from a MIME message in base64."""
    saved = True
    if call.is_mime:
        properties, parts = from_mime(call)
    else:
        given = parameters(call.json(), "sendMail")
        if not isinstance(given.get("Message"), dict):
            raise GraphRefusal("BadRequest", "The required parameter 'Message' is missing.")
        properties, parts = from_json(given["Message"])
        saved = given.get("SaveToSentItems") is not False
    call.exchange.send_new(call.actor, _submitted(call, properties), parts, saved=saved)
    return _accepted(call)


def _accepted(call: Call) -> Reply | Hangup:
    return Hangup.CLOSE if call.faults.strike(Fault.LOST_REPLY) is not None else Reply(202)


def _submitted(call: Call, properties: Mapping[str, Any]) -> dict[str, Any]:
    """A message as it goes out. Raises GraphRefusal where it may not go out, or to nobody."""
    mailbox = call.actor.mailbox
    own = {"emailAddress": {"name": mailbox.name or mailbox.address, "address": mailbox.address}}
    from_ = properties.get("from") or own
    address = next(iter(addresses({"from": from_}, "from")), "")
    on_behalf = same_address(address, mailbox.on_behalf_of)
    allowed = on_behalf or same_address(address, {mailbox.address, *mailbox.send_as})
    if not allowed or call.faults.strike(Fault.REFUSED_SENDER) is not None:
        raise GraphRefusal("ErrorSendAsDenied")
    _check_recipients(call, addresses(properties, *RECIPIENTS))
    return {**properties, "from": from_, "sender": own if on_behalf else from_}


def _check_recipients(call: Call, recipients: list[str]) -> None:
    if not recipients:
        raise GraphRefusal("ErrorInvalidRecipients", "A message can't be sent because it contains no recipients.")
    refused = call.faults.strike(Fault.REFUSED_RECIPIENT, lambda which: which <= len(recipients))
    for place, recipient in enumerate(recipients, start=1):
        if not is_address(recipient) or refused in (0, place):
            raise GraphRefusal(
                "ErrorInvalidRecipients",
                f"Recipient '{recipient}' is not resolved. All recipients must be resolved before a message can be "
                "submitted.",
            )
