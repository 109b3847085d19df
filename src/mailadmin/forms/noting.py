"""Noting by hand what is on the old screens, for sites that have no export: screen by screen, or as pasted tables."""

from __future__ import annotations

from ipywidgets import VBox

from ..errors import SourceRejected
from ..migration.content import TABLES
from ..usecases.noting import Noted, Notes
from .display import Table
from .fields import Field, Kind
from .form import Form, row
from .panels import Panel
from .pasting import Pasting
from .screens import SCREENS, Screen, ScreenForm, row_of
from .shown import Shown, Tone

_PASTE = "Paste a table from Excel"


class Noting:
    """The screens, one at a time, and what is noted so far. It stays here until a snapshot is taken of it."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self.notes = Notes()
        self._before: list[Notes] = []
        choices = [(screen.title, screen) for screen in SCREENS]
        self.screen = Field("Screen", Kind.CHOICE, SCREENS[0], choices=[*choices, (_PASTE, None)])
        self.screen.watch(self.open)
        self.noted = Field("Noted already", Kind.CHOICE, "", choices=[("a new one", "")])
        self.noted.watch(self.fill)
        self.panel = Panel()
        self.typed: ScreenForm | None = None
        self.pasting: Pasting | None = None
        self.summary = Shown()
        self.undo = form.button("Undo", self.undone, tooltip="Take back what was noted last")
        self.undo.disabled = True
        self.box = VBox([self.screen.box, self.panel.box, self.summary, row(self.undo)])
        self.open()
        self._sum_up()

    def open(self) -> None:
        """Show the screen that is chosen."""
        screen = self.screen.value
        self.typed = self.pasting = None
        if screen is None:
            self.pasting = Pasting(self._form, lambda: self.notes, self.take)
            self.panel.put(self.pasting.box)
            return
        self.typed = ScreenForm(screen)
        note = self._form.button("Note this screen", self.note)
        if _has_keys(screen):
            self.noted = Field("Noted already", Kind.CHOICE, "", choices=self._keys(screen))
            self.noted.watch(self.fill)
            self.panel.put(self.noted, self.typed.box, row(note))
        else:
            self.typed.show(row_of(self.notes, screen, ""))
            self.panel.put(self.typed.box, row(note))

    def _keys(self, screen: Screen) -> list[tuple[str, str]]:
        key = TABLES[screen.table].keys[0]
        named = [(str(one[key]), str(one[key])) for one in self.notes.rows(screen.table)]
        return [("a new one", ""), *named]

    def fill(self) -> None:
        """Fill in what is noted of whomever was chosen."""
        if self.typed is not None:
            self.typed.show(row_of(self.notes, self.typed.screen, self.noted.value or ""))

    def note(self) -> None:
        """Read what was typed into the notes; what is wrong is said at its field."""
        if (typed := self.typed) is None:
            return
        try:
            noted = typed.noted()
        except SourceRejected as error:
            others = typed.complain(error.problems)
            self._form.say(Tone.ERROR, "This screen was not noted: look at the fields that say why.", *others)
            return
        self.take(noted)

    def take(self, noted: Noted) -> None:
        """Take a table into the notes."""
        self._before.append(self.notes)
        self.notes = self.notes.with_(noted)
        self._again(f"Noted: {len(noted.rows):,} row(s) of {noted.table.name}. Take the snapshot when all is noted.")

    def undone(self) -> None:
        """Take back what was noted last."""
        if self._before:
            self.notes = self._before.pop()
            self._again("What was noted last was taken back.")

    def _again(self, said: str) -> None:
        self._sum_up()
        self.undo.disabled = not self._before
        if self.typed is not None:
            screen, key = self.typed.screen, self.typed.key
            if _has_keys(screen):
                self.noted.choose_from(self._keys(screen))
            self.typed.show(row_of(self.notes, screen, key) or {})
        self._form.say(Tone.GOOD, said)

    def _sum_up(self) -> None:
        rows = [(name, len(rows)) for name, rows in self.notes.tables.items() if rows]
        self.summary.show(Table("Noted so far", ("table", "rows"), rows))


def _has_keys(screen: Screen) -> bool:
    return TABLES[screen.table].keys != ("property",)
