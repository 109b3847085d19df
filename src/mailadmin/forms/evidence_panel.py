"""The report to hand over: written to a folder, checked whenever somebody asks, sent as an e-mail.

Law: it is written when all of it is drawn, so that what is stopped leaves nothing behind.
"""

from __future__ import annotations

import re
from pathlib import Path

from ipywidgets import VBox

from ..errors import BadInput
from ..interchange.reports.evidence import MANIFEST
from ..interchange.reports.wording import day
from ..usecases import inspecting, reporting
from ..usecases.inspecting import Inspected
from ..usecases.reporting import Written
from .attaching import size
from .composing import ComposeForm, open_for_edit
from .display import Table
from .fields import Field
from .form import PRIMARY, row
from .inquiry import Inquiry
from .panels import Panel
from .shown import Shown, Tone, folded, framed, said
from .work import Step

MEANINGS = {
    ".html": "a page, for reading and printing",
    ".pdf": "the same on paper",
    ".xlsx": "every table, for Excel",
    ".json": "every answer, for programs",
}
"""What each kind of file is for."""


_SHOWN = 4_000_000
"""Bytes of a page that is shown here; a connection to a page takes 10 MiB at once."""


class EvidencePanel:
    """The page."""

    def __init__(self, inquiry: Inquiry) -> None:
        self._inquiry = inquiry
        self.editor: ComposeForm | None = None
        self.folder = Field("Folder", value=f"audit-{inquiry.today}", hint="A new one, or one with an earlier report.")
        self.folder.widget.continuous_update = False
        form = inquiry.form
        self.write_button = form.button("Write the report", self.write, style=PRIMARY)
        self.verify_button = form.button(
            "Verify the report", self.verify, tooltip="Check that nothing was altered since"
        )
        self.mail_button = form.button("Email PDF", self.mail, tooltip="Open a message with the PDF attached")
        self.look_button = form.button("Look at it", self.look, tooltip="Show the page of the report here")
        self.written = Shown()
        self.page = Shown()
        self.page.add_class("mailadmin-report")
        self.message = Panel()
        intro = said(Tone.PLAIN, _INTRO)
        buttons = row(self.write_button, self.look_button, self.verify_button, self.mail_button)
        self.box = VBox([Shown(intro), self.folder.box, buttons, self.written, self.page, self.message.box])

    def refresh(self) -> None:
        """Nothing is asked before somebody presses."""

    @property
    def place(self) -> Path:
        """The folder. Raises BadInput where none is named."""
        if not (named := str(self.folder.value).strip()):
            self.folder.complain("Name a folder.")
            raise BadInput("No folder is named.", remedy="Name a new one, such as audit-2026-11.")
        return Path(named).expanduser()

    def write(self) -> None:
        """Write the report, whole or not at all."""
        app, place, asked, today = self._inquiry.desk.app, self.place, self._inquiry.asked(), self._inquiry.today
        exports = dict(self._inquiry.exports)

        def work(step: Step) -> Written:
            def tell(stage: str) -> None:
                step(stage)

            return reporting.write_audit_report(app, place, asked.key, as_of=today, rights=exports, progress=tell)

        self._inquiry.form.work(work, self._written)

    def _written(self, found: Written) -> None:
        folder = found.files[0].parent.resolve()
        tables = [file.name for file in found.files if file.suffix == ".csv"]
        rows = [_told(file) for file in found.files if file.name not in tables]
        notes = [said(Tone.HINT, *found.notes)] if found.notes else []
        shown = Table(f"In {folder}", ("file", "size", "what it is for"), rows)
        self.written.show(shown, folded(f"{len(tables)} tables as CSV", ", ".join(tables)), *notes)
        self.page.show()
        self._inquiry.form.say(Tone.GOOD, f"The report is written: {folder}")

    def look(self) -> None:
        """Show the page of the report. Raises BadInput where there is none, or where it is too large for that."""
        file = self._report() / "audit.html"
        if not file.is_file():
            raise BadInput(f"There is no page in {file.parent}.", remedy="Write the report first.")
        if file.stat().st_size > _SHOWN:
            raise BadInput(f"The page holds more than {size(_SHOWN)}.", remedy=f"Open it in a browser: {file}")
        # Nothing runs in a frame, and a browser complains of whatever would.
        page = re.sub(r"<script\b.*?</script>", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        self.page.show(framed(page, "The report"))

    def verify(self) -> None:
        """Check that nothing of the report was altered, added or taken away."""
        app, place = self._inquiry.desk.app, self.place
        self._inquiry.form.work(lambda _step: inspecting.verify_report(app, place), self._verified)

    def _verified(self, found: Inspected) -> None:
        words = [f"{found.files} files, as they were made. {found.evidence.mark}"]
        self._inquiry.form.say(Tone.GOOD, *words, *([] if found.sealed else [f"Note: {reporting.NO_KEY}"]))

    def _report(self) -> Path:
        if not (place := self.place).is_dir():
            raise BadInput(f"There is no report in {place}.", remedy="Write it first.")
        return place

    def mail(self) -> None:
        """Open a message with the PDF attached. Raises BadInput where there is none."""
        self.editor = open_for_edit(self._inquiry.desk, self._report())
        self.editor.subject.value = f"E-mail permission audit as of {day(self._inquiry.today)}"
        self.page.show()
        self.message.put(self.editor.box)
        self._inquiry.form.say(Tone.GOOD, "The message is open above, with the PDF attached.")


def _told(file: Path) -> tuple[str, ...]:
    meaning = "shows every alteration" if file.name == MANIFEST else MEANINGS.get(file.suffix, "")
    return file.name, size(file.stat().st_size), meaning


_INTRO = (
    "Everything that was asked here, as a page, a PDF, a workbook, CSV and JSON, with a manifest that shows every "
    "alteration. It is by the site's own rule."
)
