"""What is said to sign in: the examples of the RFCs, and every form of a password."""

from __future__ import annotations

import pytest

from mailadmin.providers.smtp_sasl import MECHANISMS, cram_md5, forms_of, login, plain


def test_plain_says_both_at_once() -> None:
    """RFC 4616 4: `<NUL>tim<NUL>tanstaaftanstaaf`."""
    assert plain("tim", "tanstaaftanstaaf") == ("AHRpbQB0YW5zdGFhZnRhbnN0YWFm", ())


def test_login_says_one_after_the_other_whatever_it_is_asked() -> None:
    first, answers = login("jörg", "pässword")
    assert (first, [answer(b"whatever") for answer in answers]) == ("", ["asO2cmc=", "cMOkc3N3b3Jk"])


def test_cram_md5_says_a_digest() -> None:
    """RFC 2195 2: the challenge, and what user tim with tanstaaftanstaaf answers."""
    challenge = b"PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+"
    first, (answer,) = cram_md5("tim", "tanstaaftanstaaf")
    assert (first, answer(challenge)) == ("", "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw")


@pytest.mark.parametrize("challenge", [b"not base64!", b"abc", b"=", "ü".encode()])
def test_a_challenge_that_is_not_base64(challenge: bytes) -> None:
    """SM-63"""
    _, (answer,) = cram_md5("tim", "x")
    with pytest.raises(ValueError, match=r"."):
        answer(challenge)


def test_the_first_way_a_server_offers_is_taken() -> None:
    assert list(MECHANISMS) == ["PLAIN", "LOGIN", "CRAM-MD5"]


def test_the_forms_of_a_password() -> None:
    assert set(forms_of("tim", "secret?")) == {b"secret?", b"c2VjcmV0Pw", b"AHRpbQBzZWNyZXQ/"}


@pytest.mark.parametrize("password", ["", "x"])
def test_no_form_is_so_short_that_it_stands_everywhere(password: str) -> None:
    assert forms_of("tim", password) == ()
