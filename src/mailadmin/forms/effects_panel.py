"""What a draft changes, and for whom: kept up while it is edited, beside the fields.

Law: it is computed beside the page, the newest draft last; for more people than that takes, on a press.
"""

from __future__ import annotations

from threading import Lock
from typing import Any

from ipywidgets import Button, VBox

from ..domain.governed import name_of
from ..domain.keys import visible
from ..errors import MailAdminError
from ..interchange.reports.markup import tag
from ..migration.draft import whom
from ..migration.edits import Edits
from ..migration.effects import Effects
from ..migration.kinds import KINDS, Kind
from ..migration.operations import Operation
from ..usecases import editing
from ..usecases.editing import Basis
from .desk import Desk
from .display import Table
from .shown import Shown, Tone, listed, of_error, said
from .work import Progress

LIVE = 20_000
"""Users up to whom effects follow every change."""

_NAMED = 8
"""Changed rows named one by one."""


class EffectsPanel:
    """The changes of a draft and their effects."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = Lock()
        self._busy = False
        self._wanted: tuple[Operation, ...] = ()
        self._basis: Basis | None = None
        self.changes = Shown()
        self.effects = Shown()
        self.progress = Progress(desk.runner)
        self.press = Button(description="Show effects", tooltip="Work out what these changes do, and to whom")
        self.press.add_class("mailadmin-button")
        self.press.on_click(lambda _: self.compute())
        heading = Shown(tag("h3", "What this changes, for whom"))
        self.box = VBox([heading, self.changes, self.press, self.progress.box, self.effects])
        self.follow(Edits({}))

    def follow(self, edits: Edits) -> None:
        """Show what this draft changes."""
        self._wanted = edits.operations
        self.changes.show(_listed(self._wanted))
        large = edits.users > LIVE
        self.press.layout.display = None if large and self._wanted else "none"
        if not self._wanted:
            self.effects.show()
        elif large:
            self.effects.say(Tone.HINT, f"{edits.users:,} users: press Show effects to work it out.")
        else:
            self._follow_quietly()

    def compute(self) -> None:
        """Work the effects out with a bar; for many people."""
        wanted = self._wanted
        self.progress.run(lambda _step: self._of(wanted), self._show, self._failed)

    def _follow_quietly(self) -> None:
        with self._lock:
            if self._busy:
                return
            self._busy = True
        self._desk.runner(self._until_newest)

    def _until_newest(self) -> None:
        while True:
            wanted = self._wanted
            try:
                self.effects.show(*(told(self._of(wanted)) if wanted else ()))
            except Exception as error:
                self._failed(error)
            with self._lock:
                if wanted is self._wanted:
                    self._busy = False
                    return

    def basis(self) -> Basis:
        """The store as it is, read again only where somebody wrote to it."""
        self._basis = editing.basis(self._desk.app, self._basis)
        return self._basis

    def _of(self, operations: tuple[Operation, ...]) -> Effects:
        return editing.effects(operations, self.basis())

    def _show(self, effects: Any) -> None:
        self.effects.show(*told(effects))

    def _failed(self, error: Exception) -> None:
        words = f"The effects could not be worked out: {type(error).__name__}."
        self.effects.show(of_error(error) if isinstance(error, MailAdminError) else said(Tone.ERROR, words))


def _listed(operations: tuple[Operation, ...]) -> str:
    if not operations:
        return said(Tone.HINT, "Nothing is changed yet.")
    names = [_named(operation) for operation in operations[:_NAMED]]
    more = [f"and {len(operations) - _NAMED} more"] if len(operations) > _NAMED else []
    return listed(Tone.WARNING, f"{counted(len(operations))} not saved.", [*map(visible, names), *more])


def _named(operation: Operation) -> str:
    """A changed row, and where it was there before, what of it is changed."""
    table, columns = operation.table.replace("_", " "), [change.column for change in operation.changes()]
    what = f": {', '.join(columns).replace('_', ' ')}" if operation.kind == "change" else ""
    return f"{operation.kind} {table} {name_of(operation.row)}{what}"


def counted(changes: int) -> str:
    """So many changes, in words."""
    return "1 change" if changes == 1 else f"{changes} changes"


def told(effects: Effects) -> list[object]:
    """Effects in short: how many of each kind, who the first of them are, and how many nothing changes for."""
    named: dict[Kind, list[str]] = {}
    for kind, user_id in zip(effects.kinds(), effects.after.people.user_ids, strict=True):
        named.setdefault(kind, []).append(user_id)
    for subject in effects.web_configurations:
        named.setdefault(subject.kind, []).append(f"web configuration {subject.web_configuration}")
    same = named.pop(Kind.SAME, [])
    rows = [(kind, len(named[kind]), whom(named[kind]), KINDS[kind]) for kind in KINDS if kind in named]
    alarming = frozenset(i for i, row in enumerate(rows) if row[0] in {Kind.STOPS, Kind.NEEDS_INPUT})
    if not rows:
        return [said(Tone.GOOD, "Nobody's mail goes out differently.")]
    rest = said(Tone.HINT, f"For {len(same):,} users and web configurations nothing changes.")
    return [Table("Effects", ("effect", "count", "for", "meaning"), rows, alarming), rest]
