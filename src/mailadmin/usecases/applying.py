"""From a confirmed plan to a run: whole, in one transaction with its audit trail, or not at all."""

from __future__ import annotations

from sqlalchemy import Connection

from ..bootstrap import App
from ..domain.governed import GOVERNED, Record
from ..errors import AlreadyApplied, StalePlan, StoreBusy, StoreFailed, Tampered, WrongStore
from ..migration.operations import Operation, Operations
from ..migration.plan import Plan
from ..storage import audit_trail, books, repository, sealing
from ..storage.books import Run
from ..storage.repository import State
from ..storage.unit_of_work import NOT_KNOWN
from ..storage.vault import location_of, missing_from_vault
from ..storage.writing import Progress


def apply(app: App, plan: Plan, confirm: str, *, progress: Progress | None = None) -> Run:
    """Carry out a plan, whole, in one transaction with its audit trail.

    `confirm` are the first eight digits of the plan's hash. Raises NotConfirmed, PlanExpired, WrongStore, StalePlan,
    AlreadyApplied, Tampered, KeyNeeded, StoreFailed; nothing is then changed, unless StoreFailed says that this is not
    known.
    """
    plan.check_confirmed(confirm)
    plan.check_age(app.clock())
    run = None
    try:
        with app.store.writing() as connection:
            run = _carry_out(app, connection, plan, progress)
    except StoreBusy:
        raise
    except StoreFailed as error:
        if run is None:  # not in COMMIT
            raise
        return _found(app, run, error)
    return run


def _found(app: App, run: Run, failed: StoreFailed) -> Run:
    """The run whose COMMIT failed, where it was kept and only the answer was lost. It is never carried out again.

    It is looked for as a writer: a writer waits until the transaction that was left behind has ended.
    """
    try:
        with app.store.writing() as connection:
            kept = next((found for found in books.runs(connection) if found.plan_hash == run.plan_hash), None)
    except StoreFailed:
        raise StoreFailed(failed.what, remedy=NOT_KNOWN) from failed
    if kept is None:
        raise StoreFailed(failed.what, remedy="Nothing was changed; apply the plan again.") from failed
    return kept


def _carry_out(app: App, connection: Connection, plan: Plan, progress: Progress | None) -> Run:
    state = repository.state(connection)
    check_store(plan, state)
    check_fresh(app, connection, plan, state)
    run = Run(state.serial + 1, plan.purpose, app.now(), app.actor, plan.reverses, plan.plan_hash)
    sealer, key = app.writer_sealer(connection), app.key(connection)
    if sealer is not None and key is not None:
        sealing.seal_contents(connection, key, sealer)
    repository.write(connection, plan.operations, run.run, sealer, progress=progress)
    _move_secrets(app, connection, plan.operations)
    audit_trail.record(
        connection,
        map(_entry, plan.operations, plan.operations.documents()),
        at=run.applied_at,
        actor=app.actor,
        plan_hash=plan.plan_hash,
        seal=sealer.seal if sealer else None,
    )
    books.add_run(connection, run, plan.pieces(), sealer)
    return run


_WITH_SECRETS = frozenset(table for table, governed in GOVERNED.items() if governed.secrets)


def _move_secrets(app: App, connection: Connection, operations: Operations) -> None:
    """Make every secret these rows hold readable at its row. Raises KeyNeeded where one is not there and no key is."""
    places = {
        location_of(operation.table, operation.key, column): fingerprint
        for operation in operations.on(_WITH_SECRETS)
        for column, fingerprint in operation.secrets
    }
    if places := missing_from_vault(connection, places):
        app.vault(connection, f"keep {len(places)} secret(s) of this plan").move(places)


def _entry(operation: Operation, document: Record) -> audit_trail.Entry:
    return audit_trail.Entry(operation.kind, operation.name, document["before"], document["after"])


def check_store(plan: Plan, state: State) -> None:
    """Raises WrongStore for a plan made for another store."""
    if plan.lineage != state.lineage:
        raise WrongStore("The plan was made for another store.", remedy="Make it for this one: mailadmin plan SNAPSHOT")


def check_anchor(connection: Connection, plan: Plan) -> None:
    """Raises Tampered where the entry is not in the audit trail any more that was its last when the plan was made."""
    if plan.anchor is not None and not audit_trail.holds(connection, plan.anchor):
        raise Tampered(
            f"The audit trail was cut or rewritten after this plan was made: its entry {plan.anchor.seq} is not there.",
            remedy="Was the store put back from a copy? Then make the plan again. Or else: mailadmin doctor",
        )


def check_fresh(app: App, connection: Connection, plan: Plan, state: State) -> None:
    """Raises AlreadyApplied, StalePlan where the store moved on since, Tampered where it did not only move on."""
    check_anchor(connection, plan)
    runs = books.runs(connection)
    if done := next((run for run in runs if run.plan_hash == plan.plan_hash), None):
        raise AlreadyApplied(f"This plan was applied as run {done.run} at {done.applied_at} by {done.applied_by}.")
    if state.serial != plan.serial:
        since = [run for run in runs if run.run > plan.serial]
        raise StalePlan(
            [
                f"run {r.run} by {r.applied_by}: {o.name}"
                for r in since
                for o in plan_of(app, connection, r.run).operations
            ]
        )


def plan_of(app: App, connection: Connection, run: int) -> Plan:
    """The plan of a run, as it was applied: by its own seal, and by the audit trail, which has its hash on every entry.

    Runs from before the store had a key have no seal. Raises UnknownName, Tampered.
    """
    sealer = app.sealer(connection)
    plan = Plan.read(books.run_plan(connection, run), f"run {run}", None)
    if sealer and plan.seal is not None:
        plan.check_seal(f"run {run}", sealer.seal)
    if audit_trail.entries_of(connection, plan.plan_hash) != len(plan.operations):
        raise Tampered(f"The plan of run {run} is not the one the audit trail tells of.", remedy="mailadmin doctor")
    return plan


def history(app: App) -> list[Run]:
    """Every applied plan, oldest first."""
    with app.store.reading() as connection:
        return books.runs(connection)
