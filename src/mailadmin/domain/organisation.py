"""The people and places of a finPOWER Connect site: who there is and which Cost Centre stands behind whom.

Source: KB 22347 and the help pages on Cost Centres. GLOBAL always exists and is always active.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import model_validator
from pydantic.dataclasses import dataclass

from .keys import STRICT, Line, Name, Text, match_key
from .services import ServiceKind

GLOBAL = "GLOBAL"
"""The Cost Centre at the top of every path; its code cannot be changed, nor can it be made inactive."""


def is_global(code: str) -> bool:
    """Whether a code names the GLOBAL Cost Centre."""
    return match_key(code) == match_key(GLOBAL)


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class Entity:
    """A legal entity; its Cost Centre is asked after the branch's."""

    code: Name
    description: Text = ""
    cost_centre: Name | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class Branch:
    """A branch of one entity; its Cost Centre is asked first."""

    code: Name
    description: Text = ""
    entity: Name
    cost_centre: Name | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class CostCentre:
    """A Cost Centre. `default_service` is the e-mail service used where nobody names one."""

    code: Name
    description: Text = ""
    active: bool = True
    default_service: ServiceKind | None = None

    @model_validator(mode="after")
    def _global_stays(self) -> Self:
        if is_global(self.code) and (self.code != GLOBAL or not self.active):
            raise ValueError("GLOBAL can be neither renamed nor made inactive")
        return self


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class WebConfiguration:
    """A web configuration; its "Email" page may name a Cost Centre in GLOBAL's place and a default service."""

    code: Name
    cost_centre: Name | None = None
    default_service: ServiceKind | None = None


class UserLevel(StrEnum):
    """What a user is allowed before any role is asked."""

    ADMINISTRATOR = "Administrator"
    NORMAL = "Normal"
    READ_ONLY = "Read Only"
    USER_ADMINISTRATOR = "User Administrator"


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class User:
    """A user. `roles` are role names, sorted, each once."""

    user_id: Name
    name: Text
    email: Line | None = None
    level: UserLevel = UserLevel.NORMAL
    active: bool = True
    external: bool = False
    locked_out: bool = False
    roles: tuple[Name, ...] = ()
    branch: Name | None = None


def without_overrides(active: bool, external: bool) -> str:
    """Why a user's overrides do not count (the grid lists active, non-external users only), or ''."""
    if not active:
        return "the user is inactive"
    return "the user is external" if external else ""
