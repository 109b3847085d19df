"""mailadmin doctor and mailadmin audit trail verify: is the store whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .output import Form, FormOption, RawOption, emit, print_text
from .session import opened

audit_commands = typer.Typer(no_args_is_help=True, help="Who did what, and who may.")
trail_commands = typer.Typer(no_args_is_help=True, help="The audit trail.")


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(doctor)
    audit_commands.add_typer(trail_commands, name="trail")
    app.add_typer(audit_commands, name="audit")


def doctor(
    context: typer.Context,
    form: FormOption = Form.TABLE,
    raw: RawOption = False,
    check: Annotated[bool, typer.Option("--check", help="End with exit code 1 if there is a problem.")] = False,
) -> None:
    """Look at store, rows, audit trail, key, secrets and versions; nothing is changed.

    Example: mailadmin doctor --check
    """
    from ..usecases import maintaining

    with opened(context) as app:
        found = maintaining.doctor(app)
    emit(maintaining.Check._fields, found, form, raw=raw)
    if check and any(item.state == maintaining.PROBLEM for item in found):
        raise typer.Exit(1)


@trail_commands.command()
def verify(
    context: typer.Context,
    anchor: Annotated[
        Path | None, typer.Option(metavar="PLAN", help="The trail must still be the one this plan was made on.")
    ] = None,
) -> None:
    """Check the whole audit trail; exit code 3 names the first entry that was changed, cut or moved.

    A plan notes the trail's last entry: a trail that was cut or rewritten since does not hold it.

    Example: mailadmin audit trail verify --anchor plan.json
    """
    from ..usecases import maintaining, migrating

    with opened(context) as app:
        count = maintaining.verify_trail(app, migrating.load_plan(app, anchor) if anchor else None)
    print_text(f"{count} entries, an unbroken chain that fits the applied plans.")
