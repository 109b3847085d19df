"""Governed rows out of a store and into it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, groupby
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError

from ..audit.access import Everybody, Question, each_once
from ..domain.governed import GOVERNED, Key, Organisation, OwnSettings, Row
from ..domain.organisation import UserLevel
from ..domain.services import FIELD_NAMES
from ..errors import StalePlan, StoreFailed, Tampered
from ..migration.operations import Operation
from ..migration.plan import Anchor
from ..resolution.encoded import Encoded
from ..resolution.population import People, uncollected
from . import audit_trail, contents
from .keys import Sealer
from .remembered import remembered
from .sealing import check_row, check_rows, row_seal, sealed_columns
from .tables import OF_USERS, ROWS, STORE, bucket_of, kept, key_columns, keys, stored
from .whole_columns import lined, listed, marked, of_users, word


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


def rows(
    connection: Connection, sealer: Sealer | None, tables: Iterable[str] = GOVERNED, users: Sequence[str] | None = None
) -> dict[tuple[str, Key], Row]:
    """Governed rows by table and key; with `users` (keys), only their own of the tables that grow with users.

    Raises Tampered for a row that is not as it was written, is missing, stands twice, or was put back.
    """
    found = {}
    sealed = contents.sealed(connection, sealer)
    for table in tables:
        parts = key_columns(table)
        for record in _records(connection, sealed, sealer, table, users):
            place = table, tuple(record[part] for part in parts)
            if place in found:
                raise Tampered(f"The row {table} {' / '.join(place[1])} stands in the store twice.", remedy=_RESTORE)
            found[place] = kept(table, record)
    return found


_RESTORE = "Restore the store from a backup."
_EVERY_ROW = {table: select(ROWS[table]) for table in GOVERNED}


def _records(
    connection: Connection,
    sealed: contents.Contents | None,
    sealer: Sealer | None,
    table: str,
    users: Sequence[str] | None = None,
) -> Iterator[dict[str, Any]]:
    """A table's records, each as it was written; and when the last one was taken, there are no others."""
    query, buckets, divided = _EVERY_ROW[table], None, table in OF_USERS
    if users is not None and divided:
        buckets = {bucket_of(user) for user in users}
        query = query.where(ROWS[table].c.bucket.in_(buckets))
    seals: dict[int, list[str]] = defaultdict(list)
    result = connection.execute(query)
    names = tuple(result.keys())
    for row in result:
        record = dict(zip(names, row, strict=True))
        seals[record["bucket"] if divided else 0].append(record["mac"])
        if users is None or not divided or record["user_id_key"] in users:
            check_row(sealer, table, record)
            yield record
    if sealed is not None:
        sealed.check(table, seals, buckets)


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
    overrides = ROWS["overrides"]
    wanted = select(
        overrides.c.user_id_key, *[overrides.c[name] for name in ("cost_centre_key", "service", *FIELD_NAMES)]
    )
    own: dict[str, tuple[OwnSettings, ...]] = {}
    for user, centre, service, *values in chain.from_iterable(_batches(connection, wanted)):
        own[user] = (*own.get(user, ()), OwnSettings(centre, service, tuple(values)))
    return replace(_structure(connection, sealer), overrides=own), people(connection)


def _check_users(connection: Connection, sealer: Sealer | None, tables: Iterable[str] = OF_USERS) -> None:
    if sealer is None:
        return
    for table in tables:
        remembered(connection, sealer, f"{table} checked", partial(_check_whole, connection, sealer, table))


def _check_whole(connection: Connection, sealer: Sealer, table: str) -> None:
    """Every row of a table that grows with users is as it was written, and there are no others."""
    rows, sealed = ROWS[table].c, contents.sealed(connection, sealer)
    wanted = select(rows.bucket, rows.mac, *[rows[name] for name in sealed_columns(table)])
    seals: dict[int, list[str]] = defaultdict(list)
    for bucket, mac in check_rows(sealer, table, chain.from_iterable(_batches(connection, wanted))):
        seals[bucket].append(mac)
    if sealed is not None:
        sealed.check(table, seals)


def number_of_users(connection: Connection) -> int:
    """How many users there are."""
    return int(connection.execute(select(func.count()).select_from(ROWS["users"])).scalar_one())


