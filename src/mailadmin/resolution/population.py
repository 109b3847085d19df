"""Everyone at once: each distinct question is answered once, by the one resolver, and shared out.

A user's own values do not change *which* answer applies, only what stands in it; what can change it is which of them
are there. So users with the same place and the same values present ask the same question (law, tested with hypothesis:
the population equals the answers one by one).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..domain.governed import Organisation
from ..domain.keys import match_key
from ..domain.organisation import User
from ..domain.services import FIELD_NAMES, NO_AUTHENTICATION, Values
from .legacy import LegacySettings, legacy_resolve, personal_values, uses_own_exchange, uses_own_smtp
from .provenance import Context, Layer, Resolution
from .resolver import resolve


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
class Population:
    """Answers for many users: `answers[codes[i]]` answers `people[i]`, but for that user's own values in `own[i]`."""

    people: Sequence[Person]
    codes: Sequence[int]
    answers: Sequence[Resolution]
    own: Mapping[int, Values]

    def __len__(self) -> int:
        return len(self.people)

    def __getitem__(self, position: int) -> Resolution:
        """The full answer for one user."""
        return self.answers[self.codes[position]].of(self.people[position].user_id, self.own.get(position))

    def __iter__(self) -> Iterator[Resolution]:
        return map(self.__getitem__, range(len(self)))


Question = tuple[Hashable, Values | None]
"""What makes a difference to the answer, and the user's own values that stand in it."""


def population(people: Sequence[Person], template: Context, organisation: Organisation) -> Population:
    """Everybody's answer to `template`, asked by each user in turn, under the rules in force."""

    def ask(person: Person) -> Hashable:
        own = organisation.overrides.get(person.key)
        if person.key in organisation.preferences:
            return person
        if own is None:
            return person.branch
        return person.branch, person.active, person.external, tuple([(o[0], o[1], _present(o[2])) for o in own])

    def answer(person: Person) -> Resolution:
        user = User(
            user_id=person.user_id, name="", branch=person.branch, active=person.active, external=person.external
        )
        return resolve(template._replace(user=person.user_id), replace(organisation, users={person.key: user}))

    def own_values(person: Person, found: Resolution) -> Values | None:
        layer = _personal(found)
        for own in organisation.overrides.get(person.key, ()) if layer else ():
            if (own.cost_centre, own.service) == (_key_of(found), found.service):
                return own.values
        return None

    return _share(people, ask, answer, own_values)


def legacy_population(people: Sequence[Person], legacy: LegacySettings) -> Population:
    """Everybody's answer on the desktop under the rules before the upgrade."""

    def ask(person: Person) -> Hashable:
        mine = legacy.preferences.get(person.key)
        if not mine:
            return None
        flags = mine.get("EmailUseMailTo"), uses_own_smtp(mine), uses_own_exchange(mine)
        return flags, _present(personal_values(mine))

    return _share(
        people,
        ask,
        lambda person: legacy_resolve(Context(user=person.user_id), legacy),
        lambda person, found: personal_values(legacy.preferences[person.key]) if _personal(found) else None,
    )


_USER_NAME = FIELD_NAMES.index("user_name")


def _present(values: Values) -> Hashable:
    return values[_USER_NAME] == NO_AUTHENTICATION, *[value is not None for value in values]


def _personal(found: Resolution) -> Layer | None:
    return next((layer for layer in (found.own, found.base) if layer and layer.personal), None)


def _key_of(found: Resolution) -> str:
    winner = found.winner
    return match_key(winner.cost_centre) if winner else ""


def _share(
    people: Sequence[Person],
    ask: Callable[[Person], Hashable],
    answer: Callable[[Person], Resolution],
    own_values: Callable[[Person, Resolution], Values | None],
) -> Population:
    known: dict[Hashable, int] = {}
    answers: list[Resolution] = []
    personal: list[bool] = []
    codes = array("L")
    own: dict[int, Values] = {}
    for position, person in enumerate(people):
        question = ask(person)
        code = known.get(question, -1)
        if code < 0:
            code = known[question] = len(answers)
            answers.append(answer(person))
            personal.append(_personal(answers[code]) is not None)
        codes.append(code)
        if personal[code] and (values := own_values(person, answers[code])) is not None:
            own[position] = values
    return Population(people, codes, answers, own)
