"""From a consultant's export to a migrated site: note, plan, see the effects, apply, prove, take back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from .. import __version__
from ..bootstrap import App
from ..domain.governed import GOVERNED
from ..domain.keys import match_key, unprintable, visible
from ..errors import DifferencesFound, UnknownName
from ..interchange.files import read_text, write_pieces
from ..interchange.legacy_exports import LegacyExport, Source, read_legacy_export
from ..migration import planning
from ..migration.differences import Change, diff
from ..migration.effects import Effects, digest, digests
from ..migration.operations import Operation, applied
from ..migration.plan import Plan
from ..migration.planning import Planned
from ..migration.snapshot import Listed, Snapshot
from ..resolution.explanation import reason
from ..resolution.legacy import disagreements, legacy_resolve
from ..resolution.population import Person, legacy_population, population
from ..resolution.provenance import Context, Resolution
from ..resolution.resolver import resolve
from ..storage import books, repository
from ..storage.repository import State
from .applying import apply as apply
from .applying import check_fresh, check_store, plan_of
from .applying import history as history
from .filling import Entered, filled

Progress = Callable[[str], None]


def _unheard(_step: str) -> None:
    """Progress nobody listens to."""


def take_snapshot(
    app: App,
    source: Source,
    *,
    out: str | Path | None = None,
    sql: str | None = None,
    ignore_unknown: bool = False,
    keep_secrets: bool = True,
    progress: Progress | None = None,
) -> Snapshot:
    """Note an export (folder of CSV, XLSX, JSON, their bytes, or with `sql` a file of SELECTs) whole and sealed.

    Clear secrets go to the store's vault, under its key, and nowhere else. Raises SourceRejected with every problem,
    KeyNeeded where there are secrets and no key, unless `keep_secrets` is False: they are then noted as present only.
    """
    export = read_legacy_export(source, ignore_unknown=ignore_unknown, sql=sql, progress=progress)
    return keep_snapshot(app, export, out=out, keep_secrets=keep_secrets)


def keep_snapshot(
    app: App, export: LegacyExport, *, out: str | Path | None = None, keep_secrets: bool = True
) -> Snapshot:
    """Keep what was read as a snapshot, sealed, and its secrets in the vault. Raises KeyNeeded as `take_snapshot`."""
    with app.store.writing() as connection:
        fingerprints = {}
        if export.secrets and keep_secrets:
            fingerprints = app.vault(connection, "keep the passwords of this export").keep(export.secrets)
        sealer = app.writer_sealer(connection)
        snapshot = Snapshot.take(
            export.tables,
            taken_at=app.now(),
            taken_by=app.actor,
            source=export.source,
            tool_version=__version__,
            not_taken=export.not_taken,
            notes=export.notes,
            secret_fingerprints=fingerprints,
            seal=sealer.seal if sealer else None,
        )
        books.add_snapshot(connection, snapshot)
        if out is not None:  # here, so that a file that cannot be written keeps nothing
            write_pieces(Path(out), snapshot.pieces())
    return snapshot


def snapshots(app: App) -> list[Listed]:
    """Every snapshot the store keeps, oldest first; `load_snapshot` reads and checks one."""
    with app.store.reading() as connection:
        return books.snapshots(connection)


def load_snapshot(app: App, named: str | Path) -> Snapshot:
    """A snapshot by its file or its id, with fingerprint and seal checked. Raises UnknownName, Tampered."""
    if unprintable(str(named)):
        raise UnknownName("snapshot", visible(str(named)), remedy="A name holds nothing invisible.")
    if Path(named).is_file():
        return Snapshot.read(read_text(Path(named)), str(named), app.seal())
    with app.store.reading() as connection:
        document = books.snapshot_document(connection, str(named))
    if document is None:
        raise UnknownName("snapshot", str(named), remedy="Name a snapshot file, or an id from: mailadmin snapshot list")
    return Snapshot.read(document, f"snapshot {named}", app.seal())


def diff_snapshots(app: App, before: str | Path, after: str | Path) -> list[Change]:
    """Every difference between two snapshots."""
    return list(diff(load_snapshot(app, before), load_snapshot(app, after)))


def legacy_effective(snapshot: Snapshot) -> Iterator[Resolution]:
    """How everybody's mail went out before: every user, then every web configuration with its own settings."""
    legacy = snapshot.legacy()
    users = snapshot.tables.get("users") or [
        {"user_id": row["user_id"]} for row in snapshot.tables.get("user_preferences", [])
    ]
    everybody = [Person(row["user_id"], match_key(row["user_id"])) for row in users]
    yield from legacy_population(everybody, legacy)
    for row in snapshot.tables.get("web_configurations", []):
        if row.get("EmailSmtpOverride") is True:
            yield legacy_resolve(Context(web_configuration=row["code"]), legacy)


