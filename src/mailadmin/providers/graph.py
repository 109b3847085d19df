"""Sending by Microsoft Exchange: draft, attach, send, with an id that stays the same in Sent Items.

Laws: `sendMail` is not used, because its answer can be lost and nothing tells what became of it; a send without an
answer is looked up before anything else is done; a draft is sent at most once more, and only while it is one; until
it is sent, nothing is unknown. Source: Graph documentation, outlook-immutable-id.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from ..domain.messages import Delivery, Outgoing, RecipientStatus
from ..domain.profiles import ExchangeProfile
from ..errors import DraftChanged, MailFailed, Outcome, ServiceRefused
from . import entra
from .base import Journal, Provider
from .capabilities import Ability, Capability
from .graph_client import Clock, GraphClient
from .graph_errors import refusal
from .graph_resources import CHECKED, Json, differences, id_of, is_ours, message_resource, objects
from .graph_rights import rights_needed
from .graph_uploads import attach, attached

LARGEST_ATTACHMENT = 150_000_000
MOST_RECIPIENTS = 500
"""Recipients of one message, by default in Exchange Online."""

MOST_HEADERS = 4
"""X- headers of one message: Graph takes five, and one is ours."""

POLLS = (0.0, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each look at a message whose send got no answer: sent copies appear late."""

_PAGE = 50
_MOST_PAGES = 50


class Letter(NamedTuple):
    """What is handed over: the draft as JSON, and the message it stands for."""

    resource: Json
    outgoing: Outgoing


class Sent(NamedTuple):
    """What came of it."""

    remote_id: str
    said: str
    folder: str
    transcript: tuple[str, ...]
    warnings: tuple[str, ...]


class GraphProvider(Provider[Letter, Sent]):
    """One mailbox of Exchange Online. `draft_id` is a draft that may already be there."""

    name = "Microsoft Exchange"
    ABILITY = Ability(
        frozenset(Capability) - {Capability.INTERNATIONAL}, LARGEST_ATTACHMENT, MOST_RECIPIENTS, MOST_HEADERS
    )

    def __init__(self, profile: ExchangeProfile, *, draft_id: str | None = None, clock: Clock | None = None) -> None:
        self.profile = profile
        self.draft_id = draft_id
        self.clock = clock

    def rights(self, outgoing: Outgoing) -> tuple[str, ...]:
        """Application permissions, and Send As where the From is another's."""
        return rights_needed(outgoing, self.profile.mailbox)

    def build(self, outgoing: Outgoing) -> Letter:
        """The draft's JSON."""
        return Letter(message_resource(outgoing, self.profile.mailbox), outgoing)

    def post(self, built: Letter, journal: Journal) -> Sent:
        """Draft, attach, send."""
        with GraphClient(self.profile, self.clock) as client:
            draft = self._draft(client, built, journal)
            return _sent(client, draft, _send(client, draft, built.outgoing.uuid, journal), "Sent Items")

    def keep(self, built: Letter, journal: Journal) -> Sent:
        """Draft and attach: it stays in the mailbox's Drafts."""
        with GraphClient(self.profile, self.clock) as client:
            return _sent(client, self._draft(client, built, journal), "kept as draft", "Drafts")

    def parse(self, posted: Sent, outgoing: Outgoing) -> Delivery:
        """Graph takes all recipients or none; a later failure arrives as a report in the mailbox's Inbox."""
        return Delivery(
            account=self.profile.account,
            recipients=tuple(RecipientStatus(a.email, 202, posted.said) for a in outgoing.recipients),
            said=posted.said,
            remote_id=posted.remote_id,
            saved_in=f"{posted.folder} of {self.profile.mailbox}",
            transcript=posted.transcript,
            warnings=posted.warnings,
        )

    def look_up(self, outgoing: Outgoing) -> bool | None:
        """Whether a message whose outcome is unknown was sent: True, False (still a draft), None (not found).

        A draft whose id was lost is taken up: the next `send` goes on with it. Raises MailFailed.
        """
        with GraphClient(self.profile, self.clock) as client:
            state = None if self.draft_id is None else _is_draft(client, self.draft_id)
            if state is not None:
                return not state
            if (draft := _find(client, outgoing.uuid, "Drafts")) is not None:
                self.draft_id = draft
                return False
            return True if _find(client, outgoing.uuid, "SentItems") is not None else None

    def _draft(self, client: GraphClient, built: Letter, journal: Journal) -> str:
        """The id of the draft: the one that is there from an earlier try, else a new one; with all attachments."""
        outgoing, done = built.outgoing, 0
        with _nothing_unknown():
            if (draft := self.draft_id) is None:
                draft = _create(client, built)
                journal.created(draft)
            else:
                _check_unchanged(client, draft, outgoing, self.profile.mailbox)
                done = attached(client, draft, outgoing.message.attachments)
            attach(client, draft, outgoing.message.attachments, done)
        return draft


