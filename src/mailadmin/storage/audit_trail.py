"""Who did what to which row, as a chain: each entry's MAC covers the one before.

Law: an entry is written in the transaction of its change, or neither is. With a key the chain is an HMAC; without one
it is a bare hash, which shows an accident but not a forger.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, select

from ..domain.canonical import canonical, sha256
from ..errors import Tampered
from .tables import AUDIT_TRAIL, STORE

Seal = Callable[[bytes], str]


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
    last = connection.execute(select(AUDIT_TRAIL).order_by(AUDIT_TRAIL.c.seq.desc()).limit(1)).first()
    seq, mac = (last.seq, last.mac) if last else (0, "")
    rows = []
    for number, entry in enumerate(entries, seq + 1):
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
        mac = _mac(mac, content, seal)
        rows.append({**content, "mac": mac})
    if rows:
        connection.execute(insert(AUDIT_TRAIL), rows)


def verify(connection: Connection, seal: Seal | None) -> int:
    """The number of entries, all in their place. Raises Tampered naming the first that is not as it was written.

    Entries from before the store had a sealer are checked by their bare hash.
    """
    mac = ""
    expected = 0
    sealed_from = connection.execute(select(STORE.c.sealed_from)).scalar() or 1
    for expected, row in enumerate(_rows(connection), 1):
        content = {name: row[name] for name in row if name != "mac"}
        mac = _mac(mac, content, seal if expected >= sealed_from else None)
        if row["seq"] != expected or row["mac"] != mac:
            raise Tampered(
                f"The audit trail was changed at entry {expected}.",
                remedy="Restore the store from a backup, or explain the change.",
            )
    return expected


def entries_of(connection: Connection, plan_hash: str) -> int:
    """How many entries a plan left."""
    query = select(func.count()).select_from(AUDIT_TRAIL).where(AUDIT_TRAIL.c.plan_hash == plan_hash)
    return int(connection.execute(query).scalar_one())


def _rows(connection: Connection) -> Iterator[dict[str, Any]]:
    for row in connection.execute(select(AUDIT_TRAIL).order_by(AUDIT_TRAIL.c.seq)).mappings():
        yield dict(row)


def _mac(previous: str, content: dict[str, Any], seal: Seal | None) -> str:
    document = [previous, content]
    return sha256(document) if seal is None else seal(canonical(document))


def _text(record: dict[str, Any] | None) -> str | None:
    return None if record is None else json.dumps(record, ensure_ascii=False, sort_keys=True)