def explain_legacy(snapshot: Snapshot, user: str) -> Resolution:
    """How one user's mail went out before, with its whole proof. Raises UnknownName."""
    legacy, key = snapshot.legacy(), match_key(user)
    named = {match_key(row["user_id"]): row["user_id"] for row in snapshot.tables.get("users", [])}
    if key not in named and key not in legacy.preferences:
        raise UnknownName("user", user, remedy="mailadmin legacy-effective lists everybody.")
    return legacy_resolve(Context(user=named.get(key, user)), legacy)


def make_plan(app: App, snapshot: Snapshot, *, entered: Entered | None = None, out: str | Path | None = None) -> Plan:
    """The plan that migrates this store to what the snapshot's settings become. Changes no setting.

    `entered` fills gaps: its secrets go to the vault, the rest into the plan. Raises BadInput for a value that cannot
    stand there, KeyNeeded where there is a secret and no key.
    """
    return plan_with_effects(app, snapshot, entered=entered, out=out).plan


def plan_with_effects(
    app: App,
    snapshot: Snapshot,
    *,
    entered: Entered | None = None,
    out: str | Path | None = None,
    progress: Progress = _unheard,
) -> Planned:
    """The same plan, and what it does to everybody, which it takes to make it. Raises as `make_plan`."""
    with app.store.reading() as connection:
        kept = books.has_snapshot(connection, snapshot.id)
    # A plan for a million users takes a minute; where nothing has to be kept, nobody waits for it.
    with app.store.reading() if kept and not entered else app.store.writing() as connection:
        if not kept:
            books.add_snapshot(connection, snapshot)
        progress("the store as it is")
        current = repository.rows(connection, app.sealer(connection))
        rows = filled(app, connection, planning.drafted(snapshot, current).rows, entered) if entered else {}
        progress("what becomes of everybody")
        made = planning.plan_migration(snapshot, current, base_of(app, repository.state(connection)), rows)
    progress("sealing and writing")
    return made._replace(plan=written(made.plan.sealed(app.seal()), out))


def load_plan(app: App, file: str | Path) -> Plan:
    """A plan from its file, with hash and seal checked. Raises BadInput, Tampered."""
    return Plan.read(read_text(Path(file)), str(file), app.seal())


def effects(app: App, plan: Plan, *, progress: Progress = _unheard) -> Effects:
    """What a plan does to everybody, before and after; the same before and right after it is applied.

    Raises WrongStore, or StalePlan where the store has moved on.
    """
    progress("the old settings")
    legacy = load_snapshot(app, plan.snapshot_id).legacy() if plan.snapshot_id else None
    progress("the store as it is")
    with app.store.reading() as connection:
        state, current = repository.state(connection), repository.rows(connection, app.sealer(connection))
        check_store(plan, state)
        if any(run.plan_hash == plan.plan_hash for run in books.runs(connection)):
            before, after = applied(current, map(Operation.reverse, plan.operations)), current
        else:
            check_fresh(app, connection, plan, state)
            before, after = current, applied(current, plan.operations)
    progress("what becomes of everybody")
    return planning.effects_of(before, after, legacy)


