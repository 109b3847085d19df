"""Everybody's answers as a table for files and frames: every distinct line stands in it once.

Law: line `codes[i]` is what `line(population[i])` gives. A user's own values are laid into a copy of the line of the
answer they stand in, where that answer says that they belong.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import NamedTuple

from ..domain.services import FIELDS
from .encoded import Encoded
from .explanation import cells
from .population import Population, uncollected
from .provenance import PERSONAL_LABELS, Resolution

Line = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """A row per user: `user_ids[i]`, and then `lines[codes[i]]` under `names`."""

    names: tuple[str, ...]
    user_ids: Sequence[str]
    codes: array[int]
    lines: Sequence[Line]

    def __len__(self) -> int:
        return len(self.user_ids)

    def __iter__(self) -> Iterator[Line]:
        return ((user_id, *self.lines[code]) for user_id, code in zip(self.user_ids, self.codes, strict=True))

    def rows(self, which: slice) -> Columns:
        """Some rows of it."""
        return replace(self, user_ids=self.user_ids[which], codes=self.codes[which])

    def encoded(self) -> Iterator[tuple[str, Encoded[str]]]:
        """Every column but the user ids, by name; its codes go by line, not by user."""
        for place, name in enumerate(self.names):
            yield name, Encoded.of(map(itemgetter(place), self.lines))


Head = Mapping[str, Callable[[Resolution], str | None]]
"""The columns before those of the fields."""

EFFECTIVE: Head = {
    "branch": lambda answer: answer.context.branch,
    "web_configuration": lambda answer: answer.context.web_configuration,
    "service": lambda answer: answer.service,
    "cost_centre": lambda answer: answer.winner.cost_centre if answer.winner else None,
    "tier": lambda answer: answer.winner.tier if answer.winner else None,
    "status": lambda answer: answer.status,
}
"""TABLE: what stands before the fields in a table of effective settings."""

LEGACY: Head = {
    "web_configuration": lambda answer: answer.context.web_configuration,
    "status": lambda answer: answer.status,
    "method": lambda answer: answer.method,
}
"""TABLE: what stands before the fields in a table of the settings before the upgrade."""


def names(head: Head = EFFECTIVE) -> tuple[str, ...]:
    """The columns after `user_id`, in order."""
    fields = [f.legacy if head is LEGACY else f.name for f in FIELDS]
    return (*head, *[name for field in fields for name in (field, f"{field}_origin")])


NO_ROWS = Columns(names(), (), array("I"), ())
"""The table of nobody."""


def line(answer: Resolution, head: Head = EFFECTIVE) -> Line:
    """One answer under `names`."""
    pairs = zip(*cells(answer), strict=True)
    return (*[str(value(answer) or "") for value in head.values()], *[cell for pair in pairs for cell in pair])


@uncollected()
def columns(population: Population, head: Head = EFFECTIVE) -> Columns:
    """The table of a population."""
    lines = [line(answer, head) for answer in population.answers]
    user_ids, codes = population.people.user_ids, array("I", population.codes)
    places: dict[int, _OwnCells] = {}
    for position, values in population.own.items():
        code = codes[position]
        if code not in places:
            places[code] = _own_cells(population.answers[code], len(head))
        own, text = places[code], list(lines[code])
        for cell, i in own.values:
            text[cell] = str(values[i])
        for cell in own.origins:
            text[cell] = own.origin(user_ids[position])
        codes[position] = len(lines)
        lines.append(tuple(text))
    return Columns(names(head), user_ids, codes, lines)


def joined(tables: Iterable[Columns]) -> Columns:
    """Tables with the same columns, one after the other."""
    found = None
    for table in tables:
        if found is None:
            found = table
            continue
        further = array("I", [len(found.lines) + code for code in table.codes])
        found = Columns(
            found.names, [*found.user_ids, *table.user_ids], found.codes + further, [*found.lines, *table.lines]
        )
    return found or NO_ROWS


class _OwnCells(NamedTuple):
    """Where a user's own values stand in a line, and of which field each is; which origins name the user, and how."""

    values: list[tuple[int, int]]
    origins: list[int]
    origin: Callable[[str], str]


def _own_cells(answer: Resolution, first: int) -> _OwnCells:
    personal = next(layer for layer in (answer.own, answer.base) if layer and layer.personal)
    own = answer.merged.personal
    return _OwnCells(
        [(first + 2 * i, i) for i in own if not FIELDS[i].secret],
        [first + 2 * i + 1 for i in own if personal.label in PERSONAL_LABELS],
        lambda user: personal._replace(code=user).origin,
    )
