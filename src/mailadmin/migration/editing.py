"""Rows changed by hand: what a change of a service's address does to the secrets that were entered for it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from typing import Any

from ..domain.governed import Key, Row, name_of
from ..domain.portals import Portal
from ..domain.preferences import SYSTEM, MailPreference
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
    MailPreference: {
        "password": ("server", "port", "use_ssl", "user_name"),
        "client_secret": ("tenant_id", "client_id"),
    },
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
    left_behind = [p for p in _left_behind(rows, current) if (p, "password") not in entered]
    for place in left_behind:
        follower: Any = rows.get(place) or current[place]
        rows[place] = replace(follower, password=None)
    findings += _left(rows[place] for place in left_behind)
    return rows, tuple(findings)


def _left_behind(rows: Rows, current: Rows) -> list[Place]:
    """Users' own passwords that were entered for a server that is not theirs, where that becomes another one."""
    moved = {place for place, row in rows.items() if place in current and _server_of(row) != _server_of(current[place])}
    found: list[Place] = []
    for place, before in sorted(current.items()) if moved else ():
        after: Any = rows.get(place, before)
        if _leader_of(place, before) not in moved or any((*_server_of(before), *_server_of(after))):
            continue
        kept: Any = before
        found += [place] if after.password is not None and after.password == kept.password else []
    return found


def _leader_of(place: Place, row: Row) -> Place | None:
    """The row whose server a user's own password is used at, where the user has none: it is entered for that server."""
    match row:
        case Override():
            return "services", place[1][:2]
        case MailPreference() if row.user_id != SYSTEM:
            return "mail_preferences", (SYSTEM,)
    return None


def _server_of(row: Any) -> tuple[Any, ...]:
    match row:
        case Service() | Override():
            return row.server, row.port, row.security
        case MailPreference():
            return row.server, row.port, row.use_ssl
    return ()


def _left(rows: Iterable[Row]) -> Iterator[Finding]:
    """A finding for each kind of setting whose passwords were left behind."""
    for kind, named in groupby(rows, type):
        yield Finding(
            "warning",
            "The passwords of users who have no server of their own are cleared: the server they were entered for is "
            f"another one now, that of {'the Cost Centre' if kind is Override else 'the system'}.",
            f"Enter them again: mailadmin {_ENTERED_BY.get(kind, 'secret set')}",
            tuple(map(name_of, named)),
        )


_ENTERED_BY: Mapping[type[Any], str] = {
    Portal: "portal set CODE --ask-password",
    MailPreference: "user-settings secret",
}


def _cleared(row: Row, secret: str) -> Finding:
    return Finding(
        "warning",
        f"The {secret.replace('_', ' ')} is cleared: it was entered for another address.",
        f"Enter it again: mailadmin {_ENTERED_BY.get(type(row), 'secret set')}",
        (name_of(row),),
    )
