"""Validate: whether a user's e-mail settings work, with a green tick or the reason; nothing is sent.

Law: what is not ready is told beside what was tried, so that nobody is missing from the answer. Source: Monitor ERP,
"Validate": green tick or warning, line by line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..bootstrap import App
from ..domain.keys import match_key
from ..providers.ladder import Result, climb
from ..resolution.explanation import reason
from ..resolution.provenance import Resolution, Status, Tier
from . import verifying
from .accounts import REMEDIES
from .configuring import effective
from .verifying import WORST_FIRST, Climbing, Progress, Verified

DEADLINE = 20.0
"""Seconds until a server that does not answer is given up."""

MARKS: Mapping[Result, str] = {
    Result.PASSED: "✓",
    Result.WARNING: "!",
    Result.FAILED: "✗",
    Result.NOT_NEEDED: "–",
    Result.NOT_REACHED: "·",
}
"""TABLE: the mark of what came of an account; a dash where it cannot be seen from here."""


class Validated(NamedTuple):
    """An account, or why there is none: what came of it, why, what to do, and the users it is for."""

    result: Result
    account: str
    why: str
    remedy: str
    users: tuple[str, ...]

    @property
    def mark(self) -> str:
        """The green tick, or what stands in its place."""
        return MARKS[self.result]


def validate(
    app: App,
    user: str = "",
    *,
    progress: Progress | None = None,
    climbing: Climbing = climb,
    deadline: float = DEADLINE,
) -> list[Validated]:
    """Try one user's account, or everybody's: the worst first, and of these what concerns most users.

    Raises UnknownName.
    """
    wanted = verifying.with_deadline(verifying.subjects(app, users=[user] if user else []), deadline)
    found = [_tried(one, user) for one in verifying.verify(app, wanted, progress=progress, climbing=climbing)]
    found += _not_ready(app, user)
    order = [*WORST_FIRST, Result.NOT_NEEDED, Result.NOT_REACHED]
    return sorted(found, key=lambda one: (order.index(one.result), -len(one.users), one.account, one.why, one.users))


def _tried(verified: Verified, user: str) -> Validated:
    subject, rungs = verified.subject, verified.rungs
    unseen = next((rung for rung in rungs if rung.result is Result.NOT_NEEDED), None)
    odd, result = verified.odd, verified.result
    if odd is None and unseen is not None and len(rungs) == 1:
        odd, result = unseen, Result.NOT_NEEDED
    why, remedy = (odd.meaning, odd.remedy) if odd else ("works", "")
    users = tuple(one for one in subject.users if not user or match_key(one) == match_key(user))
    return Validated(result, subject.name, why, remedy, users)


def _not_ready(app: App, user: str) -> list[Validated]:
    """Whoever has no account to try, by the reason."""
    found: dict[tuple[str, str], list[str]] = {}
    for population in effective(app):
        told = [
            None if answer.status is Status.READY else (reason(answer), _remedy(answer))
            for answer in population.answers
        ]
        for one, key, code in zip(population.people.user_ids, population.people.keys, population.codes, strict=True):
            if (words := told[code]) is not None and (not user or key == match_key(user)):
                found.setdefault(words, []).append(one)
    return [Validated(Result.FAILED, "", why, remedy, tuple(users)) for (why, remedy), users in found.items()]


def _remedy(answer: Resolution) -> str:
    if answer.winner is not None and answer.winner.tier is Tier.PREFERENCE:
        return "Enter what is missing: mailadmin user-settings set, and secret."
    return REMEDIES.get(answer.status, "")
