"""Governed rows into a store: a million operations are made one after the other, and never held."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, insert, update

from ..domain.governed import GOVERNED, Key
from ..errors import StalePlan, StoreFailed
from ..migration.operations import Operation
from . import contents
from .batches import Batch, batched
from .keys import Sealer
from .rows import checked, making
from .sealing import row_seals
from .tables import OF_USERS, ROWS, bucket_of, key_columns, keys, stored

Progress = Callable[[str], None]

_TURNS = (
    *((table, kind) for table in GOVERNED for kind in ("change", "create")),
    *((table, "delete") for table in reversed(GOVERNED)),
)
"""What is referred to is created before, and deleted after, what refers to it."""

_TOLD_EVERY = 100_000


class _Work(NamedTuple):
    """Which operations (by number) have their turn together, and which buckets of which tables they touch."""

    turns: Mapping[tuple[str, str], array[int]]
    buckets: Mapping[str, set[int]]

    @classmethod
    def of(cls, operations: Sequence[Operation]) -> _Work:
        turns: dict[tuple[str, str], array[int]] = defaultdict(lambda: array("L"))
        buckets: dict[str, set[int]] = defaultdict(set)
        for number, operation in enumerate(operations):
            table = operation.table
            turns[table, operation.kind].append(number)
            buckets[table].add(bucket_of(keys(table, operation.key)["user_id_key"]) if table in OF_USERS else 0)
        return cls(turns, buckets)

    def on(self, table: str, *kinds: str) -> Iterator[int]:
        """The operations of these kinds on a table."""
        for kind in kinds:
            yield from self.turns.get((table, kind), ())


def write(
    connection: Connection,
    operations: Sequence[Operation],
    serial: int,
    sealer: Sealer | None,
    *,
    progress: Progress | None = None,
) -> None:
    """Carry out operations, each on the very row it was planned for. Raises StalePlan naming every row that moved."""
    work = _Work.of(operations)
    _check(connection, operations, work, sealer)
    for table, kind in _TURNS:
        numbers, done = work.turns.get((table, kind), ()), 0
        for batch in batched(numbers):
            _STATEMENTS[kind](connection, table, [operations[number] for number in batch], serial, sealer)
            done += len(batch)
            if progress and (done % _TOLD_EVERY == 0 or done == len(numbers)):
                progress(f"{table}: {done:,} of {len(numbers):,} rows written")
    if sealer is not None:
        contents.renew(connection, sealer, work.buckets)


def _check(connection: Connection, operations: Sequence[Operation], work: _Work, sealer: Sealer | None) -> None:
    """Tables are whole before they are changed, or what is gone would be sealed as gone."""
    sealed = contents.sealed(connection, sealer)
    if sealed is not None:
        sealed.check_tables(connection, work.buckets)
    moved: list[str] = []
    for table, buckets in work.buckets.items():
        moved += _moved(table, operations, work, checked(connection, sealer, sealed, table, buckets))
    if moved:
        raise StalePlan(moved)


def _moved(table: str, operations: Sequence[Operation], work: _Work, standing: Iterable[Batch]) -> Iterator[str]:
    """The rows, in words, that do not stand in their table as they were planned for."""
    width, made = len(key_columns(table)), making(table)
    planned: dict[Key, int] = {}
    found: set[int] = set()
    for batch in standing:
        planned = planned or {operations[n].key: n for n in work.on(table, "create", "change", "delete")}
        for values in batch:
            if (number := planned.get(values[:width])) is None:
                continue
            operation = operations[number]
            if number in found or made(values) != operation.before:
                yield operation.name
            found.add(number)
    yield from (operations[n].name for n in work.on(table, "change", "delete") if n not in found)


def _create(
    connection: Connection, table: str, operations: Sequence[Operation], serial: int, sealer: Sealer | None
) -> None:
    connection.execute(insert(ROWS[table]), _sealed(table, operations, serial, sealer))


def _change(
    connection: Connection, table: str, operations: Sequence[Operation], serial: int, sealer: Sealer | None
) -> None:
    named = key_columns(table)
    records = _sealed(table, operations, serial, sealer)
    statement = update(ROWS[table]).where(_at(table))
    result = connection.execute(
        statement.values({n: bindparam(f"new_{n}") for n in records[0] if n not in named}),
        [{(f"at_{n}" if n in named else f"new_{n}"): v for n, v in record.items()} for record in records],
    )
    _check_found(table, result.rowcount, len(records))


def _delete(
    connection: Connection, table: str, operations: Sequence[Operation], serial: int, sealer: Sealer | None
) -> None:
    parameters = [{f"at_{n}": v for n, v in keys(table, o.key).items()} for o in operations]
    result = connection.execute(delete(ROWS[table]).where(_at(table)), parameters)
    _check_found(table, result.rowcount, len(parameters))


def _check_found(table: str, found: int, expected: int) -> None:
    """A damaged index finds no row where there is one, and says nothing."""
    if found != expected:
        lost = f"{expected - found} row(s) of {table} were not found where they stand."
        raise StoreFailed(lost, remedy="mailadmin doctor")


def _sealed(table: str, operations: Sequence[Operation], serial: int, sealer: Sealer | None) -> list[dict[str, Any]]:
    records = [stored(operation.row, serial) for operation in operations]
    for record, seal in zip(records, row_seals(sealer, table, records), strict=True):
        record["mac"] = seal
    return records


def _at(table: str) -> ColumnElement[bool]:
    return and_(*[ROWS[table].c[name] == bindparam(f"at_{name}") for name in key_columns(table)])


_STATEMENTS = {"create": _create, "change": _change, "delete": _delete}
