"""mailadmin snapshot …: note an export, look at it, compare it, check it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .output import Form, FormOption, RawOption, emit, print_text, say, working
from .session import opened

if TYPE_CHECKING:
    from ..migration.snapshot import Listed, Snapshot

commands = typer.Typer(no_args_is_help=True, help="Note what was before the upgrade, look at it, compare it, check it.")


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(commands, name="snapshot")


def seal_word(snapshot: Snapshot | Listed) -> str:
    """How far a snapshot can be trusted, in a word."""
    return "sealed" if snapshot.seal else "unsealed"


@commands.command()
def take(
    context: typer.Context,
    source: Annotated[
        Path, typer.Argument(help="Folder of CSV files, XLSX workbook, JSON file, or SELECTs for --sql.")
    ],
    out: Annotated[Path | None, typer.Option(help="Also write the snapshot to this file.")] = None,
    sql: Annotated[
        str | None, typer.Option(metavar="URL", help="Read from this database, SELECTs from SOURCE.")
    ] = None,
    ignore_unknown: Annotated[
        bool, typer.Option("--ignore-unknown", help="List unknown columns, do not refuse.")
    ] = False,
    no_secrets: Annotated[
        bool, typer.Option("--no-secrets", help="Note passwords as present only; they are entered again later.")
    ] = False,
) -> None:
    """Take a snapshot of an export, whole or not at all.

    Example: mailadmin snapshot take data/sample/kowhai-csv --out before.json
    """
    from ..usecases import migrating

    with opened(context) as app, working("Reading") as progress:
        taken = migrating.take_snapshot(
            app, source, out=out, sql=sql, ignore_unknown=ignore_unknown, keep_secrets=not no_secrets, progress=progress
        )
    _show(taken)


@commands.command("list")
def list_(context: typer.Context, form: FormOption = Form.TABLE, raw: RawOption = False) -> None:
    """List the snapshots this store keeps.

    Example: mailadmin snapshot list
    """
    from ..usecases import migrating

    with opened(context) as app:
        found = migrating.snapshots(app)
    columns = ("id", "taken_at", "taken_by", "source", "fingerprint", "seal")
    rows = [(s.id, s.taken_at, s.taken_by, s.source, s.fingerprint[:12], seal_word(s)) for s in found]
    emit(columns, rows, form, raw=raw)


@commands.command()
def show(
    context: typer.Context,
    snapshot: Annotated[str, typer.Argument(help="File or id.")],
    form: FormOption = Form.TABLE,
) -> None:
    """Show what a snapshot holds; as JSON, all of it.

    Example: mailadmin snapshot show before.json
    """
    from ..usecases import migrating

    with opened(context) as app:
        found = migrating.load_snapshot(app, snapshot)
    if form is Form.JSON:
        print_text(found.text())
    elif form is Form.CSV:
        emit(("table", "rows"), [(name, len(rows)) for name, rows in found.tables.items()], form)
    else:
        _show(found)


@commands.command()
def diff(
    context: typer.Context,
    before: Annotated[str, typer.Argument(help="File or id.")],
    after: Annotated[str, typer.Argument(help="File or id.")],
    form: FormOption = Form.TABLE,
    raw: RawOption = False,
    check: Annotated[bool, typer.Option("--check", help="End with exit code 1 if there is a difference.")] = False,
) -> None:
    """Show every difference between two snapshots; a changed password as changed (hidden).

    Example: mailadmin snapshot diff before.json after.json --check
    """
    from ..usecases import migrating

    with opened(context) as app:
        changes = migrating.diff_snapshots(app, before, after)
    emit(("table", "row", "column", "before", "after"), changes, form, raw=raw, note=f"{len(changes)} difference(s)")
    if check and changes:
        raise typer.Exit(1)


@commands.command()
def verify(context: typer.Context, snapshot: Annotated[str, typer.Argument(help="File or id.")]) -> None:
    """Check a snapshot's fingerprint and seal; exit code 3 if it was altered.

    Example: mailadmin snapshot verify before.json
    """
    from ..usecases import migrating

    with opened(context) as app:
        found = migrating.load_snapshot(app, snapshot)
        checked = app.seal() is not None
    state = "the seal fits" if found.seal and checked else "the seal was not checked: there is no key here"
    print_text(f"{snapshot}: fingerprint fits; {state if found.seal else 'unsealed: made without a key'}.")


def _show(found: Snapshot) -> None:
    held = len(found.secret_fingerprints)
    rows = [(name, len(rows)) for name, rows in found.tables.items()]
    emit(("table", "rows"), rows, Form.TABLE, title=f"Snapshot {found.id} of {found.source}")
    print_text(
        f"taken {found.taken_at} by {found.taken_by}; fingerprint {found.fingerprint[:12]}; "
        f"{seal_word(found)}; {held} secret(s) in the vault"
    )
    for note in (*found.notes, *(f"not taken: {name}" for name in found.not_taken)):
        say(f"note: {note}")
