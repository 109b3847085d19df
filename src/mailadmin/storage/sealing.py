"""A store's seals: its sealer, given once and kept encrypted; the seal of every governed row, and of which there are.

Law: with a sealer, a governed row that is not as it was written is never used: SQLite has no page checksums, and one
flipped bit in a table without an index passes its integrity check.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from ..domain.canonical import canonical
from ..domain.governed import GOVERNED
from ..errors import KeyNeeded, Tampered
from . import audit_trail, calendar, contents, outbox
from .keys import Sealer, StoreKey, new_sealer
from .tables import ROWS, STORE, key_columns


def sealer_of(connection: Connection, keys: Mapping[str, StoreKey]) -> Sealer | None:
    """The store's sealer, or None where it has none or its key is not here.

    Raises Tampered where it was taken away, or what belongs to it was changed: seals cannot be switched off.
    """
    row = connection.execute(_STORE).one()
    if row.sealer is None:
        centres = ROWS["cost_centres"]
        sealed = select(func.count()).select_from(centres).where(centres.c.mac.is_not(None))
        if row.key_id is not None or connection.execute(sealed).scalar_one():
            raise _without_sealer()
        audit_trail.check_last(connection, None)
        return None
    for key in keys.values():
        with contextlib.suppress(KeyNeeded):
            text = key.decrypt(row.sealer_nonce, row.sealer, _context(row))
            if key.id == row.key_id:
                return Sealer.of(text)
            raise _without_sealer()
    if row.key_id in keys:
        raise _without_sealer()
    return None


_STORE = select(STORE)


def _without_sealer() -> Tampered:
    return Tampered(
        "The store's sealer was taken away or changed, so its rows cannot be trusted.",
        remedy="Restore the store from a backup.",
    )


def give_sealer(connection: Connection, key: StoreKey) -> Sealer:
    """Give a store its first key: a new sealer under it, and a seal to every row there is, and to which there are."""
    sealer = new_sealer()
    connection.execute(update(STORE).values(sealed_from=audit_trail.last(connection).seq + 1))
    for table in ROWS:
        _seal_rows(connection, table, sealer)
    outbox.seal_all(connection, sealer.seal)
    calendar.seal_all(connection, sealer.seal)
    contents.begin(connection, sealer)
    wrap_sealer(connection, key, sealer)
    return sealer


def seal_contents(connection: Connection, key: StoreKey, sealer: Sealer) -> None:
    """Seal which rows there are, if nobody did since schema 2. Raises Tampered where that was done and taken away."""
    if connection.execute(select(STORE.c.contents_from)).scalar_one() is None:
        audit_trail.check_last(connection, sealer.seal)
        contents.begin(connection, sealer)
        wrap_sealer(connection, key, sealer)


def wrap_sealer(connection: Connection, key: StoreKey, sealer: Sealer) -> None:
    """Keep the sealer under this key, which is the store's from now on."""
    row = connection.execute(select(STORE)).one()
    nonce, encrypted = key.encrypt(sealer.text(), _context(row))
    connection.execute(update(STORE).values(key_id=key.id, sealer_nonce=nonce, sealer=encrypted))


def _context(store: Any) -> bytes:
    """What the sealer is bound to: the store, and since when it seals what."""
    contents_from = [] if store.contents_from is None else [store.contents_from]
    return canonical([store.lineage, "sealer", store.sealed_from, *contents_from])


@cache
def sealed_columns(table: str) -> tuple[str, ...]:
    """What a row's seal is of: key, every column and version."""
    return (*key_columns(table), *GOVERNED[table].columns, "version")


def row_seal(sealer: Sealer | None, table: str, record: Mapping[str, Any]) -> str | None:
    """The seal of a row as it is kept."""
    return None if sealer is None else _seal(sealer, table, map(record.__getitem__, sealed_columns(table)))


def _seal(sealer: Sealer, table: str, values: Iterable[Any]) -> str:
    return sealer.seal(canonical([table, [int(v) if v is True or v is False else v for v in values]]))[:32]


def unsealed_rows(connection: Connection, tables: Iterable[str], sealer: Sealer | None) -> Iterator[str]:
    """Every row that is not as it was written, in words."""
    if sealer is None:
        return
    for table in tables:
        for record in connection.execute(select(ROWS[table])).mappings():
            if not _fits(sealer, table, dict(record)):
                yield _name(table, dict(record))


def check_row(sealer: Sealer | None, table: str, record: Mapping[str, Any]) -> None:
    """Raises Tampered for a row that is not as it was written."""
    if sealer is not None and not _fits(sealer, table, record):
        raise _tampered(_name(table, record))


def check_rows(sealer: Sealer, table: str, rows: Iterable[Sequence[Any]]) -> Iterator[tuple[int, str]]:
    """Bucket and seal of rows read as these and `sealed_columns`. Raises Tampered for one not as it was written."""
    for bucket, mac, *values in rows:
        if not _is_seal(mac, sealer, table, values):
            raise _tampered(_name(table, dict(zip(sealed_columns(table), values, strict=True))))
        yield bucket, mac


def _fits(sealer: Sealer, table: str, record: Mapping[str, Any]) -> bool:
    return _is_seal(record["mac"], sealer, table, map(record.__getitem__, sealed_columns(table)))


def _is_seal(mac: object, sealer: Sealer, table: str, values: Iterable[Any]) -> bool:
    try:
        return mac == _seal(sealer, table, values)
    except TypeError:  # bytes or a float, where there were text or a whole number: damage turns one into the other
        return False


def _name(table: str, record: Mapping[str, Any]) -> str:
    return f"{table} {' / '.join(str(record[name]) for name in key_columns(table))}"


def _tampered(name: str) -> Tampered:
    return Tampered(
        f"The row {name} of the store is not as it was written.",
        remedy="mailadmin doctor lists every such row; restore the store from a backup.",
    )


def _seal_rows(connection: Connection, table: str, sealer: Sealer) -> None:
    columns = key_columns(table)
    records = [dict(record) for record in connection.execute(select(ROWS[table])).mappings()]
    if records:
        statement = update(ROWS[table]).values(mac=bindparam("new_mac"))
        for name in columns:
            statement = statement.where(ROWS[table].c[name] == bindparam(f"at_{name}"))
        connection.execute(
            statement,
            [{"new_mac": row_seal(sealer, table, r), **{f"at_{n}": r[n] for n in columns}} for r in records],
        )
