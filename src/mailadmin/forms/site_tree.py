"""The site as lines to choose from: GLOBAL, entities with their branches, Cost Centres with who uses them.

Law: a line says in words what the indentation shows, for whoever hears it read out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any

from ..domain.keys import match_key
from ..domain.organisation import GLOBAL, is_global
from ..migration.draft import whom
from ..migration.editing import Place
from ..migration.edits import Edits
from .fields import Choice

_INDENT = "\u00a0" * 4


class Heading(StrEnum):
    """The lines that stand for no row."""

    PLACES = "Entities and branches"
    COST_CENTRES = "Cost Centres"
    WEB_CONFIGURATIONS = "Web configurations"
    ROLES = "Roles: who may change From"


def lines(edits: Edits, wanted: str = "") -> list[Choice]:
    """Every line with what it stands for: a row's place, or a heading; with `wanted`, only lines that hold it."""
    key = match_key(wanted)
    found = []
    for depth, words, stands_for in _lines(edits):
        if isinstance(stands_for, Heading) or key in match_key(words):
            changed = not isinstance(stands_for, Heading) and edits.is_changed(stands_for)
            found.append((f"{_INDENT * depth}{words}{' (changed)' if changed else ''}", stands_for))
    return found


def _lines(edits: Edits) -> Iterator[tuple[int, str, Place | Heading]]:
    yield 0, "GLOBAL: asked last, by everybody", ("cost_centres", (match_key(GLOBAL),))
    yield 0, Heading.COST_CENTRES, Heading.COST_CENTRES
    for row in edits.rows("cost_centres"):
        if not is_global(row.code):
            told = [named(row), "" if row.active else "inactive", used_by(edits, row.code)]
            yield 1, ", ".join(filter(None, told)), ("cost_centres", (match_key(row.code),))
    yield 0, Heading.PLACES, Heading.PLACES
    branches = edits.rows("branches")
    known = {match_key(row.code) for row in edits.rows("entities")}
    for entity in edits.rows("entities"):
        yield 1, f"Entity {_with_centre(entity)}", ("entities", (match_key(entity.code),))
        yield from _branches(row for row in branches if match_key(row.entity) == match_key(entity.code))
    yield from _branches(row for row in branches if match_key(row.entity) not in known)
    yield 0, Heading.WEB_CONFIGURATIONS, Heading.WEB_CONFIGURATIONS
    for row in edits.rows("web_configurations"):
        yield 1, _with_centre(row), ("web_configurations", (match_key(row.code),))
    yield 0, Heading.ROLES, Heading.ROLES


def _branches(rows: Iterable[Any]) -> Iterator[tuple[int, str, Place]]:
    for row in rows:
        yield 2, f"Branch {_with_centre(row)}", ("branches", (match_key(row.code),))


def named(row: Any) -> str:
    """A row by its code and what it is called."""
    description = getattr(row, "description", "")
    told = description and match_key(description) != match_key(row.code)
    return f"{row.code} {description}" if told else str(row.code)


def _with_centre(row: Any) -> str:
    return f"{named(row)} → {row.cost_centre}" if row.cost_centre else named(row)


_USERS = {"branches": "branch", "entities": "entity", "web_configurations": "web configuration"}


def used_by(edits: Edits, cost_centre: str) -> str:
    """Who names a Cost Centre, in words, or ''."""
    wanted = match_key(cost_centre)
    found = [
        f"{what} {row.code}"
        for table, what in _USERS.items()
        for row in edits.rows(table)
        if row.cost_centre and match_key(row.cost_centre) == wanted
    ]
    return f"used by {whom(found)}" if found else ""


def cost_centres(edits: Edits, nothing: str) -> list[Choice]:
    """Every Cost Centre to choose from, after `nothing`."""
    return [(nothing, None), *((named(row), row.code) for row in edits.rows("cost_centres"))]
