"""Who really gets a message: everybody named, or in forced test mode nobody but the redirect address.

From a portal a message goes to active contacts of one business partner and to nobody else, To, Cc, Bcc and Reply-To
alike. Sources: finPOWER KB 20704 (Force Test Mode options, three outcomes); Vision33, user-initiated e-mails.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from ..domain.addresses import address, comparable
from ..domain.keys import match_key
from ..domain.messages import Address, Message
from ..domain.portals import Contact
from ..domain.settings import FORCED, FORCED_REDIRECT, FORCED_SENDS, STOPPED, SettingsInForce
from ..errors import AddressRejected, MailStopped, RecipientNotContact, TestModeBlocked


class Forced(NamedTuple):
    """What forced test mode does: whether anything goes out, to whom alone (None: to everybody), and that in words."""

    sends: bool
    only: Address | None
    note: str


class Addressed(NamedTuple):
    """A message with the recipients it really goes to; `sends` is False where it only appears to be sent."""

    message: Message
    sends: bool
    note: str


def check_not_stopped(settings: SettingsInForce) -> None:
    """Raise MailStopped where all mail of the site is switched off."""
    if because := settings.get(STOPPED):
        raise MailStopped(f"mail is stopped because {because}", remedy="Let it go again with: mailadmin mail resume")


def forced(settings: SettingsInForce) -> Forced:
    """What forced test mode does to every message now. Raises TestModeBlocked without a redirect address."""
    if not settings.is_on(FORCED):
        return Forced(True, None, "")
    if not settings.is_on(FORCED_SENDS):
        return Forced(False, None, "forced test mode: nothing is sent")
    redirect = settings.get(FORCED_REDIRECT)
    if not redirect:
        raise TestModeBlocked(
            "Cannot send Email whilst in forced Test Mode.",
            remedy="Use the Redirect 'To' Email Global Setting to override.",
        )
    only = Address(redirect)
    return Forced(True, only, f"forced test mode: everything goes to {only.email}, CC and BCC are cleared")


def in_test_mode(message: Message, settings: SettingsInForce) -> Addressed:
    """The message as forced test mode lets it out. Raises TestModeBlocked without a redirect address."""
    sends, only, note = forced(settings)
    if only is not None:
        message = replace(message, to=(only,), cc=(), bcc=(), reply_to=())
    return Addressed(message, sends, note)


class Contacts(NamedTuple):
    """Whom a portal's users may write to about a business partner, and the contacts they cannot, each with why."""

    offered: tuple[Contact, ...]
    unusable: tuple[tuple[Contact, str], ...]


def contacts_of(business_partner: str, contacts: Iterable[Contact]) -> Contacts:
    """The contacts of one business partner. An address that is not exactly one is never split or repaired."""
    wanted = match_key(business_partner)
    mine = [(one, _unusable(one)) for one in contacts if match_key(one.business_partner) == wanted]
    return Contacts(tuple(one for one, why in mine if not why), tuple((one, why) for one, why in mine if why))


def _unusable(contact: Contact) -> str:
    if not contact.active:
        return "the contact is not active"
    if not contact.email:
        return "the contact has no e-mail address"
    try:
        address(contact.email)
    except AddressRejected as error:
        return error.what
    return ""


def check_contacts(message: Message, business_partner: str, contacts: Iterable[Contact]) -> None:
    """Raise RecipientNotContact, naming everybody who is no active contact of the business partner."""
    known = {comparable(one.email) for one in contacts_of(business_partner, contacts).offered}
    named = (*message.recipients, *message.reply_to)
    if foreign := [one.email for one in named if comparable(one.email) not in known]:
        raise RecipientNotContact(business_partner, foreign)
