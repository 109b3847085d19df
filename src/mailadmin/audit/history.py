"""Whose answer changed, by whose change: a site walked backwards along its audit trail, or two sites compared.

Laws: what was done in one transaction is one step, since nothing between its entries was ever in force; a row that is
not as its newest entry left it was changed by nobody the trail knows, and the walk ends there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from ..domain.governed import Key, Row, key_of, name_of
from ..domain.keys import match_key
from ..domain.organisation import User
from ..domain.permissions import RolePermission
from ..domain.settings import PERMISSION_RULE, SETTINGS, SITE, PermissionRule, Setting
from ..errors import Tampered
from .access import Answer, Everybody, Judge, Question, Word

TABLES = ("users", "role_permissions", "settings")
"""The governed tables an answer is made of."""


class Asker(NamedTuple):
    """A user as an audit asks for one."""

    user_id: str
    name: str
    question: Question

    @classmethod
    def of(cls, user: User) -> Asker:
        """The asker a user is."""
        return cls(user.user_id, user.name, Question.of(user))


class Deed(NamedTuple):
    """An entry of the audit trail about one of these tables: who did when what to which row, by which plan."""

    seq: int
    at: str
    actor: str
    plan_hash: str
    before: Row | None
    after: Row | None


_RULE = PermissionRule(SETTINGS[PERMISSION_RULE].default)


@dataclass(slots=True)
class Site:
    """What answers are made of: users and role permissions by key, and the rule. Undoing deeds changes it."""

    users: dict[str, Asker] = field(default_factory=dict)
    roles: dict[Key, RolePermission] = field(default_factory=dict)
    rule: PermissionRule = _RULE

    @classmethod
    def of(cls, everybody: Everybody, rows: Iterable[Row]) -> Site:
        """The site of these users, with the role permissions and settings among these rows."""
        site = cls()
        for user_id, name, code in zip(everybody.user_ids, everybody.names, everybody.codes, strict=True):
            site.users[match_key(user_id)] = Asker(user_id, name, everybody.questions[code])
        for row in rows:
            site.put(row)
        return site

    @property
    def everybody(self) -> Everybody:
        """The users by column."""
        ordered = [asker for _, asker in sorted(self.users.items())]
        numbers: dict[Question, int] = {}
        codes = [numbers.setdefault(asker.question, len(numbers)) for asker in ordered]
        return Everybody([a.user_id for a in ordered], [a.name for a in ordered], codes, tuple(numbers))

    def judge(self, key: str) -> Judge:
        """Who says what is to be said about a key, as the site is."""
        return Judge(key, list(self.roles.values()), self.rule)

    def put(self, row: Row) -> None:
        """Have this row in place of the one of its key."""
        match row:
            case User():
                self.users[key_of(row)[0]] = Asker.of(row)
            case RolePermission():
                self.roles[key_of(row)] = row
            case Setting(name=name, cost_centre=centre) if (name, centre) == (PERMISSION_RULE, SITE):
                self.rule = PermissionRule(row.value)

    def undo(self, deed: Deed) -> None:
        """Have the row as it was before. Raises Tampered where it is not as the deed left it."""
        self._check(deed)
        if deed.before is not None:
            self.put(deed.before)
            return
        match deed.after:
            case User():
                del self.users[key_of(deed.after)[0]]
            case RolePermission():
                del self.roles[key_of(deed.after)]
            case Setting(name=name) if name == PERMISSION_RULE:
                self.rule = _RULE

    def _check(self, deed: Deed) -> None:
        row = deed.after if deed.after is not None else deed.before
        match row:
            case User():
                whole = self.users.get(key_of(row)[0]) == (Asker.of(row) if deed.after is not None else None)
            case RolePermission():
                whole = self.roles.get(key_of(row)) == deed.after
            case _:
                whole = True
        if not whole and row is not None:
            raise Tampered(
                f"{name_of(row)} is not as entry {deed.seq} of the audit trail left it: it was changed past the trail.",
                remedy="mailadmin doctor; restore the store from a backup, or explain the change.",
            )


class Turn(StrEnum):
    """What became of an answer."""

    GAINED = "gained"
    LOST = "lost"
    OTHER = "other reason"


class AccessChange(NamedTuple):
    """One user's answer that became another: what it was, what it is, why, and by whose change of what.

    `before` and `after` are '' where the user was not there. `seq` is the entry of the audit trail; between two
    snapshots there is neither entry nor time nor actor.
    """

    user_id: str
    name: str
    change: Turn
    before: str
    after: str
    reason: str
    reason_before: str
    what: str
    seq: int | None = None
    at: str = ""
    actor: str = ""
    plan_hash: str = ""


Side = tuple[Asker | None, Answer | None]
Differences = dict[tuple[str, str], str]
"""What differs, in words, by table and row."""


def between(before: Site, after: Site, key: str) -> Iterator[AccessChange]:
    """Whose answer is another at another site, by user id."""
    judge_before, judge_after = before.judge(key), after.judge(key)
    for user in sorted(before.users.keys() | after.users.keys()):
        sides = _side(before, judge_before, user), _side(after, judge_after, user)
        if (found := _change(*sides, _differences(*sides, judge_before, judge_after))) is not None:
            yield found


def walk(site: Site, deeds: Iterable[Deed], key: str, user: str | None = None) -> Iterator[AccessChange]:
    """Every change of an answer along these deeds, newest first: of everybody, or of the user of this key alone.

    The site is afterwards as it was before the oldest of them. Raises Tampered.
    """
    for _, group in groupby(deeds, key=lambda deed: (deed.plan_hash, deed.at)):
        step = list(group)
        judge_after = site.judge(key)
        touched = _touched(site, step, key, user)
        afterwards = {who: _side(site, judge_after, who) for who in touched}
        for deed in step:
            site.undo(deed)
        judge_before = site.judge(key)
        if (judge_before.read, judge_before.rule) != (judge_after.read, judge_after.rule):
            everyone = site.users.keys() | touched
            touched = sorted(everyone if user is None else everyone & {user})
        for who in sorted(touched, reverse=True):
            before, after = _side(site, judge_before, who), afterwards.get(who)
            if after is None:
                asker = site.users[who]
                after = asker, judge_after.answer(asker.question)
            differing = _differences(before, after, judge_before, judge_after)
            if (found := _change(before, after, differing, coming=user is not None)) is not None:
                yield _by(found, step, key, differing)


def _touched(site: Site, step: Iterable[Deed], key: str, user: str | None) -> list[str]:
    """Whom a step could concern: users it is about, and users of roles it is about."""
    users: set[str] = set()
    roles: set[str] = set()
    for row in (row for deed in step for row in (deed.before, deed.after)):
        match row:
            case User():
                users.add(key_of(row)[0])
            case RolePermission() if match_key(row.permission_key) == match_key(key):
                roles.add(match_key(row.role))
    if user is not None:
        return [user] if user in users or user in site.users else []
    if roles:
        held = {asker.question for asker in site.users.values()}
        hit = {asked for asked in held if not roles.isdisjoint(map(match_key, asked.roles))}
        users |= {who for who, asker in site.users.items() if asker.question in hit}
    return sorted(users)


def _side(site: Site, judge: Judge, user: str) -> Side:
    asker = site.users.get(user)
    return asker, None if asker is None else judge.answer(asker.question)


def _change(before: Side, after: Side, differing: Differences, *, coming: bool = False) -> AccessChange | None:
    """The change of an answer, or None where there is none; nor, unless `coming`, where somebody came who may not."""
    (was, old), (now, new) = before, after
    asker = now or was
    if asker is None or (old and new and (old.decision, old.reason) == (new.decision, new.reason)):
        return None
    decided = old.decision if old else "", new.decision if new else ""
    if not coming and decided in {("", Word.DENY), (Word.DENY, "")}:
        return None
    allowed = [decision == Word.ALLOW for decision in decided]
    turn = Turn.OTHER if allowed[0] == allowed[1] else Turn.GAINED if allowed[1] else Turn.LOST
    absent = "no such user"
    return AccessChange(
        asker.user_id,
        asker.name,
        turn,
        *decided,
        new.reason if new else absent,
        old.reason if old else absent,
        "; ".join(differing.values()),
    )


def _differences(before: Side, after: Side, judge_before: Judge, judge_after: Judge) -> Differences:
    """What of all an answer is made of differs."""
    found: Differences = {}
    (was, _), (now, _) = before, after
    if was is None or now is None:
        name = next(asker.user_id for asker in (was, now) if asker)
        return {("users", match_key(name)): f"user {name} {'added' if was is None else 'removed'}"}
    if was.question != now.question:
        changed = [
            f"{part} {_words(old)} -> {_words(new)}"
            for part, old, new in zip(Question._fields, was.question, now.question, strict=True)
            if old != new
        ]
        found["users", match_key(now.user_id)] = f"user {now.user_id}: {', '.join(changed)}"
    for role in dict.fromkeys((*was.question.roles, *now.question.roles)):
        said = judge_before.said.get(match_key(role)), judge_after.said.get(match_key(role))
        if said[0] != said[1]:
            found["role_permissions", match_key(role)] = f"role {role}: {_words(said[0])} -> {_words(said[1])}"
    if judge_before.rule != judge_after.rule:
        found["settings", PERMISSION_RULE] = f"rule: {judge_before.rule} -> {judge_after.rule}"
    if judge_before.read != judge_after.read:
        words = "role permissions read" if judge_after.read else "role permissions not read"
        found.setdefault(("role_permissions", ""), words)
    return found


def _words(value: object) -> str:
    if isinstance(value, tuple):
        return "|".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "nothing said" if value is None else str(value)


def _by(change: AccessChange, step: Iterable[Deed], key: str, differing: Differences) -> AccessChange:
    """The change with the deed that made it: the first about a row that differs, else the first of the step."""
    ordered = sorted(step, key=lambda deed: deed.seq)
    deed = next((deed for deed in ordered if _place(deed, key) in differing), ordered[0])
    return change._replace(seq=deed.seq, at=deed.at, actor=deed.actor, plan_hash=deed.plan_hash)


def _place(deed: Deed, key: str) -> tuple[str, str]:
    """What a deed is about, as differences name it; nothing for what a role may by another key."""
    row = deed.after if deed.after is not None else deed.before
    match row:
        case User():
            return "users", key_of(row)[0]
        case RolePermission() if match_key(row.permission_key) == match_key(key):
            return "role_permissions", match_key(row.role)
        case Setting():
            return "settings", row.name
    return "", ""
