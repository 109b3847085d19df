"""The audit the other way round: from a user, all they may; from a From address, all who may be behind it."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import product

from sqlalchemy import Connection

from ..audit.access import Judge, Question, access
from ..audit.behind import Part, Reached, Senders
from ..audit.behind import Reach as Reach
from ..audit.gates import SEND_AS, SEND_ON_BEHALF
from ..bootstrap import App
from ..domain.addresses import comparable
from ..domain.governed import Organisation
from ..domain.keys import match_key
from ..domain.permissions import PERMISSION_KEYS, UPDATE_FROM, RolePermission
from ..domain.services import COST_CENTRE_SERVICES, ServiceKind
from ..domain.settings import PERMISSION_RULE, PermissionRule, Setting, SettingsInForce
from ..errors import UnknownName
from ..resolution.encoded import Encoded
from ..resolution.explanation import reason
from ..resolution.population import population
from ..resolution.provenance import Context, Resolution, Status
from ..resolution.resolver import resolve
from ..storage import repository
from ..storage.keys import Sealer
from ..storage.remembered import remembered
from . import auditing
from .auditing import Exports


def reach(app: App, who: str, *, rights_files: Exports = ()) -> Sequence[Reach]:
    """Everything a user may; or everybody who may send as an address, where nobody has it as user id.

    Raises UnknownName for what is neither.
    """
    try:
        return of_user(app, who)
    except UnknownName:
        if "@" not in who:
            raise
    return of_address(app, who, rights_files)


def of_user(app: App, named: str) -> tuple[Reach, ...]:
    """Everything a user may. Raises UnknownName."""
    return tuple(_of_user(app, named))


def of_address(app: App, address: str, rights_files: Exports = ()) -> Reached:
    """Everybody who may send as an address, put into words as they are looked at. Raises Tampered."""
    with app.store.reading() as connection:
        sealer = app.sealer(connection)
        senders = remembered(connection, sealer, "senders", lambda: _senders(connection, sealer))
    return Reached((*senders.behind(address).parts, _rights(app, address, rights_files)))


def _of_user(app: App, named: str) -> Iterator[Reach]:
    with app.store.reading() as connection:
        rows = repository.decided_on(connection, app.sealer(connection), [match_key(named)])
    organisation = Organisation.of(rows)
    if (user := organisation.users.get(match_key(named))) is None:
        raise UnknownName("user", named, remedy="mailadmin audit permission lists everybody.")
    roles = [row for row in rows if isinstance(row, RolePermission)]
    rule = PermissionRule(SettingsInForce(r for r in rows if isinstance(r, Setting)).get(PERMISSION_RULE))
    keys = {match_key(key): key for key in (*[row.permission_key for row in roles], *PERMISSION_KEYS)}
    for _, key in sorted(keys.items()):
        answer = Judge(key, roles, rule).answer(Question.of(user))
        yield Reach("key", key, answer.decision, answer.reason)
    webs = [None, *[row.code for _, row in sorted(organisation.web_configurations.items())]]
    for web, service in product(webs, (None, *COST_CENTRE_SERVICES)):
        found = resolve(Context(user=user.user_id, web_configuration=web, service=service), organisation)
        if service is None or found.status is Status.READY:
            yield _account(found, web, service)


def _account(answer: Resolution, web: str | None, service: ServiceKind | None) -> Reach:
    where = f"in web configuration {web}" if web else "on the desktop"
    asked = f"{service}" if service else "service chosen by rule"
    if answer.status is not Status.READY or answer.winner is None:
        return Reach("account", f"{asked}, {where}", str(answer.status), reason(answer))
    account = f"{answer.service} of {answer.winner.cost_centre}, From {answer.sender[1]}"
    return Reach("account", f"{asked}, {where}", account, reason(answer))


def _rights(app: App, address: str, files: Exports) -> Part:
    """Those with a right to the address's mailbox, as exports of Exchange have it."""
    wanted = comparable(address)
    found = [
        Reach("mailbox right", row.user_id, row.right, row.finding or "as permitted here")
        for row in (auditing.rights(app, files).rows if files else ())
        if row.sender == wanted and row.right.startswith((SEND_AS, SEND_ON_BEHALF))
    ]
    return Part(range(len(found)), found.__getitem__)


def _senders(connection: Connection, sealer: Sealer | None) -> Senders:
    """How everybody sends on the desktop, by rule and by every service, and who may change From."""
    organisation, people = repository.everybody(connection, sealer)
    everybody = repository.everybody_asking(connection, sealer)
    rows = list(repository.rows(connection, sealer, ("role_permissions", "settings")).values())
    roles = [row for row in rows if isinstance(row, RolePermission)]
    rule = PermissionRule(SettingsInForce(row for row in rows if isinstance(row, Setting)).get(PERMISSION_RULE))
    judged = access(everybody, UPDATE_FROM, roles, rule)
    contexts = [Context(service=service) for service in (None, *COST_CENTRE_SERVICES)]
    return Senders(
        tuple(population(people, context, organisation) for context in contexts),
        organisation.overrides,
        Encoded(tuple(judged.answers), array("I", everybody.codes)),
    )
