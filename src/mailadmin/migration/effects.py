"""Whose effective settings change, field by field, and who stops sending.

Laws: before and after are answers of the resolvers, never a rule written again; a pair of answers is compared once and
counted for everybody who has it, and users one by one only where it is their own values that decide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter
from typing import Any, NamedTuple

from ..domain.canonical import sha256
from ..domain.legacy import Method, security_of
from ..domain.services import FIELD_NAMES, FIELDS, SECRET_FIELDS, Values
from ..resolution.explanation import cells, reason, shown
from ..resolution.population import Population, uncollected
from ..resolution.provenance import Resolution, Status


class Change(StrEnum):
    """What becomes of one field."""

    SAME = "same"
    CHANGED = "changed"
    LOST = "lost"
    GAINED = "gained"
    NEEDS_INPUT = "needs input"


class Kind(StrEnum):
    """What becomes of one user or web configuration: the first that applies."""

    SAME = "same"
    STOPS = "stop sending"
    NEEDS_INPUT = "need input"
    STARTS = "start sending"
    SERVICE = "change service"
    SERVER = "change server"
    ACCOUNT = "change account"
    SENDER = "change sender"
    OTHER = "change, still cannot send"


KINDS: dict[Kind, str] = {
    Kind.SAME: "nothing changes",
    Kind.STOPS: "could send and cannot any more",
    Kind.NEEDS_INPUT: "can send again once a secret that could not be carried over has been entered",
    Kind.STARTS: "could not send and now can",
    Kind.SERVICE: "mail goes out by another service",
    Kind.SERVER: "another server, port or security",
    Kind.ACCOUNT: "another user name, password, application or mailbox",
    Kind.SENDER: "another From",
    Kind.OTHER: "could not send and cannot now, for another reason or with other values",
}
"""TABLE: the kinds of effect, in the order in which people want to read them, in words."""


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
        alike = {(was, now): _alike(old[was], new[now]) for was, now in users}
        own = {}
        for i in self.before.own.keys() | self.after.own.keys():
            pair = self.before.codes[i], self.after.codes[i]
            if alike[pair] is None:
                before, after = old[pair[0]], new[pair[1]]
                own[i] = _compared(after, before.with_(self.before.own.get(i)), after.with_(self.after.own.get(i)))
                users[pair] -= 1
        shared = {(was, now): kind or _kind(old[was], new[now]) for (was, now), kind in alike.items()}
        return _Judged(own, shared, users)


class _Judged(NamedTuple):
    """The kind of effect of each user whose own values decide, of each pair of answers, and how many others have it."""

    own: dict[int, Kind]
    shared: dict[Pair, Kind]
    users: Counter[Pair]


def _sides(population: Population, codes: Iterable[int]) -> dict[int, _Side]:
    """What the kind of effect depends on, of these answers."""
    return {code: _Side.of(population.answers[code]) for code in codes}


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


class _Side(NamedTuple):
    """As much of an answer as the kind of effect depends on; `values` are comparable, `personal` ones a user's own."""

    way: str
    status: Status
    missing: tuple[str, ...]
    values: Values
    answered: Values
    personal: tuple[int, ...]
    old: bool

    @classmethod
    def of(cls, answer: Resolution) -> _Side:
        merged, old = answer.merged, answer.method is not None
        values = _comparable(merged.values, old)
        return cls(way(answer), answer.status, merged.missing, values, merged.values, merged.personal, old)

    def with_(self, own: Values | None) -> Values:
        """The values, those of another user among them."""
        if own is None:
            return self.values
        values = list(self.answered)
        for i in self.personal:
            values[i] = own[i]
        return _comparable(values, self.old)

    def masked(self, places: Iterable[int], mask: object) -> Values:
        """The values, those that stand in these places covered up."""
        values = list(self.values)
        for i in places:
            if values[i] is not None:
                values[i] = mask
        return tuple(values)


_SERVER, _PORT, _SECURITY = map(FIELD_NAMES.index, ("server", "port", "security"))


def comparable(answer: Resolution) -> Values:
    """An answer's values in the words of the target: EnableSsl as Security, a blank port as 0."""
    return _comparable(answer.values, answer.method is not None)


def _comparable(answered: Sequence[Any], old: bool) -> Values:
    if not old or answered[_SERVER] is None:
        return tuple(answered)
    values = list(answered)
    values[_SECURITY] = security_of(values[_SECURITY], values[_PORT])
    values[_PORT] = values[_PORT] or 0
    return tuple(values)


def way(answer: Resolution) -> str:
    """The way mail goes out, in one word."""
    if answer.service is not None:
        return str(answer.service)
    return str(answer.method) if answer.method is Method.MAILTO else ""


def _places(*names: str) -> Callable[[Values], tuple[Any, ...]]:
    return itemgetter(*map(FIELD_NAMES.index, names))


_UNIT_KINDS = (
    (Kind.SERVER, _places("server", "port", "security")),
    (Kind.ACCOUNT, _places("user_name", "password", "tenant_id", "client_id", "client_secret", "mailbox")),
    (Kind.SENDER, _places("sender_name", "sender_email")),
)


def kind_of(before: Resolution, after: Resolution) -> Kind:
    """The kind of effect a change from one answer to another has."""
    return _kind(_Side.of(before), _Side.of(after))


def _kind(before: _Side, after: _Side) -> Kind:
    return _settled(before, after) or _compared(after, before.values, after.values)


def _alike(before: _Side, after: _Side) -> Kind | None:
    """The kind of effect whatever somebody's own values are; None where it is they that decide."""
    if kind := _settled(before, after):
        return kind
    personal = {*before.personal, *after.personal}
    if not personal:
        return _compared(after, before.values, after.values)
    # At best all own values agree with what is on the other side, at worst none does.
    was = before.masked(personal, 0)
    agreeing, differing = (_compared(after, was, after.masked(personal, mask)) for mask in (0, 1))
    return agreeing if agreeing is differing else None


def _settled(before: _Side, after: _Side) -> Kind | None:
    """The kind of effect where it makes no difference what the values are, only which are there."""
    could, can = before.status is Status.READY, after.status is Status.READY
    if could and not can:
        old = dict(zip(FIELD_NAMES, before.values, strict=True))
        entered_again = after.missing and all(name in SECRET_FIELDS and old[name] for name in after.missing)
        return Kind.NEEDS_INPUT if entered_again else Kind.STOPS
    if can and not could:
        return Kind.STARTS
    if before.way != after.way:
        return Kind.SERVICE if can else Kind.OTHER
    return None if before.status is after.status else Kind.OTHER


def _compared(after: _Side, was: Values, now: Values) -> Kind:
    """The kind of effect where mail goes out the same way, or goes out neither before nor after."""
    if was == now:
        return Kind.SAME
    if after.status is not Status.READY:
        return Kind.OTHER
    return next(kind for kind, unit in _UNIT_KINDS if unit(was) != unit(now))


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
