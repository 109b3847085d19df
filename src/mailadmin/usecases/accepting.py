"""Accepting a finding, with a reason, an owner and a last day; and taking that back. Both are runs like any other."""

from __future__ import annotations

from pydantic import ValidationError

from ..audit.rules import chosen
from ..bootstrap import App
from ..domain.acceptances import Acceptance
from ..domain.governed import Key
from ..domain.keys import match_key
from ..errors import BadInput, UnknownName
from ..migration import planning
from ..migration.operations import Rows
from ..migration.plan import Plan
from ..storage import repository
from ..storage.books import Run
from .finding import findings
from .migrating import apply, base_of

TABLE = "exceptions"


def plan_acceptance(app: App, rule: str, subject: str, *, reason: str, owner: str, until: str) -> Plan:
    """The plan by which somebody answers for a finding. `until` is its last day, YYYY-MM-DD.

    Raises UnknownName for a rule that is not there, BadInput where something is missing or the day has passed.
    """
    chosen([rule])
    try:
        row = Acceptance(rule=rule, subject=subject, reason=reason, owner=owner, until=until)
    except ValidationError as error:
        words = [f"{e['loc'][0]} {str(e['msg']).removeprefix('Value error, ')}" for e in error.errors()]
        raise BadInput(f"Nothing was accepted: {'; '.join(words)}.") from None
    if not row.holds(app.clock().date()):
        raise BadInput(f"{row.until} has passed already.", remedy="Give a last day to come, or mend what was found.")
    return _plan(app, {(TABLE, (match_key(rule), match_key(subject))): row})


def plan_withdrawal(app: App, rule: str, subject: str) -> Plan:
    """The plan by which an exception ends. Raises UnknownName where there is none."""
    return _plan(app, {}, (match_key(rule), match_key(subject)), name=f"{rule} / {subject}")


def _plan(app: App, target: Rows, gone: Key | None = None, name: str = "") -> Plan:
    with app.store.reading() as connection:
        current = repository.rows(connection, app.sealer(connection), planning.WITHOUT_EFFECT)
        base = base_of(app, repository.state(connection))
    if gone is not None and (TABLE, gone) not in current:
        raise UnknownName("accepted exception", name, remedy="mailadmin audit findings shows what is accepted.")
    removed = [(TABLE, gone)] if gone is not None else []
    return planning.plan_change(target, current, base, remove=removed).sealed(app.seal())


def accept(app: App, rule: str, subject: str, *, reason: str, owner: str, until: str) -> Run | None:
    """Answer for a finding at once; None where just that is accepted already. Raises UnknownName, BadInput."""
    plan = plan_acceptance(app, rule, subject, reason=reason, owner=owner, until=until)
    return apply(app, plan, plan.confirmation) if plan.operations else None


def is_found(app: App, rule: str, subject: str) -> bool | None:
    """Whether there is such a finding today; None where its rule needs what is not asked here, such as the DNS."""
    found = findings(app, as_of=app.clock().date(), rules=[rule])
    if found.unknown:
        return None
    return any(row.key == (match_key(rule), match_key(subject)) for row in found.rows)


def withdraw(app: App, rule: str, subject: str) -> Run:
    """Answer for it no longer. Raises UnknownName."""
    plan = plan_withdrawal(app, rule, subject)
    return apply(app, plan, plan.confirmation)
