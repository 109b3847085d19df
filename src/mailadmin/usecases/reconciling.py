"""The outbox looked at, and what nobody could tell decided: by looking the message up, or by a person's word."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from ..bootstrap import App
from ..domain.services import ServiceKind
from ..errors import MailAdminError, Refused
from ..providers.registry import provider_for
from ..storage import outbox
from ..storage.outbox import Attempt, Entry, State
from . import journalling
from .preparing import prepare
from .sending import MakeProvider, as_kept, context_of


class Verdict(StrEnum):
    """What a person found out about a message."""

    SENT = "sent"
    NOT_SENT = "not sent"
    SEND_AGAIN = "send again"


_MAILBOXES = frozenset({ServiceKind.EXCHANGE, ServiceKind.EXCHANGE_SERVER})
"""Services that keep what they sent, where it can be looked up."""

_AFTER = {Verdict.SENT: State.SENT, Verdict.NOT_SENT: State.FAILED, Verdict.SEND_AGAIN: State.RETRY}


def messages(app: App, *states: State) -> list[Entry]:
    """Every message of the outbox, oldest first, or those in these states."""
    journalling.recover(app)
    with app.store.reading() as connection:
        return outbox.entries(connection, journalling.seal_of(app, connection), states)


def message(app: App, named: str) -> tuple[Entry, list[Attempt]]:
    """One message with every try. Raises UnknownName, Tampered."""
    journalling.recover(app)
    with app.store.reading() as connection:
        entry = outbox.entry_of(connection, named, journalling.seal_of(app, connection))
        return entry, outbox.attempts(connection, entry)


class Found(NamedTuple):
    """What looking a message up showed."""

    entry: Entry
    words: str


def reconcile(app: App, *, provider: MakeProvider = provider_for) -> list[Found]:
    """Look every message up whose outcome is unknown; what cannot be looked up stays so, for a person to decide."""
    return [_look_up(app, entry, provider) for entry in messages(app, State.UNKNOWN)]


def _look_up(app: App, entry: Entry, provider: MakeProvider) -> Found:
    if entry.service == ServiceKind.OUTLOOK:
        return Found(entry, "Outlook may have been handed it: look for the file, and into the person's Sent Items")
    if entry.service not in _MAILBOXES:
        return Found(entry, "SMTP keeps nothing to look at: ask a recipient, or look into the server's log")
    try:
        with app.store.reading() as connection:
            outgoing = as_kept(entry, outbox.files_of(connection, entry))
        prepared = prepare(app, outgoing.message, context_of(entry), id_=entry.id)
        sender = provider(prepared.account.profile, draft_id=entry.remote_id)
        sent = sender.look_up(outgoing)
    except MailAdminError as error:
        return Found(entry, f"could not be looked up: {error.what}")
    if sent is None:
        return Found(entry, "neither in Drafts nor in Sent Items: it may have been deleted there")
    if sent:
        words, accepted = "found in Sent Items", entry.all_accepted("in Sent Items")
        return Found(journalling.settle(app, entry, State.SENT, words, recipients=accepted), words)
    words = "still a draft: it was not sent and may be tried again"
    return Found(journalling.settle(app, entry, State.RETRY, words), words)


def decide(app: App, named: str, verdict: Verdict) -> Entry:
    """Say what became of a message that is UNKNOWN; *send again* keeps its Message-ID. Audited.

    Raises Refused for a message of another state.
    """
    entry, _ = message(app, named)
    if entry.state is not State.UNKNOWN:
        raise Refused(f"Message {entry.id[:8]} is {entry.state}, not UNKNOWN: there is nothing to decide.")
    if verdict is Verdict.SEND_AGAIN and entry.message is None:
        raise Refused(f"Message {entry.id[:8]} cannot be sent again: its text was never kept.", remedy="Write it anew.")
    return journalling.settle(app, entry, _AFTER[verdict], f"{app.actor} says: {verdict}")


def cancel(app: App, named: str) -> Entry:
    """Give up a message that could still go out; its text is not kept any longer. Audited.

    Raises Refused for a message of another state.
    """
    entry, _ = message(app, named)
    if entry.state not in outbox.SENDABLE:
        raise Refused(f"Message {entry.id[:8]} is {entry.state}: there is nothing to give up.")
    return journalling.settle(app, entry, State.CANCELLED, f"{app.actor} gave it up")


def hold_all(app: App) -> list[Entry]:
    """Hold everything that could still go out, as after putting a backup back; returns those messages."""
    waiting = messages(app, *outbox.BY_MACHINE, State.SENDING)
    return [journalling.settle(app, entry, State.HELD, "held by hand") for entry in waiting]
