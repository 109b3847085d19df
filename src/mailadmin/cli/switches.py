"""mailadmin settings … and mailadmin mail …: the settings of sending, and all mail stopped or let go."""

from __future__ import annotations

from typing import Annotated

import typer

from .output import Form, FormOption, emit, print_text
from .session import opened

settings_commands = typer.Typer(no_args_is_help=False, help="The settings of sending.")
mail_commands = typer.Typer(no_args_is_help=True, help="All mail of this site, stopped or let go.")


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(settings_commands, name="settings")
    app.add_typer(mail_commands, name="mail")


COLUMNS = ("setting", "cost_centre", "value", "origin", "meaning")


@settings_commands.callback(invoke_without_command=True)
def settings(context: typer.Context, form: FormOption = Form.TABLE) -> None:
    """List every setting of sending with its value and where it comes from.

    Example: mailadmin settings
    """
    if context.invoked_subcommand is not None:
        return
    from ..usecases import switching

    with opened(context) as app:
        emit(COLUMNS, switching.settings(app), form)


@settings_commands.command("set")
def set_(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Such as test_mode.forced; mailadmin settings lists them.")],
    value: Annotated[str, typer.Argument(help="The value; '' takes it back to the default.")],
    cost_centre: Annotated[str, typer.Option(help="For this Cost Centre instead of the whole site.")] = "",
) -> None:
    """Change one setting, as a run that can be taken back.

    Example: mailadmin settings set test_mode.forced yes
    """
    from ..usecases import switching

    with opened(context) as app:
        run = switching.set_value(app, name, value, cost_centre=cost_centre)
    if run is None:
        print_text(f"{name} is so already.")
    else:
        print_text(f"{name} is set (run {run.run}; take it back with: mailadmin rollback {run.run}).")


@mail_commands.command()
def stop(
    context: typer.Context,
    because: Annotated[str, typer.Option(help="Why; everybody who tries to send is told.")],
) -> None:
    """Stop all mail of this site, as on a copy of it.

    Example: mailadmin mail stop --because "this is a copy for testing"
    """
    from ..usecases import switching

    with opened(context) as app:
        switching.stop_mail(app, because)
    print_text(f"Mail is stopped because {because}. Let it go again with: mailadmin mail resume")


@mail_commands.command()
def resume(context: typer.Context) -> None:
    """Let mail go out again.

    Example: mailadmin mail resume
    """
    from ..usecases import switching

    with opened(context) as app:
        switching.resume_mail(app)
    print_text("Mail goes out again.")
