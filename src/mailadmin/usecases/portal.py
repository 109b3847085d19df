"""Mail of a customer portal: whether its users can send, to whom, and sending a document or a notification.

Law: a portal's user chooses among the active contacts of one business partner; every address is checked again where
the message is decided on, and every refusal is kept in the audit trail. Source: Vision33, user-initiated e-mails.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

from ..bootstrap import App
from ..domain.keys import breaking, match_key
from ..domain.messages import Address, Attachment, Message
from ..domain.portals import (
    NOTIFICATIONS,
    ORDER_PLACED,
    PASSWORD_RESET,
    USER_INITIATED,
    Contact,
    Notification,
    Portal,
    PortalDocument,
)
from ..domain.profiles import Secret
from ..errors import BadInput, GateRefused, UnknownName
from ..policy.readiness import Readiness, of_portal
from ..policy.recipients import Contacts, contacts_of
from ..providers.registry import provider_for
from ..resolution.provenance import Context
from ..storage import repository
from . import journalling
from .sending import MakeProvider, Sent
from .sending import send as send_message

OFFERED = 20
"""Business partners to choose from at a time."""


class Standing(NamedTuple):
    """A portal, and whether its users can send e-mail: where they cannot, it shows no button."""

    portal: Portal
    readiness: Readiness


def portals(app: App) -> list[Standing]:
    """Every portal with what is missing before its users can send, and what is odd, by code."""
    with app.store.reading() as connection:
        rows = repository.rows(connection, app.sealer(connection), ("portals",))
    return [Standing(row, of_portal(row)) for _, row in sorted(rows.items()) if isinstance(row, Portal)]


def standing(app: App, code: str) -> Standing:
    """One portal and whether its users can send. Raises UnknownName."""
    found = next((one for one in portals(app) if match_key(one.portal.code) == match_key(code)), None)
    if found is None:
        raise UnknownName("portal", code, remedy="mailadmin portal status lists them.")
    return found


def contacts(app: App, business_partner: str) -> Contacts:
    """Whom one may write to about a business partner, and the contacts one cannot, each with the reason."""
    return contacts_of(business_partner, _contacts(app))


def partners(app: App, wanted: str = "") -> list[str]:
    """The first business partners whose code holds this text and who have contacts; one more than are offered."""
    part = match_key(wanted)
    found = {match_key(row.business_partner): row.business_partner for row in _contacts(app)}
    return [found[key] for key in sorted(found) if part in key][: OFFERED + 1]


def _contacts(app: App) -> list[Contact]:
    with app.store.reading() as connection:
        rows = repository.rows(connection, app.sealer(connection), ("contacts",))
    return [row for _, row in sorted(rows.items()) if isinstance(row, Contact)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a portal's user has chosen and written: addresses as they stand with the contacts, one each."""

    to: Sequence[str] = ()
    cc: Sequence[str] = ()
    bcc: Sequence[str] = ()
    reply_to: Sequence[str] = ()
    subject: str = ""
    text: str | None = field(default=None, repr=False)
    html: str | None = field(default=None, repr=False)
    attachments: tuple[Attachment, ...] = ()

    @property
    def recipients(self) -> tuple[str, ...]:
        """Everybody named."""
        return (*self.to, *self.cc, *self.bcc, *self.reply_to)

    def message(self) -> Message:
        """The message. Raises AddressRejected and its kin."""
        return Message(
            to=tuple(map(Address, self.to)),
            cc=tuple(map(Address, self.cc)),
            bcc=tuple(map(Address, self.bcc)),
            reply_to=tuple(map(Address, self.reply_to)),
            subject=self.subject,
            text=self.text,
            html=self.html,
            attachments=self.attachments,
        )


def send(
    app: App,
    portal: str,
    business_partner: str,
    letter: Letter,
    *,
    feature: str = USER_INITIATED,
    dry_run: bool = False,
    keep: bool = True,
    provider: MakeProvider = provider_for,
) -> Sent:
    """Send a report, a document or a feature's notification to contacts of one business partner.

    Without `keep`, the outbox never holds the text. Raises NotReady where the portal is not configured for it,
    RecipientNotContact, GateRefused, and what `sending.send` raises; one foreign recipient refuses the whole message.
    """
    context = Context(portal=portal, feature=feature, business_partner=business_partner)
    try:
        message = letter.message()
    except GateRefused as error:
        journalling.refuse(app, context, letter.recipients, letter.subject, error)
        raise
    return send_message(app, message, context, dry_run=dry_run, keep=keep, provider=provider)


def pdf(document: PortalDocument, content: bytes) -> Attachment:
    """A document as it travels: a PDF named after it. Raises BadInput for what is no PDF, HeaderRejected."""
    if not content.startswith(b"%PDF-"):
        raise BadInput(f"{document.title}: this is no PDF.", remedy="Reports and documents are sent as PDF.")
    return Attachment(document.file_name, content, "application/pdf")


def order_placed(
    app: App,
    portal: str,
    business_partner: str,
    number: str,
    to: Sequence[str],
    *,
    attachments: tuple[Attachment, ...] = (),
    dry_run: bool = False,
    provider: MakeProvider = provider_for,
) -> Sent:
    """Tell contacts that an order was placed, from the order pad's own address. Raises what `send` raises, BadInput."""
    if not number.strip():
        raise BadInput("An order has a number.", remedy="Name it: --number 1042.")
    told = NOTIFICATIONS[ORDER_PLACED]
    letter = _letter(told, number, to, attachments)
    return send(app, portal, business_partner, letter, feature=told.feature, dry_run=dry_run, provider=provider)


def password_reset(
    app: App,
    portal: str,
    business_partner: str,
    link: Secret,
    to: str,
    *,
    dry_run: bool = False,
    provider: MakeProvider = provider_for,
) -> Sent:
    """Send one contact the address at which to set a new password. It is sent now or not at all, and kept nowhere.

    Raises what `send` raises, BadInput for a link that is no https address.
    """
    with link.reveal() as address:
        _check_link(address)
        told = NOTIFICATIONS[PASSWORD_RESET]
        letter, by = _letter(told, address, (to,)), told.feature
        return send(app, portal, business_partner, letter, feature=by, dry_run=dry_run, keep=False, provider=provider)


def _letter(told: Notification, it: str, to: Sequence[str], attachments: tuple[Attachment, ...] = ()) -> Letter:
    subject, text = told.subject.format(it=it), told.text.format(it=it)
    return Letter(to=tuple(to), subject=subject, text=text, attachments=attachments)


def _check_link(link: str) -> None:
    """Raises BadInput, which does not say the link."""
    try:
        found = urlsplit(link)
        right = found.scheme == "https" and bool(found.hostname)
    except ValueError:
        right = False
    if not right or " " in link or breaking(link) is not None:
        raise BadInput("This is no address to set a password at.", remedy="It begins with https:// and holds no blank.")
