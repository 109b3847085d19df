"""Plans made: the difference between the store as it is and what a snapshot, a run or a document asks for."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from itertools import starmap
from typing import Any, NamedTuple

from ..domain.governed import GOVERNED, Organisation, Row, name_of, owners_of
from ..domain.keys import match_key
from ..domain.organisation import User, WebConfiguration
from ..errors import AlreadyApplied, BadInput, RollbackConflict
from ..resolution.legacy import LegacySettings, legacy_resolve
from ..resolution.population import People, Person, legacy_population, population
from ..resolution.provenance import Context
from ..resolution.resolver import resolve
from .directory import write_directory
from .draft import Draft
from .editing import Place, without_moved_secrets
from .effects import Effects, SubjectEffect
from .kinds import kind_of
from .mapping import MAPPING
from .operations import Operation, Operations, Rows, applied, difference
from .plan import Anchor, Plan, Purpose
from .snapshot import Snapshot

WITHOUT_EFFECT = frozenset({"role_permissions", "contacts", "settings", "exceptions"})
"""TABLE: the governed tables no answer depends on: a change of nothing else promises nobody anything, and is planned
with their rows alone."""


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
        {match_key(row["code"]): row["code"] for row in snapshot.tables.get("web_configurations", [])},
        entered or {},
    )
    write_directory(draft, snapshot)
    for rule in MAPPING:
        rule.write(draft)
    return draft


class Planned(NamedTuple):
    """A plan, and what it does to everybody."""

    plan: Plan
    effects: Effects


def plan_migration(snapshot: Snapshot, current: Rows, base: Base, entered: Rows | None = None) -> Planned:
    """The plan that brings a store to what the snapshot's settings become, and to what was entered beside them."""
    plan, effects = _migration(drafted(snapshot, current, entered), snapshot, base)
    return Planned(replace(plan, promise=effects.promise()), effects)


def _migration(draft: Draft, snapshot: Snapshot, base: Base) -> Planned:
    plan = Plan(
        purpose=Purpose.MIGRATION,
        snapshot_id=snapshot.id,
        snapshot_fingerprint=snapshot.fingerprint,
        operations=Operations(difference(draft.current, draft.rows)),
        manual_actions=tuple(draft.actions),
        findings=tuple(draft.findings),
        dropped=tuple(draft.dropped),
        left_alone=_left_alone(draft.current, draft.rows),
        **base._asdict(),
    )
    draft.rows.update((place, row) for place, row in draft.current.items() if place not in draft.rows)
    return Planned(plan, effects_of(draft.current, draft.rows, draft.legacy))


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
    after = applied(current, operations)
    _check_owned(after)
    plan = Plan(purpose=Purpose.CONFIGURATION, operations=Operations(operations), findings=findings, **base._asdict())
    if not has_effect(operations):
        return plan
    left_alone = _left_alone(applied(current, removed), target)
    return replace(plan, left_alone=left_alone, promise=effects_of(current, after, None).promise())


def has_effect(operations: Iterable[Operation]) -> bool:
    """Whether an answer may depend on what operations change."""
    return any(operation.table not in WITHOUT_EFFECT for operation in operations)


def plan_rollback(
    run: int, operations: Iterable[Operation], current: Rows, base: Base, *, skip_conflicts: bool = False
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
    kept = [o for o in reverse if o.name not in conflicts]
    plan = Plan(
        purpose=Purpose.ROLLBACK,
        reverses=run,
        operations=Operations(kept),
        left_alone=tuple(sorted(conflicts)),
        **base._asdict(),
    )
    if not has_effect(kept):
        return plan
    return replace(plan, promise=effects_of(current, applied(current, kept), None).promise())


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


def effects_of(current: Rows, target: Rows, legacy: LegacySettings | None) -> Effects:
    """What becomes of everybody: against the old settings, or (without them) against the store as it is."""
    everybody = [place for place, row in target.items() if isinstance(row, User)]
    everybody += [place for place, row in current.items() if isinstance(row, User) and place not in target]
    everybody.sort()
    before, after = _without_users(current), _without_users(target)
    now = _people(everybody, target, current)
    if legacy is not None:
        was = legacy_population(now, legacy)
    else:
        was = population(_people(everybody, current, target), Context(), before)
    webs = _web_effects(current, target, before, after, legacy)
    return Effects(was, population(now, Context(), after), webs)


def _people(places: Iterable[Place], rows: Rows, others: Rows) -> People:
    """The users of these places as they are in `rows`, or where they are not there, in the others."""
    users: Any = ((place[1][0], rows.get(place) or others[place]) for place in places)
    return People.of(starmap(Person.of, users))


def _without_users(rows: Rows) -> Organisation:
    """The organisation; its users are asked about one by one, and a million more of them need not be indexed."""
    return Organisation.of(row for row in rows.values() if not isinstance(row, User))


def _web_effects(
    current: Rows, target: Rows, before: Organisation, after: Organisation, legacy: LegacySettings | None
) -> list[SubjectEffect]:
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
