"""The settings of sending: what is set, and changing it; all mail stopped and let go with one word."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import ValidationError

from ..bootstrap import App
from ..domain.governed import Key
from ..domain.keys import match_key
from ..domain.settings import SETTINGS, SITE, STOPPED, Setting, SettingsInForce
from ..errors import BadInput
from ..migration import planning
from ..migration.operations import Rows
from ..migration.plan import Plan
from ..storage import repository
from ..storage.books import Run
from .migrating import apply, base_of


class Line(NamedTuple):
    """A setting in force."""

    name: str
    cost_centre: str
    value: str
    origin: str
    label: str


def settings(app: App) -> list[Line]:
    """Every setting: the site's value or the default, then what Cost Centres have of their own."""
    rows = _rows(app)
    in_force = SettingsInForce(rows)
    given = {row.name for row in rows if row.cost_centre == SITE}
    lines = []
    for name, spec in SETTINGS.items():
        origin = "site" if name in given else "default"
        lines.append(Line(name, SITE, in_force.get(name), origin, spec.label))
        own = sorted((row for row in rows if row.name == name and row.cost_centre), key=lambda row: row.cost_centre)
        lines += [Line(name, row.cost_centre, row.value, "cost centre", spec.label) for row in own]
    return lines


def in_force(app: App) -> SettingsInForce:
    """The settings as they are asked for."""
    return SettingsInForce(_rows(app))


def _rows(app: App) -> list[Setting]:
    with app.store.reading() as connection:
        rows = repository.rows(connection, app.sealer(connection), ("settings",)).values()
    return [row for row in rows if isinstance(row, Setting)]


def plan_setting(app: App, name: str, value: str, *, cost_centre: str = SITE) -> Plan:
    """The plan that changes one setting; a blank value takes it back to the default. Raises BadInput."""
    if name not in SETTINGS:
        raise BadInput(f"There is no setting {name!r}.", remedy=f"There are: {', '.join(SETTINGS)}.")
    place: tuple[str, Key] = "settings", (match_key(name), match_key(cost_centre))
    target: Rows = {place: _setting(name, value, cost_centre)} if value else {}
    with app.store.reading() as connection:
        current = repository.rows(connection, app.sealer(connection), planning.WITHOUT_EFFECT)
        base = base_of(app, repository.state(connection))
    gone = [place] if not value and place in current else []
    plan = planning.plan_change(target, current, base, remove=gone)
    return plan.sealed(app.seal())


def _setting(name: str, value: str, cost_centre: str) -> Setting:
    try:
        return Setting(name=name, cost_centre=cost_centre, value=value)
    except ValidationError as error:
        words = "; ".join(str(e["msg"]).removeprefix("Value error, ") for e in error.errors(include_input=False))
        raise BadInput(f"{words}.") from None


def set_value(app: App, name: str, value: str, *, cost_centre: str = SITE) -> Run | None:
    """Change one setting at once, as a run that can be taken back; None where it is so already. Raises BadInput."""
    plan = plan_setting(app, name, value, cost_centre=cost_centre)
    return apply(app, plan, plan.confirmation) if plan.operations else None


def stop_mail(app: App, because: str) -> Run | None:
    """Stop all mail of this site, as one does on a copy of it. Raises BadInput without a reason."""
    if not because.strip():
        raise BadInput("Say why mail is stopped: everybody who tries to send is told.")
    return set_value(app, STOPPED, because.strip())


def resume_mail(app: App) -> Run | None:
    """Let mail go out again."""
    return set_value(app, STOPPED, "")
