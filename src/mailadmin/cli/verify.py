"""mailadmin verify: whether every account works, rung by rung, without sending."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .output import Form, FormOption, emit, print_text, say, working
from .session import opened

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from ..usecases.verifying import Finding, Verified


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(verify)


COLUMNS = (
    "service", "cost_centre", "account", "sender", "users", "result", "rung", "rung_result", "seconds", "code",
    "meaning", "remedy", "advisories",
)  # fmt: skip
RUNG_COLUMNS = ("account", "sender", "rung", "rung_result", "seconds", "meaning", "remedy")
SHOWN = ("cost_centre", "account", "users", "result", "where", "why", "remedy")


def verify(
    context: typer.Context,
    every: Annotated[
        bool, typer.Option("--all", help="Every service somebody could use, not only the one chosen by rule.")
    ] = False,
    user: Annotated[list[str] | None, typer.Option(help="Only accounts of this user; repeat for more.")] = None,
    cost_centre: Annotated[str | None, typer.Option(help="Only accounts of this Cost Centre.")] = None,
    deadline: Annotated[float, typer.Option(help="Seconds until a server is given up.")] = 20.0,
    rungs: Annotated[bool, typer.Option("--rungs", help="Show every rung, not only where it breaks.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="End with exit code 1 where an account does not work.")
    ] = False,
    form: FormOption = Form.TABLE,
) -> None:
    """Try every account people send by, up to a recipient, and send nothing.

    SMTP: name, connection, greeting, TLS, login, sender, recipient. Exchange: tenant, token, roles, mailbox, folders.
    Exchange on premises: name, connection, TLS, login, mailbox. What a person's own Outlook does is not seen from here.

    Example: mailadmin verify --all
    """
    from ..errors import DifferencesFound
    from ..providers.ladder import Result
    from ..usecases import verifying

    with opened(context) as app:
        with working("Verifying") as step:
            wanted = verifying.subjects(app, every_service=every, users=user or (), cost_centre=cost_centre)
            chosen = list(verifying.with_deadline(wanted, deadline))
            found = verifying.verify(app, chosen, progress=lambda done, of: step(f"{done} of {of}"))
        today = app.clock().date()
    if not found:
        say("Nobody is ready to send, so there is no account to verify: mailadmin effective says why.")
    elif form is not Form.TABLE:
        emit(COLUMNS, [row for v in found for row in _rows(v, today)], form)
    elif rungs:
        places = [COLUMNS.index(name) for name in RUNG_COLUMNS]
        emit(RUNG_COLUMNS, [[row[i] for i in places] for v in found for row in _rows(v, today)], form)
    else:
        _show(verifying.findings(found), today)
    bad = [f"{v.subject.name}: {v.broken.meaning}" for v in found if v.broken]
    if check and bad:
        raise DifferencesFound(f"{len(bad)} account(s) do not work.", bad, remedy="mailadmin verify --rungs")
    if form is Form.TABLE and found:
        counted = {result: sum(v.result is result for v in found) for result in Result}
        print_text(f"{len(found)} account(s): " + ", ".join(f"{n} {r}" for r, n in counted.items() if n) + ".")


def _rows(verified: Verified, today: date) -> list[Sequence[object]]:
    subject = verified.subject
    facts = "; ".join(advisory.words(today) for advisory in subject.advisories)
    return [
        (
            str(subject.service), subject.cost_centre, subject.name, subject.sender, len(subject.users),
            str(verified.result), rung.name, str(rung.result), f"{rung.seconds:.3f}", rung.code or "", rung.meaning,
            rung.remedy, facts,
        )
        for rung in verified.rungs
    ]  # fmt: skip


def _show(found: list[Finding], today: date) -> None:
    """What is wrong, with the most users first; what will stop working as notes below, by number."""
    advisories = list(dict.fromkeys(advisory for line in found for advisory in line.subject.advisories))
    rows = [
        (
            line.subject.cost_centre,
            " ".join([line.subject.name, *(f"[{advisories.index(a) + 1}]" for a in line.subject.advisories)]),
            len(line.users),
            str(line.result),
            *((line.odd.name, line.odd.meaning, line.odd.remedy) if line.odd else ("", "", "")),
        )
        for line in found
    ]
    emit(SHOWN, rows, Form.TABLE)
    for number, advisory in enumerate(advisories, 1):
        say(f"[{number}] {advisory.words(today)}. {advisory.remedy} Source: {advisory.source}.")
