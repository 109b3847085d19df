"""mailadmin effective, legacy-effective, explain: what is in force, what was, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..domain.portals import PORTAL_FEATURES
from ..domain.services import FIELDS, ServiceKind
from ..errors import BadInput
from .output import Form, FormOption, RawOption, emit, print_text, print_texts, say, working
from .session import opened

if TYPE_CHECKING:
    from ..resolution.columns import Columns, Head
    from ..resolution.provenance import Resolution

ServiceOption = Annotated[ServiceKind | None, typer.Option(help="Ask for this service instead of choosing by rule.")]
BranchOption = Annotated[str | None, typer.Option(help="Ask at this branch instead of the user's own.")]
OutOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write to this file instead; it ends with .csv, .json or .parquet.")
]
AttendedOption = Annotated[bool, typer.Option("--attended", help="Somebody is there to choose a service.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(effective)
    app.command("legacy-effective")(legacy_effective)
    app.command()(explain)


LONG_COLUMNS = ("user_id", "branch", "service", "field", "value", "origin")
ON_SCREEN = ("server", "user_name", "sender_email", "mailbox")
"""The fields of a table for people; files have them all."""


def effective(
    context: typer.Context,
    web: Annotated[str | None, typer.Option(metavar="CODE", help="In this web configuration, or all.")] = None,
    branch: BranchOption = None,
    service: ServiceOption = None,
    attended: AttendedOption = False,
    long: Annotated[bool, typer.Option("--long", help="One row per field.")] = False,
    out: OutOption = None,
    form: FormOption = Form.TABLE,
    raw: RawOption = False,
) -> None:
    """Show what is in force for everybody, every value with its origin.

    Example: mailadmin effective --out effective.csv
    """
    from ..resolution.columns import NO_ROWS, columns
    from ..usecases import configuring

    if long and out is not None:
        raise BadInput("--long goes to the screen.", remedy="mailadmin effective --long --format csv > FILE")
    with opened(context) as app, working("Resolving everybody"):
        found = configuring.effective(app, web_configuration=web, branch=branch, service=service, attended=attended)
    if long:
        rows = (row for population in found for answer in population for row in _long(answer))
        emit(LONG_COLUMNS, rows, form, raw=raw)
    else:
        _give([columns(population) for population in found] or [NO_ROWS], out, form, raw=raw)


def _give(tables: Sequence[Columns], out: Path | None, form: Form, *, raw: bool) -> None:
    """All columns for programs, those a person can take in for people."""
    from ..interchange import streams
    from ..resolution.columns import EFFECTIVE

    if out is not None:
        with working(f"Writing {out}") as told:
            rows = streams.write(tables, out, raw=raw, progress=told)
        say(f"{rows:,} rows: {out}")
    elif form is Form.CSV:
        print_texts(streams.csv_texts(tables, raw=raw))
    elif form is Form.JSON:
        print_texts(streams.json_texts(tables))
    else:
        _emit(EFFECTIVE, (row for table in tables for row in table), form, raw=raw)


def _emit(head: Head, lines: Iterable[Sequence[str]], form: Form, *, raw: bool) -> None:
    from ..resolution.columns import names

    every = ("user_id", *names(head))
    if form is not Form.TABLE:
        emit(every, lines, form, raw=raw)
        return
    shown = ("user_id", *head, *ON_SCREEN)
    places = [every.index(name) for name in shown]
    emit(shown, ([row[i] for i in places] for row in lines), form, note="All fields: --format csv")


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
    from ..resolution.columns import LEGACY, line
    from ..usecases import migrating

    with opened(context) as app, working("Resolving everybody"):
        taken = migrating.load_snapshot(app, snapshot)
        rows = [(answer.context.user or "", *line(answer, LEGACY)) for answer in migrating.legacy_effective(taken)]
        odd = migrating.resolved_disagreements(taken)
    _emit(LEGACY, rows, form, raw=raw)
    for words in odd:
        say(f"note: {words}")


def explain(
    context: typer.Context,
    user: Annotated[str | None, typer.Argument(help="User id.")] = None,
    web: Annotated[str | None, typer.Option(metavar="CODE", help="In this web configuration.")] = None,
    branch: BranchOption = None,
    service: ServiceOption = None,
    attended: AttendedOption = False,
    portal: Annotated[str | None, typer.Option(metavar="CODE", help="In this customer portal.")] = None,
    feature: Annotated[str | None, typer.Option(help=f"For this feature of it, such as {PORTAL_FEATURES[0]}.")] = None,
    form: FormOption = Form.TABLE,
    raw: RawOption = False,
) -> None:
    """Explain one answer: every tier that was asked, why it lost, and where each value comes from.

    Example: mailadmin explain JTaylor6
    """
    from ..resolution import explanation
    from ..resolution.provenance import Context, Status
    from ..usecases import configuring, verifying

    asked = Context(user, branch, None, web, service, attended, portal, feature)
    with opened(context) as app:
        answer = configuring.explain(app, asked)
        standing = verifying.standing(app, answer) if answer.status is Status.READY else None
    if form is Form.TABLE:
        print_text(explanation.explain(answer))
        if standing:
            print_text(f"account: {standing}")
    else:
        emit(explanation.ExplainRow._fields, explanation.explain_rows(answer), form, raw=raw)
