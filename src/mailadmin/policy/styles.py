"""CSS as far as pasted HTML needs it: which declarations stay, and style sheets written into the elements they are for.

Laws: only looks stay: what could fetch, run, cover or hide something is left out, and so is what cannot be read.
Sources: the styles Word, Gmail and Apple Mail write; CSS 2.2, 6.4 (cascade), as far as those go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

_SIDES = ("top", "right", "bottom", "left")
LOOKS = frozenset(
    {
        "background", "background-color", "border", "border-bottom", "border-collapse", "border-color", "border-left",
        "border-radius", "border-right", "border-spacing", "border-style", "border-top", "border-width", "color",
        "direction", "display", "float", "font", "font-family", "font-size", "font-style", "font-variant",
        "font-weight", "height", "letter-spacing", "line-height", "list-style-type", "margin", "margin-bottom",
        "margin-left", "margin-right", "margin-top", "max-width", "min-width", "padding", "padding-bottom",
        "padding-left", "padding-right", "padding-top", "table-layout", "text-align", "text-decoration",
        "text-indent", "text-transform", "vertical-align", "white-space", "width", "word-break", "word-spacing",
    }
    | {f"border-{side}-{what}" for side in _SIDES for what in ("color", "style", "width")}
)  # fmt: skip
"""The properties that stay."""

LONGEST_VALUE = 200
"""Characters: no font, colour or length is longer."""

_FUNCTIONS = frozenset({"rgb", "rgba", "hsl", "hsla", "calc"})
_CALLED = re.compile(r"([\w-]*)\(")
_VALUE = re.compile(r"[\w\s#%.,+/!'\"()-]+")
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)


def kept(style: str) -> str:
    """The declarations of a style attribute that stay."""
    return "; ".join(_declarations(style))


def leaves_something_out(style: str) -> bool:
    """Whether a style fetches something: the one loss worth telling."""
    return "url(" in style.lower() or "image-set(" in style.lower()


def _declarations(style: str) -> list[str]:
    found = []
    for declaration in _COMMENT.sub("", style).split(";"):
        name, colon, value = declaration.partition(":")
        name, value = name.strip().lower(), " ".join(value.split())
        if colon and name in LOOKS and _is_plain(value) and not (name == "display" and "none" in value.lower()):
            found.append(f"{name}: {value}")
    return found


def _is_plain(value: str) -> bool:
    if len(value) > LONGEST_VALUE:
        return False
    called = {name.lower() for name in _CALLED.findall(value)}
    balanced = value.count("(") == value.count(")") and not (value.count('"') % 2 or value.count("'") % 2)
    return bool(_VALUE.fullmatch(value)) and balanced and called <= _FUNCTIONS


class Rule(NamedTuple):
    """What a style sheet says about elements of a tag, of a class, or of both."""

    tag: str
    class_: str
    style: str

    @property
    def weight(self) -> int:
        """How much it counts beside others (specificity)."""
        return 10 * bool(self.class_) + bool(self.tag)

    def fits(self, tag: str, classes: Iterable[str]) -> bool:
        """Whether it is about this element."""
        return self.tag in ("", tag) and (not self.class_ or self.class_ in classes)


MOST_RULES = 300
"""Word writes some fifty; what comes after these is not looked at."""

_AT_BLOCK = re.compile(r"@[^{};@]*+(?:;|\{(?:[^{}]*+\{[^{}]*+\})*+[^{}]*+\})")
_BLOCK = re.compile(r"(?:^|(?<=[{}]))([^{}]*+)\{([^{}]*+)\}")
_SELECTOR = re.compile(r"([a-z][a-z0-9]*)?(?:\.([\w-]+))?(?::link)?", re.IGNORECASE)


def rules_of(sheet: str) -> list[Rule]:
    """The rules about tags and classes of a style sheet, the weightier later; others say nothing about looks here."""
    plain = _AT_BLOCK.sub("", _COMMENT.sub("", sheet).replace("<!--", "").replace("-->", ""))
    blocks = [(selectors.split(","), kept(style)) for selectors, style in _BLOCK.findall(plain)]
    found = [(_SELECTOR.fullmatch(selector.strip()), style) for selectors, style in blocks for selector in selectors]
    rules = [Rule((m[1] or "").lower(), m[2] or "", style) for m, style in found if m and any(m.groups()) and style]
    return sorted(dict.fromkeys(rules[:MOST_RULES]), key=lambda rule: rule.weight)


def style_of(tag: str, attributes: Mapping[str, str], rules: Iterable[Rule]) -> str:
    """The style of an element: what style sheets say of it, then what it says itself."""
    classes = attributes.get("class", "").split()
    said = [rule.style for rule in rules if rule.fits(tag, classes)]
    return "; ".join([part for part in (*said, kept(attributes.get("style", ""))) if part])
