"""The outbox: every message that was to go out, what is known of it, and every try.

Laws: a message is entered before it travels; `SENDING` is kept before the first byte that can lead to acceptance; only
INTENT and RETRY are ever sent again by the machine, UNKNOWN never; a state is changed only from the one it was seen in;
every entry is sealed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Connection, Integer, LargeBinary, Table, Text, bindparam, delete, insert, select, update

from ..domain.canonical import canonical
from ..domain.messages import RecipientStatus
from ..errors import Refused, Tampered, UnknownName
from .tables import METADATA


class State(StrEnum):
    """What is known of a message."""

    DRAFT = "DRAFT"
    INTENT = "INTENT"
    SENDING = "SENDING"
    SENT = "SENT"
    PARTIAL = "PARTIAL"
    RETRY = "RETRY"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"
    HELD = "HELD"
    QUARANTINED = "QUARANTINED"
    HANDED_OVER = "HANDED OVER"
    CANCELLED = "CANCELLED"
    WOULD_SEND = "would send"
    NOT_SENT = "not sent"


STATES: dict[State, str] = {
    State.DRAFT: "kept, to be sent later",
    State.INTENT: "about to be sent; nothing has left",
    State.SENDING: "being sent at this moment",
    State.SENT: "accepted for every recipient",
    State.PARTIAL: "accepted for some recipients, refused for good for others",
    State.RETRY: "not accepted for somebody yet; may be tried again",
    State.FAILED: "refused for good",
    State.UNKNOWN: "accepted or not: nobody can tell from here; look, then say so",
    State.HELD: "no longer allowed or ready when it was its turn",
    State.QUARANTINED: "not as it was written; never sent",
    State.HANDED_OVER: "given to the person's own mail program; whether it was sent is seen there alone",
    State.CANCELLED: "given up, or replaced by a newer version; nothing more of it is sent",
    State.WOULD_SEND: "a dry run: everything but the sending",
    State.NOT_SENT: "forced test mode: appears to be sent, nothing left",
}
"""TABLE: every state, in words."""

BY_MACHINE = frozenset({State.INTENT, State.RETRY})
"""What a person may have sent again with one word; everything else wants a decision."""

SENDABLE = frozenset({*BY_MACHINE, State.DRAFT, State.HELD})
"""What can still go out, and can therefore be given up."""

FINISHED = frozenset({State.SENT, State.PARTIAL, State.HANDED_OVER, State.CANCELLED, State.WOULD_SEND, State.NOT_SENT})
"""Their text and attachments are not kept: the outbox is no mail archive."""

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("message_id", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("context", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("cost_centre", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("sender_email", Text, nullable=False),
    Column("sender_name", Text, nullable=False),
    Column("own_email", Text, nullable=False),
    Column("sender_reason", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("message", Text),
    Column("recipients", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("envelope_hash", Text, nullable=False),
    Column("profile_hash", Text, nullable=False),
    Column("remote_id", Text),
    Column("attempt", Integer, nullable=False),
    Column("lease_until", Text),
    Column("note", Text, nullable=False),
    Column("mac", Text),
)

ATTEMPTS = Table(
    "outbox_attempts",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("said", Text, nullable=False),
    Column("recipients", Text, nullable=False),
    Column("transcript", Text, nullable=False),
)

FILES = Table(
    "outbox_files",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One message of the outbox. Times are UTC, ISO 8601; `recipients` is what each was last told, code 0 untried."""

    id: str
    message_id: str
    state: State
    created_at: str
    created_by: str
    updated_at: str
    user_id: str
    context: Mapping[str, Any]
    service: str
    cost_centre: str
    account: str
    sender_email: str
    sender_name: str
    own_email: str
    sender_reason: str
    subject: str
    message: Mapping[str, Any] | None
    recipients: tuple[RecipientStatus, ...]
    content_hash: str
    envelope_hash: str
    profile_hash: str
    remote_id: str | None = None
    attempt: int = 0
    lease_until: str | None = None
    note: str = ""

    def all_accepted(self, said: str) -> tuple[RecipientStatus, ...]:
        """Every recipient, as accepted."""
        return tuple(status._replace(code=202, said=said) for status in self.recipients)

    @property
    def open_recipients(self) -> tuple[str, ...]:
        """Whom a later try may still reach: neither accepted nor refused for good."""
        return tuple(status.email for status in self.recipients if status.code == 0 or status.transient)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try: when, by whom, with what outcome, and what was said."""

    attempt: int
    at: str
    by: str
    outcome: str
    said: str
    recipients: tuple[RecipientStatus, ...]
    transcript: tuple[str, ...]


Seal = Callable[[bytes], str]


def add(connection: Connection, entry: Entry, files: Mapping[str, bytes], seal: Seal | None) -> None:
    """Enter a message and its attachments."""
    record = _record(entry)
    connection.execute(insert(OUTBOX), {**record, "mac": _mac(record, seal)})
    if files and entry.state not in FINISHED:
        rows = [{"id": entry.id, "sha256": sha256, "content": content} for sha256, content in files.items()]
        connection.execute(insert(FILES), rows)


def change(connection: Connection, entry: Entry, seal: Seal | None, *, at: str, **changes: Any) -> Entry:
    """The entry changed, and kept; finished messages lose their text. Raises Refused where somebody was quicker."""
    changed = replace(entry, updated_at=at, **changes)
    if changed.state in FINISHED:
        changed = replace(changed, message=None)
        connection.execute(delete(FILES).where(FILES.c.id == entry.id))
    record = _record(changed)
    seen = {"seen_id": entry.id, "seen_state": str(entry.state), "seen_attempt": entry.attempt}
    if connection.execute(_CHANGE, {**record, "mac": _mac(record, seal), **seen}).rowcount != 1:
        raise Refused(
            f"Message {entry.id[:8]} is no longer {entry.state}: somebody else is at it.",
            remedy="Look again: mailadmin outbox",
        )
    return changed


_CHANGE = update(OUTBOX).where(
    OUTBOX.c.id == bindparam("seen_id"),
    OUTBOX.c.state == bindparam("seen_state"),
    OUTBOX.c.attempt == bindparam("seen_attempt"),
)
"""Made once: what SQLAlchemy makes of 26 columns takes it longer than SQLite needs to keep them."""


def seal_all(connection: Connection, seal: Seal) -> None:
    """Seal every entry there is, when the store is given its sealer."""
    for row in connection.execute(select(OUTBOX)).mappings().all():
        record = {name: value for name, value in row.items() if name != "mac"}
        connection.execute(update(OUTBOX).where(OUTBOX.c.id == row["id"]).values(mac=_mac(record, seal)))


def add_attempt(connection: Connection, entry: Entry, attempt: Attempt) -> None:
    """Enter a try."""
    connection.execute(
        insert(ATTEMPTS).values(
            id=entry.id,
            attempt=attempt.attempt,
            at=attempt.at,
            by=attempt.by,
            outcome=attempt.outcome,
            said=attempt.said,
            recipients=_statuses_text(attempt.recipients),
            transcript=json.dumps(attempt.transcript, ensure_ascii=False),
        )
    )


def entries(connection: Connection, seal: Seal | None, states: Iterable[State] = ()) -> list[Entry]:
    """Every message, oldest first, or those in these states. Raises Tampered."""
    query = select(OUTBOX).order_by(OUTBOX.c.created_at, OUTBOX.c.id)
    if chosen := [str(state) for state in states]:
        query = query.where(OUTBOX.c.state.in_(chosen))
    return [_entry(dict(row), seal) for row in connection.execute(query).mappings()]


def entry_of(connection: Connection, named: str, seal: Seal | None) -> Entry:
    """One message by its id or the beginning of it. Raises UnknownName, Tampered."""
    rows = [
        dict(row)
        for row in connection.execute(
            select(OUTBOX).where(OUTBOX.c.id.startswith(named, autoescape=True)).limit(2)
        ).mappings()
    ]
    if len(rows) != 1 or not named:
        what = "is the beginning of several ids" if rows and named else "is not in the outbox"
        raise UnknownName("message", f"{named} ({what})", remedy="mailadmin outbox lists them.")
    return _entry(rows[0], seal)


def files_of(connection: Connection, entry: Entry) -> dict[str, bytes]:
    """A message's attachments by SHA-256."""
    query = select(FILES.c.sha256, FILES.c.content).where(FILES.c.id == entry.id)
    return {sha256: bytes(content) for sha256, content in connection.execute(query)}


