"""A rule: what it looks for, how much it matters, why, by which source, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..facts import Facts
from ..findings import Seen, Severity

HIGH, MEDIUM, LOW, INFO = Severity

KB_22347 = "finPOWER Connect KB 22347"
COST_CENTRES = "finPOWER Connect help, Cost Centres"
USERS_AND_ROLES = "finPOWER Connect help, Users and Roles"
PRUDENCE = "good practice"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `needs` names the part of the facts without which it is not asked, '' where it is always asked."""

    id: str
    severity: Severity
    title: str
    rationale: str
    source: str
    remedy: str
    look: Callable[[Facts], Iterable[Seen]]
    needs: str = ""
