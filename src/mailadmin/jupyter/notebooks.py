"""The notebooks that come with mailadmin, and a folder of somebody's own to work in them.

Law: what stands in that folder is that person's, and is never overwritten.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, NamedTuple

from ..bootstrap import notebooks_folder
from ..errors import BadInput

FIRST = "0-start.ipynb"
"""The notebook to begin with."""

STEP_BY_STEP = "## The same, step by step"
"""The heading from which on a notebook does by code what its form does."""


class Copied(NamedTuple):
    """What came into a folder, and what was there already: the same as ours, or changed since."""

    folder: Path
    new: tuple[str, ...]
    changed: tuple[str, ...]


def copy_to(folder: Path) -> Copied:
    """Put the notebooks into a folder, those that are not there yet. Raises BadInput where it is no folder."""
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"{folder} is a file.", remedy="Name a folder for the notebooks.")
    folder.mkdir(parents=True, exist_ok=True)
    new, changed = [], []
    for source in sorted(notebooks_folder().iterdir()):
        target = folder / source.name
        if not source.is_file():
            continue
        if not target.exists():
            shutil.copyfile(source, target)
            new.append(source.name)
        elif target.read_bytes() != source.read_bytes():
            changed.append(source.name)
    return Copied(folder, tuple(new), tuple(changed))


def as_page(notebook: Any) -> Any:
    """A notebook as a page shows it: text and forms, without the steps by code beneath them."""
    texts = [cell.source for cell in notebook.cells]
    end = next((place for place, text in enumerate(texts) if text.startswith(STEP_BY_STEP)), len(texts))
    notebook.cells = notebook.cells[:end]
    return notebook
