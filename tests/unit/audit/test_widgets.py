"""Widgets: numbers are compared, not texts; what was not noted is not known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.audit.widgets import State, check_widgets
from mailadmin.domain.widgets import REQUIRED, version_of

CURRENT = [{"name": widget.name, "version": widget.version} for widget in REQUIRED]


def test_a_site_with_the_required_ones_has_no_finding() -> None:
    assert check_widgets([*CURRENT, {"name": "Other", "version": "?"}]) == ()


def test_what_was_not_noted_is_unknown() -> None:
    assert [(f.widget, f.state) for f in check_widgets(None)] == [(widget, State.UNKNOWN) for widget in REQUIRED]


def test_an_empty_table_has_none_of_them() -> None:
    assert [(f.widget, f.state) for f in check_widgets([])] == [(widget, State.MISSING) for widget in REQUIRED]


@pytest.mark.parametrize(
    ("version", "state"),
    [
        ("1.05", None), ("1.5", None), (" 1.06 ", None), ("1.10", None), ("2", None), ("1.05.1", None),
        ("1.04", State.OLDER), ("1.4", State.OLDER), ("0.99", State.OLDER), ("1", State.OLDER), ("1.04.9", State.OLDER),
        ("", State.NO_VERSION), ("v1.05", State.NO_VERSION), ("1.05 b", State.NO_VERSION), ("1,05", State.NO_VERSION),
        ("1..5", State.NO_VERSION), ("-1.05", State.NO_VERSION), ("١.٠٥", State.NO_VERSION),
        ("9" * 5000, State.NO_VERSION), (None, State.NO_VERSION),
    ],
)  # fmt: skip
def test_versions(version: str | None, state: State | None) -> None:
    rows = [{"name": "emailmessage ", "version": version}, *CURRENT[1:]]
    assert [f.state for f in check_widgets(rows)] == ([] if state is None else [state])


PARTS = st.lists(st.integers(0, 10**9 - 1), min_size=1, max_size=4)


@given(PARTS, PARTS | st.lists(st.integers(0, 2), min_size=1, max_size=4))
def test_versions_compare_as_their_numbers(one: list[int], other: list[int]) -> None:
    first, second = (version_of(".".join(map(str, parts))) for parts in (one, other))
    assert (first < second) == (one < other)
