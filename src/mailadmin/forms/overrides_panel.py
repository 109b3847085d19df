"""Users' own values within one service of one Cost Centre: a grid of them, and the fields of the one looked at.

Laws: own values are given to active users who are not external, as only theirs count; values that do not count are
shown with the reason, so that they can be removed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..domain.keys import match_key
from ..domain.services import FIELDS, Override, ServiceKind, Unit
from ..interchange.reports.markup import tag
from ..migration.editing import Place
from ..migration.edits import Edits, place_of
from ..storage.directory import Owner
from ..usecases import composing, picking
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
        owners: Sequence[Owner],
        changed: Callable[[], None],
    ) -> None:
        self._form, self._desk, self._edits, self._tell = form, desk, edits, changed
        self._cost_centre, self._service = cost_centre, service
        self._owners = {match_key(owner.user_id): owner for owner in owners}
        self._wanted = ""
        self.panel: ServicePanel | None = None
        self.content = Panel()
        self.box = self.content.box
        self.back()

    @property
    def problems(self) -> list[Any]:
        """The fields whose value cannot stand."""
        return self.panel.problems if self.panel else []

    def _lines(self) -> list[Line]:
        """Everybody with own values, as the draft has them."""
        lines = {key: _line(owner) for key, owner in self._owners.items()}
        place = match_key(self._cost_centre), match_key(self._service)
        for operation in self._edits.operations:
            if operation.table != "overrides" or operation.key[:2] != place:
                continue
            user = operation.key[2]
            if operation.after is None:
                lines.pop(user, None)
            else:
                lines[user] = self._changed(user, operation.after)
        return [line for _, line in sorted(lines.items())]

    def _changed(self, user: str, own: Any) -> Line:
        given = tuple(field.name for field in FIELDS if getattr(own, field.name) is not None)
        owner = self._owners.get(user)
        if owner is None:
            person = composing.user(self._desk.app, user)
            owner = Owner(own.user_id, person.name if person else "", "", ())
        user_id, name, units, note = _line(owner._replace(fields=given))
        return user_id, name, units, "; ".join(filter(None, ("changed", note)))

    def look_at(self, user: str) -> None:
        """Open the fields of one user, in the grid's place."""
        blank = Override(cost_centre=self._cost_centre, service=self._service, user_id=user)
        if not self._edits.is_changed(place_of(blank)):
            self._edits.read(picking.own_values(self._desk.app, user))
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
            self._lines(),
            chosen=lambda chosen: self._form.attempt(lambda: self.look_at(str(chosen[0]))),
            runner=self._desk.runner,
        )
        self.table.search.value = self._wanted
        self.picker = PersonPicker(
            "User",
            lambda user: self._form.attempt(lambda: self.look_at(user)),
            self._desk,
            for_overrides=True,
        )
        self.content.put(self.table.box, Shown(tag("h4", "Give somebody own values")), self.picker.box)

    def remove(self, place: Place) -> None:
        """Take a user's own values away."""
        self._edits.remove(place)
        self.back()
        self._tell()


Line = tuple[str, str, str, str]


def _line(owner: Owner) -> Line:
    units = {field.unit for field in FIELDS if field.name in owner.fields}
    return owner.user_id, owner.name, ", ".join(unit for unit in Unit if unit in units), owner.note
