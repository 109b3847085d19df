"""Everyone at once: each distinct question is answered once, by the one resolver, and shared out.

A user's own values do not change *which* answer applies, only what stands in it; what can change it is which of them
are there. So users with the same place and the same values present ask the same question (law, tested with hypothesis:
the population equals the answers one by one).
"""

from __future__ import annotations

import gc
from array import array
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import compress
from operator import is_
from typing import Any, NamedTuple

from ..domain.governed import Organisation
from ..domain.keys import match_key
from ..domain.organisation import User, without_overrides
from ..domain.preferences import SYSTEM, MailPreference
from ..domain.services import FIELD_NAMES, NO_AUTHENTICATION, NOTHING, Values
from .encoded import Encoded
from .legacy import LegacySettings, legacy_resolve, personal_values, uses_own_exchange, uses_own_smtp
from .provenance import Context, Resolution
from .resolver import resolve, with_own


@contextmanager
def uncollected() -> Iterator[None]:
    """Garbage collection waits: while much is built and nothing thrown away, it costs a quarter and finds nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class Person(NamedTuple):
    """As much of a user as makes a difference. `key` is the user id's match key."""

    user_id: str
    key: str
    branch: str | None = None
    active: bool = True
    external: bool = False

    @classmethod
    def of(cls, key: str, user: User) -> Person:
        """The person a user is."""
        return cls(user.user_id, key, user.branch, user.active, user.external)


@dataclass(frozen=True, slots=True)
class People:
    """Persons by column: a million of them are five columns. Any sequence can be one."""

    user_ids: Sequence[str]
    keys: Sequence[str]
    branches: Encoded[str | None]
    active: Sequence[bool]
    external: Sequence[bool]

    @classmethod
    def of(cls, people: Iterable[Person]) -> People:
        """These persons, in this order."""
        columns: tuple[list[Any], ...] = ([], [], [], [], [])
        for person in people:
            for column, value in zip(columns, person, strict=True):
                column.append(value)
        user_ids, keys, branches, active, external = columns
        return cls(user_ids, keys, Encoded.of(branches), active, external)

    def __len__(self) -> int:
        return len(self.user_ids)

    def __getitem__(self, i: int) -> Person:
        return Person(self.user_ids[i], self.keys[i], self.branches[i], self.active[i], self.external[i])

    def __iter__(self) -> Iterator[Person]:
        return map(Person, self.user_ids, self.keys, self.branches, self.active, self.external)

    def among(self, keys: Collection[str]) -> Sequence[int]:
        """The positions of those whose key is one of these."""
        return list(compress(range(len(self)), map(keys.__contains__, self.keys)))


@dataclass(frozen=True, slots=True)
class Population:
    """Answers for many users: `answers[codes[i]]` answers `people[i]`, but for that user's own values in `own[i]`."""

    people: People
    codes: array[int]
    answers: Sequence[Resolution]
    own: Mapping[int, Values]

    def __len__(self) -> int:
        return len(self.people)

    def __getitem__(self, position: int) -> Resolution:
        """The full answer for one user."""
        return self.answers[self.codes[position]].of(self.people.user_ids[position], self.own.get(position))

    def __iter__(self) -> Iterator[Resolution]:
        return map(self.__getitem__, range(len(self)))


Asking = tuple[Hashable, Values | None]
"""What makes a difference to the answer (a number is a place), and the person's own values that may stand in it."""


