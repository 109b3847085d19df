"""A table pasted from a spreadsheet: read, shown with what it would change, and then taken or not."""

from __future__ import annotations

from collections.abc import Callable

from ipywidgets import VBox

from ..domain.profiles import Secret
from ..errors import SourceRejected
from ..migration.content import TABLES, Column
from ..usecases.noting import Noted, Notes, read_pasted, told_of_paste
from .fields import Field, Kind
from .form import PRIMARY, Form, row
from .paged import PagedTable
from .panels import Panel
from .problems import Problems
from .secrets import PasteBox
from .shown import Shown, Tone

_FIRST = ("users", "user_preferences", "roles", "branches")


class Pasting:
    """The box, and what the pasted table would change in the notes so far. `take` is called when it is to count."""

    def __init__(self, form: Form, notes: Callable[[], Notes], take: Callable[[Noted], None]) -> None:
        self._form, self._notes, self._take = form, notes, take
        self._noted: Noted | None = None
        order = [*_FIRST, *(name for name in TABLES if name not in _FIRST)]
        self.table = Field("Table", Kind.CHOICE, order[0], choices=[(name, name) for name in order])
        self.table.watch(self._explain)
        self.text = PasteBox(
            self.pasted, description="Cells", rows=4, placeholder="Paste here, then press Tab: the box empties itself."
        )
        self.text.add_class("mailadmin-field")
        self.columns = Shown()
        self.found = Panel()
        self.box = VBox([self.table.box, self.columns, self.text, self.found.box])
        self._explain()

    def _explain(self) -> None:
        columns = ", ".join(
            f"{one.name} (required)" if one.required else one.name for one in _columns(self.table.value)
        )
        self.columns.say(
            Tone.HINT, f"Copy the cells in Excel with their first row, which names the columns. They can be: {columns}."
        )

    def pasted(self, text: Secret) -> None:
        """Read what was pasted, and show what it would change."""
        self._form.attempt(lambda: self._read(text))

    def _read(self, secret: Secret) -> None:
        self.found.put()
        self._form.message.show()
        table = self.table.value
        with secret.reveal() as text:
            try:
                self._noted = noted = read_pasted(table, text)
            except SourceRejected as error:
                told = told_of_paste(table, text, error.problems)
                self.found.put(Problems(told, self._form.runner).box)
                what = f"{len(told)} problem{'s' if len(told) != 1 else ''}"
                return self._form.say(
                    Tone.ERROR, f"Nothing was taken: {what}, listed above.", "Mend it and paste again."
                )
        changes = self._notes().changes(noted)
        title = f"What {len(noted.rows):,} pasted row(s) would change"
        diff = PagedTable(title, ("table", "row", "column", "before", "after"), changes, runner=self._form.runner)
        take = self._form.button("Take these rows", self.taken, style=PRIMARY)
        drop = self._form.button("Leave them out", self.dropped)
        remarks = Shown()
        remarks.say(Tone.WARNING, *noted.remarks)
        return self.found.put(diff.box, remarks, row(take, drop))

    def taken(self) -> None:
        """Take what was pasted into the notes."""
        if self._noted is not None:
            noted, self._noted = self._noted, None
            self.found.put()
            self._take(noted)

    def dropped(self) -> None:
        """Forget what was pasted."""
        self._noted = None
        self.found.put()
        self._form.say(Tone.GOOD, "What was pasted was left out.")


def _columns(table: str) -> tuple[Column, ...]:
    """What a table can hold, without what the old system worked out for itself."""
    return tuple(column for column in TABLES[table].columns if not column.name.endswith("Resolved"))
