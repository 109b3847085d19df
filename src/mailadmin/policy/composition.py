"""What becomes of what a person wrote: HTML cleaned, plain text beside it, the signature beneath.

Laws: what is previewed is what is sent; nothing that runs, and no form, leaves here; styles fetch nothing; plain text
says where links lead; a picture within the HTML travels as a part of the message, since few mail programs show it else.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode
from dataclasses import replace
from html.parser import HTMLParser
from typing import NamedTuple

import nh3

from ..domain.messages import Attachment, Message
from . import styles

TAGS = frozenset(nh3.ALLOWED_TAGS | {"font"})
_STYLED = {"style", "align", "valign", "bgcolor", "width", "height", "dir"}
ATTRIBUTES = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()} | {
    "*": _STYLED,
    "table": {"cellpadding", "cellspacing", "border", "summary"},
    "font": {"color", "face", "size"},
    "img": {*nh3.ALLOWED_ATTRIBUTES["img"], "border"},
}
"""What may stand in a message's HTML: looks, links and pictures."""

PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,", re.IGNORECASE)
"""How a picture begins that stands within the HTML itself."""


def cleaned(html: str) -> str:
    """HTML without anything that runs or asks; pictures by `cid:`, from the web, or within the HTML itself."""

    def kept(_tag: str, name: str, value: str) -> str | None:
        if name == "style":
            return styles.kept(value) or None
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
            bare = address.removeprefix("mailto:").removeprefix("tel:")
            if address and "".join(words.split()) not in (address, bare):
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


_WITHIN = re.compile(
    r"""(?P<before>\ssrc\s*=\s*)(?P<quote>["'])data:image/(?P<kind>png|jpeg|gif|webp);base64,(?P<content>[A-Za-z0-9+/=\s]+)(?P=quote)""",
    re.IGNORECASE,
)


def with_pictures_as_parts(message: Message) -> Message:
    """The message with pictures that stand within its HTML as inline images, each once."""
    if message.html is None:
        return message
    known = {file.content_id: file for file in message.attachments if file.content_id}
    found: dict[str, Attachment] = {}

    def moved(match: re.Match[str]) -> str:
        try:
            content = b64decode(match["content"], validate=False)
        except ValueError:  # not to be read, so not to be moved
            return match[0]
        name = f"{hashlib.sha256(content).hexdigest()[:32]}@inline"
        if name not in known and name not in found:
            kind = match["kind"].lower()
            found[name] = Attachment(f"picture-{len(found) + 1}.{kind}", content, f"image/{kind}", name)
        return f"{match['before']}{match['quote']}cid:{name}{match['quote']}"

    html = _WITHIN.sub(moved, message.html)
    return (
        replace(message, html=html, attachments=(*message.attachments, *found.values()))
        if html != message.html
        else message
    )
