"""A box that takes what is pasted with its looks: the HTML of the clipboard, which no box of ipywidgets hands over.

Laws: what was pasted is never drawn here, it goes to whoever cleans it; the box is empty again at once.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any

import traitlets
from anywidget import AnyWidget


class RichPaste(AnyWidget):
    """The box, with its label and what to do. `taken` is called with the HTML that was pasted."""

    _esm = files(__package__).joinpath("rich_paste.js").read_text(encoding="utf-8")

    label = traitlets.Unicode().tag(sync=True)
    hint = traitlets.Unicode().tag(sync=True)
    pasted = traitlets.Unicode("").tag(sync=True, echo_update=False)

    def __init__(self, label: str, hint: str, taken: Callable[[str], None]) -> None:
        super().__init__(label=label, hint=hint)
        self._taken = taken
        self.add_class("mailadmin-paste")
        self.observe(self._take, "pasted")

    def _take(self, change: dict[str, Any]) -> None:
        if html := change["new"]:
            self.pasted = ""
            self._taken(html)

    def __repr__(self) -> str:
        return f"RichPaste({self.label!r})"
