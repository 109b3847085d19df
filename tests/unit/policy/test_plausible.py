"""What looks wrong while it is typed: refused where it cannot stand, doubted where it can."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.domain import addresses
from mailadmin.domain.services import NO_AUTHENTICATION, Security, ServiceKind
from mailadmin.errors import AddressRejected
from mailadmin.policy.plausible import doubts, refusal

SMTP, EXCHANGE = ServiceKind.SMTP, ServiceKind.EXCHANGE
WHOLE: dict[str, Any] = {
    "server": "mail.example.com",
    "port": 587,
    "security": Security.START_TLS,
    "user_name": "me",
    "password": "hmac:0123456789abcdef",
    "sender_email": "me@example.com",
}


@pytest.mark.parametrize("name", ["mail", "mail.example.com", "10.1.2.3", "::1", "fe80::1", "localhost"])
def test_a_server_is_a_name_or_an_address(name: str) -> None:
    assert refusal("server", name) == ""


@pytest.mark.parametrize(
    "name", ["https://mail", "mail/inbox", "mail:25", "two words", "mäil.example", "-mail", "mail."]
)
def test_what_is_no_server_is_refused(name: str) -> None:
    assert refusal("server", name) != ""


@pytest.mark.parametrize("field", ["sender_email", "mailbox", "client_id", "tenant_id", "server", "user_name"])
def test_a_blank_can_stand_everywhere_and_an_invisible_character_nowhere(field: str) -> None:
    assert refusal(field, "") == ""
    assert "U+000A" in refusal(field, "a\nb")


@given(st.text(max_size=30))
def test_an_address_passes_exactly_where_the_gate_lets_it_through(text: str) -> None:
    try:
        addresses.address(text)
        passes = True
    except AddressRejected:
        passes = not text
    assert (refusal("sender_email", text) == "") == passes


def test_nothing_is_odd_about_a_whole_service_nor_about_a_blank_one() -> None:
    assert doubts(SMTP, WHOLE, required=True) == []
    assert doubts(SMTP, {}, required=True) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"port": 465}, "security"),
        ({"port": 465, "security": Security.NONE}, "security"),
        ({"port": 587, "security": Security.SSL_ON_CONNECT}, "security"),
        ({"port": None, "security": Security.AUTO}, "security"),
        ({"port": None, "security": None}, "security"),
        ({"security": Security.NONE}, "security"),
        ({"user_name": None, "password": None}, "user_name"),
        ({"user_name": None}, "user_name"),
        ({"server": None}, "server"),
        ({"password": None}, "password"),
    ],
)
def test_a_doubt_stands_at_its_field(change: dict[str, Any], field: str) -> None:
    assert [doubt.field for doubt in doubts(SMTP, WHOLE | change)] == [field]


@pytest.mark.parametrize(
    "change",
    [
        {"port": 465, "security": Security.AUTO},
        {"port": 465, "security": Security.SSL_ON_CONNECT},
        {"user_name": NO_AUTHENTICATION, "password": None},
        {"security": Security.NONE, "user_name": NO_AUTHENTICATION, "password": None},
    ],
)
def test_what_fits_together_is_not_doubted(change: dict[str, Any]) -> None:
    assert doubts(SMTP, WHOLE | change, required=True) == []


def test_what_is_missing_is_told_only_where_it_is_needed() -> None:
    given = WHOLE | {"sender_email": None}
    assert [doubt.field for doubt in doubts(SMTP, given, required=True)] == ["sender_email"]
    assert doubts(SMTP, given) == []
    application = {"tenant_id": "t", "client_id": "c"}
    assert [doubt.field for doubt in doubts(EXCHANGE, application)] == ["client_secret"]
    assert [doubt.field for doubt in doubts(EXCHANGE, application, required=True)] == ["client_secret", "mailbox"]
