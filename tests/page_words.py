"""What a person reads on a form: the words of a place, and of the whole page as far as it is not hidden."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from ipywidgets import HTML, Widget


class _Words(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._styled = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._styled = tag == "style"

    def handle_data(self, data: str) -> None:
        self.words += [] if self._styled else data.split()


def said(place: HTML) -> str:
    """What stands in a place, as one line."""
    return " ".join(_Words(place.value).words)


def drawn(place: Any) -> Iterator[Widget]:
    """A widget and everything in it, in the order they are read."""
    yield place
    for child in getattr(place, "children", ()):
        yield from drawn(child)


def page(form: Any) -> str:
    """Everything that can be read on a form."""
    visible = [widget for widget in drawn(form.box) if widget.layout.display != "none"]
    texts = [said(widget) if isinstance(widget, HTML) else getattr(widget, "description", "") for widget in visible]
    return "\n".join(filter(None, texts))
