"""What looks wrong about the values of a service as a person enters them: in a field, and between fields.

Laws: a refusal cannot be saved; a doubt can, for a value that is missing here may come from somewhere else. Sources:
MailKit's SecureSocketOptions, RFC 8314 (465 speaks TLS at once, 587 begins in clear text), domain decisions, section 7.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from ..domain import addresses
from ..domain.keys import breaking
from ..domain.profiles import is_guid
from ..domain.services import FIELDS, NO_AUTHENTICATION, Security, ServiceKind
from ..errors import AddressRejected

_SERVER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]+")
SUBMISSIONS, SUBMISSION, RELAY = 465, 587, 25
"""The ports of RFC 8314, RFC 6409 and RFC 5321."""


class Doubt(NamedTuple):
    """Something odd about a field that can be saved all the same."""

    field: str
    words: str


def _server(text: str) -> str:
    if "://" in text or "/" in text:
        return "The name of the server alone, without http:// or a path."
    if re.fullmatch(r"[^:]+:\d+", text):
        return "The port goes into its own field."
    if not (text.isascii() and _SERVER.fullmatch(text)):
        return "A server is a name such as smtp.example.com, or an IP address."
    return ""


def _address(text: str) -> str:
    try:
        addresses.address(text)
    except AddressRejected as error:
        return f"{error.what.partition(': ')[2]} {error.remedy}".strip()
    return ""


def _mailbox(text: str) -> str:
    return "" if is_guid(text) else _address(text)


def _client(text: str) -> str:
    return "" if is_guid(text) else "A GUID: 8-4-4-4-12 digits and letters a to f, as Entra ID shows it."


def _tenant(text: str) -> str:
    if is_guid(text):
        return ""
    try:
        addresses.host(text)
    except ValueError:
        return "A GUID, or the tenant's domain such as contoso.onmicrosoft.com."
    return ""


FORMS: Mapping[str, Callable[[str], str]] = {
    "server": _server,
    "sender_email": _address,
    "tenant_id": _tenant,
    "client_id": _client,
    "mailbox": _mailbox,
}
"""TABLE: the fields whose text has a form, and what is wrong with a text that does not have it, or ''."""


def refusal(field: str, text: str) -> str:
    """Why a text cannot stand in a field, in words, or ''; a blank can stand everywhere."""
    if (found := breaking(text)) is not None:
        return f"It holds the character {found}, which cannot stand here."
    form = FORMS.get(field)
    return form(text) if form and text else ""


def doubts(service: ServiceKind, values: Mapping[str, Any], *, required: bool = False) -> list[Doubt]:
    """What is odd about the values of a service, at most once for a field; with `required`, also what is missing.

    A service without any value is not odd: ticked, it is switched off on purpose.
    """
    mine = [field for field in FIELDS if service in field.services]
    if all(values.get(field.name) is None for field in mine):
        return []
    found: dict[str, str] = {}
    for doubt in (*_between(values), *(_missing(service, values) if required else ())):
        found.setdefault(doubt.field, doubt.words)
    return [Doubt(name, words) for name, words in found.items()]


def _between(values: Mapping[str, Any]) -> Iterator[Doubt]:
    port, security = values.get("port") or 0, values.get("security") or Security.AUTO
    server, user = values.get("server"), values.get("user_name")
    if port == SUBMISSIONS and security in {Security.START_TLS, Security.START_TLS_WHEN_AVAILABLE, Security.NONE}:
        yield Doubt("security", f"Port 465 speaks TLS from the start: choose Auto or SslOnConnect, not {security}.")
    if port in {SUBMISSION, RELAY} and security is Security.SSL_ON_CONNECT:
        yield Doubt("security", f"Port {port} begins in clear text: choose StartTls, or port 465.")
    signs_in = user not in {None, NO_AUTHENTICATION}
    if server and security is Security.NONE and signs_in:
        yield Doubt("security", "Nothing is encrypted; a password is not sent like this unless a setting allows it.")
    if server and port in {0, RELAY} and security in {Security.AUTO, Security.START_TLS_WHEN_AVAILABLE}:
        yield Doubt("security", "Where port 25 offers no TLS, mail goes out in clear text; StartTls insists on TLS.")
    if server and user is None:
        words = "With a server goes a user name, or 'no authentication'; the password of another server is not used."
        yield Doubt("user_name", words)
    if not server and (values.get("port") or values.get("security")):
        yield Doubt("server", "Port and security belong to a server.")
    if values.get("password") is not None and user is None:
        yield Doubt("user_name", "A password belongs to a user name.")
    if signs_in and values.get("password") is None:
        yield Doubt("password", "Not set: enter it, or nothing can be sent by this user name.")
    if values.get("client_id") and values.get("client_secret") is None:
        yield Doubt("client_secret", "Not set: enter it, or nothing can be sent by this application.")


def _missing(service: ServiceKind, values: Mapping[str, Any]) -> Iterator[Doubt]:
    for field in FIELDS:
        needless = field.name == "password" and values.get("user_name") == NO_AUTHENTICATION
        if service in field.required and values.get(field.name) is None and not needless:
            yield Doubt(field.name, "Needed: whoever has none of their own cannot send without it.")
