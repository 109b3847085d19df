"""The tables of a store: one per governed table, and the books kept about them.

A governed row is named by the match keys of its key fields (`<field>_key`), and carries in `version` the serial of the
run that wrote it, in `mac` its seal, where the store has a sealer, and in `bucket`, where its table grows with users,
the part of the table it is counted with. Lists are kept as JSON text, so that users with the same roles have the same
text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Boolean, Column, ForeignKeyConstraint, Integer, LargeBinary, MetaData, Table, Text

from ..domain.governed import GOVERNED, Governed, Key, Row, key_of, record_of, table_of

METADATA = MetaData()

OF_USERS = ("users", "overrides")
"""The tables that grow with users."""

BUCKETS = 4096
"""The parts such a table is divided into: 244 rows each at a million users (docs/decisions/0006)."""

_TYPES: dict[str, type[Boolean | Integer]] = {
    **dict.fromkeys(
        ("active", "external", "locked_out", "use_service", "override_from", "enable_ssl", "use_ssl"), Boolean
    ),
    **dict.fromkeys(("port", "smtp_port"), Integer),
}
LISTS = frozenset({"roles", "senders"})
"""The fields that are lists."""


def _key_column(name: str) -> str:
    return f"{name}_key"


def _governed(name: str, governed: Governed) -> Table:
    keys = [Column(_key_column(part), Text, primary_key=True) for part in governed.key]
    fields = [Column(field, _TYPES.get(field, Text), key=field) for field in governed.columns]
    owners = [
        ForeignKeyConstraint([_key_column(field)], [f"{table}.{_key_column(GOVERNED[table].key[0])}"])
        for field, table in governed.owners
    ]
    seals: list[Column[Any]] = [Column("version", Integer, nullable=False), Column("mac", Text)]
    if name in OF_USERS:
        seals.append(Column("bucket", Integer, index=True))
    return Table(name, METADATA, *keys, *fields, *seals, *owners)


ROWS: Mapping[str, Table] = {name: _governed(name, governed) for name, governed in GOVERNED.items()}
"""The governed tables by name."""

STORE = Table(
    "store",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("lineage", Text, nullable=False),
    Column("serial", Integer, nullable=False),
    Column("schema_version", Integer, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("key_id", Text),
    Column("sealer_nonce", LargeBinary),
    Column("sealer", LargeBinary),
    Column("sealed_from", Integer),
    Column("contents_from", Integer),
    Column("mac", Text),
)
"""One row: which store this is, how often it was changed, which key its secrets are under, and its sealer.

`sealed_from` is the number of the first entry of the audit trail that was made under the sealer, `contents_from` of the
first that was made since the contents are sealed, too. `mac` seals contents, serial and the last run.
"""

CONTENTS = Table(
    "contents",
    METADATA,
    Column("table_name", Text, primary_key=True),
    Column("digests", LargeBinary, nullable=False),
)
"""Which rows there are: of every governed table the digests of its buckets, one after the other."""

SNAPSHOTS = Table(
    "snapshots",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("taken_at", Text, nullable=False),
    Column("taken_by", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("seal", Text),
    Column("packed", LargeBinary, nullable=False),
)

RUNS = Table(
    "runs",
    METADATA,
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("plan_hash", Text, nullable=False, unique=True),
    Column("purpose", Text, nullable=False),
    Column("applied_at", Text, nullable=False),
    Column("applied_by", Text, nullable=False),
    Column("reverses", Integer),
    Column("packed", LargeBinary, nullable=False),
)
"""Every plan that was applied; `run` is the serial it led to. Plans and snapshots are kept `packed`."""

SECRETS = Table(
    "secrets",
    METADATA,
    Column("location", Text, primary_key=True),
    Column("fingerprint", Text, primary_key=True, index=True),
    Column("key_id", Text, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
)

AUDIT_TRAIL = Table(
    "audit_trail",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("plan_hash", Text),
    Column("mac", Text, nullable=False),
)


def stored(row: Row, version: int) -> dict[str, Any]:
    """A row as it is kept."""
    table = table_of(row)
    governed = GOVERNED[table]
    named = keys(table, key_of(row))
    record: dict[str, Any] = {**named, **dict.fromkeys(governed.columns), **record_of(row), "version": version}
    for name in LISTS & record.keys():
        record[name] = _written(record[name])
    if table in OF_USERS:
        record["bucket"] = bucket_of(named["user_id_key"])
    return record


_written = json.JSONEncoder(ensure_ascii=False).encode


def bucket_of(user: str) -> int:
    """The bucket of the rows of a user, by the key."""
    return int.from_bytes(hashlib.sha256(user.encode()).digest()[:2]) % BUCKETS


def buckets_of(table: str) -> range:
    """The buckets of a governed table."""
    return range(BUCKETS if table in OF_USERS else 1)


@cache
def key_columns(table: str) -> tuple[str, ...]:
    """The names of a governed table's key columns."""
    return tuple(map(_key_column, GOVERNED[table].key))


def keys(table: str, key: Key) -> dict[str, str]:
    """The key columns of a row."""
    return dict(zip(key_columns(table), key, strict=True))
