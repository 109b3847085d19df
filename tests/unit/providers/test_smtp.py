"""What reaches an SMTP server, whom it is for, and what became of it (SM-25 to SM-45, SM-76 to SM-84)."""

from __future__ import annotations

import re
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mailadmin.domain.messages import Address, Attachment, RecipientStatus
from mailadmin.domain.services import Security
from mailadmin.domain.settings import EHLO_NAME, Setting
from mailadmin.errors import (
    AddressRejected,
    MailFailed,
    Outcome,
    PlaintextAuthRefused,
    ProtocolViolation,
    ServiceRefused,
    TlsRequired,
    Unsupported,
)
from mailadmin.providers.base import Unjournalled
from mailadmin.providers.mime import to_mime
from mailadmin.providers.smtp import Mail, SmtpProvider, Way, is_loopback, way
from tests.canaries import canary
from tests.letters import Kept, outgoing, to
from tests.nasty import BODIES
from tests.scripted import END_OF_DATA, Act, Heard, Script, messages_seen, scripted, unstuffed

A, B, C = "a@d.test", "b@d.test", "c@d.test"
THREE = outgoing(to=to(A, B, C))

UTF8 = {"EHLO after TLS": b"250-scripted.test\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"}


def rcpts(heard: Heard) -> list[str]:
    """Whom the server was asked about."""
    return [command for command in heard.commands if command.startswith("RCPT")]


# --- how the connection is made


@pytest.mark.parametrize(
    ("security", "port", "expected"),
    [
        (Security.NONE, 0, Way(25, False, False, False)),
        (Security.NONE, 465, Way(465, False, False, False)),
        (Security.AUTO, 0, Way(25, False, False, True)),
        (Security.AUTO, 465, Way(465, True, False, False)),
        (Security.AUTO, 587, Way(587, False, False, True)),
        (Security.SSL_ON_CONNECT, 0, Way(465, True, False, False)),
        (Security.SSL_ON_CONNECT, 587, Way(587, True, False, False)),
        (Security.START_TLS, 0, Way(25, False, True, True)),
        (Security.START_TLS, 465, Way(465, False, True, True)),
        (Security.START_TLS_WHEN_AVAILABLE, 0, Way(25, False, False, True)),
    ],
)
def test_the_modes_do_what_mailkit_does(security: Security, port: int, expected: Way) -> None:
    assert way(security, port) == expected


OFFERS_TLS: Script = {}
OFFERS_NONE: Script = {"EHLO": b"250-scripted.test\r\n250 SIZE\r\n"}


@pytest.mark.parametrize(
    ("security", "script", "protected"),
    [
        (Security.NONE, OFFERS_TLS, False),
        (Security.NONE, OFFERS_NONE, False),
        (Security.AUTO, OFFERS_TLS, True),
        (Security.AUTO, OFFERS_NONE, False),
        (Security.START_TLS, OFFERS_TLS, True),
        (Security.START_TLS_WHEN_AVAILABLE, OFFERS_TLS, True),
        (Security.START_TLS_WHEN_AVAILABLE, OFFERS_NONE, False),
    ],
)
def test_tls_is_used_where_the_mode_wants_it(security: Security, script: Script, protected: bool) -> None:
    with scripted(script) as server:
        server.send(security=security)
        (heard,) = server.finished()
    assert (b"MAIL FROM" in heard.protected, b"MAIL FROM" in heard.clear) == (protected, not protected)


def test_starttls_that_is_required_and_not_offered() -> None:
    """SM-48"""
    with scripted(OFFERS_NONE) as server:
        with pytest.raises(TlsRequired, match="does not offer STARTTLS") as caught:
            server.send()
        (heard,) = server.finished()
    assert (caught.value.outcome, heard.commands[1:]) == (Outcome.FAILED, ["QUIT"])


@pytest.mark.parametrize("security", [Security.AUTO, Security.START_TLS, Security.START_TLS_WHEN_AVAILABLE])
def test_a_server_without_extensions_is_no_way_around_tls(security: Security) -> None:
    """SM-47"""
    with scripted({"EHLO": b"502 5.5.1 what?\r\n"}) as server:
        with pytest.raises(TlsRequired):
            server.send(security=security)
        (heard,) = server.finished()
    assert heard.commands == ["ehlo localhost.localdomain", "helo localhost.localdomain", "QUIT"]


