"""Changes made by hand: gathered as a draft over the rows as they are, looked at, saved as one run.

Laws: nothing of a draft is in the store before it is saved, a secret included; a row that somebody else changed since
is never overwritten.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from ..audit import access as judging
from ..audit.access import Access, Everybody
from ..bootstrap import App
from ..domain.governed import GOVERNED, Row, name_of
from ..domain.keys import match_key
from ..domain.permissions import UPDATE_FROM
from ..domain.profiles import Secret
from ..domain.services import Security, ServiceKind
from ..domain.settings import PERMISSION_RULE, PermissionRule, Setting, SettingsInForce
from ..errors import BadInput, StalePlan
from ..migration import planning
from ..migration.editing import Place
from ..migration.edits import Edits
from ..migration.effects import Effects
from ..migration.operations import Operation, Rows, applied
from ..migration.plan import Plan
from ..providers import smtp
from ..storage import repository
from ..storage.books import Run
from ..storage.repository import State
from ..storage.vault import location_of
from . import verifying
from .applying import apply
from .migrating import base_of
from .verifying import Subject

STRUCTURE = tuple(table for table in GOVERNED if table not in {"users", "overrides", "mail_preferences"})
"""The tables that do not grow with users: what can be read before the first field is shown."""

_R = TypeVar("_R", bound=Row)


def changed(row: _R, **values: Any) -> _R:
    """The row with other values. Raises BadInput in words for what cannot stand in it."""
    try:
        return replace(row, **values)
    except ValidationError as error:
        told = [str(e["msg"]).removeprefix("Value error, ") for e in error.errors(include_input=False)]
        raise BadInput(f"{name_of(row)}: {'; '.join(told)}.") from None


def begin(app: App) -> Edits:
    """An empty draft over the store as it is: everything but what grows with users. Raises Tampered."""
    with app.store.reading() as connection:
        current = repository.rows(connection, app.sealer(connection), STRUCTURE)
        return Edits(current, repository.number_of_users(connection))


def overrides(app: App) -> Rows:
    """Every user's own values, of every Cost Centre. Raises Tampered."""
    with app.store.reading() as connection:
        return repository.rows(connection, app.sealer(connection), ("overrides",))


def everybody(app: App) -> Everybody:
    """Everybody, with what a permission is decided by. Raises Tampered."""
    with app.store.reading() as connection:
        return repository.everybody_asking(connection, app.sealer(connection))


def enter_secret(app: App, edits: Edits, place: Place, column: str, secret: Secret) -> None:
    """Keep a secret in the draft; the store gets it when the draft is saved. Raises KeyNeeded without a key."""
    with app.store.reading() as connection:
        sealer = app.sealer(connection)
    if sealer is None:
        with app.store.writing() as connection:
            sealer = app.vault(connection, "keep a secret").sealer
    with secret.reveal() as text:
        edits.enter(place, column, secret, sealer.fingerprint(text))


class Basis(NamedTuple):
    """Every governed row at one state of the store."""

    state: State
    rows: Rows


def basis(app: App, known: Basis | None = None) -> Basis:
    """Every governed row as it is; those already `known` where nothing was written since. Raises Tampered."""
    with app.store.reading() as connection:
        state = repository.state(connection)
        if known is not None and known.state == state:
            return known
        return Basis(state, repository.rows(connection, app.sealer(connection)))


def effects(operations: Iterable[Operation], on: Basis) -> Effects:
    """What a draft does to everybody. Raises StalePlan where somebody else changed the same rows meanwhile."""
    operations = tuple(operations)
    _check_unmoved(operations, on.rows)
    return planning.effects_of(on.rows, applied(on.rows, operations), None)


def plan(app: App, edits: Edits, on: Basis) -> Plan:
    """The plan that saves a draft; still nothing is written. Raises StalePlan, BadInput."""
    operations = edits.operations
    if not operations:
        raise BadInput("Nothing is changed, so there is nothing to save.")
    _check_unmoved(operations, on.rows)
    target = {(o.table, o.key): o.after for o in operations if o.after is not None}
    gone = [(o.table, o.key) for o in operations if o.after is None]
    made = planning.plan_change(target, on.rows, base_of(app, on.state), remove=gone, entered=edits.entered)
    return made.sealed(app.seal())


def _check_unmoved(operations: Iterable[Operation], current: Rows) -> None:
    moved = [o.name for o in operations if current.get((o.table, o.key)) != o.before]
    if moved:
        raise StalePlan([f"somebody else changed {name}" for name in moved])


def save(app: App, edits: Edits, plan: Plan) -> Run:
    """Put the secrets of a draft into the vault, and apply its plan. Raises what `apply` raises, KeyNeeded."""
    with ExitStack() as opened:
        secrets = {location_of(*place, column): text for (place, column), text in edits.revealed(opened).items()}
        if secrets:
            with app.store.writing() as connection:
                app.vault(connection, "keep what was entered").keep(secrets)
    return apply(app, plan, plan.confirmation)


class Holders(NamedTuple):
    """Who may change From, as it is and as it will be."""

    before: Access
    after: Access


def holders(app: App, edits: Edits, people: Everybody) -> Holders:
    """Who may change From before and after a draft."""
    settings = SettingsInForce(row for row in edits.rows("settings") if isinstance(row, Setting))
    rule = PermissionRule(settings.get(PERMISSION_RULE))
    day = app.clock().date().isoformat()
    before, after = (
        judging.access(people, UPDATE_FROM, rows, rule, day)
        for rows in (edits.standing_rows("role_permissions"), edits.rows("role_permissions"))
    )
    return Holders(before, after)


def roles(edits: Edits, people: Everybody) -> list[str]:
    """Every role that a user has or something is said about."""
    known = {match_key(role): role for asked in people.questions for role in asked.roles}
    known |= {match_key(row.role): row.role for row in edits.rows("role_permissions")}
    return [known[key] for key in sorted(known)]


def accounts(app: App, cost_centre: str, service: ServiceKind, user: str | None = None) -> list[Subject]:
    """The accounts to verify for a service: its own one, or one user's. Nobody who could send by it: none.

    Raises UnknownName.
    """
    users = [user] if user else []
    found = verifying.subjects(app, every_service=True, users=users, cost_centre=cost_centre)
    found = [subject for subject in found if subject.service is service]
    if user:
        return found
    centre = match_key(cost_centre)
    own = {key[2] for _, key in overrides(app) if key[0] == centre and key[1] == match_key(service)}
    return [subject for subject in found if not own.issuperset(map(match_key, subject.users))]


def connection_in_words(security: Security | None, port: int) -> str:
    """How a connection is made, in a sentence."""
    way = smtp.way(security or Security.AUTO, port)
    if way.implicit:
        how = "encrypted from the first byte"
    elif way.required:
        how = "encrypted by STARTTLS, or nothing is sent"
    elif way.welcome:
        how = "encrypted by STARTTLS if the server offers it, otherwise in clear text"
    else:
        how = "never encrypted"
    return f"Connects to port {way.port}, {how}."
