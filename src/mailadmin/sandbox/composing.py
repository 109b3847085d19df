"""Graph's messages as MIME, and MIME as Graph's messages, so that both show alike.

Law: no value of a message begins a header, a part or an address of its own: what is not plain ASCII is encoded (RFC
2047, RFC 2231), and what looks encoded is encoded once more.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from email import encoders
from email.header import Header
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime
from typing import Any

from .reading import Part, Reading

RECIPIENTS = {"toRecipients": "To", "ccRecipients": "Cc", "bccRecipients": "Bcc"}
_PEOPLE = {"from": "From", "sender": "Sender", **RECIPIENTS, "replyTo": "Reply-To"}
_PLAIN = re.compile(r"[ -~]*")
_ADDRESS = re.compile(r"[!#-'*+\-/-9=?A-Z^-~]+(\.[!#-'*+\-/-9=?A-Z^-~]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9.+-]+/[A-Za-z0-9.+-]+")
_CONTENT_ID = re.compile(r"[!-;=?-~]+")
_CRLF = compat32.clone(linesep="\r\n")


def is_address(text: str) -> bool:
    """Whether Exchange could resolve this as one SMTP address."""
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None


def addresses(properties: Mapping[str, Any], *names: str) -> list[str]:
    """The addresses of some of a message's people, in order."""
    return [str(person.get("address") or "") for name in names for person in _people(properties.get(name))]


def composed(properties: Mapping[str, Any], parts: Sequence[Part], at: datetime) -> bytes:
    """A Graph message and its files as a MIME message."""
    body = properties.get("body") or {}
    subtype = "html" if str(body.get("contentType")).lower() == "html" else "plain"
    message: Message = MIMEText(_clean(str(body.get("content") or "")), subtype, "utf-8")
    inline = [part for part in parts if part.inline and part.content_id]
    for kind, files in (("related", inline), ("mixed", [part for part in parts if part not in inline])):
        if files:
            whole = MIMEMultipart(kind)
            whole.attach(message)
            for part in files:
                whole.attach(_file(part))
            message = whole
    _head(message, properties, at)
    return message.as_bytes(policy=_CRLF)


def _head(message: Message, properties: Mapping[str, Any], at: datetime) -> None:
    own = dict(message.items())
    for name in own:
        del message[name]
    for name, header in _PEOPLE.items():
        people = [person for person in _people(properties.get(name)) if any(person.values())]
        if people and (name != "sender" or people != _people(properties.get("from"))):
            message[header] = ",\n ".join(map(_person, people))
    message["Subject"] = _encoded(str(properties.get("subject") or ""))
    message["Date"] = format_datetime(at)
    message["Message-ID"] = _encoded(str(properties.get("internetMessageId") or ""))
    if (importance := str(properties.get("importance") or "normal").lower()) != "normal":
        message["Importance"] = importance
    for header in properties.get("internetMessageHeaders") or ():
        message[str(header.get("name"))] = _encoded(str(header.get("value") or ""))
    for name, value in own.items():
        message[name] = value


def _people(value: Any) -> list[dict[str, Any]]:
    people = value if isinstance(value, list) else [value]
    return [person.get("emailAddress") or {} for person in people if isinstance(person, dict)]


def _person(person: Mapping[str, Any]) -> str:
    name, address = str(person.get("name") or ""), str(person.get("address") or "")
    if not is_address(address):
        return _encoded(f"{name} {address}".strip(), always=True)
    return f"{_phrase(name)} <{address}>" if name else address


def _phrase(name: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9 ]*", name):
        return name
    return _encoded(name, always=True)


def _encoded(text: str, *, always: bool = False) -> str:
    """A header's value that reads as this text, on one line, and as nothing else."""
    text = re.sub(r"[\r\n]+", " ", _clean(text))
    if not always and len(text) <= 900 and _PLAIN.fullmatch(text) and "=?" not in text:
        return text
    return Header(text, "utf-8").encode()


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _file(part: Part) -> Message:
    media_type = part.content_type if _MEDIA_TYPE.fullmatch(part.content_type) else "application/octet-stream"
    if media_type.startswith(("multipart/", "message/")):
        media_type = "application/octet-stream"
    file = MIMEBase(*media_type.split("/"))
    file.set_payload(part.content)
    encoders.encode_base64(file)
    disposition = "inline" if part.inline else "attachment"
    file.add_header("Content-Disposition", disposition, filename=("utf-8", "", _clean(part.name)))
    if _CONTENT_ID.fullmatch(part.content_id):
        file["Content-ID"] = f"<{part.content_id}>"
    return file


def as_properties(reading: Reading) -> dict[str, Any]:
    """The properties of a Graph message that a MIME message stands for, its files aside."""
    found: dict[str, Any] = {
        "subject": reading.header("Subject"),
        "body": {"contentType": "text", "content": reading.text or ""},
        "internetMessageHeaders": [
            {"name": name, "value": value} for name, value in reading.headers if name.lower().startswith("x-")
        ],
    }
    if reading.html is not None:
        found["body"] = {"contentType": "html", "content": reading.html}
    for name, header in _PEOPLE.items():
        people = list(_as_people(reading.addresses(header)))
        if name not in ("from", "sender"):
            found[name] = people
        elif people:
            found[name] = people[0]
    if message_id := reading.header("Message-ID"):
        found["internetMessageId"] = message_id
    return found


def _as_people(people: Iterable[tuple[str, str]]) -> Iterable[dict[str, Any]]:
    return ({"emailAddress": {"name": name, "address": address}} for name, address in people)


def content_bytes(part: Part) -> str:
    """A file's bytes as Graph writes them."""
    return base64.b64encode(part.content).decode()
