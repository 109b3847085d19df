"""Users, roles and places of a snapshot as governed rows: written as they stand, upserted like any other row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast

from ..domain.governed import GOVERNED, Row, name_of, row_of, table_of
from ..domain.keys import match_key
from ..domain.organisation import GLOBAL, CostCentre, is_global
from ..domain.services import NOT_CAPTURED
from .content import TABLES
from .draft import CONSULTANT, Draft
from .records import Record
from .snapshot import Snapshot

_TABLE = {
    "cost_centres": "cost_centres",
    "entities": "entities",
    "branches": "branches",
    "roles": "role_permissions",
    "users": "users",
    "portals": "portals",
    "contacts": "contacts",
    "mail_preferences": "mail_preferences",
}
"""A snapshot's table and the governed table its rows belong to."""


def rows_of(snapshot: Snapshot) -> Iterator[Row]:
    """The rows of the snapshot's own tables (not those the mapping makes)."""
    for source, table in _TABLE.items():
        for record in snapshot.tables.get(source, []):
            yield _row(snapshot, source, table, record)


def _row(snapshot: Snapshot, source: str, table: str, record: Record) -> Row:
    values = dict(record)
    for column in GOVERNED[table].secrets:
        if column in values:
            values[column] = snapshot.secret(source, str(record.get(TABLES[source].keys[0], "")), column)
    return row_of(table, _SHAPES.get(source, _as_is)(values))


def _as_is(values: Record) -> Record:
    return values


def _cost_centre(values: Record) -> Record:
    return {**values, "code": GLOBAL} if is_global(values["code"]) else values


def _portal(values: Record) -> Record:
    senders = [
        {"feature": name.removeprefix("from_"), "address": address}
        for name, address in sorted(values.items())
        if name.startswith("from_")
    ]
    plain = {name: value for name, value in values.items() if not name.startswith("from_")}
    return {**plain, "senders": senders}


_SHAPES: dict[str, Callable[[Record], Record]] = {"cost_centres": _cost_centre, "portals": _portal}


def write_directory(draft: Draft, snapshot: Snapshot) -> None:
    """Put the snapshot's own rows into the draft, keep what it cannot say, and list names that stand for nothing."""
    for row in rows_of(snapshot):
        standing = draft.standing(row)
        if isinstance(row, CostCentre) and standing is not None:
            row = replace(row, default_service=standing.default_service)
        draft.put(_with_readable_secrets(draft, row, standing))
    _unknown_references(draft)
    strangers = sorted(key for key in draft.legacy.preferences if draft.user(key) is None)
    draft.note(
        "warning",
        "Preferences of somebody who is neither in the export's users nor in the store: nothing is written for them.",
        "Add the users to the export and plan again, or leave them out.",
        strangers,
    )


def _with_readable_secrets(draft: Draft, row: Any, standing: Any) -> Row:
    """The row without secrets nobody could read; those of the store stay where nothing else changed."""
    unread = [name for name in GOVERNED[table_of(row)].secrets if getattr(row, name) == NOT_CAPTURED]
    if not unread:
        return cast(Row, row)
    blank = replace(row, **dict.fromkeys(unread))
    if standing is not None and blank == replace(standing, **dict.fromkeys(unread)):
        return cast(Row, replace(blank, **{name: getattr(standing, name) for name in unread}))
    draft.act(
        CONSULTANT,
        f"Enter {' and '.join(unread)}: it was set and could not be read.",
        table_of(row).replace("_", " "),
        [name_of(row)],
    )
    return cast(Row, blank)


_REFERENCES = {
    "users": {"branch": "branches"},
    "branches": {"entity": "entities", "cost_centre": "cost_centres"},
    "entities": {"cost_centre": "cost_centres"},
}
"""The columns that name a row of another table, and which."""


def _unknown_references(draft: Draft) -> None:
    missing: dict[tuple[str, str, str], dict[str, list[str]]] = {
        (table, column, target): {} for table, columns in _REFERENCES.items() for column, target in columns.items()
    }
    for (table, _), row in draft.rows.items():
        for column, target in _REFERENCES.get(table, {}).items():
            name = getattr(row, column)
            if name and not is_global(name) and not _is_there(draft, target, name):
                named_by = missing[table, column, target].setdefault(name, [])
                named_by.append(str(getattr(row, GOVERNED[table].key[0])))
    for (table, column, target), names in missing.items():
        for name, rows in sorted(names.items()):
            draft.act(
                CONSULTANT,
                f"Add {name} to the export's {target} and plan again: it is named and not there, so that tier is "
                "passed over.",
                f"{target}; named by {table}.{column}",
                rows,
            )


def _is_there(draft: Draft, table: str, name: str) -> bool:
    place = table, (match_key(name),)
    return place in draft.rows or place in draft.current
