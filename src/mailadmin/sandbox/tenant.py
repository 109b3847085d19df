"""Who is known to the sandbox: its tenants, their applications and mailboxes, and who may send as whom.

Law: a secret is known only well enough to recognise it; it cannot be read out of any of these values.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import InitVar, dataclass, field

MAIL_ROLES = frozenset({"Mail.ReadWrite", "Mail.Send", "MailboxFolder.ReadWrite.All"})
"""The application permissions finPOWER Connect's instructions ask for (KB 22347)."""

CALENDAR_ROLES = frozenset({"Calendars.ReadWrite"})
"""What an application needs beside to enter events in calendars (Graph documentation)."""


class Recognised:
    """A secret the sandbox recognises and cannot tell."""

    __slots__ = ("__digest", "__salt")

    def __init__(self, secret: str) -> None:
        self.__salt = secrets.token_bytes(16)
        self.__digest = hashlib.sha256(self.__salt + secret.encode()).digest()

    def matches(self, given: bytes) -> bool:
        """Whether this is the secret."""
        return hmac.compare_digest(self.__digest, hashlib.sha256(self.__salt + given).digest())

    def __repr__(self) -> str:
        return "Recognised(…)"


@dataclass(frozen=True, slots=True)
class Application:
    """An app registration. `mailboxes` are those an access policy leaves it, None being all of them."""

    client_id: str
    secret: InitVar[str]
    roles: frozenset[str] = MAIL_ROLES
    enabled: bool = True
    secret_expired: bool = False
    mailboxes: frozenset[str] | None = None
    known_secret: Recognised = field(init=False, compare=False)

    def __post_init__(self, secret: str) -> None:
        object.__setattr__(self, "known_secret", Recognised(secret))

    def reaches(self, mailbox: Mailbox) -> bool:
        """Whether the access policy, if there is one, lets it into a mailbox."""
        return self.mailboxes is None or same_address(mailbox.address, self.mailboxes)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox of a tenant. `send_as` and `on_behalf_of` are the other addresses it may send from.

    `hosted` is False for one that Graph does not reach: on premises, without licence, deleted. `most_bytes` is the
    largest message (Exchange Online: 35 MB, 150 MB if an administrator raised it).
    """

    address: str
    name: str = ""
    send_as: frozenset[str] = frozenset()
    on_behalf_of: frozenset[str] = frozenset()
    hosted: bool = True
    most_bytes: int = 35 * 2**20

    @property
    def id(self) -> str:
        """The object id, the same in every run."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"mailto:{self.address.lower()}"))


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant of Entra and Exchange Online."""

    id: str
    domain: str = ""
    applications: tuple[Application, ...] = ()
    mailboxes: tuple[Mailbox, ...] = ()

    def is_named(self, name: str) -> bool:
        """Whether a name in an address, GUID or domain, is this tenant's."""
        return name.lower() in {self.id.lower(), self.domain.lower()} - {""}

    def application(self, client_id: str) -> Application | None:
        """The application of this client id, if the tenant has it."""
        return next((found for found in self.applications if found.client_id.lower() == client_id.lower()), None)

    def mailbox(self, name: str) -> Mailbox | None:
        """The mailbox of this address or object id, if the tenant has it."""
        attribute = "address" if "@" in name else "id"
        return next((found for found in self.mailboxes if getattr(found, attribute).lower() == name.lower()), None)


def same_address(address: str, others: Iterable[str]) -> bool:
    """Whether an address is one of others. Exchange compares without case."""
    return address.lower() in {other.lower() for other in others}