def base_of(app: App, state: State) -> planning.Base:
    """What a plan made now starts from."""
    return planning.Base(state.lineage, state.serial, app.now(), app.actor, __version__, state.anchor)


def plan_rollback(
    app: App, run: int | None = None, *, skip_conflicts: bool = False, out: str | Path | None = None
) -> Plan:
    """The plan that takes a run back (the last one, unless named): shown and confirmed like any other.

    Raises UnknownName, RollbackConflict (rows changed since, unless skipped), AlreadyApplied.
    """
    with app.store.reading() as connection:
        state = repository.state(connection)
        which = run if run is not None else state.serial
        operations = plan_of(app, connection, which).operations
        tables = GOVERNED if planning.has_effect(operations) else planning.WITHOUT_EFFECT
        current = repository.rows(connection, app.sealer(connection), tables)
        base = base_of(app, state)
        plan = planning.plan_rollback(which, operations, current, base, skip_conflicts=skip_conflicts)
    return written(plan.sealed(app.seal()), out)


def written(plan: Plan, out: str | Path | None) -> Plan:
    """The plan, after writing it to its file if there is to be one."""
    if out is not None:
        write_pieces(Path(out), plan.pieces())
    return plan


class Verification(NamedTuple):
    """A run whose promises were all found kept."""

    run: int
    users: int
    web_configurations: int


def verify_migration(app: App, run: int | None = None, *, progress: Progress = _unheard) -> Verification:
    """Resolve everybody again from the store and compare with what the run's effects promised.

    Raises DifferencesFound naming whoever has something else now.
    """
    with app.store.reading() as connection:
        which = run if run is not None else repository.state(connection).serial
        progress("what was promised")
        which, promise = _promised(app, connection, which)
        if not promise:
            return Verification(which, 0, 0)
        progress("everybody as they are")
        organisation, people = repository.everybody(connection, app.sealer(connection))
    everybody = population(people, Context(), organisation)
    found = digests(everybody)
    others = {name: resolve(_context(name), organisation) for name in promise.keys() - found.keys()}
    found |= {name: digest(answer) for name, answer in others.items()}
    odd = {name for name, now in found.items() if promise.get(name) != now}
    users = {f"user/{user_id}": place for place, user_id in enumerate(people.user_ids)} if odd else {}
    differences = [
        _difference(name, others[name] if name in others else everybody[users[name]], name in promise)
        for name in sorted(odd)
    ]
    if differences:
        raise DifferencesFound(
            f"{len(differences)} answer(s) are not what run {which} promised.",
            differences,
            remedy="Look at `mailadmin history`: a later run explains a difference, anything else does not.",
        )
    number = sum(name.startswith("user/") for name in promise)
    return Verification(which, number, len(promise) - number)


def _promised(app: App, connection: Connection, run: int) -> tuple[int, Mapping[str, str]]:
    """The last run up to this one that promised anybody anything, with that: the others changed no answer."""
    promise = plan_of(app, connection, run).promise
    while not promise and run > 1:
        run -= 1
        promise = plan_of(app, connection, run).promise
    return run, promise


def _context(name: str) -> Context:
    """Who a promise was made to: `user/ID` or `web/CODE`."""
    kind, _, code = name.partition("/")
    return Context(web_configuration=code) if kind == "web" else Context(user=code)


def _difference(name: str, now: Resolution, promised: bool) -> str:
    return f"{name}: now {now.status} - {reason(now)}" if promised else f"{name}: was not there"


def resolved_disagreements(snapshot: Snapshot) -> list[str]:
    """Exported `…Resolved` values that are not what the rules give, in words, secrets hidden."""
    legacy = snapshot.legacy()
    users = [row["user_id"] for row in snapshot.tables.get("user_preferences", [])]
    return [odd.words() for user in users for odd in disagreements(user, legacy)]
