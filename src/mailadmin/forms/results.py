"""What became of a message, for people: the account that was used, the answers, what was said on the line."""

from __future__ import annotations

from collections.abc import Sequence

from ..domain.messages import RecipientStatus
from ..errors import MailAdminError, MailFailed
from ..interchange.reports.markup import Markup, join
from ..storage.outbox import STATES, Entry, State
from ..usecases.sending import Sent
from . import display
from .display import Table
from .shown import Tone, folded, html, of_error, said, verbatim

TONES: dict[State, Tone] = {
    State.DRAFT: Tone.GOOD,
    State.INTENT: Tone.WARNING,
    State.SENDING: Tone.WARNING,
    State.SENT: Tone.GOOD,
    State.PARTIAL: Tone.WARNING,
    State.RETRY: Tone.WARNING,
    State.FAILED: Tone.ERROR,
    State.UNKNOWN: Tone.ERROR,
    State.HELD: Tone.WARNING,
    State.QUARANTINED: Tone.ERROR,
    State.HANDED_OVER: Tone.GOOD,
    State.CANCELLED: Tone.PLAIN,
    State.WOULD_SEND: Tone.GOOD,
    State.NOT_SENT: Tone.WARNING,
}
"""TABLE: how every state of a message is said."""


def result(sent: Sent) -> Markup:
    """What became of a message that was sent, kept or checked."""
    entry, delivery = sent.entry, sent.delivery
    parts = [
        headline(entry),
        facts(entry, (delivery.saved_in or delivery.handed_over) if delivery else None, sent.rights),
    ]
    parts.append(html(statuses(entry.recipients)))
    if delivery and delivery.warnings:
        parts.append(said(Tone.WARNING, *delivery.warnings))
    parts.append(folded("Why this account", display.explanation(sent.resolution)))
    if delivery and delivery.transcript:
        parts.append(transcript(delivery.transcript))
    return join(parts)


def failure(error: MailAdminError) -> Markup:
    """What went wrong with a message, and what was said on the line."""
    lines = error.transcript if isinstance(error, MailFailed) else ()
    return join([of_error(error), *([transcript(lines)] if lines else [])])


def headline(entry: Entry) -> Markup:
    """The state of a message, in words."""
    words = STATES[entry.state]
    more = [entry.note] if entry.note and entry.note != words else []
    return said(TONES[entry.state], f"{entry.state}: {words}.", *more)


def facts(entry: Entry, saved_in: str | None = None, rights: Sequence[str] = ()) -> Markup:
    """The account that was used, From, the message's id, and where it is kept."""
    sender = f"{entry.sender_name} <{entry.sender_email}>" if entry.sender_name else entry.sender_email
    of = f" of {entry.cost_centre}" if entry.cost_centre else ""
    told = (
        ("subject", entry.subject),
        ("sent by", entry.user_id),
        ("account used", f"{entry.account}, by {entry.service}{of}"),
        ("From", f"{sender} ({entry.sender_reason})"),
        ("message id", entry.message_id),
        ("saved in", saved_in or ""),
        ("rights needed", "; ".join(rights)),
        ("in the outbox as", entry.id[:8]),
    )
    return html(Table("What is known of it", ("what", "which"), [fact for fact in told if fact[1]]))


def statuses(recipients: Sequence[RecipientStatus]) -> Table:
    """What the server said to each recipient."""
    rows = [(status.email, status.code or "", status.said) for status in recipients]
    return Table("Recipients", ("recipient", "code", "what the server said"), rows)


def transcript(lines: Sequence[str]) -> Markup:
    """What was said on the line, passwords left out when it was noted."""
    return folded("What was said on the line", verbatim("\n".join(lines)))
