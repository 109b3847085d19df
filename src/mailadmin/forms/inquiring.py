"""Audit: one question, and a page for everything an auditor wants to know about it, up to the report to hand over.

Law: a page asks when it is opened and whenever the question, or the store, is another one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from ipywidgets import Button, Widget

from ..interchange.reports.markup import tag
from .desk import Desk
from .evidence_panel import EvidencePanel
from .findings_panel import FindingsPanel
from .form import PRIMARY, QUIET, Form, row
from .history_panel import ChangesPanel, UsePanel
from .inquiry import Inquiry, Part
from .panels import Panel
from .reach_panel import ReachPanel
from .rights_panel import RightsPanel
from .shown import Shown
from .who_may_panel import WhoMayPanel
from .work import Stopped, Work


class Answering(Protocol):
    """What answers on a page."""

    box: Widget

    def refresh(self) -> None:
        """Ask, and show the answer."""


class Page(StrEnum):
    """The pages, in the order in which an auditor asks."""

    WHO_MAY = "Who may"
    REACH = "The other way round"
    CHANGES = "What changed"
    USE = "Who did"
    FINDINGS = "Findings"
    RIGHTS = "Rights in Exchange"
    REPORT = "Report"


class Made(NamedTuple):
    """How a page is made: what answers on it, which question that is, and the parts of it that count."""

    panel: Callable[[Inquiry], Answering]
    question: str
    parts: tuple[Part, ...]


PAGES: Mapping[Page, Made] = {
    Page.WHO_MAY: Made(WhoMayPanel, "Who may, and by which path?", tuple(Part)),
    Page.REACH: Made(ReachPanel, "What may one person do, and who may be behind an address?", ()),
    Page.CHANGES: Made(ChangesPanel, "Whose answer changed, when, and by whose change?", (Part.KEY,)),
    Page.USE: Made(UsePanel, "Who sent with another From, and was allowed to by what?", ()),
    Page.FINDINGS: Made(FindingsPanel, "What ought not to be so?", ()),
    Page.RIGHTS: Made(RightsPanel, "Does the mail system agree?", (Part.KEY,)),
    Page.REPORT: Made(EvidencePanel, "Write it down, to hand over", (Part.KEY, Part.DAY)),
}
"""TABLE: every page of the audit."""


class AuditForm(Form):
    """The pages, one at a time."""

    def __init__(self, desk: Desk) -> None:
        intro = f"Choose what you want to know; the answer follows, and every answer says why. {desk.words}"
        super().__init__("Audit: who may change From, and what ought not to be so", intro, runner=desk.runner)
        self.desk = desk
        self.inquiry = Inquiry(self, desk, self._asked)
        self.buttons = {page: self._button(page, made.question) for page, made in PAGES.items()}
        self.heading = Shown()
        self.content = Panel()
        self.page = Page.WHO_MAY
        self._next: Page | None = None
        self.panel: Answering
        self.lay_out(row(*self.buttons.values()), self.heading, self.inquiry.box, self.content.box)
        desk.watch(self.reread)
        self.open(self.page)

    def _button(self, page: Page, question: str) -> Button:
        button = Button(description=page, tooltip=question)
        button.add_class("mailadmin-button")
        button.on_click(lambda _: self.turn(page))
        return button

    def turn(self, page: Page) -> None:
        """Open a page; an answer that is still under way is not waited for."""
        if self.progress.running and self.inquiry.answering:
            self._next = page
            self.progress.stop.click()
        else:
            self.attempt(lambda: self.open(page))

    def work(self, work: Work, then: Callable[[Any], None], *, stoppable: bool = True) -> None:
        """Do long work beside the page; whoever turned the page meanwhile gets the page."""

        def go_on(found: Any) -> None:
            if self._next is None:
                then(found)
            else:
                self._turn()

        super().work(work, go_on, stoppable=stoppable)

    def failed(self, error: Exception) -> None:
        """Say what went wrong, unless it was stopped for another page."""
        if self._next is not None and isinstance(error, Stopped):
            self._turn()
        else:
            self._next = None
            super().failed(error)

    def _turn(self) -> None:
        page, self._next = self._next, None
        if page is not None:
            self.attempt(lambda: self.open(page))

    def open(self, page: Page) -> None:
        """Turn to a page."""
        made = PAGES[page]
        self.page = page
        for other, button in self.buttons.items():
            button.button_style = PRIMARY if other is page else QUIET
        self.message.show()
        self.heading.show(tag("h3", made.question))
        self.inquiry.show(made.parts)
        self.panel = made.panel(self.inquiry)
        self.content.put(self.panel.box)
        self.attempt(self.panel.refresh)

    def _asked(self) -> None:
        # An answer under way is asked for again when it comes, since the question is another one.
        if not self.progress.running:
            self.attempt(self.panel.refresh)

    def reread(self) -> None:
        """Look at the store again, after this form or another changed it."""
        self.inquiry.reread()
        self._asked()


def audit(desk: Desk) -> AuditForm:
    """The form in which an auditor asks, and from which the report is written."""
    return AuditForm(desk)
