"""The audit the other way round: from a user, all they may; from a From address, all who may be behind it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from ..audit.access import Judge, Question, Word
from ..audit.gates import SEND_AS, SEND_ON_BEHALF
from ..bootstrap import App
from ..domain.addresses import comparable, same_address
from ..domain.governed import Organisation
from ..domain.keys import match_key
from ..domain.permissions import PERMISSION_KEYS, UPDATE_FROM, RolePermission
from ..domain.services import COST_CENTRE_SERVICES, ServiceKind
from ..domain.settings import PERMISSION_RULE, PermissionRule, Setting, SettingsInForce
from ..errors import UnknownName
from ..resolution.explanation import reason
from ..resolution.population import Population
from ..resolution.provenance import Context, Resolution, Status
from ..resolution.resolver import resolve
from ..storage import repository
from . import auditing, configuring
from .auditing import Exports


class Reach(NamedTuple):
    """One thing somebody may, or one person who may be behind an address: of what kind, what, the answer, and why."""

    kind: str
    subject: str
    answer: str
    why: str


def reach(app: App, who: str, *, rights_files: Exports = ()) -> tuple[Reach, ...]:
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


def of_address(app: App, address: str, rights_files: Exports = ()) -> tuple[Reach, ...]:
    """Everybody who may send as an address."""
    return tuple(_of_address(app, address, rights_files))


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


def _of_address(app: App, address: str, files: Exports) -> Iterator[Reach]:
    by_default: dict[str, str] = {}
    for service in (None, *COST_CENTRE_SERVICES):
        for population in configuring.effective(app, service=service):
            for answer in _sending_as(population, address):
                by_default.setdefault(answer.context.user or "", f"{answer.service}, {reason(answer)}")
    for user, why in sorted(by_default.items(), key=lambda item: match_key(item[0])):
        yield Reach("sends as it", user, Word.ALLOW, why)
    for holder in auditing.access(app).those(lambda answer: answer.decision is not Word.DENY):
        yield Reach("may change From to it", holder.user_id, holder.decision, f"{UPDATE_FROM}: {holder.reason}")
    if files:
        wanted = comparable(address)
        for row in auditing.rights(app, files).rows:
            if row.sender == wanted and row.right.startswith((SEND_AS, SEND_ON_BEHALF)):
                yield Reach("mailbox right", row.user_id, row.right, row.finding or "as permitted here")


def _sending_as(population: Population, address: str) -> Iterator[Resolution]:
    """The answers with this From; only those with values of a user's own are looked at one by one."""

    def hit(answer: Resolution) -> bool:
        return answer.status is Status.READY and same_address(answer.sender[1] or "", address)

    shared = [hit(answer) for answer in population.answers]
    for position, code in enumerate(population.codes):
        if position in population.own:
            if hit(answer := population[position]):
                yield answer
        elif shared[code]:
            yield population[position]
