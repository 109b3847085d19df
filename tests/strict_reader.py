"""A reader of messages that takes only what RFC 5322, 2045, 2047 and 2231 ask of writers, none of the obsolete forms.

It shares no code with what is tested, nor with the library: what it reads is what stands there.
"""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass
from urllib.parse import unquote

_FIELD = re.compile(rb"([A-Za-z0-9-]+): ([^\r\n]*)((?:\r\n [^\r\n]*[!-~][^\r\n]*)*)")
_ENCODED_WORD = r"=\?utf-8\?b\?[A-Za-z0-9+/]+={0,2}\?="
_ENCODED = re.compile(rf"{_ENCODED_WORD}(?: {_ENCODED_WORD})*")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_MAILBOX = re.compile(
    rf'(?:(?P<encoded>{_ENCODED.pattern})|(?P<quoted>"(?:[ !#-\[\]-~]|\\["\\])*")|(?P<atoms>{_ATOM}(?: {_ATOM})*))'
    r" <(?P<named>[^<>]*)>|(?P<bare>[^<>, ]+)"
)
_ADDRESS = re.compile(r"[^\x00-\x20\x7f\"(),:;<>@\[\\\]%]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+")


class NotStrict(Exception):
    """Something stands there that a strict reader does not take."""


@dataclass(frozen=True)
class Part:
    """A message or a part of one: its fields, its content as sent, and the parts within."""

    fields: tuple[tuple[str, str], ...]
    content: bytes
    parts: tuple[Part, ...]

    def __getitem__(self, name: str) -> str:
        (value,) = [value for field, value in self.fields if field == name]
        return value

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.fields]

    @property
    def leaves(self) -> list[Part]:
        return [leaf for part in self.parts for leaf in part.leaves] if self.parts else [self]

    @property
    def type(self) -> str:
        return self["Content-Type"].partition(";")[0]

    @property
    def text(self) -> str:
        return self.decoded.decode().replace("\r\n", "\n")

    @property
    def decoded(self) -> bytes:
        if self["Content-Transfer-Encoding"] == "base64":
            return b64decode(self.content.replace(b"\r\n", b""), validate=True)
        if not re.fullmatch(rb"(?:[\t\r\n !-<>-~]|=[0-9A-F]{2}|=\r\n)*", self.content):
            raise NotStrict(f"quoted-printable: {self.content[:80]!r}")
        joined = self.content.replace(b"=\r\n", b"")
        return re.sub(rb"=([0-9A-F]{2})", lambda found: bytes.fromhex(found[1].decode()), joined)

    @property
    def file_name(self) -> str:
        found = re.fullmatch(
            r"(?:attachment|inline); filename(?:=\"([^\"\\]*)\"|\*=utf-8''((?:[A-Za-z0-9_.~-]|%[0-9A-F]{2})*))",
            self["Content-Disposition"],
        )
        if found is None:
            raise NotStrict(self["Content-Disposition"])
        return found[1] if found[2] is None else unquote(found[2], errors="strict")


def read(raw: bytes) -> Part:
    """A message, or a part of one."""
    head, blank, content = raw.partition(b"\r\n\r\n")
    if not blank or any(len(line) > 998 for line in head.split(b"\r\n")):
        raise NotStrict("no end of the header, or a line too long")
    fields = tuple(_fields(head))
    kind = dict(fields).get("Content-Type", "text/plain")
    found = re.search(r'^multipart/.*boundary="([^"]+)"$', kind)
    return Part(fields, content, tuple(map(read, _parts(content, found[1].encode()))) if found else ())


def _fields(head: bytes) -> list[tuple[str, str]]:
    fields = []
    while head:
        found = _FIELD.match(head)
        if found is None or head[found.end() : found.end() + 2] not in {b"", b"\r\n"}:
            raise NotStrict(f"no field: {head[:80]!r}")
        fields.append((found[1].decode(), (found[2] + found[3].replace(b"\r\n", b"")).decode()))
        head = head[found.end() + 2 :]
    return fields


def _parts(content: bytes, boundary: bytes) -> list[bytes]:
    first, *parts = (b"\r\n" + content).split(b"\r\n--" + boundary)
    if first or parts[-1] != b"--\r\n" or not all(part.startswith(b"\r\n") for part in parts[:-1]):
        raise NotStrict("parts that do not begin and end as they should")
    return [part[2:] for part in parts[:-1]]


def text(value: str) -> str:
    """The text of a field."""
    if _ENCODED.fullmatch(value):
        return _decoded(value)
    if "=?" in value or not re.fullmatch(r"[ -~]*", value):
        raise NotStrict(f"neither plain nor encoded: {value!r}")
    return value


def _decoded(value: str) -> str:
    words = value.split(" ")
    if any(len(word) > 75 for word in words):
        raise NotStrict("an encoded word of more than 75 characters")
    return "".join(b64decode(word[10:-2], validate=True).decode() for word in words)


def mailboxes(value: str) -> list[tuple[str, str]]:
    """Name and address of every mailbox of a field."""
    found = []
    at = 0
    while True:
        box = _MAILBOX.match(value, at)
        if box is None or value[box.end() : box.end() + 2] not in {"", ", "}:
            raise NotStrict(f"no mailbox: {value[at : at + 80]!r}")
        address = box["bare"] if box["named"] is None else box["named"]
        if not _ADDRESS.fullmatch(address):
            raise NotStrict(f"no address: {address!r}")
        found.append((_name(box), address))
        at = box.end() + 2
        if box.end() == len(value):
            return found


def _name(box: re.Match[str]) -> str:
    if box["encoded"] is not None:
        return _decoded(box["encoded"])
    if box["quoted"] is not None:
        return re.sub(r"\\(.)", r"\1", box["quoted"][1:-1])
    return box["atoms"] or ""
