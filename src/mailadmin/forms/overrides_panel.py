"""Users' own values within one service of one Cost Centre: a grid of them, and the fields of the one looked at.

Laws: own values are given to active users who are not external, as only theirs count; values that do not count are
shown with the reason, so that they can be removed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..audit.access import Everybody
from ..domain.keys import match_key
from ..domain.organisation import without_overrides
from ..domain.services import FIELDS, Override, ServiceKind, Unit
from ..interchange.reports.markup import tag
from ..migration.editing import Place
from ..migration.edits import Edits, place_of
from .desk import Desk
from .form import DANGER, Form, row
from .paged import PagedTable
from .panels import Panel
from .people import PersonPicker
from .service_panel import ServicePanel
from .shown import Shown, Tone, said
from .verify_panel import VerifyPanel


class OverridesPanel:
    """The grid; `changed` is called whenever the draft is another one."""

    def __init__(
        self,
        form: Form,
        desk: Desk,
        edits: Edits,
        cost_centre: str,
        service: ServiceKind,
        people: Everybody,
        changed: Callable[[], None],
    ) -> None:
        self._form, self._desk, self._edits, self._tell = form, desk, edits, changed
        self._cost_centre, self._service = cost_centre, service
        self._people = people
        self._known = {match_key(user): number for number, user in enumerate(people.user_ids)}
        self._wanted = ""
        self.panel: ServicePanel | None = None
        self.content = Panel()
        self.box = self.content.box
        self.back()

    @property
    def problems(self) -> list[Any]:
        """The fields whose value cannot stand."""
        return self.panel.problems if self.panel else []

    def _rows(self) -> list[Override]:
        centre = match_key(self._cost_centre)
        rows: list[Override] = self._edits.rows("overrides")
        return [own for own in rows if own.service is self._service and match_key(own.cost_centre) == centre]

    def _line(self, own: Override) -> tuple[str, str, str, str]:
        units = {field.unit for field in FIELDS if getattr(own, field.name) is not None}
        number = self._known.get(match_key(own.user_id))
        if number is None:
            name, note = "", "there is no such user"
        else:
            asked = self._people.questions[self._people.codes[number]]
            name, barred = self._people.names[number], without_overrides(asked.active, asked.external)
            note = f"does not count: {barred}" if barred else ""
        if self._edits.is_changed(place_of(own)):
            note = "; ".join(filter(None, ("changed", note)))
        return own.user_id, name, ", ".join(unit for unit in Unit if unit in units), note

    def look_at(self, user: str) -> None:
        """Open the fields of one user, in the grid's place."""
        blank = Override(cost_centre=self._cost_centre, service=self._service, user_id=user)
        panel = self.panel = ServicePanel(self._desk, self._edits, blank, self._tell)
        place = panel.place
        heading = Shown(tag("h4", f"{user}: own values in {self._cost_centre}, {self._service}"))
        actor = f"Whatever is saved here is recorded in the audit trail as done by {self._desk.app.actor}."
        note = Shown(
            said(
                Tone.HINT,
                "A blank group of fields is the Cost Centre's; fields of one group are taken together.",
                actor,
            )
        )
        remove = self._form.button("Remove these own values", lambda: self.remove(place), style=DANGER)
        verify = VerifyPanel(self._form, self._desk, self._edits, self._cost_centre, self._service, user)
        back = self._form.button("Back to all users", self.back)
        self._wanted = self.table.search.value
        self.content.put(heading, note, panel.box, row(back, verify.button, remove), verify.shown)

    def back(self) -> None:
        """Show the grid, searched as it was left."""
        self.panel = None
        self.table = PagedTable(
            f"Users' own values in {self._cost_centre}, {self._service}",
            ("user", "name", "own", "note"),
            [self._line(own) for own in self._rows()],
            chosen=lambda chosen: self._form.attempt(lambda: self.look_at(str(chosen[0]))),
            runner=self._desk.runner,
        )
        self.table.search.value = self._wanted
        self.picker = PersonPicker(
            "User",
            lambda user: self._form.attempt(lambda: self.look_at(user)),
            wanted=lambda asked: not without_overrides(asked.active, asked.external),
            runner=self._desk.runner,
        )
        self.picker.show(self._people)
        self.content.put(self.table.box, Shown(tag("h4", "Give somebody own values")), self.picker.box)

    def remove(self, place: Place) -> None:
        """Take a user's own values away."""
        self._edits.remove(place)
        self.back()
        self._tell()
