"""The command line: one command per use case, nothing decided here."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from typing import Annotated

import typer

from .. import __version__
from ..errors import MailAdminError
from .output import print_text, say
from .session import Chosen

PARTS = (
    "snapshot", "migration", "report", "scan", "effective", "configuration", "verify", "sending", "outbox", "portal",
    "user_settings", "sandbox", "switches", "serving", "keys", "store", "auditing", "findings", "fleet", "calendar",
    "demo",
)  # fmt: skip
"""TABLE: the modules of commands, in the order of the help."""

ALONE = {"scan": ("scan",)}
"""Commands that are started often on their own, and the modules they need: importing the others takes 0.1 s."""

StoreOption = Annotated[
    str | None,
    typer.Option("--store", metavar="URL", help="Store: a SQLite file or a database URL. Default: mailadmin.db here."),
]


def _version(wanted: bool) -> None:
    if wanted:
        print_text(f"mailadmin {__version__}")
        raise typer.Exit


VersionOption = Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which this is.")]


def choose(context: typer.Context, store: StoreOption = None, version: VersionOption = False) -> None:
    """See, migrate, prove and audit who sends e-mail how.

    Example: mailadmin snapshot take export/ && mailadmin plan ID --out plan.json
    """
    context.ensure_object(Chosen).store = store


@cache
def application(command: str = "") -> typer.Typer:
    """The application: with every command, or with one that stands alone."""
    made = typer.Typer(
        name="mailadmin",
        help="See, migrate, prove and audit who sends e-mail how.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    made.callback()(choose)
    for part in ALONE.get(command, PARTS):
        import_module(f".{part}", __name__).add_to(made)
    return made


def main() -> None:
    """Run a command; an error of ours ends it with its words, its remedy and its exit code."""
    try:
        application(sys.argv[1] if len(sys.argv) > 1 else "")()
    except MailAdminError as error:
        say(f"mailadmin: {error}")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        say("mailadmin: stopped. What was not finished was not kept.")
        sys.exit(130)
