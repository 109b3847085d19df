"""mailadmin key … and mailadmin secret …: the key secrets are kept under, and secrets entered by hand."""

from __future__ import annotations

from typing import Annotated

import typer

from ..domain.services import SECRET_FIELDS, ServiceKind
from .output import print_text, working
from .session import opened

key_commands = typer.Typer(no_args_is_help=True, help="The key that secrets are kept under.")
secret_commands = typer.Typer(no_args_is_help=True, help="Secrets, entered by hand.")


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(key_commands, name="key")
    app.add_typer(secret_commands, name="secret")


@key_commands.command()
def create(
    context: typer.Context,
    in_keyring: Annotated[bool, typer.Option("--keyring", help="Keep it in the operating system's keyring.")] = False,
) -> None:
    """Make the store's key: in a file beside the store that only you can read, or in the keyring.

    Example: mailadmin key create
    """
    from ..usecases import keeping

    with opened(context) as app:
        where = keeping.create_key(app, in_keyring=in_keyring)
    print_text(f"The key is in {where}. Keep a copy in a safe place: without it secrets must be entered again.")


@key_commands.command()
def show(context: typer.Context) -> None:
    """Say which key is in use, never the key itself.

    Example: mailadmin key show
    """
    with opened(context) as app, app.store.reading() as connection:
        key = app.key(connection)
    print_text(f"key {key.id}" if key else "no key: documents are unsealed, and secrets cannot be kept")


@key_commands.command()
def rotate(context: typer.Context) -> None:
    """Put every secret under a new key; interrupted anywhere, run it again and it goes on.

    Example: mailadmin key rotate
    """
    from ..usecases import maintaining

    with opened(context) as app, working("Changing the key") as progress:
        done = maintaining.rotate_key(app, progress)
    print_text(f"Key {done.new}… replaces {done.old}…; {done.secrets} secret(s) were put under it. Keep a copy of it.")


@secret_commands.command("set")
def set_(
    context: typer.Context,
    cost_centre: Annotated[str, typer.Argument(help="Cost Centre, such as GLOBAL.")],
    service: Annotated[ServiceKind, typer.Argument(help="SMTP or EXCHANGE.")],
    field: Annotated[str, typer.Argument(help=f"One of {', '.join(SECRET_FIELDS)}.")],
    user: Annotated[str | None, typer.Option(help="In this user's override.")] = None,
) -> None:
    """Enter a password or client secret; it is typed, never an argument, and goes to the vault.

    Example: mailadmin secret set GLOBAL EXCHANGE client_secret
    """
    from ..usecases import configuring, migrating

    with opened(context) as app:
        whose = f"{cost_centre} {service}" + (f", user {user}" if user else "")
        secret = typer.prompt(f"{field} of {whose}", hide_input=True, confirmation_prompt=True, err=True)
        plan = configuring.plan_secret(app, cost_centre, service, field, secret, user=user)
        run = migrating.apply(app, plan, plan.confirmation)
    print_text(f"{field} of {whose} is set (run {run.run}; take it back with: mailadmin rollback {run.run}).")
