"""One change of one governed row, with what it destroys, so that it can always be reversed.

Law: `operation.reverse().reverse() == operation`, and reversing cannot fail; refusing is the business of applying.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, cast

from ..domain.governed import GOVERNED, Key, Record, Row, key_of, name_of, record_of, row_of
from ..domain.services import NOT_CAPTURED

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

    @classmethod
    def of(cls, document: Mapping[str, object]) -> Operation:
        """The operation a plan's entry stands for."""
        table, before, after = str(document["table"]), document["before"], document["after"]
        return cls(
            table,
            row_of(table, before) if isinstance(before, dict) else None,
            row_of(table, after) if isinstance(after, dict) else None,
        )

    @property
    def secrets(self) -> Iterator[tuple[str, str]]:
        """Column and fingerprint of every secret the row will hold."""
        if self.after is not None:
            for column in GOVERNED[self.table].secrets:
                fingerprint = getattr(self.after, column)
                if fingerprint is not None and fingerprint != NOT_CAPTURED:
                    yield column, fingerprint


def _set(value: object) -> str:
    return "not set" if value is None else "set"


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ";".join(map(str, value))
    return "" if value is None else str(value)


def difference(current: Rows, target: Rows) -> tuple[Operation, ...]:
    """What turns `current` into `target`, in the order of GOVERNED; rows only in `current` are left alone."""
    order = {table: number for number, table in enumerate(GOVERNED)}
    found = (
        Operation(table, current.get((table, key)), row)
        for (table, key), row in target.items()
        if current.get((table, key)) != row
    )
    return tuple(sorted(found, key=lambda operation: (order[operation.table], operation.key)))


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
