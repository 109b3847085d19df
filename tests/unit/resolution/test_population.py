"""What a population is made with."""

from __future__ import annotations

import gc
import weakref
from typing import Any

from mailadmin.resolution.population import uncollected


class Loop:
    """Something only the collector throws away."""

    def __init__(self) -> None:
        self.itself = self


def test_what_is_built_uncollected_is_not_looked_through_afterwards() -> None:
    runs: list[str] = []

    def watch(phase: str, _info: dict[str, Any]) -> None:
        runs.append(phase)

    gc.callbacks.append(watch)
    try:
        with uncollected():
            built = [[number] for number in range(10 * gc.get_threshold()[0])]
        further = [[number] for number in range(gc.get_threshold()[0] // 2)]
    finally:
        gc.callbacks.remove(watch)
    assert gc.isenabled()
    assert (bool(built and further), runs) == (True, [])


def test_what_is_built_uncollected_is_thrown_away_once_nobody_has_it() -> None:
    with uncollected():
        loop = weakref.ref(Loop())
    gc.collect()
    assert loop() is None
