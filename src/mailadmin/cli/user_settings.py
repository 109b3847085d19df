"""mailadmin user-settings …: e-mail settings of the system and of each user, as Monitor ERP has them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..domain.preferences import AuthenticationFlow, CopyToSelf, EmailMethod
from .output import Form, FormOption, emit, print_text, say, working
from .session import opened

if TYPE_CHECKING:
    from ..bootstrap import App
    from ..storage.books import Run
    from ..usecases.preferred import Standing
    from ..usecases.preferring import Change

commands = typer.Typer(no_args_is_help=True, help="E-mail settings of the system and of each user (Monitor ERP).")


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(commands, name="user-settings")


UserOption = Annotated[str | None, typer.Option(metavar="USER", help="Whose settings.")]
SystemOption = Annotated[bool, typer.Option("--system", help="The system's, for everybody who has none of their own.")]


def _owner(user: str | None, system: bool) -> str:
    """The user, or '' for the system. Raises BadInput where neither or both are named."""
    from ..domain.preferences import SYSTEM
    from ..errors import BadInput

    if system == bool(user):
        raise BadInput("Say whose settings: either --user USER or --system.")
    return user or SYSTEM


@commands.command()
def show(
    context: typer.Context,
    user: Annotated[str | None, typer.Argument(help="One user, setting by setting.")] = None,
    form: FormOption = Form.TABLE,
) -> None:
    """Show a user's settings beside the system's, with what is in force and why; or who has settings of their own.

    Example: mailadmin user-settings show JTaylor6
    """
    from ..resolution.explanation import reason
    from ..usecases import preferred

    with opened(context) as app:
        if user is None:
            found = [_standing(one) for one in preferred.everyone(app)]
            return emit(COLUMNS, found, form)
        page = preferred.page(app, user)
    title = f"{page.user}: {page.answer.status} - {reason(page.answer)}" if form is Form.TABLE else ""
    return emit(LINE_COLUMNS, [one[1:] for one in page.lines], form, title=title)


COLUMNS = ("user", "method", "email", "user_name", "password", "copy_to_self", "signature", "status")
LINE_COLUMNS = ("setting", "system", "user", "in_force", "why")


def _standing(one: Standing) -> tuple[str, ...]:
    from ..usecases.preferred import told

    row = one.row
    names = ("method", "email", "user_name", "password", "copy_to_self", "signature_html")
    return (one.user or "(the system)", *(told(name, getattr(row, name)) for name in names), str(one.answer.status))


@commands.command("set")
def set_(
    context: typer.Context,
    user: UserOption = None,
    system: SystemOption = False,
    method: Annotated[EmailMethod | None, typer.Option(help="E-mail method.")] = None,
    email: Annotated[str | None, typer.Option(help="E-mail address; '' takes it away, here and below.")] = None,
    user_name: Annotated[str | None, typer.Option(help="User name of the account.")] = None,
    server: Annotated[str | None, typer.Option(help="Name or address; of an Exchange server also https://…")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0 is the standard port.")] = None,
    use_ssl: Annotated[bool | None, typer.Option(help="SSL or TLS: STARTTLS, unless the port is 465.")] = None,
    copy_to_self: Annotated[CopyToSelf | None, typer.Option(help="Send copy to own e-mail address.")] = None,
    authentication_flow: Annotated[
        AuthenticationFlow | None, typer.Option(help="Exchange Online: how one signs in.")
    ] = None,
    client_id: Annotated[str | None, typer.Option(help="Exchange Online: application (client) ID.")] = None,
    tenant_id: Annotated[str | None, typer.Option(help="Exchange Online: directory (tenant) ID.")] = None,
) -> None:
    """Change settings of a user or of the system, as a run that can be taken back.

    A user's settings win over the system's. Another server, port, SSL or user name clears the password.

    Example: mailadmin user-settings set --user JTaylor6 --method "exchange online" --email joan@example.com
    """
    from ..usecases import preferring

    given = {
        "method": method,
        "email": email,
        "user_name": user_name,
        "server": server,
        "port": port,
        "use_ssl": use_ssl,
        "copy_to_self": copy_to_self,
        "authentication_flow": authentication_flow,
        "client_id": client_id,
        "tenant_id": tenant_id,
    }
    values = {name: value for name, value in given.items() if value is not None}
    whose = _owner(user, system)
    with opened(context) as app:
        _save(app, preferring.plan_set(app, whose, values))


@commands.command()
def unset(
    context: typer.Context,
    setting: Annotated[list[str] | None, typer.Argument(help="Which settings, such as server; all where none.")] = None,
    user: UserOption = None,
    system: SystemOption = False,
) -> None:
    """Take settings away, so that the system's count again for a user, as a run that can be taken back.

    Example: mailadmin user-settings unset method server --user JTaylor6
    """
    from ..errors import BadInput
    from ..usecases import preferring

    names = [name.replace("-", "_") for name in setting or preferring.LABELS]
    if unknown := [name for name in names if name not in preferring.LABELS]:
        known = ", ".join(preferring.LABELS)
        raise BadInput(f"There is no such setting: {', '.join(unknown)}.", remedy=f"There are: {known}.")
    whose = _owner(user, system)
    with opened(context) as app:
        _save(app, preferring.plan_set(app, whose, dict.fromkeys(names)))


@commands.command()
def secret(
    context: typer.Context,
    user: UserOption = None,
    system: SystemOption = False,
    client_secret: Annotated[
        bool, typer.Option("--client-secret", help="The application's secret (Exchange Online), not a password.")
    ] = False,
) -> None:
    """Ask for a password, or the application's secret: it is typed, never an argument, and never shown.

    Example: mailadmin user-settings secret --user JTaylor6
    """
    from ..domain.profiles import Secret
    from ..usecases import preferring

    whose = _owner(user, system)
    column = "client_secret" if client_secret else "password"
    with opened(context) as app:
        if not client_secret:
            preferring.check_password(app, whose)
        what = f"{preferring.LABELS[column]} of {preferring.owner(whose)}"
        text: str = typer.prompt(what, hide_input=True, confirmation_prompt=True, err=True)
        _save(app, preferring.plan_set(app, whose, {}, {column: Secret(lambda: text)}))


@commands.command()
def signature(
    context: typer.Context,
    user: Annotated[str, typer.Option(metavar="USER", help="Whose signature.")],
    file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="HTML, such as Outlook keeps; none takes it away.")
    ] = None,
    web_pictures: Annotated[
        bool, typer.Option("--web-pictures", help="Keep pictures from the web: their owner learns who reads.")
    ] = False,
) -> None:
    """Keep a user's signature, cleaned of whatever runs or asks; it says what was taken out.

    Example: mailadmin user-settings signature --user JTaylor6 --file signature.htm
    """
    from ..usecases import signing

    with opened(context) as app:
        html = signing.signature_in(file) if file else ""
        signed = signing.set_signature(app, user, html, web_pictures=web_pictures)
    for what in signed.signature.taken_out:
        say(f"Taken out: {what}.")
    if signed.note:
        say(signed.note)
    if signed.run is None:
        print_text("The signature is so already.")
        return
    _told(f"The signature of {user} is {'set' if html else 'taken away'}", signed.run)
    if signed.signature.text:
        print_text(signed.signature.text)


def _save(app: App, change: Change) -> None:
    from ..usecases import preferring

    run = preferring.save(app, change)
    if run is None:
        return print_text("That is so already.")
    _told(f"{preferring.owner(change.after.user_id)} is set", run)
    whose = f"--user {change.after.user_id}" if change.after.user_id else "--system"
    for name in change.cleared:
        of = " --client-secret" if name == "client_secret" else ""
        say(f"The {name.replace('_', ' ')} is cleared. Enter it again: mailadmin user-settings secret {whose}{of}")
    if change.followers:
        say(
            f"The passwords of {change.followers} user(s) without a server of their own are cleared with it: "
            "they were entered for the server there was."
        )
    return None


def _told(what: str, run: Run) -> None:
    print_text(f"{what} (run {run.run}; take it back with: mailadmin rollback {run.run}).")


@commands.command()
def validate(
    context: typer.Context,
    user: UserOption = None,
    every: Annotated[bool, typer.Option("--all", help="Everybody's account.")] = False,
    deadline: Annotated[float, typer.Option(help="Seconds until a server is given up.")] = 20.0,
    check: Annotated[bool, typer.Option("--check", help="End with exit code 1 where one does not work.")] = False,
    form: FormOption = Form.TABLE,
) -> None:
    """Try whether accounts work, and send nothing: a tick, or the reason and what to do.

    Example: mailadmin user-settings validate --all
    """
    from ..errors import BadInput, DifferencesFound
    from ..migration.draft import whom
    from ..providers.ladder import Result
    from ..usecases.validating import validate

    if every == bool(user):
        raise BadInput("Say whose account: either --user USER or --all.")
    with opened(context) as app, working("Validating") as step:
        found = validate(app, user or "", deadline=deadline, progress=lambda done, of: step(f"{done} of {of}"))
    if form is Form.TABLE:
        emit(VALIDATE_SHOWN, [(one.mark, whom(one.users), one.account, one.why, one.remedy) for one in found], form)
    else:
        emit(VALIDATE_COLUMNS, [(str(one.result), user, *one[1:4]) for one in found for user in one.users], form)
    bad = [f"{whom(one.users)}: {one.why}" for one in found if one.result is Result.FAILED]
    if check and bad:
        raise DifferencesFound(f"{len(bad)} account(s) do not work.", bad, remedy="mailadmin user-settings show USER")


VALIDATE_COLUMNS = ("result", "user", "account", "why", "remedy")
VALIDATE_SHOWN = ("", "user", "account", "why", "remedy")
