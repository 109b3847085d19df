"""Signing in: once, by the first way both know, and the password is shown nowhere (SM-59 to SM-66)."""

from __future__ import annotations

import base64

import pytest

from mailadmin.errors import (
    AuthFailed,
    MailAdminError,
    MailFailed,
    Outcome,
    ProtocolViolation,
)
from tests.canaries import canary, encodings
from tests.letters import outgoing, to
from tests.scripted import POLITE, Script, scripted


def auth(*mechanisms: str) -> Script:
    """A server with these ways to sign in."""
    return {"EHLO after TLS": f"250-scripted.test\r\n250 AUTH {' '.join(mechanisms)}\r\n".encode()}


# --- signing in


@pytest.mark.parametrize(
    ("offered", "asked", "said"),
    [
        ("PLAIN LOGIN CRAM-MD5", [], ["AUTH PLAIN AGpvw6sAcMOkc3M="]),
        ("login cram-md5", [b"VXNlcm5hbWU6", b"UGFzc3dvcmQ6"], ["AUTH LOGIN", "am/Dqw==", "cMOkc3M="]),
    ],
)
def test_signing_in(offered: str, asked: list[bytes], said: list[str]) -> None:
    steps = [b"334 " + challenge + b"\r\n" for challenge in asked] + [POLITE["AUTH"]]
    script = auth(offered) | dict(zip(["AUTH", *said[1:]], steps, strict=True))
    with scripted(script) as server:
        server.send(password="päss", user_name="joë")
        (heard,) = server.finished()
    assert heard.commands[3 : 3 + len(said)] == said


def test_cram_md5_is_answered_with_the_digest_of_its_challenge() -> None:
    """RFC 2195 2, over the wire."""
    script = auth("XOAUTH2 CRAM-MD5") | {"AUTH": b"334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\r\n"}
    with scripted(script) as server:
        server.send(password="tanstaaftanstaaf", user_name="tim")
        (heard,) = server.finished()
    assert base64.b64decode(heard.commands[4]) == b"tim b913a602c7eda7a495b4e6e7334d3890"


def test_auth_of_old_is_understood() -> None:
    with scripted({"EHLO after TLS": b"250-scripted.test\r\n250 AUTH=LOGIN PLAIN\r\n"}) as server:
        assert server.send(password=canary()).said


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
@pytest.mark.parametrize("refused_at", ["AUTH", "answer"])
def test_a_wrong_password_is_tried_once(mechanism: str, refused_at: str) -> None:
    """SM-61: a second try could lock the account."""
    refusal = b"535 5.7.8 no\r\n"
    script = {"AUTH": b"334 PDEuMkBhPg==\r\n", "answer": refusal} if refused_at == "answer" else {"AUTH": refusal}
    with scripted(auth(mechanism, "PLAIN", "LOGIN", "CRAM-MD5") | script) as server:
        with pytest.raises(AuthFailed, match="user name or password are wrong") as caught:
            server.send(password=canary())
        (heard,) = server.finished()
    assert (caught.value.code, caught.value.outcome) == (535, Outcome.FAILED)
    assert sum(command.startswith("AUTH") for command in heard.commands) == 1


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_challenges_without_end(mechanism: str) -> None:
    """SM-62: five at most; what nobody asked for is cancelled."""
    script = auth(mechanism) | {"AUTH": b"334 PDEuMkBhPg==\r\n", "answer": b"334 PDEuMkBhPg==\r\n"}
    with scripted(script) as server:
        with pytest.raises(ProtocolViolation, match="asks for ever more") as caught:
            server.send(password=canary())
        (heard,) = server.finished()
    known = {"PLAIN": 0, "LOGIN": 2, "CRAM-MD5": 1}[mechanism]
    said = heard.commands[4:-1]
    assert (len(said), said[known:], "*" in said[:known]) == (5, ["*"] * (5 - known), False)
    assert caught.value.outcome is Outcome.FAILED


@pytest.mark.parametrize("challenge", [b"%%%", b"abc", b"=", b"", "ü".encode()])
def test_a_challenge_that_is_not_base64(challenge: bytes) -> None:
    """SM-63: an empty one is, and is answered."""
    with scripted(auth("CRAM-MD5") | {"AUTH": b"334 " + challenge + b"\r\n"}) as server:
        if not challenge:
            assert server.send(password=canary()).said
            return
        with pytest.raises(ProtocolViolation, match="challenge is not base64") as caught:
            server.send(password=canary())
    assert (caught.value.stage, caught.value.outcome) == ("AUTH", Outcome.FAILED)


@pytest.mark.parametrize("offered", ["", "XOAUTH2", "GSSAPI NTLM", "PLAINLY"])
def test_no_way_to_sign_in(offered: str) -> None:
    """SM-66"""
    with scripted(auth(offered)) as server:
        with pytest.raises(AuthFailed, match="no way to sign in that is known here"):
            server.send(password=canary())
        (heard,) = server.finished()
    assert heard.commands[-1] == "QUIT"
    assert not any(command.startswith("AUTH") for command in heard.commands)


def test_already_signed_in() -> None:
    """RFC 4954 4"""
    with scripted({"AUTH": b"503 5.5.1 already authenticated\r\n"}) as server:
        assert server.send(password=canary()).said


CODES = {530: Outcome.FAILED, 534: Outcome.FAILED, 538: Outcome.FAILED, 454: Outcome.RETRY, 421: Outcome.RETRY}


