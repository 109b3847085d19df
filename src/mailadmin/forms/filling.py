"""Filling what a migration leaves open: a field for each gap of a Cost Centre, a table of users for their secrets."""

from __future__ import annotations

from collections.abc import Iterator

from ipywidgets import VBox, Widget

from ..domain.profiles import Secret
from ..interchange.reports.markup import tag
from ..migration.draft import whom
from ..migration.gaps import Gap
from ..migration.plan import Plan
from ..usecases.filling import Entered, problem
from .display import Table
from .fields import Field, Kind
from .form import valid
from .paged import PagedTable, Row
from .panels import Panel, Part
from .shown import Shown, Tone, said
from .work import Runner

_COLUMNS = ("user", "service", "missing", "state")
_SHOWN = 6
"""Gaps of Cost Centres that have a field at once; the others are in the table."""


_TICKED = 8
"""Things for people to do that have a box of their own."""


class Filling:
    """Fields for the gaps; `entered` is what was entered so far, here or before."""

    def __init__(self, gaps: list[Gap], entered: Entered, runner: Runner) -> None:
        direct = [gap for gap in gaps if not gap.user][:_SHOWN]
        self._others = {_cells(gap): gap for gap in gaps if gap not in direct}
        self._kept = dict(entered)
        self.fields = {gap: field_of(gap, self._kept.get(gap)) for gap in direct}
        self.one = Panel()
        self.field: Field | None = None
        self.box = VBox(list(self._parts(runner)))

    def _parts(self, runner: Runner) -> Iterator[Widget]:
        heading = ""
        for gap, field in self.fields.items():
            if gap.name != heading:
                heading = gap.name
                yield Shown(tag("h4", f"Cost Centre {heading}"))
            yield field.box
        if self._others:
            yield Shown(
                tag("h4", "Users" if all(gap.user for gap in self._others.values()) else "Others"),
                said(Tone.HINT, "They cannot send by this service until it is entered, now or later."),
            )
            self.table = PagedTable("Secrets of users", _COLUMNS, chosen=self.look, runner=runner)
            self._list()
            yield self.table.box
            yield self.one.box

    def _list(self) -> None:
        self.table.show([(*cells, _state(self._kept.get(gap))) for cells, gap in self._others.items()])

    def look(self, row: Row) -> None:
        """Open the field of one user."""
        gap = self._others[str(row[0]), str(row[1]), str(row[2])]
        field = field_of(gap, self._kept.get(gap))

        def keep() -> None:
            if field.value is not None:
                self._kept[gap] = field.value
                self._list()

        field.watch(keep)
        self.field = field
        self.one.put(Shown(tag("h4", f"{row[0]}: {row[1]}")), field)

    @property
    def valid(self) -> bool:
        """Whether all that is entered will do; each field that will not says why."""
        return valid(self.fields.values())

    @property
    def entered(self) -> dict[Gap, str | Secret]:
        """What was entered, by gap; what is blank is left open."""
        typed = {gap: field.value for gap, field in self.fields.items() if field.value or not gap.secret}
        return {gap: value for gap, value in (self._kept | typed).items() if value}


def field_of(gap: Gap, entered: str | Secret | None) -> Field:
    """The field for a gap, with what was entered before; of a secret only that it was."""
    if gap.secret:
        return Field(
            gap.label, Kind.SECRET, hint="" if entered is None else "It is entered; leave it, or enter another."
        )
    if gap.choices:
        choices = [("leave it open", ""), *((one, one) for one in gap.choices)]
        return Field(gap.label, Kind.CHOICE, entered or "", choices=choices)
    return Field(gap.label, value=entered, check=lambda value: problem(gap, value) if value else "")


def check_list(plan: Plan) -> list[Part]:
    """What only people can do, to be ticked off; beyond some, as a table."""
    actions = plan.manual_actions
    if not actions:
        return []
    boxes = [
        Field(f"{one.who[:1].upper()}{one.who[1:]}: {one.what}", Kind.YES_NO, hint=_where(one.where, one.subjects))
        for one in actions[:_TICKED]
    ]
    rows = [(one.who, one.what, one.where, whom(one.subjects)) for one in actions[_TICKED:]]
    others = [Shown(Table("And this", ("who", "what", "where", "for"), rows))] if rows else []
    return [Shown(tag("h4", "Only people can do this; tick off what is done")), *boxes, *others]


def _where(where: str, subjects: tuple[str, ...]) -> str:
    return f"{where}. For {whom(subjects)}." if subjects else f"{where}."


def _cells(gap: Gap) -> tuple[str, str, str]:
    return gap.user or "everybody", gap.name.removesuffix(f" / {gap.user}"), gap.label


def _state(entered: object) -> str:
    return "blank" if entered is None else "entered"
