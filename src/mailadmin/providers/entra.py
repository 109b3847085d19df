"""Tokens for an application (OAuth 2.0 client credentials) by MSAL, over our own HTTP gate.

Laws: the secret goes to the login host of the chosen cloud and nowhere else, whatever a discovery document says; what
the identity platform says about a secret is not repeated, and MSAL, which would log it, reads only what it needs.
Source: Entra documentation, v2 client credentials flow.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from ..domain.addresses import host
from ..domain.profiles import ExchangeProfile, is_guid
from ..domain.settings import CLOUDS
from ..errors import AuthFailed, BadInput, EndpointRefused, MailFailed, Outcome
from .http import Gate, host_of

REQUIRED_ROLES = ("Mail.ReadWrite", "Mail.Send", "MailboxFolder.ReadWrite.All")
"""The application permissions the release note of 6.00.02 asks for."""


class Known(NamedTuple):
    """An error of the token endpoint: what it means and what to do."""

    meaning: str
    remedy: str
    outcome: Outcome = Outcome.FAILED


_SECRET_PAGE = "App registrations > Certificates & secrets"  # noqa: S105 - the name of a page
ENTRA_ERRORS: dict[int, Known] = {
    7000215: Known("the client secret is wrong", f"Enter the secret's value, not its ID ({_SECRET_PAGE})."),
    7000222: Known("the client secret has expired", f"Make a new one ({_SECRET_PAGE}) and enter it."),
    700016: Known("the tenant knows no application of this client id", "Check client id and tenant id."),
    90002: Known("there is no such tenant in this cloud", "Check the tenant id, and the cloud (exchange.cloud)."),
    900023: Known("the tenant id is neither a GUID nor a domain", "Check the tenant id."),
    7000112: Known("the application is disabled in the tenant", "Have it enabled (Enterprise applications)."),
    7000218: Known("the request carried no client secret", "Enter the client secret."),
    900144: Known("a parameter is missing from the request", "Report this with the error's number."),
    90014: Known("a parameter is missing from the request", "Report this with the error's number."),
    70011: Known("the scope is not valid", "Check the Graph host (exchange.graph_host)."),
    700022: Known("the scope names several resources", "Check the Graph host (exchange.graph_host)."),
    1002012: Known("the scope does not end in .default", "Check the Graph host (exchange.graph_host)."),
    9001023: Known("an application cannot sign in at /common", "Enter the tenant's own id."),
    500011: Known("Microsoft Graph is not known in this tenant", "Check the cloud (exchange.cloud)."),
    53003: Known("Conditional Access blocks the application", "Ask the tenant's administrator."),
    530032: Known("Conditional Access blocks the application", "Ask the tenant's administrator."),
    90006: Known("the identity platform is busy", "Try again later.", Outcome.RETRY),
    90024: Known("the identity platform is busy", "Try again later.", Outcome.RETRY),
    90033: Known("the identity platform is busy", "Try again later.", Outcome.RETRY),
    90090: Known("the identity platform is busy", "Try again later.", Outcome.RETRY),
    90055: Known("the tenant is throttled", "Try again later.", Outcome.RETRY),
}
"""TABLE: the AADSTS codes people meet."""


def check_ids(tenant_id: str, client_id: str) -> None:
    """Raise BadInput unless tenant and client are what they must be: they become part of an address."""
    if not is_guid(tenant_id):
        try:
            good = host(tenant_id) == tenant_id.lower()
        except ValueError:
            good = False
        if not good:
            raise BadInput(f"{tenant_id!r} is no tenant id.", remedy="A GUID, or the tenant's domain.")
    if not is_guid(client_id):
        raise BadInput(f"{client_id!r} is no client id.", remedy="The application's GUID (App registrations).")


def check_cloud(profile: ExchangeProfile) -> None:
    """Raise EndpointRefused unless login and Graph host belong to one cloud of Microsoft, or neither to any."""
    login = {cloud for cloud, hosts in CLOUDS.items() if hosts.login == profile.hosts.login}
    graph = {cloud for cloud, hosts in CLOUDS.items() if hosts.graph == profile.hosts.graph}
    if (login or graph) and not login & graph:
        raise EndpointRefused(
            "address",
            f"{profile.hosts.login} and {profile.hosts.graph} belong to different clouds.",
            outcome=Outcome.FAILED,
            remedy="Choose one with exchange.cloud and leave the hosts blank.",
        )


_APPLICATIONS: dict[tuple[str, str, str, str, int], Any] = {}


def token(profile: ExchangeProfile, *, renew: bool = False, challenge: str = "") -> str:
    """An access token for Microsoft Graph, from MSAL's cache where it still has five minutes, unless it is to be new.

    `challenge` is the `WWW-Authenticate` of a refusal, whose claims are asked for. Raises AuthFailed with cause and
    remedy, BadInput for ids that are none, MailFailed.
    """
    check_ids(profile.tenant_id, profile.client_id)
    check_cloud(profile)
    with profile.client_secret.reveal() as secret:
        try:
            application = _application(profile, secret)
            if renew:
                application.remove_tokens_for_client()
            found = application.acquire_token_for_client(
                [f"https://{profile.hosts.graph}/.default"], claims_challenge=claims_in(challenge)
            )
        except ValueError:  # MSAL, of an address it cannot use
            raise _senseless(profile.hosts.login) from None
    return str(found["access_token"])


def _application(profile: ExchangeProfile, secret: str) -> Any:
    """One MSAL application per account: its token cache is its own."""
    from msal import ConfidentialClientApplication

    name = (profile.hosts.login, profile.tenant_id, profile.client_id, profile.ca_file, hash(secret))
    if (known := _APPLICATIONS.get(name)) is not None:
        return known
    # Without a lock: one tenant's login host that does not answer keeps no other tenant waiting.
    made = ConfidentialClientApplication(
        profile.client_id,
        client_credential=secret,
        authority=f"https://{profile.hosts.login}/{profile.tenant_id}",
        instance_discovery=False,
        http_client=_Client(profile),
    )
    return _APPLICATIONS.setdefault(name, made)


def forget_tokens() -> None:
    """Forget every token and application: a new sign-in asks anew."""
    _APPLICATIONS.clear()


_LONGEST_SIGN_IN = 30.0
_LONGEST_USE = 86_400
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""RFC 6750 2.1."""


