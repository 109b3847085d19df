"""mailadmin portal …: a customer portal's e-mail settings, its contacts, and sending by it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..domain.keys import visible
from ..domain.portals import DOCUMENT_KINDS, NOTIFICATIONS, ORDER_PLACED, USER_INITIATED, PortalDocument
from .output import Form, FormOption, emit, print_text, say, working
from .sending import AttachOption, BccOption, CcOption, SubjectOption, ToOption, TranscriptOption, tell_sent
from .session import opened

if TYPE_CHECKING:
    from ..domain.messages import Attachment
    from ..domain.profiles import Secret
    from ..usecases.portal import Standing
    from ..usecases.sending import Sent

commands = typer.Typer(no_args_is_help=True, help="Customer portals: their e-mail settings, contacts, and sending.")


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(commands, name="portal")


DocumentKindName = StrEnum("DocumentKindName", {name: name for name in DOCUMENT_KINDS})  # type: ignore[misc]
NotificationName = StrEnum("NotificationName", {name: name for name in NOTIFICATIONS})  # type: ignore[misc]

CodeArgument = Annotated[str, typer.Argument(metavar="CODE", help="The portal's code.")]
PortalOption = Annotated[str, typer.Option(metavar="CODE", help="Which portal sends.")]
PartnerOption = Annotated[str, typer.Option(help="The business partner it is about: only its contacts get it.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Decide everything, send nothing.")]


@commands.command()
def status(
    context: typer.Context,
    code: Annotated[str | None, typer.Argument(help="One portal, with all of its settings.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 where a portal's users cannot send.")] = False,
    form: FormOption = Form.TABLE,
) -> None:
    """Say whether users of each portal can send e-mail, and if not, what is missing.

    Example: mailadmin portal status
    """
    from ..usecases import portal

    with opened(context) as app:
        found = [portal.standing(app, code)] if code else portal.portals(app)
    if code and form is Form.TABLE:
        emit(("setting", "value"), _settings(found[0]), form, title=f"Portal {found[0].portal.code}")
    emit(COLUMNS, map(_standing, found), form)
    if not found:
        say("There is no portal yet: mailadmin portal set CODE --default-from … --smtp-server …")
    if check and not all(one.readiness.ready for one in found):
        raise typer.Exit(1)


COLUMNS = ("portal", "email_button", "missing", "warnings")


def _standing(one: Standing) -> tuple[str, str, str, str]:
    ready = one.readiness
    return one.portal.code, "shown" if ready.ready else "hidden", "; ".join(ready.missing), " ".join(ready.warnings)


def _settings(one: Standing) -> list[tuple[str, str]]:
    from ..usecases.portal_settings import LABELS

    portal = one.portal
    said: dict[str, Any] = {
        "override_from": "yes" if portal.override_from else "no",
        "smtp_port": portal.smtp_port or "standard",
        "password": "set" if portal.password else "not set",
        "enable_ssl": "yes" if portal.enable_ssl else "no",
    }
    rows = [(label, str(said.get(name, getattr(portal, name)) or "")) for name, label in LABELS.items()]
    return rows + [(f"From of {sender.feature}", sender.address) for sender in portal.senders]


@commands.command("set")
def set_(
    context: typer.Context,
    code: CodeArgument,
    default_from: Annotated[str | None, typer.Option(help="Default 'From' address; '' takes it away.")] = None,
    smtp_server: Annotated[str | None, typer.Option(help="DNS name or IP address; '' takes it away.")] = None,
    port: Annotated[int | None, typer.Option(help="0 is the standard port: 587 with SSL, 25 without.")] = None,
    user_name: Annotated[str | None, typer.Option(help="'' for a server that asks for none.")] = None,
    ask_password: Annotated[
        bool, typer.Option("--ask-password", help="Ask for the password; it is typed, never an argument.")
    ] = False,
    enable_ssl: Annotated[bool | None, typer.Option(help="SSL or TLS: STARTTLS, unless the port is 465.")] = None,
    override: Annotated[bool | None, typer.Option(help="Override default 'From' for specific e-mails.")] = None,
    feature: Annotated[
        list[str] | None, typer.Option(metavar="NAME=ADDRESS", help="A feature's own From; repeat for more.")
    ] = None,
) -> None:
    """Make a portal or change its settings, as a run that can be taken back.

    Example: mailadmin portal set CUST --default-from shop@example.com --smtp-server smtp.example.com --enable-ssl
    """
    from ..usecases import portal, portal_settings

    given = {
        "default_from": default_from,
        "smtp_server": smtp_server,
        "smtp_port": port,
        "user_name": user_name,
        "enable_ssl": enable_ssl,
        "override_from": override,
    }
    values = {name: value for name, value in given.items() if value is not None}
    with opened(context) as app:
        password = _typed(f"Password of portal {code}") if ask_password else None
        change = portal_settings.plan_set(app, code, values, _features(feature or []), password)
        run = portal_settings.save(app, change)
        now = portal.standing(app, code) if run else None
    if run is None or now is None:
        print_text(f"Portal {code} is so already.")
        return
    print_text(f"Portal {now.portal.code} is set (run {run.run}; take it back with: mailadmin rollback {run.run}).")
    if change.cleared:
        say("The password is cleared: it was entered for another server, port, SSL or user name. Enter it again: "
            f"mailadmin portal set {now.portal.code} --ask-password")  # fmt: skip
    emit(COLUMNS, [_standing(now)], Form.TABLE)


def _typed(what: str, *, twice: bool = True) -> Secret:
    from ..domain.profiles import Secret

    text: str = typer.prompt(what, hide_input=True, confirmation_prompt=twice, err=True)
    return Secret(lambda: text)


def _features(given: list[str]) -> dict[str, str]:
    from ..errors import BadInput

    found = {}
    for text in given:
        name, equals, address = text.partition("=")
        if not equals or not name.strip():
            raise BadInput(f"{text!r} is not NAME=ADDRESS.", remedy="Such as --feature order_pad=orders@example.com.")
        found[name.strip()] = address.strip()
    return found


@commands.command()
def remove(context: typer.Context, code: CodeArgument) -> None:
    """Take a portal away, as a run that can be taken back.

    Example: mailadmin portal remove CUST
    """
    from ..usecases import portal_settings

    with opened(context) as app:
        run = portal_settings.remove(app, code)
    print_text(f"Portal {code} is gone (run {run.run}; take it back with: mailadmin rollback {run.run}).")


@commands.command()
def contacts(
    context: typer.Context,
    business_partner: Annotated[str, typer.Argument(help="The business partner's code.")],
    form: FormOption = Form.TABLE,
) -> None:
    """List whom a portal's users can write to about a business partner, and who cannot be written to and why.

    Example: mailadmin portal contacts C20000
    """
    from ..usecases import portal

    with opened(context) as app:
        found = portal.contacts(app, business_partner)
    rows = [(one.name, one.email, "offered", "") for one in found.offered]
    rows += [(one.name, one.email, "not offered", why) for one, why in found.unusable]
    emit(("name", "email", "standing", "why"), rows, form)
    if not rows:
        say(f"{business_partner} has no contacts. They come in with: mailadmin import, or a snapshot's contacts.csv")


@commands.command()
def send(
    context: typer.Context,
    portal: PortalOption,
    business_partner: PartnerOption,
    to: ToOption = None,
    cc: CcOption = None,
    bcc: BccOption = None,
    subject: SubjectOption = "",
    text: Annotated[str, typer.Option(help="The text.")] = "",
    attach: AttachOption = None,
    kind: Annotated[
        DocumentKindName | None,
        typer.Option(help="What the first file is: it is named after it, and so is the subject."),
    ] = None,
    number: Annotated[str, typer.Option(help="The document's number; without one it is the report of its kind.")] = "",
    feature: Annotated[
        str, typer.Option(help="The feature that sends, by its own From if it has one.")
    ] = USER_INITIATED,
    dry_run: DryRunOption = False,
    transcript: TranscriptOption = False,
    form: FormOption = Form.TABLE,
) -> None:
    """Send a report or document to contacts of one business partner, and to nobody else.

    Example: mailadmin portal send --portal CUST --business-partner C20000 --to a@example.com --kind invoice
    --number 4711 --attach 4711.pdf
    """
    from ..usecases import portal as by_portal

    document = PortalDocument(str(kind), number) if kind else None
    files = _files(attach or [], document)
    letter = by_portal.Letter(
        to=to or (),
        cc=cc or (),
        bcc=bcc or (),
        subject=subject or (document.title if document else ""),
        text=text or None,
        attachments=files,
    )
    with opened(context) as app, working("Deciding" if dry_run else "Sending"):
        sent = by_portal.send(app, portal, business_partner, letter, feature=feature, dry_run=dry_run)
    if dry_run and form is Form.TABLE:
        _show_mime(sent)
    tell_sent(sent, form, transcript=transcript)


def _show_mime(sent: Sent) -> None:
    from ..providers.mime import to_mime

    text = to_mime(sent.prepared.outgoing).decode(errors="backslashreplace")
    print_text("\n".join(map(visible, text.split("\r\n"))))


def _files(attach: list[Path], document: PortalDocument | None) -> tuple[Attachment, ...]:
    from ..errors import BadInput
    from ..usecases.composing import attachment_of
    from ..usecases.portal import pdf

    files = [attachment_of(file) for file in attach]
    if document is None:
        return tuple(files)
    if not files:
        raise BadInput(f"{document.title} has no file.", remedy="Name its PDF: --attach FILE.")
    return (pdf(document, files[0].content), *files[1:])


@commands.command()
def notify(
    context: typer.Context,
    what: Annotated[NotificationName, typer.Argument(help="What the portal tells by itself.")],
    portal: PortalOption,
    business_partner: PartnerOption,
    to: Annotated[list[str], typer.Option(help="A contact's address; one for a password reset.")],
    number: Annotated[str, typer.Option(help="The order's number.")] = "",
    attach: AttachOption = None,
    dry_run: DryRunOption = False,
    form: FormOption = Form.TABLE,
) -> None:
    """Send what a feature tells by itself, from its own address: an order placed, or a link to set a new password.

    The link is asked for, never an argument, and kept nowhere: it is sent at once or not at all.

    Example: mailadmin portal notify order-placed --portal CUST --business-partner C20000 --to a@example.com
    --number 1042
    """
    from ..errors import BadInput
    from ..usecases import portal as by_portal
    from ..usecases.composing import attachment_of

    with opened(context) as app:
        if what == ORDER_PLACED:
            files = tuple(attachment_of(file) for file in attach or ())
            with working("Sending"):
                sent: Sent = by_portal.order_placed(
                    app, portal, business_partner, number, to, attachments=files, dry_run=dry_run
                )
        else:
            if len(to) != 1 or attach or number:
                raise BadInput("A link to set a password goes to one contact, with nothing else.")
            link = _typed("Link", twice=False)
            with working("Sending"):
                sent = by_portal.password_reset(app, portal, business_partner, link, to[0], dry_run=dry_run)
    tell_sent(sent, form, transcript=False)
