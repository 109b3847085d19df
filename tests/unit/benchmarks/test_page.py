"""The same rows draw the same page and the same pictures, and what the pictures show is said in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import charts, page
from benchmarks.rows import Row, keep

DOCS = Path(__file__).parents[3] / "docs"
MILLION = Row(question="effects", case="5 % own values", size=1_000_000, unit="s", ours=1.0, ours_cpu=1.0,
              ours_peak_mib=400.0, rival_name="DuckDB", rival=1.5, rival_cpu=2.0, rival_peak_mib=700.0, limit=0.5,
              limit_mib=572.2, rounds=3, quiet=True, command="python -m benchmarks.population",
              machine="2 cores")  # fmt: skip
SMALLER = [replace(MILLION, size=size, ours=size / 1e6, limit=None, limit_mib=None) for size in (10_000, 100_000)]
LARGER = replace(MILLION, size=5_000_000, ours=5.0, rival=9.0, limit=None, limit_mib=None)
ROWS = [*SMALLER, MILLION, LARGER, replace(MILLION, rival_name="pandas", rival=4.0, limit=None)]
MARKED = "".join(
    f"words\n<!-- drawn: {name} -->\nold\n<!-- end -->\n" for name in ("machine", "goals", "effects", "curve")
)


def drawn(folder: Path, rows: list[Row], text: str = MARKED) -> str:
    docs = folder / "docs"
    docs.mkdir(parents=True)
    (docs / "performance.md").write_text(text)
    keep(folder / "rows.jsonl", rows)
    charts.main(str(folder / "rows.jsonl"), str(docs))
    return (docs / "performance.md").read_text()


def test_the_same_rows_draw_the_same_bytes(tmp_path: Path) -> None:
    texts = [drawn(tmp_path / turn, ROWS) for turn in "ab"]
    pictures = [{f.name: f.read_bytes() for f in (tmp_path / turn / "docs/performance").iterdir()} for turn in "ab"]
    assert texts[0] == texts[1]
    assert pictures[0] == pictures[1]
    assert set(pictures[0]) == {"effects.svg", "curve.svg", "curve-of-memory.svg"}


def test_a_page_drawn_again_stays_as_it_is(tmp_path: Path) -> None:
    once = drawn(tmp_path / "once", ROWS)
    assert drawn(tmp_path / "twice", ROWS, once) == once


def test_only_what_stands_between_marks_is_drawn(tmp_path: Path) -> None:
    text = drawn(tmp_path, ROWS)
    assert text.count("words\n") == 4
    assert "old" not in text


def test_a_picture_is_at_the_size_the_goal_is_for() -> None:
    assert [rows[0].size for rows in page.shown(ROWS).values()] == [1_000_000]
    assert [rows[0].size for rows in page.shown([*SMALLER, LARGER]).values()] == [5_000_000]


def test_a_picture_has_every_rival() -> None:
    ((name, rows),) = page.shown(ROWS).items()
    assert name == "5 % own values, 1,000,000 users"
    assert [row.rival_name for row in rows] == ["DuckDB", "pandas"]


def test_a_curve_is_beside_the_rival_of_the_goal() -> None:
    assert page.growing(ROWS, ("effects",)) == {"5 % own values": [*SMALLER, MILLION, LARGER]}
    assert page.growing([*SMALLER], ("effects",)) == {}


def test_a_curve_without_a_goal_is_beside_the_quickest() -> None:
    sizes = [*SMALLER, replace(MILLION, limit=None)]
    slow, quick = (
        [replace(row, rival_name=name, rival=took) for row in sizes] for name, took in (("a", 3.0), ("b", 2.0))
    )
    assert page.growing([*slow, *quick], ("effects",)) == {"5 % own values": quick}


def test_what_stands_alone_is_drawn_side_by_side() -> None:
    alone = replace(MILLION, rival_name="", rival=None, limit=None)
    aimed, plan, verify = (
        replace(alone, limit=2.0),
        replace(alone, case="plan"),
        replace(alone, case="verify", ours=3.0),
    )
    first, other, last = charts._panels(page.shown([plan, MILLION, verify, replace(aimed, case="aimed")]))
    assert (first.bars, first.ours, first.goal) == ({"mailadmin": 1.0, "DuckDB": 1.5}, 1, 0.75)
    assert (other.bars, other.goal) == ({"mailadmin": 1.0}, 2.0)
    assert (last.title, last.bars, last.ours) == ("1,000,000 users", {"plan": 1.0, "verify": 3.0}, 2)


def test_words_say_what_the_picture_shows(tmp_path: Path) -> None:
    text = drawn(tmp_path, ROWS)
    shown = "5 % own values, 1,000,000 users: mailadmin 1 s, DuckDB 1.50 s, pandas 4 s, goal 0.750 s"
    assert f"![effects. {shown}](performance/effects.svg)" in text
    assert "    python -m benchmarks.population\n" in text


def test_every_goal_is_listed_with_where_we_are(tmp_path: Path) -> None:
    text = drawn(tmp_path, ROWS)
    assert "| effects, 5 % own values, 1,000,000 users | 0.5 × DuckDB | 0.67 × | **not reached** |" in text
    assert "| effects, 5 % own values, 1,000,000 users: memory | 572 MiB | 400 MiB | reached |" in text


def test_a_row_of_a_busy_machine_is_marked(tmp_path: Path) -> None:
    assert "something else was running" not in drawn(tmp_path / "quiet", ROWS)
    busy = drawn(tmp_path / "busy", [replace(row, quiet=False) for row in ROWS])
    assert "1,000,000 users \\*" in busy
    assert "something else was running" in busy


def test_answers_that_differ_are_said_to(tmp_path: Path) -> None:
    assert "**The answers differ.**" in drawn(tmp_path, [replace(MILLION, agree=False)])


def test_answers_that_were_not_compared_are_said_to_be(tmp_path: Path) -> None:
    text = drawn(tmp_path, [MILLION, replace(LARGER, agree=None)])
    assert "5,000,000 users †" in text
    assert "1,000,000 users †" not in text
    assert "† the answers were not compared" in text


def test_a_question_without_a_place_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"has no place for: riddles"):
        drawn(tmp_path, [*ROWS, replace(MILLION, question="riddles")])


def test_the_page_has_a_place_for_every_question_that_was_measured(tmp_path: Path) -> None:
    charts.main(str(DOCS / "performance/rows.jsonl"), str(_copy(tmp_path)))
    assert (tmp_path / "performance.md").read_text() == (DOCS / "performance.md").read_text()
    assert _names(tmp_path) == _names(DOCS)


def _names(docs: Path) -> set[str]:
    return {file.name for file in (docs / "performance").glob("*.svg")}


def _copy(folder: Path) -> Path:
    (folder / "performance.md").write_text((DOCS / "performance.md").read_text())
    return folder


def test_pictures_are_pictures(tmp_path: Path) -> None:
    drawn(tmp_path, ROWS)
    for file in (tmp_path / "docs/performance").iterdir():
        assert ElementTree.parse(file).getroot().tag.endswith("svg")  # noqa: S314
