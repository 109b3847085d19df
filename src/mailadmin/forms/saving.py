"""A plan before it is applied: what it writes, whom it concerns, and the press that confirms it.

Law: what is applied is the very plan that was shown.
"""

from __future__ import annotations

from collections.abc import Callable

from ipywidgets import VBox

from ..interchange.reports.markup import tag
from ..migration.effects import Effects
from ..migration.kinds import Kind
from ..migration.plan import Plan
from . import display
from .effects_panel import told
from .form import DANGER, PRIMARY, Form, row
from .shown import Shown, Tone, said


class Confirmation:
    """Shows a plan; `apply` is called with it when somebody confirms, `leave` when not."""

    def __init__(self, form: Form, apply: Callable[[Plan], None], leave: Callable[[], None]) -> None:
        self.plan: Plan | None = None
        self._apply = apply
        self.shown = Shown()
        self.apply = form.button("Apply", self.confirm, style=PRIMARY)
        self.leave = form.button("Not yet", leave)
        self.box = VBox([self.shown, row(self.apply, self.leave)])
        self.close()

    def ask(self, plan: Plan, effects: Effects) -> None:
        """Show a plan and wait for the press."""
        self.plan = plan
        counts = effects.summary()
        alarming = counts[Kind.STOPS] or counts[Kind.NEEDS_INPUT]
        back = f" It takes back run {plan.reverses}." if plan.reverses is not None else ""
        intro = said(Tone.PLAIN, f"This is plan {plan.confirmation}.{back} Nothing is written until you apply it.")
        findings = [said(Tone.WARNING, finding.what, finding.remedy) for finding in plan.findings]
        self.shown.show(tag("h3", "Save?"), intro, display.operations(plan), *findings, *told(effects))
        self.apply.description = f"Apply plan {plan.confirmation}"
        self.apply.button_style = DANGER if alarming else PRIMARY
        self.box.layout.display = None

    def confirm(self) -> None:
        """Apply what was shown."""
        if self.plan is not None:
            self._apply(self.plan)

    def close(self) -> None:
        """Take the question away."""
        self.plan = None
        self.box.layout.display = "none"
