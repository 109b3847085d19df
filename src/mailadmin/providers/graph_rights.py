"""The rights a message needs, so that they can be asked for before anything is refused. Source: Graph documentation."""

from __future__ import annotations

from ..domain.addresses import same_address
from ..domain.messages import Outgoing


def rights_needed(outgoing: Outgoing, mailbox: str) -> tuple[str, ...]:
    """The application permissions of Entra, and the right in Exchange where the From is another mailbox or group."""
    needed = ["Mail.ReadWrite (application): keep the draft", "Mail.Send (application): send it"]
    if outgoing.message.attachments:
        needed[0] += " and its attachments"
    if not same_address(outgoing.sender.email, mailbox):
        needed.append(f"Send As or Send on Behalf (Exchange): {mailbox} on {outgoing.sender.email}")
    return tuple(needed)
