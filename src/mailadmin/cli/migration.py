"""mailadmin plan, effects, apply, verify-migration, rollback, history."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .output import Form, FormOption, RawOption, emit, print_text, say, tell, working
from .session import opened

if TYPE_CHECKING:
    from ..bootstrap import App
    from ..migration.plan import Plan

ConfirmOption = Annotated[
    str | None, typer.Option("--confirm", metavar="DIGITS", help="The first 8 digits of the plan's hash.")
]


EFFECTS_COLUMNS = ("user_id", "web_configuration", "field", "before", "after", "change", "reason")


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(plan)
    app.command()(effects)
    app.command()(apply)
    app.command("verify-migration")(verify_migration)
    app.command()(rollback)
    app.command()(history)


def plan(
    context: typer.Context,
    snapshot: Annotated[str, typer.Argument(help="Snapshot file or id.")],
    out: Annotated[Path, typer.Option(help="Write the plan to this file.")] = Path("plan.json"),
    full: Annotated[bool, typer.Option("--full", help="Show every changed column and every user concerned.")] = False,
    form: FormOption = Form.TABLE,
    raw: RawOption = False,
) -> None:
    """Plan the migration: what will be written, what people must do, what is dropped. Changes no setting.

    Example: mailadmin plan before.json --out plan.json
    """
    from ..usecases import migrating

    with opened(context) as app, working("Planning") as progress:
        progress("reading the snapshot")
        noted = migrating.load_snapshot(app, snapshot)
        made, found = migrating.plan_with_effects(app, noted, out=out, progress=progress)
        summary = found.summary()
    show_plan(made, full=full, form=form, raw=raw)
    if form is Form.TABLE:
        from ..migration.effects import headline

        print_text(f"Effects: {headline(summary)}.")
        print_text(f"Plan written to {out}. Look at `mailadmin effects {out}`, then: {_apply_line(out, made)}")


def show_plan(made: Plan, *, full: bool, form: Form, raw: bool = False) -> None:
    """A plan: short by default, every column and everybody concerned where `full`."""
    if form is Form.JSON:
        print_text(made.text())
    elif full or form is Form.CSV:
        rows = ((o.kind, o.table, o.name.split(" ", 1)[1], *change) for o in made.operations for change in o.changes())
        emit(("change", "table", "row", "column", "before", "after"), rows, form, raw=raw, title="Operations")
    else:
        emit(("table", "create", "change", "delete"), _counts(made), form, title=f"Plan {made.confirmation}")
    if form is Form.TABLE:
        _show_words(made, full=full)
    if form is Form.TABLE and made.anchor:
        print_text(f"Audit trail when planned: {made.anchor}.")


def _counts(made: Plan) -> Iterator[tuple[str, ...]]:
    tables = dict.fromkeys(o.table for o in made.operations)
    for table in tables:
        kinds = [o.kind for o in made.operations if o.table == table]
        yield table, *[str(kinds.count(kind) or "") for kind in ("create", "change", "delete")]


def tell_actions(made: Plan, title: str, *, full: bool) -> None:
    """What only people can do."""
    from ..migration.draft import whom

    details = ((a, [("where", a.where), ("for", whom(a.subjects, everybody=full))]) for a in made.manual_actions)
    tell(title, [(f"{action.who}: {action.what}", found) for action, found in details])


def _show_words(made: Plan, *, full: bool) -> None:
    from ..migration.draft import whom

    tell_actions(made, "Manual actions", full=full)
    tell(
        "Findings",
        [
            (f"{f.severity}: {f.what}", [("remedy", f.remedy), ("for", whom(f.subjects, everybody=full))])
            for f in made.findings
        ],
    )
    tell(
        "Dropped settings",
        [(f"{d.setting}: {d.why}", [("for", whom(d.subjects, everybody=full))]) for d in made.dropped],
    )
    if made.left_alone:
        tell("Left alone", [("in the store only", [("rows", whom(made.left_alone, everybody=full))])])


def _apply_line(file: Path, made: Plan) -> str:
    return f"mailadmin apply {file} --confirm {made.confirmation}"


def effects(
    context: typer.Context,
    plan_file: Annotated[Path, typer.Argument(metavar="PLAN", help="Plan file.")],
    everything: Annotated[
        bool, typer.Option("--all", help="Also what stays the same (always so in csv, json).")
    ] = False,
    user: Annotated[str | None, typer.Option(help="Only this user.")] = None,
    summary: Annotated[
        bool, typer.Option("--summary", help="Only how many users each kind of effect concerns.")
    ] = False,
    form: FormOption = Form.TABLE,
    raw: RawOption = False,
) -> None:
    """Show what a plan does to every user and web configuration, field by field.

    Example: mailadmin effects plan.json --format csv > effects.csv
    """
    from ..domain.keys import match_key
    from ..migration.effects import Change, headline
    from ..migration.kinds import KINDS
    from ..usecases import migrating

    with opened(context) as app, working("Comparing") as progress:
        progress("reading the plan")
        found = migrating.effects(app, migrating.load_plan(app, plan_file), progress=progress)
        counts = found.summary()
    if summary:
        rows = [(kind, count, KINDS[kind]) for kind, count in counts.items()]
        emit(("effect", "count", "meaning"), rows, form, raw=raw)
        return
    wanted = (s for s in found if user is None or match_key(s.user_id) == match_key(user))
    every = everything or form is not Form.TABLE
    lines = (row for subject in wanted for row in subject.rows() if every or row.change is not Change.SAME)
    emit(EFFECTS_COLUMNS, lines, form, raw=raw, note=f"Effects: {headline(counts)}.")


def apply(
    context: typer.Context,
    plan_file: Annotated[Path, typer.Argument(metavar="PLAN", help="Plan file.")],
    confirm: ConfirmOption = None,
) -> None:
    """Carry out a plan, whole, in one transaction. Asks for the first 8 digits of its hash.

    Example: mailadmin apply plan.json --confirm 1a2b3c4d
    """
    from ..usecases import migrating

    with opened(context) as app:
        _carry_out(app, migrating.load_plan(app, plan_file), confirm)


def _carry_out(app: App, made: Plan, confirm: str | None) -> None:
    from ..usecases import migrating

    if confirm is None:
        say(
            f"{len(made.operations)} operation(s) will be carried out. The plan's hash begins with {made.confirmation}."
        )
        confirm = typer.prompt("Type these 8 digits to apply it", err=True, default="", show_default=False)
    with working("Applying") as progress:
        run = migrating.apply(app, made, confirm, progress=progress)
    print_text(f"Applied as run {run.run}: {len(made.operations)} operation(s). Prove it: mailadmin verify-migration")


def verify_migration(
    context: typer.Context,
    run: Annotated[int | None, typer.Argument(help="Run; the last one by default.")] = None,
) -> None:
    """Resolve everybody again and compare with what the effects promised; exit code 1 on any difference.

    Example: mailadmin verify-migration
    """
    from ..usecases import migrating

    with opened(context) as app, working("Resolving everybody") as progress:
        kept = migrating.verify_migration(app, run, progress=progress)
    print_text(
        f"Run {kept.run}: {kept.users} user(s) and {kept.web_configurations} web configuration(s) "
        "have what was promised."
    )


def rollback(
    context: typer.Context,
    run: Annotated[int | None, typer.Argument(help="Run to take back; the last one by default.")] = None,
    confirm: ConfirmOption = None,
    out: Annotated[Path | None, typer.Option(help="Where the plan is written; default rollback-RUN.json.")] = None,
    skip_conflicts: Annotated[
        bool, typer.Option("--skip-conflicts", help="Leave rows alone that were changed since, take back the others.")
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="Show every changed column.")] = False,
) -> None:
    """Take a run back: a plan, shown and confirmed like any other; value and origin are restored.

    Example: mailadmin rollback 1
    """
    from ..migration.effects import headline
    from ..usecases import migrating

    with opened(context) as app:
        file = out or Path(f"rollback-{run if run is not None else len(migrating.history(app))}.json")
        if confirm is not None:
            _carry_out(app, migrating.load_plan(app, file), confirm)
            return
        made = migrating.plan_rollback(app, run, skip_conflicts=skip_conflicts, out=file)
        show_plan(made, full=full, form=Form.TABLE)
        print_text(f"Effects: {headline(migrating.effects(app, made).summary())}.")
        if sys.stdin.isatty():
            _carry_out(app, made, None)
        else:
            print_text(f"Plan written to {file}. To take run {made.reverses} back: {_apply_line(file, made)}")


def history(context: typer.Context, form: FormOption = Form.TABLE, raw: RawOption = False) -> None:
    """List every applied plan, oldest first.

    Example: mailadmin history
    """
    from ..usecases import migrating

    with opened(context) as app:
        runs = migrating.history(app)
    columns = ("run", "purpose", "applied_at", "applied_by", "takes_back", "plan")
    emit(columns, [(*run[:4], run.reverses or "", run.plan_hash[:8]) for run in runs], form, raw=raw)
