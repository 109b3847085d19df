"""Whose effective settings change, field by field, and who stops sending.

Laws: before and after are answers of the resolvers, never a rule written again; a pair of answers is compared once and
counted for everybody who has it, and users one by one only where it is their own values that decide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from ..domain.canonical import sha256
from ..domain.services import FIELD_NAMES, FIELDS
from ..resolution.explanation import cells, reason, shown
from ..resolution.population import Population, uncollected
from ..resolution.provenance import Resolution
from .kinds import KINDS, Kind, Side, alike, comparable, compared, kind_between, way


class Change(StrEnum):
    """What becomes of one field."""

    SAME = "same"
    CHANGED = "changed"
    LOST = "lost"
    GAINED = "gained"
    NEEDS_INPUT = "needs input"


class Effect(NamedTuple):
    """One field of one user or web configuration, before and after."""

    user_id: str
    web_configuration: str
    field: str
    before: str
    after: str
    change: Change
    reason: str


@dataclass(frozen=True, slots=True)
class SubjectEffect:
    """One user or web configuration, before and after."""

    user_id: str
    web_configuration: str
    kind: Kind
    before: Resolution
    after: Resolution

    def rows(self) -> Iterator[Effect]:
        """Service, status and every field."""
        why = reason(self.after)
        for name, was, now, change, origin in _fields(self.before, self.after):
            yield Effect(self.user_id, self.web_configuration, name, was, now, change, origin or why)


Pair = tuple[int, int]
"""The number of an answer before, and of one after."""


@dataclass(frozen=True, slots=True)
class Effects:
    """Everybody, before and after: `before` and `after` are populations of the same people, in the same order."""

    before: Population
    after: Population
    web_configurations: Sequence[SubjectEffect]

    def kinds(self) -> list[Kind]:
        """The kind of effect of every user, in order; each distinct pair of answers is compared once."""
        judged = self._judged()
        kinds = [judged.shared[pair] for pair in zip(self.before.codes, self.after.codes, strict=True)]
        for i, kind in judged.own.items():
            kinds[i] = kind
        return kinds

    def users(self) -> Iterator[SubjectEffect]:
        """Every user's effect."""
        for position, kind in enumerate(self.kinds()):
            person = self.after.people[position]
            yield SubjectEffect(person.user_id, "", kind, self.before[position], self.after[position])

    def __iter__(self) -> Iterator[SubjectEffect]:
        yield from self.users()
        yield from self.web_configurations

    def summary(self) -> dict[Kind, int]:
        """How many users and web configurations each kind concerns, in the order of KINDS, none left out."""
        judged = self._judged()
        counted = Counter(judged.own.values())
        for pair, kind in judged.shared.items():
            counted[kind] += judged.users[pair]
        counted.update(effect.kind for effect in self.web_configurations)
        return {kind: counted[kind] for kind in KINDS}

    def promise(self) -> dict[str, str]:
        """A digest of every answer after: what a later check compares with. Keys are `user/ID` and `web/CODE`."""
        webs = {f"web/{effect.web_configuration}": digest(effect.after) for effect in self.web_configurations}
        return digests(self.after) | webs

    @uncollected()
    def _judged(self) -> _Judged:
        users = Counter(zip(self.before.codes, self.after.codes, strict=True))
        old = _sides(self.before, {code for code, _ in users})
        new = _sides(self.after, {code for _, code in users})
        settled = {(was, now): alike(old[was], new[now]) for was, now in users}
        own = {}
        for i in self.before.own.keys() | self.after.own.keys():
            pair = self.before.codes[i], self.after.codes[i]
            if settled[pair] is None:
                before, after = old[pair[0]], new[pair[1]]
                own[i] = compared(after, before.with_(self.before.own.get(i)), after.with_(self.after.own.get(i)))
                users[pair] -= 1
        shared = {(was, now): kind or kind_between(old[was], new[now]) for (was, now), kind in settled.items()}
        return _Judged(own, shared, users)


class _Judged(NamedTuple):
    """The kind of effect of each user whose own values decide, of each pair of answers, and how many others have it."""

    own: dict[int, Kind]
    shared: dict[Pair, Kind]
    users: Counter[Pair]


def _sides(population: Population, codes: Iterable[int]) -> dict[int, Side]:
    """What the kind of effect depends on, of these answers."""
    return {code: Side.of(population.answers[code]) for code in codes}


def headline(summary: dict[Kind, int]) -> str:
    """The summary in one line: `312 same, 41 change server, 9 stop sending`."""
    return ", ".join(f"{count} {kind}" for kind, count in summary.items() if count) or "nobody is concerned"


def digests(population: Population) -> dict[str, str]:
    """A digest of everybody's answer by `user/ID`; what many share is digested once."""
    shared = list(map(digest, population.answers))
    everybody = enumerate(zip(population.people.user_ids, population.codes, strict=True))
    return {
        f"user/{user_id}": digest(population[i]) if i in population.own else shared[code]
        for i, (user_id, code) in everybody
    }


def digest(answer: Resolution) -> str:
    """The first 16 hex digits of the SHA-256 of what is in force: status, service, values and origins."""
    merged = answer.merged
    values = [None if v is None else str(v) for v in merged.values]
    return sha256([str(answer.status), str(answer.service), values, list(merged.origins)])[:16]


def _fields(before: Resolution, after: Resolution) -> Iterator[tuple[str, str, str, Change, str]]:
    yield "service", way(before), way(after), _change(way(before) or None, way(after) or None, False), ""
    yield "status", str(before.status), str(after.status), _change(before.status, after.status, False), ""
    origins = cells(after).origins
    rows = zip(FIELDS, comparable(before), comparable(after), origins, strict=True)
    for f, was, now, origin in rows:
        if was is None and now is None:
            continue
        change = _change(was, now, f.name in after.missing)
        hidden = f.secret and change is Change.CHANGED
        yield f.name, _seen(f.name, was), "changed (hidden)" if hidden else _seen(f.name, now), change, origin


def _seen(name: str, value: object) -> str:
    return shown(FIELDS[FIELD_NAMES.index(name)], value)


def _change(was: object, now: object, missing: bool) -> Change:
    if was == now:
        return Change.SAME
    if now is None:
        return Change.NEEDS_INPUT if missing else Change.LOST
    return Change.GAINED if was is None else Change.CHANGED
