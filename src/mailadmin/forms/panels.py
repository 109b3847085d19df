"""A place on a form where one part stands at a time.

Law: what is replaced is closed, so that the widgets of a page do not pile up however long somebody works on it.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from ipywidgets import VBox, Widget

from .fields import Field

Part: TypeAlias = Widget | Field


class Panel:
    """A place whose parts can be replaced: `panel.put(field, button)`."""

    def __init__(self, *parts: Part) -> None:
        self.box = VBox([])
        self.box.add_class("mailadmin-row")
        self.put(*parts)

    def put(self, *parts: Part) -> None:
        """Replace what stands here; nothing empties it."""
        old: Any = self.box.children
        self.box.children = [part.box if isinstance(part, Field) else part for part in parts]
        self.box.layout.display = None if parts else "none"
        for widget in old:
            if widget not in self.box.children:
                close(widget)

    @property
    def empty(self) -> bool:
        """Whether nothing stands here."""
        return not self.box.children


def close(widget: Any) -> None:
    """Close a widget, everything in it, and what says how it looks."""
    for child in getattr(widget, "children", ()):
        close(child)
    for part in (widget, getattr(widget, "style", None), widget.layout):
        if part is not None:
            part.close()
