"""Signing a plan: the first eight digits of its hash, typed by whoever has seen it."""

from __future__ import annotations

from collections.abc import Callable

from ipywidgets import VBox

from ..interchange.reports.markup import tag
from ..migration.plan import Plan
from .fields import Field
from .shown import Shown


class Signature:
    """The digits to type, and the box for them. `changed` is called whenever something else stands in it."""

    def __init__(self, plan: Plan, changed: Callable[[], None] = lambda: None) -> None:
        self._plan = plan
        self.digits = Field("First eight digits", check=self._check)
        self.digits.watch(changed)
        told = tag("p", "The hash of the plan you have seen begins with ", tag("strong", plan.confirmation), ".")
        self.box = VBox([Shown(told, tag("p", "Type these eight digits as your signature.")), self.digits.box])

    @property
    def typed(self) -> str:
        """What was typed."""
        return str(self.digits.value).strip().lower()

    @property
    def right(self) -> bool:
        """Whether these are the digits; where none were typed, that is said at the field."""
        if not self.typed:
            self.digits.complain(f"Type {self._plan.confirmation}.")
        return self.typed == self._plan.confirmation

    def _check(self, _value: object) -> str:
        digits = self._plan.confirmation
        return "" if self.typed in {"", digits} else f"These are not the eight digits {digits}."
