"""An outgoing message as MIME (RFC 2045, 5322): built from values, read back, compared, and only then used.

Law: reading the bytes back gives the very senders, recipients, headers and file names that were meant, on every Python;
no library is trusted to write what it was told.
"""

from __future__ import annotations

import hashlib
import quopri
from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import HeaderParser
from email.utils import format_datetime

from ..domain import addresses
from ..domain.messages import Address, Attachment, Importance, Outgoing
from ..errors import SerialisationMismatch
from .header_fields import mailboxes, parameter, unstructured

_FOR_MACHINES = {"Date", "Message-ID", "Importance", "MIME-Version"}
"""Headers that are never encoded."""

Meant = Sequence[tuple[str, str | tuple[Address, ...]]]
"""Header fields in their order: text, or mailboxes."""


def to_mime(outgoing: Outgoing) -> bytes:
    """The message as bytes with CRLF line ends, Bcc left out. Raises SerialisationMismatch."""
    return _checked([(name, value) for name, value in _headers(outgoing) if name != "Bcc"], outgoing)


UNSENT = "X-Unsent"
"""Outlook opens such a file as a message still to be sent (MAPI, CCSF_EMBEDDED_MESSAGE)."""

_OF_THE_SENT = frozenset({"From", "Date", "Message-ID"})
"""Headers whoever sends a message gives it, by the account it is sent from and at that moment."""


def to_unsent(outgoing: Outgoing) -> bytes:
    """The message as a file a mail program opens and a person sends: Bcc is in it. Raises SerialisationMismatch."""
    meant = [(name, value) for name, value in _headers(outgoing) if name not in _OF_THE_SENT]
    return _checked([(UNSENT, "1"), *meant], outgoing)


def _checked(meant: Meant, outgoing: Outgoing) -> bytes:
    raw = "".join(f"{name}: {_written(name, value)}\r\n" for name, value in meant).encode() + _body(outgoing)
    _check(raw, meant)
    return raw


def _headers(outgoing: Outgoing) -> Meant:
    message = outgoing.message
    wanted: Meant = (
        ("From", (outgoing.sender,)),
        ("To", message.to),
        ("Cc", message.cc),
        ("Bcc", message.bcc),
        ("Reply-To", message.reply_to),
        ("Subject", message.subject),
        ("Date", format_datetime(datetime.fromisoformat(outgoing.date))),
        ("Message-ID", outgoing.message_id),
        ("Importance", "" if message.importance is Importance.NORMAL else message.importance.value),
        ("MIME-Version", "1.0"),
    )
    return [*((name, value) for name, value in wanted if value or name == "Subject"), *message.headers]


def _written(name: str, value: str | tuple[Address, ...]) -> str:
    if isinstance(value, tuple):
        return mailboxes(value)
    return value if name in _FOR_MACHINES else unstructured(value)


# --- the body


def _body(outgoing: Outgoing) -> bytes:
    message = outgoing.message
    boundary = _Boundaries(outgoing.message_id)
    inline = [a for a in message.attachments if a.content_id is not None]
    other = [a for a in message.attachments if a.content_id is None]
    invitations = [a for a in other if a.media_type in addresses.INVITATIONS]
    bodies = [_text(message.text, "plain")] if message.text is not None or message.html is None else []
    if message.html is not None:
        html = _text(message.html, "html")
        bodies.append(
            _multipart('related; type="text/html"', [html, *map(_file, inline)], boundary) if inline else html
        )
    elif inline:
        other = [*inline, *other]
    bodies += map(_invitation, invitations)
    body = bodies[0] if len(bodies) == 1 else _multipart("alternative", bodies, boundary)
    return _multipart("mixed", [body, *map(_file, other)], boundary) if other else body


class _Boundaries:
    """Boundaries no body can hold: hashes of a random message id; the same message has the same bytes."""

    def __init__(self, message_id: str) -> None:
        self._message_id = message_id
        self._count = 0

    def next(self) -> str:
        self._count += 1
        return "=_" + hashlib.sha256(f"{self._message_id}/{self._count}".encode()).hexdigest()[:32]


def _part(fields: Iterable[str], content: bytes) -> bytes:
    return "".join(f"{field}\r\n" for field in fields).encode() + b"\r\n" + content


