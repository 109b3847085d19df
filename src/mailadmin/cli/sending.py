"""mailadmin send and draft: one message, by the account the rules choose, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..domain.keys import visible
from ..domain.messages import Importance
from ..domain.services import ServiceKind
from .output import Form, FormOption, emit, print_text, say, working
from .session import opened

if TYPE_CHECKING:
    from ..domain.messages import Message
    from ..resolution.provenance import Context
    from ..usecases.preparing import Wish
    from ..usecases.sending import MakeProvider, Sent


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(send)
    app.command()(draft)


UserOption = Annotated[str | None, typer.Option(help="Who sends; the account and its From follow from this.")]
ToOption = Annotated[list[str] | None, typer.Option(help="One address each; repeat for more.")]
CcOption = Annotated[list[str] | None, typer.Option(help="One address each, shown to everybody.")]
BccOption = Annotated[list[str] | None, typer.Option(help="One address each, shown to nobody.")]
ReplyToOption = Annotated[
    list[str] | None, typer.Option(help="Where answers go: the sender's or the account's address.")
]
SubjectOption = Annotated[str, typer.Option(help="Subject line.")]
TextOption = Annotated[str | None, typer.Option(help="The text, or @FILE.")]
HtmlOption = Annotated[Path | None, typer.Option(help="File with the HTML body.")]
AttachOption = Annotated[list[Path] | None, typer.Option(help="File to attach; repeat for more.")]
InlineOption = Annotated[
    list[Path] | None, typer.Option(help="Image within the HTML, shown by cid:<file name>; repeat for more.")
]
ImportanceOption = Annotated[Importance, typer.Option(help="low, normal or high.")]
FromOption = Annotated[
    str | None, typer.Option("--from", help="Another From address; needs Messaging.Email.UpdateFrom.")
]
FromNameOption = Annotated[str | None, typer.Option(help="Another name beside the From address.")]
ServiceOption = Annotated[ServiceKind | None, typer.Option(help="By this service instead of choosing by rule.")]
BranchOption = Annotated[str | None, typer.Option(help="At this branch instead of the user's own.")]
WebOption = Annotated[str | None, typer.Option(metavar="CODE", help="In this web configuration.")]
UnattendedOption = Annotated[bool, typer.Option("--unattended", help="Nobody is there to choose a service.")]
EmlOption = Annotated[
    Path | None,
    typer.Option("--eml", metavar="FILE", help="With OUTLOOK: hand it over as this new file, or in this folder."),
]
MailtoOption = Annotated[bool, typer.Option("--mailto", help="With OUTLOOK: hand it over as a link; no attachments.")]
TranscriptOption = Annotated[bool, typer.Option("--transcript", help="Show what was said, passwords as ****.")]


def send(
    context: typer.Context,
    user: UserOption = None,
    to: ToOption = None,
    cc: CcOption = None,
    bcc: BccOption = None,
    reply_to: ReplyToOption = None,
    subject: SubjectOption = "",
    text: TextOption = None,
    html: HtmlOption = None,
    attach: AttachOption = None,
    inline: InlineOption = None,
    importance: ImportanceOption = Importance.NORMAL,
    sender: FromOption = None,
    from_name: FromNameOption = None,
    service: ServiceOption = None,
    branch: BranchOption = None,
    web: WebOption = None,
    unattended: UnattendedOption = False,
    eml: EmlOption = None,
    mailto: MailtoOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Decide and show everything, send nothing.")] = False,
    draft_id: Annotated[
        str | None, typer.Option(metavar="ID", help="Send this draft, or try this message of the outbox again.")
    ] = None,
    accept_changes: Annotated[
        bool, typer.Option("--accept-changes", help="Though the account changed since the draft was kept.")
    ] = False,
    transcript: TranscriptOption = False,
    form: FormOption = Form.TABLE,
) -> None:
    """Send one message, and say which account was used, why, and what the server said.

    Example: mailadmin send --user JTaylor6 --to someone@example.com --subject Test --text "It works." --dry-run
    """
    from ..usecases import sending

    provider = _provider(eml, mailto)
    with opened(context) as app:
        if draft_id is not None:
            with working("Sending"):
                sent = sending.send_kept(app, draft_id, accept_changes=accept_changes, provider=provider)
        else:
            message = _message(to, cc, bcc, reply_to, subject, text, html, attach, inline, importance)
            asked, wish = _asked(user, branch, web, service, unattended), _wish(sender, from_name)
            with working("Deciding" if dry_run else "Sending"):
                sent = sending.send(app, message, asked, wish, dry_run=dry_run, provider=provider)
    if dry_run and form is Form.TABLE:
        _show(sent, provider)
    tell_sent(sent, form, transcript=transcript)


def _provider(eml: Path | None, mailto: bool) -> MakeProvider:
    from ..errors import BadInput
    from ..providers.outlook import handing_over
    from ..providers.registry import provider_for

    if eml is not None and mailto:
        raise BadInput("A message is handed over as a file or as a link.", remedy="Give --eml or --mailto, not both.")
    if eml is not None or mailto:
        return handing_over(as_link=mailto, place=eml)
    return provider_for


def draft(
    context: typer.Context,
    user: UserOption = None,
    to: ToOption = None,
    cc: CcOption = None,
    bcc: BccOption = None,
    reply_to: ReplyToOption = None,
    subject: SubjectOption = "",
    text: TextOption = None,
    html: HtmlOption = None,
    attach: AttachOption = None,
    inline: InlineOption = None,
    importance: ImportanceOption = Importance.NORMAL,
    sender: FromOption = None,
    from_name: FromNameOption = None,
    service: ServiceOption = None,
    branch: BranchOption = None,
    web: WebOption = None,
    transcript: TranscriptOption = False,
    form: FormOption = Form.TABLE,
) -> None:
    """Keep a message in the mailbox's Drafts; send it later with: mailadmin send --draft-id ID.

    Example: mailadmin draft --user JTaylor6 --to someone@example.com --subject Later --service EXCHANGE
    """
    from ..usecases import sending

    message = _message(to, cc, bcc, reply_to, subject, text, html, attach, inline, importance)
    with opened(context) as app, working("Keeping the draft"):
        asked = _asked(user, branch, web, service, unattended=False)
        sent = sending.save_draft(app, message, asked, _wish(sender, from_name))
    tell_sent(sent, form, transcript=transcript)
    say(f"Send it with: mailadmin send --draft-id {sent.entry.id[:8]}")


def _message(
    to: list[str] | None,
    cc: list[str] | None,
    bcc: list[str] | None,
    reply_to: list[str] | None,
    subject: str,
    text: str | None,
    html: Path | None,
    attach: list[Path] | None,
    inline: list[Path] | None,
    importance: Importance,
) -> Message:
    from ..domain.messages import Address, Message
    from ..usecases.composing import attachment_of

    def people(addresses: list[str] | None) -> tuple[Address, ...]:
        return tuple(map(Address, addresses or ()))

    return Message(
        to=people(to),
        cc=people(cc),
        bcc=people(bcc),
        reply_to=people(reply_to),
        subject=subject,
        text=_read(Path(text[1:])).decode() if text and text.startswith("@") else text,
        html=_read(html).decode() if html else None,
        attachments=(
            *(attachment_of(file) for file in attach or ()),
            *(attachment_of(file, inline=True) for file in inline or ()),
        ),
        importance=importance,
    )


def _read(file: Path) -> bytes:
    from ..errors import BadInput

    try:
        return file.read_bytes()
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}.", remedy="Nothing was sent.") from error


def _asked(
    user: str | None, branch: str | None, web: str | None, service: ServiceKind | None, unattended: bool
) -> Context:
    from ..resolution.provenance import Context

    return Context(user=user, branch=branch, web_configuration=web, service=service, attended=not unattended)


def _wish(sender: str | None, name: str | None) -> Wish:
    from ..usecases.preparing import Wish

    return Wish(sender, name)


def _show(sent: Sent, provider: MakeProvider) -> None:
    """The message as it would travel, or be handed over."""
    from ..providers.mime import to_mime
    from ..providers.outlook import OutlookProvider

    outgoing, sender = sent.prepared.outgoing, provider(sent.prepared.account.profile)
    raw = sender.written(outgoing) if isinstance(sender, OutlookProvider) else to_mime(outgoing)
    text = raw.decode(errors="backslashreplace")
    print_text("\n".join(map(visible, text.split("\r\n"))))


COLUMNS = (
    "id", "state", "service", "cost_centre", "account", "from", "from_reason", "recipient", "code", "said",
    "message_id", "saved_in",
)  # fmt: skip


def tell_sent(sent: Sent, form: Form, *, transcript: bool) -> None:
    """Print what became of a message."""
    from ..resolution.explanation import explain

    entry, delivery = sent.entry, sent.delivery
    saved = (delivery.saved_in or delivery.handed_over or "") if delivery else ""
    sender = f"{entry.sender_name} <{entry.sender_email}>" if entry.sender_name else entry.sender_email
    rows = [
        (
            entry.id[:8], str(entry.state), entry.service, entry.cost_centre, entry.account, sender,
            entry.sender_reason, status.email, status.code or "", status.said, entry.message_id, saved,
        )
        for status in entry.recipients
    ]  # fmt: skip
    if form is not Form.TABLE:
        emit(COLUMNS, rows, form)
        return
    facts = (
        ("state", f"{entry.state}: {entry.note}"),
        ("account used", f"{entry.account}, {entry.service}{f' of {entry.cost_centre}' if entry.cost_centre else ''}"),
        ("from", f"{sender} ({entry.sender_reason})"),
        ("message id", entry.message_id),
        ("handed over" if delivery and delivery.handed_over else "saved in", saved),
        ("rights needed", "; ".join(sent.rights)),
    )
    emit(("what", "which"), [fact for fact in facts if fact[1]], form)
    emit(("recipient", "code", "said"), [row[7:10] for row in rows], form)
    print_text("Why this account:\n" + explain(sent.resolution))
    for warning in delivery.warnings if delivery else ():
        say(f"Note: {warning}")
    if transcript and delivery:
        print_text("\n".join(delivery.transcript))
