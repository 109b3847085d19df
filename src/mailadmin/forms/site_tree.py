"""The site as lines to choose from: GLOBAL, entities with their branches, Cost Centres with who uses them.

Law: a line says in words what the indentation shows, for whoever hears it read out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import chain
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
    users = _users(edits)
    for row in edits.rows("cost_centres"):
        if not is_global(row.code):
            told = [named(row), "" if row.active else "inactive", _used_by(users[match_key(row.code)])]
            yield 1, ", ".join(filter(None, told)), ("cost_centres", (match_key(row.code),))
    yield 0, Heading.PLACES, Heading.PLACES
    branches: dict[str, list[Any]] = defaultdict(list)
    for row in edits.rows("branches"):
        branches[match_key(row.entity)].append(row)
    for entity in edits.rows("entities"):
        yield 1, f"Entity {_with_centre(entity)}", ("entities", (match_key(entity.code),))
        yield from _branches(branches.pop(match_key(entity.code), ()))
    yield from _branches(sorted(chain.from_iterable(branches.values()), key=lambda row: match_key(row.code)))
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


def _users(edits: Edits) -> dict[str, list[str]]:
    """Who names each Cost Centre, by its key."""
    found: dict[str, list[str]] = defaultdict(list)
    for table, what in _USERS.items():
        for row in edits.rows(table):
            if row.cost_centre:
                found[match_key(row.cost_centre)].append(f"{what} {row.code}")
    return found


def _used_by(users: Sequence[str]) -> str:
    return f"used by {whom(users)}" if users else ""


def used_by(edits: Edits, cost_centre: str) -> str:
    """Who names a Cost Centre, in words, or ''."""
    return _used_by(_users(edits)[match_key(cost_centre)])


def cost_centres(edits: Edits, nothing: str) -> list[Choice]:
    """Every Cost Centre to choose from, after `nothing`."""
    return [(nothing, None), *((named(row), row.code) for row in edits.rows("cost_centres"))]
