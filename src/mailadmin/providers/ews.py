"""Sending by an Exchange server on premises (EWS): kept in Drafts in one step, then sent, with the copy in Sent Items.

Laws: the message carries our Message-ID from its first moment, and by that it is looked up; a send without an answer is
looked up before anything is said of it; a draft is sent only as it was kept (the server compares its change key); until
it is sent, nothing is unknown. `exchangelib`, an extra, is loaded when a message goes out and not before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from ..domain.messages import Delivery, Outgoing, RecipientStatus
from ..domain.profiles import ExchangeServerProfile
from ..errors import DraftChanged, GateRefused, MailFailed, Outcome, ServiceRefused, Unsupported
from .base import Journal, Provider
from .capabilities import Ability, Capability
from .graph import POLLS
from .graph_client import Clock

if TYPE_CHECKING:
    from .ews_client import Draft, ExchangeMailbox

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters XML 1.0 cannot carry (2.2)."""


class Sent(NamedTuple):
    """What came of it."""

    remote_id: str
    said: str
    folder: str
    transcript: tuple[str, ...]


class EwsProvider(Provider[Outgoing, Sent]):
    """One mailbox of an Exchange server. `draft_id` is a draft that may already be there."""

    name = "Exchange Server"
    ABILITY = Ability(
        frozenset(Capability) - {Capability.EXTRA_HEADERS, Capability.INTERNATIONAL, Capability.OTHER_NAME}
    )

    def __init__(
        self, profile: ExchangeServerProfile, *, draft_id: str | None = None, clock: Clock | None = None
    ) -> None:
        self.profile = profile
        self.draft_id = draft_id
        self.clock = clock or Clock()

    def rights(self, outgoing: Outgoing) -> tuple[str, ...]:
        """Send As where the From is another's."""
        if outgoing.sender.email.lower() == self.profile.mailbox.lower():
            return ()
        return (f"Send As or Send on Behalf for {self.profile.mailbox} on {outgoing.sender.email} (in Exchange)",)

    def build(self, outgoing: Outgoing) -> Outgoing:
        """The message as it is: `exchangelib` writes the XML. Raises GateRefused for what XML cannot carry."""
        message = outgoing.message
        for part, text in (("subject", message.subject), ("text", message.text), ("html", message.html)):
            if text is not None and (found := _NOT_IN_XML.search(text)):
                raise GateRefused(part, f"holds the character U+{ord(found[0]):04X}, which Exchange cannot be given.")
        return outgoing

    def post(self, built: Outgoing, journal: Journal) -> Sent:
        """Keep, then send."""
        with opened(self.profile) as mailbox:
            draft = self._draft(mailbox, built, journal)
            journal.sending()
            said = _send(mailbox, draft, built.message_id, self.clock)
            return Sent(str(draft), said, "Sent Items", mailbox.transcript)

    def keep(self, built: Outgoing, journal: Journal) -> Sent:
        """Keep: it stays in the mailbox's Drafts."""
        with opened(self.profile) as mailbox:
            draft = self._draft(mailbox, built, journal)
            return Sent(str(draft), "kept as draft", "Drafts", mailbox.transcript)

    def parse(self, posted: Sent, outgoing: Outgoing) -> Delivery:
        """Exchange takes all recipients or none; a later failure arrives as a report in the mailbox's Inbox."""
        return Delivery(
            account=self.profile.account,
            recipients=tuple(RecipientStatus(a.email, 202, posted.said) for a in outgoing.recipients),
            said=posted.said,
            remote_id=posted.remote_id,
            saved_in=f"{posted.folder} of {self.profile.mailbox}",
            transcript=posted.transcript,
        )

    def look_up(self, outgoing: Outgoing) -> bool | None:
        """Whether a message whose outcome is unknown was sent: True, False (still a draft), None (not found).

        A draft whose id was lost is taken up: the next `send` goes on with it. Raises MailFailed.
        """
        with opened(self.profile) as mailbox:
            if mailbox.has_sent(outgoing.message_id):
                return True
            if (draft := mailbox.draft(outgoing.message_id)) is None:
                return None
            self.draft_id = self.draft_id or str(draft)
            return False

    def _draft(self, mailbox: ExchangeMailbox, outgoing: Outgoing, journal: Journal) -> Draft:
        """The draft: the one that is there from an earlier try, else a new one."""
        from .ews_client import Draft

        if self.draft_id is not None:
            return Draft(*self.draft_id.split(" ", 1))
        draft = _save(mailbox, outgoing)
        journal.created(str(draft))
        return draft


@contextmanager
def opened(profile: ExchangeServerProfile) -> Iterator[ExchangeMailbox]:
    """The mailbox. Raises Unsupported where the extra is not installed, MailFailed."""
    try:
        from . import ews_client
    except ModuleNotFoundError as error:
        raise Unsupported(
            f"Exchange on premises needs {error.name}, which is not installed.",
            remedy='Nothing was sent. Install the extra: pip install "mailadmin[on-premises]"',
        ) from error
    with ews_client.opened(profile) as mailbox:
        yield mailbox


def _save(mailbox: ExchangeMailbox, outgoing: Outgoing) -> Draft:
    """A new draft; where the answer is lost, the one that came about all the same."""
    try:
        return mailbox.save(outgoing)
    except MailFailed as error:
        if error.outcome is not Outcome.RETRY:
            raise
        failure = error
    try:
        draft = mailbox.draft(outgoing.message_id)
    except MailFailed:
        raise failure from None
    if draft is None:
        raise failure
    return draft


def _send(mailbox: ExchangeMailbox, draft: Draft, message_id: str, clock: Clock) -> str:
    """Send the draft; where no answer tells, find out what became of it. Raises MailFailed, DraftChanged."""
    failure: MailFailed | DraftChanged
    try:
        mailbox.send(draft)
    except DraftChanged as error:
        failure = error
    except MailFailed as error:
        if error.outcome is not Outcome.UNKNOWN:
            raise
        failure = error
    else:
        return "accepted"
    if isinstance(failure, DraftChanged):
        if mailbox.has_sent(message_id):
            return "an earlier try had sent it"
        raise failure
    match _was_sent(mailbox, message_id, clock):
        case True:
            return "accepted, as its place in Sent Items shows"
        case False:
            failure.outcome = Outcome.RETRY
            raise failure
        case None:
            raise ServiceRefused(
                "send",
                "no answer tells what became of the message, and it cannot be seen.",
                outcome=Outcome.UNKNOWN,
                remedy="Look into Sent Items, then: mailadmin outbox reconcile",
            ) from failure


def _was_sent(mailbox: ExchangeMailbox, message_id: str, clock: Clock) -> bool | None:
    """Whether the message is in Sent Items after some patience, or still a draft; None where that cannot be seen.

    A draft that is still there may be sent again: Exchange sends an item once, for then it is no longer there.
    """
    found: bool | None = None
    for wait in POLLS:
        clock.sleep(wait)
        try:
            if mailbox.has_sent(message_id):
                return True
            found = False if mailbox.draft(message_id) is not None else None
        except MailFailed:
            found = None
    return found
