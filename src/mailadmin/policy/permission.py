"""Whether a user holds a permission, and why: decided from level, roles and the key's default.

Law: an answer names what decided it. Source: domain decisions, section 7; how several roles combine is a setting.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from ..domain.keys import match_key
from ..domain.organisation import UserLevel
from ..domain.permissions import PERMISSION_KEYS, Decision, RolePermission
from ..domain.settings import PermissionRule

Said = Mapping[str, Decision]
"""What each role (match key) says about one key."""


class Standing(Protocol):
    """As much of a user as decides."""

    @property
    def level(self) -> UserLevel:
        """What is allowed before any role is asked."""

    @property
    def active(self) -> bool:
        """Whether the user is in use."""

    @property
    def locked_out(self) -> bool:
        """Whether the user is kept from signing in."""

    @property
    def roles(self) -> tuple[str, ...]:
        """The names of the user's roles."""


class Permitted(NamedTuple):
    """The decision for one user: whether, why, what the roles said, and whether the other rule would say otherwise."""

    allowed: bool
    reason: str
    roles_allow: tuple[str, ...] = ()
    roles_deny: tuple[str, ...] = ()

    @property
    def conflict(self) -> bool:
        """Whether roles contradict each other, so that the answer hangs on the rule."""
        return bool(self.roles_allow and self.roles_deny)


def said_of(key: str, rows: Iterable[RolePermission]) -> dict[str, Decision]:
    """What each role says about a key."""
    wanted = match_key(key)
    return {match_key(row.role): row.decision for row in rows if match_key(row.permission_key) == wanted}


def default_of(key: str) -> Decision:
    """What holds where no role says anything; Deny for a key whose default is not known."""
    known = {match_key(name): decision for name, decision in PERMISSION_KEYS.items()}
    return known.get(match_key(key), Decision.DENY)


def decide(user: Standing, key: str, said: Said, rule: PermissionRule) -> Permitted:
    """Whether the user holds the key."""
    if not user.active:
        return Permitted(False, "the user is inactive")
    if user.locked_out:
        return Permitted(False, "the user is locked out")
    if user.level is UserLevel.ADMINISTRATOR:
        return Permitted(True, "administrator level")
    allow = tuple(role for role in user.roles if said.get(match_key(role)) is Decision.ALLOW)
    deny = tuple(role for role in user.roles if said.get(match_key(role)) is Decision.DENY)
    if deny and (rule is PermissionRule.DENY_WINS or not allow):
        return Permitted(False, f"role {deny[0]} denies", allow, deny)
    if allow:
        return Permitted(True, f"role {allow[0]} allows", allow, deny)
    default = default_of(key)
    return Permitted(default is Decision.ALLOW, f"no role says anything; {default.value} by default")
