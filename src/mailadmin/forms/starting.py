"""The start: where a store stands, what is missing, and which notebook comes next."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..bootstrap import DEFAULT_STORE, connect
from ..interchange.reports.markup import tag
from ..usecases import keeping, starting
from ..usecases.starting import Point, Stand
from .desk import Desk
from .display import Table
from .fields import Field
from .form import PRIMARY, Form, row
from .shown import Shown, Tone, said
from .work import Step

TITLES = {
    starting.SNAPSHOT: "1 · Snapshot",
    starting.MIGRATE: "2 · Migrate",
    starting.AUDIT: "3 · Audit",
    starting.CONFIGURE: "4 · Configure",
    starting.COMPOSE: "5 · Compose",
    starting.VERIFY: "8 · Verify",
}
"""What the notebooks are called."""

_MARKS = {Stand.DONE: "✓ done", Stand.TO_DO: "→ to do", Stand.LATER: "later", Stand.LOOK: "! look at it"}


class StartForm(Form):
    """Where am I, what is missing, what next."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("Where am I?", runner=desk.runner)
        self.desk = desk
        self.points: Sequence[Point] = ()
        self.where = Shown()
        self.seen = Shown()
        self.next = Shown()
        self.key = self.button("Create a key", self.create_key, style=PRIMARY)
        self.again = self.button("Look again", self.look)
        self.store = Field(
            "Store",
            value=DEFAULT_STORE,
            hint="A file of your own. If it is not there yet, it is made; the notebooks in this folder then use it.",
            check=_named,
        )
        self.open = self.button("Open or create this store", self.open_store)
        self.choosing = Shown(tag("h3", "Work on a store of your own"))
        self.lay_out(
            self.where, self.next, self.seen, row(self.key, self.again), self.choosing, self.store, row(self.open)
        )
        self._tell_where()
        self.look()

    def look(self) -> None:
        """Look at everything anew."""

        def overview(step: Step) -> Sequence[Point]:
            return starting.overview(self.desk.app, progress=step)

        self.work(overview, self._show)

    def create_key(self) -> None:
        """Make the store's key, and look again."""
        where = keeping.create_key(self.desk.app)
        self.look()
        self.say(Tone.GOOD, f"The key was made: {where}. Keep a copy of it somewhere safe.")

    def open_store(self) -> None:
        """Work on the named store from now on; it is made where there is none."""
        if not self.store.validate():
            return
        named = str(self.store.value).strip()
        was_there = "://" in named or Path(named).exists()
        self.desk.move_to(connect(named))
        self._tell_where()
        self.look()
        made = "The store was opened." if was_there else f"The store was made: {Path(named).resolve()}."
        self.say(Tone.GOOD, made, *self._elsewhere(named))

    def _elsewhere(self, named: str) -> list[str]:
        if named == DEFAULT_STORE:
            return ["The other notebooks of this folder open it by themselves when they are started again."]
        return [f'In the other notebooks write store = "{named}" into the first cell.']

    def _tell_where(self) -> None:
        self.where.show(said(Tone.PLAIN, self.desk.words))

    def _show(self, points: Any) -> None:
        self.points = points
        columns = "what", "how it stands", "what was found", "notebook"
        rows = [(p.what, _MARKS[p.stand], _sentence(p), TITLES.get(p.notebook, "")) for p in points]
        marked = frozenset(place for place, point in enumerate(points) if point.stand is Stand.TO_DO)
        self.seen.show(Table("What there is", columns, rows, marked))
        self.key.layout.display = None if any(p.what == "Key" and p.stand is Stand.TO_DO for p in points) else "none"
        self._show_next(starting.next_step(points))

    def _show_next(self, point: Point | None) -> None:
        if point is None:
            self.next.say(Tone.GOOD, "Everything is done, and nothing needs a look.")
        else:
            where = f" Go on in {TITLES[point.notebook]}." if point.notebook else ""
            self.next.say(Tone.WARNING, f"Next: {point.what}, {point.found}.", f"{point.remedy}{where}")


def start(desk: Desk) -> StartForm:
    """The form to begin with."""
    return StartForm(desk)


def _sentence(point: Point) -> str:
    return f"{point.found}. {point.remedy}" if point.remedy else point.found


def _named(name: str) -> str:
    return "" if str(name).strip() else "Name a file."
