"""Access tokens: given out by Entra, taken by Graph.

A token looks like Entra's, a JWT with the application's roles, and is signed by nobody: it is known or it is not.
"""

from __future__ import annotations

import base64
import json
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from .faults import Fault, Faults
from .refusals import GraphRefusal
from .tenant import Application, Tenant

LIFETIME = timedelta(seconds=3599)
_CLOCKS_APART = timedelta(minutes=5)

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token stands for."""

    tenant: Tenant
    application: Application
    expires: datetime


class Tokens:
    """The tokens that were given out."""

    def __init__(self, clock: Clock, faults: Faults) -> None:
        self._clock = clock
        self._faults = faults
        self._lock = Lock()
        self._granted: dict[str, Grant] = {}
        self._calls: dict[str, int] = {}

    def issue(self, tenant: Tenant, application: Application, audience: str, issuer: str) -> str:
        """A new token for an application."""
        now = self._clock()
        grant = Grant(tenant, application, now + LIFETIME)
        token = _jwt(_claims(grant, now, audience, issuer))
        with self._lock:
            self._granted[token] = grant
        return token

    def grant(self, authorization: str) -> Grant:
        """What the token in an Authorization header stands for. Raises GraphRefusal where it is none, or no longer."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise _invalid("Access token is empty.")
        token = token.strip()
        with self._lock:
            grant = self._granted.get(token)
            if grant is None:
                raise _invalid("Access token validation failure. Invalid audience.")
            if self._clock() >= grant.expires + _CLOCKS_APART:
                raise _invalid("Lifetime validation failed, the token is expired.")
            calls = self._calls[token] = self._calls.get(token, 0) + 1
            if self._faults.strike(Fault.TOKEN_EXPIRED, lambda most: calls > most) is not None:
                del self._granted[token]
                raise _invalid("Lifetime validation failed, the token is expired.")
        if not grant.application.roles:
            raise GraphRefusal("NoPermissionsInAccessToken")
        return grant


def _invalid(message: str) -> GraphRefusal:
    challenge = 'Bearer realm="", client_id="00000003-0000-0000-c000-000000000000"'
    return GraphRefusal("InvalidAuthenticationToken", message, headers={"WWW-Authenticate": challenge})


def _claims(grant: Grant, now: datetime, audience: str, issuer: str) -> dict[str, Any]:
    client = grant.application.client_id
    holder = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{grant.tenant.id}/{client}"))
    claims = {
        "aud": audience,
        "iss": issuer,
        "iat": int(now.timestamp()),
        "nbf": int(now.timestamp()),
        "exp": int(grant.expires.timestamp()),
        "app_displayname": "mailadmin sandbox",
        "appid": client,
        "appidacr": "1",
        "idtyp": "app",
        "oid": holder,
        "roles": sorted(grant.application.roles),
        "sub": holder,
        "tid": grant.tenant.id,
        "uti": secrets.token_urlsafe(16),
        "ver": "1.0",
    }
    return claims if claims["roles"] else {name: claims[name] for name in claims if name != "roles"}


def _jwt(claims: dict[str, Any]) -> str:
    head = {"typ": "JWT", "alg": "RS256", "kid": "sandbox"}
    parts = (*(json.dumps(part).encode() for part in (head, claims)), secrets.token_bytes(256))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
