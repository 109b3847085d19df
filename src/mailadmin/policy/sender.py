"""The From address: the account's own, unless the user may change it.

Laws: a change is another address (case, IDN form and a trailing dot are no change); the mail still goes by the user's
own account; `Sender`, `Reply-To` and `Resent-*` are no way around. Sources: KB 22347, domain decisions 9 and 11.
"""

from __future__ import annotations

from typing import NamedTuple

from ..domain.addresses import same_address
from ..domain.messages import Address, Message
from ..domain.permissions import UPDATE_FROM
from ..errors import NotPermitted
from .permission import Permitted


class From(NamedTuple):
    """The From decided, the account's own, by what it may differ, and whether the user may change it."""

    address: Address
    own: Address
    reason: str
    may_change: bool

    @property
    def changed(self) -> bool:
        """Whether it is another address than the account's own."""
        return not same_address(self.address.email, self.own.email)


def decide_from(own: Address, wanted: str | None, wanted_name: str | None, permitted: Permitted, user: str) -> From:
    """The From of a message. Raises NotPermitted for another address without `Messaging.Email.UpdateFrom`.

    `wanted` is an address as a person wrote it; a display name alone is no change of From.
    """
    name = own.name if wanted_name is None else wanted_name
    if wanted is None or same_address(wanted, own.email):
        reason = "the account's own" if name == own.name else "the account's own, under another name"
        return From(Address(own.email, name), own, reason, permitted.allowed)
    if not permitted.allowed:
        raise NotPermitted(
            f"{user} may not send as {Address(wanted).email}: {permitted.reason}.",
            remedy=f"Send as {own.email}, or have {UPDATE_FROM} granted to one of the user's roles.",
        )
    return From(Address(wanted, wanted_name or ""), own, f"{UPDATE_FROM}: {permitted.reason}", True)


def check_reply_to(message: Message, sender: From) -> None:
    """Raise NotPermitted for a Reply-To that is neither sender nor account: it would be a From by another name."""
    mine = (sender.address.email, sender.own.email)
    odd = [a.email for a in message.reply_to if not any(same_address(a.email, own) for own in mine)]
    if odd and not sender.may_change:
        raise NotPermitted(
            f"Reply-To {odd[0]} is neither the sender nor the account.",
            remedy=f"Leave it out, or have {UPDATE_FROM} granted to one of the user's roles.",
        )
