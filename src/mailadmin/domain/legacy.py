"""The 46 members of the business layer that finPOWER Connect 6.00.02 made obsolete.

Source: Intersoft knowledge base article 22347. `finSettings` are the Global Settings, `finSettingsUser` the User
Preferences, `finWebConfig` the Web Configurations; `ISSupport` are two functions and hold no value.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .services import Security


class Owner(StrEnum):
    """The business layer object a member belonged to."""

    GLOBAL = "finSettings"
    USER = "finSettingsUser"
    WEB = "finWebConfig"
    SUPPORT = "ISSupport"


class Kind(StrEnum):
    """What a value is."""

    TEXT = "text"
    FLAG = "flag"
    PORT = "port"
    FUNCTION = "function"


class Method(StrEnum):
    """How somebody's mail went out before the upgrade."""

    SMTP = "smtp"
    EXCHANGE = "exchange"
    MAILTO = "mailto"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Member:
    """One obsoleted member and what replaces it."""

    owner: Owner
    name: str
    kind: Kind = Kind.TEXT
    secret: bool = False
    replacement: str = ""

    @property
    def is_resolved(self) -> bool:
        """Whether it is a value *after* falling back from the user to the Global Settings."""
        return self.name.endswith("Resolved")


_SMTP = "Cost Centre, SMTP: "
_EXCHANGE = "Cost Centre, Microsoft Exchange: "
_OVERRIDE = "Cost Centre, user override of "
_NOWHERE = "no place in 6.00.02"

_SHARED = (
    ("EmailExchangeUserName", Kind.TEXT, False, _EXCHANGE + "User Name"),
    ("EmailExchangeClientId", Kind.TEXT, False, _EXCHANGE + "Client ID"),
    ("EmailExchangeTenantId", Kind.TEXT, False, _EXCHANGE + "Tenant ID"),
    ("EmailExchangeHasRefreshToken", Kind.FLAG, False, _EXCHANGE + "Client Secret (application permissions)"),
    ("EmailExchangeRefreshToken", Kind.TEXT, True, _EXCHANGE + "Client Secret (application permissions)"),
    ("EmailSmtpEnableSsl", Kind.FLAG, False, _SMTP + "Security"),
    ("EmailSmtpServer", Kind.TEXT, False, _SMTP + "SMTP Server"),
    ("EmailSmtpPort", Kind.PORT, False, _SMTP + "Port"),
    ("EmailSmtpUserId", Kind.TEXT, False, _SMTP + "SMTP Service User Name"),
    ("EmailSmtpPassword", Kind.TEXT, True, _SMTP + "SMTP Service Password"),
)
_SENDER = (
    ("EmailSmtpSenderDisplayName", Kind.TEXT, False, _SMTP + "Sender Name"),
    ("EmailSmtpSenderEmailAddress", Kind.TEXT, False, _SMTP + "Sender Email"),
)


def _members() -> tuple[Member, ...]:
    found = [Member(Owner.GLOBAL, *row) for row in _SHARED]
    found += [
        Member(Owner.USER, "EmailEditInternal", Kind.FLAG, False, _NOWHERE),
        Member(Owner.USER, "EmailUseMailTo", Kind.FLAG, False, _NOWHERE),
    ]
    for name, kind, secret, target in (*_SHARED, *_SENDER):
        found.append(Member(Owner.USER, name, kind, secret, _OVERRIDE + target.partition(", ")[2]))
        if name != "EmailExchangeHasRefreshToken" and (name, kind, secret, target) not in _SENDER:
            found.append(Member(Owner.USER, name + "Resolved", kind, secret, "effective settings of the user"))
    found += [
        Member(Owner.USER, "EmailIsUnattendedAvailable", Kind.FLAG, False, "default e-mail service of the Cost Centre"),
        Member(Owner.USER, "EmailUseGlobalSettings", Kind.FLAG, False, "no user override of SMTP"),
        Member(Owner.USER, "EmailExchangeUseGlobalSettings", Kind.FLAG, False, "no user override of Exchange"),
        Member(Owner.SUPPORT, "CreateMessageProviderSmtp", Kind.FUNCTION, False, "the Cost Centre's e-mail service"),
        Member(
            Owner.SUPPORT, "CreateMessageProviderExchange", Kind.FUNCTION, False, "the Cost Centre's e-mail service"
        ),
        Member(Owner.WEB, "EmailSmtpOverride", Kind.FLAG, False, "Web Configuration, Email: Global Cost Centre"),
    ]
    web = "Cost Centre of the Web Configuration, "
    found += [
        Member(Owner.WEB, name, kind, secret, web + target.partition(", ")[2])
        for name, kind, secret, target in (*_SHARED, *_SENDER)
        if name.startswith("EmailSmtp")
    ]
    return tuple(found)


OBSOLETED: tuple[Member, ...] = _members()
"""TABLE: every obsoleted member. finSettings 10, finSettingsUser 26, ISSupport 2, finWebConfig 8."""


def members_of(owner: Owner) -> dict[str, Member]:
    """The members of one owner that hold a value, by name."""
    return {m.name: m for m in OBSOLETED if m.owner is owner and m.kind is not Kind.FUNCTION}


def security_of(enable_ssl: bool | None, port: int | None) -> Security:
    """The Security that does what `EmailSmtpEnableSsl` did.

    System.Net.Mail's EnableSsl was STARTTLS, required; without it nothing was encrypted. Auto is not
    proposed: it would silently encrypt, or silently not. True with port 465 never worked (implicit TLS
    was not supported); SslOnConnect is what was meant.
    """
    if not enable_ssl:
        return Security.NONE
    return Security.SSL_ON_CONNECT if port == 465 else Security.START_TLS
