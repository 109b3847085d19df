"""What has been read of one table: its rows by column, their keys, and where each row stands in its source."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ..domain.keys import match_key
from ..migration.content import Table
from ..migration.records import Records
from .carriers import Place

_BETWEEN = "\0"
"""Between the parts of a key: no name holds it, and it sorts before everything a name may hold."""


def key_of(*parts: str) -> str:
    """The match keys of the parts of a key, as one text: it sorts as its parts do."""
    return _BETWEEN.join(map(match_key, parts))


def keys_of(*columns: Iterable[str]) -> Iterator[str]:
    """`key_of` of many rows, by the columns of their parts."""
    return map(_BETWEEN.join, zip(*(map(match_key, parts) for parts in columns), strict=True))


def first_part(key: str) -> str:
    """The match key of the first part of a key."""
    return key.partition(_BETWEEN)[0]


@dataclass(slots=True)
class Content:
    """The rows of one table in the order read: `positions` says which row a key has, `numbers` where it stands."""

    table: Table
    where: str
    place: Place
    rows: Records = field(default_factory=Records)
    positions: dict[str, int] = field(default_factory=dict)
    numbers: array[int] = field(default_factory=lambda: array("L"))

    def claim(self, key: str, number: int) -> int | None:
        """The number of the row that has this key already; None where there was none, and this row has it now."""
        position = self.positions.setdefault(key, len(self.numbers))
        if position < len(self.numbers):
            return self.numbers[position]
        self.numbers.append(number)
        return None

    def claim_all(self, keys: Sequence[str], numbers: Iterable[int]) -> bool:
        """Claim each of these keys, or none of them where one is there already or twice among them."""
        beginning = len(self.numbers)
        claimed = dict(zip(keys, range(beginning, beginning + len(keys)), strict=True))
        if len(claimed) < len(keys) or not self.positions.keys().isdisjoint(claimed):
            return False
        self.positions.update(claimed)
        self.numbers.extend(numbers)
        return True

    def place_of(self, position: int) -> str:
        """Where the row at that position stands."""
        return self.place(self.numbers[position])

    def sorted_rows(self) -> Records:
        """The rows by their keys; user preferences that say nothing are left out, being as good as none."""
        order = [self.positions[key] for key in sorted(self.positions)]
        if self.table.name == "user_preferences":
            order = [position for position in order if len(self.rows[position]) > 1]
        self.rows.arrange(order)
        return self.rows
