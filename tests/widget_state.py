"""Every widget of a form, what of each leaves the kernel, and what of it a browser would take for markup."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from ipywidgets import HTML, Widget

from mailadmin.forms.form import Form


def widgets(place: Any) -> Iterator[Widget]:
    """A widget, and everything in it."""
    yield place
    for child in getattr(place, "children", ()):
        yield from widgets(child)


def states(form: Form) -> str:
    """What leaves the kernel of every widget of a form, with how it looks."""
    found = []
    for widget in widgets(form.box):
        parts = (widget, widget.layout, getattr(widget, "style", None))
        found += [repr(part.get_state()) for part in parts if part is not None]
    return "\n".join(found)


def shown(form: Form) -> str:
    """Every piece of HTML a form shows."""
    return "\n".join(widget.value for widget in widgets(form.box) if isinstance(widget, HTML))


class Markup(HTMLParser):
    """The tags and attributes that stand in HTML."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


ALIVE = {"script", "img", "svg", "object", "embed", "form", "input", "button", "link", "meta", "base", "a"}
"""What no name, subject or address may become on a page; a preview stands in a frame of its own."""


def alive(form: Form) -> set[str]:
    """What on a form's page could run, lead somewhere or fetch something."""
    found = Markup(shown(form))
    return (found.tags & ALIVE) | {name for name in found.attributes if name.startswith("on")}


def offered(*places: Any) -> list[str]:
    """The words of the buttons that are not hidden."""
    return [place.description for place in places if place.layout.display != "none"]
