"""mailadmin report …: files to hand over to people who will never open a command line."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from .output import print_text, say, working
from .session import opened

commands = typer.Typer(no_args_is_help=True, help="Write reports to hand over: HTML, XLSX and PDF.")


@commands.callback()
def report() -> None:
    """Write reports to hand over: HTML, XLSX and PDF."""


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(commands, name="report")


@commands.command()
def migration(
    context: typer.Context,
    plan_file: Annotated[Path, typer.Argument(metavar="PLAN", help="Plan file.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder the files are written to.")] = Path("report"),
    as_of: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=["%Y-%m-%d"], metavar="DATE", help="The report's date; default the plan's."),
    ] = None,
    pdf: Annotated[
        bool | None, typer.Option("--pdf/--no-pdf", help="With a PDF or without; default: where typst is installed.")
    ] = None,
) -> None:
    """Report what a migration does, for a client: one HTML page, the same as a workbook and as a PDF.

    Example: mailadmin report migration plan.json --out report/
    """
    from ..usecases import reporting

    with opened(context) as app, working("Drawing the report"):
        written = reporting.write_migration_report(
            app, plan_file, out, as_of=None if as_of is None else as_of.date(), pdf=pdf
        )
    for file in written.files:
        print_text(f"{file}: {file.stat().st_size:,} bytes")
    for note in written.notes:
        say(f"note: {note}")
