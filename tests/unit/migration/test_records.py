"""Rows by column are the rows they were made of."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.domain.canonical import canonical, pieces
from mailadmin.migration import records
from mailadmin.migration.records import Records

VALUES = st.sampled_from(["a", "b", "", 0, 1, True, False, ["a"], ["a", "b"], [], [{"feature": "x"}]])
ROWS = st.lists(st.dictionaries(st.sampled_from("klmn"), VALUES), max_size=8)


@given(ROWS)
def test_rows_are_what_they_were(rows: list[dict[str, Any]]) -> None:
    found = Records(rows)
    assert (list(found), len(found), found[:]) == (rows, len(rows), rows)
    assert [found[place] for place in range(len(rows))] == rows
    assert b"".join(pieces(found)) == canonical(rows)
    assert list(found.names) == sorted({name for row in rows for name in row})
    for name in "klmn":
        assert list(found.column(name)) == [row.get(name) for row in rows]


@given(ROWS, ROWS, st.sampled_from([0, 2, 5_000]))
def test_rows_are_added_by_column(before: list[dict[str, Any]], rows: list[dict[str, Any]], alike: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "_ALIKE", alike)
        found = Records(before)
        found.extend({name: [row.get(name) for row in rows] for name in "klm"})
    together = [*before, *({name: value for name, value in row.items() if name in "klm"} for row in rows)]
    assert list(found) == together
    assert b"".join(pieces(found)) == canonical(together)  # 1 and True are equal, and not the same


@given(ROWS, ROWS)
def test_rows_are_equal_as_lists_are(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> None:
    assert (Records(one) == Records(other)) == (one == other)
    assert Records(one) == Records(one) == one


def test_one_and_true_stay_apart() -> None:
    assert [type(row["value"]) for row in Records([{"value": 1}, {"value": True}, {"value": "1"}])] == [int, bool, str]


def test_equal_texts_and_lists_are_kept_once() -> None:
    found = Records([{"branch": "".join(["A", "K"]), "roles": ["X", "Y"]} for _ in range(3)])
    found.extend(json.loads(json.dumps({name: found.column(name) for name in ("branch", "roles")})))
    assert len({id(cell) for name in ("branch", "roles") for cell in found.column(name)}) == 2


def test_a_column_of_different_texts_is_not_searched_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_ALIKE", 3)
    rows = [{"id": f"U{number}"} for number in range(8)] + [{"id": "U1"}]
    assert list(Records(rows)) == rows


@given(ROWS, st.randoms())
def test_rows_are_put_into_an_order(rows: list[dict[str, Any]], chance: Any) -> None:
    order = [place for place in range(len(rows)) if chance.random() < 0.7]
    chance.shuffle(order)
    found = Records(rows)
    found.arrange(order)
    assert list(found) == [rows[place] for place in order]


def test_a_value_is_put_into_a_row() -> None:
    found = Records([{"a": 1}, {}])
    found.put(1, "b", "x")
    assert list(found) == [{"a": 1}, {"b": "x"}]


CHANGES: dict[str, Callable[[Records], None]] = {
    "append": lambda rows: rows.append({"k": "c"}),
    "extend": lambda rows: rows.extend({"l": [1, None]}),
    "put": lambda rows: rows.put(1, "k", "c"),
    "arrange": lambda rows: rows.arrange([1]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_was_told_is_told_again_until_it_changes(change: Callable[[Records], None]) -> None:
    found = Records([{"k": "a\nb"}, {"l": 2}])
    assert list(found.texts()) == list(found.texts()) == [r'{"k":"a\nb"}', '{"l":2}']
    change(found)
    assert list(found.texts()) == [canonical(row).decode() for row in found] != [r'{"k":"a\nb"}', '{"l":2}']


@pytest.mark.parametrize("row", [None, [], "row", 7])
def test_what_is_no_row_is_refused(row: Any) -> None:
    with pytest.raises(TypeError, match="a row is an object"):
        Records([row])
