"""An encoded column stands for its cells, and numbers its values as they come."""

from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from mailadmin.resolution.encoded import Encoded

cells = st.lists(st.sampled_from(("a", "b", "c", None)))


@given(cells)
def test_an_encoded_column_has_the_cells_it_was_made_of(found: list[str | None]) -> None:
    column = Encoded.of(found)
    assert list(column) == found
    assert [column[row] for row in range(len(column))] == found
    assert list(column[1:3]) == found[1:3]


@given(cells)
def test_values_are_numbered_in_the_order_in_which_they_first_appear(found: list[str | None]) -> None:
    column = Encoded.of(found)
    assert column.values == tuple(dict.fromkeys(found))
    assert list(column.firsts()) == [found.index(value) for value in column.values]


def test_a_constant_column_has_one_value() -> None:
    assert list(Encoded.constant("x", 3)) == ["x", "x", "x"]
    assert Encoded.constant("x", 0) == Encoded((), array("I"))
