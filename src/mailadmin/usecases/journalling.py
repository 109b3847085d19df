"""The outbox kept up to date: entered before, noted during, closed after, each with its line in the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from ..bootstrap import App
from ..domain.addresses import same_address
from ..domain.keys import visible
from ..domain.message_documents import document_of, files_of
from ..domain.messages import RecipientStatus
from ..errors import MailAdminError
from ..resolution.provenance import Context
from ..storage import audit_trail, outbox
from ..storage.outbox import Attempt, Entry, State
from .preparing import Prepared

LEASE = timedelta(minutes=30)
"""How long a message may be SENDING before nobody is believed to be at it."""


def finish(
    app: App,
    entry: Entry,
    state: State,
    statuses: tuple[RecipientStatus, ...],
    said: str,
    transcript: tuple[str, ...],
    prepared: Prepared,
) -> Entry:
    """Keep the outcome, the try, and a line in the audit trail, together; a text that is not kept has this one try."""
    at = app.now()
    if state is State.RETRY and entry.message is None:
        state = State.CANCELLED
    number = entry.attempt if entry.state is State.SENDING else entry.attempt + 1
    with app.store.writing() as connection:
        seal = _writer_seal(app, connection)
        changed = outbox.change(
            connection,
            entry,
            seal,
            at=at,
            state=state,
            recipients=statuses,
            note=said,
            attempt=number,
            lease_until=None,
        )
        attempt = Attempt(
            attempt=number, at=at, by=app.actor, outcome=str(state), said=said, recipients=statuses,
            transcript=transcript,
        )  # fmt: skip
        outbox.add_attempt(connection, changed, attempt)
        _audit(app, connection, changed, prepared.sender.changed, seal)
    return changed


def _audit(app: App, connection: Connection, entry: Entry, sender_changed: bool, seal: outbox.Seal | None) -> None:
    told = {
        "state": str(entry.state),
        "user": entry.user_id,
        "from": entry.sender_email,
        "own": entry.own_email,
        "from_changed": sender_changed,
        "reason": entry.sender_reason,
        "service": entry.service,
        "cost_centre": entry.cost_centre,
        "account": entry.account,
        "recipients": len(entry.recipients),
    }
    line = audit_trail.Entry("send", f"message {entry.id}", None, told)
    audit_trail.record_mail(connection, line, at=entry.updated_at, actor=app.actor, seal=seal)


def enter(
    app: App, prepared: Prepared, context: Context, state: State, *, replaces: Entry | None = None, keep: bool = True
) -> Entry:
    """The entry of a message that was decided on. It keeps the message as written, whatever test mode made of it.

    Without `keep`, text and files are not written down at all, not even while it is sent. What it replaces is given up
    in the same transaction: there is never a moment in which both could go out.
    """
    message, outgoing, at = prepared.message, prepared.outgoing, app.now()
    meant = replace(outgoing, message=message)
    asked = {name: str(value) if name == "service" else value for name, value in context._asdict().items() if value}
    entry = Entry(
        id=outgoing.uuid,
        message_id=outgoing.message_id,
        state=state,
        created_at=at,
        created_by=app.actor,
        updated_at=at,
        user_id=prepared.resolution.context.user or "",
        context=asked,
        service=str(prepared.resolution.service),
        cost_centre=prepared.account.cost_centre,
        account=prepared.account.profile.account,
        sender_email=prepared.sender.address.email,
        sender_name=prepared.sender.address.name,
        own_email=prepared.sender.own.email,
        sender_reason=prepared.sender.reason,
        subject=message.subject,
        message=document_of(message) if keep and state not in outbox.FINISHED else None,
        recipients=tuple(RecipientStatus(a.email, 0, "") for a in message.recipients),
        content_hash=meant.content_hash,
        envelope_hash=meant.envelope_hash,
        profile_hash=prepared.account.profile_hash,
        note=prepared.note or outbox.STATES[state],
    )
    with app.store.writing() as connection:
        seal = _writer_seal(app, connection)
        if replaces is not None:
            _give_up(app, connection, replaces, f"replaced by {entry.id[:8]}", seal)
        outbox.add(connection, entry, files_of(message) if keep else {}, seal)
        if state in {State.WOULD_SEND, State.NOT_SENT}:
            _audit(app, connection, entry, prepared.sender.changed, seal)
    return entry


def refuse(app: App, context: Context, recipients: Sequence[str], subject: str, error: MailAdminError) -> None:
    """Keep a line in the audit trail about a message somebody was not allowed to send."""
    told = {
        "user": context.user or "",
        **({"portal": context.portal, "feature": context.feature or ""} if context.portal else {}),
        **({"business_partner": context.business_partner} if context.business_partner else {}),
        "recipients": [visible(recipient) for recipient in recipients],
        "subject": visible(subject),
        "error": type(error).__name__,
        "reason": error.what,
    }
    line = audit_trail.Entry("refuse", audit_trail.REFUSAL, None, told)
    with app.store.writing() as connection:
        audit_trail.record_mail(connection, line, at=app.now(), actor=app.actor, seal=_writer_seal(app, connection))


def _give_up(app: App, connection: Connection, entry: Entry, words: str, seal: outbox.Seal | None) -> None:
    changed = outbox.change(connection, entry, seal, at=app.now(), state=State.CANCELLED, note=words)
    _audit(app, connection, changed, not same_address(entry.sender_email, entry.own_email), seal)


def settle(app: App, entry: Entry, state: State, words: str, **changes: Any) -> Entry:
    """What somebody decided or found out about a message, kept with a line in the audit trail."""
    with app.store.writing() as connection:
        seal = _writer_seal(app, connection)
        changed = outbox.change(connection, entry, seal, at=app.now(), state=state, note=words, **changes)
        _audit(app, connection, changed, not same_address(entry.sender_email, entry.own_email), seal)
    return changed


def recover(app: App) -> list[Entry]:
    """Call unknown what was being sent when whoever sent it went away; returns those messages."""
    with app.store.reading() as connection:
        now = app.now()
        late = [
            entry
            for entry in outbox.entries(connection, seal_of(app, connection), (State.SENDING,))
            if entry.lease_until is None or entry.lease_until < now
        ]
    return [change(app, entry, state=State.UNKNOWN, note="whoever was sending it went away") for entry in late]


def change(app: App, entry: Entry, **changes: Any) -> Entry:
    """The entry changed and kept, in a transaction of its own. Raises Refused where somebody was quicker."""
    with app.store.writing() as connection:
        return outbox.change(connection, entry, _writer_seal(app, connection), at=app.now(), **changes)


def seal_of(app: App, connection: Connection) -> outbox.Seal | None:
    """What checks the entries of the outbox, or None without the store's key."""
    sealer = app.sealer(connection)
    return sealer.seal if sealer else None


def _writer_seal(app: App, connection: Connection) -> outbox.Seal | None:
    sealer = app.writer_sealer(connection)
    return sealer.seal if sealer else None


class Journal:
    """What a provider says of its progress, kept before it goes on."""

    def __init__(self, app: App, entry: Entry) -> None:
        self._app = app
        self.entry = entry

    def created(self, remote_id: str) -> None:
        """A draft is at the server."""
        self.entry = change(self._app, self.entry, remote_id=remote_id)

    def sending(self) -> None:
        """From here on the message may be accepted."""
        until = (self._app.clock() + LEASE).replace(microsecond=0).isoformat()
        attempt = self.entry.attempt + 1
        self.entry = change(self._app, self.entry, state=State.SENDING, attempt=attempt, lease_until=until)
