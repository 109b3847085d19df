"""An inquiry: what is asked, and what was handed in for it; every page of the Audit form answers the same one.

Law: an answer to a question that was changed meanwhile is asked for again, so that what is shown fits what is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date
from enum import StrEnum
from typing import NamedTuple, TypeVar

from ipywidgets import HBox

from ..domain.keys import match_key
from ..domain.permissions import UPDATE_FROM
from ..domain.settings import PermissionRule
from ..usecases import auditing
from .desk import Desk
from .fields import Choice, Field, Kind
from .form import Form, columns
from .work import Step

Wanted = TypeVar("Wanted")
Found = TypeVar("Found")


class Part(StrEnum):
    """A part of the question."""

    KEY = "key"
    DAY = "day"
    RULE = "rule"


class Asked(NamedTuple):
    """What is asked: which permission, as of which day (None: now), by which rule (None: the site's)."""

    key: str
    day: date | None
    rule: PermissionRule | None


_RULES: list[Choice] = [("the site's rule", None), *((f"what if: {rule}", rule) for rule in PermissionRule)]


class Inquiry:
    """The question, and the exports of Exchange that were handed in. `changed` is called with every other question."""

    def __init__(self, form: Form, desk: Desk, changed: Callable[[], None]) -> None:
        self.form = form
        self.desk = desk
        self.changed = changed
        self.exports: dict[str, bytes] = {}
        self.answering = False
        self.fields = {
            Part.KEY: Field("Permission", Kind.CHOICE, UPDATE_FROM, choices=_keys(desk)),
            Part.DAY: Field("As of the end of", Kind.DATE, hint="Blank: as it is now."),
            Part.RULE: Field("Where roles contradict", Kind.CHOICE, choices=_RULES),
        }
        for field in self.fields.values():
            field.watch(changed)
        self.box: HBox = columns(*self.fields.values())

    def asked(self) -> Asked:
        """The question as it stands."""
        key, day, rule = (self.fields[part].value for part in Part)
        return Asked(key, day, rule)

    @property
    def today(self) -> date:
        """The day the question is about."""
        return self.asked().day or self.desk.app.clock().date()

    def show(self, parts: Collection[Part]) -> None:
        """Show the parts of the question that make a difference."""
        for part, field in self.fields.items():
            field.box.layout.display = None if part in parts else "none"
        self.box.layout.display = None if parts else "none"

    def reread(self) -> None:
        """Look again at what can be asked for."""
        self.fields[Part.KEY].choose_from(_keys(self.desk))

    def answer(
        self, what: str, wanted: Callable[[], Wanted], ask: Callable[[Wanted], Found], show: Callable[[Found], None]
    ) -> None:
        """Ask beside the page and show the answer; if something else is wanted by then, the page begins anew."""
        asked = wanted()
        self.answering = True

        def work(step: Step) -> Found:
            try:
                step(what)
                found = ask(asked)
                step(what)
                return found
            finally:
                self.answering = False

        def go_on(found: Found) -> None:
            if wanted() == asked:
                show(found)
            else:
                self.changed()

        self.form.work(work, go_on)


def _keys(desk: Desk) -> list[Choice]:
    known = auditing.keys(desk.app)
    # The one this is mostly about comes first, however it is written in the store.
    return [(key, key) for key in sorted(known, key=lambda key: match_key(key) != match_key(UPDATE_FROM))]
