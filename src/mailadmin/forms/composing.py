"""The e-mail message wizard: who sends and how it goes out, to whom, what it says, and what came of it.

Laws: everything is decided again when it is sent, whatever stands in the fields; what is sent after a failure is a
newer version of the same message, so that nothing goes out twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ..domain.addresses import header_text
from ..domain.messages import Importance, Message
from ..errors import BadInput, GateRefused, MailAdminError, Refused
from ..interchange.reports.markup import Markup, join, tag
from ..policy.composition import Body, body_of
from ..providers.capabilities import Capability
from ..sandbox.preview import preview
from ..sandbox.reading import Part as MimePart
from ..storage.outbox import State
from ..usecases import composing, sending
from ..usecases.composing import Reopened
from ..usecases.sending import Sent
from .attaching import Attachments
from .desk import Desk
from .fields import Field, Kind
from .form import PRIMARY, Form, row, valid
from .recipients import Part, Recipients, blank_or
from .results import failure, result
from .senders import Senders
from .shown import Shown, Tone, folded, framed, said, verbatim


class ComposeForm(Form):
    """A message, from who sends it to what became of it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("Write a message", desk.words, runner=desk.runner)
        self._desk = desk
        self._source: Message | None = None
        self.replaces: str | None = None
        self.senders = Senders(self, desk.app, self.look)
        self.recipients = Recipients(self)
        self.subject = Field("Subject", check=blank_or(_subject))
        self.is_html = Field("Format", Kind.CHOICE, False, choices=[("plain text", False), ("HTML", True)])
        self.text = Field("Message", Kind.LONG_TEXT)
        self.signed = Field("Add the signature", Kind.YES_NO, True)
        self.preview = Shown()
        self.attachments = Attachments(self)
        self.send_button = self.button("Send", self.send, style=PRIMARY)
        self.draft_button = self.button("Save as draft", self.save_draft, tooltip="Keep it in the mailbox's Drafts")
        self.check_button = self.button("Check without sending", self.check, tooltip="Decide everything, send nothing")
        self.anew_button = self.button("Start anew", self.start_anew, tooltip="Empty the message; nothing is sent")
        for field in (self.subject, self.text):
            field.widget.continuous_update = False
        for field in (self.is_html, self.text, self.signed):
            field.watch(self.look_at_text)
        self.lay_out(
            Shown(tag("h3", "Who sends, and how it goes out")),
            self.senders.box,
            Shown(tag("h3", "To whom")),
            self.recipients.box,
            Shown(tag("h3", "What it says")),
            self.subject,
            self.is_html,
            self.text,
            self.signed,
            self.preview,
            Shown(tag("h3", "Attachments")),
            self.attachments.box,
            row(self.send_button, self.draft_button, self.check_button, self.anew_button),
        )
        self.senders.choose(desk.app.actor)
        self.senders.look()

    def look(self) -> None:
        """Offer what the account that would be used can do."""
        found = self.senders.prospect
        ability = found.ability if found else None
        self.draft_button.layout.display = None if ability and Capability.DRAFT in ability.can else "none"
        self.signed.box.layout.display = None if found and found.signature else "none"
        self.attachments.measure(ability)
        self.look_at_text()

    @property
    def bodies(self) -> Body:
        """The bodies as they will be sent."""
        found = self.senders.prospect
        signature = found.signature if found and self.signed.value else ""
        return body_of(self.text.value, is_html=self.is_html.value, signature=signature)

    def look_at_text(self) -> None:
        """Show the message as the receiver will see it: as HTML, and as the plain text that goes with it."""
        body, found = self.bodies, self.senders.prospect
        if body.html:
            self.preview.show(self._as_html(body.html), folded("The plain text that goes with it", verbatim(body.text)))
        elif found and found.signature and self.signed.value:
            self.preview.show(folded("With the signature", verbatim(body.text)))
        else:
            self.preview.show()

    def _as_html(self, html: str) -> Markup:
        pictures = [
            MimePart(file.name, file.media_type, file.content, file.content_id, inline=True)
            for file in self.attachments.files
            if file.content_id
        ]
        note = said(Tone.HINT, "As it will be sent: no scripts, no forms. Pictures from the web are not fetched here.")
        return join([tag("h4", "Preview"), framed(preview(html, pictures), "Preview of the message"), note])

    def written(self) -> Message:
        """The message as it stands. Raises BadInput and its kinds, said at the field too."""
        if not valid((self.senders.sender, self.senders.sender_name, self.subject)):
            raise BadInput("A field above is not as it can be sent.", remedy="It says there what is wrong.")
        self.recipients.take()
        body, source = self.bodies, self._source
        try:
            return Message(
                to=self.recipients.of(Part.TO),
                cc=self.recipients.of(Part.CC),
                bcc=self.recipients.of(Part.BCC),
                reply_to=self.recipients.of(Part.REPLY_TO),
                subject=self.subject.value,
                text=body.text,
                html=body.html,
                attachments=tuple(self.attachments.files),
                importance=source.importance if source else Importance.NORMAL,
                headers=source.headers if source else (),
            )
        except GateRefused as error:
            if error.field == "to":
                self.recipients.address.complain("There is nobody to send it to.")
            raise

    def send(self) -> None:
        """Send it now."""
        self._hand_over("Sending", sending.send)

    def save_draft(self) -> None:
        """Keep it in the mailbox's Drafts."""
        self._hand_over("Saving the draft", sending.save_draft)

    def check(self) -> None:
        """Decide everything as if it were sent, and send nothing."""
        self._hand_over("Checking", sending.send, dry_run=True)

    def _hand_over(self, what: str, action: Callable[..., Sent], **how: Any) -> None:
        message, context, wish, replaces = self.written(), self.senders.context, self.senders.wish, self.replaces

        def work(step: Any) -> Sent:
            step(what)
            return action(self._desk.app, message, context, wish, replaces=replaces, **how)

        self.work(work, self._tell, stoppable=False)

    def _tell(self, sent: Sent) -> None:
        told = [result(sent)]
        if sent.entry.state in (State.RETRY, State.FAILED):
            told.append(self._open_again(sent.entry.id))
        elif sent.entry.state is not State.WOULD_SEND:
            self.start_anew()
        self.message.show(*told)
        self._desk.tell()

    def failed(self, error: Exception) -> None:
        """Say what went wrong; what was kept of it is replaced by whatever is sent next."""
        super().failed(error)
        if isinstance(error, MailAdminError) and error.kept:
            self.message.show(failure(error), self._open_again(error.kept))
            self._desk.tell()

    def _open_again(self, named: str) -> Markup:
        """Go on with what was kept of a message that did not get through, for those alone who have not got it."""
        self.replaces = named
        try:
            return self.reopen(composing.reopened(self._desk.app, named))
        except Refused:
            words = "It may have been accepted, so nothing is sent in its place. What you can do stands in the outbox."
            return said(Tone.WARNING, words)

    def start_anew(self) -> None:
        """An empty message of the same sender."""
        self.message.show()
        self.replaces = self._source = None
        self.recipients.show()
        self.attachments.show()
        for field in (self.subject, self.text, self.senders.sender, self.senders.sender_name):
            field.value = ""
        self.signed.value = True

    def fill(self, message: Message) -> None:
        """Put a message in, as if it had been written here; a signature is part of it already."""
        self._source = message
        self.recipients.show(message)
        self.attachments.show(*message.attachments)
        self.subject.value = message.subject
        self.is_html.value = message.html is not None
        self.signed.value = False
        self.text.value = message.html if message.html is not None else message.text or ""

    def reopen(self, kept: Reopened) -> Markup:
        """Put a kept message in; what is sent then is a new version of it. Returns what there is to know about it."""
        self.senders.ask(kept.context, kept.wish)
        self.fill(kept.message)
        self.replaces = kept.entry.id
        words = [f"This is message {kept.entry.id[:8]} ({kept.entry.state}). What you send or save replaces it."]
        if kept.have_it:
            words.append(f"Left out, for they have it already: {', '.join(kept.have_it)}.")
        if kept.draft_stays:
            words.append("Its draft stays in the mailbox's Drafts until somebody deletes it there.")
        return said(Tone.WARNING, *words)


def compose(desk: Desk, *, attachments: Iterable[str | Path] = (), user: str = "") -> ComposeForm:
    """The e-mail message wizard, with these files attached and this user sending. Raises BadInput.

    In a practice company somebody who can send is chosen already.
    """
    form = ComposeForm(desk)
    form.attachments.show(*(composing.attachment_of(Path(file)) for file in attachments))
    if who := user or (composing.somebody_ready(desk.app) if desk.practice else None):
        form.senders.choose(who)
    return form


def open_for_edit(desk: Desk, source: Message | str | Path, *, user: str = "") -> ComposeForm:
    """The wizard filled in: with a message, a message of the outbox by its id, or a report (its folder, or one file).

    Raises Refused for a message that went out or may have, UnknownName, BadInput for a report without a PDF.
    """
    form = compose(desk, user=user)
    if isinstance(source, Message):
        form.fill(source)
    elif isinstance(source, Path) or Path(source).exists():
        form.attachments.show(*composing.report_of(Path(source)))
    else:
        form.message.show(form.reopen(composing.reopened(desk.app, source)))
    return form


def _subject(text: str) -> str:
    return header_text(text, "subject")
