"""mailadmin's own answers to the same questions: the public functions, as the commands call them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import column, table

from mailadmin.domain.legacy import Kind, Owner, members_of
from mailadmin.interchange.frames import to_frame
from mailadmin.migration.effects import Effects
from mailadmin.resolution.columns import Columns, columns
from mailadmin.resolution.legacy import LegacySettings, Preferences
from mailadmin.resolution.population import legacy_population, population, uncollected
from mailadmin.resolution.provenance import Context
from mailadmin.storage import repository
from mailadmin.storage.whole_columns import listed, whole

from .auditing import ours as audit
from .databases import opened
from .stores import GLOBAL_MEMBERS, LEGACY_MEMBERS

__all__ = ["audit", "effective", "effects", "lines"]


def lines(store: Path) -> Columns:
    """The finished table as CSV and JSON are written from it: distinct lines, and a line's number per user."""
    with opened(store).reading() as connection:
        organisation, people = repository.everybody(connection, None)
    return columns(population(people, Context(), organisation))


def effective(store: Path) -> Any:
    """The finished table as a DataFrame with categorical columns."""
    return to_frame(lines(store))


def effects(store: Path) -> dict[str, int]:
    """How many users each kind of effect concerns."""
    with opened(store).reading() as connection:
        organisation, people = repository.everybody(connection, None)
        legacy = LegacySettings(settings=GLOBAL_MEMBERS, preferences=_preferences(connection))
    found = Effects(legacy_population(people, legacy), population(people, Context(), organisation), ())
    return {str(kind): count for kind, count in found.summary().items() if count}


@uncollected()
def _preferences(connection: Any) -> Preferences:
    """The legacy table by column, as a snapshot holds it: None is what is not set."""
    members = members_of(Owner.USER)
    ((keys, *columns),) = whole(connection, (_TABLE, [listed(column) for column in _TABLE.c]))
    flags = {name for name in LEGACY_MEMBERS if members[name].kind is Kind.FLAG}
    found = {
        name: list(map(_FLAG.__getitem__, values)) if name in flags else values
        for name, values in zip(LEGACY_MEMBERS, columns, strict=True)
    }
    return Preferences(keys, found)


_TABLE = table("user_preferences", *map(column, ("user_id_key", *LEGACY_MEMBERS)))
_FLAG = {None: None, 0: False, 1: True}
