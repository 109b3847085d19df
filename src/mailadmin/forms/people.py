"""Picking a person out of however many: type a part of the id or the name, choose among the first who have it.

Law: the number of widgets does not grow with the people; a search among many runs beside the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ipywidgets import VBox

from ..audit.access import Everybody, Question
from ..domain.keys import match_key
from .fields import Choice, Field, Kind
from .shown import Shown, Tone
from .work import Progress, Runner, Step, in_background

OFFERED = 20
"""People to choose from at a time."""

_MANY = 20_000
"""People from whom on a search takes longer than a blink."""


def _anybody(_question: Question) -> bool:
    return True


class PersonPicker:
    """A search and the people it finds. `chosen` is called with a user id; only whoever is `wanted` is offered."""

    def __init__(
        self,
        label: str,
        chosen: Callable[[str], None],
        *,
        wanted: Callable[[Question], bool] = _anybody,
        runner: Runner = in_background,
    ) -> None:
        self._chosen = chosen
        self._wanted = wanted
        self._people = Everybody([], [], [], [])
        self.search = Field(f"Search {label.lower()}", hint="A part of the user id or of the name.")
        self.search.widget.continuous_update = False
        self.search.watch(self._search)
        self.choice = Field(label, Kind.CHOICE, choices=[("choose …", None)])
        self.choice.watch(self._choose)
        self.progress = Progress(runner)
        self.where = Shown()
        self.box = VBox([self.search.box, self.progress.box, self.choice.box, self.where])

    @property
    def value(self) -> str | None:
        """The user id chosen."""
        found: str | None = self.choice.value
        return found

    def show(self, people: Everybody) -> None:
        """Pick among these."""
        self._people = people
        self._search()

    def _search(self) -> None:
        wanted = match_key(self.search.value)

        def search(step: Step) -> list[Choice]:
            found = []
            for choice in self._matching(wanted, step):
                found.append(choice)
                if len(found) > OFFERED:
                    break
            return found

        if len(self._people) <= _MANY:
            self._offer(search(lambda *_: None))
        else:
            self.progress.run(search, self._offer, lambda _error: None)

    def _matching(self, wanted: str, step: Step) -> Iterator[Choice]:
        people = self._people
        may = [self._wanted(question) for question in people.questions]
        for number, (user_id, name, code) in enumerate(zip(people.user_ids, people.names, people.codes, strict=True)):
            if number % _MANY == 0 and number:
                step("Searching", number, len(people))
            if may[code] and (wanted in match_key(user_id) or wanted in match_key(name)):
                yield f"{user_id} {name}".strip(), user_id

    def _offer(self, found: Any) -> None:
        self.choice.choose_from([("choose …", None), *found[:OFFERED]])
        if not found:
            self.where.say(Tone.WARNING, "Nobody like that.")
        elif len(found) > OFFERED:
            self.where.say(Tone.HINT, f"The first {OFFERED} are offered: type more to narrow it down.")
        else:
            self.where.show()
        if len(found) == 1 and self.search.value:
            self.choice.value = found[0][1]

    def _choose(self) -> None:
        if self.choice.value is not None:
            self._chosen(self.choice.value)
