"""A form: a headline, fields, buttons, and the place where it says what came of a press.

Laws: no press ends in a traceback; an error says what, where and the remedy; a form is shown by its title alone where
there are no widgets, so that no notebook keeps what stood in it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from ipywidgets import Button, HBox, VBox, Widget

from ..domain.keys import visible
from ..errors import MailAdminError
from ..interchange.reports.markup import tag
from .fields import Field
from .shown import Shown, Tone, of_error, said, style
from .work import Progress, Runner, Stopped, Work, in_background

_LOG = logging.getLogger(__name__)
PRIMARY, DANGER, QUIET = "primary", "danger", ""


class Form:
    """What all forms have in common. `body` is what a form adds to it, in the order it is read.

    `level` is that of its heading: 2, or more where it stands within another form.
    """

    def __init__(self, title: str, intro: str = "", *, runner: Runner = in_background, level: int = 2) -> None:
        self.title = title
        self.runner = runner
        self.progress = Progress(runner)
        self.message = Shown()
        self.body = VBox([])
        head = Shown(tag(f"h{level}", visible(title)), *([tag("p", intro)] if intro else []))
        self.box = VBox([style(), head, self.body, self.progress.box, self.message])
        self.box.add_class("mailadmin-form")

    def lay_out(self, *parts: Widget | Field) -> None:
        """What stands in the form, in the order it is read."""
        self.body.children = [part.box if isinstance(part, Field) else part for part in parts]

    def button(self, label: str, pressed: Callable[[], object], *, style: str = QUIET, tooltip: str = "") -> Button:
        """A button that does something; whatever goes wrong is said in the form."""
        made = Button(description=label, button_style=style, tooltip=tooltip or label)
        made.add_class("mailadmin-button")
        made.on_click(lambda _button: self.attempt(pressed))
        return made

    def attempt(self, action: Callable[[], object]) -> None:
        """Do it; what goes wrong is said in words, for ipywidgets would swallow it."""
        if self.progress.running:
            return self.say(Tone.WARNING, "Something is still running: wait for it, or stop it.")
        try:
            action()
        except Exception as error:
            self.failed(error)

    def work(self, work: Work, then: Callable[[Any], None], *, stoppable: bool = True) -> None:
        """Do long work beside the page, then go on with what it came to."""
        self.message.show()

        def go_on(found: Any) -> None:
            self.attempt(lambda: then(found))

        self.progress.run(work, go_on, self.failed, stoppable=stoppable)

    def failed(self, error: Exception) -> None:
        """Say what went wrong."""
        match error:
            case Stopped():
                self.say(Tone.WARNING, "Stopped. Nothing of it was kept.")
            case MailAdminError():
                self.message.show(of_error(error))
            case _:
                # No text of a foreign error: it may hold what was typed.
                _LOG.error("%s in the form %r", type(error).__name__, self.title)
                words = f"Something went wrong that should not have: {type(error).__name__}. Nothing was changed by it."
                self.message.show(said(Tone.ERROR, words, "Please report it, with what you pressed."))

    def say(self, tone: Tone, *sentences: object) -> None:
        """Say something at the foot of the form."""
        self.message.say(tone, *sentences)

    def __repr__(self) -> str:
        return f"Form: {visible(self.title)}"

    def _repr_mimebundle_(self, **_: Any) -> Any:
        bundle = self.box._repr_mimebundle_()
        return {**bundle, "text/plain": repr(self)} if bundle else {"text/plain": repr(self)}


def valid(fields: Iterable[Field]) -> bool:
    """Whether every field will do; each that will not says why."""
    results = [field.validate() for field in fields]
    return all(results)


def row(*parts: Widget | Field) -> HBox:
    """Parts beside each other, beneath each other where the window is narrow."""
    box = HBox([part.box if isinstance(part, Field) else part for part in parts])
    box.add_class("mailadmin-beside")
    return box


def columns(*parts: Widget | Field) -> HBox:
    """Parts beside each other, each field beneath its label."""
    box = row(*parts)
    box.add_class("mailadmin-above")
    return box
