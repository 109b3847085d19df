"""Graph's messages as MIME: what is read back is what was meant, whatever the words are."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import message_from_bytes
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailadmin.sandbox.composing import addresses, as_properties, composed, is_address
from mailadmin.sandbox.reading import Part, read

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
ODD = [
    "Hi\r\nBcc: evil@x.test",
    "Hi\n\n<script>",
    "=?utf-8?q?Hi=0D=0ABcc:_evil=40x.test?=",
    "=?utf-8?q?evil=40x.test=2C?=",
    "Hi\x00\x0b\u2028\u0085",
    'a, b; c <d@x.test> "e" (f) \\',
    "ü" * 400,
    "x" * 2_000,
]


def person(address: str, name: str = "") -> dict[str, Any]:
    return {"emailAddress": {"address": address, "name": name}}


def as_read(text: str) -> str:
    """A header is one line: what would end it reads as a blank."""
    return re.sub(r"[\r\n]+", " ", text)


@pytest.mark.parametrize("text", ODD)
def test_words_begin_no_header_and_no_address(text: str) -> None:
    message = {
        "subject": text,
        "body": {"contentType": "text", "content": text},
        "from": person("accounts@kowhai.example", text),
        "toRecipients": [person("a@x.example", text), person("b@x.example", text)],
        "ccRecipients": [person(text, text)],
        "internetMessageHeaders": [{"name": "x-odd", "value": text}],
        "internetMessageId": text,
    }
    found = read(composed(message, [Part(text, "text/plain\r\nX: y", b"content", text)], AT))
    names = {name for name, _ in found.written}
    assert names <= {"From", "To", "Cc", "Subject", "Date", "Message-ID", "x-odd", "Content-Type", "MIME-Version"}
    assert [address for _, address in found.addresses("To")] == ["a@x.example", "b@x.example"]
    assert [address for _, address in found.addresses("From")] == ["accounts@kowhai.example"]
    assert "evil@x.test" not in [address for _, address in found.addresses("Cc")]
    assert as_read(found.header("Subject")).split() == as_read(text).split()
    assert [part.content for part in found.parts] == [b"content"]
    assert found.parts[0].content_type == "application/octet-stream"


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=300))
@example("=?utf-8?b?SGk=?=")
@example(" leading and trailing ")
def test_a_subject_and_a_text_are_read_as_they_were_written(text: str) -> None:
    found = read(composed({"subject": text, "body": {"content": text}}, [], AT))
    assert found.header("Subject").strip() == text.strip()
    assert found.text == text


def test_inline_pictures_stand_beside_the_html_and_files_beside_both() -> None:
    picture = Part("logo.png", "image/png", b"\x89PNG", "logo", inline=True)
    file = Part("statement.pdf", "application/pdf", b"%PDF")
    raw = composed({"body": {"contentType": "HTML", "content": "<img src=cid:logo>"}}, [picture, file], AT)
    tree = [part.get_content_type() for part in message_from_bytes(raw).walk()]
    assert tree == ["multipart/mixed", "multipart/related", "text/html", "image/png", "application/pdf"]
    assert read(raw).parts == (picture, file)


def test_a_message_and_its_mime_stand_for_each_other() -> None:
    message = {
        "subject": "Kia ora",
        "body": {"contentType": "html", "content": "<p>Kia ora</p>"},
        "from": person("everyone@kowhai.example", "Everyone"),
        "sender": person("accounts@kowhai.example", "Accounts"),
        "toRecipients": [person("a@x.example", "Hēnare, Tama"), person("b@x.example")],
        "ccRecipients": [],
        "bccRecipients": [person("c@x.example")],
        "replyTo": [person("d@x.example")],
        "internetMessageHeaders": [{"name": "x-mailadmin-id", "value": "123"}],
        "internetMessageId": "<a@kowhai.example>",
    }
    assert as_properties(read(composed(message, [], AT))) == message
    assert addresses(message, "toRecipients", "bccRecipients") == ["a@x.example", "b@x.example", "c@x.example"]


@pytest.mark.parametrize("text", ["a@x.example", "a.b+c@sub.x.example", "o'neill@x.example"])
def test_an_address(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize("text", ["", "a", "a@", "@x", "a@x@y", "a@.example", ".a@x.example", "a" * 250 + "@x.example"])
def test_no_address_at_all(text: str) -> None:
    assert not is_address(text)


@pytest.mark.parametrize(
    "text", ["a b@x.example", "a;b@x.example", "a@x.example, b@x.example", "<a@x.example>", "a@x.example\r\nBcc: b@x"]
)
def test_no_address(text: str) -> None:
    assert not is_address(text)
