"""Who did what to which row, as a chain: each entry's MAC covers the one before.

Laws: an entry is written in the transaction of its change, or neither is. With a key the chain is an HMAC; without one
it is a bare hash, which shows an accident but not a forger. An entry made since the contents of the store are sealed
says so in its MAC: who makes it seem that nothing is sealed has to take every such entry away. An anchor is an entry
noted elsewhere, in a plan or a report: a trail that was cut or rewritten before it does not hold it any more.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, or_, select

from ..audit.history import Deed
from ..domain.canonical import canonical, sha256
from ..domain.governed import Row, row_of
from ..errors import Tampered
from ..migration.plan import Anchor
from .batches import batched, batches
from .tables import AUDIT_TRAIL, STORE

Seal = Callable[[bytes], str]
NO_PLAN = ""
"""The plan of an entry that is about a message, not about a governed row."""

REFUSAL = "refusal"
"""The object of an entry about a message that was refused: there is none in the outbox."""


class Entry(NamedTuple):
    """One change. `before` and `after` are records without their secrets' text."""

    action: str
    object: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def record(
    connection: Connection, entries: Iterable[Entry], *, at: str, actor: str, plan_hash: str, seal: Seal | None
) -> None:
    """Append entries to the trail."""
    mac_of = _macs(connection, seal)
    seq, mac = last(connection)
    for batch in batched(enumerate(entries, seq + 1)):
        rows = []
        for number, entry in batch:
            content = {
                "seq": number,
                "at": at,
                "actor": actor,
                "action": entry.action,
                "object": entry.object,
                "before": _text(entry.before),
                "after": _text(entry.after),
                "plan_hash": plan_hash,
            }
            mac = mac_of(mac, content)
            rows.append({**content, "mac": mac})
        connection.execute(insert(AUDIT_TRAIL), rows)


def record_mail(connection: Connection, entry: Entry, *, at: str, actor: str, seal: Seal | None) -> None:
    """Append what became of a message: no plan made it."""
    record(connection, [entry], at=at, actor=actor, plan_hash=NO_PLAN, seal=seal)


def last(connection: Connection) -> Anchor:
    """The end of the trail, as something to hold on to later; number 0 where nothing was entered yet."""
    found = connection.execute(_LAST).first()
    return Anchor(*found) if found else Anchor(0, "")


_LAST = select(AUDIT_TRAIL.c.seq, AUDIT_TRAIL.c.mac).order_by(AUDIT_TRAIL.c.seq.desc()).limit(1)


def holds(connection: Connection, anchor: Anchor) -> bool:
    """Whether this entry still stands in the trail; the beginning of all does."""
    mac = connection.execute(select(AUDIT_TRAIL.c.mac).where(AUDIT_TRAIL.c.seq == anchor.seq)).scalar()
    return (mac or "") == anchor.mac


def verify(connection: Connection, seal: Seal | None, since: int = 1) -> int:
    """The number of entries, all in their place. Raises Tampered naming the first that is not as it was written.

    Entries from before the store had a sealer are checked by their bare hash; those before `since` are not checked.
    """
    mac_of = _macs(connection, seal)
    mac = connection.execute(select(AUDIT_TRAIL.c.mac).where(AUDIT_TRAIL.c.seq == since - 1)).scalar() or ""
    expected = since - 1
    for expected, row in enumerate(_rows(connection, since), since):
        found = row.pop("mac")
        mac = mac_of(mac, {**row, "seq": expected})
        if row["seq"] != expected or found != mac:
            raise Tampered(
                f"The audit trail was changed at entry {expected}.",
                remedy="Restore the store from a backup, or explain the change.",
            )
    return expected


def check_last(connection: Connection, seal: Seal | None) -> None:
    """Raises Tampered where the last entry was not made as the store says: what says how was taken away."""
    number = last(connection).seq
    try:
        verify(connection, seal, since=number)
    except Tampered as error:
        raise Tampered(
            f"Seals of the store were taken away, or entry {number} of its audit trail was changed.",
            remedy="Restore the store from a backup.",
        ) from error


def entries_of(connection: Connection, plan_hash: str) -> int:
    """How many entries a plan left."""
    query = select(func.count()).select_from(AUDIT_TRAIL).where(AUDIT_TRAIL.c.plan_hash == plan_hash)
    return int(connection.execute(query).scalar_one())


