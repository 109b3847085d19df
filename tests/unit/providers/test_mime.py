"""What is sent is what was meant, byte by byte, as a strict reader reads it (SM-08, SM-38 to SM-45)."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from email.utils import getaddresses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.domain.addresses import LONGEST_HEADER
from mailadmin.domain.messages import Address, Attachment, Importance, Outgoing
from mailadmin.errors import GateRefused, SerialisationMismatch
from mailadmin.providers import mime
from mailadmin.providers.mime import to_mime
from tests import nasty, strict_reader
from tests.letters import SENDER, outgoing, to

WHOLE = b"""\
From: =?utf-8?b?S8WNd2hhaSBGaW5hbmNl?= <sender@example.com>
To: ann@example.com
Subject: Statement
Date: Mon, 23 Nov 2026 09:30:00 +1300
Message-ID: <0123456789abcdef0123456789abcdef@example.com>
MIME-Version: 1.0
Content-Type: multipart/mixed;
 boundary="=_6ffe1f7541526127ca502d9042182cd0"

--=_6ffe1f7541526127ca502d9042182cd0
Content-Type: multipart/alternative;
 boundary="=_312d1f40d4a29402c5781d7bd2a23fc8"

--=_312d1f40d4a29402c5781d7bd2a23fc8
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: quoted-printable

Kia ora =C4=80ni
=2E

--=_312d1f40d4a29402c5781d7bd2a23fc8
Content-Type: text/html; charset="utf-8"
Content-Transfer-Encoding: quoted-printable

<p>x=

--=_312d1f40d4a29402c5781d7bd2a23fc8--

--=_6ffe1f7541526127ca502d9042182cd0
Content-Type: application/octet-stream
Content-Transfer-Encoding: base64
Content-Disposition: attachment;
 filename*=utf-8''%C3%BC.bin

AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4
OTo7PD0+Pw==

