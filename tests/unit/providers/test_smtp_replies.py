"""What servers say has a meaning and a remedy, and says whether it may be tried again (SM-65)."""

from __future__ import annotations

import re

import pytest

from mailadmin.errors import AuthFailed, Outcome, ServiceRefused
from mailadmin.providers.smtp_replies import REPLIES, meaning_of, outcome_of, refusal

SAID: dict[str, tuple[str, int, str, str]] = {
    "SM-65 no TLS": ("MAIL FROM", 530, "5.7.0 Must issue a STARTTLS command first", "the server wants TLS first"),
    "SM-65 not signed in": ("MAIL FROM", 530, "5.7.0 Authentication required", "the server wants a signed-in client"),
    "SM-65 too weak": (
        "AUTH", 534, "5.7.9 Authentication mechanism is too weak", "the way of signing in is too weak for this server",
    ),
    "SM-65 wrong": ("AUTH", 535, "5.7.8 Authentication credentials invalid", "user name or password are wrong"),
    "SM-65 wrong, in Exchange's words": (
        "AUTH", 535, "5.7.3 Authentication unsuccessful", "user name or password are wrong",
    ),
    "SM-65 in the clear": (
        "AUTH", 538, "5.7.11 Encryption required", "the server wants TLS before anybody signs in",
    ),
    "SM-65 not now": ("AUTH", 454, "4.7.0 Temporary failure", "signing in does not work just now"),
    "SM-65 closing": ("AUTH", 421, "4.3.2 Closing", "the server is closing or too busy"),
    "no basic authentication": (
        "AUTH", 550, "5.7.30 Basic authentication is not supported for Client Submission.",
        "Exchange Online no longer takes a user name and password for SMTP",
    ),
    "switched off": (
        "AUTH", 535, "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
        "SMTP AUTH is switched off for this tenant or mailbox",
    ),
    "security defaults": (
        "AUTH", 535, "5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults "
        "policy.", "the tenant's security defaults forbid SMTP AUTH",
    ),
    "policy": (
        "AUTH", 535, "5.7.139 Authentication unsuccessful, the request did not meet the criteria",
        "the tenant's policy did not let this sign-in through",
    ),
    "nobody signed in": (
        "MAIL FROM", 530, "5.7.57 Client not authenticated to send mail",
        "the server wants a signed-in client, and nobody signed in",
    ),
    "not as this From": (
        "end of message", 554, "5.2.252 SendAsDenied; a@d.test not allowed to send as b@d.test",
        "the account may not send as this From address",
    ),
    "not as this From, in the store's words": (
        "end of message", 554, "5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException",
        "the account may not send as this From address",
    ),
    "too large": ("MAIL FROM", 552, "5.3.4 Message size exceeds fixed limit",
                  "the message is larger than the server takes"),
    "not now": ("MAIL FROM", 452, "4.3.1 Insufficient system storage", "the server cannot take it just now"),
    "nobody there": ("RCPT TO", 550, "5.1.1 User unknown", "the server does not know or take this address"),
    "not there, by another code": (
        "RCPT TO", 553, "5.1.3 Bad recipient address syntax", "the server does not know or take this address",
    ),
    "refused": ("banner", 554, "No SMTP service here", "the server refused it"),
}  # fmt: skip


@pytest.mark.parametrize(("stage", "code", "said", "meaning"), SAID.values(), ids=SAID)
def test_a_reply_and_its_meaning(stage: str, code: int, said: str, meaning: str) -> None:
    error = refusal(stage, "mail.d.test", code, said)
    assert error.what == f"{stage}: {meaning} (mail.d.test said {code} {said})."
    assert error.remedy
    assert (error.stage, error.code, error.outcome) == (stage, code, Outcome.RETRY if code < 500 else Outcome.FAILED)


def test_every_meaning_is_met() -> None:
    met = {meaning for _, _, _, meaning in SAID.values()}
    assert {known.meaning for known in REPLIES} == met


def test_all_of_signing_in_fails_by_the_same_name() -> None:
    assert {type(refusal("AUTH", "s", code, "")) for code in (421, 454, 500, 535)} == {AuthFailed}
    assert {type(refusal("MAIL FROM", "s", code, "")) for code in (530, 534, 535, 538)} == {AuthFailed}
    assert {type(refusal("MAIL FROM", "s", code, "")) for code in (421, 450, 550, 554)} == {ServiceRefused}


def test_the_four_ways_of_not_being_let_in_differ_and_only_some_may_be_tried_again() -> None:
    """SM-65"""
    meanings = {code: meaning_of(code, "") for code in (530, 534, 538, 454, 421)}
    assert len({known.meaning for known in meanings.values() if known is not None}) == 5
    assert {code for code in meanings if outcome_of(code) is Outcome.RETRY} == {454, 421}


@pytest.mark.parametrize(
    ("code", "said", "meaning"),
    [
        (550, "5.7.1 client [10.5.7.8] is listed", "the server does not know or take this address"),
        (550, "5.7.1 client [5.7.30.1] is listed", "the server does not know or take this address"),
        (421, "4.7.0 try again 5.7.57", "the server is closing or too busy"),
    ],
)
def test_a_number_somewhere_in_the_text_is_no_code(code: int, said: str, meaning: str) -> None:
    known = meaning_of(code, said)
    assert known is not None
    assert known.meaning == meaning


def test_a_reply_nobody_knows_is_told_as_it_is() -> None:
    error = refusal("DATA", "mail.d.test", 571, "5.9.9 odd")
    assert (str(error), error.outcome, error.remedy) == ("DATA: mail.d.test said 571 5.9.9 odd.", Outcome.FAILED, "")


def test_patterns_can_be_looked_for() -> None:
    assert [known.pattern for known in REPLIES if re.search(known.pattern, "") is not None] == []
