"""mailadmin report …: files to hand over to people who will never open a command line, and whether they are whole."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..domain.permissions import UPDATE_FROM
from .output import print_text, say, working
from .session import opened

if TYPE_CHECKING:
    from ..usecases.reporting import Written

commands = typer.Typer(no_args_is_help=True, help="Write reports to hand over, and check them.")

DayOption = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], metavar="DATE", help="The day it tells of; default today (UTC)."),
]
PdfOption = Annotated[
    bool | None, typer.Option("--pdf/--no-pdf", help="With a PDF or without; default: where typst is installed.")
]


@commands.callback()
def report() -> None:
    """Write reports to hand over, and check them."""


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
    pdf: PdfOption = None,
) -> None:
    """Report what a migration does, for a client: one HTML page, the same as a workbook and as a PDF.

    Example: mailadmin report migration plan.json --out report/
    """
    from ..usecases import reporting

    with opened(context) as app, working("Drawing the report"):
        written = reporting.write_migration_report(
            app, plan_file, out, as_of=None if as_of is None else as_of.date(), pdf=pdf
        )
    _tell(written)


@commands.command()
def audit(
    context: typer.Context,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder the files are written to: a new one.")] = Path(
        "audit"
    ),
    key: Annotated[str, typer.Option("--key", help="The permission asked for.")] = UPDATE_FROM,
    as_of: DayOption = None,
    rights: Annotated[
        list[Path] | None, typer.Option("--rights", metavar="FILE", help="Export of mailbox rights; may be repeated.")
    ] = None,
    pdf: PdfOption = None,
    notebook: Annotated[bool, typer.Option("--notebook", help="With the audit notebook, executed.")] = False,
) -> None:
    """Report who may, by which path, who did and what was found, as evidence: HTML, XLSX, PDF, CSV, JSON, manifest.

    The same store and day give the same bytes. Example: mailadmin report audit --out audit-2026-11 --as-of 2026-11-30
    """
    from ..usecases import reporting

    with opened(context) as app, working("Auditing"):
        written = reporting.write_audit_report(
            app,
            out,
            key,
            as_of=None if as_of is None else as_of.date(),
            rights=rights or (),
            pdf=pdf,
            notebook=notebook,
        )
    _tell(written)


@commands.command()
def verify(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of an audit report.")],
) -> None:
    """Check that nothing of a report was altered, added or taken away; exit code 3 names every file that was.

    The audit trail has to hold the entry that was its last when the report was made.

    Example: mailadmin report verify audit-2026-11
    """
    from ..usecases import inspecting, reporting

    with opened(context) as app, working("Checking"):
        found = inspecting.verify_report(app, folder)
    print_text(f"{found.files} files, as they were made. {found.evidence.mark}")
    if not found.sealed:
        say(f"note: {reporting.NO_KEY}")


def _tell(written: Written) -> None:
    for file in written.files:
        print_text(f"{file}: {file.stat().st_size:,} bytes")
    for note in written.notes:
        say(f"note: {note}")
