"""A column in which every value is kept once: `values[codes[i]]` stands in row i.

Law: values are numbered in the order in which they first appear.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Generic, Self, TypeVar, overload

Value = TypeVar("Value", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Encoded(Sequence[Value], Generic[Value]):
    """A column by codes."""

    values: tuple[Value, ...]
    codes: array[int]

    @classmethod
    def of(cls, cells: Iterable[Value]) -> Self:
        """The column with these cells."""
        numbers: dict[Value, int] = defaultdict(count().__next__)
        codes = array("I", map(numbers.__getitem__, cells))
        return cls(tuple(numbers), codes)

    @classmethod
    def constant(cls, value: Value, rows: int) -> Self:
        """One value in every row."""
        return cls((value,) if rows else (), array("I", bytes(array("I").itemsize * rows)))

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, row: int) -> Value: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[Value]: ...
    def __getitem__(self, row: int | slice) -> Value | Sequence[Value]:
        if isinstance(row, slice):
            return [self.values[code] for code in self.codes[row]]
        return self.values[self.codes[row]]

    def __iter__(self) -> Iterator[Value]:
        return map(self.values.__getitem__, self.codes)

    def firsts(self) -> Iterator[int]:
        """The first row of every value."""
        row = 0
        for code in range(len(self.values)):
            row = self.codes.index(code, row)
            yield row
