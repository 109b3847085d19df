"""A row is read as it was kept, and says how it compares."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.rows import Row, command, figure, keep, kept, settle, shown

ROW = Row(question="effects", size=1_000, unit="s", ours=1.0, rival_name="DuckDB", rival=2.0, limit=0.5, rounds=3,
          quiet=True, command="python -m benchmarks.population")  # fmt: skip
ALONE = Row(question="one answer", size=1_000, unit="ms", ours=21.0, limit=20, rounds=3, quiet=True, command="")


def test_a_row_is_read_as_it_was_kept(tmp_path: Path) -> None:
    keep(tmp_path / "rows", [ROW])
    keep(tmp_path / "rows", [ALONE])
    assert kept(tmp_path / "rows") == [ROW, ALONE]


def test_a_row_says_how_it_compares(tmp_path: Path) -> None:
    assert (ROW.ratio, ROW.most, ROW.is_reached) == (0.5, 1.0, True)
    assert not replace(ROW, ours=1.01).is_reached
    assert (ALONE.ratio, ALONE.most, ALONE.is_reached) == (None, 20, False)
    assert replace(ALONE, limit=None).is_reached


def test_the_ratio_of_cpu_needs_both_sides() -> None:
    assert ROW.ratio_of_cpu is None
    assert replace(ROW, ours_cpu=1.0, rival_cpu=4.0).ratio_of_cpu == 0.25


def test_a_goal_for_memory_is_reached_by_what_was_measured() -> None:
    assert replace(ROW, ours_peak_mib=500.0, limit_mib=572.2).is_small
    assert not replace(ROW, ours_peak_mib=600.0, limit_mib=572.2).is_small
    assert not replace(ROW, limit_mib=572.2).is_small


def test_what_is_said_again_takes_the_place_of_what_was_said(tmp_path: Path) -> None:
    file = tmp_path / "rows"
    other = replace(ROW, rival_name="pandas")
    keep(file, [ROW, other, replace(ROW, ours=0.8)])
    settle(file)
    assert kept(file) == [replace(ROW, ours=0.8), other]
    assert len(file.read_text().splitlines()) == 2


def test_without_a_file_nothing_is_kept() -> None:
    keep(None, [ROW])


def test_a_line_says_the_goal_and_whether_the_answers_differ() -> None:
    assert "goal 1 s: reached" in shown(ROW)
    assert "goal 20 ms: NOT REACHED" in shown(ALONE)
    assert "THE ANSWERS DIFFER" in shown(replace(ROW, agree=False))


def test_figures_have_three_digits_that_matter() -> None:
    assert [figure(value, "s") for value in (0.00123, 0.0958, 1.274, 45.67, 1234.5, 0.0, -0.5)] == [
        "0.00123 s", "0.0958 s", "1.27 s", "45.7 s", "1,234 s", "0 s", "-0.500 s"
    ]  # fmt: skip


def test_a_command_is_without_the_file_it_was_kept_in() -> None:
    assert command("python -m x", ["--rounds", "3", "--json", "rows.jsonl", "--rows", "a;b"]) == (
        "python -m x --rounds 3 --rows 'a;b'"
    )
    assert command("python -m x", ["--json=rows"]) == "python -m x"


def test_a_command_is_without_where_another_python_is() -> None:
    words = ["--datacompy", "/there/python", "--csv-diff=/here/python", "--users", "5"]
    assert command("python -m x", words, ["/there/python", "/here/python"]) == (
        "python -m x --datacompy PYTHON --csv-diff=PYTHON --users 5"
    )
