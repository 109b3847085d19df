"""What becomes of what a person wrote: HTML cleaned, plain text beside it, the signature beneath.

Laws: what is previewed is what is sent; nothing that runs, and no form, leaves here; plain text says where links lead.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import NamedTuple

import nh3

TAGS = frozenset(nh3.ALLOWED_TAGS | {"font"})
_STYLED = {"style", "align", "valign", "bgcolor", "width", "height", "dir"}
ATTRIBUTES = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()} | {
    "*": _STYLED,
    "table": {"cellpadding", "cellspacing", "border", "summary"},
    "font": {"color", "face", "size"},
}
"""What may stand in a message's HTML: looks, links and pictures."""

PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,", re.IGNORECASE)
"""How a picture begins that stands within the HTML itself."""


def cleaned(html: str) -> str:
    """HTML without anything that runs or asks; pictures by `cid:`, from the web, or within the HTML itself."""

    def kept(_tag: str, name: str, value: str) -> str | None:
        is_data = value.strip().lower().startswith("data:")
        return None if is_data and not (name == "src" and PICTURE.match(value.strip())) else value

    schemes = {"http", "https", "mailto", "tel", "cid", "data"}
    return nh3.clean(html, tags=set(TAGS), attributes=ATTRIBUTES, attribute_filter=kept, url_schemes=schemes)


def plain_text(html: str) -> str:
    """What stands in HTML, as text: one line per paragraph, every link with where it leads."""
    reader = _Reader()
    reader.feed(cleaned(html))
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.found).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


_BREAKS = {
    **dict.fromkeys(("br", "tr", "div", "dt", "dd", "hr", "caption"), "\n"),
    **dict.fromkeys(("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "blockquote", "pre"), "\n\n"),
}


class _Reader(HTMLParser):
    """Text out of cleaned HTML."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._link: tuple[str, int] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "li":
            self.found.append("\n- ")
        elif tag == "img":
            self.found.append(given.get("alt") or "")
        elif tag == "a":
            self._link = (given.get("href") or "", len(self.found))
        else:
            self.found.append(_BREAKS.get(tag, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._link is not None:
            address, begun = self._link
            self._link = None
            words = "".join(self.found[begun:]).strip()
            if address and words not in (address, address.removeprefix("mailto:"), address.removeprefix("tel:")):
                self.found.append(f" ({address})")
        elif tag in ("td", "th"):
            self.found.append(" ")
        else:
            self.found.append(_BREAKS.get(tag, ""))

    def handle_data(self, data: str) -> None:
        self.found.append(re.sub(r"\s+", " ", data))


class Body(NamedTuple):
    """The two bodies of a message, as they will be sent; no HTML where none was written."""

    text: str
    html: str | None


def body_of(written: str, *, is_html: bool = False, signature: str = "") -> Body:
    """The bodies made of what was written and an HTML signature."""
    beneath = cleaned(signature)
    sign = plain_text(signature)
    if is_html:
        above = cleaned(written)
        # "-- " with its blank is what mail programs know a signature by (RFC 3676 4.3).
        text = "\n\n".join([part for part in (plain_text(written), f"-- \n{sign}" if sign else "") if part])
        return Body(text + "\n", f"{above}\n<div>{beneath}</div>" if beneath else above)
    text = written.rstrip("\n")
    return Body(f"{text}\n\n-- \n{sign}\n" if sign else f"{text}\n", None)
