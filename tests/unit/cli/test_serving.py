"""`lab` and `serve`: where the notebooks come, what is handed on, and what a person is told; no server is started."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mailadmin.cli import application, serving
from mailadmin.errors import BadInput
from mailadmin.jupyter import lab, pages

Started = dict[str, Any]


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Started:
    """What the servers were started with; they end at once."""
    known: Started = {}
    monkeypatch.chdir(tmp_path)
    for variable in ("MAILADMIN_STORE", "JUPYTER_PATH", "JUPYTER_CONFIG_PATH"):
        monkeypatch.setenv(variable, "")

    def lab_run(folder: Path, **how: Any) -> None:
        known.update(how, kind="lab", folder=folder, store=os.environ["MAILADMIN_STORE"])

    def pages_run(folder: Path, **how: Any) -> None:
        known.update(how, kind="serve", folder=folder, store=os.environ["MAILADMIN_STORE"])
        how["ready"]("http://127.0.0.1:1/?token=x")

    monkeypatch.setattr(lab, "run", lab_run)
    monkeypatch.setattr(pages, "run", pages_run)
    return known


def said(*words: str) -> Result:
    done = CliRunner().invoke(application(), words)
    assert done.exception is None, done.exception
    return done


def test_lab_opens_the_notebooks_of_a_folder_of_ones_own(started: Started, tmp_path: Path) -> None:
    told = said("--store", "mine.db", "lab", "--no-browser").stderr
    assert (started["kind"], started["ip"], started["browser"]) == ("lab", "127.0.0.1", False)
    assert started["store"] == str(tmp_path / "mine.db")
    assert (tmp_path / "mailadmin-notebooks" / "0-start.ipynb").is_file()
    assert f"Notebooks: {tmp_path / 'mailadmin-notebooks'}" in told
    (tmp_path / "mailadmin-notebooks" / "0-start.ipynb").write_text("mine")
    again = said("lab").stderr
    assert "(0 put there now)" in again
    assert "Left as they are, though not as they come with this mailadmin: 0-start.ipynb" in again


def test_serve_says_the_address_and_whose_rights_it_gives(started: Started) -> None:
    done = said("serve", "pages", "--port", "9999", "--dark")
    assert (started["kind"], started["port"], started["dark"], started["folder"]) == (
        "serve",
        9999,
        True,
        Path("pages"),
    )
    assert "http://127.0.0.1:1/?token=x" in done.stdout
    assert "Whoever has this address works with your rights." in done.stdout
    assert "Careful" not in done.stderr


@pytest.mark.parametrize("command", ["lab", "serve"])
def test_another_address_than_this_machine_is_warned_of(started: Started, command: str) -> None:
    assert "Careful: other machines can reach 0.0.0.0" in said(command, "--ip", "0.0.0.0").stderr  # noqa: S104
    assert started["ip"] == "0.0.0.0"  # noqa: S104


def test_without_voila_the_remedy_is_said(started: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "find_spec", lambda _name: None)
    done = CliRunner().invoke(application(), ["serve"])
    assert isinstance(done.exception, BadInput)
    assert done.exception.remedy == "pip install 'mailadmin[serve]'"
    assert started == {}
