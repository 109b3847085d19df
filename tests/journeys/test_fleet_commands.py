"""mailadmin fleet …, as it is typed: a line per site, the rows of all of them, one report, an exit code."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import mailadmin
from mailadmin.cli import application
from mailadmin.errors import BadInput
from tests.sites import CONFIGURATION, configure


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fleet")
    for name in ("a", "b"):
        app = mailadmin.connect(folder / f"{name}.db", environment={}, actor="tester")
        person = f'[[users]]\nuser_id = "u{name}"\nname = "U"\nroles = ["Clerks"]\n'
        configure(app, folder, f"{CONFIGURATION}\n{person}")
        app.close()
    lines = [f'[[site]]\nname = "{name}"\nstore = "{name}.db"\ntags = ["{name}"]\n' for name in ("a", "gone", "b")]
    (folder / "sites.toml").write_text("".join(lines))
    return folder / "sites.toml"


def asked(*words: str | Path, ends: int = 0) -> Result:
    result = CliRunner().invoke(application("fleet"), ["fleet", *map(str, words)])
    assert result.exit_code == ends, result.output
    return result


def as_table(result: Result) -> list[dict[str, str]]:
    return list(csv.DictReader(result.stdout.splitlines()))


def test_a_line_per_site_with_its_figures_or_the_reason(listed: Path) -> None:
    lines = as_table(asked("audit", listed, "--format", "csv"))
    assert [line["site"] for line in lines] == ["a", "gone", "b"]
    assert lines[0]["users"] == lines[2]["users"] != ""
    assert lines[1]["users"] == ""
    assert lines[1]["not_asked"].startswith("There is no store at ")
    assert as_table(asked("audit", listed, "--format", "csv", "--tag", "b")) == lines[2:]


def test_rows_are_the_same_as_they_come_and_all_at_once(listed: Path, tmp_path: Path) -> None:
    streamed = asked("audit", listed, "--rows", "--format", "csv", "--resume", tmp_path / "book")
    rows = as_table(streamed)
    assert {row["site"] for row in rows} == {"a", "b"}
    assert json.loads(asked("audit", listed, "--rows", "--format", "json").stdout) == rows
    assert as_table(asked("audit", listed, "--rows", "--format", "csv", "--resume", tmp_path / "book")) == rows
    assert "gone could not be asked: There is no store at " in streamed.stderr


def test_a_site_that_could_not_be_asked_is_an_exit_code_where_that_is_wanted(listed: Path) -> None:
    asked("effective", listed, "--check", ends=1)
    asked("audit", listed, "--rows", "--format", "csv", "--check", ends=1)
    asked("effective", listed, "--check", "--tag", "a")


def test_one_report_is_across_the_sites(listed: Path, tmp_path: Path) -> None:
    asked("audit", listed, "--out", tmp_path / "report")
    page = (tmp_path / "report" / "fleet-audit.html").read_text()
    assert all(f">{name}<" in page for name in ("a", "gone", "b"))
    rows = as_table(asked("audit", listed, "--rows", "--format", "csv"))
    told = (tmp_path / "report" / "fleet-audit-rows.csv").read_text(encoding="utf-8-sig")
    assert [line[:2] for line in csv.reader(told.splitlines()[1:])] == [[row["site"], row["user_id"]] for row in rows]


def test_processes_and_a_cluster_at_once_are_refused(listed: Path) -> None:
    result = CliRunner().invoke(application("fleet"), ["fleet", "scan", str(listed), "--jobs", "2", "--scheduler", "x"])
    assert isinstance(result.exception, BadInput)
