"""Where an Exchange server is asked: always by https, at the address that was entered."""

from __future__ import annotations

import pytest

from mailadmin.domain.profiles import ExchangeServerProfile, OutlookProfile, Secret, ews_endpoint
from tests.canaries import canary


@pytest.mark.parametrize(
    ("server", "port", "expected"),
    [
        ("mail.kowhai.example", 0, "https://mail.kowhai.example/EWS/Exchange.asmx"),
        ("Mail.Kowhai.Example", 443, "https://mail.kowhai.example/EWS/Exchange.asmx"),
        ("mail.kowhai.example", 8443, "https://mail.kowhai.example:8443/EWS/Exchange.asmx"),
        ("192.0.2.7", 0, "https://192.0.2.7/EWS/Exchange.asmx"),
        ("[2001:db8::7]", 0, "https://[2001:db8::7]/EWS/Exchange.asmx"),
        ("https://mail.kowhai.example", 0, "https://mail.kowhai.example/EWS/Exchange.asmx"),
        ("https://mail.kowhai.example/", 0, "https://mail.kowhai.example/EWS/Exchange.asmx"),
        ("https://mail.kowhai.example/ews/exchange.asmx", 0, "https://mail.kowhai.example/ews/exchange.asmx"),
        ("https://mail.kowhai.example:444/EWS/Exchange.asmx", 25, "https://mail.kowhai.example:444/EWS/Exchange.asmx"),
    ],
)
def test_a_name_or_a_whole_address_will_do(server: str, port: int, expected: str) -> None:
    assert ews_endpoint(server, port) == expected


@pytest.mark.parametrize(
    "server",
    [
        "http://mail.kowhai.example/EWS/Exchange.asmx",
        "ftp://mail.kowhai.example",
        "user@mail.kowhai.example",
        "https://user:word@mail.kowhai.example",
        "mail.kowhai.example?x=1",
        "mail.kowhai.example#@evil.example",
        "mail.kowhai.example\\@evil.example",
        "mail kowhai",
        "",
        "https://",
        "mail.kowhai.example\n",
    ],
)
def test_nothing_but_https_and_nothing_that_could_be_read_differently(server: str) -> None:
    with pytest.raises(ValueError, match="no name of a server"):
        ews_endpoint(server, 0)


def test_an_account_is_said_in_words_and_shows_no_password() -> None:
    secret = canary()
    profile = ExchangeServerProfile(
        endpoint=ews_endpoint("mail.kowhai.example", 0),
        user_name="anna",
        password=Secret(lambda: secret),
        mailbox="anna@kowhai.example",
    )
    assert (profile.server, profile.account) == (
        "mail.kowhai.example",
        "mailbox anna@kowhai.example at mail.kowhai.example",
    )
    assert secret not in repr(profile)
    assert OutlookProfile(own="a@kowhai.example").account == "the person's own Outlook"
