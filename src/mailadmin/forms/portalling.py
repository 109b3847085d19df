"""A customer portal's Email Setup page: its settings, and whether its users can send.

Law: nothing is written before *Save*, and what was saved can be undone.
"""

from __future__ import annotations

from ..domain.keys import match_key
from ..domain.portals import Portal
from ..errors import BadInput
from ..migration.plan import Plan
from ..storage.books import Run
from ..usecases import editing, migrating
from . import display
from .desk import Desk
from .fields import Field
from .fields import Kind as Takes
from .form import PRIMARY, Form, columns, row
from .panels import Panel
from .portal_setup import EmailSetup
from .shown import Shown, Tone, said
from .work import Step


class PortalForm(Form):
    """The portals of a store, one at a time."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("Customer portal: Email Setup", desk.words, runner=desk.runner)
        self.desk = desk
        self.edits = editing.begin(desk.app)
        self.last: Run | None = None
        self.setup: EmailSetup | None = None
        self.which = Field("Portal", Takes.CHOICE, choices=self._portals())
        self.which.watch(self._choose)
        self.new_code = Field("New portal", hint="Its code, such as CUST.")
        self.new_code.widget.continuous_update = False
        self.new_button = self.button("Add portal", self.add)
        self.content = Panel()
        self.save_button = self.button("Save", self.save, style=PRIMARY, tooltip="Write the changes, as one run")
        self.discard_button = self.button("Discard", self.discard, tooltip="Forget every change that is not saved")
        self.undo_button = self.button("Undo", self.undo, tooltip="Take back what was saved last")
        self.buttons = row(self.save_button, self.discard_button, self.undo_button)
        self.lay_out(
            columns(self.which, self.new_code, self.new_button),
            self.content.box,
            self.buttons,
        )
        desk.watch(self.reread)
        codes = [code for _, code in self.which.widget.options]
        self.which.value = next((code for code in codes if isinstance(code, str)), None)
        self._choose()

    def _portals(self) -> list[tuple[str, str | None]]:
        rows: list[Portal] = self.edits.rows("portals")
        return [("choose …", None), *((portal.code, portal.code) for portal in rows)]

    @property
    def code(self) -> str | None:
        """The portal that is looked at."""
        found: str | None = self.which.value
        return found

    def add(self) -> None:
        """A new portal, in the draft. Raises BadInput."""
        code = self.new_code.value.strip()
        if not code:
            return self.new_code.complain("Type the portal's code first.")
        if any(match_key(row.code) == match_key(code) for row in self.edits.rows("portals")):
            return self.new_code.complain("There is a portal of that code.")
        self.edits.put(editing.changed(Portal(code="new"), code=code))
        self.new_code.value = ""
        self.which.choose_from(self._portals())
        self.which.value = code
        return self._changed()

    def _choose(self) -> None:
        code = self.code
        rows: list[Portal] = self.edits.rows("portals")
        found = next((portal for portal in rows if portal.code == code), None)
        self.setup = EmailSetup(self, self.desk, self.edits, found, self._changed) if found else None
        nothing = Shown(said(Tone.HINT, "Choose a portal, or add one."))
        self.content.put(self.setup.box if self.setup else nothing)
        self._changed()

    def _changed(self) -> None:
        changes = len(self.edits.operations)
        self.save_button.disabled = self.discard_button.disabled = not changes
        self.undo_button.layout.display = None if self.last else "none"

    def save(self) -> None:
        """Write the draft as one run. Raises BadInput where a field cannot stand."""
        if self.setup is not None and self.setup.problems:
            raise BadInput("A field cannot be saved as it is.", remedy="Mend what is marked, or discard it.")
        edits = self.edits

        def saved(step: Step) -> tuple[Plan, Run]:
            step("Saving")
            plan = editing.plan(self.desk.app, edits, editing.basis(self.desk.app))
            return plan, editing.save(self.desk.app, edits, plan)

        self.work(saved, self._saved, stoppable=False)

    def _saved(self, found: tuple[Plan, Run]) -> None:
        plan, run = found
        self.last = run if run.reverses is None else None
        self.desk.tell()
        self._begin()
        back = f"Run {run.reverses} is taken back" if run.reverses is not None else "Saved"
        undo = " Undo takes it back." if self.last else ""
        self.message.show(said(Tone.GOOD, f"{back}: run {run.run}.{undo}"), display.operations(plan))

    def undo(self) -> None:
        """Take back what was saved last. Raises BadInput with a draft open."""
        if self.last is None:
            raise BadInput("Nothing was saved here that could be taken back.")
        if self.edits.operations:
            raise BadInput("There are changes that are not saved.", remedy="Save or discard them first.")
        number = self.last.run

        def undone(step: Step) -> tuple[Plan, Run]:
            step("Taking it back")
            plan = migrating.plan_rollback(self.desk.app, number)
            return plan, migrating.apply(self.desk.app, plan, plan.confirmation)

        self.work(undone, self._saved, stoppable=False)

    def discard(self) -> None:
        """Leave everything as it is in the store."""
        self._begin()
        self.say(Tone.GOOD, "The changes are forgotten; nothing was written.")

    def reread(self) -> None:
        """Look at the store again, after another form changed it; a draft is kept."""
        now = editing.begin(self.desk.app)
        if not self.edits.operations and now.standing_rows("portals") != self.edits.standing_rows("portals"):
            self._begin()

    def _begin(self) -> None:
        self.edits = editing.begin(self.desk.app)
        self.which.choose_from(self._portals())
        self._choose()


def portal(desk: Desk) -> PortalForm:
    """The form of the customer portals' settings."""
    return PortalForm(desk)
