"""A table to page through and search, however long it is: the page shown is all that is ever drawn.

Law: the number of widgets does not grow with the rows; a search over many rows runs beside the page and can be stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ipywidgets import Button, HBox, VBox

from ..domain.keys import match_key
from .display import Table, words
from .fields import Field, Kind
from .shown import Shown, Tone
from .work import Progress, Runner, Step, in_background

PAGE = 20
_MANY = 20_000
"""Rows from which on a search takes longer than a blink."""

Row = Sequence[object]


class PagedTable:
    """Rows under columns, twenty at a time. `chosen` is called with the row somebody wants to look at."""

    def __init__(
        self,
        title: str,
        columns: Sequence[str],
        rows: Sequence[Row] = (),
        *,
        chosen: Callable[[Row], None] | None = None,
        runner: Runner = in_background,
    ) -> None:
        self._title = title
        self._columns = tuple(columns)
        self._chosen = chosen
        self._at = 0
        self.search = Field("Search", hint="What a row must hold; all rows while this is empty.")
        self.search.widget.continuous_update = False
        self.search.watch(self._search)
        self.table = Shown()
        self.where = Shown()
        self.progress = Progress(runner)
        self.look = Field("Look at", Kind.CHOICE, choices=[("", None)])
        self.look.watch(self._look)
        self.previous = self._button("Previous page", -PAGE)
        self.next = self._button("Next page", PAGE)
        parts = [self.search.box, self.progress.box, self.table, HBox([self.previous, self.next, self.where])]
        self.box = VBox([*parts, self.look.box] if chosen else parts)
        self.show(rows)

    def show(self, rows: Sequence[Row], title: str = "") -> None:
        """Other rows, from the first, and another title if one is given; a search begins anew."""
        self._title = title or self._title
        self._rows, self._found = rows, rows
        self.search.value = ""
        self._go(0)

    @property
    def found(self) -> Sequence[Row]:
        """The rows the search left."""
        return self._found

    def _button(self, label: str, by: int) -> Button:
        button = Button(description=label, tooltip=label)
        button.add_class("mailadmin-button")
        button.on_click(lambda _: self._go(self._at + by))
        return button

    def _go(self, at: int) -> None:
        last = max(0, (len(self._found) - 1) // PAGE * PAGE)
        self._at = min(max(at, 0), last)
        page = self._found[self._at : self._at + PAGE]
        self.table.show(Table(self._title, self._columns, page))
        self.previous.disabled, self.next.disabled = self._at == 0, self._at >= last
        shown = f"{self._at + 1:,} to {self._at + len(page):,} of {len(self._found):,}" if page else "no rows"
        self.where.say(Tone.HINT, f"Rows {shown}" if page else _nothing(searched=bool(self._rows)))
        named = [(_named(row), place) for place, row in enumerate(page)]
        self.look.choose_from([("choose a row of this page …", None), *named])
        self.look.value = None

    def _look(self) -> None:
        if self._chosen is not None and (place := self.look.value) is not None:
            self._chosen(self._found[self._at + place])

    def _search(self) -> None:
        wanted = match_key(self.search.value)

        def search(step: Step) -> Sequence[Row]:
            if not wanted:
                return self._rows
            found = []
            for number, row in enumerate(self._rows):
                if number % _MANY == 0 and number:
                    step("Searching", number, len(self._rows))
                if any(wanted in match_key(words(cell)) for cell in row):
                    found.append(row)
            return found

        if len(self._rows) <= _MANY:
            self._show_found(search(lambda *_: None))
        else:
            self.progress.run(search, self._show_found, lambda _error: None)

    def _show_found(self, found: Any) -> None:
        self._found = found
        self._go(0)


def _named(row: Row) -> str:
    return " · ".join(words(cell) for cell in row[:2] if cell not in (None, ""))


def _nothing(*, searched: bool) -> str:
    return "No row holds that." if searched else "There is nothing here yet."
