"""Which activities calendars were told of: kept before a calendar hears of it, so that no UID is ever lost; sealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import Column, Connection, Integer, Table, Text, delete, insert, select, update

from ..domain.canonical import canonical
from ..domain.keys import match_key
from ..errors import Tampered
from ..policy.calendar import Known, Standing
from .outbox import Seal
from .tables import METADATA

CALENDAR_ENTRIES = Table(
    "calendar_entries",
    METADATA,
    Column("activity_key", Text, primary_key=True),
    Column("activity", Text, nullable=False),
    Column("uid", Text, nullable=False, unique=True),
    Column("user_id", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    Column("remote_id", Text),
    Column("document", Text),
    Column("sequence", Integer, nullable=False),
    Column("mac", Text),
)


def keep(connection: Connection, known: Known, seal: Seal | None) -> None:
    """Keep what is known of an activity, in place of what was."""
    record = _record(known)
    key = match_key(known.activity)
    connection.execute(delete(CALENDAR_ENTRIES).where(CALENDAR_ENTRIES.c.activity_key == key))
    connection.execute(insert(CALENDAR_ENTRIES), {"activity_key": key, **record, "mac": _mac(record, seal)})


def every(connection: Connection, seal: Seal | None) -> dict[str, Known]:
    """What is known of every activity, by its key, in that order. Raises Tampered."""
    rows = connection.execute(select(CALENDAR_ENTRIES).order_by(CALENDAR_ENTRIES.c.activity_key)).mappings()
    return {row["activity_key"]: _known(dict(row), seal) for row in rows}


def seal_all(connection: Connection, seal: Seal) -> None:
    """Seal everything there is, when the store is given its sealer."""
    for row in connection.execute(select(CALENDAR_ENTRIES)).mappings().all():
        record = {name: row[name] for name in _NAMES}
        at = CALENDAR_ENTRIES.c.activity_key == row["activity_key"]
        connection.execute(update(CALENDAR_ENTRIES).where(at).values(mac=_mac(record, seal)))


_NAMES = tuple(field.name for field in fields(Known))


def _record(known: Known) -> dict[str, Any]:
    return {name: getattr(known, name) for name in _NAMES} | {"standing": str(known.standing)}


def _mac(record: Mapping[str, Any], seal: Seal | None) -> str | None:
    return seal(canonical(["calendar", dict(record)])) if seal else None


def _known(row: Mapping[str, Any], seal: Seal | None) -> Known:
    record = {name: row[name] for name in _NAMES}
    if row["activity_key"] != match_key(row["activity"]) or (seal is not None and row["mac"] != _mac(record, seal)):
        what = f"What is kept of activity {row['activity_key']} in the calendar is not as it was written."
        raise Tampered(what, remedy="mailadmin doctor")
    return Known(**{**record, "standing": Standing(row["standing"])})
