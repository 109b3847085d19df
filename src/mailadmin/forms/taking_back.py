"""Taking a run back: a plan like any other, shown with its effects, confirmed by its hash, then done."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ipywidgets import VBox

from ..bootstrap import App
from ..errors import RollbackConflict
from ..migration.effects import Effects
from ..migration.plan import Plan
from ..storage.books import Run
from ..usecases import migrating
from . import display
from .fields import Field, Kind
from .form import DANGER, Form, row
from .panels import Panel
from .shown import Shown, Tone, of_error
from .signing import Signature
from .work import Step


class Reverse(NamedTuple):
    """A rollback and what it does."""

    plan: Plan
    effects: Effects


class TakingBack:
    """The buttons and what they show. `done` is called with the run that took the other one back."""

    def __init__(self, form: Form, app: App, run: Run, done: Callable[[Run], None]) -> None:
        self._form, self._app, self._run, self._done = form, app, run, done
        self.plan: Plan | None = None
        self.skip = Field("Leave rows alone that were changed since", Kind.YES_NO)
        self.signature: Signature | None = None
        self.look = form.button(f"Show what taking back run {run.run} does", self.show)
        self.panel = Panel()
        self.box = VBox([row(self.look), self.panel.box])

    def show(self) -> None:
        """Make the plan and show it with its effects; rows changed since are named, and may be left alone."""
        app, number, skip = self._app, self._run.run, bool(self.skip.value)

        def made(say: Step) -> Reverse | RollbackConflict:
            say("Planning")
            try:
                plan = migrating.plan_rollback(app, number, skip_conflicts=skip)
            except RollbackConflict as conflict:
                return conflict
            return Reverse(plan, migrating.effects(app, plan))

        self._form.work(made, self._show)

    def _show(self, found: Reverse | RollbackConflict) -> None:
        if isinstance(found, RollbackConflict):
            self.skip = Field("Leave rows alone that were changed since", Kind.YES_NO)
            return self.panel.put(Shown(of_error(found)), self.skip)
        self.plan = found.plan
        self.signature = Signature(found.plan)
        back = self._form.button("Take it back", self.apply, style=DANGER)
        shown = Shown(display.statuses(found.effects), display.effects(found.effects), display.plan(found.plan))
        return self.panel.put(shown, self.signature.box, row(back))

    def apply(self) -> None:
        """Carry out the rollback."""
        app, plan, signature = self._app, self.plan, self.signature
        if plan is None or signature is None or not signature.right:
            return self._form.say(Tone.ERROR, "Nothing was taken back: the digits are not there.")
        return self._form.work(lambda _say: migrating.apply(app, plan, signature.typed), self._done, stoppable=False)
