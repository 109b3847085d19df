"""What every provider does: require · build · post · parse. Only `post` touches the network.

Law: what is not known to have failed is never called failed. `Journal.sending` is called, and must have been kept,
before the first byte that can lead to acceptance.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Generic, Protocol, TypeVar

from ..domain.messages import Delivery, Outgoing
from .capabilities import Ability, Capability, require

Built = TypeVar("Built")
Posted = TypeVar("Posted")


class Journal(Protocol):
    """Where a provider says how far it is, so that a crash leaves a trace."""

    def created(self, remote_id: str) -> None:
        """A draft of this id is at the server."""

    def sending(self) -> None:
        """From here on the server may accept the message."""


class Unjournalled:
    """A journal nobody reads: for tests and dry runs."""

    def created(self, remote_id: str) -> None:
        """Nothing."""

    def sending(self) -> None:
        """Nothing."""


class Provider(ABC, Generic[Built, Posted]):
    """A way for messages to go out by one account."""

    name: ClassVar[str]
    ABILITY: ClassVar[Ability]

    @property
    def ability(self) -> Ability:
        """What this account can do; the provider's, unless the account narrows or widens it."""
        return self.ABILITY

    def send(self, outgoing: Outgoing, journal: Journal) -> Delivery:
        """Hand a message over. Raises Unsupported before any traffic, MailFailed saying what is known of it."""
        return self.hand_over(self.ready(outgoing), outgoing, journal)

    def hand_over(self, built: Built, outgoing: Outgoing, journal: Journal) -> Delivery:
        """Send what is ready. Raises MailFailed saying what is known of it."""
        return self.parse(self.post(built, journal), outgoing)

    def ready(self, outgoing: Outgoing, *asked: Capability) -> Built:
        """What will be handed over, once it is known that it can be. Raises Unsupported, GateRefused; no traffic."""
        require(self.ability, self.name, outgoing, *asked)
        return self.build(outgoing)

    def save_draft(self, outgoing: Outgoing, journal: Journal) -> Delivery:
        """Keep the message as a draft at the server. Raises Unsupported where the provider has none, MailFailed."""
        return self.parse(self.keep(self.ready(outgoing, Capability.DRAFT), journal), outgoing)

    def keep(self, built: Built, journal: Journal) -> Posted:
        """Keep it as a draft; called only where the provider can."""
        raise NotImplementedError(f"{self.name} keeps no drafts")

    def look_up(self, outgoing: Outgoing) -> bool | None:
        """Whether an earlier try has sent the message; None where nothing can be seen.

        A draft that is found is what the next `send` of this provider goes on with. Raises MailFailed.
        """
        return None

    def rights(self, outgoing: Outgoing) -> tuple[str, ...]:
        """What the account must be allowed for this message, beside signing in; pure."""
        return ()

    @abstractmethod
    def build(self, outgoing: Outgoing) -> Built:
        """What will be handed over; pure. Raises GateRefused."""

    @abstractmethod
    def post(self, built: Built, journal: Journal) -> Posted:
        """Hand it over. Raises MailFailed."""

    @abstractmethod
    def parse(self, posted: Posted, outgoing: Outgoing) -> Delivery:
        """What the answers mean; pure. Raises MailFailed."""
