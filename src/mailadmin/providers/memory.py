"""A provider that keeps what it would send: for tests and for dry runs."""

from __future__ import annotations

from ..domain.messages import Delivery, Outgoing, RecipientStatus
from ..domain.profiles import MailProfile
from .base import Journal, Provider
from .capabilities import Ability, Capability
from .mime import to_mime


class MemoryProvider(Provider[bytes, bytes]):
    """Takes every message; `messages` holds them with the resolved account they would have gone out by."""

    name = "memory"
    ABILITY = Ability(frozenset(Capability))

    def __init__(self, profile: MailProfile) -> None:
        self.profile = profile
        self.messages: list[tuple[MailProfile, Outgoing]] = []

    def build(self, outgoing: Outgoing) -> bytes:
        """The message as MIME."""
        return to_mime(outgoing)

    def post(self, built: bytes, journal: Journal) -> bytes:
        """Go nowhere."""
        journal.sending()
        return built

    def parse(self, posted: bytes, outgoing: Outgoing) -> Delivery:
        """Accepted for everybody."""
        self.messages.append((self.profile, outgoing))
        statuses = tuple(RecipientStatus(a.email, 250, "kept in memory") for a in outgoing.recipients)
        return Delivery(account=self.profile.account, recipients=statuses, said="kept in memory")