def _multipart(subtype: str, parts: Iterable[bytes], boundary: _Boundaries) -> bytes:
    mark = boundary.next()
    between = f"\r\n--{mark}\r\n".encode()
    return _part(
        [f'Content-Type: multipart/{subtype};\r\n boundary="{mark}"'],
        between[2:] + between.join(parts) + f"\r\n--{mark}--\r\n".encode(),
    )


def _text(text: str | None, subtype: str) -> bytes:
    """Text as it is: quoted-printable keeps every line short, a soft break at the end keeps a last line open."""
    encoded = quopri.encodestring((text or "").encode())
    ended = encoded if not encoded or encoded.endswith(b"\n") else encoded + b"=\n"
    return _part(
        [f'Content-Type: text/{subtype}; charset="utf-8"', "Content-Transfer-Encoding: quoted-printable"],
        ended.replace(b"\n", b"\r\n"),
    )


def _invitation(attachment: Attachment) -> bytes:
    """What calendars act on, as the richest of the alternatives (RFC 6047 2.4); it is attached besides, as a file."""
    kind, _, method = attachment.media_type.partition("; method=")
    fields = [
        f'Content-Type: {kind}; charset="utf-8"; method={method.upper()}',
        "Content-Transfer-Encoding: base64",
    ]
    return _part(fields, _base64(attachment.content))


def _file(attachment: Attachment) -> bytes:
    # A message within a message (message/rfc822) may not be base64 (RFC 2046 5.2.1); it travels as a plain file.
    # An invitation is acted on once, where it is an alternative; beside that it is a plain file, too.
    whole = attachment.media_type.startswith("message/")
    kind = "application/ics" if attachment.media_type in addresses.INVITATIONS else attachment.media_type
    fields = [
        f"Content-Type: {'application/octet-stream' if whole else kind}",
        "Content-Transfer-Encoding: base64",
        f"Content-Disposition: {'inline' if attachment.content_id else 'attachment'};"
        f"\r\n {parameter('filename', attachment.name)}",
    ]
    if attachment.content_id:
        fields.append(f"Content-ID: <{attachment.content_id}>")
    if _read("\r\n".join(fields)).get_filename() != attachment.name:
        raise SerialisationMismatch("attachment", "read back, it has another name than was meant.")
    return _part(fields, _base64(attachment.content))


def _base64(content: bytes) -> bytes:
    """Base64 in lines of 76 (RFC 2045 6.8)."""
    encoded = b64encode(content)
    return b"".join([encoded[at : at + 76] + b"\r\n" for at in range(0, len(encoded), 76)])


# --- reading back


def _read(headers: str) -> EmailMessage:
    return HeaderParser(EmailMessage, policy=policy.SMTPUTF8).parsestr(headers)


def _check(raw: bytes, meant: Meant) -> None:
    """Read the bytes back. What differs from what was meant is never sent."""
    lines = raw.split(b"\r\n")
    if not len(lines) - 1 == raw.count(b"\r") == raw.count(b"\n") or b"\0" in raw:
        raise SerialisationMismatch("message", "holds a bare line end or a NUL.")
    if max(map(len, lines)) > addresses.LONGEST_HEADER:
        raise SerialisationMismatch("message", f"a line is longer than {addresses.LONGEST_HEADER} octets.")
    head = raw.partition(b"\r\n\r\n")[0].decode()
    found = _read(head)
    for name in ("Content-Type", "Content-Transfer-Encoding"):  # of the body
        del found[name]
    read = found.items()
    if [name for name, _ in read] != [name for name, _ in meant]:
        raise SerialisationMismatch("headers", "read back, there are other headers than were meant.")
    for (name, wanted), (_, value) in zip(meant, read, strict=True):
        if isinstance(wanted, str):
            same = str(value) == wanted
        else:
            same = [(_blankless(a.display_name), a.addr_spec) for a in value.addresses] == [
                (_blankless(person.name), person.email) for person in wanted
            ]
        if not same:
            raise SerialisationMismatch(name, "read back, it is not what was meant.")


def _blankless(name: str) -> str:
    """The library puts blanks between the encoded words of a name, which RFC 2047 6.2 takes out."""
    return "".join(name.split())