@uncollected()
def population(people: People | Iterable[Person], template: Context, organisation: Organisation) -> Population:
    """Everybody's answer to `template`, asked by each user in turn, under the rules in force."""
    people = people if isinstance(people, People) else People.of(people)
    system = {SYSTEM: organisation.preferences.get(SYSTEM, MailPreference())} if organisation.preferences else {}
    nobodys = replace(organisation, overrides={}, preferences=system)
    places = people.branches.codes
    usuals: list[Resolution] = []
    shown: list[tuple[str, str] | None] = []

    def resolved(person: Person, organisation: Organisation) -> Resolution:
        user = User(
            user_id=person.user_id, name="", branch=person.branch, active=person.active, external=person.external
        )
        return resolve(template._replace(user=person.user_id), replace(organisation, users={person.key: user}))

    def usual(position: int) -> Resolution:
        """The answer at a branch, which is everybody's there who has nothing of their own."""
        found = resolved(people[position], nobodys)
        usuals.append(found)
        shown.append(_shown(found))
        return found

    def ask(position: int) -> Asking:
        """The branch alone, unless something of the person's own can stand in the answer or decide what is ready."""
        key, place = people.keys[position], places[position]
        if key in organisation.preferences:
            return people[position], None
        at = shown[place]
        own = [o for o in organisation.overrides[key] if at is None or o[:2] == at]
        if not own:
            return place, None
        present = tuple([(o.cost_centre, o.service, _present(o.values)) for o in own])
        return (place, people.active[position], people.external[position], present), own[0].values

    def answer(position: int) -> Resolution:
        """The branch's, with the person's own laid on it, unless what is their own can change which answer it is."""
        person, place = people[position], places[position]
        if person.key in organisation.preferences or shown[place] is None:
            return resolved(person, organisation)
        bar = without_overrides(person.active, person.external)
        return with_own(usuals[place].of(person.user_id, None), organisation.overrides[person.key], bar)

    special = people.among(organisation.overrides.keys() | organisation.preferences.keys())
    return _share(people, people.branches, usual, special, ask, answer)


@uncollected()
def legacy_population(people: People | Iterable[Person], legacy: LegacySettings) -> Population:
    """Everybody's answer on the desktop under the rules before the upgrade."""
    people = people if isinstance(people, People) else People.of(people)

    def answer(position: int) -> Resolution:
        return legacy_resolve(Context(user=people.user_ids[position]), legacy)

    def usual(position: int) -> Resolution:
        return legacy_resolve(Context(user=people.user_ids[position]), replace(legacy, preferences={}))

    def ask(position: int) -> Asking:
        mine = legacy.preferences[people.keys[position]]
        if not mine:
            return 0, None
        flags = mine.get("EmailUseMailTo"), uses_own_smtp(mine), uses_own_exchange(mine)
        values = personal_values(mine)
        return (flags, _present(values)), values

    return _share(people, Encoded.constant(None, len(people)), usual, people.among(legacy.preferences), ask, answer)


_USER_NAME = FIELD_NAMES.index("user_name")


def _present(values: Values) -> Hashable:
    return values[_USER_NAME] == NO_AUTHENTICATION, *map(is_, values, NOTHING)


def _shown(answer: Resolution) -> tuple[str, str] | None:
    """The Cost Centre and service whose overrides an answer can show; None where any may decide which it is."""
    if answer.service is None:
        return None
    return match_key(answer.winner.cost_centre) if answer.winner else "", answer.service


def _share(
    people: People,
    places: Encoded[Any],
    usual: Callable[[int], Resolution],
    special: Sequence[int],
    ask: Callable[[int], Asking],
    answer: Callable[[int], Resolution],
) -> Population:
    """Answer every distinct question once: the `usual` one of every place, and those that the `special` ask."""
    answers = list(map(usual, places.firsts()))
    numbers: dict[Hashable, int] = {place: place for place in range(len(answers))}
    personal: dict[int, bool] = {}
    codes = places.codes[:]
    own: dict[int, Values] = {}
    for position in special:
        question, values = ask(position)
        code = numbers.get(question)
        if code is None:
            code = numbers[question] = len(answers)
            answers.append(answer(position))
            personal[code] = _is_personal(answers[code])
        codes[position] = code
        if values is not None and personal[code]:
            own[position] = values
    return Population(people, codes, answers, own)


def _is_personal(answer: Resolution) -> bool:
    return any(layer and layer.personal for layer in (answer.own, answer.base))
