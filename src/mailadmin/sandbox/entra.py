"""Entra's token endpoint and the discovery document before it, for client credentials only.

Sources: Microsoft's client credentials grant and its list of AADSTS codes; the texts are those of real answers where
they were published.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from .faults import Fault, Faults
from .listener import Reply, Request
from .tenant import Application, Tenant
from .tokens import LIFETIME, Clock, Tokens


class EntraError(NamedTuple):
    """How Entra refuses: the OAuth error, the status, and the text."""

    error: str
    status: int
    text: str


ERRORS: Mapping[int, EntraError] = {
    7000112: EntraError("unauthorized_client", 400, "Application '{client}' is disabled."),
    7000215: EntraError(
        "invalid_client",
        401,
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not "
        "the client secret ID, for a secret added to app '{client}'.",
    ),
    7000218: EntraError(
        "invalid_client",
        401,
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    ),
    7000222: EntraError("invalid_client", 401, "The provided client secret keys for app '{client}' are expired."),
    700016: EntraError(
        "unauthorized_client",
        400,
        "Application with identifier '{client}' was not found in the directory '{tenant}'. You may have sent your "
        "authentication request to the wrong tenant.",
    ),
    70003: EntraError("unsupported_grant_type", 400, "The app requested an unsupported grant type '{grant_type}'."),
    70011: EntraError("invalid_scope", 400, "The provided request must include a 'scope' input parameter."),
    1002012: EntraError(
        "invalid_scope",
        400,
        "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with "
        "/.default suffixed to the resource identifier (application ID URI).",
    ),
    500011: EntraError(
        "invalid_resource",
        400,
        "The resource principal named {resource} was not found in the tenant named {tenant}.",
    ),
    900023: EntraError(
        "invalid_request",
        400,
        "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain.",
    ),
    900144: EntraError("invalid_request", 400, "The request body must contain the following parameter: '{parameter}'."),
    90002: EntraError(
        "invalid_request",
        400,
        "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the "
        "correct cloud.",
    ),
    90033: EntraError("temporarily_unavailable", 503, "A transient error has occurred. Please try again."),
    9001023: EntraError(
        "invalid_request",
        400,
        "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or "
        "tenant-specific endpoint.",
    ),
}
"""TABLE: the refusals, by the number after AADSTS."""

_TENANT_NAME = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_DEFAULT = "/.default"


class _RefusedToken(Exception):
    def __init__(self, code: int, **words: str) -> None:
        self.code = code
        self.error, self.status, text = ERRORS[code]
        self.text = f"AADSTS{code}: {text.format(**words)}"
        super().__init__(self.text)


class Entra:
    """The login host. `graph` is the resource tokens are given out for, `https://` and a host."""

    def __init__(self, tenants: Iterable[Tenant], tokens: Tokens, faults: Faults, clock: Clock, *, graph: str) -> None:
        self._tenants = tuple(tenants)
        self._tokens = tokens
        self._faults = faults
        self._clock = clock
        self._graph = graph

    def answer(self, request: Request) -> Reply:
        """The reply to a request."""
        try:
            if self._faults.strike(Fault.UNAVAILABLE) is not None:
                raise _RefusedToken(90033)
            match request.method, request.segments:
                case "GET", (name, "v2.0", ".well-known", "openid-configuration"):
                    return Reply.of(200, self._discovery(self._tenant(name), request.header("Host")))
                case "POST", (name, "oauth2", "v2.0", "token"):
                    return Reply.of(200, self._token(name, request), {"Cache-Control": "no-store"})
            return Reply(404)
        except _RefusedToken as refused:
            return Reply.of(refused.status, self._told(refused))

    def _tenant(self, name: str) -> Tenant:
        if name in ("common", "consumers", "organizations"):
            raise _RefusedToken(9001023)
        if not _TENANT_NAME.fullmatch(name):
            raise _RefusedToken(900023, tenant=name)
        for tenant in self._tenants:
            if tenant.is_named(name):
                return tenant
        raise _RefusedToken(90002, tenant=name)

    def _discovery(self, tenant: Tenant, host: str) -> dict[str, Any]:
        base = f"https://{host}/{tenant.id}"
        return {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_types_supported": ["code"],
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "tenant_region_scope": "OC",
            "msgraph_host": self._graph.removeprefix("https://"),
        }

    def _token(self, name: str, request: Request) -> dict[str, Any]:
        form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        for parameter in ("client_id", "grant_type"):
            if not form.get(parameter):
                raise _RefusedToken(900144, parameter=parameter)
        if form["grant_type"] != "client_credentials":
            raise _RefusedToken(70003, grant_type=form["grant_type"])
        tenant = self._tenant(name)
        application = tenant.application(form["client_id"])
        if application is None:
            raise _RefusedToken(700016, client=form["client_id"], tenant=tenant.domain or tenant.id)
        self._check_scope(form.get("scope", ""), tenant)
        self._check_secret(form.get("client_secret", ""), application)
        issuer = f"https://{request.header('Host')}/{tenant.id}/"
        token = self._tokens.issue(tenant, application, self._graph, issuer)
        seconds = int(LIFETIME.total_seconds())
        return {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token}

    def _check_scope(self, scope: str, tenant: Tenant) -> None:
        scopes = [one for one in scope.split() if one not in ("openid", "profile", "offline_access")]
        if not scopes:
            raise _RefusedToken(70011)
        if len(scopes) > 1 or not scopes[0].endswith(_DEFAULT):
            raise _RefusedToken(1002012, scope=scope)
        if (resource := scopes[0].removesuffix(_DEFAULT).rstrip("/")) != self._graph:
            raise _RefusedToken(500011, resource=resource, tenant=tenant.domain or tenant.id)

    def _check_secret(self, secret: str, application: Application) -> None:
        client = application.client_id
        if not secret:
            raise _RefusedToken(7000218)
        if not application.enabled:
            raise _RefusedToken(7000112, client=client)
        refused = self._faults.strike(Fault.BAD_LOGIN) is not None
        if refused or not application.known_secret.matches(secret.encode()):
            raise _RefusedToken(7000215, client=client)
        if application.secret_expired:
            raise _RefusedToken(7000222, client=client)

    def _told(self, refused: _RefusedToken) -> dict[str, Any]:
        at = f"{self._clock():%Y-%m-%d %H:%M:%S}Z"
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        return {
            "error": refused.error,
            "error_description": f"{refused.text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {at}",
            "error_codes": [refused.code],
            "timestamp": at,
            "trace_id": trace,
            "correlation_id": correlation,
        }