class _Response(NamedTuple):
    """An answer as MSAL reads it."""

    text: str
    status_code: int = 200
    headers: Mapping[str, str] = {}


class _Client:
    """What MSAL wants of an HTTP client, by our gate: the login host and nothing else."""

    def __init__(self, profile: ExchangeProfile) -> None:
        self._login = profile.hosts.login
        self._ca_file = profile.ca_file
        self._deadline = min(_LONGEST_SIGN_IN, profile.deadline)

    def get(self, url: str, **_: Any) -> _Response:
        """The discovery document, of which only the address for tokens is used."""
        endpoint = str(self._asked("GET", url).get("token_endpoint"))
        if host_of(endpoint) != self._login:
            raise EndpointRefused(
                "sign-in",
                f"{self._login} wants the client secret sent elsewhere.",
                outcome=Outcome.FAILED,
                remedy="Check the cloud chosen for this Cost Centre.",
            )
        return _Response(json.dumps({"authorization_endpoint": endpoint, "token_endpoint": endpoint}))

    def post(self, url: str, *, data: Mapping[str, str], headers: Mapping[str, str], **_: Any) -> _Response:
        """The answer to a request for a token, which is one."""
        form = {**headers, "Content-Type": "application/x-www-form-urlencoded"}
        found = self._asked("POST", url, headers=form, body=urlencode(data).encode())
        access, seconds = found.get("access_token"), found.get("expires_in")
        if not isinstance(access, str) or not _TOKEN.fullmatch(access):
            raise _senseless(self._login)
        seconds = min(seconds, _LONGEST_USE) if isinstance(seconds, int) else 0
        return _Response(json.dumps({"access_token": access, "token_type": "Bearer", "expires_in": seconds}))

    def close(self) -> None:
        """Nothing stays open."""

    def _asked(self, method: str, url: str, **named: Any) -> dict[str, Any]:
        gate = Gate(frozenset({self._login}), ca_file=self._ca_file, deadline=self._deadline)
        try:
            answer = gate.request(method, url, **named)
        except MailFailed as error:
            # Signing in again is harmless: nothing has been sent yet.
            error.outcome = Outcome.FAILED if isinstance(error, EndpointRefused) else Outcome.RETRY
            raise
        finally:
            gate.close()
        found = answer.json()
        if not answer.ok or "error" in found:
            raise refusal(found, answer.status)
        if not found:
            raise _senseless(self._login)
        return found


