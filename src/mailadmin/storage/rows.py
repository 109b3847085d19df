"""Governed rows out of a store, each as it was written, and all there are."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Boolean, Connection

from ..domain.governed import GOVERNED, Key, Row, row_of
from ..errors import Tampered
from ..resolution.population import uncollected
from . import contents
from .batches import Batch, batches
from .contents import Contents
from .keys import Sealer
from .sealing import check_rows, sealed_rows
from .tables import LISTS, OF_USERS, ROWS, bucket_of, key_columns


@uncollected()
def rows(
    connection: Connection, sealer: Sealer | None, tables: Iterable[str] = GOVERNED, users: Sequence[str] | None = None
) -> dict[tuple[str, Key], Row]:
    """Governed rows by table and key; with `users` (keys), only their own of the tables that grow with users.

    Raises Tampered for a row that is not as it was written, is missing, stands twice, or was put back.
    """
    found: dict[tuple[str, Key], Row] = {}
    sealed = contents.sealed(connection, sealer)
    for table in tables:
        theirs = None if users is None or table not in OF_USERS else frozenset(users)
        width, made = len(key_columns(table)), making(table)
        for batch in _theirs(connection, sealer, sealed, table, theirs):
            for values in batch:
                place = table, values[:width]
                if place in found:
                    twice = f"The row {table} {' / '.join(place[1])} stands in the store twice."
                    raise Tampered(twice, remedy="Restore the store from a backup.")
                found[place] = made(values)
    return found


def making(table: str) -> Callable[[Sequence[Any]], Row]:
    """How a row is made of the values that are kept; users with the same roles have the same text of them."""
    names, width, read = GOVERNED[table].columns, len(key_columns(table)), cache(json.loads)
    flags = [name for name in names if isinstance(ROWS[table].c[name].type, Boolean)]
    lists = [name for name in names if name in LISTS]

    def made(values: Sequence[Any]) -> Row:
        record = {name: value for name, value in zip(names, values[width:], strict=False) if value is not None}
        for name in flags:
            if name in record:
                record[name] = bool(record[name])
        for name in lists:
            if name in record:
                record[name] = read(record[name])
        return row_of(table, record)

    return made


def check_table(connection: Connection, sealer: Sealer, table: str) -> None:
    """Raises Tampered unless every row of a table is as it was written, and there are no others."""
    for _ in checked(connection, sealer, contents.sealed(connection, sealer), table):
        pass


def checked(
    connection: Connection,
    sealer: Sealer | None,
    sealed: Contents | None,
    table: str,
    buckets: Collection[int] | None = None,
) -> Iterator[Batch]:
    """A table's rows, or at least those of these buckets, each as it was written; after the last, there are no others.

    Each is what `sealing.sealed_rows` says.
    """
    for batch in _counted(connection, sealed, table, buckets):
        if sealer is not None:
            check_rows(sealer, table, batch)
        yield batch


def _theirs(
    connection: Connection, sealer: Sealer | None, sealed: Contents | None, table: str, users: Collection[str] | None
) -> Iterator[Batch]:
    """The same of these users (keys) alone: nobody is stopped by another's row."""
    if users is None:
        yield from checked(connection, sealer, sealed, table)
        return
    user = key_columns(table).index("user_id_key")
    for batch in _counted(connection, sealed, table, set(map(bucket_of, users))):
        theirs = [values for values in batch if values[user] in users]
        if sealer is not None:
            check_rows(sealer, table, theirs)
        yield theirs


def _counted(
    connection: Connection, sealed: Contents | None, table: str, buckets: Collection[int] | None
) -> Iterator[Batch]:
    query, few = sealed_rows(connection, table), contents.few(table, buckets)
    if few is not None:
        query = query.where(ROWS[table].c.bucket.in_(few))
    seals: dict[int, list[str]] = defaultdict(list)
    for batch in batches(connection, query):
        for values in batch:
            seals[values[-1]].append(values[-2])
        yield batch
    if sealed is not None:
        sealed.check(table, seals, few)
