"""E-mail services, the fields of each, and the units in which fields may be taken from one place.

Laws: a secret stands here only as a fingerprint, never in clear; fields of one unit come from one place, so that a
password never meets a host it was not entered for. Security carries MailKit's names and meaning (SecureSocketOptions).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from operator import attrgetter
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, model_validator
from pydantic import Field as Limits
from pydantic.dataclasses import dataclass

from .keys import STRICT, Line, Name


class ServiceKind(StrEnum):
    """A way for mail to go out."""

    SMTP = "SMTP"
    EXCHANGE = "EXCHANGE"
    EXCHANGE_SERVER = "EXCHANGE_SERVER"
    OUTLOOK = "OUTLOOK"


COST_CENTRE_SERVICES = (ServiceKind.SMTP, ServiceKind.EXCHANGE)
"""The services a finPOWER Cost Centre can hold (KB 22347); the others are methods of Monitor ERP."""


class Security(StrEnum):
    """How a connection is protected: MailKit's SecureSocketOptions, in its order."""

    NONE = "None"
    AUTO = "Auto"
    SSL_ON_CONNECT = "SslOnConnect"
    START_TLS = "StartTls"
    START_TLS_WHEN_AVAILABLE = "StartTlsWhenAvailable"


class Unit(StrEnum):
    """Fields that are taken together, from one place."""

    SERVER = "server"
    CREDENTIALS = "credentials"
    SENDER_NAME = "sender name"
    SENDER_EMAIL = "sender e-mail"
    APPLICATION = "application"
    MAILBOX = "mailbox"


NO_AUTHENTICATION = "no authentication"
"""The user name of a service that needs none: a value, not a blank."""

NOT_CAPTURED = "not captured"
"""A secret that is known to be there and was not read: old screens often show only dots."""

_SECRET_REF = re.compile(r"hmac:[0-9a-f]{16}|" + NOT_CAPTURED)


def _secret_ref(value: str) -> str:
    if not _SECRET_REF.fullmatch(value):
        # The value itself may be a password: it is not repeated here.
        raise ValueError("a secret stands here only as its fingerprint, hmac:<16 hex digits>")
    return value


SecretRef = Annotated[str, AfterValidator(_secret_ref)]
"""A secret's keyed fingerprint (`hmac:0123456789abcdef`). The secret itself is in the vault."""


def is_captured(secret: object) -> bool:
    """Whether a secret's text is in the vault, and not only known to exist."""
    return secret is not None and secret != NOT_CAPTURED


class Field:
    """One field of a service."""

    __slots__ = ("label", "legacy", "name", "required", "secret", "services", "unit")

    def __init__(
        self,
        name: str,
        unit: Unit,
        label: str,
        services: Mapping[ServiceKind, Literal["required", "optional"]],
        *,
        secret: bool = False,
        legacy: str = "",
    ) -> None:
        self.name = name
        self.unit = unit
        self.label = label
        self.services = frozenset(services)
        self.required = frozenset(kind for kind, need in services.items() if need == "required")
        self.secret = secret
        self.legacy = legacy or name

    def __repr__(self) -> str:
        return f"Field({self.name})"


_S, _E, _X = ServiceKind.SMTP, ServiceKind.EXCHANGE, ServiceKind.EXCHANGE_SERVER

FIELDS: tuple[Field, ...] = (
    Field("server", Unit.SERVER, "Server", {_S: "required", _X: "required"}),
    Field("port", Unit.SERVER, "Port", {_S: "optional", _X: "optional"}),
    Field("security", Unit.SERVER, "Security", {_S: "optional", _X: "optional"}, legacy="enable_ssl"),
    Field("user_name", Unit.CREDENTIALS, "User name", {_S: "required", _X: "required"}),
    Field("password", Unit.CREDENTIALS, "Password", {_S: "required", _X: "required"}, secret=True),
    Field("sender_name", Unit.SENDER_NAME, "Sender name", {_S: "optional", _X: "optional"}),
    Field("sender_email", Unit.SENDER_EMAIL, "Sender e-mail", {_S: "required", _X: "required"}),
    Field("tenant_id", Unit.APPLICATION, "Tenant ID", {_E: "required"}),
    Field("client_id", Unit.APPLICATION, "Client ID", {_E: "required"}),
    Field("client_secret", Unit.APPLICATION, "Client secret", {_E: "required"}, secret=True, legacy="refresh_token"),
    Field("mailbox", Unit.MAILBOX, "Mailbox", {_E: "required"}),
)
"""TABLE: the fields of every service, in the order of every table and file."""

FIELD_NAMES = tuple(field.name for field in FIELDS)
SECRET_FIELDS = tuple(field.name for field in FIELDS if field.secret)

Values = tuple[Any, ...]
"""The values of FIELDS, in that order; None where nothing is set."""

NOTHING: Values = (None,) * len(FIELDS)
DEFAULTS: Mapping[str, object] = {"port": 0, "security": Security.AUTO}
"""What a service does where nothing is said and a server is: port 0 is the standard port of the security."""


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class Settings:
    """Values for the fields of a service; None is *not set*.

    `port` is 0 to 65535, 0 being the standard port. Secrets are fingerprints.
    """

    server: Line | None = None
    port: Annotated[int, Limits(ge=0, le=65535)] | None = None
    security: Security | None = None
    user_name: Line | None = None
    password: SecretRef | None = None
    sender_name: Line | None = None
    sender_email: Line | None = None
    tenant_id: Line | None = None
    client_id: Line | None = None
    client_secret: SecretRef | None = None
    mailbox: Line | None = None

    @model_validator(mode="after")
    def _no_authentication_has_no_password(self) -> Self:
        if self.user_name == NO_AUTHENTICATION and self.password is not None:
            raise ValueError("'no authentication' and a password exclude each other")
        return self


values_of = attrgetter(*FIELD_NAMES)
"""Settings -> Values."""


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class Service(Settings):
    """A service of a Cost Centre. `use_service` ticked with every field blank disables it there."""

    cost_centre: Name
    service: ServiceKind
    use_service: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class Override(Settings):
    """One user's own values within one service of one Cost Centre."""

    cost_centre: Name
    service: ServiceKind
    user_id: Name
