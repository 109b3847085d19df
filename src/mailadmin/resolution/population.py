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
from itertools import compress, starmap
from operator import is_
from typing import Any, NamedTuple

from ..domain.governed import Organisation
from ..domain.keys import match_key
from ..domain.organisation import User, without_overrides
from ..domain.preferences import SYSTEM, MailPreference
from ..domain.services import FIELD_NAMES, NO_AUTHENTICATION, NOTHING, Values
from .encoded import Encoded
from .legacy import VALUE_MEMBERS, WAY_MEMBERS, LegacySettings, Preferences, legacy_resolve, values_of
from .provenance import Context, Resolution
from .resolver import resolve, with_own


@contextmanager
def uncollected() -> Iterator[None]:
    """Garbage collection waits: while much is built and nothing thrown away, it costs a quarter and finds nothing.

    What was built then counts as old (freeze, unfreeze), or the next object made would have all of it looked through.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.freeze()
            gc.unfreeze()
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
        return list(compress(range(len(self)), map(frozenset(keys).__contains__, self.keys)))


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


Asking = tuple[int, Hashable, Values | None]
"""Who asks, what makes a difference to the answer beside the place, and that user's own values, to be laid into it."""


@uncollected()
def population(people: People | Iterable[Person], template: Context, organisation: Organisation) -> Population:
    """Everybody's answer to `template`, asked by each user in turn, under the rules in force."""
    people = people if isinstance(people, People) else People.of(people)
    system = {SYSTEM: organisation.preferences.get(SYSTEM, MailPreference())} if organisation.preferences else {}
    nobodys = replace(organisation, overrides={}, preferences=system)
    places = people.branches.codes

    def resolved(person: Person, organisation: Organisation) -> Resolution:
        user = User(
            user_id=person.user_id, name="", branch=person.branch, active=person.active, external=person.external
        )
        return resolve(template._replace(user=person.user_id), replace(organisation, users={person.key: user}))

    usuals = [resolved(people[position], nobodys) for position in people.branches.firsts()]
    shown = list(map(_shown, usuals))

    def asking() -> Iterator[Asking]:
        """Those with something of their own that can stand in the branch's answer, or decide what is ready."""
        for position in people.among(organisation.overrides.keys() | organisation.preferences.keys()):
            key, at = people.keys[position], shown[places[position]]
            if key in organisation.preferences:
                yield position, position, None
            elif own := [o for o in organisation.overrides[key] if at is None or o[:2] == at]:
                present = [(o.cost_centre, o.service, _present(o.values)) for o in own]
                yield position, (people.active[position], people.external[position], *present), own[0].values

    def answer(position: int) -> Resolution:
        """The branch's, with the person's own laid on it, unless what is their own can change which answer it is."""
        person, place = people[position], places[position]
        if person.key in organisation.preferences or shown[place] is None:
            return resolved(person, organisation)
        bar = without_overrides(person.active, person.external)
        return with_own(usuals[place], organisation.overrides[person.key], bar)

    return _share(people, places, usuals, asking(), answer)


@uncollected()
def legacy_population(people: People | Iterable[Person], legacy: LegacySettings) -> Population:
    """Everybody's answer on the desktop under the rules before the upgrade."""
    people = people if isinstance(people, People) else People.of(people)

    preferences = Preferences.of(legacy.preferences)
    ways = list(preferences.columns(*WAY_MEMBERS))
    own = list(starmap(values_of, preferences.columns(*VALUE_MEMBERS)))

    def answer(position: int) -> Resolution:
        return legacy_resolve(Context(user=people.user_ids[position]), legacy)

    def asking() -> Iterator[Asking]:
        """Those who had anything set, by column."""
        something = [key for key, values in zip(preferences, own, strict=True) if values != NOTHING or preferences[key]]
        positions = people.among(something)
        rows = [preferences.rows[people.keys[position]] for position in positions]
        values = [own[row] for row in rows]
        questions = zip(map(ways.__getitem__, rows), map(_present, values), strict=True)
        return zip(positions, questions, values, strict=True)

    place = Encoded.constant(None, len(people))
    nobodys = replace(legacy, preferences={})
    usual = [legacy_resolve(Context(user=people.user_ids[position]), nobodys) for position in place.firsts()]
    return _share(people, place.codes, usual, asking(), answer)


_USER_NAME = FIELD_NAMES.index("user_name")


def _present(values: Values) -> tuple[bool, ...]:
    return values[_USER_NAME] == NO_AUTHENTICATION, *map(is_, values, NOTHING)


def _shown(answer: Resolution) -> tuple[str, str] | None:
    """The Cost Centre and service whose overrides an answer can show; None where any may decide which it is."""
    if answer.service is None:
        return None
    return match_key(answer.winner.cost_centre) if answer.winner else "", answer.service


def _share(
    people: People,
    places: array[int],
    usuals: Sequence[Resolution],
    asking: Iterable[Asking],
    answer: Callable[[int], Resolution],
) -> Population:
    """Answer every distinct question once: beside the usual answers of all places, those to what some are asking."""
    answers, codes = list(usuals), places[:]
    numbers: dict[Hashable, int] = {}
    personal: set[int] = set()
    own: dict[int, Values] = {}
    for position, asked, values in asking:
        question = places[position], asked
        code = numbers.get(question)
        if code is None:
            code = numbers[question] = len(answers)
            answers.append(answer(position))
            if _is_personal(answers[code]):
                personal.add(code)
        codes[position] = code
        if values is not None and code in personal:
            own[position] = values
    return Population(people, codes, answers, own)


def _is_personal(answer: Resolution) -> bool:
    return any(layer and layer.personal for layer in (answer.own, answer.base))
