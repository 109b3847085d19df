"""mailadmin scan and snapshot widgets: what scripts use that the upgrade took away; widgets too old for it."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .output import Form, FormOption, Point, RawOption, emit, print_text, say, tell, working
from .session import opened
from .snapshot import commands as of_snapshots

if TYPE_CHECKING:
    from ..interchange.scripts import Use
    from ..usecases.scanning import Scan


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(scan)
    of_snapshots.command()(widgets)


COLUMNS = ("file", "line", "column", "owner_hint", "member", "replacement", "text", "kind")
WIDGET_COLUMNS = ("widget", "version", "needed", "of", "state", "remedy")


def scan(
    paths: Annotated[list[Path], typer.Argument(help="Scripts, or folders of them, in any text format.")],
    comments: Annotated[
        bool, typer.Option("--comments/--no-comments", help="List what stands in comments as well.")
    ] = True,
    check: Annotated[bool, typer.Option("--check", help="End with exit code 1 if code uses one.")] = False,
    form: FormOption = Form.TABLE,
    raw: RawOption = False,
) -> None:
    """Find the obsoleted members of finPOWER Connect in scripts, with what replaces each.

    VB.NET and C# are told by their file names, or by their statements; other text is searched as it stands. Kinds:
    code, name (of nothing: likely the script's own), comment, string, text. An owner is a hint.

    Example: mailadmin scan scripts/ --check
    """
    from ..errors import BadInput, DifferencesFound
    from ..interchange.script_lexing import Kind
    from ..usecases import scanning

    with working("Scanning") as progress:
        done = scanning.scan(paths, progress=progress)
    listed = [place for place in done.found if comments or place.use.kind is not Kind.COMMENT]
    if form is not Form.TABLE:
        emit(COLUMNS, ((place.file, *place.use) for place in listed), form, raw=raw)
    else:
        for file, places in groupby(listed, key=lambda place: place.file):
            tell(file, [_point(place.use) for place in places])
        print_text(_summary(done))
    if done.problems:
        lines = "\n".join(f"  {problem}" for problem in done.problems)
        raise BadInput(f"Not everything was scanned:\n{lines}", remedy="What is listed is right, and may not be all.")
    if check and done.code:
        files = Counter(place.file for place in done.code)
        raise DifferencesFound("Code uses obsoleted members.", [f"{file}: {count}" for file, count in files.items()])


def _point(use: Use) -> Point:
    return f"line {use.line}, column {use.column}, {use.kind}: {use.member}", (
        ("of", use.owner_hint),
        ("now", use.replacement),
        ("line", use.text),
    )


def _summary(done: Scan) -> str:
    counts = done.counts
    binary = f", {done.binary:,} binary passed over" if done.binary else ""
    named = ", ".join(f"{counts[kind]:,} in {kind}" for kind in sorted(counts)) or "no obsoleted member is named"
    return f"{done.files:,} file(s){binary}: {named}."


def widgets(
    context: typer.Context,
    snapshot: Annotated[str, typer.Argument(help="File or id.")],
    check: Annotated[
        bool, typer.Option("--check", help="End with exit code 1 if one is missing, older or unknown.")
    ] = False,
    form: FormOption = Form.TABLE,
    raw: RawOption = False,
) -> None:
    """Show which widgets of a site are missing, or older than finPOWER Connect 6.00.02 needs.

    Example: mailadmin snapshot widgets before.json --check
    """
    from ..audit.widgets import check_widgets
    from ..errors import DifferencesFound
    from ..usecases import migrating

    with opened(context) as app:
        found = check_widgets(migrating.load_snapshot(app, snapshot).tables.get("widgets"))
    if found or form is not Form.TABLE:
        rows = [(f.widget.name, f.version, f.widget.version, f.widget.day, f.state, f.remedy) for f in found]
        shown = len(WIDGET_COLUMNS) if form is not Form.TABLE else WIDGET_COLUMNS.index("remedy")
        emit(WIDGET_COLUMNS[:shown], [row[:shown] for row in rows], form, raw=raw)
    else:
        print_text("Every widget the release changed is there, and new enough.")
    if form is Form.TABLE:
        for state, remedy in dict.fromkeys((f.state, f.remedy) for f in found):
            say(f"{state}: {remedy}")
    if check and found:
        raise DifferencesFound("Widgets are not as the release needs them.", [f.widget.name for f in found])
