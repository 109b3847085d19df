"""mailadmin calendar …: activities in calendars: who is ready, what stands where, entering and taking out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .output import Form, FormOption, emit, say, working
from .session import opened

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..usecases.calendar import Told

commands = typer.Typer(no_args_is_help=False, help="Activities in calendars.")


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(commands, name="calendar")


COLUMNS = ("activity", "standing", "user", "service", "account", "sequence", "uid", "updated_at")
STATUS = ("user", "service", "ready", "missing", "warnings")
TOLD = ("activity", "user", "done", "what", "subject", "when", "sequence", "account")
ON_SCREEN = 4
"""The columns of a table for people; files have them all."""

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Decide and show everything, tell no calendar.")]


@commands.callback(invoke_without_command=True)
def calendar(context: typer.Context, form: FormOption = Form.TABLE) -> None:
    """List every activity that stands in a calendar, or did.

    Example: mailadmin calendar
    """
    if context.invoked_subcommand is not None:
        return
    from ..usecases import calendar as calendars

    with opened(context) as app:
        known = calendars.entries(app)
    if not known and form is Form.TABLE:
        say("No activity was entered in a calendar yet.")
        return
    rows = [
        (k.activity, str(k.standing), k.user_id, k.service, k.account, k.sequence, k.uid, k.updated_at) for k in known
    ]
    most = 6 if form is Form.TABLE else len(COLUMNS)
    emit(COLUMNS[:most], [row[:most] for row in rows], form)


@commands.command()
def status(
    context: typer.Context,
    missing: Annotated[bool, typer.Option("--missing", help="Only who is not ready.")] = False,
    form: FormOption = Form.TABLE,
) -> None:
    """Say of every user whether activities can stand in a calendar, and what is missing.

    Example: mailadmin calendar status
    """
    from ..usecases import calendar as calendars

    with opened(context) as app:
        found = [one for one in calendars.standings(app) if not (missing and one.readiness.ready)]
    rows = [
        (
            one.user.user_id, one.answer.service or "", "yes" if one.readiness.ready else "no",
            "; ".join(one.readiness.missing), "; ".join(one.readiness.warnings),
        )
        for one in found
    ]  # fmt: skip
    emit(STATUS, rows, form)


@commands.command()
def enter(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Activities as CSV, XLSX or JSON; docs/calendar.md.")],
    dry_run: DryRunOption = False,
    form: FormOption = Form.TABLE,
) -> None:
    """Enter activities in the calendars of whoever is responsible; changed ones are changed, cancelled ones taken out.

    Example: mailadmin calendar enter activities.csv --dry-run
    """
    from ..interchange.activities import read_activities
    from ..usecases import calendar as calendars

    with opened(context) as app:
        activities = read_activities(file)
        told: list[Told] = []
        with working("Telling calendars") as step:
            for one in calendars.enter(app, activities, dry_run=dry_run):
                told.append(one)
                step(f"{len(told)} of {len(activities)}")
    _tell(told, form)


@commands.command()
def cancel(
    context: typer.Context,
    activity: Annotated[str, typer.Argument(help="The activity's id; mailadmin calendar lists them.")],
    dry_run: DryRunOption = False,
    form: FormOption = Form.TABLE,
) -> None:
    """Take an activity out of its calendar; whoever was invited is told.

    Example: mailadmin calendar cancel A-1001
    """
    from ..usecases import calendar as calendars

    with opened(context) as app, working("Telling the calendar"):
        told = calendars.cancel(app, activity, dry_run=dry_run)
    _tell([told], form)


def _tell(told: Iterable[Told], form: Form) -> None:
    """What became of each; ends as the first that failed would."""
    from ..providers.invitations import times_in_words

    told = list(told)
    rows = [
        (
            one.activity.id, one.activity.responsible, "failed" if one.problem else str(one.act), one.words,
            one.activity.subject, times_in_words(one.activity), one.sequence, one.account,
        )
        for one in told
    ]  # fmt: skip
    most = ON_SCREEN if form is Form.TABLE else len(TOLD)
    emit(TOLD[:most], [row[:most] for row in rows], form)
    if failed := next((one.problem for one in told if one.problem is not None), None):
        raise failed
