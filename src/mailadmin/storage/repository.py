"""Governed rows out of a store and into it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from ..audit.access import Everybody, Question, each_once
from ..domain.governed import GOVERNED, Organisation, OwnSettings, Row
from ..domain.organisation import UserLevel
from ..domain.services import FIELD_NAMES
from ..migration.plan import Anchor
from ..resolution.encoded import Encoded
from ..resolution.population import People, uncollected
from . import audit_trail
from .batches import batches
from .keys import Sealer
from .remembered import remembered
from .rows import check_table
from .rows import rows as rows
from .tables import OF_USERS, ROWS, STORE
from .whole_columns import lined, listed, marked, of_users, whole, word
from .writing import write as write


class State(NamedTuple):
    """Which store, and which state of it; `anchor` is the end of its audit trail."""

    lineage: str
    serial: int
    key_id: str | None
    anchor: Anchor


def state(connection: Connection) -> State:
    """The store's lineage, serial and key id, and the end of its audit trail."""
    return State(*connection.execute(_STATE).one(), audit_trail.last(connection))


_STATE = select(STORE.c.lineage, STORE.c.serial, STORE.c.key_id)


_STRUCTURE = tuple(t for t in GOVERNED if t not in {*OF_USERS, "contacts", "role_permissions"})


@uncollected()
def organisation(connection: Connection, sealer: Sealer | None, users: Sequence[str]) -> Organisation:
    """The organisation, with these users (keys) and what is their own. Raises Tampered."""
    theirs = Organisation.of(rows(connection, sealer, OF_USERS, users).values())
    return replace(_structure(connection, sealer), users=theirs.users, overrides=theirs.overrides)


def _structure(connection: Connection, sealer: Sealer | None) -> Organisation:
    """The organisation without its users."""
    return remembered(
        connection,
        sealer,
        "organisation",
        lambda: Organisation.of(_standing(connection, sealer, _STRUCTURE)),
    )


def _standing(connection: Connection, sealer: Sealer | None, tables: tuple[str, ...]) -> Sequence[Row]:
    """The rows of tables that do not grow with users."""
    return remembered(connection, sealer, tables, lambda: tuple(rows(connection, sealer, tables).values()))


@uncollected()
def decided_on(
    connection: Connection, sealer: Sealer | None, users: Sequence[str], *, contacts: bool = False
) -> list[Row]:
    """What a message is decided on: the organisation, with what is these users' (keys) own, settings and permissions.

    With `contacts`, those too. Raises Tampered.
    """
    standing = _standing(connection, sealer, (*_STRUCTURE, "role_permissions"))
    read = rows(connection, sealer, (*OF_USERS, *(["contacts"] if contacts else [])), users)
    return [*standing, *read.values()]


@uncollected()
def everybody(connection: Connection, sealer: Sealer | None) -> tuple[Organisation, People]:
    """The whole organisation for a population: a million users are ids and branches, not rows. Raises Tampered."""
    _check_users(connection, sealer)
    standing = _structure(connection, sealer)
    with closing(whole(connection, _OVERRIDES, _USERS)) as tables:
        return replace(standing, overrides=_own(*next(tables))), _people(*next(tables))


_OVERRIDES = (
    ROWS["overrides"],
    (
        *[lined(ROWS["overrides"].c[name]) for name in ("user_id_key", "cost_centre_key", "service")],
        *[listed(ROWS["overrides"].c[name]) for name in FIELD_NAMES],
    ),
)
_USERS = (
    ROWS["users"],
    (
        lined(ROWS["users"].c.user_id),
        listed(ROWS["users"].c.branch),
        marked(ROWS["users"].c.active),
        marked(ROWS["users"].c.external),
    ),
)


def _own(
    users: Iterable[str], centres: Iterable[str], services: Iterable[str], *values: Iterable[Any]
) -> dict[str, tuple[OwnSettings, ...]]:
    """Overrides by their users' keys."""
    found: dict[str, tuple[OwnSettings, ...]] = {}
    for user, own in zip(users, map(OwnSettings, centres, services, zip(*values, strict=True)), strict=True):
        found[user] = (*found[user], own) if user in found else (own,)
    return found


def _check_users(connection: Connection, sealer: Sealer | None, tables: Iterable[str] = OF_USERS) -> None:
    if sealer is None:
        return
    for table in tables:
        remembered(connection, sealer, f"{table} checked", partial(check_table, connection, sealer, table))


def number_of_users(connection: Connection) -> int:
    """How many users there are."""
    return int(connection.execute(select(func.count()).select_from(ROWS["users"])).scalar_one())


def people(connection: Connection) -> People:
    """Everybody, by user id's match key: as much of each as a population needs."""
    (users,) = whole(connection, _USERS)
    return _people(*users)


def _people(*columns: Sequence[Any]) -> People:
    keys, user_ids, (branches, active, external) = of_users(*columns)
    return People(user_ids, keys, Encoded.of(branches), active, external)


@uncollected()
def everybody_asking(connection: Connection, sealer: Sealer | None) -> Everybody:
    """Everybody with the question a permission audit asks for them. Raises Tampered."""
    _check_users(connection, sealer, ("users",))
    users = ROWS["users"]
    (read,) = whole(connection, (users, (lined(users.c.user_id), listed(users.c.name), lined(_ASKED))))
    _, user_ids, (names, asked) = of_users(*read)
    questions = Encoded.of(asked)
    return Everybody(user_ids, names, questions.codes, list(map(_question, questions.values)))


def _asked(users: Any) -> ColumnElement[str]:
    """A user's question as a text: of an active internal user of level Normal, who is most users, the roles alone."""
    roles = func.coalesce(users.roles, word("[]"))
    flags = [case((flag, word("1")), else_=word("0")) for flag in (users.active, users.locked_out, users.external)]
    usual = and_(users.level == word(UserLevel.NORMAL), users.active, ~users.locked_out, ~users.external)
    return case((usual, roles), else_=flags[0] + flags[1] + flags[2] + users.level + roles)


_ASKED = _asked(ROWS["users"].c)


def _question(text: str) -> Question:
    standing, bracket, roles = text.partition("[")
    standing = standing or f"100{UserLevel.NORMAL}"
    active, locked_out, external = (flag == "1" for flag in standing[:3])
    return Question(UserLevel(standing[3:]), active, locked_out, external, each_once(json.loads(bracket + roles)))


def emails(connection: Connection, sealer: Sealer | None) -> dict[str, str]:
    """The address of everybody who has one, by user id. Raises Tampered."""
    _check_users(connection, sealer, ("users",))
    users = ROWS["users"].c
    return dict(chain.from_iterable(batches(connection, select(users.user_id, users.email).where(users.email != ""))))
