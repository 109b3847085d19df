"""The steps of a migration beside the rivals': everybody gives the same answer, and where one does not, it is told."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest

from benchmarks import exports, snapshots
from benchmarks.snapshots import APART, CASES, OURS, Run, Side
from benchmarks.steps import Paths, Step

USERS = 300


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    folder = tmp_path_factory.mktemp("exports")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(folder))
        before, after = (exports.folder(USERS, 0.5, after=later) for later in (False, True))
        work = folder / "work"
        work.mkdir()
        return Paths(work, before, after, exports.workbook(USERS, 0.5))


def answer(side: Side, paths: Paths) -> set[str]:
    step: Step = getattr(import_module(f"benchmarks.{side.module}"), side.function)(paths)
    return set(step.answer(step.do()))


def test_every_side_gives_the_same_answer(paths: Paths) -> None:
    for case, sides in CASES.items():
        answers = {label: answer(side, paths) for label, side in sides.items() if side.needs not in APART}
        assert all(answers.values()), case
        for label, found in answers.items():
            assert found == answers[OURS], f"{case}, {label}"


@pytest.mark.parametrize("package", APART)
def test_a_rival_that_is_installed_apart_gives_the_same_answer(paths: Paths, package: str) -> None:
    pytest.importorskip(package)
    (side,) = (side for side in CASES["diff"].values() if side.needs == package)
    assert answer(side, paths) == answer(CASES["diff"][OURS], paths)


def run(answer: str = "same", seconds: float = 1.0) -> Run:
    return Run(seconds, seconds / 2, 100.0, 3, answer)


def test_a_row_a_rival_and_one_where_there_is_none() -> None:
    runs = {
        "take, CSV": {OURS: [run(seconds=2), run(seconds=4), run(seconds=3)], "pandas": [run()] * 3, "DuckDB": []},
        snapshots.LATER: {OURS: [run()], "pandas": [run()]},
        "verify": {OURS: [run()]},
    }
    found = list(snapshots._rows(USERS, runs, True, "a command"))
    assert [(row.case, row.rival_name, row.ours, row.ratio, row.agree) for row in found] == [
        ("take, CSV", "pandas", 3, 3, True),
        ("verify", "", 1, None, True),
    ]


def test_another_answer_is_told() -> None:
    runs = {"diff": {OURS: [run(), run()], "pandas": [run(), run("other")], "DuckDB": [run(), run()]}}
    found = {row.rival_name: row.agree for row in snapshots._rows(USERS, runs, True, "a command")}
    assert found == {"pandas": False, "DuckDB": True}


def test_a_rival_that_is_not_there_is_left_out_and_one_elsewhere_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    sides = {OURS: Side("migrators", "diff"), "nobody": Side("rivals", "diff", "no_such_package")}
    assert list(snapshots._found(sides, {})) == [OURS]
    assert capsys.readouterr().out == "left out: nobody, for want of the package no_such_package\n"
    assert list(snapshots._found(sides, {"no_such_package": "python"})) == [OURS, "nobody"]
    assert capsys.readouterr().out == ""


def test_a_step_runs_in_a_process_of_its_own(paths: Paths, tmp_path: Path) -> None:
    words = ["rivals_of_snapshots", "pandas_take", str(tmp_path), *map(str, paths[1:])]
    done = snapshots._run(sys.executable, words)
    assert done.size > 30
    assert done.peak_mib > 10
