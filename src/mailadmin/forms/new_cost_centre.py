"""A new Cost Centre: its code, which stays for ever, and what it is called."""

from __future__ import annotations

from collections.abc import Callable

from ipywidgets import VBox

from ..domain.keys import match_key
from ..domain.organisation import CostCentre
from ..migration.editing import Place
from ..migration.edits import Edits, place_of
from ..usecases import editing
from .fields import Field
from .form import Form, row


class NewCostCentre:
    """The fields; `added` is called with the place of a Cost Centre that was put into the draft."""

    def __init__(self, form: Form, edits: Edits, added: Callable[[Place], None]) -> None:
        self._edits, self._added = edits, added
        self.code = Field("Code", hint="Short, such as AKL. It cannot be changed later.", check=self._check)
        self.description = Field("Description")
        self.box = VBox([self.code.box, self.description.box, row(form.button("Add Cost Centre", self.add))])

    def _check(self, code: str) -> str:
        if any(match_key(known.code) == match_key(code) for known in self._edits.rows("cost_centres")):
            return "There is a Cost Centre of that code."
        return ""

    def add(self) -> None:
        """Put it into the draft. Raises BadInput for a code that cannot stand."""
        code = self.code.value.strip()
        if not code:
            self.code.complain("A Cost Centre needs a code.")
        elif self.code.validate():
            made = editing.changed(CostCentre(code="new"), code=code, description=self.description.value.strip())
            self._edits.put(made)
            self._added(place_of(made))
