"""Long work beside the page: a bar that moves, a button that stops it, and what it comes to.

Law: nothing that takes longer than a blink runs in the kernel's own thread, where a press of *Stop* would wait for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol

from ipywidgets import Button, HBox, IntProgress

from .shown import Shown, Tone


class Stopped(Exception):
    """The person stopped the work."""


class Step(Protocol):
    """Says how far the work is: `step("reading users", 3, 10)`. Raises Stopped where the person wants no more."""

    def __call__(self, what: str, done: int = 0, of: int = 0, /) -> None:
        """Say it."""


Work = Callable[[Step], Any]
Runner = Callable[[Callable[[], None]], None]


def in_background(work: Callable[[], None]) -> None:
    """Run work in a thread of its own."""
    threading.Thread(target=work, daemon=True, name="mailadmin").start()


def at_once(work: Callable[[], None]) -> None:
    """Run work here and now: in tests, and where nobody waits in front of a page."""
    work()


class Progress:
    """The bar and the button of long work; hidden while nothing runs."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._stop = threading.Event()
        self._stoppable = True
        self.bar = IntProgress(description="Progress", min=0, max=1, bar_style="info")
        self.words = Shown()
        self.stop = Button(description="Stop", tooltip="Stop what is running")
        self.stop.on_click(self._pressed)
        self.box = HBox([self.bar, self.stop, self.words])
        self.box.add_class("mailadmin-progress")
        self._show(False)

    @property
    def running(self) -> bool:
        """Whether work is under way."""
        return bool(self.box.layout.display != "none")

    def run(
        self, work: Work, then: Callable[[Any], None], failed: Callable[[Exception], None], *, stoppable: bool = True
    ) -> None:
        """Do the work, then hand what it came to to `then`, or its exception to `failed`.

        What cannot be taken back, such as sending, is not `stoppable`.
        """
        self._stop.clear()
        self._stoppable = stoppable
        self.stop.layout.display = None if stoppable else "none"
        self._show(True)
        self.step("Working")

        def whole() -> None:
            try:
                found = work(self.step)
                self.step("Done")
            except Exception as error:
                self._show(False)
                failed(error)
                return
            self._show(False)
            then(found)

        self._runner(whole)

    def step(self, what: str, done: int = 0, of: int = 0, /) -> None:
        """Show how far it is. Raises Stopped."""
        if self._stop.is_set():
            raise Stopped
        self.bar.max, self.bar.value = max(of, 1), done if of else 0
        self.words.say(Tone.HINT, f"{what}, {done:,} of {of:,}" if of else f"{what} …")

    def _pressed(self, _button: Button) -> None:
        if not self._stoppable:
            return
        self._stop.set()
        self.words.say(Tone.HINT, "Stopping …")

    def _show(self, shown: bool) -> None:
        self.box.layout.display = None if shown else "none"