def test_every_refusal_of_signing_in_says_something_of_its_own() -> None:
    """SM-65"""
    said = {}
    for code, outcome in CODES.items():
        with scripted({"AUTH": b"%d no\r\n" % code}) as server, pytest.raises(AuthFailed) as caught:
            server.send(password=canary())
        assert (caught.value.code, caught.value.outcome) == (code, outcome)
        said[code] = caught.value.what.partition(" (")[0]
    assert len(set(said.values())) == 5


# --- no secret in anything that is shown


def told(error: BaseException) -> str:
    """Everything that could be shown of an error and what led to it."""
    parts: list[str] = []
    while error is not None:
        parts += [str(error), repr(error), repr(vars(error))]
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return "\n".join(parts)


def secrets_of(password: str) -> dict[str, str]:
    """What must not be shown."""
    forms = {name: form.decode() for name, form in encodings(password).items() if "UTF-16" not in name}
    unpadded = {f"{name} without padding": form.rstrip("=") for name, form in forms.items() if form.endswith("=")}
    return forms | unpadded


@pytest.mark.parametrize(
    ("mechanism", "stage"),
    [("LOGIN", "answer"), ("CRAM-MD5", "answer"),
     ("PLAIN", "AUTH"), ("PLAIN", "MAIL"), ("PLAIN", "RCPT"), ("PLAIN", "DATA"), ("PLAIN", "end of message")],
)  # fmt: skip
@pytest.mark.parametrize(
    "form", ["plain", "base64", "SASL PLAIN", "base64 without padding", "SASL PLAIN without padding"]
)
def test_a_password_the_server_repeats_is_shown_nowhere(mechanism: str, stage: str, form: str) -> None:
    """SM-64: in a refusal, in several lines of one, in the transcript, in what a delivery says."""
    password = canary()
    echo = secrets_of(password)[form].encode()
    refusals = [b"550-5.7.1 you said " + echo + b"\r\n550 5.7.1 \x1b[2J(" + echo + b")\r\n", b"?" + echo + b"?\r\n"]
    for answer in refusals:
        script = {"AUTH": b"334 PDEuMkBhPg==\r\n"} if mechanism != "PLAIN" else {}
        with scripted(auth(mechanism) | script | {stage: answer}) as server:
            try:
                shown = repr(server.send(outgoing(to=to("a@d.test", "b@d.test")), password=password))
            except MailAdminError as error:
                shown = told(error)
        assert "****" in shown
        assert {name for name, secret in secrets_of(password).items() if secret in shown} == set()


def test_the_digest_is_shown_nowhere() -> None:
    """A digest repeated by the server could be guessed at."""
    digest = base64.b64encode(b"tim b913a602c7eda7a495b4e6e7334d3890")
    script = {"AUTH": b"334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\r\n"}
    refusing = scripted(auth("CRAM-MD5") | script | {"answer": b"535 no, " + digest + b"\r\n"})
    with refusing as server, pytest.raises(AuthFailed) as caught:
        server.send(password="tanstaaftanstaaf", user_name="tim")
    assert "535 no, ****" in told(caught.value)
    assert digest.decode() not in told(caught.value)


@pytest.mark.parametrize("password", ["", "2", "250", "5", "ok", "-", "****"])
def test_a_short_password_spoils_no_answer(password: str) -> None:
    with scripted() as server:
        delivery = server.send(password=password)
    assert (delivery.is_partial, delivery.recipients[0].code) == (False, 250)


def test_a_transcript_tells_all_but_the_password_and_the_message() -> None:
    password = canary()
    with scripted() as server:
        delivery = server.send(password=password)
    said = [line for line in delivery.transcript if not line.startswith("TLSv1.")]
    assert said == [
        f"connected to localhost:{server.port}",
        "S: 220 scripted.test ESMTP",
        "C: ehlo localhost.localdomain",
        "S: 250-scripted.test", "S: 250-STARTTLS", "S: 250-AUTH PLAIN LOGIN", "S: 250 SIZE 35882577",
        "C: STARTTLS",
        "S: 220 2.0.0 go ahead",
        "C: ehlo localhost.localdomain",
        "S: 250-scripted.test", "S: 250-AUTH PLAIN LOGIN", "S: 250 SIZE 35882577",
        "C: AUTH PLAIN ****",
        "S: 235 2.7.0 welcome",
        "C: MAIL FROM:<sender@example.com> SIZE=320",
        "S: 250 2.1.0 ok",
        "C: RCPT TO:<ann@example.com>",
        "S: 250 2.1.5 ok",
        "C: DATA",
        "S: 354 go ahead",
        "C: (message, 320 bytes)",
        "S: 250 2.0.0 queued as 1",
    ]  # fmt: skip
    assert {name for name, secret in secrets_of(password).items() if secret in repr(delivery)} == set()


@pytest.mark.parametrize("stage", ["banner", "AUTH", "MAIL", "end of message"])
def test_an_error_carries_what_was_said_until_then(stage: str) -> None:
    with scripted({stage: b"554 no\x1b[2J\r\n"}) as server, pytest.raises(MailFailed) as caught:
        server.send(password=canary())
    assert caught.value.transcript[-1] == "S: 554 no\\x1b[2J"
    assert "\x1b" not in told(caught.value)
