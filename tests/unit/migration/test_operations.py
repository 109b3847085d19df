"""A change knows what it destroys: it can be reversed, shown, written down and read again."""

from __future__ import annotations

from secrets import token_hex
from typing import Any

import pytest
from hypothesis import given

from mailadmin.domain.governed import GOVERNED, Row
from mailadmin.domain.organisation import GLOBAL, CostCentre, Entity, User
from mailadmin.domain.services import NOT_CAPTURED, Service, ServiceKind
from mailadmin.errors import Tampered
from mailadmin.migration.operations import FieldChange, Operation, Operations, applied, difference
from tests.unit.migration.snapshots import by_place
from tests.unit.resolution import organisations

Rows = list[Row]
PASSWORD, OTHER = (f"hmac:{token_hex(8)}" for _ in range(2))


@given(organisations.rows(), organisations.rows())
def test_reversing_twice_changes_nothing(before: Rows, after: Rows) -> None:
    for operation in difference(by_place(*before), by_place(*after)):
        assert operation.reverse().reverse() == operation
        assert (operation.reverse().before, operation.reverse().after) == (operation.after, operation.before)


@given(organisations.rows(), organisations.rows())
def test_applying_the_difference_reaches_the_target_and_leaves_the_rest_alone(before: Rows, after: Rows) -> None:
    current, target = by_place(*before), by_place(*after)
    reached = applied(current, difference(current, target))
    assert reached == {**current, **target}
    assert not list(difference(reached, target))


@given(organisations.rows(), organisations.rows())
def test_applying_the_reverse_takes_everything_back(before: Rows, after: Rows) -> None:
    current = by_place(*before)
    operations = list(difference(current, by_place(*after)))
    reached = applied(current, operations)
    assert applied(reached, [operation.reverse() for operation in reversed(operations)]) == current


@given(organisations.rows(), organisations.rows())
def test_what_is_referred_to_comes_first(before: Rows, after: Rows) -> None:
    tables = [operation.table for operation in difference(by_place(*before), by_place(*after))]
    assert tables == sorted(tables, key=list(GOVERNED).index)


@given(organisations.rows(), organisations.rows())
def test_an_operation_is_read_again_as_it_was_written(before: Rows, after: Rows) -> None:
    for operation in difference(by_place(*before), by_place(*after)):
        for each in (operation, operation.reverse()):
            assert list(Operations([each])) == [each]


@given(organisations.rows(), organisations.rows())
def test_no_secret_is_shown_in_a_change(before: Rows, after: Rows) -> None:
    for operation in difference(by_place(*before), by_place(*after)):
        changes = list(operation.changes())
        assert "hmac:" not in str(changes)
        if operation.kind == "change":
            assert changes
            assert [change for change in changes if change.before == change.after] == []


def smtp(**values: object) -> Service:
    return Service(cost_centre=GLOBAL, service=ServiceKind.SMTP, **values)  # type: ignore[arg-type]


def changes(before: Row | None, after: Row | None, table: str = "services") -> list[FieldChange]:
    return list(Operation(table, before, after).changes())


def test_a_secret_is_set_not_set_or_changed() -> None:
    assert changes(smtp(), smtp(password=PASSWORD)) == [FieldChange("password", "not set", "set")]
    assert changes(smtp(password=PASSWORD), smtp()) == [FieldChange("password", "set", "not set")]
    assert changes(smtp(password=PASSWORD), smtp(password=OTHER)) == [
        FieldChange("password", "set", "changed (hidden)")
    ]


def test_a_key_is_no_change_of_its_own_but_where_it_is_written_otherwise() -> None:
    assert changes(None, smtp(server="s")) == [FieldChange("server", "", "s"), FieldChange("use_service", "", "False")]
    assert changes(Entity(code="kfl"), Entity(code="KFL"), "entities") == [FieldChange("code", "kfl", "KFL")]


def test_lists_are_shown_with_semicolons() -> None:
    before = User(user_id="Ann", name="Ann", roles=("A",))
    after = User(user_id="Ann", name="Ann", roles=("A", "B"))
    assert changes(before, after, "users") == [FieldChange("roles", "A", "A;B")]


def test_what_an_operation_is_called() -> None:
    row = CostCentre(code="AKL")
    assert [Operation("cost_centres", *pair).kind for pair in ((None, row), (row, None), (row, row))] == [
        "create",
        "delete",
        "change",
    ]
    assert Operation("services", None, smtp()).name == "services GLOBAL / SMTP"
    assert Operation("services", None, smtp()).key == ("global", "smtp")


def test_the_secrets_of_an_operation_are_those_it_leaves_behind() -> None:
    assert list(Operation("services", smtp(password=OTHER), smtp(password=PASSWORD)).secrets) == [
        ("password", PASSWORD)
    ]
    assert list(Operation("services", smtp(password=OTHER), None).secrets) == []
    assert list(Operation("services", None, smtp(password=NOT_CAPTURED)).secrets) == []


@given(organisations.rows(), organisations.rows())
def test_operations_by_column_are_a_sequence(before: Rows, after: Rows) -> None:
    made = list(difference(by_place(*before), by_place(*after)))
    found = Operations([*made, *[operation.reverse() for operation in made]])
    expected = [*made, *[operation.reverse() for operation in made]]
    assert (list(found), len(found), found[1:-1]) == (expected, len(expected), expected[1:-1])
    assert [found[place] for place in range(-len(found), len(found))] == expected * 2
    assert list(found.documents()) == [operation.document() for operation in expected]
    assert found == Operations(expected)
    assert not expected or found != Operations(expected[1:])


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {"table": "users", "before": None},
        {"table": "users", "before": None, "after": None},
        {"table": "users", "before": {}, "after": {"user_id": "x"}},
        {"table": "users", "before": None, "after": {"user_id": "x"}, "more": 1},
        {"table": "users", "before": None, "after": "x"},
    ],
)
def test_what_is_no_operation_is_refused(document: Any) -> None:
    with pytest.raises((TypeError, KeyError)):
        Operations().append(document)


@pytest.mark.parametrize("table", ["users", "evil\ntable"])
def test_an_operation_that_stands_for_no_row_is_refused_when_it_is_asked_for(table: str) -> None:
    found = Operations()
    found.append({"table": table, "before": None, "after": {"evil": "CANARY"}})
    with pytest.raises(Tampered, match="stands for no row") as caught:
        list(found)
    assert "CANARY" not in str(caught.value)
    assert "\n" not in caught.value.what