def deeds(connection: Connection, tables: Iterable[str], after: int = 0) -> Iterator[Deed]:
    """What was done to rows of these tables after an entry, newest first."""
    about = or_(*[AUDIT_TRAIL.c.object.startswith(f"{table} ", autoescape=True) for table in tables])
    query = select(AUDIT_TRAIL).where(AUDIT_TRAIL.c.seq > after, AUDIT_TRAIL.c.plan_hash != NO_PLAN, about)
    for row in connection.execute(query.order_by(AUDIT_TRAIL.c.seq.desc())):
        table = row.object.partition(" ")[0]
        yield Deed(row.seq, row.at, row.actor, row.plan_hash, _row(table, row.before), _row(table, row.after))


def _row(table: str, record: str | None) -> Row | None:
    return None if record is None else row_of(table, json.loads(record))


def first_day(connection: Connection) -> date | None:
    """The day of the first entry, or None where there is none."""
    at = connection.execute(select(AUDIT_TRAIL.c.at).order_by(AUDIT_TRAIL.c.seq).limit(1)).scalar()
    return None if at is None else date.fromisoformat(at[:10])


def last_of_day(connection: Connection, day: date) -> int:
    """The number of the last entry of this day (UTC) or an earlier one."""
    query = select(func.max(AUDIT_TRAIL.c.seq)).where(AUDIT_TRAIL.c.at < (day + timedelta(days=1)).isoformat())
    return connection.execute(query).scalar() or 0


class Told(NamedTuple):
    """An entry about a message: when, by whom, which, and what is told of it."""

    at: str
    actor: str
    object: str
    about: dict[str, Any]


def mail(connection: Connection) -> Iterator[Told]:
    """Every entry about a message, oldest first."""
    wanted = AUDIT_TRAIL.c.at, AUDIT_TRAIL.c.actor, AUDIT_TRAIL.c.object, AUDIT_TRAIL.c.after
    query = select(*wanted).where(AUDIT_TRAIL.c.plan_hash == NO_PLAN).order_by(AUDIT_TRAIL.c.seq)
    for at, actor, about, after in connection.execute(query):
        yield Told(at, actor, about, json.loads(after or "{}"))


def messages_told_of(connection: Connection) -> set[str]:
    """The messages entries tell of."""
    of_mail = AUDIT_TRAIL.c.plan_hash == NO_PLAN
    query = select(AUDIT_TRAIL.c.object).distinct().where(of_mail, AUDIT_TRAIL.c.object.startswith("message "))
    return set(connection.execute(query).scalars())


def out_of_time(connection: Connection) -> list[tuple[int, str, str]]:
    """Entries that are earlier than the one before them: number, time, and that one's. The number tells the order."""
    before = func.lag(AUDIT_TRAIL.c.at).over(order_by=AUDIT_TRAIL.c.seq)
    timed = select(AUDIT_TRAIL.c.seq, AUDIT_TRAIL.c.at, before.label("before")).subquery()
    query = select(timed).where(timed.c.at < timed.c.before).order_by(timed.c.seq)
    return [tuple(row) for row in connection.execute(query)]


def _rows(connection: Connection, since: int) -> Iterator[dict[str, Any]]:
    query = select(AUDIT_TRAIL).where(AUDIT_TRAIL.c.seq >= since).order_by(AUDIT_TRAIL.c.seq)
    names = AUDIT_TRAIL.c.keys()
    for batch in batches(connection, query):
        yield from (dict(zip(names, values, strict=True)) for values in batch)


def _macs(connection: Connection, seal: Seal | None) -> Callable[[str, dict[str, Any]], str]:
    """How an entry's MAC is made of the one before and its content: by what was sealed when it was made."""
    sealed_from, contents_from = connection.execute(select(STORE.c.sealed_from, STORE.c.contents_from)).one()

    def mac(previous: str, content: dict[str, Any]) -> str:
        if seal is None or content["seq"] < (sealed_from or 1):
            return sha256([previous, content])
        with_contents = contents_from is not None and content["seq"] >= contents_from
        return seal(canonical([previous, content, "contents"] if with_contents else [previous, content]))

    return mac


def _text(record: dict[str, Any] | None) -> str | None:
    return None if record is None else _written(record)


_written = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode
