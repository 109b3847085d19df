"""mailadmin sandbox: a safe place to send to, on this machine alone."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Annotated

import typer

from .output import Form, emit, print_text, say
from .session import opened


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(sandbox)


def sandbox(
    context: typer.Context,
    folder: Annotated[Path | None, typer.Option(help="Keep the messages in this folder.")] = None,
    export: Annotated[Path | None, typer.Option(help="At the end write every message there, as .eml.")] = None,
    fault: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Switch this fault on, such as bad-login; repeat for more.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the faults.")] = 0,
) -> None:
    """Point the store at mail servers of its own on this machine, until Ctrl-C; nothing leaves the machine.

    Every service sends there by its own accounts; its page shows what arrived, and by which account. At the end the
    store is as it was.

    Example: mailadmin sandbox --folder inbox
    """
    from ..errors import UnknownName
    from ..sandbox.faults import FAULTS, Fault
    from ..usecases import sandboxing

    for name in fault or ():
        if name not in set(Fault):
            raise UnknownName("fault", name, remedy=f"There are: {', '.join(Fault)}.")
    with opened(context) as app, sandboxing.sandboxed(app, folder=folder, seed=seed) as playing:
        emit(("what", "where"), playing.sandbox.addresses().items(), Form.TABLE, title="The sandbox listens")
        for name in fault or ():
            playing.sandbox.faults.switch_on(Fault(name))
            say(f"Fault: {FAULTS[Fault(name)].title}")
        print_text(
            f"The store sends there now (run {playing.run.run}). Look at what arrives: {playing.sandbox.page_url}\n"
            'In another window: mailadmin send --user NAME --to you@example.com --subject Test --text "It works."\n'
            "Ctrl-C ends it and takes the run back."
        )
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            say("The sandbox ends; the store is as it was.")
        if export is not None:
            print_text(f"{len(playing.sandbox.inbox.export(export))} message(s) written to {export}.")
