"""A store's seals: its sealer, given once and kept encrypted; the seal of every governed row, and of which there are.

Law: with a sealer, a governed row that is not as it was written is never used: SQLite has no page checksums, and one
flipped bit in a table without an index passes its integrity check.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Boolean, Connection, Integer, Select, bindparam, cast, func, literal_column, select, update

from ..domain.canonical import canonical
from ..domain.governed import GOVERNED
from ..errors import KeyNeeded, Tampered
from . import audit_trail, calendar, contents, outbox
from .batches import batches
from .keys import Sealer, StoreKey, new_sealer
from .tables import OF_USERS, ROWS, STORE, key_columns


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


def row_seals(sealer: Sealer | None, table: str, records: Sequence[Mapping[str, Any]]) -> list[str | None]:
    """The seals of rows as they are kept."""
    if sealer is None:
        return [None] * len(records)
    values = itemgetter(*sealed_columns(table))
    return [*_seals(sealer, table, [[int(v) if v is True or v is False else v for v in values(r)] for r in records])]


def _seals(sealer: Sealer, table: str, rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    """The seal of each: of `canonical([table, values])`. Raises TypeError, ValueError for what no row holds.

    All are written as one text: nothing within a value reads like the opening of a row, since its quotes are escaped.
    """
    if not rows:
        return
    opening = f'["{table}",['.encode()
    document = _written([[table, row] for row in rows]).encode()
    for values in document[len(b"[" + opening) : -len(b"]")].split(b"," + opening):
        yield sealer.seal((opening, values))[:32]


_written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def sealed_rows(connection: Connection, table: str) -> Select[Any]:
    """A query of rows in the form in which they are checked: the values the seal is of, the seal, and the bucket."""
    return _sealed_rows(table, connection.dialect.supports_native_boolean)


@cache
def _sealed_rows(table: str, flags_are_no_numbers: bool) -> Select[Any]:
    rows = ROWS[table].c
    as_numbers = Boolean if flags_are_no_numbers else ()
    values = [rows[name] for name in sealed_columns(table)]
    numbered = [cast(value, Integer) if isinstance(value.type, as_numbers) else value for value in values]
    return select(*numbered, rows.mac, rows.bucket if table in OF_USERS else literal_column("0"))


def check_rows(sealer: Sealer, table: str, rows: Sequence[Sequence[Any]]) -> None:
    """Raises Tampered for a row, read by `sealed_rows`, that is not as it was written."""
    if odd := _odd_rows(sealer, table, rows):
        raise Tampered(
            f"The row {_name(table, odd[0])} of the store is not as it was written.",
            remedy="mailadmin doctor lists every such row; restore the store from a backup.",
        )


def unsealed_rows(connection: Connection, tables: Iterable[str], sealer: Sealer | None) -> Iterator[str]:
    """Every row that is not as it was written, in words."""
    if sealer is None:
        return
    for table in tables:
        for rows in batches(connection, sealed_rows(connection, table)):
            yield from [_name(table, row) for row in _odd_rows(sealer, table, rows)]


def _odd_rows(sealer: Sealer, table: str, rows: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    try:
        seals = [*_seals(sealer, table, [row[:-2] for row in rows])]
    except (TypeError, ValueError):  # bytes where there was text, infinity where there was a number: damage
        return [*rows] if len(rows) == 1 else [odd for row in rows for odd in _odd_rows(sealer, table, [row])]
    return [row for row, seal in zip(rows, seals, strict=True) if row[-2] != seal]


def _name(table: str, row: Sequence[Any]) -> str:
    return f"{table} {' / '.join(map(str, row[: len(key_columns(table))]))}"


def _seal_rows(connection: Connection, table: str, sealer: Sealer) -> None:
    """While they are read: it changes neither their order nor what the seals are of."""
    named = key_columns(table)
    statement = update(ROWS[table]).values(mac=bindparam("new_mac"))
    for name in named:
        statement = statement.where(ROWS[table].c[name] == bindparam(f"at_{name}"))
    for rows in batches(connection, sealed_rows(connection, table)):
        seals = _seals(sealer, table, [row[:-2] for row in rows])
        places = [{f"at_{name}": value for name, value in zip(named, row, strict=False)} for row in rows]
        connection.execute(statement, [{**at, "new_mac": seal} for at, seal in zip(places, seals, strict=True)])
