"""Messages the tests send."""

from __future__ import annotations

from typing import Any

from mailadmin.domain.messages import Address, Message, Outgoing
from mailadmin.providers.base import Journal

SENDER = Address("sender@example.com", "Kōwhai Finance")
MESSAGE_ID = f"<{'0123456789abcdef' * 2}@example.com>"
DATE = "2026-11-23T09:30:00+13:00"


def message(**parts: Any) -> Message:
    """A message to one person, with these parts."""
    return Message(**({"to": (Address("ann@example.com"),), "subject": "Statement", "text": "Dear Ann\n"} | parts))


def outgoing(sender: Address = SENDER, message_id: str = MESSAGE_ID, date: str = DATE, **parts: Any) -> Outgoing:
    """The same with everything decided."""
    written = message(**parts)
    return Outgoing(
        message=written, sender=sender, message_id=message_id, date=date, recipients=written.recipients
    )  # fmt: skip


def to(*emails: str) -> tuple[Address, ...]:
    """Mailboxes without names."""
    return tuple(map(Address, emails))


class Kept(Journal):
    """A journal that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def created(self, remote_id: str) -> None:
        self.told.append(f"created {remote_id}")

    def sending(self) -> None:
        self.told.append("sending")
