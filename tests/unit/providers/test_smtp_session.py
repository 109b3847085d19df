"""A session beside servers that lie, drip and never end (SM-46 to SM-58, SM-67 to SM-71)."""

from __future__ import annotations

import socket
import ssl
import tracemalloc
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from mailadmin.domain.services import Security
from mailadmin.errors import (
    AuthFailed,
    CertificateInvalid,
    ConnectionClosed,
    MailFailed,
    Outcome,
    ProtocolViolation,
    ReplyTooLarge,
    ServiceRefused,
    StageTimeout,
    TlsFailed,
    TlsRequired,
    TlsTooOld,
)
from mailadmin.providers import smtp_session
from mailadmin.providers.smtp_session import LARGEST_REPLY, Session, in_words
from tests import certificates
from tests.canaries import canary
from tests.scripted import Act, Drip, Script, scripted

EHLO = b"ehlo localhost.localdomain\r\n"


# --- TLS and the upgrade


@pytest.mark.parametrize(
    ("script", "error"),
    [
        pytest.param({"STARTTLS": b"454 4.7.0 not now\r\n"}, TlsRequired, id="SM-46 taken back"),
        pytest.param({"STARTTLS": b"502 5.5.1 what?\r\n"}, TlsRequired, id="SM-46 not known"),
        pytest.param({"TLS": Act.FIN}, MailFailed, id="SM-46 closed"),
        pytest.param({"TLS": Act.RST}, MailFailed, id="SM-46 reset"),
        pytest.param({"TLS": b"garbage " * 100}, TlsFailed, id="SM-46 garbage"),
    ],
)
@pytest.mark.parametrize("security", [Security.AUTO, Security.START_TLS, Security.START_TLS_WHEN_AVAILABLE])
def test_nothing_falls_back_to_clear_text(script: Script, error: type[MailFailed], security: Security) -> None:
    with scripted(script) as server:
        with pytest.raises(error) as caught:
            server.send(password=canary(), security=security)
        (heard,) = server.finished()
    assert (caught.value.stage, caught.value.outcome) == (
        "STARTTLS" if error is TlsRequired else "TLS", Outcome.RETRY,
    )  # fmt: skip
    assert heard.clear.startswith(EHLO + b"STARTTLS\r\n")
    assert not any(command.startswith(("AUTH", "MAIL")) for command in heard.commands)


INJECTED = {
    "SM-49": b"220 go\r\n250-INJECTED\r\n250 AUTH PLAIN\r\n",
    "SM-50": b"220 go\r\n250-AUTH PLA",
    "SM-51 a whole answer": b"220 go\r\n250 ok\r\n",
    "SM-51 one byte": b"220 go\r\n2",
    "SM-51 an empty line": b"220 go\r\n\r\n",
}


@pytest.mark.parametrize("answer", INJECTED.values(), ids=INJECTED)
def test_what_somebody_put_behind_the_upgrade_is_refused(answer: bytes) -> None:
    with scripted({"STARTTLS": answer}) as server:
        with pytest.raises(ProtocolViolation, match="data after STARTTLS reply") as caught:
            server.send(password=canary())
        (heard,) = server.finished()
    assert (caught.value.stage, caught.value.outcome) == ("STARTTLS", Outcome.FAILED)
    assert bytes(heard.clear) == EHLO + b"STARTTLS\r\n"


def test_what_was_said_before_tls_is_forgotten() -> None:
    """SM-50: capabilities offered in the clear count for nothing (RFC 3207 4.2)."""
    script = {"EHLO": b"250-scripted.test\r\n250-STARTTLS\r\n250-AUTH PLAIN\r\n250 SIZE 1\r\n"}
    with scripted(script | {"EHLO after TLS": b"250 scripted.test\r\n"}) as server:
        server.send()
        with pytest.raises(AuthFailed, match=r"no way to sign in that is known here \(none\)"):
            server.send(password=canary())


WRONG: dict[str, tuple[Callable[[], certificates.Shown], str, str]] = {
    "SM-52 self-signed": (certificates.self_signed, "localhost", "self-signed"),
    "SM-52 unknown": (certificates.of_a_stranger, "localhost", "unable to get local issuer"),
    "SM-53": (certificates.of_another_name, "localhost", "Hostname mismatch"),
    "SM-54 expired": (certificates.expired, "localhost", "expired"),
    "SM-55": (certificates.of_names_only, "127.0.0.1", "IP address mismatch"),
}


