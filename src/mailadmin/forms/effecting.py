"""What a plan does to everybody: as pictures, as a table to filter and search, and one by one field by field.

Law: a row is made when it is shown or searched, so a million users cost no more than a page of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

from ipywidgets import VBox

from ..migration.effects import Effects, SubjectEffect
from ..migration.kinds import KINDS, Kind, way
from ..resolution.explanation import reason
from ..resolution.provenance import Resolution, Status
from . import display, pictures
from .fields import Field
from .fields import Kind as Takes
from .form import row
from .paged import PagedTable, Row
from .pictures import Picture
from .shown import Shown
from .work import Runner

COLUMNS = ("who", "effect", "before", "after", "reason")


class Line(tuple[object, ...]):
    """A row of the table, which knows whom it is about."""

    subject: SubjectEffect

    @classmethod
    def of(cls, subject: SubjectEffect) -> Line:
        """The row of one user or web configuration."""
        why = "" if subject.after.status is Status.READY else reason(subject.after)
        name = subject.user_id or f"web configuration {subject.web_configuration}"
        line = cls((name, subject.kind, _told(subject.before), _told(subject.after), why))
        line.subject = subject
        return line


class Lines(Sequence[Line]):
    """The rows of one kind of effect, or of all."""

    def __init__(self, effects: Effects, kinds: Sequence[Kind], kind: Kind | None) -> None:
        self._effects, self._kinds = effects, kinds
        self._users = [place for place, its in enumerate(kinds) if kind in (None, its)]
        self._webs = [one for one in effects.web_configurations if kind in (None, one.kind)]

    def __len__(self) -> int:
        return len(self._users) + len(self._webs)

    @overload
    def __getitem__(self, place: int) -> Line: ...
    @overload
    def __getitem__(self, place: slice) -> list[Line]: ...
    def __getitem__(self, place: int | slice) -> Line | list[Line]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        place %= len(self)
        if place >= len(self._users):
            return Line.of(self._webs[place - len(self._users)])
        user = self._users[place]
        before, after = self._effects.before[user], self._effects.after[user]
        return Line.of(SubjectEffect(self._effects.after.people[user].user_id, "", self._kinds[user], before, after))


class Drawn:
    """Effects with what takes time worked out: the kind of each, and the pictures."""

    def __init__(self, effects: Effects) -> None:
        self.effects = effects
        self.kinds = effects.kinds()
        self.pictures: tuple[Picture, ...] = (pictures.effects_by_kind(effects), pictures.old_to_new(effects))


class Effecting:
    """The pictures, the filter, the table, and whoever is looked at."""

    def __init__(self, drawn: Drawn, runner: Runner) -> None:
        self._drawn = drawn
        counts = drawn.effects.summary()
        choices: list[tuple[str, Any]] = [(f"everybody ({sum(counts.values()):,})", None)]
        choices += [(f"{kind}: {meaning} ({counts[kind]:,})", kind) for kind, meaning in KINDS.items() if counts[kind]]
        first = next((kind for kind in (Kind.STOPS, Kind.NEEDS_INPUT) if counts[kind]), None)
        self.kind = Field("Show", Takes.CHOICE, first, choices=choices)
        self.kind.watch(self.filter)
        self.table = PagedTable("Effects", COLUMNS, (), chosen=self.look, runner=runner)
        self.one = Shown()
        self.box = VBox([row(*map(_drawn, drawn.pictures)), self.kind.box, self.table.box, self.one])
        self.filter()

    def filter(self) -> None:
        """Show the rows of the chosen kind."""
        self.one.show()
        self.table.show(Lines(self._drawn.effects, self._drawn.kinds, self.kind.value))

    def look(self, chosen: Row) -> None:
        """Show somebody field by field."""
        if isinstance(chosen, Line):
            self.one.show(display.field_by_field(chosen.subject))


def _drawn(picture: Picture) -> Shown:
    shown = Shown(picture)
    # As wide as it was drawn, narrower where the window is.
    shown.layout.flex = f"0 1 {picture.figure.get_size_inches()[0] * 96:.0f}px"
    return shown


def _told(answer: Resolution) -> str:
    return f"{way(answer)} {answer.status}".strip()
