"""Every step is done, whatever became of the one before."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as everything
from benchmarks.processes import alternating, run
from benchmarks.rows import kept

PRINTS = [sys.executable, "-c", "print('said')"]


def told(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["benchmarks", *words])
    return everything.main()


def test_a_step_that_fails_is_named_and_the_others_are_done(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    steps = {"absent": everything.Step("absent"), "help": everything.Step("starting", ("--help",))}
    monkeypatch.setattr(everything, "STEPS", steps)
    assert told(monkeypatch, "--questions", "absent;help", "--json", str(tmp_path / "rows")) == 1
    said = capfd.readouterr().out
    assert "1 of 2: absent: python -m benchmarks.absent" in said
    assert "2 of 2: help: python -m benchmarks.starting --help" in said
    assert "it failed: absent\n" in said


def test_an_unknown_question_is_refused_with_those_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        told(monkeypatch, "--questions", "riddles")
    assert "no such question: riddles; there are population" in capsys.readouterr().err


def test_all_of_it_is_kept_anew_and_a_part_is_added(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "rows"
    monkeypatch.setattr(
        everything, "STEPS", {"help": everything.Step("starting", ("--help",)), "absent": everything.Step("absent")}
    )
    file.write_text("")
    told(monkeypatch, "--questions", "help", "--json", str(file))
    assert file.exists()
    told(monkeypatch, "--json", str(file))
    assert not file.exists()


def test_the_least_is_one_round_of_what_a_step_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert told(monkeypatch, "--small", "--questions", "start", "--json", str(tmp_path / "rows")) == 0
    assert [(row.question, row.rounds) for row in kept(tmp_path / "rows")] == [("start", 1), ("start", 1)]


def test_how_often_and_by_which_python_is_handed_on(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    step = everything.Step("starting", ("--all",), ("--few",), pythons=("datacompy", "csv-diff"))
    monkeypatch.setattr(everything, "STEPS", {"it": step})
    told(monkeypatch, "--rounds", "2")
    told(monkeypatch, "--small", "--csv-diff", "an interpreter")
    said = capfd.readouterr().out
    assert "python -m benchmarks.starting --all --rounds 2\n" in said
    assert "python -m benchmarks.starting --few --rounds 1 --csv-diff 'an interpreter'\n" in said


def test_every_step_is_a_module() -> None:
    folder = Path(everything.__file__).parent
    assert all((folder / f"{step.module}.py").exists() for step in everything.STEPS.values())


def test_a_process_that_fails_is_no_measurement() -> None:
    with pytest.raises(Exception, match="exit status 3"):
        run([sys.executable, "-c", "raise SystemExit(3)"])


def test_processes_take_turns_and_say_what_they_said() -> None:
    taken = alternating({"one": PRINTS, "other": PRINTS}, 2)
    assert {name: each.said for name, each in taken.items()} == {"one": "said\n", "other": "said\n"}
    assert all(each.wall > 0 and each.cpu > 0 and each.peak_mib > 1 for each in taken.values())
