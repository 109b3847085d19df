"""Two snapshots compared by column differ where they differ row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mailadmin.domain.keys import match_key
from mailadmin.migration.content import TABLES
from mailadmin.migration.differences import Change, differences
from mailadmin.migration.records import Records

Rows = list[dict[str, Any]]
NAMES = st.sampled_from(["Ann", "ann ", "BOB", "Zoë", "ZOË"])
CELLS = st.sampled_from(["x", "y", 1, 2, True, ["A"], ["A", "B"]])
USERS = st.lists(st.fixed_dictionaries({"user_id": NAMES}, optional={"name": CELLS, "email": CELLS, "roles": CELLS}))
ROLES = st.lists(st.fixed_dictionaries({"role": NAMES}, optional={"permission_key": NAMES, "decision": CELLS}))
TABLES_OF = st.fixed_dictionaries({}, optional={"users": USERS, "roles": ROLES})


def row_by_row(before: Mapping[str, Rows], after: Mapping[str, Rows]) -> Iterator[Change]:
    """The same, the plain way; the last of rows with one key counts."""
    for table in TABLES:
        old, new = ({_key(table, row): row for row in side.get(table, [])} for side in (before, after))
        for key in sorted(old.keys() | new.keys()):
            was, now = old.get(key, {}), new.get(key, {})
            name = " / ".join(str((now or was).get(part, "")) for part in TABLES[table].keys)
            for column in sorted(was.keys() | now.keys()):
                if was.get(column) != now.get(column):
                    yield Change(table, name, column, _shown(was.get(column)), _shown(now.get(column)))


def _key(table: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(match_key(str(row.get(name, ""))) for name in TABLES[table].keys)


def _shown(value: object) -> str:
    return ";".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def once(table: str, rows: Rows) -> Rows:
    """A snapshot has every key once."""
    return list({_key(table, row): row for row in rows}.values())


@given(TABLES_OF, TABLES_OF)
def test_differences_are_those_found_row_by_row(before: Mapping[str, Rows], after: Mapping[str, Rows]) -> None:
    old, new = ({name: once(name, rows) for name, rows in side.items()} for side in (before, after))
    found = differences(*({name: Records(rows) for name, rows in side.items()} for side in (old, new)))
    assert list(found) == list(row_by_row(old, new))
