"""Permissions: who may change the From address, and what is odd about how that came about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from ...domain.keys import match_key
from ...domain.organisation import UserLevel
from ...domain.permissions import PERMISSION_KEYS, UPDATE_FROM, Decision
from ...policy.permission import said_of
from ..access import Answer, Question, Word
from ..facts import PERMISSIONS, Facts
from ..findings import Seen
from ..spelling import looks_like, shown
from .rule import HIGH, KB_22347, LOW, MEDIUM, PRUDENCE, USERS_AND_ROLES, Rule


def granted_to_nobody(facts: Facts) -> Iterator[Seen]:
    """Permissions of roles that no user has."""
    held = {match_key(role) for asked in facts.access.everybody.questions for role in asked.roles}
    for row in facts.permissions:
        if row.decision is Decision.ALLOW and match_key(row.role) not in held:
            yield Seen(f"{row.role} / {row.permission_key}", f"role {row.role} allows it, and no user has that role")


def granted_to_everybody(facts: Facts) -> Iterator[Seen]:
    """The permission to change From, where everybody has it who can sign in."""
    able = facts.access.count(_can_sign_in)
    if able > 1 and able == facts.access.count(lambda a: _can_sign_in(a) and a.decision is Word.ALLOW):
        yield Seen(UPDATE_FROM, f"all {able} users who can sign in may change From")


def conflicting_roles(facts: Facts) -> Iterator[Seen]:
    """Users whose answer hangs on how Allow and Deny combine."""
    return _of_users(
        facts,
        [
            f"allowed by {_roles(answer.roles_allow)}, denied by {_roles(answer.roles_deny)}" if answer.conflict else ""
            for answer in facts.access.answers
        ],
    )


def inactive_holder(facts: Facts) -> Iterator[Seen]:
    """Inactive or locked out users whose roles would allow it as soon as they are let in again."""
    said = said_of(UPDATE_FROM, facts.permissions)

    def words(asked: Question) -> str:
        allowing = [role for role in asked.roles if said.get(match_key(role)) is Decision.ALLOW]
        if (asked.active and not asked.locked_out) or not allowing:
            return ""
        what = "locked out" if asked.active else "inactive"
        return f"is {what} and still has {_roles(allowing)}, allowing it"

    return _of_users(facts, list(map(words, facts.access.everybody.questions)))


def external_holder(facts: Facts) -> Iterator[Seen]:
    """External users who may change From."""
    return _holders(facts, "is external", lambda answer: answer.external)


def read_only_holder(facts: Facts) -> Iterator[Seen]:
    """Read Only users who may change From: they save nothing, and send all the same."""
    return _holders(facts, "is Read Only", lambda answer: answer.level is UserLevel.READ_ONLY)


def _holders(facts: Facts, words: str, chosen: Callable[[Answer], bool]) -> Iterator[Seen]:
    return _of_users(
        facts,
        [
            f"{words} and may change From: {answer.reason}" if answer.decision is Word.ALLOW and chosen(answer) else ""
            for answer in facts.access.answers
        ],
    )


def _of_users(facts: Facts, words: Sequence[str]) -> Iterator[Seen]:
    """What is said of everybody who asks the same: by the question's number, nothing where it is ''."""
    everybody = facts.access.everybody
    for place in everybody.asking(list(map(bool, words))):
        yield Seen(everybody.user_ids[place], words[everybody.codes[place]])


def misspelt_key(facts: Facts) -> Iterator[Seen]:
    """Keys that look like a known one and are another: what a role says about them has no effect."""
    known = {match_key(key) for key in PERMISSION_KEYS}
    for row in facts.permissions:
        alike = [key for key in PERMISSION_KEYS if looks_like(row.permission_key, key)]
        if alike and match_key(row.permission_key) not in known:
            words = f"role {row.role} says {row.decision} about {shown(row.permission_key)}, which is not {alike[0]}"
            yield Seen(f"{row.role} / {row.permission_key}", words)


def _can_sign_in(answer: Answer) -> bool:
    return answer.active and not answer.locked_out


def _roles(names: Iterable[str]) -> str:
    return ", ".join(f"role {name}" for name in names)


RULES: tuple[Rule, ...] = (
    Rule(
        "permission-for-everybody",
        HIGH,
        "Everybody may change From",
        "A permission everybody has decides nothing: anybody can write as anybody.",
        KB_22347,
        "Allow it in a role of its own, for those who write for others.",
        granted_to_everybody,
        PERMISSIONS,
    ),
    Rule(
        "permission-for-nobody",
        LOW,
        "A permission of a role nobody has",
        "Whoever is given that role next gets the permission without anybody deciding it.",
        USERS_AND_ROLES,
        "Take the permission or the role away.",
        granted_to_nobody,
        PERMISSIONS,
    ),
    Rule(
        "conflicting-roles",
        MEDIUM,
        "One role allows, another denies",
        "How they combine is not documented: the answer hangs on the setting permission.rule.",
        USERS_AND_ROLES,
        "Take one of the roles from the user, or say the same in both.",
        conflicting_roles,
        PERMISSIONS,
    ),
    Rule(
        "inactive-holder",
        MEDIUM,
        "An inactive user whose roles still allow it",
        "Made active again, the user may change From at once.",
        USERS_AND_ROLES,
        "Take the role from users who have left.",
        inactive_holder,
        PERMISSIONS,
    ),
    Rule(
        "external-holder",
        MEDIUM,
        "An external user may change From",
        "Somebody outside the company can write in the name of somebody inside.",
        USERS_AND_ROLES,
        "Take the role from external users.",
        external_holder,
        PERMISSIONS,
    ),
    Rule(
        "read-only-holder",
        LOW,
        "A Read Only user may change From",
        "Read Only users save nothing, but sending is not saving.",
        USERS_AND_ROLES,
        "Take the role from the user, where it was not meant.",
        read_only_holder,
        PERMISSIONS,
    ),
    Rule(
        "misspelt-key",
        MEDIUM,
        "A key that looks like a known one",
        "It is another key, so that what the role says has no effect.",
        PRUDENCE,
        "Correct the key in the role.",
        misspelt_key,
        PERMISSIONS,
    ),
)
