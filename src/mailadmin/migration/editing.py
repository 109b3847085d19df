"""Rows changed by hand: what a change of a service's address does to the secrets that were entered for it."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from typing import Any

from ..domain.governed import Key, Row, name_of
from ..domain.portals import Portal
from ..domain.services import Override, Service
from .draft import Finding
from .operations import Rows

Place = tuple[str, Key]
"""Table and key of a row."""

_SERVICE = {"password": ("server", "port", "security", "user_name"), "client_secret": ("tenant_id", "client_id")}
_BELONGS_TO: Mapping[type[Any], Mapping[str, tuple[str, ...]]] = {
    Service: _SERVICE,
    Override: _SERVICE,
    Portal: {"password": ("smtp_server", "smtp_port", "enable_ssl", "user_name")},
}
"""A row's secrets, and the fields each was entered for: when one of them changes, the secret is cleared."""


def secrets_of(row: Row) -> tuple[str, ...]:
    """The secrets of a row that belong to an address."""
    return tuple(_BELONGS_TO.get(type(row), ()))


def address_of(row: Row, secret: str) -> tuple[Any, ...]:
    """What a secret of a row is entered for."""
    return tuple(getattr(row, name) for name in _BELONGS_TO[type(row)][secret])


def without_moved_secrets(
    target: Rows, current: Rows, entered: Container[tuple[Place, str]] = ()
) -> tuple[dict[Any, Row], tuple[Finding, ...]]:
    """The target without secrets that would follow their row to another host, and a finding for each.

    Those just `entered` (row and column) stay: they were entered for the new one, even where the text is the old one's.
    """
    rows = dict(target)
    findings = []
    for place, row in target.items():
        standing: Any = current.get(place)
        if standing is None:
            continue
        changed: Any = row
        for secret in secrets_of(row):
            kept = getattr(row, secret) is not None and getattr(row, secret) == getattr(standing, secret)
            moved = address_of(row, secret) != address_of(standing, secret)
            if kept and moved and (place, secret) not in entered:
                changed = replace(changed, **{secret: None})
                findings.append(_cleared(row, secret))
        rows[place] = changed
    return rows, tuple(findings)


_ENTERED_BY: Mapping[type[Any], str] = {Portal: "portal set CODE --ask-password"}


def _cleared(row: Row, secret: str) -> Finding:
    return Finding(
        "warning",
        f"The {secret.replace('_', ' ')} is cleared: it was entered for another address.",
        f"Enter it again: mailadmin {_ENTERED_BY.get(type(row), 'secret set')}",
        (name_of(row),),
    )
