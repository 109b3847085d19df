"""A plan is read as it was written, or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from mailadmin.domain.canonical import sha256
from mailadmin.domain.organisation import GLOBAL, CostCentre, User
from mailadmin.domain.permissions import Decision, RolePermission
from mailadmin.domain.services import Security
from mailadmin.errors import AlreadyApplied, BadInput, NotConfirmed, PlanExpired, RollbackConflict, Tampered
from mailadmin.migration.operations import Operation, applied
from mailadmin.migration.plan import FORMAT, Plan, Purpose
from mailadmin.migration.planning import plan_change, plan_rollback
from mailadmin.migration.snapshot import Snapshot
from tests.unit.migration.snapshots import BASE, NOW, by_place, planned, rows_after, seal, snapshot_of, snapshots
from tests.unit.migration.test_mapping import GLOBAL_SERVICE, GLOBAL_SMTP, OWN_SMTP, WEB

PLAN = planned(snapshot_of(GLOBAL_SMTP, {"Ann": OWN_SMTP}, {"APP": WEB})).sealed(seal)
Document = dict[str, Any]


def read(plan: Plan, change: Callable[[Document], None] = lambda document: None, *, key: bool = True) -> Plan:
    document = json.loads(plan.text())
    change(document)
    return Plan.read([json.dumps(document)], "plan.json", seal if key else None)


@given(snapshots())
def test_a_plan_is_read_as_it_was_written(snapshot: Snapshot) -> None:
    plan = planned(snapshot)
    assert read(plan, key=False) == plan
    assert read(plan.sealed(seal)) == plan.sealed(seal)
    assert read(plan.sealed(seal), key=False).plan_hash == plan.plan_hash


def test_a_plan_says_its_format_hash_and_seal() -> None:
    document = json.loads(PLAN.text())
    assert (document["format"], document["plan_hash"], document["seal"]) == (FORMAT, PLAN.plan_hash, PLAN.seal)
    assert PLAN.seal == seal(PLAN.plan_hash.encode())
    assert PLAN.confirmation == PLAN.plan_hash[:8]


def test_a_plan_holds_on_to_the_end_of_the_audit_trail() -> None:
    document = json.loads(PLAN.text())
    assert document["anchor"] == {"seq": 7, "mac": "the seal of entry 7"}
    assert read(PLAN).anchor == BASE.anchor


def test_a_plan_of_a_version_that_knew_no_anchor_has_the_hash_it_had() -> None:
    old = replace(PLAN, anchor=None).sealed(seal)
    assert "anchor" not in json.loads(old.text())
    assert read(old) == old
    assert read(old).plan_hash == old.plan_hash != PLAN.plan_hash


@pytest.mark.parametrize("anchor", [None, 7, {}, {"seq": 7}, {"seq": 7, "mac": "m", "more": 1}])
def test_an_anchor_that_is_none_is_refused(anchor: Any) -> None:
    def changed(document: Document) -> None:
        document["anchor"] = anchor
        _rehashed(document)

    with pytest.raises(Tampered, match="whole plan"):
        read(PLAN, changed, key=False)


def test_the_same_plan_has_the_same_hash_and_a_seal_does_not_change_it() -> None:
    one, other = (planned(snapshot_of(GLOBAL_SMTP)) for _ in range(2))
    assert one.plan_hash == other.plan_hash == one.sealed(seal).plan_hash


def test_one_changed_character_anywhere_is_found() -> None:
    """Of every piece of text in the plan, the seal and the hash included."""
    text = PLAN.text()
    document = json.loads(text)
    for place in _places(document):
        changed = json.loads(text)
        if not _spoil(changed, place):
            continue
        with pytest.raises((Tampered, BadInput)):
            Plan.read([json.dumps(changed)], "plan.json", seal)


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(node, dict):
        return [place for name, child in node.items() for place in _places(child, (*path, name))]
    if isinstance(node, list):
        return [place for number, child in enumerate(node) for place in _places(child, (*path, number))]
    return [path]


def _spoil(document: Any, place: tuple[Any, ...]) -> bool:
    *way, last = place
    for step in way:
        document = document[step]
    value = document[last]
    if isinstance(value, str):
        document[last] = value + "x"
    elif isinstance(value, bool):
        document[last] = not value
    elif isinstance(value, int):
        document[last] = value + 1
    else:
        document[last] = "x"
    return True


def test_an_added_operation_is_found() -> None:
    added = Operation("cost_centres", None, CostCentre(code="EVIL")).document()
    with pytest.raises(Tampered, match="hash"):
        read(PLAN, lambda document: document["operations"].append(added))


def _rehashed(document: Document) -> None:
    document["operations"].pop()
    document["plan_hash"] = sha256({n: v for n, v in document.items() if n not in {"plan_hash", "seal"}})


def test_a_hash_recomputed_without_the_key_is_found_by_the_seal() -> None:
    with pytest.raises(Tampered, match="seal"):
        read(PLAN, _rehashed)


@pytest.mark.parametrize("stripped", [lambda plan: plan.update(seal=None), lambda plan: plan.pop("seal")])
def test_a_seal_taken_off_is_found_where_there_is_a_key(stripped: Callable[[Document], None]) -> None:
    """A store with a key seals what it plans: a changed plan must not pass by saying that it has no seal."""

    def changed(document: Document) -> None:
        stripped(document)
        _rehashed(document)

    with pytest.raises(Tampered):
        read(PLAN, changed)


def test_a_seal_of_another_key_is_found() -> None:
    with pytest.raises(Tampered, match="seal"):
        Plan.read([PLAN.text()], "plan.json", lambda content: seal(b"other" + content))


@pytest.mark.parametrize("lost", ["operations", "lineage", "promise", "purpose"])
def test_a_plan_with_a_part_missing_is_refused(lost: str) -> None:
    def without(document: Document) -> None:
        del document[lost]
        document["plan_hash"] = sha256({n: v for n, v in document.items() if n not in {"plan_hash", "seal"}})

    with pytest.raises(Tampered):
        read(PLAN, without)


@pytest.mark.parametrize("content", [None, [], "plan", {}, {"format": "mailadmin-snapshot/1"}])
def test_something_else_is_no_plan(content: Any) -> None:
    with pytest.raises(BadInput, match="not a plan"):
        Plan.read([json.dumps(content)], "other.json", seal)


# --- confirming -----------------------------------------------------------------------------------------------------


def test_the_first_eight_digits_confirm_whatever_their_case_and_blanks() -> None:
    PLAN.check_confirmed(PLAN.confirmation)
    PLAN.check_confirmed(f" {PLAN.confirmation.upper()}\n")


@pytest.mark.parametrize("given", ["", "00000000", "yes"])
def test_anything_else_does_not(given: str) -> None:
    with pytest.raises(NotConfirmed):
        PLAN.check_confirmed(given)
    with pytest.raises(NotConfirmed):
        PLAN.check_confirmed(PLAN.confirmation[:7])
    with pytest.raises(NotConfirmed):
        PLAN.check_confirmed(PLAN.plan_hash)


def test_a_plan_expires_after_a_day() -> None:
    made = datetime.fromisoformat(NOW)
    PLAN.check_age(made + timedelta(hours=24))
    PLAN.check_age(datetime(2026, 11, 22, 9, tzinfo=UTC))
    with pytest.raises(PlanExpired):
        PLAN.check_age(made + timedelta(hours=24, seconds=1))


# --- plans of other kinds -------------------------------------------------------------------------------------------


@given(snapshots())
def test_rolling_back_gives_the_rows_of_before(snapshot: Snapshot) -> None:
    plan = planned(snapshot)
    rows = rows_after(plan)
    if not plan.operations:
        return
    back = plan_rollback(1, plan.operations, rows, BASE)
    assert (back.purpose, back.reverses) == (Purpose.ROLLBACK, 1)
    assert applied(rows, back.operations) == {}
    with pytest.raises(AlreadyApplied):
        plan_rollback(1, plan.operations, {}, BASE)


def test_a_row_changed_since_is_not_taken_back() -> None:
    plan = planned(snapshot_of(GLOBAL_SMTP))
    rows = {**rows_after(plan), **by_place(replace(GLOBAL_SERVICE, port=25))}
    with pytest.raises(RollbackConflict) as caught:
        plan_rollback(1, plan.operations, rows, BASE)
    assert caught.value.conflicts == ("cost_centres GLOBAL: needed since", "services GLOBAL / SMTP: changed since")
    others = plan_rollback(1, plan.operations, rows, BASE, skip_conflicts=True)
    assert (list(others.operations), others.left_alone) == ([], ("cost_centres GLOBAL", "services GLOBAL / SMTP"))


def test_a_configuration_is_the_difference_to_the_store() -> None:
    current = by_place(CostCentre(code=GLOBAL), User(user_id="Ann", name="Ann"))
    plan = plan_change(by_place(CostCentre(code="AKL")), current, BASE)
    assert [operation.name for operation in plan.operations] == ["cost_centres AKL"]
    assert plan.left_alone == ("cost_centres GLOBAL", "users Ann")


@pytest.mark.parametrize(
    "moved", [{"server": "evil.example"}, {"port": 25}, {"security": Security.NONE}, {"user_name": "x"}]
)
def test_a_configuration_that_moves_a_server_clears_its_password(moved: dict[str, Any]) -> None:
    current = by_place(CostCentre(code=GLOBAL), GLOBAL_SERVICE)
    plan = plan_change(by_place(replace(GLOBAL_SERVICE, **moved)), current, BASE)
    (operation,) = plan.operations
    assert operation.after == replace(GLOBAL_SERVICE, **moved, password=None)
    assert [finding.subjects for finding in plan.findings] == [("GLOBAL / SMTP",)]


def test_a_migration_names_its_snapshot() -> None:
    snapshot = snapshot_of(GLOBAL_SMTP)
    plan = planned(snapshot)
    assert (plan.purpose, plan.snapshot_id, plan.snapshot_fingerprint) == (
        Purpose.MIGRATION,
        snapshot.id,
        snapshot.fingerprint,
    )


def test_a_change_without_effect_promises_nothing_and_takes_no_other_rows() -> None:
    """No answer depends on who may, on contacts, settings and exceptions, so nobody's is worked out."""
    rule = RolePermission(role="Clerk", permission_key="Messaging.Email.UpdateFrom", decision=Decision.ALLOW)
    everything = by_place(*[CostCentre(code=GLOBAL), User(user_id="Ann", name="Ann")])
    for current in ({}, everything):
        plan = plan_change(by_place(rule), current, BASE)
        assert (len(plan.operations), dict(plan.promise), plan.left_alone) == (1, {}, ())
    both = plan_change(by_place(rule, User(user_id="Bob", name="Bob")), everything, BASE)
    assert set(both.promise) == {"user/Ann", "user/Bob"}
    taken_back = plan_rollback(1, plan.operations, by_place(rule), BASE)
    assert (len(taken_back.operations), dict(taken_back.promise)) == (1, {})
