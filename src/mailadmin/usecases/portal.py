"""Mail of a customer portal: whether its users can send, to whom, and sending a document or a notification.

Law: a portal's user chooses among the active contacts of one business partner; every address is checked again where
the message is decided on, and every refusal is kept in the audit trail. Source: Vision33, user-initiated e-mails.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..bootstrap import App
from ..domain.keys import match_key
from ..domain.messages import Address, Attachment, Message
from ..domain.portals import Contact, Portal
from ..errors import GateRefused, UnknownName
from ..policy.readiness import Readiness, of_portal
from ..policy.recipients import Contacts, contacts_of
from ..providers.registry import provider_for
from ..resolution.provenance import Context
from ..storage import repository
from . import journalling
from .sending import MakeProvider, Sent
from .sending import send as send_message

USER_INITIATED = "user_initiated"


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
    with app.store.reading() as connection:
        rows = repository.rows(connection, app.sealer(connection), ("contacts",))
    return contacts_of(business_partner, [row for _, row in sorted(rows.items()) if isinstance(row, Contact)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a portal's user has chosen and written: addresses as they stand with the contacts, one each."""

    to: Sequence[str] = ()
    cc: Sequence[str] = ()
    bcc: Sequence[str] = ()
    reply_to: Sequence[str] = ()
    subject: str = ""
    text: str | None = None
    html: str | None = None
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
    provider: MakeProvider = provider_for,
) -> Sent:
    """Send a report, a document or a feature's notification to contacts of one business partner.

    Raises NotReady where the portal is not configured for it, RecipientNotContact, GateRefused, and what `sending.send`
    raises; one foreign recipient refuses the whole message.
    """
    context = Context(portal=portal, feature=feature, business_partner=business_partner)
    try:
        message = letter.message()
    except GateRefused as error:
        journalling.refuse(app, context, letter.recipients, letter.subject, error)
        raise
    return send_message(app, message, context, dry_run=dry_run, provider=provider)
