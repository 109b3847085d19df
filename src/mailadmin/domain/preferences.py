"""Per-user e-mail settings as Monitor ERP keeps them: the method, the account, copy to own address, signature."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from .keys import STRICT, Line, Text
from .services import SecretRef, ServiceKind


class EmailMethod(StrEnum):
    """How a user's mail goes out: by the person's own Outlook, or by one of three servers."""

    OUTLOOK = "outlook"
    EXCHANGE_SERVER = "exchange server"
    SMTP = "smtp"
    EXCHANGE_ONLINE = "exchange online"

    @property
    def service(self) -> ServiceKind:
        """The service that does what the method says."""
        return _SERVICES[self]


_SERVICES = {
    EmailMethod.OUTLOOK: ServiceKind.OUTLOOK,
    EmailMethod.EXCHANGE_SERVER: ServiceKind.EXCHANGE_SERVER,
    EmailMethod.SMTP: ServiceKind.SMTP,
    EmailMethod.EXCHANGE_ONLINE: ServiceKind.EXCHANGE,
}


class CopyToSelf(StrEnum):
    """Whether the sender gets a copy."""

    NO_COPY = "No copy"
    CC = "CC"
    BCC = "Bcc"


class AuthenticationFlow(StrEnum):
    """How one signs in to Exchange Online: as an application, or with a person's user name and password."""

    CLIENT_SECRET = "Client secret"  # noqa: S105 - the word, not one
    USER_NAME = "User name/Password"


SYSTEM = ""
"""The `user_id` of the system setting, which counts for everybody who has none of their own."""


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class MailPreference:
    """The e-mail settings of one user, or of the system (`user_id` '')."""

    user_id: Line = SYSTEM
    method: EmailMethod | None = None
    email: Line | None = None
    user_name: Line | None = None
    password: SecretRef | None = None
    copy_to_self: CopyToSelf | None = None
    signature_html: Text | None = None
    server: Line | None = None
    port: Annotated[int, Field(ge=0, le=65535)] | None = None
    use_ssl: bool | None = None
    client_id: Line | None = None
    tenant_id: Line | None = None
    client_secret: SecretRef | None = None
    authentication_flow: Line | None = None
