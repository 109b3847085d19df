"""A desk on the small site of tests/sites.py, for forms; work is done at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest

from mailadmin import connect
from mailadmin.forms.desk import Desk
from mailadmin.forms.work import at_once
from tests import sites


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as it is made; every test works on a copy of its own."""
    folder = tmp_path_factory.mktemp("site")
    sites.site(folder).close()
    return folder


@pytest.fixture
def desk(kept: Path, tmp_path: Path) -> Iterator[Desk]:
    copytree(kept, tmp_path, dirs_exist_ok=True)
    desk = Desk(connect(tmp_path / "mailadmin.db", environment={}, actor="tester"), runner=at_once)
    yield desk
    desk.close()
