"""What a refusal of Graph means: cause, remedy, and what is known of the message."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.errors import AuthFailed, Outcome, ServiceRefused
from mailadmin.providers.graph_errors import GRAPH_ERRORS, code_of, refusal
from mailadmin.providers.http import Answer


def answer(status: int, code: object) -> Answer:
    return Answer(status, {}, json.dumps({"error": {"code": code, "message": "CANARY"}}).encode())


@pytest.mark.parametrize("code", GRAPH_ERRORS)
def test_gr_19_every_known_code_has_a_cause_and_a_remedy(code: str) -> None:
    found, known = refusal("send", answer(400, code)), GRAPH_ERRORS[code]
    assert str(found) == f"send: {known.meaning} (400 {code}).\n{known.remedy}"
    assert (found.outcome, found.code, bool(found.remedy)) == (known.outcome, 400, True)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        *((400, Outcome.FAILED), (403, Outcome.FAILED), (404, Outcome.FAILED), (413, Outcome.FAILED)),
        *((408, Outcome.RETRY), (429, Outcome.RETRY), (500, Outcome.RETRY), (507, Outcome.RETRY), (599, Outcome.RETRY)),
    ],
)
def test_an_unknown_one_is_transient_where_its_status_is(status: int, outcome: Outcome) -> None:
    assert refusal("draft", answer(status, "Unheard.Of")).outcome is outcome
    assert refusal("draft", Answer(status, {}, b"")).outcome is outcome


def test_where_the_stage_knows_better_it_says_so() -> None:
    assert refusal("send", answer(403, "ErrorAccessDenied"), outcome=Outcome.UNKNOWN).outcome is Outcome.UNKNOWN


def test_a_token_that_is_not_accepted_is_a_failed_sign_in() -> None:
    assert type(refusal("draft", answer(401, "InvalidAuthenticationToken"))) is AuthFailed
    assert type(refusal("draft", answer(403, "InvalidAuthenticationToken"))) is ServiceRefused


@given(st.text() | st.none() | st.integers() | st.lists(st.text()) | st.dictionaries(st.text(), st.text()))
def test_a_code_is_letters_or_it_is_none(code: object) -> None:
    found = code_of(answer(400, code))
    assert found == "" or (found == code and all(c.isascii() and (c.isalpha() or c in "_.") for c in found))


@pytest.mark.parametrize("body", [b"", b"[]", b'{"error": "x"}', b'{"error": []}', b'{"error": {}}', b"<html>"])
def test_an_answer_without_a_code_has_none(body: bytes) -> None:
    assert code_of(Answer(400, {}, body)) == ""
