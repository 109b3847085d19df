"""The copy to one's own address: No copy, CC or Bcc, as a person's e-mail settings say (Monitor ERP).

Laws: only for server-based methods, judged by the method in force; nobody gets a message twice. Source: Monitor ERP,
"Send copy to own e-mail address"; domain decisions 18 and 19.
"""

from __future__ import annotations

from dataclasses import replace

from ..domain.addresses import comparable
from ..domain.governed import Organisation
from ..domain.keys import match_key
from ..domain.messages import Address, Message
from ..domain.preferences import SYSTEM, CopyToSelf
from ..domain.services import ServiceKind

BY_OUTLOOK = "Outlook sends it: no copy goes to the own address, and the signature kept here is not carried over."


def copy_wanted(organisation: Organisation, user: str | None) -> CopyToSelf:
    """What the user's e-mail settings say, else the system's."""
    for owner in (match_key(user or SYSTEM), SYSTEM):
        row = organisation.preferences.get(owner)
        if row is not None and row.copy_to_self is not None:
            return row.copy_to_self
    return CopyToSelf.NO_COPY


def own_address(organisation: Organisation, user: str | None, account: Address) -> Address:
    """Where the copy goes: the address in the user's e-mail settings, else the account's own."""
    row = organisation.preferences.get(match_key(user)) if user else None
    return Address(row.email, account.name) if row is not None and row.email else account


def with_copy(message: Message, own: Address, copy: CopyToSelf, service: ServiceKind) -> Message:
    """The message with the own address among its recipients, where a copy is wanted and it is not there yet."""
    there = {comparable(address.email) for address in message.recipients}
    if copy is CopyToSelf.NO_COPY or service is ServiceKind.OUTLOOK or comparable(own.email) in there:
        return message
    if copy is CopyToSelf.CC:
        return replace(message, cc=(*message.cc, own))
    return replace(message, bcc=(*message.bcc, own))