def test_a_server_without_extensions_where_nothing_is_to_be_protected() -> None:
    with scripted({"EHLO": b"502 5.5.1 what?\r\n"}) as server:
        assert not server.send(security=Security.NONE).is_partial
        (heard,) = server.finished()
    assert "MAIL FROM:<sender@example.com>" in heard.commands


@pytest.mark.parametrize(
    ("server", "loopback"),
    [("localhost", True), ("LOCALHOST", True), ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True),
     ("127.1", False), ("localhost.evil.test", False), ("10.0.0.1", False), ("", False)],
)  # fmt: skip
def test_what_is_this_machine(server: str, loopback: bool) -> None:
    assert is_loopback(server) is loopback


# 127.1 is this machine to the resolver, and some server somewhere to is_loopback().
ELSEWHERE = "127.1"


@pytest.mark.parametrize(
    ("security", "script"),
    [(Security.NONE, OFFERS_TLS), (Security.AUTO, OFFERS_NONE), (Security.START_TLS_WHEN_AVAILABLE, OFFERS_NONE)],
)
def test_a_password_never_goes_out_in_the_clear(security: Security, script: Script) -> None:
    """SM-59"""
    with scripted(script) as server:
        with pytest.raises(PlaintextAuthRefused) as caught:
            server.send(password=canary(), server=ELSEWHERE, security=security)
        (heard,) = server.finished()
    assert (caught.value.outcome, heard.commands) == (Outcome.FAILED, ["ehlo localhost.localdomain", "QUIT"])


@pytest.mark.parametrize(
    "account", [{"server": ELSEWHERE, "clear_text_auth": True}, {"server": "127.0.0.1"}, {"server": "localhost"}]
)
def test_unless_the_service_allows_it_or_the_server_is_this_machine(account: dict[str, Any]) -> None:
    """SM-60"""
    with scripted() as server:
        server.send(password="password", security=Security.NONE, **account)
        (heard,) = server.finished()
    assert "AUTH PLAIN AHVzZXIAcGFzc3dvcmQ=" in heard.commands


def test_no_authentication_signs_nobody_in() -> None:
    with scripted() as server:
        server.send()
        (heard,) = server.finished()
    assert not any(command.startswith("AUTH") for command in heard.commands)


@pytest.mark.parametrize("name", ["x\r\nMAIL FROM:<e@x>", "x y.test", "", "x", "[127.0.0.1]", "x.test\0"])
def test_a_name_for_this_machine_that_is_more_than_a_name(name: str) -> None:
    """SM-31: refused when saved, and when used."""
    with pytest.raises(ValidationError):
        Setting(name=EHLO_NAME, value=name)
    with scripted() as server:
        with pytest.raises(AddressRejected) as caught:
            server.send(ehlo_name=name)
        assert server.finished() == []
    assert caught.value.field == "EHLO name"


def test_the_name_of_this_machine_is_the_settings() -> None:
    with scripted() as server:
        server.send(ehlo_name="Desk.Bücher.test")
        (heard,) = server.finished()
    assert heard.commands[0] == "ehlo desk.xn--bcher-kva.test"


# --- who is named in the envelope


def test_the_envelope_is_sender_and_every_recipient_once_and_not_what_headers_say() -> None:
    """SM-37: Bcc is in the envelope only, Reply-To in the headers only."""
    whole = outgoing(to=to(A, "A@D.TEST"), cc=to(B), bcc=to(C), reply_to=to("desk@d.test"))
    with scripted() as server:
        delivery = server.send(whole)
        (heard,) = server.finished()
    assert rcpts(heard) == [f"RCPT TO:<{email}>" for email in (A, B, C)]
    assert [status.email for status in delivery.recipients] == [A, B, C]
    assert C.encode() not in heard.messages[0]
    assert f"MAIL FROM:<sender@example.com> SIZE={len(to_mime(whole))}" in heard.commands


