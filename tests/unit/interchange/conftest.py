"""What these modules read, they read in this process, unless they override `reader`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.interchange.in_process import reading_here


@pytest.fixture(scope="module", autouse=True)
def reader() -> Iterator[None]:
    with reading_here():
        yield