@pytest.mark.parametrize("implicit", [False, True], ids=["STARTTLS", "TLS at once"])
@pytest.mark.parametrize(("shown", "name", "reason"), WRONG.values(), ids=WRONG)
def test_a_wrong_certificate(shown: Callable[[], certificates.Shown], name: str, reason: str, implicit: bool) -> None:
    with scripted(certificate=shown(), implicit=implicit) as server:
        with pytest.raises(CertificateInvalid, match=reason) as caught:
            server.send(password=canary(), server=name)
        (heard,) = server.finished()
    assert caught.value.stage == "TLS"
    assert (bytes(heard.protected), "QUIT" in heard.commands) == (b"", False)


@pytest.mark.parametrize("implicit", [False, True], ids=["STARTTLS", "TLS at once"])
def test_tls_too_old(implicit: bool) -> None:
    """SM-56"""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old = scripted(implicit=implicit, old_tls=True)
        with old as server, pytest.raises(TlsTooOld):
            server.send()


@pytest.mark.parametrize(
    ("shown", "pinned", "taken"),
    [
        (certificates.self_signed, certificates.self_signed, True),
        (certificates.expired, certificates.expired, True),
        (certificates.right, certificates.self_signed, False),
    ],
)
def test_one_pinned_certificate_is_the_only_way_around(
    shown: Callable[[], certificates.Shown], pinned: Callable[[], certificates.Shown], taken: bool
) -> None:
    """SM-58"""
    with scripted(certificate=shown()) as server:
        if taken:
            assert server.send(pinned_certificate=pinned().fingerprint).said.startswith("250")
            return
        with pytest.raises(CertificateInvalid, match="another certificate than the pinned one"):
            server.send(password=canary(), pinned_certificate=pinned().fingerprint)
        (heard,) = server.finished()
    assert not any(command.startswith(("AUTH", "MAIL")) for command in heard.commands)


# --- answers and time


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (b"ok", "ok"),
        (b"a\r\n  b\tc", "a b c"),
        (b"\x1b[2J\x00\x7f", "\\x1b[2J\\x00\\x7f"),
        ("\u202eü\u2028".encode(), "\\u202eü"),
        (b"\xff\xfe", "\\xff\\xfe"),
    ],
)
def test_what_a_server_said_in_words(said: bytes, shown: str) -> None:
    assert in_words(said) == shown


def test_a_server_that_drips() -> None:
    """SM-67: every byte comes in time, the whole does not; to wait for it would take a minute."""
    dripping = scripted({"banner": Drip(b"220 " + b"x" * 600 + b"\r\n", 0.1)})
    with dripping as server, pytest.raises(StageTimeout) as caught:
        server.send(deadline=0.5)
    assert (caught.value.stage, caught.value.outcome) == ("banner", Outcome.RETRY)


def test_a_server_that_drips_after_the_final_dot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp_session, "FINAL_REPLY_SECONDS", 0.5)
    dripping = scripted({"end of message": Drip(b"250 " + b"x" * 600 + b"\r\n", 0.1)})
    with dripping as server, pytest.raises(StageTimeout) as caught:
        server.send()
    assert (caught.value.stage, caught.value.outcome) == ("end of message", Outcome.UNKNOWN)


def test_the_answer_to_the_final_dot_has_a_time_of_its_own() -> None:
    """RFC 5321 4.5.3.2.6: giving up early doubles mail."""
    with scripted({"end of message": (Drip(b"2", 1.6), b"50 queued\r\n")}) as server:
        assert server.send(security=Security.NONE, deadline=1.5).said == "250 queued"


ENDLESS = {
    "SM-68 lines": b"220-" + b"x" * 96 + b"\r\n",
    "SM-69 one line": b"220 " + b"x" * 98,
}


@pytest.mark.parametrize("answer", ENDLESS.values(), ids=ENDLESS)
def test_an_answer_without_end(answer: bytes) -> None:
    with scripted({"banner": answer + (b"x" * 100 if b"\r" not in answer else answer) * 200_000}) as server:
        tracemalloc.start()
        try:
            with pytest.raises(ReplyTooLarge) as caught:
                server.send()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert (caught.value.stage, caught.value.outcome) == ("banner", Outcome.RETRY)
    assert peak < 5_000_000
    assert sum(map(len, caught.value.transcript)) < 2 * LARGEST_REPLY


@pytest.mark.parametrize("size", [LARGEST_REPLY - 1, LARGEST_REPLY, LARGEST_REPLY + 1])
def test_how_long_an_answer_may_be(size: int) -> None:
    with scripted({"banner": b"220 " + b"x" * (size - 6) + b"\r\n"}) as server:
        if size <= LARGEST_REPLY:
            assert server.send().said
            return
        with pytest.raises(ReplyTooLarge):
            server.send()