def test_a_domain_outside_ascii_needs_no_extension() -> None:
    """SM-34, SM-35"""
    with scripted() as server:
        server.send(outgoing(to=to("u@bücher.test", "u@faß.example")))
        (heard,) = server.finished()
    assert rcpts(heard) == ["RCPT TO:<u@xn--bcher-kva.test>", "RCPT TO:<u@xn--fa-hia.example>"]


def test_an_address_outside_ascii_where_the_service_has_none() -> None:
    """SM-32: nothing is opened."""
    with scripted() as server:
        with pytest.raises(Unsupported, match="addresses outside ASCII"):
            server.send(outgoing(to=to("ü@d.test")))
        assert server.finished() == []


@pytest.mark.parametrize("parts", [{"to": to("ü@d.test")}, {"bcc": to("ü@d.test")}, {"sender": Address("ü@d.test")}])
def test_an_address_outside_ascii_where_the_server_has_none(parts: dict[str, Any]) -> None:
    """SM-32: not even MAIL."""
    with scripted() as server:
        with pytest.raises(Unsupported, match="takes no addresses outside ASCII"):
            server.send(outgoing(**parts), smtputf8=True)
        (heard,) = server.finished()
    assert heard.commands[-1] == "QUIT"
    assert not any(command.startswith("MAIL") for command in heard.commands)


def test_an_address_outside_ascii_where_both_have_them() -> None:
    """SM-33"""
    whole = outgoing(to=to("ü@d.test"), subject="ü")
    with scripted(UTF8) as server:
        server.send(whole, smtputf8=True)
        (heard,) = server.finished()
    assert heard.commands[-4:-1] == [
        "MAIL FROM:<sender@example.com> SMTPUTF8 BODY=8BITMIME", "RCPT TO:<ü@d.test>", "DATA",
    ]  # fmt: skip
    assert unstuffed(heard.messages[0]) == to_mime(whole)


@pytest.mark.parametrize("part", ["to", "cc", "bcc", "reply_to"])
def test_wherever_an_address_outside_ascii_stands_the_extension_is_asked_for(part: str) -> None:
    """SM-33: in the headers, too (RFC 6531 3.2)."""
    with scripted(UTF8) as server:
        server.send(outgoing(**{part: to("ü@d.test")}), smtputf8=True)
        (heard,) = server.finished()
    assert "MAIL FROM:<sender@example.com> SMTPUTF8 BODY=8BITMIME" in heard.commands


def test_a_plain_message_asks_for_no_extension() -> None:
    with scripted(UTF8) as server:
        server.send(smtputf8=True)
        (heard,) = server.finished()
    assert "MAIL FROM:<sender@example.com>" in heard.commands


# --- where the message ends


def test_the_spy_sees_what_is_smuggled() -> None:
    smuggled = {
        "CRLF.CRLF": b"hi\r\n.\r\nMAIL\r\n.\r\n",
        "bare LF": b"hi\n.\nMAIL\r\n.\r\n",
        "LF.CRLF": b"hi\n.\r\nMAIL\r\n.\r\n",
        "CR.CR": b"hi\r.\rMAIL\r\n.\r\n",
        "CRLF.CR": b"hi\r\n.\rMAIL\r\n.\r\n",
    }
    assert set(smuggled) == set(END_OF_DATA)
    assert {rule: messages_seen(data, rule) for rule, data in smuggled.items()} == dict.fromkeys(smuggled, 2)


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in BODIES.items()])
def test_nothing_is_smuggled_past_a_server(body: str) -> None:
    """SM-40 to SM-45: one message under five ideas of where it ends, and byte by byte the one that was meant."""
    whole = outgoing(text=body, html=body, attachments=(Attachment("old.eml", body.encode(), "message/rfc822"),))
    with scripted() as server:
        server.send(whole)
        (heard,) = server.finished()
    (data,) = heard.messages
    assert {rule: messages_seen(data, rule) for rule in END_OF_DATA} == dict.fromkeys(END_OF_DATA, 1)
    assert unstuffed(data) == to_mime(whole)
    assert heard.commands[-2:] == ["DATA", "QUIT"]


