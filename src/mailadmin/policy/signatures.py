"""An e-mail signature as people paste it, made fit to travel with every message: looks kept, nothing alive.

Laws: whatever is taken out is told; a picture from the web is taken out unless allowed, because whoever keeps it would
be told of everybody who opens a message; only a picture that is here is sent. Sources: Monitor ERP, "E-mail
signature"; Word's HTML (conditional comments, `o:p`, `mso-`, MsoNormal).
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections import Counter
from collections.abc import Iterable
from html import escape
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urlsplit

import nh3

from ..domain.governed import Organisation
from ..domain.keys import match_key, visible
from ..domain.services import ServiceKind
from ..errors import BadInput
from .composition import ATTRIBUTES, PICTURE, TAGS, cleaned, plain_text
from .styles import Rule, leaves_something_out, rules_of, style_of

MOST_BYTES = 500_000
"""So much may all pictures of a signature have together: they travel with every message."""

MOST_CHARACTERS = 100_000
"""So long may a signature be without its pictures."""

LONGEST = 2_000_000
"""Characters that are looked at, before anything is taken out of them."""

_MAGIC = {"png": b"\x89PNG\r\n\x1a\n", "jpeg": b"\xff\xd8\xff", "gif": b"GIF8", "webp": b"RIFF"}


class Signature(NamedTuple):
    """A signature that may be sent, its plain text, and in words what was taken out of what was given."""

    html: str
    text: str
    taken_out: tuple[str, ...] = ()


def signature_of(html: str, *, web_pictures: bool = False) -> Signature:
    """The signature in pasted HTML. Raises BadInput where it is too large to travel with every message."""
    if len(html) > LONGEST:
        raise BadInput(
            f"What was pasted has {len(html):,} characters.", remedy=f"At most {LONGEST:,}: that is no signature."
        )
    plain = _well_formed(html)
    sheets = _Sheets()
    sheets.feed(plain)
    sheets.close()
    reader = _Reader(rules_of("\n".join(sheets.found)), web_pictures)
    reader.taken_out.update(_alive_in(html))
    reader.feed(plain)
    reader.close()
    found = cleaned("".join(reader.written)).strip()
    _check_size(found)
    told = (f"{what} ({count}x)" if count > 1 else what for what, count in reader.taken_out.items())
    return Signature(found, plain_text(found), tuple(sorted(told)))


def signature_in_force(organisation: Organisation, user: str | None, service: ServiceKind | None) -> str:
    """A user's signature; '' where the person's own Outlook sends, which knows nothing of it."""
    row = organisation.preferences.get(match_key(user)) if user and service is not ServiceKind.OUTLOOK else None
    return (row.signature_html or "") if row is not None else ""


def _check_size(html: str) -> None:
    pictures = [len(found[0]) * 3 // 4 for found in re.finditer(r"(?<=;base64,)[A-Za-z0-9+/=]+", html)]
    if sum(pictures) > MOST_BYTES:
        raise BadInput(
            f"The pictures of the signature have {sum(pictures):,} bytes, and travel with every message.",
            remedy=f"Make them smaller: at most {MOST_BYTES:,} bytes together.",
        )
    if len(html) - sum(pictures) * 4 // 3 > MOST_CHARACTERS:
        raise BadInput(
            f"The signature has {len(html):,} characters.", remedy=f"At most {MOST_CHARACTERS:,} besides its pictures."
        )


class _Sheets(HTMLParser):
    """The style sheets within HTML."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._within = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._within = False

    def handle_data(self, data: str) -> None:
        if self._within:
            self.found.append(data)


_ALIVE = {
    "script": "a script",
    "svg": "a drawing (SVG), which can hold scripts",
    **dict.fromkeys(("iframe", "frame", "object", "embed", "applet"), "something from elsewhere (a frame)"),
    **dict.fromkeys(("form", "input", "button", "select", "textarea"), "a form"),
    **dict.fromkeys(("audio", "video", "source", "track"), "sound or film"),
    **dict.fromkeys(("base", "link"), "a page's <base> or <link>"),
}
_SILENT = {
    *("script", "title", "svg", "math", "template", "noscript", "xml", "select", "textarea", "iframe", "xmp", "object"),
    *("noembed", "noframes", "plaintext", "audio", "video"),
}
"""Elements whose text is nothing a reader was meant to see."""