NOT_SMTP = {
    "SM-70 two codes": b"250-a\r\n550 b\r\n",
    "SM-70 two digits": b"25\r\n",
    "SM-70 letters": b"abc\r\n",
    "SM-70 99": b"99 x\r\n",
    "SM-70 600": b"600 x\r\n",
    "SM-70 199": b"199 x\r\n",
    "SM-70 four digits": b"2500 x\r\n",
    "SM-70 another mark": b"250_x\r\n",
    "SM-70 an empty line": b"\r\n",
    "SM-70 bytes": b"\x00\xff\xfe\r\n",
    "SM-70 digits that are none": "٢٥٠ x\r\n".encode(),
}


@pytest.mark.parametrize("stage", ["EHLO", "MAIL", "end of message"])
@pytest.mark.parametrize("answer", NOT_SMTP.values(), ids=NOT_SMTP)
def test_an_answer_that_is_none(stage: str, answer: bytes) -> None:
    with scripted({stage: answer}) as server, pytest.raises(ProtocolViolation) as caught:
        server.send()
    assert caught.value.outcome is (Outcome.UNKNOWN if stage == "end of message" else Outcome.RETRY)


def test_lines_ended_by_line_feeds_alone_are_read() -> None:
    with scripted({"MAIL": b"250-a\n250 b\n"}) as server:
        assert server.send().said


BANNERS: dict[str, tuple[Any, type[MailFailed], Outcome, str]] = {
    "SM-71 554": (b"554 no service\r\n", ServiceRefused, Outcome.FAILED, "refused"),
    "SM-71 421": (b"421 busy\r\n", ServiceRefused, Outcome.RETRY, "closing or too busy"),
    "SM-71 nothing": (Act.FIN, ConnectionClosed, Outcome.RETRY, "closed the connection"),
    "SM-71 HTTP": (b"HTTP/1.1 400 Bad Request\r\n\r\n", ProtocolViolation, Outcome.RETRY, "is no SMTP server"),
    "SM-71 SSH": (b"SSH-2.0-OpenSSH_9.2\r\n", ProtocolViolation, Outcome.RETRY, "is no SMTP server"),
    "SM-71 TLS": (b"\x15\x03\x01\x00\x02\x02\x46\n", ProtocolViolation, Outcome.RETRY, "is no SMTP server"),
    "SM-71 another yes": (b"250 hello\r\n", ProtocolViolation, Outcome.RETRY, "does not belong here"),
}


@pytest.mark.parametrize(("banner", "error", "outcome", "said"), BANNERS.values(), ids=BANNERS)
def test_a_greeting_that_is_none(banner: Any, error: type[MailFailed], outcome: Outcome, said: str) -> None:
    with scripted({"banner": banner}) as server, pytest.raises(error, match=said) as caught:
        server.send()
    assert (type(caught.value), caught.value.stage, caught.value.outcome) == (error, "banner", outcome)


def test_a_greeting_of_several_lines() -> None:
    with scripted({"banner": b"220-scripted.test\r\n220-no spam\r\n220\r\n"}) as server:
        assert server.send().said


# --- names


class Asked(Exception):
    """Whom a session wanted to talk to."""


def test_a_server_outside_ascii_is_looked_for_under_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """SM-35: the library would go to mail.fass.example."""
    asked: list[tuple[str, int]] = []

    def connect(name: str, port: int, deadline: float) -> socket.socket:
        asked.append((name, port))
        raise TimeoutError

    monkeypatch.setattr(smtp_session.dialling, "connected", connect)
    session = Session("mail.faß.example", ehlo_name="a.test", deadline=1)
    with pytest.raises(StageTimeout) as caught:
        session.open(25, None, "")
    assert (asked, caught.value.stage) == ([("mail.xn--fa-hia.example", 25)], "connect")


def test_a_deadline_that_is_over_before_anything() -> None:
    session = Session("localhost", ehlo_name="a.test", deadline=0)
    with pytest.raises(StageTimeout):
        session.open(25, None, "")


def test_a_session_that_never_was_can_be_left() -> None:
    session = Session("localhost", ehlo_name="a.test", deadline=1)
    session.leave()
    with pytest.raises(ConnectionClosed):
        session.greet()


def test_under_tls_or_not() -> None:
    with scripted(implicit=True) as server:
        session = Session("localhost", ehlo_name="a.test", deadline=30)
        assert not session.protected
        session.open(server.port, ssl.create_default_context(cafile=server.ca_file), "")
        assert session.protected
        session.leave()
