"""What has been read of one table: its rows by column, their keys, and where each row stands in its source.

Law: a million rows are a few lists; a row is made when it is asked for.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ..domain.keys import match_key
from ..migration.content import Table
from .carriers import Place

Row = dict[str, object]

_BETWEEN = "\0"
"""Between the parts of a key: no name holds it, and it sorts before everything a name may hold."""


def key_of(*parts: str) -> str:
    """The match keys of the parts of a key, as one text: it sorts as its parts do."""
    return _BETWEEN.join(map(match_key, parts))


def first_part(key: str) -> str:
    """The match key of the first part of a key."""
    return key.partition(_BETWEEN)[0]


class Rows:
    """Rows by column. None stands in a column for what is not set; a row does not have it."""

    def __init__(self) -> None:
        self._columns: dict[str, list[object]] = {}
        self._length = 0

    def append(self, row: Row) -> None:
        """Add a row at the end."""
        if not self._columns.keys() >= row.keys():
            for name in row:
                self._columns.setdefault(name, [None] * self._length)
        for name, column in self._columns.items():
            column.append(row.get(name))
        self._length += 1

    def put(self, position: int, name: str, value: object) -> None:
        """Set one value of the row at that position."""
        self._columns.setdefault(name, [None] * self._length)[position] = value

    def column(self, name: str) -> Sequence[object]:
        """One value of every row."""
        return self._columns.get(name) or [None] * self._length

    def arrange(self, order: Sequence[int]) -> None:
        """Keep the rows at these positions, in this order."""
        for name, column in self._columns.items():
            self._columns[name] = [column[position] for position in order]
        self._length = len(order)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, position: int) -> Row:
        return {name: value for name, column in self._columns.items() if (value := column[position]) is not None}

    def __iter__(self) -> Iterator[Row]:
        return map(self.__getitem__, range(self._length))


@dataclass(slots=True)
class Content:
    """The rows of one table in the order read: `positions` says which row a key has, `numbers` where it stands."""

    table: Table
    where: str
    place: Place
    rows: Rows = field(default_factory=Rows)
    positions: dict[str, int] = field(default_factory=dict)
    numbers: array[int] = field(default_factory=lambda: array("L"))

    def claim(self, key: str, number: int) -> int | None:
        """The number of the row that has this key already; None where there was none, and this row has it now."""
        position = self.positions.setdefault(key, len(self.numbers))
        if position < len(self.numbers):
            return self.numbers[position]
        self.numbers.append(number)
        return None

    def place_of(self, position: int) -> str:
        """Where the row at that position stands."""
        return self.place(self.numbers[position])

    def sorted_rows(self) -> Rows:
        """The rows by their keys; user preferences that say nothing are left out, being as good as none."""
        order = [self.positions[key] for key in sorted(self.positions)]
        if self.table.name == "user_preferences":
            order = [position for position in order if len(self.rows[position]) > 1]
        self.rows.arrange(order)
        return self.rows
