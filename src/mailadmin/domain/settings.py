"""Settings of a site that are about sending itself: test mode, stopped mail, TLS, the cloud; some per Cost Centre.

Law: a Cost Centre's own value wins over the site's, the site's over the default; each is text, checked when it is made.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass as plain_dataclass
from enum import StrEnum
from typing import Self

from pydantic import model_validator
from pydantic.dataclasses import dataclass

from . import addresses
from .keys import STRICT, Line, match_key

SITE = ""
"""The Cost Centre of a setting that is the whole site's."""


class PermissionRule(StrEnum):
    """How Allow in one role and Deny in another combine; finPOWER does not say."""

    DENY_WINS = "deny wins"
    ALLOW_WINS = "allow wins"


class Cloud(StrEnum):
    """Microsoft's clouds, each with hosts of its own (Graph documentation, national clouds)."""

    GLOBAL = "global"
    US_GOVERNMENT = "us government"
    US_DEFENSE = "us defense"
    CHINA = "china"


@plain_dataclass(frozen=True, slots=True)
class Hosts:
    """Where a cloud signs in, where its Graph is, and where attachments are uploaded to (`host` or `host:port`)."""

    login: str
    graph: str
    uploads: tuple[str, ...]


CLOUDS: dict[Cloud, Hosts] = {
    Cloud.GLOBAL: Hosts(
        "login.microsoftonline.com", "graph.microsoft.com", ("outlook.office.com", "outlook.office365.com")
    ),
    Cloud.US_GOVERNMENT: Hosts("login.microsoftonline.us", "graph.microsoft.us", ("outlook.office365.us",)),
    Cloud.US_DEFENSE: Hosts("login.microsoftonline.us", "dod-graph.microsoft.us", ("outlook-dod.office365.us",)),
    Cloud.CHINA: Hosts("login.chinacloudapi.cn", "microsoftgraph.chinacloudapi.cn", ("partner.outlook.cn",)),
}
"""TABLE: the hosts of every cloud."""


def _text(value: str) -> str:
    return value


def _yes_no(value: str) -> str:
    if match_key(value) not in {"yes", "no"}:
        raise ValueError("is yes or no")
    return match_key(value)


def _address(value: str) -> str:
    return addresses.address(value)


def _domain(value: str) -> str:
    return addresses.host(value)


def _one_of(words: Iterable[str]) -> Callable[[str], str]:
    known = {match_key(word): word for word in words}

    def check(value: str) -> str:
        if match_key(value) not in known:
            raise ValueError(f"is one of: {', '.join(known.values())}")
        return known[match_key(value)]

    return check


def _endpoint(value: str) -> str:
    if not re.fullmatch(r"(?:[a-z0-9-]+\.)*[a-z0-9-]+(?::[0-9]{1,5})?", value):
        raise ValueError("is a host, or host:port, without https://")
    return value


def _fingerprint(value: str) -> str:
    found = value.replace(":", "").lower()
    if not re.fullmatch(r"[0-9a-f]{64}", found):
        raise ValueError("is a SHA-256 fingerprint: 64 hex digits")
    return found


def _seconds(value: str) -> str:
    if not re.fullmatch(r"[0-9]{1,4}", value) or not 1 <= int(value) <= 3600:
        raise ValueError("is a number of seconds, 1 to 3600")
    return value


SYSTEM_RESOLVER = "system"
"""The resolver of the machine, whichever that is."""


_RESOLVER = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<four>[0-9.]+))(?::(?P<port>[0-9]{1,5}))?")


def resolver_at(value: str) -> tuple[str, int]:
    """Address and port of a DNS resolver, such as `127.0.0.1:5353` or `[2001:db8::53]`. Raises ValueError in words."""
    found = _RESOLVER.fullmatch(value)
    try:
        address = str(ipaddress.ip_address((found["six"] or found["four"]) if found else ""))
        port = int((found and found["port"]) or 53)
    except ValueError:
        port = 0
    if not 0 < port < 65536:
        raise ValueError("is an address such as 192.0.2.53, 127.0.0.1:5353 or [2001:db8::53]:53, or: system")
    return address, port


def _resolver(value: str) -> str:
    if match_key(value) == SYSTEM_RESOLVER:
        return SYSTEM_RESOLVER
    resolver_at(value)
    return value


@plain_dataclass(frozen=True, slots=True)
class Spec:
    """What a setting is about, what it may be, what it is by default, and whether a Cost Centre may have its own."""

    label: str
    check: Callable[[str], str]
    default: str = ""
    per_cost_centre: bool = False


EML, MAILTO = HANDED = ("eml", "mailto")
"""How a message is handed to a person's own mail program."""

