"""What an account cannot do is said before anything is opened, all of it at once."""

from __future__ import annotations

from typing import Any

import pytest

from mailadmin.domain.messages import Address, Attachment, Importance
from mailadmin.errors import Unsupported
from mailadmin.providers.capabilities import NEEDED_WHEN, Ability, Capability, require
from tests.letters import SENDER, outgoing, to

PLAIN = Address(SENDER.email)
"""A sender without a name of one's own, which needs nothing."""

NEEDS: dict[Capability, dict[str, Any]] = {
    Capability.HTML: {"html": "<p>"},
    Capability.ATTACHMENTS: {"attachments": (Attachment("a.pdf", b""),)},
    Capability.INLINE_IMAGES: {"attachments": (Attachment("a.png", b"", content_id="a"),)},
    Capability.REPLY_TO: {"reply_to": to("desk@example.com")},
    Capability.IMPORTANCE: {"importance": Importance.LOW},
    Capability.EXTRA_HEADERS: {"headers": (("X-A", "b"),)},
    Capability.OTHER_NAME: {"sender": SENDER},
    Capability.INTERNATIONAL: {"to": to("ü@d.test")},
}


def needed(**parts: Any) -> set[Capability]:
    """What a message needs."""
    whole = outgoing(**({"sender": PLAIN} | parts))
    return {capability for capability, when in NEEDED_WHEN.items() if when(whole)}


def test_a_plain_message_needs_nothing() -> None:
    assert needed() == set()
    require(Ability(frozenset()), "postcard", outgoing(sender=PLAIN))


@pytest.mark.parametrize("capability", NEEDS)
def test_a_message_needs_what_is_in_it(capability: Capability) -> None:
    assert needed(**NEEDS[capability]) == {capability}


def test_every_capability_is_needed_by_a_message_or_asked_for_by_a_person() -> None:
    assert set(NEEDED_WHEN) == set(Capability)
    assert set(Capability) - set(NEEDS) == {Capability.DRAFT, Capability.SENT_ITEMS}


@pytest.mark.parametrize(
    "parts",
    [
        {"sender": Address("ü@d.test")},
        {"cc": to("ü@d.test")},
        {"bcc": to("ü@d.test")},
    ],
)
def test_an_address_outside_ascii_anywhere_needs_it(parts: dict[str, Any]) -> None:
    assert needed(**parts) == {Capability.INTERNATIONAL}


def test_a_reply_to_outside_ascii_needs_it_too() -> None:
    assert needed(reply_to=to("ü@d.test")) == {Capability.INTERNATIONAL, Capability.REPLY_TO}


def test_a_domain_outside_ascii_needs_nothing() -> None:
    """SM-34"""
    assert needed(to=to("u@bücher.test")) == set()


def test_everything_lacking_is_named_at_once() -> None:
    big = (Attachment("big.pdf", b"12345"), Attachment("small.pdf", b"1234"))
    can = frozenset({Capability.ATTACHMENTS, Capability.EXTRA_HEADERS})
    ability = Ability(can, largest_attachment=4, most_recipients=1, most_headers=1)
    people, headers = to("a@d.test", "b@d.test"), (("X-A", "1"), ("X-A", "2"))
    with pytest.raises(Unsupported) as caught:
        require(ability, "postcard", outgoing(sender=PLAIN, to=people, html="x", headers=headers, attachments=big))
    assert caught.value.what == (
        "postcard cannot do: HTML body; an attachment of 5 bytes (big.pdf; at most 4); 2 recipients (at most 1); "
        "2 X- headers (at most 1)."
    )


def test_limits_are_inclusive() -> None:
    ability = Ability(frozenset(Capability), largest_attachment=4, most_recipients=2, most_headers=1)
    people, small = to("a@d.test", "b@d.test"), (Attachment("small.pdf", b"1234"),)
    require(ability, "postcard", outgoing(to=people, headers=(("X-A", "1"),), attachments=small))


def test_where_there_are_no_drafts_the_remedy_says_where_there_are() -> None:
    everything_else = Ability(frozenset(Capability) - {Capability.DRAFT})
    with pytest.raises(Unsupported, match="cannot do: save as draft") as caught:
        require(everything_else, "SMTP", outgoing(), Capability.DRAFT)
    assert "choose the Exchange service" in caught.value.remedy
