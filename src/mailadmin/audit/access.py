"""Who holds a permission, and by which path: everybody's answer at once.

Laws: `decide()` alone decides, asked once per distinct question; ALLOW never comes without the row that allows; where
no role table was read, an answer that needs it is UNKNOWN, and so is one that needs a default nobody knows: never
"nobody" (law, tested with hypothesis: everybody's answers equal the answers one by one).
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import compress
from typing import NamedTuple

from ..domain.keys import match_key
from ..domain.organisation import User, UserLevel
from ..domain.permissions import PERMISSION_KEYS, Decision, RolePermission
from ..domain.settings import PermissionRule
from ..policy.permission import Permitted, Said, decide, said_of
from .spelling import notes_on_spelling


class Word(StrEnum):
    """What an audit says of a user and a key."""

    ALLOW = "ALLOW"
    DENY = "DENY"
    UNKNOWN = "UNKNOWN"


class Question(NamedTuple):
    """As much of a user as makes a difference to the answer or is told beside it. `roles` hold each role once."""

    level: UserLevel
    active: bool
    locked_out: bool
    external: bool
    roles: tuple[str, ...]

    @classmethod
    def of(cls, user: User) -> Question:
        """The question a user asks."""
        return cls(user.level, user.active, user.locked_out, user.external, each_once(user.roles))


def each_once(roles: Iterable[str]) -> tuple[str, ...]:
    """Roles without those that are another one in other letters."""
    found: dict[str, str] = {}
    for role in roles:
        found.setdefault(match_key(role), role)
    return tuple(found.values())


@dataclass(frozen=True)
class Everybody:
    """Users by column, in the order of their keys: `questions[codes[i]]` is what `user_ids[i]` asks."""

    user_ids: Sequence[str]
    names: Sequence[str]
    codes: Sequence[int]
    questions: Sequence[Question]

    @classmethod
    def of(cls, users: Iterable[User]) -> Everybody:
        """These users."""
        ordered = sorted(users, key=lambda user: match_key(user.user_id))
        numbers: dict[Question, int] = {}
        codes = array("I", [numbers.setdefault(Question.of(user), len(numbers)) for user in ordered])
        return cls([user.user_id for user in ordered], [user.name for user in ordered], codes, tuple(numbers))

    def __len__(self) -> int:
        return len(self.user_ids)

    @cached_property
    def askers(self) -> list[int]:
        """How many users ask each question."""
        asked = Counter(self.codes)
        return [asked[code] for code in range(len(self.questions))]

    def asking(self, wanted: Sequence[bool]) -> array[int]:
        """The places of those whose question is wanted, told by its code."""
        return array("I", compress(range(len(self)), map(wanted.__getitem__, self.codes)))


class Answer(NamedTuple):
    """What is said of everybody who asks the same. `path` are the rows that lead to it, the deciding one last."""

    level: UserLevel
    active: bool
    locked_out: bool
    external: bool
    decision: Word
    reason: str
    roles_allow: tuple[str, ...]
    roles_deny: tuple[str, ...]
    conflict: bool
    flags: tuple[str, ...]
    path: tuple[str, ...]


class Holder(NamedTuple):
    """One user's answer; `conflict` says that it would be another under the other rule."""

    user_id: str
    name: str
    level: UserLevel
    active: bool
    locked_out: bool
    external: bool
    decision: Word
    reason: str
    roles_allow: tuple[str, ...]
    roles_deny: tuple[str, ...]
    conflict: bool
    flags: tuple[str, ...]
    path: tuple[str, ...]


FLAGS: Mapping[str, Callable[[Question], bool]] = {
    "administrator": lambda asked: asked.level is UserLevel.ADMINISTRATOR,
    "user administrator": lambda asked: asked.level is UserLevel.USER_ADMINISTRATOR,
    "read only": lambda asked: asked.level is UserLevel.READ_ONLY,
    "inactive": lambda asked: not asked.active,
    "locked out": lambda asked: asked.locked_out,
    "external": lambda asked: asked.external,
}
"""TABLE: what is told of a user beside the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who holds a key under a rule, as of a day (ISO 8601); `notes` are what whoever reads it has to know."""

    key: str
    rule: PermissionRule
    as_of: str
    everybody: Everybody
    answers: Sequence[Answer]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.everybody)

    def rows(self) -> Iterator[Holder]:
        """Everybody, by user id."""
        people = self.everybody
        for user_id, name, code in zip(people.user_ids, people.names, people.codes, strict=True):
            yield Holder(user_id, name, *self.answers[code])

    def holders(self) -> Iterator[Holder]:
        """Those who may."""
        return self.those(lambda answer: answer.decision is Word.ALLOW)

    def those(self, wanted: Callable[[Answer], bool]) -> Iterator[Holder]:
        """Those whose answer is wanted, by user id."""
        people = self.everybody
        for place in people.asking([wanted(answer) for answer in self.answers]):
            yield Holder(people.user_ids[place], people.names[place], *self.answers[people.codes[place]])

    @property
    def counts(self) -> dict[Word, int]:
        """How many users each decision concerns."""
        found = Counter(dict.fromkeys(Word, 0))
        for answer, users in zip(self.answers, self.everybody.askers, strict=True):
            found[answer.decision] += users
        return dict(found)

    @property
    def conflicts(self) -> int:
        """How many users' answers depend on the rule."""
        return self.count(lambda answer: answer.conflict)

    @property
    def paths(self) -> dict[str, int]:
        """How many users each reason concerns, the most first."""
        found: Counter[str] = Counter()
        for answer, users in zip(self.answers, self.everybody.askers, strict=True):
            found[f"{answer.decision}: {answer.reason}"] += users
        return dict(sorted(((r, n) for r, n in found.items() if n), key=lambda item: (-item[1], item[0])))

    def count(self, wanted: Callable[[Answer], bool]) -> int:
        """How many users' answers are wanted."""
        return sum(users for answer, users in zip(self.answers, self.everybody.askers, strict=True) if wanted(answer))