STOPPED = "mail.stopped_because"
FORCED = "test_mode.forced"
FORCED_SENDS = "test_mode.send_email_messages"
FORCED_REDIRECT = "test_mode.redirect_to_email"
PERMISSION_RULE = "permission.rule"
MESSAGE_ID_DOMAIN = "message_id.domain"
EHLO_NAME = "smtp.ehlo_name"
SMTP_CA_FILE = "smtp.ca_file"
PINNED_CERTIFICATE = "smtp.pinned_certificate"
CLEAR_TEXT_AUTH = "smtp.clear_text_auth"
SMTPUTF8 = "smtp.smtputf8"
SMTP_DEADLINE = "smtp.deadline"
CLOUD = "exchange.cloud"
LOGIN_HOST = "exchange.login_host"
GRAPH_HOST = "exchange.graph_host"
UPLOAD_HOST = "exchange.upload_host"
EXCHANGE_CA_FILE = "exchange.ca_file"
OUTLOOK_GETS = "outlook.gets"
DNS_RESOLVER = "dns.resolver"
CALENDAR_BY_SMTP = "calendar.invitations_by_smtp"

SETTINGS: dict[str, Spec] = {
    STOPPED: Spec("All mail is stopped, because (blank: mail goes out)", _text),
    FORCED: Spec("Force Test Mode", _yes_no, "no"),
    FORCED_SENDS: Spec("Force Test Mode: Send Email Messages?", _yes_no, "no"),
    FORCED_REDIRECT: Spec("Force Test Mode: Redirect 'To' Email", _address),
    PERMISSION_RULE: Spec(
        "Allow in one role and Deny in another", _one_of(PermissionRule), PermissionRule.DENY_WINS.value
    ),
    MESSAGE_ID_DOMAIN: Spec("Domain of message ids (blank: the sender's)", _domain),
    EHLO_NAME: Spec("Name this machine gives in EHLO (blank: localhost.localdomain)", _domain, "", True),
    SMTP_CA_FILE: Spec("File of certificate authorities (blank: the system's)", _text, "", True),
    PINNED_CERTIFICATE: Spec("SHA-256 of the one certificate to accept", _fingerprint, "", True),
    CLEAR_TEXT_AUTH: Spec("Password over an unprotected connection", _yes_no, "no", True),
    SMTPUTF8: Spec("Addresses outside ASCII (SMTPUTF8)", _yes_no, "no", True),
    SMTP_DEADLINE: Spec("Seconds until an SMTP server is given up", _seconds, "120", True),
    CLOUD: Spec("Microsoft cloud", _one_of(Cloud), Cloud.GLOBAL.value, True),
    LOGIN_HOST: Spec("Host that signs in (blank: the cloud's)", _endpoint, "", True),
    GRAPH_HOST: Spec("Host of Microsoft Graph (blank: the cloud's)", _endpoint, "", True),
    UPLOAD_HOST: Spec("Host of large attachments (blank: the cloud's)", _endpoint, "", True),
    EXCHANGE_CA_FILE: Spec("File of certificate authorities for Exchange (blank: the usual ones)", _text, "", True),
    OUTLOOK_GETS: Spec("What a person's own Outlook is given: a file (eml) or a link (mailto)", _one_of(HANDED), "eml"),
    CALENDAR_BY_SMTP: Spec("Activities as invitations by e-mail, where the method is SMTP", _yes_no, "no"),
    DNS_RESOLVER: Spec("DNS resolver an audit asks, address:port or system (blank: none)", _resolver),
}
"""TABLE: every setting."""


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class Setting:
    """One setting's value, for the site (`cost_centre` '') or for one Cost Centre."""

    name: Line
    cost_centre: Line = SITE
    value: Line

    @model_validator(mode="after")
    def _known_and_right(self) -> Self:
        if (spec := SETTINGS.get(self.name)) is None:
            raise ValueError(f"there is no such setting; there are: {', '.join(SETTINGS)}")
        if self.cost_centre and not spec.per_cost_centre:
            raise ValueError(f"{self.name} is the whole site's")
        if not self.value:
            raise ValueError(f"{self.name}: a blank value is no row at all")
        try:
            object.__setattr__(self, "value", spec.check(self.value))
        except ValueError as error:
            raise ValueError(f"{self.name} {error}") from None
        return self


class SettingsInForce:
    """The settings of a site, asked by name and Cost Centre."""

    def __init__(self, rows: Iterable[Setting] = ()) -> None:
        self._values = {(row.name, match_key(row.cost_centre)): row.value for row in rows}

    def get(self, name: str, cost_centre: str = SITE) -> str:
        """The value in force: the Cost Centre's, else the site's, else the default. KeyError for no such setting."""
        spec = SETTINGS[name]
        own = self._values.get((name, match_key(cost_centre)))
        return own if own is not None else self._values.get((name, SITE), spec.default)

    def is_on(self, name: str, cost_centre: str = SITE) -> bool:
        """Whether a yes-or-no setting says yes."""
        return self.get(name, cost_centre) == "yes"

    def hosts(self, cost_centre: str = SITE) -> Hosts:
        """The hosts of the cloud chosen, or those set in their place."""
        cloud = CLOUDS[Cloud(self.get(CLOUD, cost_centre))]
        upload = self.get(UPLOAD_HOST, cost_centre)
        return Hosts(
            self.get(LOGIN_HOST, cost_centre) or cloud.login,
            self.get(GRAPH_HOST, cost_centre) or cloud.graph,
            (upload,) if upload else cloud.uploads,
        )
