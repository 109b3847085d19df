"""Customer portals, the contacts their users may write to, and what is written about (Vision33 Portals).

"Enable SSL" there means SSL *or* TLS: STARTTLS, unless the port is 465.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, NamedTuple

from pydantic import Field
from pydantic.dataclasses import dataclass

from ..errors import UnknownName
from .keys import STRICT, Line, Name
from .services import SecretRef

ORDER_PAD, RESETTING, USER_INITIATED = "order_pad", "password_reset", "user_initiated"
PORTAL_FEATURES: tuple[str, ...] = (ORDER_PAD, RESETTING, USER_INITIATED)
"""TABLE: the features known to have a From address of their own; a portal may name others."""


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class FeatureSender:
    """The From address of one feature."""

    feature: Name
    address: Line


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class Portal:
    """One portal's e-mail settings. `senders` count only while `override_from` is ticked."""

    code: Name
    default_from: Line | None = None
    override_from: bool = False
    smtp_server: Line | None = None
    smtp_port: Annotated[int, Field(ge=0, le=65535)] | None = None
    user_name: Line | None = None
    password: SecretRef | None = None
    enable_ssl: bool = False
    senders: tuple[FeatureSender, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class Contact:
    """A contact person of one business partner."""

    business_partner: Name
    name: Line
    email: Line
    active: bool = True


class DocumentKind(NamedTuple):
    """What one document of a kind is called, and all of them."""

    one: str
    many: str


DOCUMENT_KINDS: dict[str, DocumentKind] = {
    "order": DocumentKind("Order", "Orders"),
    "invoice": DocumentKind("Invoice", "Invoices"),
    "payment": DocumentKind("Payment", "Payments"),
    "delivery": DocumentKind("Delivery", "Deliveries"),
    "credit-memo": DocumentKind("Credit memo", "Credit memos"),
}
"""TABLE: what a portal's user can send: one document by its number, or all of a kind at a glance, as a report."""


@dataclasses.dataclass(frozen=True, slots=True)
class PortalDocument:
    """A document by its number, or without one the report of its kind. Raises UnknownName for a kind that is none."""

    kind: str
    number: str = ""

    def __post_init__(self) -> None:
        if self.kind not in DOCUMENT_KINDS:
            raise UnknownName("kind of document", self.kind, remedy=f"There are: {', '.join(DOCUMENT_KINDS)}.")

    @property
    def title(self) -> str:
        """What it is called: the subject of its message."""
        kind = DOCUMENT_KINDS[self.kind]
        return f"{kind.one} {self.number}" if self.number else f"{kind.many} at a glance"

    @property
    def file_name(self) -> str:
        """The name its PDF travels under; a number may hold a slash, a file name may not."""
        return f"{self.title.replace('/', '-').replace(chr(92), '-')}.pdf"


class Notification(NamedTuple):
    """What a feature writes by itself: by whose From, the subject and the text, in which `{it}` is what it is about."""

    feature: str
    subject: str
    text: str


ORDER_PLACED, PASSWORD_RESET = "order-placed", "password-reset"
NOTIFICATIONS: dict[str, Notification] = {
    ORDER_PLACED: Notification(
        ORDER_PAD, "Order {it} has been placed", "Order {it} has been placed in the portal. Thank you for it.\n"
    ),
    PASSWORD_RESET: Notification(
        RESETTING,
        "Set a new password",
        "Somebody asked for a new password for your account in the portal. If it was you, open this address:\n\n"
        "{it}\n\nIf it was not you, nothing has to be done: the password stays as it is.\n",
    ),
}
"""TABLE: the messages features write by themselves."""
