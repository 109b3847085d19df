"""Sending a document by a portal: which one, to which contacts, and what came of it.

Law: it goes to contacts alone; they are chosen, and there is no field to type an address into.
"""

from __future__ import annotations

from typing import Any

from ipywidgets import VBox

from ..domain.portals import DOCUMENT_KINDS, PortalDocument
from ..errors import BadInput
from ..sandbox.portal_documents import Sample, as_pdf, documents_of
from ..usecases import portal
from ..usecases.portal import Letter
from ..usecases.sending import Sent
from .desk import Desk
from .fields import Choice, Field, Kind
from .form import PRIMARY, Form, columns, row
from .portal_contacts import ContactChoice
from .recipients import Part
from .results import result
from .shown import Shown, Tone
from .work import Step


class PortalSending(Form):
    """The form; where the portal's users cannot send, it says why and offers no button."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("Customer portal: send a document", desk.words, runner=desk.runner)
        self._desk = desk
        self._file: tuple[str, bytes] | None = None
        self.which = Field("Portal", Kind.CHOICE, choices=[("choose …", None)])
        self.which.watch(self._show)
        self.state = Shown()
        self.contacts = ContactChoice(desk, self._offer)
        self.sample = Field("Document", Kind.CHOICE, choices=[_OWN])
        self.sample.watch(self._turn)
        kinds = [(kind.one, name) for name, kind in DOCUMENT_KINDS.items()]
        self.kind = Field("Kind", Kind.CHOICE, "invoice", choices=kinds)
        self.number = Field("Number", hint="Without one it is the report: all of the kind at a glance.")
        self.upload = Field("PDF", Kind.FILES, hint="One file; it gets its name from kind and number.")
        self.upload.widget.accept, self.upload.widget.multiple = ".pdf", False
        self.upload.watch(self._take)
        self.own = VBox([columns(self.kind, self.number), self.upload.box])
        self.text = Field("Message", Kind.LONG_TEXT)
        self.text.widget.rows = 4
        self.text.widget.continuous_update = False
        self.send_button = self.button("Send", self.send, style=PRIMARY)
        self.check_button = self.button("Check without sending", self.check, tooltip="Decide everything, send nothing")
        buttons = row(self.send_button, self.check_button)
        self.parts = VBox([self.contacts.box, self.sample.box, self.own, self.text.box, buttons])
        page = Shown()
        page.say(Tone.HINT, *([f"As the portal's users see it: {_page(desk)}"] if desk.sandbox else []))
        self.lay_out(self.which, self.state, self.parts, page)
        desk.watch(self.reread)
        self._offer()
        self.reread()

    def reread(self) -> None:
        """Look at the portals again, after another form changed them."""
        found = portal.portals(self._desk.app)
        self.which.choose_from([("choose …", None), *((one.portal.code, one.portal.code) for one in found)])
        if self.which.value is None and found:
            self.which.value = next((one.portal.code for one in found if one.readiness.ready), found[0].portal.code)
        self._show()

    def _show(self) -> None:
        code = self.which.value
        missing = portal.standing(self._desk.app, code).readiness.missing if code else ()
        self.parts.layout.display = None if code and not missing else "none"
        if not code:
            self.state.say(Tone.HINT, "Choose a portal, or make one and save it.")
        elif missing:
            self.state.say(Tone.WARNING, f"The Email button is hidden: {', '.join(missing)} is missing.")
        else:
            self.state.show()

    def _offer(self) -> None:
        """Documents to choose from: in practice those that are made up, for the business partner chosen."""
        partner = self.contacts.partner.value
        samples = documents_of(partner) if partner and self._desk.practice is not None else []
        choices: list[Choice] = [(one.document.title, one) for one in samples]
        self.sample.choose_from([*choices, _OWN])
        if samples:
            self.sample.value = samples[0]
        self._turn()

    def _turn(self) -> None:
        self.sample.box.layout.display = None if len(self.sample.widget.options) > 1 else "none"
        self.own.layout.display = "none" if isinstance(self.sample.value, Sample) else None

    def _take(self) -> None:
        """Take the file over, so that no saved notebook holds it."""
        if not self.upload.value:
            return
        file = self.upload.value[0]
        self._file = str(file["name"]), bytes(file["content"])
        self.upload.value = ()
        self.upload.note.say(Tone.GOOD, f"{file['name']} is chosen.")

    def letter(self) -> Letter:
        """What is chosen and written. Raises BadInput, said at the field too."""
        partner = self.contacts.partner.value
        if partner is None:
            self.contacts.partner.complain("Choose a business partner first.")
            raise BadInput("There is no business partner yet.", remedy="Choose one, then its contacts.")
        chosen = self.sample.value
        if isinstance(chosen, Sample):
            document, content = chosen.document, as_pdf(partner, chosen)
        elif self._file is not None:
            document, content = PortalDocument(self.kind.value, self.number.value.strip()), self._file[1]
        else:
            self.upload.complain("Choose the PDF.")
            raise BadInput("There is no document yet.", remedy="Choose a PDF.")
        return Letter(
            to=self.contacts.of(Part.TO),
            cc=self.contacts.of(Part.CC),
            bcc=self.contacts.of(Part.BCC),
            subject=document.title,
            text=self.text.value or None,
            attachments=(portal.pdf(document, content),),
        )

    def send(self) -> None:
        """Send it now."""
        self._hand_over("Sending", dry_run=False)

    def check(self) -> None:
        """Decide everything as if it were sent, and send nothing."""
        self._hand_over("Checking", dry_run=True)

    def _hand_over(self, what: str, *, dry_run: bool) -> None:
        app, code, partner, letter = self._desk.app, self.which.value, self.contacts.partner.value, self.letter()

        def work(step: Step) -> Sent:
            step(what)
            return portal.send(app, code, partner, letter, dry_run=dry_run)

        self.work(work, lambda sent: self._told(sent, dry_run=dry_run), stoppable=False)

    def _told(self, sent: Any, *, dry_run: bool) -> None:
        if not dry_run:
            self.contacts.clear()
            self.text.value = ""
            self._file = None
            self.upload.clear()
        self.message.show(result(sent))
        self._desk.tell()


_OWN: Choice = ("a PDF of my own", None)


def _page(desk: Desk) -> str:
    return f"{desk.sandbox.page_url}portal" if desk.sandbox else ""


def portal_send(desk: Desk) -> PortalSending:
    """The form that sends a document to contacts of one business partner."""
    return PortalSending(desk)
