"""Users looked up by what somebody remembers of their name.

Law: however many users there are, as many are read as are shown.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, func, or_, select

from ..domain.keys import match_key
from .tables import ROWS


class Listed(NamedTuple):
    """As much of a user as it takes to choose one; who is chosen is read again, with the seal."""

    user_id: str
    name: str
    active: bool


def users_like(connection: Connection, wanted: str, most: int) -> list[Listed]:
    """The first users whose id or name holds this text, by id."""
    query = _LISTED.order_by(_USERS.user_id_key).limit(most)
    if wanted.strip():
        by_id = _USERS.user_id_key.contains(match_key(wanted), autoescape=True)
        query = query.where(or_(by_id, _USERS.name.icontains(wanted.strip(), autoescape=True)))
    return [Listed(user_id, name, bool(active)) for user_id, name, active in connection.execute(query)]


def user_named(connection: Connection, user_id: str) -> Listed | None:
    """The user of an id, however it is written."""
    found = connection.execute(_LISTED.where(_USERS.user_id_key == match_key(user_id))).one_or_none()
    return Listed(found.user_id, found.name, bool(found.active)) if found else None


def how_many(connection: Connection) -> int:
    """The number of users."""
    return connection.execute(select(func.count()).select_from(ROWS["users"])).scalar_one()


_USERS = ROWS["users"].c
_LISTED = select(_USERS.user_id, _USERS.name, _USERS.active)