def people(connection: Connection) -> People:
    """Everybody, by user id's match key: as much of each as a population needs."""
    users = ROWS["users"].c
    wanted = (listed(users.branch), marked(users.active), marked(users.external))
    keys, user_ids, (branches, active, external) = of_users(connection, *wanted)
    return People(user_ids, keys, Encoded.of(branches), active, external)


@uncollected()
def everybody_asking(connection: Connection, sealer: Sealer | None) -> Everybody:
    """Everybody with the question a permission audit asks for them. Raises Tampered."""
    _check_users(connection, sealer, ("users",))
    users = ROWS["users"].c
    _, user_ids, (names, asked) = of_users(connection, listed(users.name), lined(_ASKED))
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
    return dict(chain.from_iterable(_batches(connection, select(users.user_id, users.email).where(users.email != ""))))


def _batches(connection: Connection, query: Any) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Plain tuples straight from the driver: a million rows cost a third of what result objects cost."""
    result = connection.execute(query)
    cursor = result.cursor
    if cursor is None:
        return
    driver = connection.dialect.loaded_dbapi.Error
    try:
        while batch := cursor.fetchmany(1_000):
            yield batch
    except driver as error:  # past SQLAlchemy, which would have said so itself
        raise DBAPIError.instance(None, None, error, driver) from error


def write(connection: Connection, operations: Iterable[Operation], serial: int, sealer: Sealer | None) -> None:
    """Carry out operations, each on the very row it was planned for. Raises StalePlan naming every row that moved."""
    planned = sorted(operations, key=_turn)
    _check(connection, planned, sealer)
    for (kind, table), group in groupby(planned, key=lambda o: (o.kind, o.table)):
        _STATEMENTS[kind](connection, table, list(group), serial, sealer)
    if sealer is not None:
        contents.renew(connection, sealer, _buckets(planned))


def _buckets(operations: Iterable[Operation]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for operation in operations:
        named = keys(operation.table, operation.key)
        found[operation.table].add(bucket_of(named["user_id_key"]) if operation.table in OF_USERS else 0)
    return found


def _turn(operation: Operation) -> tuple[bool, int, str]:
    """What is referred to is created before, and deleted after, what refers to it."""
    gone = operation.kind == "delete"
    place = list(GOVERNED).index(operation.table)
    return gone, -place if gone else place, operation.kind


def _check(connection: Connection, operations: Sequence[Operation], sealer: Sealer | None) -> None:
    current = rows(connection, sealer, {operation.table for operation in operations})
    moved = [o.name for o in operations if current.get((o.table, o.key)) != o.before]
    if moved:
        raise StalePlan(moved)


def _create(
    connection: Connection, table: str, operations: list[Operation], serial: int, sealer: Sealer | None
) -> None:
    connection.execute(insert(ROWS[table]), [_sealed(table, o, serial, sealer) for o in operations])


def _change(
    connection: Connection, table: str, operations: list[Operation], serial: int, sealer: Sealer | None
) -> None:
    named = key_columns(table)
    records = [_sealed(table, o, serial, sealer) for o in operations]
    statement = update(ROWS[table]).where(_at(table))
    result = connection.execute(
        statement.values({n: bindparam(f"new_{n}") for n in records[0] if n not in named}),
        [{(f"at_{n}" if n in named else f"new_{n}"): v for n, v in record.items()} for record in records],
    )
    _check_found(table, result.rowcount, len(records))


def _delete(
    connection: Connection, table: str, operations: list[Operation], serial: int, sealer: Sealer | None
) -> None:
    parameters = [{f"at_{n}": v for n, v in keys(table, o.key).items()} for o in operations]
    result = connection.execute(delete(ROWS[table]).where(_at(table)), parameters)
    _check_found(table, result.rowcount, len(parameters))


def _check_found(table: str, found: int, expected: int) -> None:
    """A damaged index finds no row where there is one, and says nothing."""
    if found != expected:
        lost = f"{expected - found} row(s) of {table} were not found where they stand."
        raise StoreFailed(lost, remedy="mailadmin doctor")


def _sealed(table: str, operation: Operation, serial: int, sealer: Sealer | None) -> dict[str, Any]:
    record = stored(operation.row, serial)
    return {**record, "mac": row_seal(sealer, table, record)}


def _at(table: str) -> ColumnElement[bool]:
    return and_(*[ROWS[table].c[name] == bindparam(f"at_{name}") for name in key_columns(table)])


_STATEMENTS = {"create": _create, "change": _change, "delete": _delete}