@given(st.lists(st.sampled_from([b"\r\n", b".", b"..", b"\r\n.", b"\r\n.\r\n", b"x", b" "]), max_size=30))
def test_dots_are_doubled_and_taken_out_again(pieces: list[bytes]) -> None:
    """SM-43: whatever begins a line, and however the message ends."""
    raw = b"".join(pieces)
    with scripted(OFFERS_NONE) as server:
        provider = SmtpProvider(server.account(security=Security.NONE))
        provider.post(Mail("s@d.test", (A,), raw, False), Unjournalled())
        (heard,) = server.finished()
    (data,) = heard.messages
    assert messages_seen(data, "CRLF.CRLF") == 1
    assert unstuffed(data) == (raw if raw.endswith(b"\r\n") else raw + b"\r\n")


# --- what becomes of it


def test_a_delivery_tells_what_was_said() -> None:
    with scripted() as server:
        delivery = server.send()
    assert (delivery.account, delivery.said) == ("no authentication at localhost", "250 2.0.0 queued as 1")
    assert delivery.recipients == (RecipientStatus("ann@example.com", 250, "2.1.5 ok"),)
    assert (delivery.is_partial, delivery.is_refused) == (False, False)


NO, LATER = b"550 5.1.1 nobody here\r\n", b"451 4.7.1 greylisted\r\n"


@pytest.mark.parametrize(
    ("answers", "codes", "data"),
    [
        pytest.param({B: NO}, (250, 550, 250), True, id="SM-76"),
        pytest.param({A: LATER}, (451, 250, 250), True, id="SM-77"),
        pytest.param({B: LATER, C: NO}, (250, 451, 550), True, id="SM-78"),
        pytest.param({A: LATER, B: NO, C: LATER}, (451, 550, 451), False, id="SM-79"),
        pytest.param({A: NO, B: NO, C: NO}, (550, 550, 550), False, id="SM-79 all for good"),
        pytest.param({A: b"251 will forward\r\n", B: b"252 cannot verify\r\n"}, (251, 252, 250), True, id="2xx"),
    ],
)
def test_every_recipient_has_an_answer(answers: dict[str, bytes], codes: tuple[int, ...], data: bool) -> None:
    with scripted({f"RCPT TO:<{email}>": said for email, said in answers.items()}) as server:
        delivery = server.send(THREE)
        (heard,) = server.finished()
    assert [(status.email, status.code) for status in delivery.recipients] == list(zip((A, B, C), codes, strict=True))
    assert ("DATA" in heard.commands, len(heard.messages)) == (data, int(data))
    assert delivery.is_refused is not data


def test_what_is_said_of_a_recipient_moves_no_cursor() -> None:
    with scripted({f"RCPT TO:<{B}>": b"550-5.1.1 no \x1b[2J\xe2\x80\xae\r\n550 5.1.1  b\xff\r\n"}) as server:
        delivery = server.send(THREE)
    assert delivery.recipients[1].said == "5.1.1 no \\x1b[2J\\u202e 5.1.1 b\\xff"


def test_too_many_recipients_at_once_leaves_the_others_for_the_next_time() -> None:
    """SM-80: at the 101st of 250."""
    emails = [f"r{number}@d.test" for number in range(250)]
    with scripted({f"RCPT TO:<{emails[100]}>": b"452 4.5.3 too many recipients\r\n"}) as server:
        delivery = server.send(outgoing(to=to(*emails)))
        (heard,) = server.finished()
    assert rcpts(heard) == [f"RCPT TO:<{email}>" for email in emails[:101]]
    assert [status.email for status in delivery.recipients] == emails
    assert [status.code for status in delivery.recipients] == [250] * 100 + [452] * 150
    assert {status.said for status in delivery.recipients[101:]} == {"not tried: too many recipients at once"}
    assert len(heard.messages) == 1


def test_a_full_server_that_has_taken_nobody_is_asked_about_everybody() -> None:
    with scripted({"RCPT": b"452 4.3.1 full\r\n"}) as server:
        delivery = server.send(THREE)
    assert [status.said for status in delivery.recipients] == ["4.3.1 full"] * 3