def attempts(connection: Connection, entry: Entry) -> list[Attempt]:
    """Every try, in order."""
    query = select(ATTEMPTS).where(ATTEMPTS.c.id == entry.id).order_by(ATTEMPTS.c.attempt)
    return [
        Attempt(
            attempt=row["attempt"],
            at=row["at"],
            by=row["by"],
            outcome=row["outcome"],
            said=row["said"],
            recipients=_statuses(row["recipients"]),
            transcript=tuple(json.loads(row["transcript"])),
        )
        for row in connection.execute(query).mappings()
    ]


def _mac(record: Mapping[str, Any], seal: Seal | None) -> str | None:
    return seal(canonical(["outbox", dict(record)])) if seal else None


def _entry(row: dict[str, Any], seal: Seal | None) -> Entry:
    mac = row.pop("mac")
    if seal is not None and mac != _mac(row, seal):
        raise Tampered(f"Message {row['id'][:8]} of the outbox is not as it was written.", remedy="mailadmin doctor")
    return Entry(
        **{
            **row,
            "state": State(row["state"]),
            "context": json.loads(row["context"]),
            "message": json.loads(row["message"]) if row["message"] is not None else None,
            "recipients": _statuses(row["recipients"]),
        }
    )


def _record(entry: Entry) -> dict[str, Any]:
    record = {name: getattr(entry, name) for name in Entry.__dataclass_fields__}
    record["state"] = str(entry.state)
    record["context"] = json.dumps(entry.context, ensure_ascii=False, sort_keys=True)
    record["message"] = None if entry.message is None else json.dumps(entry.message, ensure_ascii=False)
    record["recipients"] = _statuses_text(entry.recipients)
    return record


def _statuses_text(statuses: Iterable[RecipientStatus]) -> str:
    return json.dumps([list(status) for status in statuses], ensure_ascii=False)


def _statuses(text: str) -> tuple[RecipientStatus, ...]:
    return tuple(RecipientStatus(*row) for row in json.loads(text))
