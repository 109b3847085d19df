"""Which encoding the bytes of a text file are in.

Law: decoding is strict; a byte that cannot be read is an error with its line and offset, never left out.
"""

from __future__ import annotations

import codecs
import re

from ..errors import BadInput

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks; that of UTF-32 LE begins like that of UTF-16 LE and is asked first."""

WINDOWS = "cp1252"

_UTF8_CHARACTER = re.compile(rb"[\xc3-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_SAMPLE = 512
_PART = 1 << 20


def encoding_of(data: bytes) -> str:
    """The name of the codec `data` is in.

    Raises BadInput, naming line and offset, when no supported encoding fits every byte.
    """
    codec = _marked(data) or _by_zeros(data) or "utf-8"
    offset = _unreadable_byte(data, codec)
    if offset is None:
        return codec
    if codec != "utf-8" or _UTF8_CHARACTER.search(data):
        raise _unreadable(data, codec, codec.removesuffix("-sig").upper(), offset)
    if (offset := _unreadable_byte(data, WINDOWS)) is not None:
        raise _unreadable(data, WINDOWS, "UTF-8 or Windows-1252", offset)
    return WINDOWS


def is_wide(data: bytes) -> bool:
    """Whether its beginning is that of UTF-16 or UTF-32, the only texts in which zeros stand."""
    return (_marked(data) or _by_zeros(data) or "").startswith(("utf-16", "utf-32"))


def _marked(data: bytes) -> str | None:
    return next((codec for mark, codec in _MARKS if data.startswith(mark)), None)


def _by_zeros(data: bytes) -> str | None:
    """UTF-16 without a mark: in Latin text every other byte is zero, and its neighbours hardly ever."""
    sample = data[:_SAMPLE]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    enough = len(sample) // 4
    if odd > enough and not even:
        return "utf-16-le"
    if even > enough and not odd:
        return "utf-16-be"
    return None


def _unreadable_byte(data: bytes, codec: str) -> int | None:
    """The offset of the first byte that cannot be read, or None. Part by part: the text may be four times the bytes."""
    decoder = codecs.getincrementaldecoder(codec)()
    for end in range(_PART, len(data) + _PART, _PART):
        try:
            decoder.decode(data[end - _PART : end], final=end >= len(data))
        except UnicodeDecodeError as error:
            # The decoder counts from what it kept of the part before.
            return min(end, len(data)) - len(error.object) + error.start
    return None


def _unreadable(data: bytes, codec: str, name: str, offset: int) -> BadInput:
    line = data[:offset].decode(codec, "ignore").count("\n") + 1
    return BadInput(f"line {line}, byte {offset}: cannot be read as {name}", remedy="Export it again as UTF-8.")
