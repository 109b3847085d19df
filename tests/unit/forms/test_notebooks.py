"""The notebooks as they are kept: calls and text, run, with nothing in them that differs from day to day."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[3] / "notebooks").glob("*.ipynb"))
DIFFERS = re.compile(r"[0-9a-f]{16}|\d\d:\d\d|20\d\d-\d\d|/tmp/|/home/|\.local/")  # hashes, times, dates, folders
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request: pytest.FixtureRequest) -> Any:
    return json.loads(request.param.read_text())


def code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_there_are_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == [
        "0-start",
        "1-snapshot",
        "2-migrate",
        "3-audit",
        "4-configure",
        "5-compose",
        "6-portal",
        "7-user-settings",
        "8-verify",
    ]


def test_parameters_come_first(notebook: Any) -> None:
    assert code(notebook)[0]["metadata"]["tags"] == ["parameters"]


def test_a_notebook_opens_with_its_title_and_says_where_to_go(notebook: Any) -> None:
    first = "".join(notebook["cells"][0]["source"])
    assert re.match(r"# \d · \w", first)
    assert ".ipynb)" in first


def test_cells_are_calls_without_logic(notebook: Any) -> None:
    for cell in code(notebook):
        assert len(cell["source"]) <= 5
        assert not re.search(r"^\s*(def|class|for|if|while|with|try|lambda)\b", "".join(cell["source"]), re.MULTILINE)


def test_every_cell_was_run_in_order(notebook: Any) -> None:
    assert [cell["execution_count"] for cell in code(notebook)] == list(range(1, len(code(notebook)) + 1))


def test_every_output_is_compared(notebook: Any) -> None:
    for cell in code(notebook):
        assert bool(cell["outputs"]) == ("nbval-check-output" in cell["metadata"].get("tags", []))


def test_outputs_hold_nothing_that_differs_from_day_to_day(notebook: Any) -> None:
    for cell in code(notebook):
        assert set(cell["metadata"]) <= {"tags"}
        for output in cell["outputs"]:
            assert output["output_type"] == "execute_result"
            for kind in ("text/plain", "text/html"):
                text = GUID.sub("", "".join(output["data"].get(kind, "")))
                assert DIFFERS.search(text) is None


def test_no_widget_state_is_kept(notebook: Any) -> None:
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