def access(
    everybody: Everybody, key: str, roles: Sequence[RolePermission], rule: PermissionRule, as_of: str = ""
) -> Access:
    """Everybody's answer for a key. No `roles` at all means that none were read."""
    judge = Judge(key, roles, rule)
    return Access(
        key=key.strip(),
        rule=rule,
        as_of=as_of,
        everybody=everybody,
        answers=[judge.answer(question) for question in everybody.questions],
        notes=(*_notes(everybody, judge), *notes_on_spelling(key, roles)),
    )


class Judge:
    """What is said about one key: asked once per distinct question."""

    def __init__(self, key: str, roles: Sequence[RolePermission], rule: PermissionRule) -> None:
        self.key = key
        self.rule = rule
        self.read = bool(roles)
        self.said: Said = said_of(key, roles)
        self.known_roles = {match_key(row.role) for row in roles}
        self.default = {match_key(name): found for name, found in PERMISSION_KEYS.items()}.get(match_key(key))
        self._answers: dict[Question, Answer] = {}
        self._asking: dict[tuple[UserLevel, bool, bool], bool] = {}

    def answer(self, asked: Question) -> Answer:
        """What is said of everybody who asks this."""
        if asked not in self._answers:
            self._answers[asked] = self._judged(asked)
        return self._answers[asked]

    def _judged(self, asked: Question) -> Answer:
        permitted = decide(asked, self.key, self.said, self.rule)
        decision = Word.ALLOW if permitted.allowed else Word.DENY
        reason, path = permitted.reason, self._path(asked, permitted)
        if self._asks_roles(asked):
            if asked.roles and not self.read:
                decision, reason = Word.UNKNOWN, "has roles, and what roles may was not read"
                path = (f"roles {', '.join(asked.roles)}", "no row of role_permissions at all")
            elif not (permitted.roles_allow or permitted.roles_deny) and self.default is None:
                decision, reason = Word.UNKNOWN, "no role says anything; key default, not known"
                path = (*path[:-1], f"no default is known of {self.key}")
        flags = tuple(name for name, holds in FLAGS.items() if holds(asked))
        told = permitted.roles_allow, permitted.roles_deny, permitted.conflict
        return Answer(*asked[:4], decision, reason, *told, flags, path)

    def _asks_roles(self, asked: Question) -> bool:
        """Whether roles and default have a say at all: told by whether a role that allowed it would be heard."""
        standing = asked[:3]
        if standing not in self._asking:
            heard = decide(asked._replace(roles=("role",)), self.key, {"role": Decision.ALLOW}, self.rule).roles_allow
            self._asking[standing] = bool(heard)
        return self._asking[standing]

    def _path(self, asked: Question, permitted: Permitted) -> tuple[str, ...]:
        if not self._asks_roles(asked):
            return tuple(f"users: {what}" for what in _standing(asked))
        others = permitted.roles_deny if permitted.allowed else permitted.roles_allow
        deciding = permitted.roles_allow if permitted.allowed else permitted.roles_deny
        if deciding:
            rows = [f"role_permissions: {r} / {self.key} / {self.said[match_key(r)]}" for r in (*others, *deciding)]
            return (*([f"rule: {self.rule}"] if others else []), *rows)
        has = f"users: roles {', '.join(asked.roles)}" if asked.roles else "users: no roles"
        return has, f"no row of role_permissions about it; default of {self.key}: {self.default}"


def _standing(asked: Question) -> Iterator[str]:
    if not asked.active:
        yield "active is no"
    elif asked.locked_out:
        yield "locked out"
    else:
        yield f"level {asked.level}"


def _notes(everybody: Everybody, judge: Judge) -> Iterator[str]:
    if not everybody.user_ids:
        yield "No user was read: who there is is not known, which is not the same as nobody."
        return
    if not judge.read:
        yield "What roles may was not read: the answers that need it are UNKNOWN."
        return
    if judge.default is None and not judge.said:
        yield f"No role says anything about {judge.key}, and its default is not known here."
    if not any(asked.roles for asked in everybody.questions):
        yield "Not one user has a role: was the column roles of users exported?"
    named = {match_key(role): role for asked in everybody.questions for role in asked.roles}
    silent = [named[role] for role in sorted(named.keys() - judge.known_roles)]
    if silent:
        yield f"Roles users have and no row of role_permissions names, so that they say nothing: {', '.join(silent)}"
