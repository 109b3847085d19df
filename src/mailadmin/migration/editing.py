"""Rows changed by hand: what a change of a service's address does to the secrets that were entered for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..domain.governed import Row, name_of
from ..domain.services import Override, Service
from .draft import Finding
from .operations import Rows

_BELONGS_TO = {"password": ("server", "port", "security", "user_name"), "client_secret": ("tenant_id", "client_id")}
"""A secret, and the fields it was entered for: when one of them changes, the secret is cleared."""


def without_moved_secrets(target: Rows, current: Rows) -> tuple[dict[Any, Row], tuple[Finding, ...]]:
    """The target without secrets that would follow their row to another host, and a finding for each."""
    rows = dict(target)
    findings = []
    for place, row in target.items():
        standing = current.get(place)
        if not isinstance(row, Service | Override) or standing is None:
            continue
        changed: Any = row
        for secret, fields in _BELONGS_TO.items():
            kept = getattr(row, secret) is not None and getattr(row, secret) == getattr(standing, secret)
            if kept and any(getattr(row, name) != getattr(standing, name) for name in fields):
                changed = replace(changed, **{secret: None})
                findings.append(_cleared(row, secret))
        rows[place] = changed
    return rows, tuple(findings)


def _cleared(row: Row, secret: str) -> Finding:
    return Finding(
        "warning",
        f"The {secret.replace('_', ' ')} is cleared: it was entered for another address.",
        "Enter it again: mailadmin secret set",
        (name_of(row),),
    )
