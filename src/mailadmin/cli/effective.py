"""mailadmin effective, legacy-effective, explain: what is in force, what was, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from ..domain.services import FIELDS, ServiceKind
from .output import Form, FormOption, RawOption, emit, print_text, say, working
from .session import opened

if TYPE_CHECKING:
    from ..resolution.provenance import Resolution

ServiceOption = Annotated[ServiceKind | None, typer.Option(help="Ask for this service instead of choosing by rule.")]
BranchOption = Annotated[str | None, typer.Option(help="Ask at this branch instead of the user's own.")]
AttendedOption = Annotated[bool, typer.Option("--attended", help="Somebody is there to choose a service.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(effective)
    app.command("legacy-effective")(legacy_effective)
    app.command()(explain)


def _field_columns(*, legacy: bool) -> Iterator[str]:
    for field in FIELDS:
        name = field.legacy if legacy else field.name
        yield name
        yield f"{name}_origin"


COLUMNS = ("user_id", "branch", "web_configuration", "service", "cost_centre", "tier", "status")
EFFECTIVE_COLUMNS = (*COLUMNS, *_field_columns(legacy=False))
LONG_COLUMNS = ("user_id", "branch", "service", "field", "value", "origin")
LEGACY_COLUMNS = ("user_id", "web_configuration", "status", "method", *_field_columns(legacy=True))
TABLE_COLUMNS = (*COLUMNS, "server", "user_name", "sender_email", "mailbox")


def effective_row(answer: Resolution) -> tuple[object, ...]:
    """One answer under EFFECTIVE_COLUMNS."""
    from ..resolution.explanation import cells

    winner, context = answer.winner, answer.context
    place = (winner.cost_centre, winner.tier) if winner else ("", "")
    head = (context.user, context.branch, context.web_configuration, answer.service, *place, answer.status)
    return (*head, *_interleaved(*cells(answer)))


def legacy_row(answer: Resolution) -> tuple[object, ...]:
    """One answer under LEGACY_COLUMNS."""
    from ..resolution.explanation import cells

    context = answer.context
    return (context.user, context.web_configuration, answer.status, answer.method, *_interleaved(*cells(answer)))


def _interleaved(values: tuple[str, ...], origins: tuple[str, ...]) -> Iterator[str]:
    for value, origin in zip(values, origins, strict=True):
        yield value
        yield origin


def effective(
    context: typer.Context,
    web: Annotated[str | None, typer.Option(metavar="CODE", help="In this web configuration, or all.")] = None,
    branch: BranchOption = None,
    service: ServiceOption = None,
    attended: AttendedOption = False,
    long: Annotated[bool, typer.Option("--long", help="One row per field.")] = False,
    form: FormOption = Form.TABLE,
    raw: RawOption = False,
) -> None:
    """Show what is in force for everybody, every value with its origin.

    Example: mailadmin effective --format csv > effective.csv
    """
    from ..usecases import configuring

    with opened(context) as app, working("Resolving everybody"):
        found = configuring.effective(app, web_configuration=web, branch=branch, service=service, attended=attended)
    answers = (answer for population in found for answer in population)
    if long:
        rows = (line for answer in answers for line in _long(answer))
        emit(LONG_COLUMNS, rows, form, raw=raw)
        return
    lines = map(effective_row, answers)
    if form is Form.TABLE:
        places = [EFFECTIVE_COLUMNS.index(name) for name in TABLE_COLUMNS]
        emit(TABLE_COLUMNS, ([line[i] for i in places] for line in lines), form, note="All fields: --format csv")
    else:
        emit(EFFECTIVE_COLUMNS, lines, form, raw=raw)


def _long(answer: Resolution) -> Iterator[tuple[object, ...]]:
    from ..resolution.explanation import cells

    shown = cells(answer)
    for field, value, origin in zip(FIELDS, *shown, strict=True):
        if answer.service in field.services:
            yield answer.context.user, answer.context.branch, answer.service, field.name, value, origin


def legacy_effective(
    context: typer.Context,
    snapshot: Annotated[str, typer.Argument(help="Snapshot file or id.")],
    form: FormOption = Form.TABLE,
    raw: RawOption = False,
) -> None:
    """Show how everybody's mail went out before the upgrade, by the old settings.

    Example: mailadmin legacy-effective before.json --format csv
    """
    from ..usecases import migrating

    with opened(context) as app, working("Resolving everybody"):
        taken = migrating.load_snapshot(app, snapshot)
        rows = [legacy_row(answer) for answer in migrating.legacy_effective(taken)]
        odd = migrating.resolved_disagreements(taken)
    if form is Form.TABLE:
        shown = ("user_id", "web_configuration", "status", "method", "server", "user_name", "sender_email", "mailbox")
        places = [LEGACY_COLUMNS.index(name) for name in shown]
        emit(shown, ([row[i] for i in places] for row in rows), form, note="All fields: --format csv")
    else:
        emit(LEGACY_COLUMNS, rows, form, raw=raw)
    for line in odd:
        say(f"note: {line}")


def explain(
    context: typer.Context,
    user: Annotated[str | None, typer.Argument(help="User id.")] = None,
    web: Annotated[str | None, typer.Option(metavar="CODE", help="In this web configuration.")] = None,
    branch: BranchOption = None,
    service: ServiceOption = None,
    attended: AttendedOption = False,
    portal: Annotated[str | None, typer.Option(metavar="CODE", help="In this customer portal.")] = None,
    feature: Annotated[str | None, typer.Option(help="For this feature of the portal.")] = None,
    form: FormOption = Form.TABLE,
    raw: RawOption = False,
) -> None:
    """Explain one answer: every tier that was asked, why it lost, and where each value comes from.

    Example: mailadmin explain JTaylor6
    """
    from ..resolution import explanation
    from ..resolution.provenance import Context
    from ..usecases import configuring

    asked = Context(user, branch, None, web, service, attended, portal, feature)
    with opened(context) as app:
        answer = configuring.explain(app, asked)
    if form is Form.TABLE:
        print_text(explanation.explain(answer))
    else:
        emit(explanation.ExplainRow._fields, explanation.explain_rows(answer), form, raw=raw)