SIZES = {
    "SM-82 no limit": b"SIZE 0",
    "SM-82 no number": b"SIZE",
    "SM-82 letters": b"SIZE abc",
    "SM-82 less than nothing": b"SIZE -1",
    "SM-82 a fraction": b"SIZE 1.5",
    "SM-82 digits that are none": "SIZE ٥".encode(),
    "SM-82 no end of digits": b"SIZE " + b"9" * 5000,
}


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_a_size_that_is_no_limit(size: bytes) -> None:
    with scripted({"EHLO after TLS": b"250-scripted.test\r\n250 " + size + b"\r\n"}) as server:
        assert not server.send().is_partial
        (heard,) = server.finished()
    assert f"MAIL FROM:<sender@example.com> SIZE={len(to_mime(outgoing()))}" in heard.commands


def test_a_message_larger_than_the_server_takes_is_not_offered() -> None:
    """SM-81"""
    size = len(to_mime(outgoing()))
    for limit, taken in ((size, True), (size - 1, False)):
        with scripted({"EHLO after TLS": b"250-scripted.test\r\n250 SIZE %d\r\n" % limit}) as server:
            if taken:
                server.send()
                continue
            with pytest.raises(
                ServiceRefused, match=f"the message has {size} bytes, localhost takes {limit}"
            ) as caught:
                server.send()
            (heard,) = server.finished()
            assert (caught.value.code, caught.value.outcome) == (552, Outcome.FAILED)
            assert heard.commands[-1] == "QUIT"
            assert not any(command.startswith("MAIL") for command in heard.commands)


@pytest.mark.parametrize("stage", ["MAIL", "DATA", "end of message"])
def test_too_large_said_later_is_for_good(stage: str) -> None:
    """SM-82"""
    with scripted({stage: b"552 5.3.4 too big\r\n"}) as server, pytest.raises(ServiceRefused) as caught:
        server.send()
    assert (caught.value.code, caught.value.outcome) == (552, Outcome.FAILED)


AFTER_THE_DOT: dict[str, tuple[bytes | tuple[bytes | Act, ...] | Act, Outcome]] = {
    "SM-83 closed": (Act.FIN, Outcome.UNKNOWN),
    "SM-83 reset": (Act.RST, Outcome.UNKNOWN),
    "SM-83 garbage": (b"OK queued\r\n", Outcome.UNKNOWN),
    "SM-83 half an answer": ((b"250 2.0.0 que", Act.FIN), Outcome.UNKNOWN),
    "SM-83 half of several lines": ((b"250-2.0.0 queued\r\n", Act.FIN), Outcome.UNKNOWN),
    "SM-83 two answers in one": (b"250-a\r\n550 b\r\n", Outcome.UNKNOWN),
    "SM-83 no end": (b"250-x\r\n" * 20_000, Outcome.UNKNOWN),
    "SM-83 an answer to something else": (b"354 go ahead\r\n", Outcome.UNKNOWN),
    "SM-84 refused for now": (b"451 4.3.0 later\r\n", Outcome.RETRY),
    "SM-84 closing": ((b"421 4.3.2 closing\r\n", Act.FIN), Outcome.RETRY),
    "SM-84 refused for good": (b"554 5.6.0 spam\r\n", Outcome.FAILED),
}


@pytest.mark.parametrize(("answer", "outcome"), AFTER_THE_DOT.values(), ids=AFTER_THE_DOT)
def test_what_is_known_after_the_final_dot(answer: Any, outcome: Outcome) -> None:
    with scripted({"end of message": answer}) as server:
        with pytest.raises(MailFailed) as caught:
            server.send()
        (heard,) = server.finished()
    assert (caught.value.stage, caught.value.outcome) == ("end of message", outcome)
    assert len(heard.messages) == 1


@pytest.mark.parametrize(
    "answer", [Act.FIN, Act.RST, b"421 4.3.2 closing\r\n", b"garbage\r\n", b"250 " + b"x" * 99_999]
)
def test_trouble_with_goodbye_changes_nothing(answer: Any) -> None:
    with scripted({"QUIT": answer}) as server:
        assert server.send().said == "250 2.0.0 queued as 1"


