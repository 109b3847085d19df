"""Mail sent to a real server arrives as it was meant, byte by byte; what goes wrong has a name (SMTP, group A)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from mailadmin.domain.messages import Address, Attachment, Delivery, Importance, Outgoing
from mailadmin.domain.profiles import Secret
from mailadmin.domain.services import Security
from mailadmin.errors import (
    AuthFailed,
    CertificateInvalid,
    MailFailed,
    Outcome,
    ServiceRefused,
    TlsRequired,
    Unsupported,
)
from mailadmin.providers.base import Unjournalled
from mailadmin.providers.mime import to_mime
from mailadmin.providers.smtp import SmtpProvider
from tests import certificates, strict_reader
from tests.canaries import canary
from tests.letters import outgoing, to
from tests.postfix import LARGEST, Postfix, running_postfix

ANN, BOB, CY, INTERNATIONAL = (f"{name}@example.com" for name in ("ann", "bob", "cy", "ü"))
GREYLISTED, NOBODY, FULL = (f"{name}@example.com" for name in ("greylisted", "nobody", "full"))

NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def postfix() -> Iterator[Postfix]:
    with running_postfix() as started:
        yield started


def a_message(**parts: Any) -> Outgoing:
    """A message with an id of its own."""
    return outgoing(message_id=f"<{next(NUMBERS):032x}@example.com>", **parts)


def sent(
    postfix: Postfix, service: str, security: Security, whole: Outgoing | None = None, **account: Any
) -> tuple[Outgoing, Delivery]:
    """A message sent, and what came of it."""
    whole = whole or a_message()
    profile = postfix.account(service, security, **account)
    return whole, SmtpProvider(profile).send(whole, Unjournalled())


# --- how the connection is made


@pytest.mark.parametrize(
    ("service", "security", "protected"),
    [
        ("plain", Security.NONE, False),
        ("plain", Security.AUTO, False),
        ("plain", Security.START_TLS_WHEN_AVAILABLE, False),
        ("STARTTLS", Security.NONE, False),
        ("STARTTLS", Security.AUTO, True),
        ("STARTTLS", Security.START_TLS, True),
        ("STARTTLS", Security.START_TLS_WHEN_AVAILABLE, True),
        ("TLS", Security.SSL_ON_CONNECT, True),
    ],
)
def test_the_modes(postfix: Postfix, service: str, security: Security, protected: bool) -> None:
    whole, delivery = sent(postfix, service, security)
    assert (delivery.is_partial, delivery.said.startswith("250 2.0.0 Ok: queued as ")) == (False, True)
    assert any(line.endswith(", certificate accepted") for line in delivery.transcript) is protected
    assert postfix.received("ann", whole.message_id) == to_mime(whole)


def test_starttls_required_and_not_offered(postfix: Postfix) -> None:
    with pytest.raises(TlsRequired) as caught:
        sent(postfix, "plain", Security.START_TLS)
    assert caught.value.outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("service", "security", "remedy"),
    [
        ("plain", Security.SSL_ON_CONNECT, "Use StartTls with port 587 or 25"),
        ("TLS", Security.START_TLS, "Try again"),
    ],
)
def test_the_mode_of_another_port(postfix: Postfix, service: str, security: Security, remedy: str) -> None:
    """TLS to a port that greets first, and the other way round: there both wait for each other."""
    with pytest.raises(MailFailed) as caught:
        sent(postfix, service, security, deadline=2.0)
    assert remedy in caught.value.remedy


@pytest.mark.parametrize("security", [Security.AUTO, Security.START_TLS, Security.START_TLS_WHEN_AVAILABLE])
@pytest.mark.parametrize(
    ("service", "server", "reason"),
    [
        pytest.param("wrong name", "localhost", "Hostname mismatch", id="SM-53"),
        pytest.param("expired", "localhost", "certificate has expired", id="SM-54"),
        pytest.param("self-signed", "localhost", "self-signed certificate", id="SM-52"),
        pytest.param("self-signed", "127.0.0.1", "self-signed certificate", id="SM-55"),
    ],
)
def test_a_wrong_certificate(postfix: Postfix, security: Security, service: str, server: str, reason: str) -> None:
    with pytest.raises(CertificateInvalid, match=reason):
        sent(postfix, service, security, server=server)


def test_an_authority_nobody_named(postfix: Postfix) -> None:
    """SM-52: the system knows nothing of ours."""
    with pytest.raises(CertificateInvalid, match="unable to get local issuer certificate"):
        sent(postfix, "STARTTLS", Security.START_TLS, ca_file="")


def test_a_pinned_certificate(postfix: Postfix) -> None:
    """SM-58"""
    pinned = certificates.self_signed().fingerprint
    _, delivery = sent(postfix, "self-signed", Security.START_TLS, pinned_certificate=pinned)
    assert not delivery.is_partial
    with pytest.raises(CertificateInvalid, match="another certificate than the pinned one"):
        sent(postfix, "STARTTLS", Security.START_TLS, pinned_certificate=pinned)


# --- signing in


@pytest.mark.parametrize(
    ("service", "security", "mechanism"),
    [
        ("submission", Security.START_TLS, "PLAIN"),
        ("submissions", Security.SSL_ON_CONNECT, "PLAIN"),
        ("CRAM-MD5", Security.START_TLS, "CRAM-MD5"),
        ("Dovecot", Security.START_TLS, "PLAIN"),
    ],
)
def test_signing_in(postfix: Postfix, service: str, security: Security, mechanism: str) -> None:
    whole, delivery = sent(postfix, service, security, signed_in=True)
    assert f"C: AUTH {mechanism} ****" in delivery.transcript
    assert postfix.password not in repr(delivery)
    assert postfix.received("ann", whole.message_id) == to_mime(whole)


@pytest.mark.parametrize("service", ["submission", "CRAM-MD5", "Dovecot"])
def test_a_wrong_password(postfix: Postfix, service: str) -> None:
    """SM-61"""
    wrong = canary()
    with pytest.raises(AuthFailed, match="user name or password are wrong") as caught:
        sent(postfix, service, Security.START_TLS, user_name=postfix.user, password=Secret(lambda: wrong))
    assert (caught.value.code, caught.value.outcome) == (535, Outcome.FAILED)
    assert sum(line.startswith("C: AUTH") for line in caught.value.transcript) == 1


def test_nobody_signed_in(postfix: Postfix) -> None:
    _, delivery = sent(postfix, "submission", Security.START_TLS)
    assert [(status.code, status.said.partition(":")[0]) for status in delivery.recipients] == [
        (554, "5.7.1 <unknown[127.0.0.1]>"),
    ]  # fmt: skip


def test_starttls_passed_over_where_it_is_wanted(postfix: Postfix) -> None:
    """SM-65"""
    with pytest.raises(AuthFailed, match="the server wants TLS first") as caught:
        sent(postfix, "submission", Security.NONE)
    assert caught.value.code == 530


# --- recipients


def test_some_recipients_are_refused(postfix: Postfix) -> None:
    """SM-76 to SM-78"""
    whole, delivery = sent(postfix, "plain", Security.NONE, a_message(to=to(GREYLISTED, ANN, NOBODY, BOB)))
    assert [(status.email, status.code, status.transient) for status in delivery.recipients] == [
        (GREYLISTED, 450, True), (ANN, 250, False), (NOBODY, 550, False), (BOB, 250, False),
    ]  # fmt: skip
    assert delivery.recipients[0].said == f"4.7.1 <{GREYLISTED}>: Recipient address rejected: Greylisted, see you later"
    assert (delivery.is_partial, delivery.is_refused) == (True, False)
    assert {postfix.received(inbox, whole.message_id) for inbox in ("ann", "bob")} == {to_mime(whole)}


def test_all_recipients_are_refused(postfix: Postfix) -> None:
    """SM-79"""
    people = to(NOBODY, GREYLISTED, "somebody@elsewhere.test")
    _, delivery = sent(postfix, "plain", Security.NONE, a_message(to=people))
    assert [status.code for status in delivery.recipients] == [550, 450, 554]
    assert (delivery.is_refused, delivery.outcome_of_refusal) == (True, Outcome.RETRY)
    assert "C: DATA" not in delivery.transcript


def test_a_full_mailbox_leaves_those_after_it_for_the_next_time(postfix: Postfix) -> None:
    """SM-80"""
    _, delivery = sent(postfix, "plain", Security.NONE, a_message(to=to(ANN, FULL, BOB)))
    assert [(status.code, status.said.startswith("not tried")) for status in delivery.recipients] == [
        (250, False), (452, False), (452, True),
    ]  # fmt: skip


def test_hidden_recipients_get_it_and_stand_nowhere(postfix: Postfix) -> None:
    whole, _ = sent(postfix, "plain", Security.NONE, a_message(to=to(ANN), bcc=to(BOB, CY)))
    found = {postfix.received(inbox, whole.message_id) for inbox in ("ann", "bob", "cy")}
    assert found == {to_mime(whole)}
    assert not any(BOB.encode() in raw or CY.encode() in raw for raw in found)


def test_a_message_that_is_too_large(postfix: Postfix) -> None:
    """SM-81"""
    whole = a_message(attachments=(Attachment("big.bin", bytes(LARGEST)),))
    with pytest.raises(ServiceRefused, match=f"localhost takes {LARGEST:,}") as caught:
        sent(postfix, "plain", Security.NONE, whole)
    assert (caught.value.stage, caught.value.code, caught.value.outcome) == ("MAIL FROM", 552, Outcome.FAILED)


# --- addresses outside ASCII


def test_an_address_outside_ascii(postfix: Postfix) -> None:
    """SM-33"""
    whole = a_message(to=(Address(INTERNATIONAL, "Ü"),), cc=to(ANN), subject="ü", reply_to=to("é@example.com"))
    sent(postfix, "plain", Security.NONE, whole, smtputf8=True)
    for inbox in ("ü", "ann"):
        raw = postfix.received(inbox, whole.message_id)
        assert raw == to_mime(whole)
        assert strict_reader.mailboxes(strict_reader.read(raw)["To"]) == [("Ü", INTERNATIONAL)]


def test_a_server_that_takes_none_outside_ascii(postfix: Postfix) -> None:
    """SM-32"""
    with pytest.raises(Unsupported, match="takes no addresses outside ASCII"):
        sent(postfix, "ASCII only", Security.NONE, a_message(to=to(INTERNATIONAL)), smtputf8=True)


def test_names_and_subjects_outside_ascii_need_nothing_of_the_server(postfix: Postfix) -> None:
    whole = a_message(to=(Address(ANN, "Ngāti Āwhina, 東京"),), subject="Whakamōhiotanga – 통지")
    sent(postfix, "ASCII only", Security.NONE, whole)
    read = strict_reader.read(postfix.received("ann", whole.message_id))
    assert strict_reader.mailboxes(read["To"]) == [("Ngāti Āwhina, 東京", ANN)]
    assert strict_reader.text(read["Subject"]) == "Whakamōhiotanga – 통지"


# --- byte by byte

LETTERS: dict[str, dict[str, Any]] = {
    "SM-43 a dot": {"text": "."},
    "SM-43 dots": {"text": ".\n..\n...\n.a\n\n.\n"},
    "SM-43 no line end": {"text": "a\n.b"},
    "SM-43 nothing": {"text": ""},
    "SM-40 another message": {"text": "hi\n.\nMAIL FROM:<evil@x.test>\nRCPT TO:<bob@example.com>\nDATA\n.\n"},
    "SM-44 a long line": {"text": "x" * 5000, "html": f"<p>{'y' * 5000}</p>"},
    "SM-45 From at the beginning": {"text": "From ann\n>From bob\nFrom: cy\n"},
    "blanks at line ends": {"text": "a \nb\t\n \n"},
    "headers outside ASCII": {
        "to": (Address(ANN, "Müller, Hans"), Address(BOB, 'Bob "the Builder" O\'Neil')),
        "subject": "Überweisung " * 20,
        "headers": (("X-Note", "Ünïcode  with  blanks"), ("X-Note", "again"), ("X-Empty", "")),
        "importance": Importance.HIGH,
    },
    "no subject": {"subject": ""},
    "every part": {
        "text": "Kia ora\n", "html": '<p>Kia ora <img src="cid:logo"></p>',
        "attachments": (
            Attachment("logo.png", bytes(range(256)), "image/png", "logo"),
            Attachment("Übersicht 1. Quartal.pdf", b"%PDF-1.7\n.\r\n.\n", "application/pdf"),
            Attachment("old.eml", b"Subject: x\n\n.\n", "message/rfc822"),
            Attachment("empty.txt", b"", "text/plain"),
        ),
    },
    "a megabyte": {
        "attachments": (Attachment("a.bin", bytes(range(256)) * 4096), Attachment("b.txt", b"\r\n.\r\n" * 999)),
    },
    "a long text": {"text": "Tēnā koe. " * 20_000},
}  # fmt: skip


@pytest.mark.parametrize(
    ("service", "security"), [("plain", Security.NONE), ("TLS", Security.SSL_ON_CONNECT)], ids=["plain", "TLS"]
)
@pytest.mark.parametrize("parts", LETTERS.values(), ids=LETTERS)
def test_what_arrives_is_what_was_meant(
    postfix: Postfix, parts: dict[str, Any], service: str, security: Security
) -> None:
    whole = a_message(**parts)
    sent(postfix, service, security, whole)
    raw = postfix.received("ann", whole.message_id)
    assert raw == to_mime(whole)
    read = strict_reader.read(raw)
    assert read.leaves[0].text == whole.message.text
    # Images within the HTML stand beside it, the other files after.
    assert {leaf.file_name: leaf.decoded for leaf in read.leaves if "Content-Disposition" in leaf.names} == {
        file.name: file.content for file in whole.message.attachments
    }


def test_a_hundred_messages_arrive_once_each(postfix: Postfix) -> None:
    messages = [a_message(to=to(CY), text=f"{number}\n") for number in range(100)]
    for whole in messages:
        sent(postfix, "plain", Security.NONE, whole)
    assert [postfix.received("cy", whole.message_id) for whole in messages] == list(map(to_mime, messages))
    inbox = (file.read_bytes() for file in (postfix.folder / "mail" / "cy" / "new").iterdir())
    found = [raw for raw in inbox if any(whole.message_id.encode() in raw for whole in messages)]
    assert len(found) == len(messages)
