"""Messages are frozen, whole or not at all, and every mailbox is named once (SM-13, SM-14, SM-37)."""

from __future__ import annotations

import hashlib
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from mailadmin.domain.messages import Address, Attachment, Delivery, Importance, Message, RecipientStatus, unique
from mailadmin.errors import AddressRejected, BadInput, HeaderRejected, Outcome
from tests.letters import message, outgoing, to


def test_an_address_is_its_mailbox_and_a_name() -> None:
    assert str(Address("u@BÜCHER.test", " Müller, Hans ")) == "Müller, Hans <u@xn--bcher-kva.test>"
    assert str(Address("ann@example.com")) == "ann@example.com"


@pytest.mark.parametrize(
    ("email", "name", "error"),
    [
        pytest.param("ok@d.test, evil@x.test", "", AddressRejected, id="SM-16"),
        pytest.param("ok@d.test", "Hi\r\nBcc: evil@x.test", HeaderRejected, id="SM-14"),
        pytest.param("ok@d.test", "CEO <ceo@d.test>", HeaderRejected, id="SM-15"),
    ],
)
def test_an_address_passes_the_gate(email: str, name: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        Address(email, name)


def test_an_attachment_passes_the_gate_and_shows_no_content() -> None:
    attachment = Attachment("C:\\x\\Statement.PDF", b"secret content", "Application/PDF", "logo@kowhai")
    assert (attachment.name, attachment.media_type) == ("Statement.PDF", "application/pdf")
    assert repr(attachment) == "Attachment('Statement.PDF', 14 bytes, application/pdf)"
    assert attachment.sha256 == hashlib.sha256(b"secret content").hexdigest()


@pytest.mark.parametrize(
    "parts",
    [{"name": ".."}, {"name": "a.pdf\r\nX: y"}, {"media_type": "multipart/mixed"}, {"content_id": "a>\r\nX: y"}],
)
def test_an_attachment_that_is_refused(parts: dict[str, Any]) -> None:
    with pytest.raises(HeaderRejected):
        Attachment(**({"name": "a.pdf", "content": b""} | parts))


@pytest.mark.parametrize("subject", ["Hi\nBcc: evil@x.test", "=?utf-8?q?Hi=0D=0ABcc:_evil=40x.test?=", "Hi\ud800"])
def test_a_subject_passes_the_gate(subject: str) -> None:
    with pytest.raises(HeaderRejected) as caught:
        message(subject=subject)
    assert caught.value.field == "subject"


def test_a_subject_is_one_line_without_blanks_around() -> None:
    """SM-13"""
    assert message(subject="\ta\tb ").subject == "a b"


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [("From", "ceo@d.test", "header"), ("X-Foo", "a\r\nBcc: evil@x.test", "X-Foo"), ("X-Foo:", "a", "header")],
)
def test_extra_headers_pass_the_gate(name: str, value: str, field: str) -> None:
    """SM-19"""
    with pytest.raises(HeaderRejected) as caught:
        message(headers=((name, value),))
    assert caught.value.field == field


def test_a_message_needs_somebody() -> None:
    with pytest.raises(AddressRejected) as caught:
        Message(subject="x")
    assert caught.value.field == "to"
    assert message(to=(), bcc=to("ann@example.com")).recipients == to("ann@example.com")


def test_every_mailbox_is_named_once_the_first_way_it_was_written() -> None:
    """SM-37"""
    written = message(to=to("a@d.test", "A@D.TEST", "b@d.test"), cc=to("B@d.test", "c@d.test"), bcc=to("a@d.test"))
    assert written.recipients == to("a@d.test", "b@d.test", "c@d.test")
    assert written.to == to("a@d.test", "A@d.test", "b@d.test")
    assert unique(to("a@bücher.test", "a@xn--bcher-kva.test")) == to("a@bücher.test")


def test_line_ends_of_bodies_become_one_kind() -> None:
    written = message(text="a\r\nb\rc\nd", html="<p>\r</p>\r\n")
    assert (written.text, written.html) == ("a\nb\nc\nd", "<p>\n</p>\n")


@pytest.mark.parametrize(("part", "body"), [("text", "a\0b"), ("html", "a\0b"), ("text", "\ud800"), ("html", "\udfff")])
def test_a_body_that_cannot_be_sent(part: str, body: str) -> None:
    """SM-42"""
    with pytest.raises(BadInput, match=f"^{part}: holds"):
        message(**{part: body})


def test_two_images_of_one_name_are_refused() -> None:
    images = tuple(Attachment(name, b"", "image/png", "logo") for name in ("a.png", "b.png"))
    with pytest.raises(BadInput, match="same content id"):
        message(html="<img src='cid:logo'>", attachments=images)


def test_a_message_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        message().subject = "x"  # type: ignore[misc]


@pytest.mark.parametrize("message_id", ["<a\r\nBcc: x@y>", "a@b", ""])
def test_an_id_that_is_not_ours_is_refused(message_id: str) -> None:
    """SM-20"""
    with pytest.raises(HeaderRejected):
        outgoing(message_id=message_id)


def test_the_part_of_the_id_that_is_ours() -> None:
    assert outgoing().uuid == "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("changed", "content", "envelope"),
    [
        ({"subject": "x"}, True, False),
        ({"text": "x"}, True, False),
        ({"html": "x"}, True, False),
        ({"importance": Importance.HIGH}, True, False),
        ({"headers": (("X-A", "b"),)}, True, False),
        ({"attachments": (Attachment("a", b""),)}, True, False),
        ({"attachments": (Attachment("a", b"b"),)}, True, False),
        ({"to": to("bob@example.com")}, False, True),
        ({"to": (Address("ann@example.com", "Ann"),)}, False, True),
        ({"cc": to("bob@example.com")}, False, True),
        ({"bcc": to("bob@example.com")}, False, True),
        ({"reply_to": to("bob@example.com")}, False, True),
        ({"sender": Address("bob@example.com")}, False, True),
    ],
)
def test_hashes_change_with_what_they_are_of(changed: dict[str, Any], content: bool, envelope: bool) -> None:
    before, after = outgoing(), outgoing(**changed)
    assert (before.content_hash != after.content_hash, before.envelope_hash != after.envelope_hash) == (
        content,
        envelope,
    )


def test_hashes_do_not_change_with_id_and_time() -> None:
    again = replace(outgoing(), message_id="<other@example.com>", date="2027-01-01T00:00:00+00:00")
    assert (again.content_hash, again.envelope_hash) == (outgoing().content_hash, outgoing().envelope_hash)


@pytest.mark.parametrize(
    ("codes", "partial", "refused", "outcome"),
    [
        pytest.param((250,), False, False, Outcome.FAILED, id="accepted"),
        pytest.param((250, 251), False, False, Outcome.FAILED, id="forwarded"),
        pytest.param((250, 550), True, False, Outcome.FAILED, id="SM-76"),
        pytest.param((450, 250), True, False, Outcome.RETRY, id="SM-77"),
        pytest.param((450, 550), True, True, Outcome.RETRY, id="SM-79"),
        pytest.param((550, 551), True, True, Outcome.FAILED, id="all for good"),
    ],
)
def test_what_a_delivery_came_to(codes: tuple[int, ...], partial: bool, refused: bool, outcome: Outcome) -> None:
    statuses = tuple(RecipientStatus(f"r{code}@d.test", code, "") for code in codes)
    delivery = Delivery(account="a", recipients=statuses)
    assert (delivery.is_partial, delivery.is_refused, delivery.outcome_of_refusal) == (partial, refused, outcome)
