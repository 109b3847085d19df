"""Who may: everybody's answer as a picture and a table, and the path of whoever is chosen, with since when it is so.

Law: a row is made when it is shown, so that a million users are looked at like ten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, overload

from ipywidgets import VBox

from ..audit.access import Access, Answer, Holder, Word
from ..audit.history import AccessChange
from ..interchange.reports.markup import tag
from ..usecases import auditing
from . import auditing as tables
from .display import Table
from .fields import Field, Kind
from .inquiry import Asked, Inquiry
from .paged import PagedTable, Row
from .pictures import Picture
from .shown import Shown, Tone, said

COLUMNS = ("user", "name", "decision", "by which path", "flags")
_DRAWN = 14
"""Reasons up to which a picture can be read."""


class Only(StrEnum):
    """Which answers are shown."""

    EVERYBODY = "everybody"
    HOLDERS = "those who may"
    CONFLICTS = "those whose roles contradict"
    UNKNOWN = "those of whom it is unknown"
    FLAGGED = "those with a flag: administrator, inactive, …"


ONLY: Mapping[Only, Callable[[Answer], bool]] = {
    Only.EVERYBODY: lambda answer: True,
    Only.HOLDERS: lambda answer: answer.decision is Word.ALLOW,
    Only.CONFLICTS: lambda answer: answer.conflict,
    Only.UNKNOWN: lambda answer: answer.decision is Word.UNKNOWN,
    Only.FLAGGED: lambda answer: bool(answer.flags),
}
"""TABLE: what an answer is for each choice."""


class Rows(Sequence[Row]):
    """The wanted answers as rows."""

    def __init__(self, access: Access, wanted: Callable[[Answer], bool]) -> None:
        self._access = access
        self._places = access.everybody.asking([wanted(answer) for answer in access.answers])

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, at: int) -> Row: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Row]: ...

    def __getitem__(self, at: int | slice) -> Row | Sequence[Row]:
        return (
            [self._row(place) for place in self._places[at]] if isinstance(at, slice) else self._row(self._places[at])
        )

    def _row(self, place: int) -> Row:
        one = _holder(self._access, place)
        return one.user_id, one.name, one.decision, one.reason, ", ".join(one.flags)


class WhoMayPanel:
    """The page."""

    def __init__(self, inquiry: Inquiry) -> None:
        self._inquiry = inquiry
        self.access: Access | None = None
        self.summary = Shown()
        self.summary.add_class("mailadmin-overview")
        self.only = Field("Show", Kind.CHOICE, Only.HOLDERS, choices=[(one, one) for one in Only])
        self.only.watch(self._list)
        self.table = PagedTable("Nobody was asked yet", COLUMNS, chosen=self._chosen, runner=inquiry.desk.runner)
        self.path = Shown()
        self.box = VBox([self.summary, self.only.box, self.table.box, self.path])

    def refresh(self) -> None:
        """Ask everybody."""

        def ask(asked: Asked) -> Access:
            return auditing.access(self._inquiry.desk.app, asked.key, at=asked.day, rule=asked.rule)

        self._inquiry.answer("Asking everybody", self._inquiry.asked, ask, self._show)

    def _show(self, access: Access) -> None:
        self.access = access
        self.summary.show(
            said(Tone.PLAIN, _counted(access)),
            *([said(Tone.WARNING, *access.notes)] if access.notes else []),
            drawn(access),
        )
        self.only.choose_from([(f"{only} ({access.count(wanted):,})", only) for only, wanted in ONLY.items()])
        self._list()

    def _list(self) -> None:
        if self.access is not None:
            self.path.show()
            title = f"{self.only.value}".partition(":")[0].capitalize()
            self.table.show(Rows(self.access, ONLY[self.only.value]), title)

    def _chosen(self, row: Row) -> None:
        self._inquiry.form.attempt(lambda: self.look_at(str(row[0])))

    def look_at(self, user: str) -> None:
        """Show the path of a user's answer; of today's also since when it is so, and by whose change."""
        access, asked = self.access, self._inquiry.asked()
        if access is None:
            return
        if asked.day is not None or asked.rule is not None:
            hint = "Since when is told of the answer now, by the site's rule."
            self._tell(_holder(access, list(access.everybody.user_ids).index(user)), said(Tone.HINT, hint))
            return

        def ask(asked: Asked) -> auditing.Since:
            return auditing.since(self._inquiry.desk.app, user, asked.key)

        def tell(found: auditing.Since) -> None:
            self._tell(found.holder, since(found.change))

        self._inquiry.answer("Walking the audit trail", self._inquiry.asked, ask, tell)

    def _tell(self, one: Holder, *since_when: Any) -> None:
        flags = f" ({', '.join(one.flags)})" if one.flags else ""
        rows = [(number, row) for number, row in enumerate(one.path, 1)]
        sentences = [f"{one.decision}, because: {one.reason}."]
        if one.conflict:
            sentences.append("Roles contradict each other: under the other rule it would be otherwise.")
        path = Table("Path of the decision, the deciding row last", ("step", "row"), rows)
        title = f"{one.user_id} {one.name}".strip() + flags
        self.path.show(tag("h4", title), said(Tone.PLAIN, *sentences), path, *since_when)


def _holder(access: Access, place: int) -> Holder:
    people = access.everybody
    return Holder(people.user_ids[place], people.names[place], *access.answers[people.codes[place]])


def _counted(access: Access) -> str:
    told = ", ".join(f"{count:,} {word}" for word, count in access.counts.items() if count)
    rule = f"{access.conflicts:,} of the answers depend on the rule where roles contradict, which is: {access.rule}."
    return f"{access.key}, as of {access.as_of[:10]}: {len(access):,} users; {told or 'nobody'}. {rule}"


def drawn(access: Access) -> Picture | Table:
    """How many users each reason concerns: a picture, or a table where there are too many reasons for one."""
    reasons = access.paths
    if len(reasons) <= _DRAWN:
        return tables.decisions(access)
    return Table(
        f"{len(reasons)} reasons, the most frequent first", ("reason", "users"), list(reasons.items())[:_DRAWN]
    )


def since(change: AccessChange | None) -> Any:
    """Since when an answer is what it is, and by whose change."""
    if change is None:
        return said(Tone.HINT, "No entry of the audit trail made it so.")
    before = f"{change.before}: {change.reason_before}" if change.before else change.reason_before
    told = (
        ("since", change.at.replace("T", " ").replace("+00:00", " UTC")),
        ("by the change of", change.actor),
        ("what was changed", change.what),
        ("before", before),
        ("entry of the audit trail", f"{change.seq}"),
        ("plan", change.plan_hash[:8]),
    )
    return Table("Since when, and by whose change", ("what", "which"), told)
