"""The other way round: all that one person may, or all who may be behind a From address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ipywidgets import VBox

from ..errors import BadInput
from ..usecases import reaching
from ..usecases.reaching import Reach
from .fields import Field
from .form import PRIMARY, row
from .inquiry import Inquiry
from .paged import PagedTable
from .panels import Panel
from .people import PersonPicker
from .shown import Shown, Tone, said

COLUMNS = ("what", "which", "answer", "why")


class Who(NamedTuple):
    """Who is asked about: a person by user id, or an address."""

    name: str
    is_address: bool


class ReachPanel:
    """The page."""

    def __init__(self, inquiry: Inquiry) -> None:
        self._inquiry = inquiry
        self._who: Who | None = None
        form = inquiry.form
        self.person = PersonPicker("Person", lambda user: form.attempt(lambda: self.of_user(user)), inquiry.desk)
        self.address = Field(
            "or a From address", hint="Everybody who sends as it, or may. Such as lending@kowhai.example."
        )
        self.address.widget.continuous_update = False
        self.show_button = form.button("Show who may send as it", self.of_address, style=PRIMARY)
        self.result = Panel()
        self.box = VBox([self.person.box, self.address.box, row(self.show_button), self.result.box])

    def refresh(self) -> None:
        """Ask again."""
        self.person.look()
        if self._who is not None:
            self._ask()

    def of_user(self, user: str) -> None:
        """Show everything a person may."""
        self._who = Who(user, is_address=False)
        self._ask()

    def of_address(self) -> None:
        """Show everybody who may be behind the address. Raises BadInput where it is none."""
        address = str(self.address.value).strip()
        if "@" not in address:
            self.address.complain("An address has an @ in it.")
            raise BadInput("This is no From address.", remedy="Enter a whole one, or pick a person.")
        self.address.clear()
        self._who = Who(address, is_address=True)
        self._ask()

    def _ask(self) -> None:
        app, exports = self._inquiry.desk.app, dict(self._inquiry.exports)

        def ask(who: Who | None) -> Sequence[Reach]:
            if who is None:
                return ()
            return reaching.of_address(app, who.name, exports) if who.is_address else reaching.of_user(app, who.name)

        self._inquiry.answer("Looking the other way round", lambda: self._who, ask, self._show)

    def _show(self, found: Sequence[Reach]) -> None:
        if self._who is None:
            return
        who, is_address = self._who
        if not found:
            self.result.put(Shown(said(Tone.WARNING, f"Nobody sends as {who}, and nobody may.")))
            return
        about = f"Everybody who may be behind {who}" if is_address else f"All that {who} may"
        hint = [Shown(said(Tone.HINT, _NO_EXPORTS))] if is_address and not self._inquiry.exports else []
        table = PagedTable(f"{about}: {len(found):,}", COLUMNS, found, runner=self._inquiry.desk.runner)
        self.result.put(table.box, *hint)


_NO_EXPORTS = "Rights in Exchange are not among them: hand exports in on the page Rights in Exchange."
