"""Markup that is safe because of how it is made: whatever is not markup already is escaped.

Laws: text becomes markup in `text` and nowhere else; no attribute is an event handler, and no address leads out.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from .wording import printable

_VOID = frozenset({"meta", "input", "col", "br"})
_REFUSED = ("on", "src", "action", "formaction", "xlink", "style")


class Markup(str):
    """Markup, safe as it stands."""

    __slots__ = ()


def text(value: str) -> Markup:
    """Text as markup; a lone carriage return is kept as the parser would else change it."""
    return Markup(escape(printable(value)).replace("\r", "&#13;"))


def join(parts: Iterable[str]) -> Markup:
    """These parts, one after the other."""
    return Markup("".join(part if isinstance(part, Markup) else text(part) for part in parts))


def tag(name: str, /, *children: str, **attributes: str | int | bool | None) -> Markup:
    """An element: `tag("td", "a<b", class_="number")`. None and False leave an attribute out, True gives it bare."""
    written = "".join(
        _attribute(key, value) for key, value in attributes.items() if value is not None and value is not False
    )
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(children)}</{name}>")


def _attribute(key: str, value: str | int | bool | None) -> str:
    name = key.removesuffix("_").replace("_", "-")
    if name.startswith(_REFUSED) or (name == "href" and not str(value).startswith("#")):
        raise ValueError(f"a report has no attribute {name}")
    return f" {name}" if value is True else f' {name}="{text(str(value))}"'
