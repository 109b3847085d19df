"""Which rows a store holds: digests of their seals, themselves sealed together with its serial and last run.

Laws: where the contents are sealed, a row that is gone, stands twice or was put back as it once was, seal and all, is
noticed by whoever reads its table or, where tables grow with users, its bucket; tables, serial and runs can only be put
back together, as one old store. That the contents are sealed is bound to the sealer as it is kept, and said by every
entry of the audit trail since, so that it cannot be taken back (docs/decisions/0006).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from itertools import chain
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, literal_column, select, update

from ..domain.canonical import canonical
from ..errors import Tampered
from . import audit_trail
from .batches import batches
from .keys import Sealer
from .tables import BUCKETS, CONTENTS, OF_USERS, ROWS, RUNS, STORE, buckets_of

_SIZE = 16
"""Bytes of a digest; those of a bucket without rows are zero."""

_FEW = BUCKETS // 16

Seals = Mapping[int, Collection[str]]
"""The seals of rows by bucket."""


class Contents(NamedTuple):
    """The digests of every table, those of its buckets one after the other."""

    sealer: Sealer
    digests: Mapping[str, bytes]

    def check(self, table: str, found: Seals, buckets: Collection[int] | None = None) -> None:
        """Raises Tampered unless these are all the rows of the table, or of these buckets."""
        if not self._holds(table, found, buckets_of(table) if buckets is None else buckets):
            raise Tampered(
                f"A row of {table} is missing from the store, stands twice, or was put back as it once was.",
                remedy="mailadmin doctor says whether that is all; restore the store from a backup.",
            )

    def check_tables(self, connection: Connection, tables: Iterable[str]) -> None:
        """Raises Tampered unless these tables hold just the rows they should."""
        for table in tables:
            self.check(table, _seals(connection, table, buckets_of(table)))

    def odd_tables(self, connection: Connection) -> list[str]:
        """Every table that does not hold just the rows it should."""
        whole = [(table, buckets_of(table)) for table in ROWS]
        return [table for table, every in whole if not self._holds(table, _seals(connection, table, every), every)]

    def renewed(self, table: str, found: Seals, buckets: Collection[int]) -> bytes:
        """A table's digests, those of these buckets made of the seals found there."""
        digests = bytearray(self._of(table))
        for bucket in buckets:
            digests[bucket * _SIZE : (bucket + 1) * _SIZE] = self._digest(table, bucket, found.get(bucket, ()))
        return bytes(digests)

    def _of(self, table: str) -> bytes:
        return self.digests.get(table, b"").ljust(len(buckets_of(table)) * _SIZE, b"\0")

    def _holds(self, table: str, found: Seals, buckets: Collection[int]) -> bool:
        try:
            return found.keys() <= set(buckets) and self.renewed(table, found, buckets) == self._of(table)
        except TypeError:  # a seal that is no text any more
            return False

    def _digest(self, table: str, bucket: int, seals: Collection[str]) -> bytes:
        """Of seals in an order of their own: each names its row, and databases sort names each in their own way."""
        if not seals:
            return bytes(_SIZE)
        return bytes.fromhex(self.sealer.seal(canonical(["contents", table, bucket, sorted(seals)])))[:_SIZE]


def kept(connection: Connection, sealer: Sealer) -> Contents:
    """The digests as they are kept, whether or not they are as they were sealed."""
    return Contents(sealer, {row.table_name: row.digests for row in connection.execute(select(CONTENTS))})


def sealed(connection: Connection, sealer: Sealer | None) -> Contents | None:
    """The digests as they were sealed, or None without a sealer, and where nothing was applied since schema 2.

    Raises Tampered where they are not as they were sealed, or do not belong to this serial and these runs.
    """
    if sealer is None:
        return None
    if connection.execute(select(STORE.c.contents_from)).scalar_one() is None:
        audit_trail.check_last(connection, sealer.seal)
        return None
    found = kept(connection, sealer)
    if not _fits(connection, found):
        raise Tampered(
            "The store's tables, serial and runs do not belong together: some were put back, or taken away.",
            remedy="mailadmin doctor says more; restore the store from a backup.",
        )
    return found


def begin(connection: Connection, sealer: Sealer) -> None:
    """Seal the contents from the next entry of the audit trail on: the rows as they are."""
    connection.execute(update(STORE).values(contents_from=audit_trail.last(connection).seq + 1))
    renew(connection, sealer, {table: buckets_of(table) for table in ROWS})
    seal(connection, sealer)


def renew(connection: Connection, sealer: Sealer, touched: Mapping[str, Collection[int]]) -> None:
    """Make the digests of these buckets of tables anew; what they held before was checked by who changed it."""
    before = kept(connection, sealer)
    for table, buckets in touched.items():
        digests = before.renewed(table, _seals(connection, table, buckets), buckets)
        connection.execute(delete(CONTENTS).where(CONTENTS.c.table_name == table))
        connection.execute(insert(CONTENTS).values(table_name=table, digests=digests))


def seal(connection: Connection, sealer: Sealer) -> None:
    """Seal the contents with serial and runs, when all of them are written."""
    connection.execute(update(STORE).values(mac=_mac(connection, kept(connection, sealer))))


def _fits(connection: Connection, contents: Contents) -> bool:
    try:
        return bool(connection.execute(select(STORE.c.mac)).scalar_one() == _mac(connection, contents))
    except TypeError:  # text where there were bytes, bytes where there was a number: damage turns one into the other
        return False


def _mac(connection: Connection, contents: Contents) -> str:
    store = connection.execute(select(STORE.c.lineage, STORE.c.serial, STORE.c.contents_from)).one()
    digests = {table: hashlib.sha256(found).hexdigest() for table, found in contents.digests.items()}
    last = connection.execute(select(RUNS.c.plan_hash).order_by(RUNS.c.run.desc()).limit(1)).scalar()
    return contents.sealer.seal(canonical(["store", *store, digests, last]))


def few(table: str, buckets: Collection[int] | None) -> Collection[int] | None:
    """These buckets; or None for all, where they are so many that reading all rows is quicker."""
    return None if buckets is None or table not in OF_USERS or len(buckets) > _FEW else buckets


def _seals(connection: Connection, table: str, buckets: Collection[int]) -> dict[int, list[str]]:
    """By bucket, of these and perhaps of others."""
    rows = ROWS[table].c
    query = select(rows.bucket if table in OF_USERS else literal_column("0"), rows.mac)
    if (only := few(table, buckets)) is not None:
        query = query.where(rows.bucket.in_(only))
    found: dict[int, list[str]] = {}
    for bucket, mac in chain.from_iterable(batches(connection, query)):
        found.setdefault(bucket, []).append(mac)
    return found
