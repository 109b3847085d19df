"""What a migration leaves open, and filling it: a sender, a default service, a secret nobody could read.

Law: what is entered becomes part of the plan, or of the vault; nothing is written anywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from ..bootstrap import App
from ..domain.addresses import address, display_name
from ..domain.governed import Row
from ..domain.profiles import Secret
from ..domain.services import ServiceKind
from ..errors import UnknownName
from ..migration import planning
from ..migration.gaps import DEFAULT_SERVICE, Gap, gaps_of
from ..migration.operations import Rows
from ..migration.snapshot import Snapshot
from ..storage import repository
from ..storage.vault import location_of

Entered = Mapping[Gap, str | Secret]
"""What somebody entered for each gap."""


def gaps(app: App, snapshot: Snapshot) -> list[Gap]:
    """Everything a migration of this snapshot to this store leaves open and somebody can enter."""
    with app.store.reading() as connection:
        current = repository.rows(connection, app.sealer(connection))
    return gaps_of(planning.drafted(snapshot, current).rows.values())


def problem(gap: Gap, value: str) -> str:
    """What is wrong with a value for a gap, in words, or ''."""
    try:
        _read(gap, value)
    except ValueError as error:
        return " ".join(str(error).splitlines())
    return ""


def filled(app: App, connection: Connection, rows: Rows, entered: Entered) -> dict[Any, Row]:
    """The rows with gaps, filled; secrets go to the vault. Raises BadInput, UnknownName, KeyNeeded."""
    values: dict[Any, dict[str, Any]] = {}
    for gap, value in entered.items():
        if gap.place not in rows:
            raise UnknownName("gap", gap.name, remedy="Ask for the gaps of this snapshot again.")
        kept = _keep(app, connection, gap, value) if isinstance(value, Secret) else _read(gap, value)
        values.setdefault(gap.place, {})[gap.field] = kept
    return {place: replace(rows[place], **its) for place, its in values.items()}


def _keep(app: App, connection: Connection, gap: Gap, secret: Secret) -> str:
    location = location_of(*gap.place, gap.field)
    with secret.reveal() as text:
        return app.vault(connection, "keep a secret").keep({location: text})[location]


def _read(gap: Gap, value: str) -> object:
    match gap.field:
        case "sender_email":
            return address(value, gap.label)
        case "sender_name":
            return display_name(value, gap.label)
        case field if field == DEFAULT_SERVICE:
            return ServiceKind(value)
        case _:
            return value