@contextmanager
def _nothing_unknown() -> Iterator[None]:
    """While nothing has been sent, what became of a request may be unknown, but not what became of the message."""
    try:
        yield
    except MailFailed as error:
        if error.outcome is Outcome.UNKNOWN:
            error.outcome = Outcome.RETRY
        raise


def _sent(client: GraphClient, draft: str, said: str, folder: str) -> Sent:
    return Sent(draft, said, folder, tuple(client.transcript), entra.role_warnings(client.token))


def _create(client: GraphClient, built: Letter) -> str:
    """A new draft; where the answer is lost, the one that came about all the same."""
    stage = "draft"
    try:
        answer = client.call("POST", "messages", stage=stage, json_body=built.resource, repeat=False)
        if answer.settled:
            if (created := id_of(client.expect(answer, stage))) is not None:
                return created
            raise ServiceRefused(stage, "Microsoft Graph gave the draft no id.", remedy="Nothing was sent. Try again.")
        what = f"Microsoft Graph answered {answer.status}."
    except MailFailed as error:
        if error.outcome is not Outcome.UNKNOWN:
            raise
        what = "no answer came."
    found = _find(client, built.outgoing.uuid, "Drafts")
    if found is None:
        raise ServiceRefused(stage, f"no draft was made: {what}", remedy="Nothing was sent. Try again.")
    return found


def _find(client: GraphClient, uuid: str, folder: str) -> str | None:
    """The message of a folder that carries our id, looked for among the newest. Raises MailFailed."""
    query = {"$select": "id,internetMessageHeaders", "$top": str(_PAGE), "$orderby": "createdDateTime desc"}
    for page in range(_MOST_PAGES):
        asked = {**query, "$skip": str(page * _PAGE)}
        answer = client.call("GET", "mailFolders", folder, "messages", stage="look-up", query=asked)
        messages = objects(client.expect(answer, "look-up"), "value")
        ours = next((id_of(message) for message in messages if is_ours(message, uuid)), None)
        if ours is not None or len(messages) < _PAGE:
            return ours
    return None


def _check_unchanged(client: GraphClient, draft: str, outgoing: Outgoing, mailbox: str) -> None:
    answer = client.call("GET", "messages", draft, stage="draft", query={"$select": ",".join(CHECKED)})
    found = client.expect(answer, "draft")
    if found.get("isDraft") is False:
        raise DraftChanged("The draft has already been sent from the mailbox.", remedy="mailadmin outbox reconcile")
    if changed := differences(found, outgoing, mailbox):
        raise DraftChanged(
            f"The draft was changed in the mailbox: {', '.join(changed)}.",
            remedy="Send it from the mailbox itself, or write the message anew here.",
        )


def _send(client: GraphClient, draft: str, uuid: str, journal: Journal) -> str:
    """Send the draft; where no answer tells, find out what became of it. Raises MailFailed."""
    journal.sending()
    for again in (False, True):
        try:
            answer = client.call("POST", "messages", draft, "send", stage="send", repeat=False)
            if answer.ok:
                return f"{answer.status} accepted"
            failure = refusal("send", answer, outcome=None if answer.settled else Outcome.UNKNOWN)
        except MailFailed as error:
            failure = error
        if failure.outcome is not Outcome.UNKNOWN and not again:
            raise failure
        state = _became(client, draft, uuid)
        if state is False:
            return "accepted, as its place in Sent Items shows"
        if state and failure.outcome is not Outcome.UNKNOWN:
            raise failure
        if state is None:
            break
    raise ServiceRefused(
        "send",
        "no answer tells what became of the message, and it cannot be seen.",
        outcome=Outcome.UNKNOWN,
        remedy="Look into Sent Items, then: mailadmin outbox reconcile",
    )


def _became(client: GraphClient, draft: str, uuid: str) -> bool | None:
    """Whether the message is still a draft after some patience; None where that cannot be seen."""
    state: bool | None = None
    for wait in POLLS:
        client.clock.sleep(wait)
        try:
            state = _is_draft(client, draft, repeat=False)
        except MailFailed:
            state = None
        if state is False:
            return False
    return state if state is not None or not _is_in_sent_items(client, uuid) else False


def _is_in_sent_items(client: GraphClient, uuid: str) -> bool:
    """Whether the message is there under another id: some mailboxes change it all the same."""
    try:
        return _find(client, uuid, "SentItems") is not None
    except MailFailed:
        return False


def _is_draft(client: GraphClient, message: str, *, repeat: bool = True) -> bool | None:
    query = {"$select": "id,isDraft"}
    answer = client.call("GET", "messages", message, stage="look-up", query=query, repeat=repeat)
    if answer.status == 404:
        return None
    found = client.expect(answer, "look-up").get("isDraft")
    return found if isinstance(found, bool) else None
