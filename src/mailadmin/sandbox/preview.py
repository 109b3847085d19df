"""A message's HTML, made harmless to look at: cleaned, and shown in a frame that may do nothing.

Laws: nothing is fetched (the frame has a policy of its own, on whatever page it stands), nothing runs, no link leads
anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import nh3

from ..policy.composition import ATTRIBUTES, PICTURE, TAGS
from .composing import content_bytes
from .reading import Part

_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
# A target of its own: in a frame without leave to open windows, a click then does nothing at all.
_FRAME = (
    '<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{}">'
    '<base target="_blank"><style>html{{color-scheme:light;background:#fff;'
    "color:#1b2430;font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}}body{{margin:1rem}}"
    "img{{max-width:100%;height:auto}}</style>{}"
)


def preview(html: str, parts: Sequence[Part]) -> str:
    """The document for the frame. Pictures that came with the message are put in; others show their words."""
    pictures = {part.content_id: part for part in parts if part.content_id and part.content_type in _PICTURES}

    def kept(tag: str, name: str, value: str) -> str | None:
        if name != "src" or PICTURE.match(value):
            return value
        picture = pictures.get(re.sub(r"^cid:", "", value, flags=re.IGNORECASE))
        return f"data:{picture.content_type};base64,{content_bytes(picture)}" if picture else None

    cleaned = nh3.clean(
        html,
        tags=set(TAGS),
        attributes=ATTRIBUTES,
        attribute_filter=kept,
        url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
    )
    return _FRAME.format(_POLICY, cleaned)
