"""All a provider needs to send for one account, and nothing more; the secret only as its place in the vault."""

from __future__ import annotations

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


MailProfile = SmtpProfile | ExchangeProfile


def is_guid(text: str) -> bool:
    """Whether a text has the form of a GUID, as tenant and client ids have."""
    return _GUID.fullmatch(text) is not None


def user_name_of(value: str | None) -> str | None:
    """The user name to sign in with, None for the explicit *no authentication*."""
    return None if value in {None, NO_AUTHENTICATION} else value
