"""A form whose changes are a draft: its plan is shown, applied when somebody confirms it, and can be taken back.

Law: what is applied is what was shown, and all of it; a draft that went on meanwhile is never saved or lost by it.
"""

from __future__ import annotations

from ipywidgets import VBox

from ..errors import BadInput
from ..migration.edits import Edits
from ..migration.effects import Effects
from ..migration.plan import Plan
from ..storage.books import Run
from ..usecases import editing, migrating
from ..usecases.editing import Basis
from .desk import Desk
from .form import Form
from .saving import Confirmation
from .shown import Tone
from .work import Step


class DraftForm(Form):
    """What such forms have in common. `edits` is the draft, `place` what it is made in, `last` the run just made."""

    desk: Desk
    edits: Edits
    place: VBox
    confirmation: Confirmation
    last: Run | None = None

    def basis(self) -> Basis:
        """What effects are compared with."""
        return editing.basis(self.desk.app)

    def ask(self) -> None:
        """Make the plan of the draft and show it."""
        edits = self.edits

        def planned(step: Step) -> tuple[Plan, Effects]:
            step("Working out the plan")
            on = self.basis()
            plan = editing.plan(self.desk.app, edits, on)
            return plan, editing.effects(plan.operations, on)

        self.work(planned, self._ask)

    def show_plan(self, plan: Plan, effects: Effects) -> None:
        """Show a plan, and wait for the press."""
        self.confirmation.ask(plan, effects)

    def _ask(self, found: tuple[Plan, Effects]) -> None:
        self._check_current(found[0])
        self.show_plan(*found)

    def _check_current(self, plan: Plan) -> None:
        """Raises BadInput where the draft went on while its plan was made: what is shown is all that is saved."""
        if plan.reverses is None and list(plan.operations) != list(self.edits.operations):
            raise BadInput("The draft was changed meanwhile.", remedy="Press Save again.")

    def apply(self, plan: Plan) -> None:
        """Carry the plan out, and begin a new draft."""
        self._check_current(plan)
        edits = self.edits
        # What is typed meanwhile would go with the draft that is being saved.
        self.place.layout.visibility = "hidden"
        self.work(lambda _step: editing.save(self.desk.app, edits, plan), self._saved, stoppable=False)

    def _saved(self, run: Run) -> None:
        self.last = run if run.reverses is None else None
        self.place.layout.visibility = None
        self.edits.discard()
        self.desk.tell()
        self.saved(run)

    def saved(self, run: Run) -> None:
        """Say what was done."""
        done = f"Run {run.reverses} is taken back" if run.reverses is not None else "Saved"
        undo = " Undo takes it back." if self.last else ""
        self.say(Tone.GOOD, f"{done}: run {run.run}, recorded as done by {self.desk.app.actor}.{undo}")

    def failed(self, error: Exception) -> None:
        """Say what went wrong; the draft stays as it is."""
        self.place.layout.visibility = None
        super().failed(error)

    def undo(self) -> None:
        """Make the plan that takes the last run back and show it. Raises BadInput with a draft open."""
        if self.last is None:
            raise BadInput("Nothing was saved here that could be taken back.")
        if self.edits.operations:
            raise BadInput("There are changes that are not saved.", remedy="Save or discard them first.")
        run = self.last.run

        def planned(_step: Step) -> tuple[Plan, Effects]:
            plan = migrating.plan_rollback(self.desk.app, run)
            return plan, editing.effects(plan.operations, self.basis())

        self.work(planned, self._ask)
