"""The notebooks come into a folder of somebody's own, and what is there already stays as it is."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from mailadmin.bootstrap import notebooks_folder
from mailadmin.errors import BadInput
from mailadmin.jupyter.notebooks import FIRST, STEP_BY_STEP, as_page, copy_to


def test_the_notebooks_come_into_a_new_folder(tmp_path: Path) -> None:
    copied = copy_to(tmp_path / "new" / "folder")
    assert list(copied.new) == sorted(path.name for path in notebooks_folder().iterdir() if path.is_file())
    assert FIRST in copied.new
    assert copied.changed == ()
    assert all((copied.folder / name).read_bytes() == (notebooks_folder() / name).read_bytes() for name in copied.new)


def test_what_is_there_is_never_overwritten(tmp_path: Path) -> None:
    first = copy_to(tmp_path)
    (tmp_path / FIRST).write_text("mine")
    (tmp_path / first.new[1]).unlink()
    again = copy_to(tmp_path)
    assert (again.new, again.changed) == ((first.new[1],), (FIRST,))
    assert (tmp_path / FIRST).read_text() == "mine"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(BadInput, match="is a file"):
        copy_to(tmp_path / "file")


def test_a_page_ends_where_the_steps_by_code_begin() -> None:
    def page(*texts: str) -> list[str]:
        cells = [nbformat.v4.new_markdown_cell(text) for text in texts]
        return [cell.source for cell in as_page(nbformat.v4.new_notebook(cells=cells)).cells]

    assert page("a", "b", f"{STEP_BY_STEP}\n\nWhat the form does …", "d") == ["a", "b"]
    assert page("a", "b") == ["a", "b"]


@pytest.mark.parametrize("name", ["1-snapshot", "2-migrate"])
def test_the_long_notebooks_are_short_pages(name: str) -> None:
    notebook = nbformat.read(notebooks_folder() / f"{name}.ipynb", as_version=4)
    whole = len(notebook.cells)
    assert 3 < len(as_page(notebook).cells) < whole / 2
