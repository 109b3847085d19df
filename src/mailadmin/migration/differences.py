"""What is different between two snapshots, row by row and column by column.

Law: a difference costs what is compared, not what is shown: rows are laid side by side by their keys, and then whole
columns are compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import compress
from operator import le, ne
from typing import Any, NamedTuple

from ..domain.keys import match_key
from .content import TABLES, Table
from .records import Records
from .snapshot import Snapshot, Tables


class Change(NamedTuple):
    """One difference between two snapshots. Secrets are shown as `changed (hidden)`."""

    table: str
    row: str
    column: str
    before: str
    after: str


def differences(before: Tables, after: Tables) -> Iterator[Change]:
    """Every difference in content, by table, row and column; '' where there is nothing."""
    for name, table in TABLES.items():
        yield from _of_table(table, before.get(name, Records()), after.get(name, Records()))


def diff(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    """Every difference between two snapshots: of their content, then of secrets that changed."""
    yield from differences(before.tables, after.tables)
    common = before.secret_fingerprints.keys() & after.secret_fingerprints.keys()
    for location in sorted(common):
        if before.secret_fingerprints[location] != after.secret_fingerprints[location]:
            table, _, rest = location.partition("/")
            of, _, column = rest.rpartition("/")
            yield Change(table, of, column, "set", "changed (hidden)")


def _of_table(table: Table, before: Records, after: Records) -> Iterator[Change]:
    old, new = _side_by_side(table, before, after)
    changed: dict[int, list[str]] = defaultdict(list)
    for column in sorted({*before.names, *after.names}):
        for place in compress(range(len(old)), map(ne, _laid(before, column, old), _laid(after, column, new))):
            changed[place].append(column)
    for place in sorted(changed):
        was, now = _row(before, old[place]), _row(after, new[place])
        name = " / ".join(str((now or was).get(part, "")) for part in table.keys)
        for column in changed[place]:
            yield Change(table.name, name, column, _shown(was.get(column)), _shown(now.get(column)))


_NOWHERE = -1
"""The place of a row that is not there: behind the end of a column, where `_laid` puts None."""

Places = Sequence[int]


def _side_by_side(table: Table, before: Records, after: Records) -> tuple[Places, Places]:
    """Where the rows of either side stand, in the order of the keys of both."""
    old, new = _keys(table, before), _keys(table, after)
    if old == new and all(map(le, old, old[1:])):
        return range(len(old)), range(len(new))
    places = [{key: place for place, key in enumerate(keys)} for keys in (old, new)]
    every = sorted(places[0].keys() | places[1].keys())
    return [places[0].get(key, _NOWHERE) for key in every], [places[1].get(key, _NOWHERE) for key in every]


def _keys(table: Table, rows: Records) -> list[tuple[str, ...]]:
    """What makes a row the same row: the match keys of its key columns; a key that is not set is empty."""
    return list(zip(*[map(_key, rows.column(name)) for name in table.keys], strict=True))


def _key(cell: Any) -> str:
    return "" if cell is None else match_key(str(cell))


def _laid(rows: Records, column: str, places: Places) -> Iterator[Any]:
    return map([*rows.column(column), None].__getitem__, places)


def _row(rows: Records, place: int) -> dict[str, Any]:
    return {} if place == _NOWHERE else rows[place]


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ";".join(map(str, value))
    return "" if value is None else str(value)
