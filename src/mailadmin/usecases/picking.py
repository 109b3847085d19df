"""People to choose from, as many as are shown; and the own values of whoever is chosen."""

from __future__ import annotations

from ..bootstrap import App
from ..domain.keys import match_key
from ..domain.services import ServiceKind
from ..migration.operations import Rows
from ..storage import directory, repository
from ..storage.directory import Listed, Owner

MANY = 20_000
"""Users from whom on a search takes longer than a blink."""


def people(app: App, wanted: str, most: int, *, for_overrides: bool = False) -> list[Listed]:
    """The first users whose id or name holds this text, by id; or only those whose overrides would count."""
    with app.store.reading() as connection:
        return directory.users_like(connection, wanted, most, for_overrides=for_overrides)


def are_many(app: App) -> bool:
    """Whether a search among the users takes its time."""
    with app.store.reading() as connection:
        return directory.how_many(connection) > MANY


def owners(app: App, cost_centre: str, service: ServiceKind) -> list[Owner]:
    """Everybody with own values in a service of a Cost Centre, by user id."""
    with app.store.reading() as connection:
        return directory.owners(connection, cost_centre, service)


def own_values(app: App, user: str) -> Rows:
    """A user's own values, in every Cost Centre. Raises Tampered."""
    with app.store.reading() as connection:
        return repository.rows(connection, app.sealer(connection), ("overrides",), [match_key(user)])