def _senseless(login: str) -> AuthFailed:
    return AuthFailed("sign-in", f"{login} gave an answer that makes no sense.", remedy="Try again.")


def refusal(found: dict[str, Any], status: int = 400) -> AuthFailed:
    """The error a refused request stands for; the platform's own text may repeat the secret and is left out."""
    given = found.get("error_codes")
    codes = [code for code in given if type(code) is int] if isinstance(given, list) else []
    known = next((ENTRA_ERRORS[code] for code in codes if code in ENTRA_ERRORS), None)
    numbers = ", ".join(f"AADSTS{code}" for code in codes) or f"HTTP {status}"
    if known is None:
        remedy = "Check tenant id and cloud; look the number up in Microsoft's list of Entra error codes."
        transient = found.get("error") == "temporarily_unavailable" or status in {408, 429} or status >= 500
        outcome = Outcome.RETRY if transient else Outcome.FAILED
        return AuthFailed("sign-in", f"the identity platform refused ({numbers}).", outcome=outcome, remedy=remedy)
    return AuthFailed("sign-in", f"{known.meaning} ({numbers}).", outcome=known.outcome, remedy=known.remedy)


_CLAIMS = re.compile(r'\bclaims="([A-Za-z0-9+/_-]{1,8192}=*)"')


def claims_in(challenge: str) -> str | None:
    """The claims a `WWW-Authenticate` asks for (continuous access evaluation), as JSON; None where it asks for none."""
    if (found := _CLAIMS.search(challenge)) is None:
        return None
    try:
        text = _decoded(found[1])
        return text if isinstance(json.loads(text), dict) else None
    except (ValueError, RecursionError):
        return None


_URL_SAFE = str.maketrans("+/", "-_", "=")


def _decoded(text: str) -> str:
    """Base64 of either alphabet, with or without its padding. Raises ValueError."""
    text = text.translate(_URL_SAFE)
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()


def roles_of(access_token: str) -> tuple[str, ...] | None:
    """The application permissions a token names, for diagnosis only; None where it cannot be read.

    Tokens for Graph are opaque by contract: this is a hint and never trusted.
    """
    parts = access_token.split(".")
    if len(parts) != 3 or len(access_token) > 65536:
        return None
    try:
        claims = json.loads(_decoded(parts[1]))
    except (ValueError, RecursionError):
        return None
    roles = claims.get("roles", []) if isinstance(claims, dict) else None
    return tuple(sorted(map(str, roles))) if isinstance(roles, list) else None


def role_warnings(access_token: str) -> tuple[str, ...]:
    """What the token's permissions lack, as warnings: rights by RBAC for Applications do not show there."""
    roles = roles_of(access_token)
    if roles is None:
        return ("the permissions of the application cannot be read from its token",)
    return tuple(
        f"the token does not name the application permission {role}; it may be granted by RBAC for Applications"
        for role in REQUIRED_ROLES
        if role not in roles
    )
