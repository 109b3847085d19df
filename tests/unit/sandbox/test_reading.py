"""Whatever came can be read: nothing in a message stops the reading, or reads as more than it is."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.sandbox.reading import Part, read, read_headers


def test_texts_and_files_of_an_ordinary_message() -> None:
    message = EmailMessage()
    message["Subject"] = "Wāhi mahi"
    message["From"] = "Tama Hēnare <tama@kowhai.example>"
    message.set_content("text\n")
    message.add_alternative("<p>html</p>\n", subtype="html")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="Tauākī.pdf")
    found = read(message.as_bytes())
    assert (found.text, found.html, found.header("subject")) == ("text\n", "<p>html</p>\n", "Wāhi mahi")
    assert found.parts == (Part("Tauākī.pdf", "application/pdf", b"%PDF"),)
    assert found.addresses("From") == [("Tama Hēnare", "tama@kowhai.example")]


def test_utf_8_in_headers_is_read_as_such() -> None:
    assert read_headers("Subject: Wāhi mahi\r\n\r\n".encode()).header("Subject") == "Wāhi mahi"


def test_a_text_that_is_a_file_is_a_file() -> None:
    message = EmailMessage()
    message.set_content("first")
    message.add_attachment("second", filename="second.txt")
    found = read(message.as_bytes())
    assert (found.text, [part.name for part in found.parts]) == ("first\n", ["second.txt"])


def test_a_message_in_the_message_is_a_file() -> None:
    inner = EmailMessage()
    inner["Subject"] = "inner"
    inner.set_content("inner text")
    outer = EmailMessage()
    outer.set_content("outer text")
    outer.add_attachment(inner)
    found = read(outer.as_bytes())
    assert found.text == "outer text\n"
    assert [(part.content_type, read(part.content).header("Subject")) for part in found.parts] == [
        ("message/rfc822", "inner")
    ]


def test_a_comma_in_an_encoded_name_parts_no_addresses() -> None:
    found = read_headers(b"To: =?utf-8?q?evil=40x.test=2C?= <ok@d.test>\r\n\r\n")
    assert found.addresses("To") == [("evil@x.test,", "ok@d.test")]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff",
        b"Subject: =?unknown-8bit?q?=ff?=\r\n\r\n",
        b"Subject: =?utf-8?b?!!!?=\r\n\r\n",
        b"Content-Type: text/plain; charset=no-such\r\n\r\n\xff",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n--b--",
        b"Content-Type: text/plain; name*=no-such''%ff\r\nContent-Disposition: attachment; filename*=x'y'%zz\r\n\r\n",
        b"Content-Transfer-Encoding: base64\r\nContent-Type: application/pdf\r\n\r\n!",
        b"Content-ID: =?x?\r\nContent-Type: image/png\r\n\r\n",
    ],
)
def test_what_is_no_message_is_read_all_the_same(raw: bytes) -> None:
    found = read(raw)
    assert [isinstance(text, str) for pair in found.headers for text in pair].count(False) == 0
    assert [part.name for part in found.parts if not part.name] == []


@given(
    st.binary(max_size=400), st.sampled_from(["Subject", "From", "Content-Type", "Content-Disposition", "Content-ID"])
)
def test_no_header_stops_the_reading(value: bytes, name: str) -> None:
    found = read(name.encode() + b": " + value + b"\r\n\r\nbody")
    assert found.header(name) == dict(reversed(found.headers)).get(name, "")
    assert isinstance(found.addresses(name), list)
