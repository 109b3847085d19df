"""Steps of a task on one page: each has a heading with its state in words, and opens when the one before is done."""

from __future__ import annotations

from enum import StrEnum

from ipywidgets import Button, VBox

from ..interchange.reports.markup import Markup, join, tag
from .form import row
from .panels import Panel, Part
from .shown import Shown, Tone, said


class State(StrEnum):
    """How far a step is."""

    NOT_YET = "not yet"
    NEXT = "next"
    DONE = "done"


class Step:
    """One step. What it takes is there while it is the next one and closed when it is done."""

    def __init__(self, number: int, title: str) -> None:
        self.title = f"{number}. {title}"
        self.state = State.NOT_YET
        self.heading = Shown()
        self.panel = Panel()
        self.box = VBox([self.heading, self.panel.box])
        self.box.add_class("mailadmin-step")
        self.wait()

    def wait(self) -> None:
        """The step cannot be taken yet."""
        self._turn_to(State.NOT_YET)

    def open(self, *parts: Part) -> None:
        """The step is the next one, and this is what it takes."""
        self._turn_to(State.NEXT)
        self.panel.put(*parts)

    def done(self, words: str, back: Button | None = None) -> None:
        """The step is done: what came of it in words, and the way back to it if there is one."""
        self._turn_to(State.DONE, said(Tone.HINT, words))
        if back is not None:
            self.panel.put(row(back))

    def settle(self) -> None:
        """There is no way back to this step any more."""
        if self.state is State.DONE:
            self.panel.put()

    def _turn_to(self, state: State, words: Markup | None = None) -> None:
        self.state = state
        name = f"mailadmin-state-{state.name.lower().replace('_', '-')}"
        heading = tag("h3", f"{self.title} ", tag("span", f"({state})", class_=name))
        self.heading.show(join([heading, words or Markup("")]))
        self.panel.put()
