"""Sending one message: which account, why, whether it may, what the server said; kept in the outbox at every step.

Laws: one message, one person pressing send; permission, account and forced test mode are decided here and decided
again whenever something kept is sent; nothing known to be accepted, or possibly accepted, is sent again by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from ..bootstrap import App
from ..domain.addresses import same_address
from ..domain.message_documents import message_of
from ..domain.messages import Address, Delivery, Message, Outgoing
from ..domain.services import ServiceKind
from ..errors import DraftChanged, MailAdminError, MailFailed, NotPermitted, Outcome, RecipientNotContact, Refused
from ..providers.base import Provider
from ..providers.capabilities import Capability
from ..providers.registry import provider_for
from ..providers.smtp import TOO_MANY
from ..resolution.provenance import Context, Resolution
from ..storage import outbox
from ..storage.outbox import Entry, State
from . import journalling
from .journalling import Journal
from .preparing import Prepared, Wish, prepare

MakeProvider = Callable[..., Provider[Any, Any]]


class Sent(NamedTuple):
    """What became of a message: its entry in the outbox, what was decided about it, and what the server said.

    `rights` are those the account needs for it.
    """

    entry: Entry
    prepared: Prepared
    delivery: Delivery | None
    rights: tuple[str, ...] = ()

    @property
    def resolution(self) -> Resolution:
        """Why this account."""
        return self.prepared.resolution


def send(
    app: App,
    message: Message,
    context: Context,
    wish: Wish | None = None,
    *,
    dry_run: bool = False,
    replaces: str | None = None,
    keep: bool = True,
    provider: MakeProvider = provider_for,
) -> Sent:
    """Send one message now. With `dry_run` everything is decided and recorded, and nothing sent.

    `replaces` is a kept message this one is a newer version of; that one is given up. Without `keep`, the outbox never
    holds the text: what is not accepted at once is given up. Raises what `prepare` raises, Refused where that one may
    have gone out, Unsupported before any traffic, MailFailed with its `outcome`.
    """
    journalling.recover(app)
    older = _older_version(app, replaces)
    prepared = _decided(app, message, context, wish)
    sender = provider(prepared.account.profile)
    built = sender.ready(prepared.outgoing)
    state = State.WOULD_SEND if dry_run else State.INTENT if prepared.sends else State.NOT_SENT
    entry = journalling.enter(app, prepared, context, state, replaces=None if dry_run else older, keep=keep)
    if state is not State.INTENT:
        return Sent(entry, prepared, None, sender.rights(prepared.outgoing))
    return _deliver(app, entry, prepared, provider, sender, built)


def _decided(app: App, message: Message, context: Context, wish: Wish | None) -> Prepared:
    """What `prepare` decides; a message somebody was not allowed to send leaves a line in the audit trail."""
    try:
        return prepare(app, message, context, wish)
    except (NotPermitted, RecipientNotContact) as error:
        named = (*message.recipients, *message.reply_to)
        journalling.refuse(app, context, [address.email for address in named], message.subject, error)
        raise


def save_draft(
    app: App,
    message: Message,
    context: Context,
    wish: Wish | None = None,
    *,
    replaces: str | None = None,
    provider: MakeProvider = provider_for,
) -> Sent:
    """Keep a message in the mailbox's Drafts and in the outbox, in the place of the kept one it `replaces`.

    Raises what `send` raises, Unsupported where the service has no drafts.
    """
    journalling.recover(app)
    older = _older_version(app, replaces)
    prepared = _decided(app, message, context, wish)
    sender = provider(prepared.account.profile)
    sender.ready(prepared.outgoing, Capability.DRAFT)
    entry = journalling.enter(app, prepared, context, State.DRAFT, replaces=older)
    journal = Journal(app, entry)
    try:
        delivery = sender.save_draft(prepared.outgoing, journal)
    except MailAdminError as error:
        error.kept = entry.id
        error.remedy = f"{error.remedy}\nIt is in the outbox all the same, as {entry.id[:8]} ({entry.state}).".strip()
        raise
    return Sent(journal.entry, prepared, delivery, sender.rights(prepared.outgoing))


def _older_version(app: App, named: str | None) -> Entry | None:
    """The kept message a new one takes the place of; nothing where it has failed for good, which it stays."""
    if named is None:
        return None
    with app.store.reading() as connection:
        entry = outbox.entry_of(connection, named, journalling.seal_of(app, connection))
    if entry.state not in {*outbox.SENDABLE, State.FAILED}:
        raise Refused(
            f"Message {entry.id[:8]} cannot be replaced, it is {entry.state}: {outbox.STATES[entry.state]}.",
            remedy="Find out first what became of it." if entry.state is State.UNKNOWN else "",
        )
    return entry if entry.state in outbox.SENDABLE else None


def send_kept(app: App, named: str, *, accept_changes: bool = False, provider: MakeProvider = provider_for) -> Sent:
    """Send a draft, or try again what may be tried again; everything is decided anew.

    Raises DraftChanged where account or From are no longer those it was kept with, unless `accept_changes`; Refused for
    a state nothing may be sent from; a message no longer allowed or ready is HELD, one not as written QUARANTINED.
    """
    journalling.recover(app)
    with app.store.reading() as connection:
        entry = outbox.entry_of(connection, named, journalling.seal_of(app, connection))
        files = outbox.files_of(connection, entry)
    if entry.state not in outbox.SENDABLE:
        raise Refused(
            f"Message {entry.id[:8]} is {entry.state}: {outbox.STATES[entry.state]}.",
            remedy="mailadmin outbox reconcile" if entry.state is State.UNKNOWN else "Write it anew.",
        )
    message = as_written(app, entry, files)
    begun = entry.state is not State.DRAFT
    context = context_of(entry)
    wish = Wish(entry.sender_email, entry.sender_name)
    if same_address(entry.sender_email, entry.own_email):
        wish = Wish(None, entry.sender_name)
    try:
        prepared = prepare(app, message, context, wish, id_=entry.id)
    except Refused as error:
        journalling.change(app, entry, state=State.HELD, note=error.what)
        raise
    moved = prepared.account.profile_hash != entry.profile_hash
    if moved and not accept_changes:
        raise DraftChanged(
            f"Since this was kept, its account changed: it would now go out by {prepared.account.profile.account} "
            f"({prepared.account.cost_centre}), From {prepared.sender.address.email}, and was to go out by "
            f"{entry.account} ({entry.cost_centre}), From {entry.sender_email}.",
            remedy="Look at it, and send it with --accept-changes.",
        )
    outgoing = replace(prepared.outgoing, message_id=entry.message_id, recipients=_still_open(entry, prepared))
    prepared = prepared._replace(outgoing=outgoing)
    state = State.INTENT if prepared.sends else State.NOT_SENT
    entry = journalling.change(
        app,
        entry,
        state=state,
        note=prepared.note,
        sender_email=prepared.sender.address.email,
        sender_name=prepared.sender.address.name,
        own_email=prepared.sender.own.email,
        sender_reason=prepared.sender.reason,
        service=str(prepared.resolution.service),
        cost_centre=prepared.account.cost_centre,
        account=prepared.account.profile.account,
        profile_hash=prepared.account.profile_hash,
        envelope_hash=replace(prepared.outgoing, message=message).envelope_hash,
        remote_id=None if moved else entry.remote_id,
    )
    if not prepared.sends:
        return Sent(entry, prepared, None)
    sender = provider(prepared.account.profile, draft_id=entry.remote_id)
    built = sender.ready(prepared.outgoing)
    if begun and entry.remote_id is None and sender.look_up(prepared.outgoing):
        words = "an earlier try had sent it"
        entry = journalling.settle(app, entry, State.SENT, words, recipients=entry.all_accepted("in Sent Items"))
        return Sent(entry, prepared, None, sender.rights(prepared.outgoing))
    return _deliver(app, entry, prepared, provider, sender, built)


def _still_open(entry: Entry, prepared: Prepared) -> tuple[Address, ...]:
    """Whom this try is for: in test mode the redirect address alone, else whoever has not got it yet."""
    if prepared.note:
        return prepared.outgoing.recipients
    return tuple(a for a in prepared.outgoing.recipients if a.email in entry.open_recipients)


def as_written(app: App, entry: Entry, files: dict[str, bytes]) -> Message:
    """The message of an entry; what is not as it was written is put aside for good. Raises DraftChanged."""
    try:
        kept = as_kept(entry, files)
        if (kept.content_hash, kept.envelope_hash) == (entry.content_hash, entry.envelope_hash):
            return kept.message
    except (MailAdminError, KeyError, TypeError, ValueError):
        pass
    journalling.change(app, entry, state=State.QUARANTINED, note="not as it was written")
    raise DraftChanged(f"Message {entry.id[:8]} is not as it was written.", remedy="Write it anew.")


def as_kept(entry: Entry, files: dict[str, bytes]) -> Outgoing:
    """The message of an entry as it was to go out. Raises BadInput, KeyError where something of it is not there."""
    message = message_of(entry.message or {}, files)
    return Outgoing(
        message=message,
        sender=Address(entry.sender_email, entry.sender_name),
        message_id=entry.message_id,
        date=entry.created_at,
        recipients=message.recipients,
    )


def context_of(entry: Entry) -> Context:
    """Who asked for a kept message, and how."""
    known = dict(entry.context)
    service = known.pop("service", None)
    return Context(**known, service=ServiceKind(service) if service else None)


def _deliver(
    app: App, entry: Entry, prepared: Prepared, provider: MakeProvider, sender: Provider[Any, Any], built: Any
) -> Sent:
    """Hand over; where the server takes only so many at once, the others follow (RFC 5321 4.5.3.1.10)."""
    outgoing = prepared.outgoing
    while True:
        journal = Journal(app, entry)
        try:
            delivery = sender.hand_over(built, outgoing, journal)
        except MailAdminError as error:
            kept = _failed(app, journal.entry, error, prepared)
            error.kept = kept.id
            error.remedy = f"{error.remedy}\nIt is in the outbox as {kept.id[:8]} ({kept.state}).".strip()
            raise
        entry = _delivered(app, journal.entry, delivery, prepared)
        rest = {status.email for status in delivery.recipients if status.code == TOO_MANY}
        if not rest or delivery.is_refused:
            return Sent(entry, prepared, delivery, sender.rights(prepared.outgoing))
        outgoing = replace(outgoing, recipients=tuple(a for a in outgoing.recipients if a.email in rest))
        sender = provider(prepared.account.profile)
        built = sender.ready(outgoing)


def _delivered(app: App, entry: Entry, delivery: Delivery, prepared: Prepared) -> Entry:
    told = {status.email: status for status in delivery.recipients}
    statuses = tuple(told.get(status.email, status) for status in entry.recipients)
    if not any(status.email in told for status in entry.recipients):
        statuses = delivery.recipients  # forced test mode: the redirect address stands for everybody
    if delivery.handed_over is not None:
        state = State.HANDED_OVER
    elif all(status.accepted for status in statuses):
        state = State.SENT
    elif any(status.code == 0 or status.transient for status in statuses):
        state = State.RETRY
    else:
        state = State.PARTIAL if any(status.accepted for status in statuses) else State.FAILED
    return journalling.finish(app, entry, state, statuses, delivery.said, delivery.transcript, prepared)


def _failed(app: App, entry: Entry, error: MailAdminError, prepared: Prepared) -> Entry:
    outcome = error.outcome if isinstance(error, MailFailed) else Outcome.FAILED
    state = {Outcome.RETRY: State.RETRY, Outcome.FAILED: State.FAILED, Outcome.UNKNOWN: State.UNKNOWN}[outcome]
    transcript = error.transcript if isinstance(error, MailFailed) else ()
    return journalling.finish(app, entry, state, entry.recipients, error.what, transcript, prepared)