_BEGUN = re.compile(rf"<({'|'.join(_ALIVE)})\b", re.IGNORECASE)
_HANDLER = re.compile(r"<[a-z][^<>]*\son[a-z]+\s*=", re.IGNORECASE)
_LOOKED_AT = {"class", "background", "style"}
_SCHEMES = {"http", "https", "mailto", "tel", "cid", "data", "file", "javascript", "vbscript"}


def _alive_in(html: str) -> Counter[str]:
    """What is alive in pasted HTML, by its words."""
    found = Counter(_ALIVE[tag.lower()] for tag in _BEGUN.findall(html))
    found.update("a script (in an attribute)" for _ in _HANDLER.findall(html))
    return found


def _well_formed(html: str) -> str:
    """The HTML as a browser would take it, without comments: Python's parser stumbles over what people paste."""
    attributes = {tag: {*names, *_LOOKED_AT} for tag, names in ATTRIBUTES.items()}
    tags = {*TAGS, "style"}
    return nh3.clean(html, tags=tags, clean_content_tags=_SILENT, attributes=attributes, url_schemes=_SCHEMES)


class _Reader(HTMLParser):
    """HTML written anew: style sheets within the elements, and only pictures that may stay.

    It is not what keeps us safe: whatever it writes is cleaned afterwards.
    """

    def __init__(self, rules: Iterable[Rule], web_pictures: bool) -> None:
        super().__init__(convert_charrefs=True)
        self._rules = tuple(rules)
        self._web = web_pictures
        self._in_sheet = False
        self.written: list[str] = []
        self.taken_out: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_sheet = tag == "style"
        if self._in_sheet:
            return
        given = {name: value or "" for name, value in attrs if name != "rel"}
        self._tell_of(given)
        if tag == "img" and (why := self._unwanted(given)):
            self._take_out(why)
            self.written.append(escape(given.get("alt", "")))
        else:
            given["style"] = style_of(tag, given, self._rules)
            said = [f' {name}="{escape(value)}"' for name, value in sorted(given.items()) if value]
            self.written.append(f"<{tag}{''.join(said)}>")

    def handle_endtag(self, tag: str) -> None:
        if tag != "style":
            self.written.append(f"</{tag}>")
        self._in_sheet = False

    def handle_data(self, data: str) -> None:
        if not self._in_sheet:
            self.written.append(escape(data, quote=False))

    def _take_out(self, what: str) -> None:
        self.taken_out[what] += 1

    def _tell_of(self, given: dict[str, str]) -> None:
        if leaves_something_out(given.get("style", "")) or given.get("background"):
            self._take_out("a background that would be fetched")
        target = re.sub(r"[\x00-\x20]", "", given.get("href", "")).lower()
        if target.startswith(("javascript:", "vbscript:", "data:", "file:")):
            self._take_out(f"a link to {target.partition(':')[0]}:")

    def _unwanted(self, given: dict[str, str]) -> str:
        """Why a picture may not stay, or ''."""
        source = given.get("src", "").strip()
        if PICTURE.match(source):
            return "" if _is_picture(source) else "a picture that is none, or is damaged"
        if source.lower().startswith("data:"):
            return "a picture of a kind that is not sent (PNG, JPEG, GIF and WebP are)"
        if source.lower().startswith(("http:", "https:", "//")):
            host = visible(_host(source))
            if _is_unseen(given):
                return f"a picture nobody sees, from {host}: it tells who opens a message"
            return "" if self._web and not source.startswith("//") else f"a picture from the web, of {host}"
        return f"a picture that is not here: {visible(source[:60]) or 'without an address'}"


def _is_picture(source: str) -> bool:
    head, _, content = source.partition(",")
    kind = head.lower().partition("image/")[2].partition(";")[0]
    try:
        return b64decode(re.sub(r"\s", "", content), validate=True).startswith(_MAGIC[kind])
    except (Error, ValueError):
        return False


def _host(source: str) -> str:
    try:
        return urlsplit(source).hostname or "nowhere"
    except ValueError:
        return "nowhere"


def _is_unseen(given: dict[str, str]) -> bool:
    """Whether a picture is too small to be seen, or hidden."""
    style = re.sub(r"\s", "", given.get("style", "").lower())
    small = any(re.fullmatch(r"\s*[01](?:px)?\s*", given.get(side, "")) for side in ("width", "height"))
    hidden = re.search(
        r"display:none|visibility:hidden|opacity:0(?![.\d])|(?:^|;)(?:width|height):[01](?:px)?(?:;|$)", style
    )
    return small or hidden is not None
