"""E-mail settings of the system and of each user, side by side with what is in force; validated account by account.

Laws: nothing is written before the plan that was shown is applied; what was saved can be undone.
"""

from __future__ import annotations

from typing import Any

from ipywidgets import VBox

from ..domain.preferences import SYSTEM
from ..errors import BadInput
from ..interchange.reports.markup import tag
from ..migration.draft import whom
from ..providers.ladder import Result
from ..resolution.explanation import reason
from ..resolution.provenance import Status
from ..storage.books import Run
from ..usecases import preferred, preferring
from ..usecases.preferred import Page
from ..usecases.validating import Validated, validate
from .desk import Desk
from .display import Table
from .drafting import DraftForm
from .form import PRIMARY, row
from .panels import Panel
from .people import PersonPicker
from .preference_panel import PreferencePanel
from .saving import Confirmation
from .shown import Shown, Tone, listed, said
from .work import Step


class UserSettingsForm(DraftForm):
    """The settings of whoever is picked; beneath them what is in force, and what validating showed."""

    def __init__(self, desk: Desk) -> None:
        intro = f"A user's own settings win over the system's. {desk.words}"
        super().__init__("E-mail settings of users", intro, runner=desk.runner)
        self.desk = desk
        self.user = SYSTEM
        self.person = PersonPicker("User", lambda user: self.attempt(lambda: self.turn(user)), desk)
        self.system_button = self.button("Settings of the system", lambda: self.turn(SYSTEM))
        self.heading = Shown()
        self.content = Panel()
        self.status, self.in_force, self.validated = Shown(), Shown(), Shown()
        self.save_button = self.button("Save …", self.save, style=PRIMARY, tooltip="Show the plan, then apply it")
        self.discard_button = self.button("Discard", self.discard, tooltip="Forget every change that is not saved")
        self.undo_button = self.button("Undo", self.undo, tooltip="Take back what was saved last")
        self.validate_button = self.button("Validate", self.validate, tooltip="Try this account; nothing is sent")
        self.everybody_button = self.button("Validate all users", self.validate_everybody)
        self.confirmation = Confirmation(self, self.apply, self.not_yet)
        buttons = (self.save_button, self.discard_button, self.undo_button)
        self.place = VBox([self.heading, self.content.box, self.status, row(*buttons)])
        said_here = VBox([self.confirmation.box, self.progress.box, self.message])
        self.lay_out(
            row(self.system_button),
            self.person.box,
            self.place,
            said_here,
            row(self.validate_button, self.everybody_button),
            self.validated,
            self.in_force,
        )
        # What comes of a press stands beneath the button, not at the foot of a long page.
        self.box.children = [part for part in self.box.children if part not in said_here.children]
        desk.watch(self.reread)
        self._begin()

    def turn(self, user: str) -> None:
        """Go to somebody's settings. Raises BadInput where changes are not saved."""
        if user == self.user:
            return
        if self.edits.operations:
            self.person.choice.value = None
            raise BadInput("There are changes that are not saved.", remedy="Save or discard them first.")
        if user == SYSTEM:
            self.person.choice.value = None
        self.user = user
        self.validated.show()
        self._begin()

    def _begin(self) -> None:
        self.edits = preferring.begin(self.desk.app, self.user)
        self.panel = PreferencePanel(self, self.desk, self.edits, self.user, self._changed)
        self.heading.show(tag("h3", f"Settings of {self.user}" if self.user else "Settings of the system"))
        self.content.put(self.panel.box)
        self._changed()

    def _changed(self) -> None:
        """The draft is another one."""
        self.confirmation.close()
        self.message.show()
        changes = len(self.edits.operations)
        self.save_button.disabled = self.discard_button.disabled = not changes
        self.undo_button.layout.display = None if self.last else "none"
        self.validate_button.layout.display = None if self.user else "none"
        self._show(preferred.page(self.desk.app, self.user, self.edits))

    def _show(self, page: Page) -> None:
        answer = page.answer
        self.panel.show(answer.service)
        if not self.user:
            self.in_force.show()
            return self.status.show()
        columns = ("setting", "system", self.user, "in force", "why")
        self.in_force.show(Table("System, user, and what is in force", columns, [line[1:] for line in page.lines]))
        ready = answer.status is Status.READY
        return self.status.show(
            said(Tone.GOOD, f"Ready: {page.lines[0].in_force}.")
            if ready
            else said(Tone.WARNING, f"Not ready: {reason(answer)}."),
            *_calendar(page),
        )

    def save(self) -> None:
        """Make the plan of the draft and show it. Raises BadInput where a field cannot stand."""
        if self.panel.problems:
            raise BadInput("A field cannot be saved as it is.", remedy="Mend what is marked, or discard it.")
        self.ask()

    def not_yet(self) -> None:
        """Leave the plan; the draft stays."""
        self.confirmation.close()
        self.say(Tone.HINT, "Nothing was written.")

    def saved(self, run: Run) -> None:
        """Begin anew on what is in the store now."""
        self._begin()
        super().saved(run)

    def discard(self) -> None:
        """Leave everything as it is in the store."""
        self._begin()
        self.say(Tone.GOOD, "The changes are forgotten; nothing was written.")

    def reread(self) -> None:
        """Look at the store again, after another form changed it; a draft is kept."""
        if not self.edits.operations:
            self._begin()

    def validate(self) -> None:
        """Try the account of whoever is picked, as it is saved. Raises BadInput with a draft open."""
        if self.edits.operations:
            raise BadInput("Save first: what is tried is what is saved.")
        self._validate(self.user)

    def validate_everybody(self) -> None:
        """Try everybody's account, as they are saved."""
        self._validate("")

    def _validate(self, user: str) -> None:
        app = self.desk.app

        def tried(step: Step) -> list[Validated]:
            return validate(app, user, progress=lambda done, of: step("Trying accounts", done, of))

        self.work(tried, self._show_validated)

    def _show_validated(self, found: list[Validated]) -> None:
        rows = [(f"{one.mark} {one.result}", whom(one.users), one.account, one.why, one.remedy) for one in found]
        bad = frozenset(place for place, one in enumerate(found) if one.result is Result.FAILED)
        title = f"{sum(len(one.users) for one in found):,} user(s) validated; nothing was sent"
        self.validated.show(Table(title, ("", "user", "account", "why", "what to do"), rows, bad))


def _calendar(page: Page) -> list[Any]:
    if page.calendar is None:
        return []
    if page.calendar.ready:
        return [said(Tone.GOOD, "Calendar: activities can be entered.", *page.calendar.warnings)]
    return [listed(Tone.HINT, "Calendar: activities cannot be entered. Needed:", page.calendar.missing)]


def user_settings(desk: Desk) -> UserSettingsForm:
    """The form of the system's and the users' e-mail settings."""
    return UserSettingsForm(desk)
