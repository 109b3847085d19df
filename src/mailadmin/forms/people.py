"""Picking a person out of however many: type a part of the id or the name, choose among the first who have it.

Laws: the store is asked for as many people as are offered; a search among many runs beside the page, and what was typed
last is what is answered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ipywidgets import VBox

from ..errors import MailAdminError
from ..storage.directory import Listed
from ..usecases import picking
from .desk import Desk
from .fields import Field, Kind
from .shown import Shown, Tone, of_error, said
from .work import Progress, Step

OFFERED = 20
"""People to choose from at a time."""


class PersonPicker:
    """A search and the people it finds. `chosen` is called with a user id.

    With `for_overrides` only those are offered whose overrides would count.
    """

    def __init__(self, label: str, chosen: Callable[[str], None], desk: Desk, *, for_overrides: bool = False) -> None:
        self._chosen = chosen
        self._desk = desk
        self._for_overrides = for_overrides
        self._many = picking.are_many(desk.app)
        self.search = Field(f"Search {label.lower()}", hint="A part of the user id or of the name.")
        self.search.widget.continuous_update = False
        self.search.watch(self.look)
        self.choice = Field(label, Kind.CHOICE, choices=[("choose …", None)])
        self.choice.watch(self._choose)
        self.progress = Progress(desk.runner)
        self.where = Shown()
        self.box = VBox([self.search.box, self.progress.box, self.choice.box, self.where])
        self.look()

    @property
    def value(self) -> str | None:
        """The user id chosen."""
        found: str | None = self.choice.value
        return found

    def look(self) -> None:
        """Offer the people who are like what was typed."""
        wanted = self.search.value

        def find(step: Step) -> list[Listed]:
            step("Looking for people")
            return picking.people(self._desk.app, wanted, OFFERED + 1, for_overrides=self._for_overrides)

        def go_on(found: Any) -> None:
            if self.search.value == wanted:
                self._offer(found)
            else:
                self.look()

        if not (self._many and wanted.strip()):
            self._offer(find(lambda *_: None))
        elif not self.progress.running:
            self.progress.run(find, go_on, self._failed, stoppable=False)

    def _offer(self, found: list[Listed]) -> None:
        people = [(f"{one.user_id} {one.name}".strip(), one.user_id) for one in found]
        self.choice.choose_from([("choose …", None), *people[:OFFERED]])
        if not people:
            self.where.say(Tone.WARNING, "Nobody like that.")
        elif len(people) > OFFERED:
            self.where.say(Tone.HINT, f"The first {OFFERED} are offered: type more to narrow it down.")
        else:
            self.where.show()
        if len(people) == 1 and self.search.value:
            self.choice.value = people[0][1]

    def _failed(self, error: Exception) -> None:
        words = f"The search failed: {type(error).__name__}."
        self.where.show(of_error(error) if isinstance(error, MailAdminError) else said(Tone.ERROR, words))

    def _choose(self) -> None:
        if self.choice.value is not None:
            self._chosen(self.choice.value)
