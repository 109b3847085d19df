"""One answer at a time: what the first has left counts for the others, and what is asked is told with its goal."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import interactive
from benchmarks.rows import kept


def test_the_first_answer_is_not_among_those_that_count() -> None:
    asked: list[str] = []
    taken = interactive.measured(lambda: asked.append("again"), 3)
    assert (len(asked), len(taken)) == (4, 3)
    assert all(each.wall >= 0 and each.cpu >= 0 for each in taken)


def test_without_a_round_the_first_answer_is_what_counts() -> None:
    asked: list[str] = []
    assert len(interactive.measured(lambda: asked.append("once"), 0)) == len(asked) == 1


def test_everything_asked_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    file = tmp_path / "rows"
    monkeypatch.setattr(sys, "argv", ["interactive", "--users", "600", "--rounds", "1", "--json", str(file)])
    assert interactive.main() == 0
    found = kept(file)
    assert [row.case for row in found] == list(interactive.ANSWERS)
    assert [row.limit for row in found[:5]] == [20, 100, None, 100, 100]
    assert {(row.question, row.size, row.unit, row.rounds) for row in found} == {("one answer", 600, "ms", 1)}
