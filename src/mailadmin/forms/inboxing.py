"""What the sandbox received: each message as its receiver sees it, by which account it came, and what was said.

Law: a message is looked at in a frame in which nothing runs and nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import UnknownName
from ..interchange.reports.markup import Markup, tag
from ..sandbox.inbox import NOT_SAVED, Received
from ..sandbox.preview import preview
from ..sandbox.reading import Reading
from ..usecases import reconciling
from .attaching import size
from .desk import Desk
from .display import Table
from .fields import Field, Kind
from .form import Form, row
from .paged import PagedTable, Row
from .results import transcript
from .shown import Shown, Tone, folded, framed, html, verbatim

COLUMNS = ("number", "subject", "From", "to", "account used", "by", "folder", "when")


class InboxForm(Form):
    """The messages a desk's sandbox received, newest first."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("Sandbox inbox", "What was sent to the sandbox, and went no further.", runner=desk.runner)
        self._desk = desk
        self._rows: list[tuple[object, ...]] = []
        self.number: int | None = None
        self.when = Field("Show when", Kind.YES_NO, False)
        self.when.watch(self.refresh)
        self.table = PagedTable("Received", COLUMNS, chosen=self._chosen, runner=desk.runner)
        self.refresh_button = self.button("Look again", self.refresh)
        self.shown = Shown()
        if desk.sandbox is None:
            self.say(Tone.HINT, "This store sends to its real servers: there is no sandbox here to look into.")
            return
        self.lay_out(row(self.refresh_button, self.when), self.table.box, self.shown)
        self.refresh()
        desk.watch(self.refresh)

    def refresh(self) -> None:
        """Show what has arrived by now."""
        received = list(self._desk.sandbox.inbox) if self._desk.sandbox else []
        rows = [_row(one, when=bool(self.when.value)) for one in reversed(received)]
        if rows != self._rows:
            self._rows = rows
            self.table.show(rows)

    def look_at(self, number: int) -> None:
        """Show one message. Raises UnknownName."""
        if self._desk.sandbox is None:
            raise UnknownName("message", str(number))
        self.number = number
        received = self._desk.sandbox.inbox[number]
        reading = received.reading()
        self.shown.show(
            tag("h3", html(reading.header("Subject") or "(no subject)")),
            _facts(received, reading),
            *_content(reading),
            *self._said(reading),
        )

    def _said(self, reading: Reading) -> Iterator[Markup]:
        """What was said on the line when it was sent: that is kept with the message in the outbox."""
        named = reading.header("Message-ID")
        try:
            entry, attempts = reconciling.message(self._desk.app, named.strip("<>").partition("@")[0])
        except UnknownName:
            return
        if entry.message_id != named:
            return
        yield html(Table("In the outbox", ("id", "state"), [(entry.id[:8], entry.state)]))
        for attempt in attempts:
            yield transcript(attempt.transcript)

    def _chosen(self, chosen: Row) -> None:
        self.attempt(lambda: self.look_at(int(str(chosen[0]))))


def inbox(desk: Desk) -> InboxForm:
    """What the desk's sandbox received."""
    return InboxForm(desk)


def _row(received: Received, *, when: bool) -> tuple[object, ...]:
    headings = received.headings()
    return (
        received.number,
        headings.header("Subject") or "(no subject)",
        headings.header("From"),
        ", ".join(received.recipients) or "nobody yet",
        received.account or "without login",
        str(received.via),
        received.folder,
        received.at.isoformat(timespec="seconds") if when else "",
    )


def _facts(received: Received, reading: Reading) -> Markup:
    account = received.account or "nobody: without login"
    told: tuple[tuple[str, Any], ...] = (
        ("account used", f"{account}, by application {received.application}" if received.application else account),
        ("by", f"{received.via}, security {received.security}"),
        *((name, reading.header(name)) for name in ("From", "To", "Cc", "Reply-To")),
        ("envelope from", received.sender),
        ("envelope to", ", ".join(received.recipients) or "nobody yet"),
        ("saved in", received.folder if received.folder != NOT_SAVED else ""),
    )
    return html(Table("How it came", ("what", "which"), [fact for fact in told if fact[1]]))


def _content(reading: Reading) -> Iterator[Markup]:
    yield tag("h4", "The message")
    if reading.html is not None:
        yield framed(preview(reading.html, reading.parts), "The message as its receiver sees it")
        yield folded("As plain text", verbatim(reading.text or "(none came with it)"))
    else:
        yield verbatim(reading.text or "(empty)")
    if reading.parts:
        files = [
            (part.name, part.content_type, size(len(part.content)), "within the message" if part.inline else "")
            for part in reading.parts
        ]
        yield html(Table("Attachments", ("file", "type", "size", "shown"), files))
    yield folded(f"All {len(reading.written)} headers", Table("Headers", ("header", "value"), reading.headers))
