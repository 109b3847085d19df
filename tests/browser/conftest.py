"""One Chromium, one JupyterLab and one Voilà for all tests of the forms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.lab import Opened, Served, launched, served

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Served]:
    with served("lab", tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Served]:
    with served("serve", tmp_path_factory.mktemp("pages")) as server:
        yield server


@pytest.fixture
def opened(chromium: Browser) -> Iterator[Callable[..., Opened]]:
    """Opens notebooks; at the end none of them complained or asked anybody outside for anything."""
    all_: list[Opened] = []

    def open_(server: Served, notebook: str, **context: object) -> Opened:
        found = Opened(chromium, server, notebook, **context)
        all_.append(found)
        return found

    yield open_
    for found in all_:
        found.close()
    assert [found.complaints for found in all_] == [[] for _ in all_]
    assert [found.outside for found in all_] == [[] for _ in all_]
