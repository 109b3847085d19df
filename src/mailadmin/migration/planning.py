"""Plans made: the difference between the store as it is and what a snapshot, a run or a document asks for."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from ..domain.governed import GOVERNED, Key, Organisation, Row, name_of, owners_of
from ..domain.keys import match_key
from ..domain.organisation import User, WebConfiguration
from ..errors import AlreadyApplied, BadInput, RollbackConflict
from ..resolution.legacy import LegacySettings, legacy_resolve
from ..resolution.population import Person, legacy_population, population
from ..resolution.provenance import Context
from ..resolution.resolver import resolve
from .directory import known_users, write_directory
from .draft import Draft
from .editing import Place, without_moved_secrets
from .effects import Effects, SubjectEffect, kind_of
from .mapping import MAPPING
from .operations import Operation, Rows, applied, difference
from .plan import Anchor, Plan, Purpose
from .snapshot import Snapshot


class Base(NamedTuple):
    """What a plan starts from: the store's state, the end of its audit trail, and who makes it when, with what."""

    lineage: str
    serial: int
    created_at: str
    created_by: str
    tool_version: str
    anchor: Anchor


def drafted(snapshot: Snapshot, current: Rows, entered: Rows | None = None) -> Draft:
    """What the snapshot's settings become under the mapping, with rows in which somebody has entered what they lack."""
    draft = Draft(
        snapshot.legacy(),
        current,
        known_users(snapshot, current),
        {match_key(row["code"]): row["code"] for row in snapshot.tables.get("web_configurations", [])},
        entered or {},
    )
    write_directory(draft, snapshot)
    for rule in MAPPING:
        rule.write(draft)
    return draft


def plan_migration(snapshot: Snapshot, current: Rows, base: Base, entered: Rows | None = None) -> Plan:
    """The plan that brings a store to what the snapshot's settings become, and to what was entered beside them."""
    draft = drafted(snapshot, current, entered)
    operations = difference(current, draft.rows)
    plan = Plan(
        purpose=Purpose.MIGRATION,
        snapshot_id=snapshot.id,
        snapshot_fingerprint=snapshot.fingerprint,
        operations=operations,
        manual_actions=tuple(draft.actions),
        findings=tuple(draft.findings),
        dropped=tuple(draft.dropped),
        left_alone=_left_alone(current, draft.rows),
        **base._asdict(),
    )
    return promised(plan, current, snapshot.legacy())


def plan_change(
    target: Rows,
    current: Rows,
    base: Base,
    *,
    remove: Iterable[Place] = (),
    entered: Container[tuple[Place, str]] = (),
) -> Plan:
    """The plan that brings a store to these rows, and removes some; all others are left alone.

    Secrets just `entered` stay with their row whatever else of it changes. Raises BadInput for settings that would
    belong to a Cost Centre or user that is not there.
    """
    target, findings = without_moved_secrets(target, current, entered)
    removed = tuple(Operation(table, current[table, key], None) for table, key in remove)
    operations = (*difference(current, target), *removed)
    _check_owned(applied(current, operations))
    plan = Plan(
        purpose=Purpose.CONFIGURATION,
        operations=operations,
        findings=findings,
        left_alone=_left_alone(applied(current, removed), target),
        **base._asdict(),
    )
    return promised(plan, current, None)


def plan_rollback(
    run: int, operations: Sequence[Operation], current: Rows, base: Base, *, skip_conflicts: bool = False
) -> Plan:
    """The plan that takes a run back: value and origin, since the rows are what they were.

    Raises RollbackConflict naming rows changed since, unless they are to be skipped; AlreadyApplied where nothing is
    left to take back.
    """
    reverse = [o.reverse() for o in operations if current.get((o.table, o.key)) != o.before]
    if not reverse:
        raise AlreadyApplied(f"Run {run} has been taken back already; the store is as it was before it.")
    conflicts = _conflicts(reverse, current)
    if conflicts and not skip_conflicts:
        raise RollbackConflict([f"{name}: {why}" for name, why in sorted(conflicts.items())])
    plan = Plan(
        purpose=Purpose.ROLLBACK,
        reverses=run,
        operations=tuple(o for o in reverse if o.name not in conflicts),
        left_alone=tuple(sorted(conflicts)),
        **base._asdict(),
    )
    return promised(plan, current, None)


def _conflicts(operations: Sequence[Operation], current: Rows) -> dict[str, str]:
    """Operations that cannot be carried out any more, by name, and why."""
    changed = {o.name: "changed since" for o in operations if current.get((o.table, o.key)) != o.before}
    rest = [o for o in operations if o.name not in changed]
    kept = applied(current, rest)
    needed = {owner for row in kept.values() for owner in owners_of(row)}
    taken = {o.name: "needed since" for o in rest if o.after is None and (o.table, o.key) in needed}
    lost = {o.name: "what it belongs to is gone" for o in rest if o.after is not None and not _owned(o.after, kept)}
    return changed | taken | lost


def _owned(row: Row, rows: Rows) -> bool:
    return rows.keys() >= set(owners_of(row))


def _check_owned(rows: Rows) -> None:
    lost = [f"{table} {name_of(row)}" for (table, _), row in rows.items() if not _owned(row, rows)]
    if lost:
        raise BadInput(
            f"There is no such Cost Centre or user: {', '.join(lost)}.", remedy="Add it too, or leave its settings out."
        )


def _left_alone(current: Rows, target: Rows) -> tuple[str, ...]:
    order = {table: number for number, table in enumerate(GOVERNED)}
    places = sorted(current.keys() - target.keys(), key=lambda place: (order[place[0]], place[1]))
    return tuple(f"{table} {name_of(current[table, key])}" for table, key in places)


def promised(plan: Plan, current: Rows, legacy: LegacySettings | None) -> Plan:
    """The plan with a digest of what it promises everybody."""
    return replace(plan, promise=effects_of(plan.operations, current, legacy).promise())


def effects_of(operations: Iterable[Operation], current: Rows, legacy: LegacySettings | None) -> Effects:
    """What operations do to everybody: against the old settings, or (without them) against the store as it is."""
    operations = tuple(operations)
    target = applied(current, operations)
    old_people, new_people = _people(current), _people(target)
    everybody = sorted(old_people.keys() | new_people.keys())
    now = [new_people.get(key) or old_people[key] for key in everybody]
    was = [old_people.get(key) or new_people[key] for key in everybody]
    after = Organisation.of(target.values())
    if legacy is not None:
        before = legacy_population(now, legacy)
    else:
        before = population(was, Context(), Organisation.of(current.values()))
    webs = _web_effects(current, target, legacy)
    return Effects(before, population(now, Context(), after), webs)


def _people(rows: Rows) -> dict[str, Person]:
    users: dict[Key, User] = {key: row for (table, key), row in rows.items() if isinstance(row, User)}
    return {key[0]: Person.of(key[0], user) for key, user in users.items()}


def _web_effects(current: Rows, target: Rows, legacy: LegacySettings | None) -> list[SubjectEffect]:
    before, after = Organisation.of(current.values()), Organisation.of(target.values())
    codes = {
        key[0]: row.code
        for rows in (current, target)
        for (_, key), row in rows.items()
        if isinstance(row, WebConfiguration)
    }
    found = []
    for key, code in sorted(codes.items()):
        context = Context(web_configuration=code)
        if legacy is not None:
            if legacy.web_configurations.get(key, {}).get("EmailSmtpOverride") is not True:
                continue
            was = legacy_resolve(context, legacy)
        else:
            was = resolve(context, before)
        now = resolve(context, after)
        found.append(SubjectEffect("", code, kind_of(was, now), was, now))
    return found
