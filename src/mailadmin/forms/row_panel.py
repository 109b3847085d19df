"""A row of the site with the few fields people change by hand: a Cost Centre, branch, entity or web configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ipywidgets import VBox

from ..domain.organisation import is_global
from ..domain.services import COST_CENTRE_SERVICES
from ..errors import BadInput
from ..migration.editing import Place
from ..migration.edits import Edits
from ..usecases import editing
from .fields import Choice, Field, Kind
from .shown import Shown, Tone
from .site_tree import cost_centres

Asking = Callable[[Edits, Any], dict[str, Field]]
"""The fields for a row, by the name of what they change."""

_SERVICES: list[Choice] = [(str(kind), kind) for kind in COST_CENTRE_SERVICES]


def _cost_centre(_edits: Edits, row: Any) -> dict[str, Field]:
    default = Field(
        "Default service",
        Kind.CHOICE,
        row.default_service,
        choices=[("none", None), *_SERVICES],
        hint="Used where nobody names one. Without it, unattended mail is refused and a person has to choose.",
    )
    hint = "GLOBAL is always active." if is_global(row.code) else "An inactive Cost Centre is passed over."
    active = Field("Active", Kind.YES_NO, row.active, hint=hint, disabled=is_global(row.code))
    return {"description": Field("Description", value=row.description), "active": active, "default_service": default}


def _branch(edits: Edits, row: Any) -> dict[str, Field]:
    hint = "Asked first for whoever is at this branch."
    return {"cost_centre": _centre(edits, row, "none: ask the entity's", hint)}


def _entity(edits: Edits, row: Any) -> dict[str, Field]:
    hint = "Asked after the branch's, for every branch of this entity."
    return {"cost_centre": _centre(edits, row, "none: ask GLOBAL", hint)}


def _web_configuration(edits: Edits, row: Any) -> dict[str, Field]:
    hint = "Stands in GLOBAL's place for mail of this web configuration; branch and entity are asked before it."
    default = Field(
        "Default service",
        Kind.CHOICE,
        row.default_service,
        choices=[("none: as the Cost Centres say", None), *_SERVICES],
        hint="Goes before the default of every Cost Centre.",
    )
    return {"cost_centre": _centre(edits, row, "none: GLOBAL", hint), "default_service": default}


def _centre(edits: Edits, row: Any, nothing: str, hint: str) -> Field:
    choices = cost_centres(edits, nothing)
    if row.cost_centre and row.cost_centre not in {code for _, code in choices}:
        choices.append((f"{row.cost_centre} (there is none of that name)", row.cost_centre))
    return Field("Cost Centre", Kind.CHOICE, row.cost_centre, choices=choices, hint=hint)


ASKED: Mapping[str, Asking] = {
    "cost_centres": _cost_centre,
    "entities": _entity,
    "branches": _branch,
    "web_configurations": _web_configuration,
}
"""TABLE: the tables whose rows have a panel, and the fields on it."""


class RowPanel:
    """The fields of the row at a place; `changed` is called whenever the draft is another one."""

    def __init__(self, edits: Edits, place: Place, changed: Callable[[], None]) -> None:
        self._edits = edits
        self._tell = changed
        self.place = place
        self.fields = ASKED[place[0]](edits, edits.row(place))
        self.state = Shown()
        for field in self.fields.values():
            field.watch(self._take)
        self.box = VBox([*(field.box for field in self.fields.values()), self.state])

    def _take(self) -> None:
        row: Any = self._edits.row(self.place)
        try:
            wanted = editing.changed(row, **{name: field.value for name, field in self.fields.items()})
        except BadInput as error:
            self.state.say(Tone.ERROR, error.what)
            return
        self.state.show()
        self._edits.put(wanted)
        self._tell()
