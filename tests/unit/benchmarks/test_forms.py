"""Forms beside others: a row per form of ours, place and rival."""

from __future__ import annotations

from benchmarks.forms import _rows

SECONDS = {
    "configure": {"kernel": [1.0, 3.0, 2.0], "browser": [4.0, 5.0, 6.0]},
    "compose": {"kernel": [1.0] * 3, "browser": [2.0] * 3},
    "bare ipywidgets": {"kernel": [0.5] * 3, "browser": [10.0] * 3},
}


def test_a_row_per_form_place_and_rival() -> None:
    found = list(_rows(SECONDS, True, "a command"))
    assert [(row.case, row.ours, row.rival_name, row.rival) for row in found] == [
        ("configure: kernel", 2, "bare ipywidgets", 0.5),
        ("configure: browser", 5, "bare ipywidgets", 10),
        ("compose: kernel", 1, "bare ipywidgets", 0.5),
        ("compose: browser", 2, "bare ipywidgets", 10),
    ]
    assert {(row.question, row.unit, row.rounds) for row in found} == {("forms", "s", 3)}
