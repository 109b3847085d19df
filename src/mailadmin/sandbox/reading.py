"""What stands in a MIME message, read so that nothing in it can stop the reading."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses

_TEXTS = {"text/plain": "text", "text/html": "html"}


@dataclass(frozen=True, slots=True)
class Part:
    """A file in a message. `content_id` is what an inline picture is called by, without brackets."""

    name: str
    content_type: str
    content: bytes = field(repr=False)
    content_id: str = ""
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """A message's headers in their order, as they were written; its texts, None where there is none; its files."""

    written: tuple[tuple[str, str], ...]
    text: str | None = None
    html: str | None = None
    parts: tuple[Part, ...] = ()

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The headers, decoded."""
        return tuple((name, _decoded(value)) for name, value in self.written)

    def header(self, name: str) -> str:
        """The first header of a name, decoded, or nothing."""
        return next((_decoded(value) for given, value in self.written if given.lower() == name.lower()), "")

    def addresses(self, name: str) -> list[tuple[str, str]]:
        """The display names and addresses in all headers of a name.

        Told apart before anything is decoded: a comma in an encoded name parts no addresses.
        """
        written = [value for given, value in self.written if given.lower() == name.lower()]
        return [(_decoded(name), address) for name, address in getaddresses(written) if address]


def read(raw: bytes) -> Reading:
    """A message's headers, texts and files."""
    message = message_from_bytes(raw)
    texts: dict[str, str] = {}
    parts: list[Part] = []
    for leaf in _leaves(message):
        kind = _TEXTS.get(leaf.get_content_type())
        if kind and kind not in texts and not leaf.get_filename() and leaf.get_content_disposition() != "attachment":
            texts[kind] = _text(leaf)
        else:
            parts.append(_part(leaf, len(parts) + 1))
    return Reading(_written(message), texts.get("text"), texts.get("html"), tuple(parts))


def read_headers(raw: bytes) -> Reading:
    """A message's headers alone."""
    return Reading(_written(BytesHeaderParser().parsebytes(raw)))


def _written(message: Message) -> tuple[tuple[str, str], ...]:
    return tuple((name, _unfolded(value)) for name, value in message.raw_items())


def _unfolded(value: object) -> str:
    """A header on one line; bytes beyond ASCII are UTF-8 (RFC 6532)."""
    text = str(value).replace("\r", "").replace("\n", "")
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _decoded(value: str) -> str:
    """A header's words; those that cannot be decoded stay as they are."""
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value


def _leaves(message: Message) -> Iterator[Message]:
    if message.is_multipart() and message.get_content_maintype() == "multipart":
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from _leaves(part)
    else:
        yield message


def _content(leaf: Message) -> bytes:
    if leaf.is_multipart():
        # A message within the message: kept as the file it is.
        return b"".join(part.as_bytes() for part in leaf.get_payload() if isinstance(part, Message))
    content = leaf.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _text(leaf: Message) -> str:
    content = _content(leaf)
    try:
        return content.decode(leaf.get_content_charset("utf-8"), "replace")
    except LookupError:
        return content.decode("utf-8", "replace")


def _part(leaf: Message, number: int) -> Part:
    content_id = str(leaf.get("Content-ID", "")).strip().strip("<>")
    return Part(
        _decoded(_unfolded(leaf.get_filename() or content_id or f"part {number}")),
        leaf.get_content_type(),
        _content(leaf),
        content_id,
        leaf.get_content_disposition() == "inline",
    )
