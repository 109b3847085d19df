"""mailadmin outbox …: what went out, what did not, and what nobody can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .output import Form, FormOption, emit, print_text, say, working
from .session import opened

if TYPE_CHECKING:
    from ..storage.outbox import Entry

commands = typer.Typer(no_args_is_help=False, help="What went out, what did not, and what nobody can tell.")

COLUMNS = ("id", "state", "user_id", "from", "recipients", "subject", "note", "created_at", "service", "account")
ON_SCREEN = 7
"""The columns of a table for people; files have them all."""


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(commands, name="outbox")


@commands.callback(invoke_without_command=True)
def outbox(context: typer.Context, form: FormOption = Form.TABLE) -> None:
    """List every message, oldest first.

    Example: mailadmin outbox
    """
    if context.invoked_subcommand is not None:
        return
    from ..usecases import reconciling

    with opened(context) as app:
        _emit(reconciling.messages(app), form)


@commands.command()
def show(
    context: typer.Context,
    message: Annotated[str, typer.Argument(help="Its id, or the beginning of it.")],
) -> None:
    """Show one message: what is known of it, and what was said at every try.

    Example: mailadmin outbox show 3f2a
    """
    from ..storage.outbox import STATES
    from ..usecases import reconciling

    with opened(context) as app:
        entry, attempts = reconciling.message(app, message)
    print_text(f"{entry.state}: {STATES[entry.state]}\n{entry.note}")
    told = [(s.email, s.code or "", s.said) for s in entry.recipients]
    emit(("recipient", "code", "said"), told, Form.TABLE)
    for attempt in attempts:
        print_text(f"Try {attempt.attempt}, {attempt.at}, by {attempt.by}: {attempt.outcome} - {attempt.said}")
        print_text("\n".join(f"  {line}" for line in attempt.transcript))


@commands.command()
def retry(
    context: typer.Context,
    message: Annotated[str, typer.Argument(help="Its id, or the beginning of it.")],
    accept_changes: Annotated[bool, typer.Option("--accept-changes", help="Though its account changed since.")] = False,
) -> None:
    """Try a message again that was not accepted yet; everything is decided anew.

    Example: mailadmin outbox retry 3f2a
    """
    from ..usecases import sending

    with opened(context) as app, working("Sending"):
        sent = sending.send_kept(app, message, accept_changes=accept_changes)
    _emit([sent.entry], Form.TABLE)


@commands.command()
def reconcile(
    context: typer.Context,
    message: Annotated[str | None, typer.Argument(help="Only this one, about which you say what you found.")] = None,
    verdict: Annotated[str | None, typer.Option("--as", help="sent, 'not sent' or 'send again'.")] = None,
) -> None:
    """Look up what became of messages nobody can tell about, or say what you found out yourself.

    Example: mailadmin outbox reconcile && mailadmin outbox reconcile 3f2a --as sent
    """
    from ..errors import BadInput
    from ..usecases import reconciling
    from ..usecases.reconciling import Verdict

    if (message is None) != (verdict is None):
        raise BadInput("Name a message and say --as what.", remedy="Or neither, to look all of them up.")
    with opened(context) as app:
        if message is not None:
            if verdict not in set(Verdict):
                raise BadInput(f"{verdict!r} is none of: {', '.join(Verdict)}.")
            _emit([reconciling.decide(app, message, Verdict(verdict))], Form.TABLE)
            return
        with working("Looking messages up"):
            found = reconciling.reconcile(app)
    rows = [(f.entry.id[:8], str(f.entry.state), f.words) for f in found]
    if rows:
        emit(
            ("id", "state", "found"), rows, Form.TABLE, note="Say it yourself: mailadmin outbox reconcile ID --as sent"
        )
    else:
        say("Of every message it is known what became of it.")


@commands.command()
def hold(context: typer.Context) -> None:
    """Hold everything that could still go out, as after putting a backup back.

    Example: mailadmin outbox hold
    """
    from ..usecases import reconciling

    with opened(context) as app:
        held = reconciling.hold_all(app)
    print_text(f"{len(held)} message(s) held. Send one with: mailadmin send --draft-id ID")


def _emit(entries: list[Entry], form: Form) -> None:
    rows = [
        (
            entry.id[:8], str(entry.state), entry.user_id, entry.sender_email,
            " ".join(status.email for status in entry.recipients), entry.subject, entry.note, entry.created_at,
            entry.service, entry.account,
        )
        for entry in entries
    ]  # fmt: skip
    if not rows and form is Form.TABLE:
        say("The outbox is empty.")
        return
    most = ON_SCREEN if form is Form.TABLE else len(COLUMNS)
    emit(COLUMNS[:most], [row[:most] for row in rows], form)
