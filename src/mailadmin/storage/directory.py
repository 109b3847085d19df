"""Users looked up by what somebody remembers of their name, and those with values of their own.

Law: however many users there are, as many are read as are shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain, compress, product
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from ..domain.keys import match_key
from ..domain.organisation import without_overrides
from ..domain.services import FIELD_NAMES, ServiceKind
from .batches import batches
from .tables import ROWS


class Listed(NamedTuple):
    """As much of a user as it takes to choose one; who is chosen is read again, with the seal."""

    user_id: str
    name: str
    active: bool


def users_like(connection: Connection, wanted: str, most: int, *, for_overrides: bool = False) -> list[Listed]:
    """The first users whose id or name holds this text, by id; or only those whose overrides would count."""
    query = _LISTED.order_by(_USERS.user_id_key).limit(most)
    if wanted := wanted.strip():
        by_id = _USERS.user_id_key.contains(match_key(wanted), autoescape=True)
        query = query.where(or_(by_id, *_by_name(connection, wanted)))
    if for_overrides:
        query = query.where(_COUNTING)
    return [Listed(user_id, name, bool(active)) for user_id, name, active in connection.execute(query)]


def _by_name(connection: Connection, wanted: str) -> Iterator[ColumnElement[bool]]:
    # SQLite's LIKE is blind to the case of ASCII letters, at half of what lower() costs, and to that of no others:
    # those are looked for in the ways people write them.
    holds = _USERS.name.contains if connection.dialect.name == "sqlite" else _USERS.name.icontains
    written = {wanted} if wanted.isascii() else {wanted, wanted.lower(), wanted.upper(), wanted.title()}
    return (holds(text, autoescape=True) for text in sorted(written))


def user_named(connection: Connection, user_id: str) -> Listed | None:
    """The user of an id, however it is written."""
    found = connection.execute(_LISTED.where(_USERS.user_id_key == match_key(user_id))).one_or_none()
    return Listed(found.user_id, found.name, bool(found.active)) if found else None


def how_many(connection: Connection) -> int:
    """The number of users."""
    return connection.execute(select(func.count()).select_from(ROWS["users"])).scalar_one()


def addressees(connection: Connection, addresses: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The users whose own address is one of these, in any case, by its match key."""
    wanted = set(map(match_key, addresses))
    found: dict[str, list[str]] = defaultdict(list)
    if wanted:
        for user, email in chain.from_iterable(batches(connection, _ADDRESSED)):
            if (key := match_key(email)) in wanted:
                found[key].append(user)
    return {email: tuple(sorted(users, key=match_key)) for email, users in found.items()}


class Owner(NamedTuple):
    """Whose own values in one service of a Cost Centre these are, and the fields they are given in.

    `note` says why they do not count, or is ''.
    """

    user_id: str
    name: str
    note: str
    fields: tuple[str, ...]


def owners(connection: Connection, cost_centre: str, service: ServiceKind) -> list[Owner]:
    """Everybody with own values in a service of a Cost Centre, by user id."""
    query = _OWNERS.where(_OWN.cost_centre_key == match_key(cost_centre), _OWN.service_key == match_key(service))
    found = {}
    for key, user_id, known, name, active, external, *given in chain.from_iterable(batches(connection, query)):
        barred = without_overrides(bool(active), bool(external)) if known else ""
        note = f"does not count: {barred}" if barred else "" if known else "there is no such user"
        found[key] = Owner(user_id, name or "", note, tuple(compress(FIELD_NAMES, given)))
    return [owner for _, owner in sorted(found.items())]


_USERS, _OWN = ROWS["users"].c, ROWS["overrides"].c
_ADDRESSED = select(_USERS.user_id, _USERS.email).where(_USERS.email != "")
_LISTED = select(_USERS.user_id, _USERS.name, _USERS.active)
_COUNTING = or_(
    *[
        and_(_USERS.active.is_(active), _USERS.external.is_(external))
        for active, external in product((True, False), repeat=2)
        if not without_overrides(active, external)
    ]
)
_OWNERS = select(
    _OWN.user_id_key,
    _OWN.user_id,
    _USERS.user_id.is_not(None),
    _USERS.name,
    _USERS.active,
    _USERS.external,
    *[_OWN[field].is_not(None) for field in FIELD_NAMES],
).join_from(ROWS["overrides"], ROWS["users"], _OWN.user_id_key == _USERS.user_id_key, isouter=True)
