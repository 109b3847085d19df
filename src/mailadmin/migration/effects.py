"""Whose effective settings change, field by field, and who stops sending.

Laws: before and after are answers of the resolvers, never a rule written again; a pair of answers is compared once and
counted for everybody who has it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import eq
from typing import NamedTuple

from ..domain.canonical import sha256
from ..domain.legacy import Method, security_of
from ..domain.services import FIELD_NAMES, FIELDS, SECRET_FIELDS, Values
from ..resolution.explanation import cells, reason, shown
from ..resolution.population import Population
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


@dataclass(frozen=True, slots=True)
class Effects:
    """Everybody, before and after: `before` and `after` are populations of the same people, in the same order."""

    before: Population
    after: Population
    web_configurations: Sequence[SubjectEffect]

    def kinds(self) -> list[Kind]:
        """The kind of effect of every user, in order; each distinct pair of answers is compared once."""
        seen: dict[object, Kind] = {}
        found = []
        pairs = zip(self.before.codes, self.after.codes, strict=True)
        for position, pair in enumerate(pairs):
            was, now = self.before.own.get(position), self.after.own.get(position)
            question = pair if was is None and now is None else (*pair, _likeness(self, position, was, now))
            kind = seen.get(question)
            if kind is None:
                kind = seen[question] = kind_of(self.before[position], self.after[position])
            found.append(kind)
        return found

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
        counted = Counter(self.kinds())
        counted.update(effect.kind for effect in self.web_configurations)
        return {kind: counted[kind] for kind in KINDS}

    def promise(self) -> dict[str, str]:
        """A digest of every answer after: what a later check compares with. Keys are `user/ID` and `web/CODE`."""
        promised = {
            f"user/{person.user_id}": digest(answer)
            for person, answer in zip(self.after.people, self.after, strict=True)
        }
        promised |= {f"web/{effect.web_configuration}": digest(effect.after) for effect in self.web_configurations}
        return promised


def headline(summary: dict[Kind, int]) -> str:
    """The summary in one line: `312 same, 41 change server, 9 stop sending`."""
    return ", ".join(f"{count} {kind}" for kind, count in summary.items() if count) or "nobody is concerned"


def digest(answer: Resolution) -> str:
    """The first 16 hex digits of the SHA-256 of what is in force: status, service, values and origins."""
    merged = answer.merged
    values = [None if v is None else str(v) for v in merged.values]
    return sha256([str(answer.status), str(answer.service), values, list(merged.origins)])[:16]


def _likeness(effects: Effects, position: int, was: Values | None, now: Values | None) -> tuple[object, ...]:
    """Which fields are alike, and the old security: all of a user's own that the kind of effect can depend on."""
    before = effects.before.answers[effects.before.codes[position]]
    after = effects.after.answers[effects.after.codes[position]]
    left = was if was is not None else before.values
    right = now if now is not None else after.values
    fixed_left, fixed_right = before.values, after.values
    return (*map(eq, left, right), *map(eq, left, fixed_right), *map(eq, fixed_left, right), left[1:3], right[1:3])


_PORT, _SECURITY = FIELD_NAMES.index("port"), FIELD_NAMES.index("security")


def comparable(answer: Resolution) -> Values:
    """An answer's values in the words of the target: EnableSsl as Security, a blank port as 0."""
    values = list(answer.values)
    if answer.method is not None and values[0] is not None:
        values[_SECURITY] = security_of(values[_SECURITY], values[_PORT])
        values[_PORT] = values[_PORT] or 0
    return tuple(values)


def way(answer: Resolution) -> str:
    """The way mail goes out, in one word."""
    if answer.service is not None:
        return str(answer.service)
    return str(answer.method) if answer.method is Method.MAILTO else ""


_UNIT_KINDS = (
    (Kind.SERVER, ("server", "port", "security")),
    (Kind.ACCOUNT, ("user_name", "password", "tenant_id", "client_id", "client_secret", "mailbox")),
    (Kind.SENDER, ("sender_name", "sender_email")),
)


def kind_of(before: Resolution, after: Resolution) -> Kind:
    """The kind of effect a change from one answer to another has."""
    could, can = before.status is Status.READY, after.status is Status.READY
    was, now = comparable(before), comparable(after)
    if could and not can:
        old = dict(zip(FIELD_NAMES, was, strict=True))
        entered_again = after.missing and all(name in SECRET_FIELDS and old[name] for name in after.missing)
        return Kind.NEEDS_INPUT if entered_again else Kind.STOPS
    if can and not could:
        return Kind.STARTS
    if way(before) == way(after) and before.status is after.status and was == now:
        return Kind.SAME
    if not can:
        return Kind.OTHER
    if way(before) != way(after):
        return Kind.SERVICE
    differing = {name for name, old, new in zip(FIELD_NAMES, was, now, strict=True) if old != new}
    return next(kind for kind, names in _UNIT_KINDS if differing & set(names))


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
