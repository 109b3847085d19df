"""One change of one governed row, with what it destroys, so that it can always be reversed.

Law: `operation.reverse().reverse() == operation`, and reversing cannot fail; refusing is the business of applying.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast, overload

from ..domain.canonical import text
from ..domain.governed import GOVERNED, Key, Record, Row, key_of, name_of, record_of, row_of
from ..domain.keys import visible
from ..domain.services import NOT_CAPTURED
from ..errors import Tampered
from .records import Records

Rows = Mapping[tuple[str, Key], Row]
"""Governed rows by table and key."""


class FieldChange(NamedTuple):
    """One column of an operation as it may be shown."""

    column: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Operation:
    """Create (no `before`), delete (no `after`) or change one row of `table`."""

    table: str
    before: Row | None
    after: Row | None

    @property
    def row(self) -> Row:
        """The row as it will be, or was."""
        return cast(Row, self.after if self.after is not None else self.before)

    @property
    def key(self) -> Key:
        """What names the row."""
        return key_of(self.row)

    @property
    def name(self) -> str:
        """Table and row in words."""
        return f"{self.table} {name_of(self.row)}"

    @property
    def kind(self) -> str:
        """create, change or delete."""
        if self.before is None:
            return "create"
        return "delete" if self.after is None else "change"

    def reverse(self) -> Operation:
        """The operation that takes this one back."""
        return Operation(self.table, self.after, self.before)

    def changes(self) -> Iterator[FieldChange]:
        """Every column that differs; a secret is `set`, `not set` or `changed (hidden)`."""
        governed = GOVERNED[self.table]
        before = record_of(self.before) if self.before is not None else {}
        after = record_of(self.after) if self.after is not None else {}
        for column in governed.columns:
            was, now = before.get(column), after.get(column)
            if _shown(was) == _shown(now) or (column in governed.key and self.kind != "change"):
                continue
            if column in governed.secrets:
                hidden = "changed (hidden)" if was is not None and now is not None else _set(now)
                yield FieldChange(column, _set(was), hidden)
            else:
                yield FieldChange(column, _shown(was), _shown(now))

    def document(self) -> Record:
        """The operation as it is written in a plan."""
        return {
            "table": self.table,
            "before": None if self.before is None else record_of(self.before),
            "after": None if self.after is None else record_of(self.after),
        }

    @property
    def secrets(self) -> Iterator[tuple[str, str]]:
        """Column and fingerprint of every secret the row will hold."""
        if self.after is not None:
            for column in GOVERNED[self.table].secrets:
                fingerprint = getattr(self.after, column)
                if fingerprint is not None and fingerprint != NOT_CAPTURED:
                    yield column, fingerprint


class _Run(NamedTuple):
    """Operations of one table, one after the other, from the place `first` on; no record stands as an empty one."""

    first: int
    table: str
    before: Records
    after: Records

    def document(self, before: Record, after: Record) -> Record:
        return {"table": self.table, "before": before or None, "after": after or None}

    def text(self, before: str, after: str) -> str:
        was, will = ("null" if record == "{}" else record for record in (before, after))
        return f'{{"after":{will},"before":{was},"table":{text(self.table)}}}'

    def operation(self, before: Record, after: Record) -> Operation:
        """Raises Tampered for records that stand for no row."""
        try:
            rows = [row_of(self.table, record) if record else None for record in (before, after)]
        except (TypeError, KeyError, ValueError) as error:
            what = f"An operation of the plan on {visible(self.table)} stands for no row: {type(error).__name__}."
            raise Tampered(what, remedy="The plan was changed after it was made. Make it again.") from error
        return Operation(self.table, *rows)


class Operations(Sequence[Operation]):
    """Operations by column, as they are written: each is made when it is asked for.

    A plan for a million users is a few lists, and one that was read says exactly what its file says.
    """

    def __init__(self, operations: Iterable[Operation] = ()) -> None:
        self._runs: list[_Run] = []
        self._length = 0
        for operation in operations:
            self.append(operation.document())

    def append(self, document: Mapping[str, Any]) -> None:
        """Add the operation a document stands for. Raises TypeError, KeyError where it has not the parts of one."""
        table, before, after = document["table"], document["before"], document["after"]
        if len(document) != len(_PARTS) or {} in (before, after) or (before is None and after is None):
            raise TypeError("no operation")
        if not self._runs or self._runs[-1].table != table:
            self._runs.append(_Run(self._length, str(table), Records(), Records()))
        run = self._runs[-1]
        run.before.append({} if before is None else before)
        run.after.append({} if after is None else after)
        self._length += 1

    def documents(self) -> Iterator[Record]:
        """Every operation as it is written in a plan."""
        for run in self._runs:
            yield from map(run.document, run.before, run.after)

    def texts(self) -> Iterator[str]:
        """The same in their canonical form."""
        for run in self._runs:
            yield from map(run.text, run.before.texts(), run.after.texts())

    def on(self, tables: Container[str]) -> Iterator[Operation]:
        """The operations on these tables."""
        for run in self._runs:
            if run.table in tables:
                yield from map(run.operation, run.before, run.after)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Operation]:
        return self.on(GOVERNED.keys() | {run.table for run in self._runs})

    @overload
    def __getitem__(self, place: int) -> Operation: ...
    @overload
    def __getitem__(self, place: slice) -> list[Operation]: ...
    def __getitem__(self, place: int | slice) -> Operation | list[Operation]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(self._length))]
        at = range(self._length)[place]
        run = self._runs[bisect_right(self._runs, at, key=lambda run: run.first) - 1]
        return run.operation(run.before[at - run.first], run.after[at - run.first])

    def __eq__(self, other: object) -> bool:
        return self._runs == other._runs if isinstance(other, Operations) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Operations({self._length})"


_PARTS = ("table", "before", "after")


def _set(value: object) -> str:
    return "not set" if value is None else "set"


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ";".join(map(str, value))
    return "" if value is None else str(value)


def difference(current: Rows, target: Rows) -> Iterator[Operation]:
    """What turns `current` into `target`, tables in the order of GOVERNED; rows only in `current` are left alone."""
    keys: dict[str, list[Key]] = {table: [] for table in GOVERNED}
    for table, key in target:
        keys[table].append(key)
    for table, its_keys in keys.items():
        for key in sorted(its_keys):
            before, after = current.get((table, key)), target[table, key]
            if before != after:
                yield Operation(table, before, after)


def applied(current: Rows, operations: Iterable[Operation]) -> dict[tuple[str, Key], Row]:
    """The rows after these operations."""
    rows = dict(current)
    for operation in operations:
        place = operation.table, operation.key
        if operation.after is None:
            rows.pop(place, None)
        else:
            rows[place] = operation.after
    return rows
