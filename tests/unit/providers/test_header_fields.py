"""Whatever a person may be called and a subject may say, it is read back as it was written, by everybody."""

from __future__ import annotations

from email import message_from_string, policy
from email.header import decode_header, make_header
from email.utils import getaddresses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.domain import addresses
from mailadmin.domain.messages import Address
from mailadmin.errors import HeaderRejected
from mailadmin.providers.header_fields import mailboxes, parameter, unstructured
from tests import strict_reader
from tests.letters import to


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Statement", "Statement"),
        ("", ""),
        ("50 % off?", "50 % off?"),
        ("a  b", "=?utf-8?b?YSAgYg==?="),
        ("Über", "=?utf-8?b?w5xiZXI=?="),
        ("=? unfinished", "=?utf-8?b?PT8gdW5maW5pc2hlZA==?="),
        ("a " * 40 + "b", "a " * 33 + "a\r\n" + " a" * 6 + " b"),
        ("x" * 69, f"=?utf-8?b?{'eHh4' * 15}?=\r\n =?utf-8?b?{'eHh4' * 8}?="),
    ],
)
def test_a_text_is_plain_or_encoded(text: str, written: str) -> None:
    assert unstructured(text) == written


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("", "u@d.test"),
        ("Ann O'Neil", "Ann O'Neil <u@d.test>"),
        ("Doe, John", '"Doe, John" <u@d.test>'),
        ("John Q. Public", '"John Q. Public" <u@d.test>'),
        ('a "b" \\', '"a \\"b\\" \\\\" <u@d.test>'),
        ("Müller, Hans", "=?utf-8?b?TcO8bGxlciwgSGFucw==?= <u@d.test>"),
        ("a  b", "=?utf-8?b?YSAgYg==?= <u@d.test>"),
        ("x" * 68, "x" * 68 + " <u@d.test>"),
        ("x" * 69, f"=?utf-8?b?{'eHh4' * 15}?=\r\n =?utf-8?b?{'eHh4' * 8}?= <u@d.test>"),
    ],
)
def test_a_name_is_atoms_quoted_or_encoded(name: str, written: str) -> None:
    assert mailboxes([Address("u@d.test", name)]) == written


def test_mailboxes_stand_one_a_line() -> None:
    assert mailboxes(to("a@d.test", "ü@d.test")) == "a@d.test,\r\n ü@d.test"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("a b.pdf", 'filename="a b.pdf"'),
        ("Übersicht.pdf", "filename*=utf-8''%C3%9Cbersicht.pdf"),
        ("50%.pdf", "filename*=utf-8''50%25.pdf"),
        ("a'b;c=d.pdf", 'filename="a\'b;c=d.pdf"'),
    ],
)
def test_a_parameter_is_quoted_or_percent_encoded(value: str, written: str) -> None:
    assert parameter("filename", value) == written


PEOPLE = st.text(
    st.one_of(
        st.sampled_from(" ,;:\"\\()[]'.=?-_ %üÜß東京й😀\u0301\u200d\u00a0"),
        st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Z", "M"]),
    ),
    max_size=120,
)
"""Texts with much that needs quoting, folding or encoding."""


def passed(text: str) -> str | None:
    """The text as the gate lets it through, or nothing."""
    try:
        return addresses.header_text(text, "x").strip()
    except HeaderRejected:
        return None


@given(PEOPLE)
def test_every_text_is_read_back(text: str) -> None:
    if (meant := passed(text)) is None:
        return
    written = unstructured(meant)
    assert strict_reader.text(written.replace("\r\n", "")) == meant
    assert str(make_header(decode_header(written.replace("\r\n", "")))) == meant
    assert str(message_from_string(f"Subject: {written}\r\n\r\n", policy=policy.default)["Subject"]) == meant
    assert max(map(len, written.split("\r\n"))) <= 74


@given(st.lists(PEOPLE, min_size=1, max_size=5))
def test_every_name_is_read_back(names: list[str]) -> None:
    try:
        meant = [Address(f"u{place}@d.test", name) for place, name in enumerate(names)]
    except HeaderRejected:
        return
    wanted = [(one.name, one.email) for one in meant]
    written = mailboxes(meant)
    unfolded = written.replace("\r\n", "")
    assert strict_reader.mailboxes(unfolded) == wanted
    assert [(str(make_header(decode_header(name))), email) for name, email in getaddresses([unfolded])] == wanted
    library = message_from_string(f"To: {written}\r\n\r\n", policy=policy.default)["To"]
    assert [one.addr_spec for one in library.addresses] == [one.email for one in meant]


@given(PEOPLE)
def test_every_file_name_is_read_back(text: str) -> None:
    try:
        meant = addresses.file_name(text)
    except HeaderRejected:
        return
    field = f"attachment;\r\n {parameter('filename', meant)}"
    read = message_from_string(f"Content-Disposition: {field}\r\n\r\n", policy=policy.default)
    assert read.get_filename() == meant
    part = f"Content-Disposition: {field}\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode()
    assert strict_reader.read(part).file_name == meant
