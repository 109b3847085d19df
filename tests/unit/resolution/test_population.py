"""What a population is made with."""

from __future__ import annotations

import gc
import weakref
from typing import Any

from mailadmin.resolution.legacy import LegacySettings, Members, legacy_resolve
from mailadmin.resolution.population import Person, legacy_population, uncollected
from mailadmin.resolution.provenance import Context


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


def test_whoever_had_nothing_set_is_told_from_whoever_had_something_that_is_no_value() -> None:
    rows: list[Members] = [{}, {"EmailIsUnattendedAvailable": True}, {"EmailUseMailTo": True}]
    legacy = LegacySettings(
        settings={"EmailSmtpServer": "smtp.example"}, preferences=dict(zip("abc", rows, strict=True))
    )
    people = [Person(user, user) for user in "abcd"]
    each = [legacy_resolve(Context(user=user), legacy) for user in "abcd"]
    assert list(legacy_population(people, legacy)) == each
    assert len(set(legacy_population(people, legacy).codes)) == 3