def test_more_than_was_asked_for_after_the_final_dot_changes_nothing() -> None:
    with scripted({"end of message": b"250 2.0.0 queued as 1\r\n421 4.3.2 closing\r\n"}) as server:
        assert server.send().said == "250 2.0.0 queued as 1"


@pytest.mark.parametrize(
    ("stage", "answer"),
    [
        ("MAIL", b"354 go ahead\r\n"),
        ("MAIL", b"251 ok\r\n"),
        ("RCPT", b"354 go ahead\r\n"),
        ("DATA", b"250 ok\r\n"),
        ("MAIL", b"250 ok\r\n250 ok\r\n"),
        ("RCPT", b"250 ok\r\n354 go ahead\r\n"),
        ("DATA", b"354 go ahead\r\n250 2.0.0 queued as 1\r\n"),
    ],
)
def test_an_answer_out_of_turn_is_no_answer(stage: str, answer: bytes) -> None:
    """An answer to the final dot that comes before it would tell of a message nobody has."""
    with scripted({stage: answer}) as server:
        with pytest.raises(ProtocolViolation) as caught:
            server.send()
        (heard,) = server.finished()
    assert (caught.value.outcome, heard.messages) == (Outcome.RETRY, [])


# --- the journal


class Witness(Kept):
    """A journal that looks at the server when it is told."""

    def __init__(self, heard: list[Heard]) -> None:
        super().__init__()
        self.heard = heard
        self.seen: list[str] = []

    def sending(self) -> None:
        super().sending()
        self.seen = [command.partition(" ")[0] for command in self.heard[0].commands]


def test_the_journal_is_told_before_anything_can_be_accepted() -> None:
    with scripted() as server:
        witness = Witness(server.heard)
        SmtpProvider(server.account()).send(THREE, witness)
    assert (witness.told, witness.seen[-4:]) == (["sending"], ["MAIL", "RCPT", "RCPT", "RCPT"])


@pytest.mark.parametrize("stage", ["banner", "STARTTLS", "MAIL"])
def test_the_journal_is_not_told_of_what_came_to_nothing(stage: str) -> None:
    journal = Kept()
    with scripted({stage: b"554 5.0.0 no\r\n"}) as server, pytest.raises(MailFailed):
        SmtpProvider(server.account()).send(THREE, journal)
    assert journal.told == []


def test_nor_where_nobody_is_left_to_send_to() -> None:
    journal = Kept()
    with scripted({"RCPT": NO}) as server:
        SmtpProvider(server.account()).send(THREE, journal)
    assert journal.told == []


class Full(Kept):
    """A journal that cannot be kept."""

    def sending(self) -> None:
        raise OSError(28, "No space left on device")


def test_nothing_is_sent_that_could_not_be_journalled() -> None:
    with scripted() as server:
        with pytest.raises(OSError, match="No space left"):
            SmtpProvider(server.account()).send(THREE, Full())
        (heard,) = server.finished()
    assert heard.commands[-2:] == [f"RCPT TO:<{C}>", "QUIT"]
    assert heard.messages == []


# --- what it cannot do


def test_there_are_no_drafts() -> None:
    with scripted() as server:
        with pytest.raises(Unsupported, match="save as draft"):
            SmtpProvider(server.account()).save_draft(outgoing(), Unjournalled())
        assert server.finished() == []


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".test", "no such host", "ü" * 64 + ".test", ".test"])
def test_a_server_that_is_none(name: str) -> None:
    with scripted() as server, pytest.raises(MailFailed, match=re.escape(f"there is no host {name}.")) as caught:
        server.send(server=name)
    assert (caught.value.stage, caught.value.outcome) == ("connect", Outcome.RETRY)


def test_a_port_nobody_listens_at() -> None:
    with socket.socket() as taken, scripted() as server:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(MailFailed, match=f"localhost:{port} does not answer: Connection refused") as caught:
            server.send(port=port)
    assert (caught.value.stage, caught.value.outcome) == ("connect", Outcome.RETRY)
