"""Whom each rule of the mapping concerns in one snapshot, so that nobody reads about rules that do not matter here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..domain.legacy import Owner
from ..resolution.legacy import LegacySettings
from .mapping import MAPPING, Rule

_SWITCHES = frozenset({"EmailUseGlobalSettings", "EmailExchangeUseGlobalSettings", "EmailSmtpEnableSsl"})
"""Members everybody has, whether there are values or not: they tell nothing beside others."""


class Concerned(NamedTuple):
    """A rule, and how many have a value it is about: users, web configurations, or the one Global Settings."""

    rule: Rule
    number: int


def concerned(legacy: LegacySettings) -> list[Concerned]:
    """Every rule that is about anything here, in the order of the mapping; one without members is about everybody."""
    found = (Concerned(rule, sum(_has(rule, members) for members in _all(rule, legacy))) for rule in MAPPING)
    return [one for one in found if one.number]


def _has(rule: Rule, members: Mapping[str, Any]) -> bool:
    telling = [name for name in rule.members if name not in _SWITCHES] or rule.members
    return not rule.members or any(members.get(name) not in {None, False} for name in telling)


def _all(rule: Rule, legacy: LegacySettings) -> list[Mapping[str, Any]]:
    match rule.owner:
        case Owner.GLOBAL:
            return [legacy.settings]
        case Owner.USER:
            return list(legacy.preferences.values())
        case _:
            return list(legacy.web_configurations.values())
