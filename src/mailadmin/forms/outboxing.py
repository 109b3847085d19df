"""The outbox: every message with its state, one of them in full, and what can be done about it.

Law: a state offers what its message allows and nothing else; the use case refuses whatever a page asks for beyond that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from ..errors import DraftChanged
from ..interchange.reports.markup import Markup, tag
from ..storage.outbox import SENDABLE, Attempt, Entry, State
from ..usecases import reconciling, sending
from ..usecases.reconciling import Found, Verdict
from ..usecases.sending import Sent
from .composing import ComposeForm, open_for_edit
from .desk import Desk
from .display import Table
from .fields import Field, Kind
from .form import DANGER, PRIMARY, Form, row
from .paged import PagedTable, Row
from .panels import Panel
from .results import facts, headline, result, statuses, transcript
from .shown import Shown, Tone, folded, html, said, verbatim

COLUMNS = ("id", "state", "subject", "to", "From", "who", "account", "when")


class Action(StrEnum):
    """What can be done about a message."""

    SEND = "Send it"
    TRY = "Try again"
    EDIT = "Open for edit"
    LOOK_UP = "Look up what became of it"
    WAS_SENT = "It was sent"
    WAS_NOT = "It was not sent"
    MAY_AGAIN = "It may be sent again"
    GIVE_UP = "Give it up"


ACTIONS: dict[State, tuple[Action, ...]] = {
    State.DRAFT: (Action.SEND, Action.EDIT, Action.GIVE_UP),
    State.INTENT: (Action.TRY, Action.EDIT, Action.GIVE_UP),
    State.SENDING: (),
    State.SENT: (),
    State.PARTIAL: (),
    State.RETRY: (Action.TRY, Action.EDIT, Action.GIVE_UP),
    State.FAILED: (Action.EDIT,),
    State.UNKNOWN: (Action.LOOK_UP, Action.WAS_SENT, Action.WAS_NOT, Action.MAY_AGAIN),
    State.HELD: (Action.TRY, Action.EDIT, Action.GIVE_UP),
    State.QUARANTINED: (),
    State.HANDED_OVER: (),
    State.CANCELLED: (),
    State.WOULD_SEND: (),
    State.NOT_SENT: (),
}
"""TABLE: what each state offers."""

_STYLES = {Action.SEND: PRIMARY, Action.TRY: PRIMARY, Action.GIVE_UP: DANGER}
_VERDICTS = {
    Action.WAS_SENT: Verdict.SENT,
    Action.WAS_NOT: Verdict.NOT_SENT,
    Action.MAY_AGAIN: Verdict.SEND_AGAIN,
}


class OutboxForm(Form):
    """The messages of a store, newest first."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("Outbox", desk.words, runner=desk.runner)
        self._desk = desk
        self._entries: list[Entry] = []
        self._rows: list[tuple[str, ...]] = []
        self._sure = False
        self.entry: Entry | None = None
        self.editor: ComposeForm | None = None
        self.when = Field("Show when", Kind.YES_NO, False)
        self.when.watch(self._list)
        self.table = PagedTable("Messages", COLUMNS, chosen=self._chosen, runner=desk.runner)
        self.refresh_button = self.button("Look again", self.refresh)
        self.shown = Shown()
        self.accept = Field("Send it by the account as it is now", Kind.YES_NO, False)
        self.buttons = {
            action: self.button(action, self._press(action), style=_STYLES.get(action, "")) for action in Action
        }
        self._editing = Panel()
        self.lay_out(
            row(self.refresh_button, self.when),
            self.table.box,
            self.shown,
            self.accept,
            row(*self.buttons.values()),
            self._editing.box,
        )
        self._offer()
        self.refresh()
        desk.watch(self.refresh)

    def refresh(self) -> None:
        """Read the outbox anew, and the message that is looked at."""
        self._entries = list(reversed(reconciling.messages(self._desk.app)))
        self._list()
        if self.entry is not None:
            self.look_at(self.entry.id)

    def look_at(self, named: str) -> None:
        """Show one message in full, with what can be done about it. Raises UnknownName, Tampered."""
        self.entry, attempts = reconciling.message(self._desk.app, named)
        self._sure = False
        self.shown.show(tag("h3", html(f"Message {self.entry.id[:8]}")), *self._in_full(self.entry, attempts))
        self._offer()

    def send(self) -> None:
        """Send a draft, or try again for whom it was not accepted yet."""
        named, accept = self._named, bool(self.accept.value)

        def work(step: Any) -> Sent:
            step("Sending")
            return sending.send_kept(self._desk.app, named, accept_changes=accept)

        self.work(work, lambda sent: self._done(result(sent)), stoppable=False)

    def edit(self) -> None:
        """Open the message in the wizard, beneath."""
        self.editor = open_for_edit(self._desk, self._named)
        self._editing.put(self.editor.box)
        self.say(Tone.GOOD, "It is open for edit beneath.")

    def look_up(self) -> None:
        """Look up every message of which nobody can tell what became."""

        def work(step: Any) -> list[Found]:
            step("Looking up")
            return reconciling.reconcile(self._desk.app)

        def tell(found: list[Found]) -> None:
            rows = [(one.entry.id[:8], one.entry.state, one.words) for one in found]
            self._done(html(Table("What was found", ("id", "state", "found"), rows)))

        self.work(work, tell, stoppable=False)

    def decide(self, verdict: Verdict) -> None:
        """Say what became of a message."""
        entry = reconciling.decide(self._desk.app, self._named, verdict)
        self._done(headline(entry))

    def give_up(self) -> None:
        """Give the message up, when asked a second time: its text goes with it."""
        if not self._sure:
            self._sure = True
            words = "Its text and attachments are not kept then. To give it up all the same, press the button again."
            return self.say(Tone.WARNING, words)
        entry = reconciling.cancel(self._desk.app, self._named)
        return self._done(headline(entry))

    def failed(self, error: Exception) -> None:
        """Say what went wrong; a message may have another state by now."""
        super().failed(error)
        if self.entry is not None:
            self.look_at(self.entry.id)
            self._list()
        changed = isinstance(error, DraftChanged) and self.entry is not None and self.entry.state in SENDABLE
        self.accept.box.layout.display = None if changed else "none"

    @property
    def _named(self) -> str:
        return self.entry.id if self.entry else ""

    def _press(self, action: Action) -> Callable[[], None]:
        match action:
            case Action.SEND | Action.TRY:
                return self.send
            case Action.EDIT:
                return self.edit
            case Action.LOOK_UP:
                return self.look_up
            case Action.GIVE_UP:
                return self.give_up
            case _:
                return lambda: self.decide(_VERDICTS[action])

    def _done(self, told: Markup) -> None:
        self.editor = None
        self._editing.put()
        self._desk.tell()
        self.message.show(told)

    def _chosen(self, chosen: Row) -> None:
        self.attempt(lambda: self.look_at(str(chosen[0])))

    def _list(self) -> None:
        rows = [_row(entry, when=bool(self.when.value)) for entry in self._entries]
        if rows != self._rows:
            self._rows = rows
            self.table.show(rows)

    def _offer(self) -> None:
        offered = ACTIONS[self.entry.state] if self.entry else ()
        for action, button in self.buttons.items():
            button.layout.display = None if action in offered else "none"
        self.accept.value = False
        self.accept.box.layout.display = "none"

    def _in_full(self, entry: Entry, attempts: list[Attempt]) -> Iterator[Markup]:
        yield headline(entry)
        yield facts(entry)
        yield html(statuses(entry.recipients))
        if entry.message is not None:
            yield folded("The message", *_written(entry.message))
        for attempt in attempts:
            at = f", {attempt.at}" if self.when.value else ""
            line = f"Try {attempt.attempt}: {attempt.outcome}{at}, by {attempt.by}"
            answers = statuses(attempt.recipients)
            yield folded(line, said(Tone.PLAIN, attempt.said), answers, transcript(attempt.transcript))


def outbox(desk: Desk) -> OutboxForm:
    """The outbox of a store, with what can be done about each message."""
    return OutboxForm(desk)


def _row(entry: Entry, *, when: bool) -> tuple[str, ...]:
    to = ", ".join(status.email for status in entry.recipients[:3])
    more = f" and {len(entry.recipients) - 3} more" if len(entry.recipients) > 3 else ""
    return (
        entry.id[:8],
        str(entry.state),
        entry.subject,
        f"{to}{more}",
        entry.sender_email,
        entry.user_id,
        entry.account,
        entry.created_at if when else "",
    )


def _written(message: Mapping[str, Any]) -> Iterator[object]:
    people = [(part, email, name) for part in ("to", "cc", "bcc", "reply_to") for email, name in message[part]]
    yield Table("To whom", ("as", "address", "name"), people)
    if message["attachments"]:
        yield Table("Attachments", ("file", "type"), [(a["name"], a["media_type"]) for a in message["attachments"]])
    yield verbatim(message["text"] or message["html"] or "")
