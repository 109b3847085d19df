"""What verifying an account showed, and when: kept by the account's hash, so that a changed account has none."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sqlalchemy import Column, Connection, Table, Text, bindparam, delete, insert, select

from .tables import METADATA

VERIFICATIONS = Table(
    "verifications",
    METADATA,
    Column("profile_hash", Text, primary_key=True),
    Column("at", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("rungs", Text, nullable=False),
)

Kept = tuple[str, str, list[list[object]]]
"""When (UTC, ISO 8601), with what result, rung by rung."""


def keep(connection: Connection, seen: Mapping[str, Kept]) -> None:
    """Keep what was seen of accounts, by their hashes, in place of what was seen before."""
    rows = [
        {"profile_hash": profile_hash, "at": at, "result": result, "rungs": json.dumps(rungs, ensure_ascii=False)}
        for profile_hash, (at, result, rungs) in seen.items()
    ]
    if rows:
        connection.execute(_FORGET, [{"known": profile_hash} for profile_hash in seen])
        connection.execute(insert(VERIFICATIONS), rows)


_FORGET = delete(VERIFICATIONS).where(VERIFICATIONS.c.profile_hash == bindparam("known"))


def every(connection: Connection) -> dict[str, Kept]:
    """What was seen of every account, by its hash."""
    return {row.profile_hash: (row.at, row.result, json.loads(row.rungs)) for row in connection.execute(_EVERY)}


_EVERY = select(VERIFICATIONS)


def kept(connection: Connection, profile_hash: str) -> Kept | None:
    """What was seen of an account, or None where it was never verified."""
    row = connection.execute(select(VERIFICATIONS).where(VERIFICATIONS.c.profile_hash == profile_hash)).one_or_none()
    return None if row is None else (row.at, row.result, json.loads(row.rungs))
