"""Files read in this process, by the same reader in the same words: where it matters what is read, not by whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from mailadmin.interchange import confinement, reader


@contextmanager
def reading_here() -> Iterator[None]:
    """No process is started: a thousand files are read while one of them would start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(confinement, "lines_of_a_reader", _lines)
        yield


@contextmanager
def _lines(order: reader.Order, given: Sequence[bytes] = ()) -> Iterator[list[bytes]]:
    lines: list[bytes] = []
    reader.read(order, lines.append, given)
    yield lines
