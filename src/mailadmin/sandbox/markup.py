"""Pages as trees, so that text can only ever be text."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, tostring

from ..domain.keys import visible

Child = Element | str | None


def tag(name: str, /, *children: Child, **attributes: str | int | bool | None) -> Element:
    """An element: `tag("td", "a<b", class_="number")`. None and False leave an attribute out, True gives it bare."""
    element = Element(name)
    for key, value in attributes.items():
        if value is not None and value is not False:
            element.set(key.rstrip("_").replace("_", "-"), "" if value is True else str(value))
    for child in children:
        if isinstance(child, Element):
            element.append(child)
        elif child:
            _add_text(element, child)
    return element


def document(title: str, *body: Child) -> bytes:
    """A page."""
    html = tag("html", lang="en")
    head = SubElement(html, "head")
    for attributes in (
        {"charset": "utf-8"},
        {"name": "viewport", "content": "width=device-width, initial-scale=1"},
        {"name": "color-scheme", "content": "light dark"},
    ):
        SubElement(head, "meta", attributes)
    head.append(tag("title", title))
    head.append(tag("link", rel="stylesheet", href="/page.css"))
    head.append(tag("script", src="/page.js", defer=True))
    html.append(tag("body", *body))
    return b"<!doctype html>\n" + tostring(html, encoding="unicode", method="html").encode("utf-8", "replace")


def line(text: str) -> str:
    """Text for one line: what moves a cursor or misleads is spelt out."""
    return visible(text)


def _add_text(element: Element, text: str) -> None:
    last = element[-1] if len(element) else None
    if last is None:
        element.text = (element.text or "") + text
    else:
        last.tail = (last.tail or "") + text
