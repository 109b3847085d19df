"""All a provider needs to send for one account, and nothing more; the secret only as its place in the vault."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .services import NO_AUTHENTICATION, Security, ServiceKind
from .settings import Hosts

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Secret:
    """A secret that is fetched where it is used and shown nowhere: no repr, no copy, no pickle."""

    __slots__ = ("__fetch",)

    def __init__(self, fetch: Callable[[], str]) -> None:
        self.__fetch = fetch

    def __repr__(self) -> str:
        return "***"

    def __format__(self, _spec: str) -> str:
        return "***"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret is not copied")

    @contextmanager
    def reveal(self) -> Iterator[str]:
        """The text, for the one call that needs it. Raises KeyNeeded where it cannot be read."""
        yield self.__fetch()


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpProfile:
    """An SMTP account: where, how protected, as whom. `port` 0 is the standard port of the security (MailKit)."""

    server: str
    port: int
    security: Security
    user_name: str | None
    password: Secret | None
    ehlo_name: str = "localhost.localdomain"
    ca_file: str = ""
    pinned_certificate: str = ""
    clear_text_auth: bool = False
    smtputf8: bool = False
    deadline: float = 120.0

    service = ServiceKind.SMTP

    @property
    def account(self) -> str:
        """Which account sends, in words."""
        return f"{self.user_name or 'no authentication'} at {self.server}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeProfile:
    """A mailbox of Exchange Online, reached as an application (client credentials)."""

    tenant_id: str
    client_id: str
    client_secret: Secret
    mailbox: str
    hosts: Hosts
    ca_file: str = ""
    deadline: float = 120.0

    service = ServiceKind.EXCHANGE

    @property
    def account(self) -> str:
        """Which account sends, in words."""
        return f"mailbox {self.mailbox}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeServerProfile:
    """A mailbox of an Exchange server on premises, reached by EWS. `endpoint` is its https address."""

    endpoint: str
    user_name: str
    password: Secret
    mailbox: str
    ca_file: str = ""
    deadline: float = 120.0

    service = ServiceKind.EXCHANGE_SERVER

    @property
    def server(self) -> str:
        """`host` or `host:port`."""
        return self.endpoint.partition("://")[2].partition("/")[0]

    @property
    def account(self) -> str:
        """Which account sends, in words."""
        return f"mailbox {self.mailbox} at {self.server}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlookProfile:
    """Whoever sends by an Outlook of their own, or with `mailto` by whatever opens links to mail addresses."""

    own: str
    mailto: bool = False

    service = ServiceKind.OUTLOOK

    @property
    def account(self) -> str:
        """Which account sends, in words."""
        return "the person's own mail program" if self.mailto else "the person's own Outlook"


MailProfile = SmtpProfile | ExchangeProfile | ExchangeServerProfile | OutlookProfile


_EWS_SERVER = re.compile(
    r"(?:https://)?(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?(?P<path>/[A-Za-z0-9._/-]*)?"
)


def ews_endpoint(server: str, port: int) -> str:
    """The https address of an Exchange server's EWS, from its name or whole address. Raises ValueError for another.

    A port or path of the address wins; port 0 is https's own.
    """
    if (found := _EWS_SERVER.fullmatch(server)) is None:
        raise ValueError(f"{server!r} is no name of a server and no https address")
    given = int(found["port"] or port)
    host = found["host"].lower() + (f":{given}" if given not in {0, 443} else "")
    path = found["path"] or ""
    return f"https://{host}{path if len(path) > 1 else '/EWS/Exchange.asmx'}"


def is_guid(text: str) -> bool:
    """Whether a text has the form of a GUID, as tenant and client ids have."""
    return _GUID.fullmatch(text) is not None


def is_loopback(server: str) -> bool:
    """Whether a server is this machine."""
    try:
        return ipaddress.ip_address(server).is_loopback
    except ValueError:
        return server.lower() == "localhost"


def user_name_of(value: str | None) -> str | None:
    """The user name to sign in with, None for the explicit *no authentication*."""
    return None if value in {None, NO_AUTHENTICATION} else value
