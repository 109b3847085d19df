"""Rows of a table by column: a million of them are a few lists.

Law: a row is made when it is asked for, and holds what is set; nobody changes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import eq
from typing import Any, Self, overload

from ..domain.canonical import Written, text, texts

Record = dict[str, Any]

_ALIKE = 5_000
"""A column with more values than this is not searched for equal ones to share."""


class Records(Sequence[Record]):
    """Rows by column. None stands in a column for what is not set."""

    def __init__(self, rows: Iterable[Record] = ()) -> None:
        self._columns: dict[str, list[Any]] = {}
        self._known: dict[str, dict[object, Any] | None] = {}
        """Values to share by column, each under its text; None where there are too many."""
        self._length = 0
        self._written: Written | None = None
        """What the rows were told as: for fingerprint, seal, store and file."""
        for row in rows:
            self.append(row)

    @classmethod
    def of(cls, rows: Iterable[Record]) -> Self:
        """These rows by column."""
        return rows if isinstance(rows, cls) else cls(rows)

    def append(self, row: Record) -> None:
        """Add a row at the end. Raises TypeError for what is none."""
        if type(row) is not dict:
            raise TypeError(f"a row is an object, not {type(row).__name__}")
        if not self._columns.keys() >= row.keys():
            self._add(row)
        for name, column in self._columns.items():
            column.append(self._share(name, row.get(name)))
        self._length, self._written = self._length + 1, None

    def extend(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Add rows at the end by column, each as long as the others."""
        length = len(next(iter(columns.values()), ()))
        self._add(name for name, values in columns.items() if values.count(None) < length)
        for name, column in self._columns.items():
            column += self._share_all(name, columns.get(name) or [None] * length)
        self._length, self._written = self._length + length, None

    def _share(self, name: str, value: Any) -> Any:
        """The value, or the one equal to it that was there before."""
        if type(value) not in _LONG or (known := self._known[name]) is None:
            return value
        value = known.setdefault(value if type(value) is str else _key(value), value)
        if len(known) > _ALIKE:
            self._known[name] = None
        return value

    def _share_all(self, name: str, values: Sequence[Any]) -> Sequence[Any]:
        known, types = self._known[name], set(map(type, values))
        if known is None or types.isdisjoint(_LONG):
            return values
        if len(known) > _ALIKE - len(values) or not types <= _TEXT_OR_NONE:
            return [self._share(name, value) for value in values]
        return list(map(known.setdefault, values, values))

    def _add(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self._columns:
                self._columns[name], self._known[name] = [None] * self._length, {}

    def put(self, position: int, name: str, value: Any) -> None:
        """Set one value of the row at that position."""
        self._add([name])
        self._columns[name][position], self._written = value, None

    def column(self, name: str) -> Sequence[Any]:
        """One value of every row."""
        return self._columns.get(name) or [None] * self._length

    @property
    def names(self) -> Sequence[str]:
        """The columns in which anything is set, sorted."""
        return sorted(name for name, column in self._columns.items() if column.count(None) < self._length)

    def arrange(self, order: Sequence[int]) -> None:
        """Keep the rows at these positions, in this order."""
        for name, column in self._columns.items():
            self._columns[name] = list(map(column.__getitem__, order))
        self._length, self._written = len(order), None

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, position: int) -> Record: ...
    @overload
    def __getitem__(self, position: slice) -> list[Record]: ...
    def __getitem__(self, position: int | slice) -> Record | list[Record]:
        if isinstance(position, slice):
            return [self[one] for one in range(*position.indices(self._length))]
        return {name: value for name, column in self._columns.items() if (value := column[position]) is not None}

    def __iter__(self) -> Iterator[Record]:
        names = tuple(self._columns)
        if not names:
            yield from ({} for _ in range(self._length))
        for values in zip(*self._columns.values(), strict=True):
            yield {name: value for name, value in zip(names, values, strict=True) if value is not None}

    def texts(self) -> Iterator[str]:
        """Every row in its canonical form."""
        if self._written is None:
            self._written = Written(self._rows_written())
        return self._written.texts()

    def _rows_written(self) -> Iterator[str]:
        columns = [self._texts(name) for name in self.names]
        if not columns:
            yield from ("{}" for _ in range(self._length))
        for row in map("".join, zip(*columns, strict=True)):
            yield f"{{{row[1:]}}}"

    def _texts(self, name: str) -> Iterator[str]:
        """Every cell of a column with a comma and its name before it; nothing for one that is not set."""
        column, shared, head = self._columns[name], self._known[name], f",{text(name)}:"
        if shared is not None and list in map(type, shared.values()):
            # The same list stands in many rows. It is written once; it lives as long as the column: its id is its own.
            written = {id(value): head + text(value) for value in shared.values()} | {id(None): ""}
            return (written[id(cell)] if id(cell) in written else head + text(cell) for cell in column)
        if None not in column:
            return texts(column, head)
        return ("" if cell is None else told for cell, told in zip(column, texts(column, head), strict=True))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, list):
            return list(self) == other
        if isinstance(other, Records):
            return (
                len(self) == len(other)
                and self.names == other.names
                and all(map(eq, map(self.column, self.names), map(other.column, self.names)))
            )
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Records({self._length} rows)"


_LONG = frozenset({str, list})
"""What is worth sharing. A number is not: 1 and True are equal, and not the same."""

_TEXT = frozenset({str})
_TEXT_OR_NONE = frozenset({str, type(None)})


def _key(values: list[Any]) -> object:
    """What equal lists have in common; that of plain text is quickly told."""
    return tuple(values) if _TEXT.issuperset(map(type, values)) else json.dumps(values)
