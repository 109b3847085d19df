"""Permission keys, what they are by default, and what a role says about them."""

from __future__ import annotations

from enum import StrEnum

from pydantic.dataclasses import dataclass

from .keys import STRICT, Name

UPDATE_FROM = "Messaging.Email.UpdateFrom"
"""May change the From address of a message (new in 6.00.02)."""


class Decision(StrEnum):
    """What a role, or a key by default, says."""

    ALLOW = "Allow"
    DENY = "Deny"


PERMISSION_KEYS: dict[str, Decision] = {UPDATE_FROM: Decision.DENY}
"""TABLE: the keys whose default is known, and that default. Other keys are read and kept as they come."""


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class RolePermission:
    """What one role says about one key."""

    role: Name
    permission_key: Name
    decision: Decision
