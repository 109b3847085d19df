"""mailadmin demo: the whole main job on the sample company, in a folder of its own, with a report at the end."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .migration import tell_actions
from .output import Form, emit, print_text, tell, working

if TYPE_CHECKING:
    from ..bootstrap import App
    from ..migration.effects import Effects, SubjectEffect
    from ..migration.plan import Plan


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(demo)


def demo(
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its store; emptied first.")] = Path("demo"),
    source: Annotated[Path | None, typer.Option(help="Another export instead of the sample company.")] = None,
) -> None:
    """Migrate the sample company from its old settings, prove it, take it back, and report.

    Example: mailadmin demo
    """
    from ..bootstrap import connect, sample_folder
    from ..errors import BadInput
    from ..usecases import keeping, migrating

    if folder.exists() and not (folder / "mailadmin.db").exists() and any(folder.iterdir()):
        raise BadInput(f"{folder} holds something that is not a demo.", remedy="Name another folder with --folder.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    app = connect(folder / "mailadmin.db", environment={})
    keeping.create_key(app)
    with working("Migrating the sample company") as step:
        step("snapshot")
        taken = migrating.take_snapshot(app, source or sample_folder() / "kowhai-csv", out=folder / "before.json")
        step("plan")
        plan, effects = migrating.plan_with_effects(app, taken, out=folder / "plan.json")
        step("apply")
        run = migrating.apply(app, plan, plan.confirmation)
        step("verify")
        proved = migrating.verify_migration(app)
    done = (
        f"Snapshot {taken.id} of {taken.source}: {len(taken.tables)} tables, fingerprint {taken.fingerprint[:12]}",
        f"Plan {plan.confirmation}: {len(plan.operations)} operations",
        f"Applied as run {run.run}, in one transaction with its audit trail",
        f"Verified: {proved.users} users and {proved.web_configurations} web configurations have what was promised",
    )
    tell("Done", [(sentence, ()) for sentence in done])
    _report(plan, effects)
    _try_out(app, folder)
    rolled = migrating.plan_rollback(app, run.run, out=folder / "rollback-1.json")
    print_text(f"To take it back, {len(rolled.operations)} operations are planned in {folder / 'rollback-1.json'}.")
    app.close()
    _next(folder)


def _report(plan: Plan, effects: Effects) -> None:
    from ..migration.kinds import KINDS

    before, after = (Counter(str(answer.status) for answer in found) for found in (effects.before, effects.after))
    statuses = sorted(before | after)
    emit(
        ("status", "before", "after"), [(s, before[s], after[s]) for s in statuses], Form.TABLE, title="Users by status"
    )
    rows = [(kind, count, KINDS[kind]) for kind, count in effects.summary().items() if count]
    emit(("effect", "count", "meaning"), rows, Form.TABLE, title="Effects of the migration")
    for subject in _three(effects):
        _explain(subject)
    tell_actions(plan, "What people still have to do", full=False)


def _three(effects: Effects) -> list[SubjectEffect]:
    """The first user of each kind of effect, at most three, those who change first."""
    from ..migration.kinds import Kind

    first: dict[Kind, SubjectEffect] = {}
    for subject in effects.users():
        first.setdefault(subject.kind, subject)
    changed = [subject for kind, subject in first.items() if kind is not Kind.SAME]
    return [*changed, *(s for k, s in first.items() if k is Kind.SAME)][:3]


def _explain(subject: SubjectEffect) -> None:
    from ..migration.kinds import way
    from ..resolution.explanation import explain

    was = f"{way(subject.before) or 'no way to send'} ({subject.before.status})"
    print_text(f"{subject.user_id}: {subject.kind}. Before: {was}. Now:")
    print_text(explain(subject.after) + "\n")


def _try_out(app: App, folder: Path) -> None:
    """One message by each service, in the sandbox."""
    from ..resolution.explanation import reason
    from ..usecases import sandboxing

    with working("Sending one message by each service, in the sandbox"):
        tried = sandboxing.try_out(app, folder=folder / "inbox")
    rows = [
        (
            t.service,
            t.user,
            t.sent.entry.state,
            t.sent.entry.account,
            t.sent.entry.sender_email,
            reason(t.sent.resolution),
        )
        for t in tried
    ]
    emit(
        ("service", "user", "outcome", "account used", "from", "why"),
        rows,
        Form.TABLE,
        title="Sent in the sandbox; nothing left the machine",
        note=f"What arrived: {folder / 'inbox'}. With a page to look at: mailadmin sandbox",
    )


def _next(folder: Path) -> None:
    command = f"mailadmin --store {folder / 'mailadmin.db'}"
    steps = (
        (f"{command} effects {folder / 'plan.json'}", "every change, user by user"),
        (f"{command} explain JTaylor6", "why one user gets what"),
        (f"{command} rollback 1", "take it back"),
        ("make lab", "the same as notebooks"),
    )
    width = max(len(line) for line, _ in steps)
    print_text("What next:\n" + "\n".join(f"  {line:<{width}}  {what}" for line, what in steps))