--=_6ffe1f7541526127ca502d9042182cd0--
"""


def read(whole: Outgoing) -> strict_reader.Part:
    """What a strict reader reads, of what holds no line end, line or octet that may not be sent."""
    raw = to_mime(whole)
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n|\0|[\x80-\xff]", raw)
    assert max(map(len, raw.split(b"\r\n"))) <= LONGEST_HEADER
    return strict_reader.read(raw)


def test_a_message_has_these_headers_in_this_order_and_never_bcc() -> None:
    part = read(
        outgoing(
            to=(Address("ann@example.com"), Address("bob@example.com", "Doe, Bob")),
            cc=(Address("c@example.com", "rāngi"),),
            bcc=to("hidden@example.com"),
            reply_to=to("desk@example.com"),
            importance=Importance.HIGH,
            headers=(("X-Batch", "7"), ("X-Empty", ""), ("X-Batch", "8"), ("x-batch", "ü")),
        )
    )
    assert [(name, value) for name, value in part.fields] == [
        ("From", "=?utf-8?b?S8WNd2hhaSBGaW5hbmNl?= <sender@example.com>"),
        ("To", 'ann@example.com, "Doe, Bob" <bob@example.com>'),
        ("Cc", "=?utf-8?b?csSBbmdp?= <c@example.com>"),
        ("Reply-To", "desk@example.com"),
        ("Subject", "Statement"),
        ("Date", "Mon, 23 Nov 2026 09:30:00 +1300"),
        ("Message-ID", "<0123456789abcdef0123456789abcdef@example.com>"),
        ("Importance", "high"),
        ("MIME-Version", "1.0"),
        ("X-Batch", "7"),
        ("X-Empty", ""),
        ("X-Batch", "8"),
        ("x-batch", "=?utf-8?b?w7w=?="),
        ("Content-Type", 'text/plain; charset="utf-8"'),
        ("Content-Transfer-Encoding", "quoted-printable"),
    ]


def test_a_whole_message_byte_by_byte() -> None:
    whole = outgoing(text="Kia ora Āni\n.\n", html="<p>x", attachments=(Attachment("ü.bin", bytes(range(64))),))
    assert to_mime(whole) == WHOLE.replace(b"\n", b"\r\n")


def test_the_same_message_has_the_same_bytes() -> None:
    parts = {"html": "<p>ü</p>", "attachments": (Attachment("a.pdf", b"a"),)}
    assert to_mime(outgoing(**parts)) == to_mime(outgoing(**parts))
    other = to_mime(outgoing(message_id="<other@example.com>", **parts))
    marks = [set(re.findall(rb'boundary="([^"]+)"', raw)) for raw in (to_mime(outgoing(**parts)), other)]
    assert (len(marks[0]), len(marks[1]), marks[0] & marks[1]) == (2, 2, set())


PDF = Attachment("a.pdf", b"%PDF", "application/pdf")
LOGO = Attachment("logo.png", b"\x89PNG", "image/png", "logo@kowhai")


@pytest.mark.parametrize(
    ("parts", "shape"),
    [
        ({"text": "a"}, "plain"),
        ({"text": None}, "plain"),
        ({"text": None, "html": "a"}, "html"),
        ({"html": "a"}, "alternative(plain html)"),
        ({"attachments": (PDF,)}, "mixed(plain pdf)"),
        ({"html": "a", "attachments": (LOGO,)}, "alternative(plain related(html png))"),
        ({"html": "a", "attachments": (PDF, LOGO)}, "mixed(alternative(plain related(html png)) pdf)"),
        ({"text": None, "html": "a", "attachments": (PDF, LOGO, PDF)}, "mixed(related(html png) pdf pdf)"),
        ({"attachments": (PDF, LOGO)}, "mixed(plain png pdf)"),
    ],
)
def test_the_parts_stand_in_each_other(parts: dict[str, Any], shape: str) -> None:
    def shape_of(part: strict_reader.Part) -> str:
        subtype = part.type.partition("/")[2]
        return f"{subtype}({' '.join(map(shape_of, part.parts))})" if part.parts else subtype

    assert shape_of(read(outgoing(**parts))) == shape


def test_an_image_within_the_html_is_inline_and_has_its_id() -> None:
    whole = read(outgoing(text=None, html='<img src="cid:logo@kowhai">', attachments=(LOGO,)))
    assert whole["Content-Type"].startswith('multipart/related; type="text/html"; boundary=')
    image = whole.parts[1]
    assert (image.type, image["Content-ID"], image["Content-Disposition"], image.decoded) == (
        "image/png", "<logo@kowhai>", 'inline; filename="logo.png"', b"\x89PNG",
    )  # fmt: skip


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in nasty.BODIES.items()])
@pytest.mark.parametrize("attachments", [(), (PDF,)], ids=["alone", "beside another part"])
def test_a_body_arrives_as_it_was_written(body: str, attachments: tuple[Attachment, ...]) -> None:
    whole = outgoing(text=body, html=body, attachments=attachments)
    expected = re.sub("\r\n|\r", "\n", body)
    text, html, *_ = read(whole).leaves
    assert (text.text, html.text) == (expected, expected)
    alone = read(outgoing(text=None, html=body, attachments=attachments)).leaves[0]
    assert alone.text == expected


def test_a_line_of_two_megabytes_is_sent_in_short_ones() -> None:
    """SM-44"""
    line = "0123456789" * 200_000
    part = read(outgoing(text=line))
    assert part.text == line
    assert max(map(len, part.content.split(b"\r\n"))) == 76


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\0")))
def test_every_body_arrives_as_it_was_written(body: str) -> None:
    assert read(outgoing(text=body)).text == body


@given(st.binary(max_size=200))
def test_every_attachment_arrives_as_it_is(content: bytes) -> None:
    assert read(outgoing(attachments=(Attachment("a", content),))).parts[1].decoded == content


@pytest.mark.parametrize("media_type", ["message/rfc822", "message/partial", "message/external-body"])
def test_a_message_within_a_message_is_a_plain_file(media_type: str) -> None:
    """SM-41: nothing in it is a line of ours."""
    content = b"Subject: a\n\nhi\n.\r\nMAIL FROM:<evil@x.test>\r.\r"
    part = read(outgoing(attachments=(Attachment("old.eml", content, media_type),))).parts[1]
    assert (part.type, part.file_name, part.decoded) == ("application/octet-stream", "old.eml", content)


@pytest.mark.parametrize(
    "name", ["a b.pdf", "Übersicht – März.pdf", "a'b;c=d.pdf", "50%.pdf", "東京.pdf", "x" * 146 + ".pdf", "%41.pdf"]
)
def test_a_file_name_arrives_as_it_is(name: str) -> None:
    assert read(outgoing(attachments=(Attachment(name, b""),))).parts[1].file_name == name


def test_an_address_outside_ascii_stands_there_in_utf_8() -> None:
    raw = to_mime(outgoing(to=(Address("ü@bücher.test", "Zoë"),), reply_to=to("é@d.test"), subject="ü"))
    assert b"To: =?utf-8?b?Wm/Dqw==?= <\xc3\xbc@xn--bcher-kva.test>\r\n" in raw
    assert b"Reply-To: \xc3\xa9@d.test\r\nSubject: =?utf-8?b?w7w=?=\r\n" in raw


def test_the_longest_id_is_never_encoded_nor_folded() -> None:
    longest = f"<{'a' * 64}@{'b.' * 88}test>"
    assert read(outgoing(message_id=longest))["Message-ID"] == longest


# --- what reads back otherwise is not sent

LIES: dict[str, tuple[str, Callable[..., Any], str]] = {
    "another recipient": ("mailboxes", lambda people: "evil@x.test", "From"),
    "one recipient more": ("mailboxes", lambda people: "sender@example.com, evil@x.test", "From"),
    "a comma without quotes": ("mailboxes", lambda people: "CEO, <sender@example.com>", "From"),
    "no address at all": ("mailboxes", lambda people: "undisclosed:;", "From"),
    "another subject": ("unstructured", lambda text: "another", "Subject"),
    "one header more": ("unstructured", lambda text: f"{text}\r\nBcc: evil@x.test", "headers"),
    "the end of the headers": ("unstructured", lambda text: f"{text}\r\n\r\nBcc: evil@x.test", "headers"),
    "a bare line feed": ("unstructured", lambda text: f"{text}\n x", "message"),
    "a bare carriage return": ("unstructured", lambda text: f"{text}\rx", "message"),
    "a NUL": ("unstructured", lambda text: f"{text}\0", "message"),
    "a long line": ("unstructured", lambda text: "x" * 990, "message"),
    "another file name": ("parameter", lambda name, value: 'filename="a.exe"', "attachment"),
    "no file name": ("parameter", lambda name, value: "x=y", "attachment"),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_what_reads_back_otherwise_is_never_sent(
    lie: tuple[str, Callable[..., Any], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, instead, field = lie
    monkeypatch.setattr(mime, writer, instead)
    with pytest.raises(SerialisationMismatch) as caught:
        to_mime(outgoing(sender=Address("sender@example.com"), attachments=(PDF,)))
    assert caught.value.field == field


# --- thousands of nasty texts

SEEDS = (
    *nasty.HEADER_TEXTS.values(), *nasty.ENCODED_WORDS.values(), *nasty.DISPLAY_NAMES.values(), *nasty.DIFFERENTIAL,
    *nasty.REFUSED_FILE_NAMES.values(), *(text for text in nasty.ADDRESSES.values() if isinstance(text, str)),
    "Müller, Hans", 'John "Jack" Smith', "Doe; John (Sales)", "東京 office", "x" * 80,
)  # fmt: skip
ADDRESSES = (
    *nasty.DIFFERENTIAL, *(text for text in nasty.ADDRESSES.values() if isinstance(text, str)),
    *nasty.LET_THROUGH * 8, "ü@d.test", "o.k-1@sub.d.test",
)  # fmt: skip
PIECES = (
    "\r\n", "\n", "\r", "\0", "=?", "?=", "=?utf-8?q?", "=?utf-8?b?", "=40", "=0D=0A", "@", "<", ">", ",", ";", ":",
    '"', "\\", "(", ")", "[", "]", "%", "!", ".", "..", " ", "  ", "\t", "ü", "东", "😀", "\u200b", "\u202e", "\u2028",
    "\ud800", "．", "Bcc: evil@x.test", "evil@x.test", "@x.test:", "é", "\u0301", "a", "ok@d.test", "",
)  # fmt: skip


def mutated(dice: random.Random, seeds: Sequence[str]) -> str:
    """A nasty text with some of it changed, left out, or joined to some of another."""
    text = dice.choice(seeds)
    for _ in range(dice.randint(0, 3)):
        at, length = dice.randrange(len(text) + 1), dice.randrange(6)
        kind = dice.randrange(4)
        if kind == 0:
            text = text[:at] + dice.choice(PIECES) + text[at:]
        elif kind == 1:
            text = text[:at] + text[at + length :]
        elif kind == 2:
            text = text[:at] + dice.choice(PIECES) + text[at + length :]
        else:
            text = text[:at] + dice.choice(seeds)[length:]
    return text


def let_through(make: Callable[[str], Any], dice: random.Random, seeds: Sequence[str] = SEEDS) -> Any:
    """What becomes of a mutated text, or None where the gate refuses it."""
    try:
        return make(mutated(dice, seeds))
    except GateRefused:
        return None


def test_what_passes_the_gate_arrives_as_it_was_meant() -> None:
    passed = mutate(2_000, "SM")
    assert {kind: count for kind, count in passed.items() if count < 300} == {}


def mutate(messages: int, seed: str) -> dict[str, int]:
    """Messages of mutated texts: whatever is let through is read back, and nothing else is there; how many were."""
    dice = random.Random(seed)  # noqa: S311 - a failure can be repeated
    passed = dict.fromkeys(("address", "name", "subject", "header", "file name"), 0)
    for _ in range(messages):
        found = {
            "address": let_through(Address, dice, ADDRESSES),
            "name": let_through(lambda text: Address("named@d.test", text), dice),
            "subject": let_through(lambda text: outgoing(subject=text).message.subject, dice),
            "header": let_through(lambda text: outgoing(headers=(("X-Foo", text),)).message.headers, dice),
            "file name": let_through(lambda text: Attachment(text, b"content"), dice),
        }
        for kind, value in found.items():
            passed[kind] += value is not None
        people = tuple(one for one in (found["address"], found["name"]) if one is not None)
        whole = outgoing(
            to=people or to("ann@example.com"),
            cc=people[::-1],
            subject=found["subject"] or "",
            headers=found["header"] or (),
            attachments=(found["file name"],) if found["file name"] else (),
        )
        check(whole)
    return passed


def check(whole: Outgoing) -> None:
    """A strict reader finds just what was meant, and the library no other address."""
    message = whole.message
    part = strict_reader.read(to_mime(whole))
    assert part.names == [
        "From", "To", *["Cc"] * bool(message.cc), "Subject", "Date", "Message-ID", "MIME-Version",
        *(name for name, _ in message.headers),
        "Content-Type", *["Content-Transfer-Encoding"] * (not message.attachments),
    ]  # fmt: skip
    for name, meant in (("From", (SENDER,)), ("To", message.to), ("Cc", message.cc)):
        if meant:
            assert strict_reader.mailboxes(part[name]) == [(one.name, one.email) for one in meant]
            assert [email for _, email in getaddresses([part[name]])] == [one.email for one in meant]
    assert strict_reader.text(part["Subject"]) == message.subject
    assert [strict_reader.text(part[name]) for name, _ in message.headers] == [value for _, value in message.headers]
    assert [leaf.file_name for leaf in part.leaves[1:]] == [one.name for one in message.attachments]
    assert part.leaves[0].text == message.text
