"""Every store contract runs on every engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines import Cluster, cluster


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a place where there is no store yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'mailadmin.db'}"
    found: Cluster = request.getfixturevalue("postgresql")
    return found.url()
