"""A message as Graph writes it, and a draft read back: what differs is found, whatever the mailbox answers."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.domain.messages import Address, Attachment, Importance, Message, Outgoing
from mailadmin.providers.graph_resources import (
    attachment_item,
    differences,
    file_attachment,
    id_of,
    inner,
    is_ours,
    message_resource,
    objects,
)

MAILBOX = "accounts@kowhai.example"
UUID = "0123456789abcdef0123456789abcdef"


def outgoing(sender: Address | None = None, **parts: Any) -> Outgoing:
    message = Message(**{"to": (Address("chen@partner.example", "Chen"),), "subject": "Hello", **parts})
    return Outgoing(
        message=message,
        sender=sender or Address(MAILBOX),
        message_id=f"<{UUID}@kowhai.example>",
        date="2026-11-22T09:00:00+00:00",
        recipients=message.recipients,
    )


def test_a_plain_message() -> None:
    assert message_resource(outgoing(text="Hi"), MAILBOX) == {
        "subject": "Hello",
        "body": {"contentType": "text", "content": "Hi"},
        "toRecipients": [{"emailAddress": {"address": "chen@partner.example", "name": "Chen"}}],
        "ccRecipients": [],
        "bccRecipients": [],
        "importance": "normal",
        "internetMessageId": f"<{UUID}@kowhai.example>",
        "internetMessageHeaders": [{"name": "x-mailadmin-id", "value": UUID}],
    }


def test_everything_else_a_message_may_have() -> None:
    resource = message_resource(
        outgoing(
            Address("ceo@kowhai.example", "The Chief"),
            cc=(Address("c@partner.example"),),
            bcc=(Address("b@partner.example"),),
            reply_to=(Address("r@kowhai.example"),),
            text="plain",
            html="<p>rich</p>",
            importance=Importance.HIGH,
            headers=(("X-Case", "7"),),
        ),
        MAILBOX,
    )
    assert resource["body"] == {"contentType": "html", "content": "<p>rich</p>"}
    assert resource["from"] == {"emailAddress": {"address": "ceo@kowhai.example", "name": "The Chief"}}
    assert resource["replyTo"] == [{"emailAddress": {"address": "r@kowhai.example"}}]
    assert resource["ccRecipients"] == [{"emailAddress": {"address": "c@partner.example"}}]
    assert resource["bccRecipients"] == [{"emailAddress": {"address": "b@partner.example"}}]
    assert resource["importance"] == "high"
    assert resource["internetMessageHeaders"][1:] == [{"name": "X-Case", "value": "7"}]


@pytest.mark.parametrize(
    ("sender", "given"),
    [
        (Address(MAILBOX), False),
        (Address("Accounts@KOWHAI.example"), False),
        (Address(MAILBOX, "Accounts"), True),
        (Address("ceo@kowhai.example"), True),
    ],
)
def test_from_is_given_where_it_is_not_the_mailbox_itself(sender: Address, given: bool) -> None:
    assert ("from" in message_resource(outgoing(sender), MAILBOX)) is given


def test_an_attachment_in_one_request_and_by_session() -> None:
    plain = Attachment("a.pdf", b"pdf", "application/pdf")
    inline = Attachment("l.png", b"png", "image/png", "logo")
    assert file_attachment(plain) == {
        "@odata.type": "#microsoft.graph.fileAttachment",
        "name": "a.pdf",
        "contentType": "application/pdf",
        "isInline": False,
        "contentBytes": base64.b64encode(b"pdf").decode(),
    }
    assert file_attachment(inline)["contentId"] == "logo"
    assert attachment_item(inline) == {
        "AttachmentItem": {
            "attachmentType": "file",
            "name": "l.png",
            "contentType": "image/png",
            "size": 3,
            "isInline": True,
            "contentId": "logo",
        }
    }


def test_a_draft_as_it_was_kept_has_no_differences() -> None:
    kept = outgoing(cc=(Address("C@partner.example"), Address("a@partner.example")))
    draft = message_resource(kept, MAILBOX)
    shuffled = {
        **draft,
        "ccRecipients": [
            {"emailAddress": {"address": "A@partner.example", "name": "A"}},
            {"emailAddress": {"address": "c@partner.example"}},
        ],
        "from": {"emailAddress": {"address": MAILBOX, "name": "Accounts"}},
    }
    assert differences(draft, kept, MAILBOX) == []
    assert differences(shuffled, kept, MAILBOX) == []


def test_everything_that_was_changed_is_named() -> None:
    kept = outgoing()
    other = message_resource(
        replace(
            outgoing(subject="Other", cc=(Address("c@x.example"),), bcc=(Address("b@x.example"),)),
            sender=Address("e@x.example"),
        ),
        MAILBOX,
    )
    assert differences({**other, "toRecipients": []}, kept, MAILBOX) == ["the subject", "To", "Cc", "Bcc", "From"]


_NAMES = st.sampled_from(
    ["id", "from", "emailAddress", "address", "toRecipients", "internetMessageHeaders", "name", "value", "subject"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(UUID) | st.just("x-mailadmin-id"),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(_NAMES, part, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(_NAMES, _JSON))
def test_no_answer_whatever_does_harm(found: dict[str, Any]) -> None:
    assert "To" in differences(found, outgoing(), MAILBOX)
    assert id_of(found) is None or isinstance(id_of(found), str)
    assert is_ours(found, UUID) in {True, False}


@pytest.mark.parametrize("name", [None, 5, "", ".", "..", "a b", "a\n", "\ud800", "x" * 1001, "a?b", "a#b", "%2e", []])
def test_what_can_be_no_id_is_none(name: object) -> None:
    assert id_of({"id": name}) is None


def test_an_id_of_graph_is_one() -> None:
    assert (
        id_of({"id": "AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0AsVM_Xj+/=="})
        == "AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0AsVM_Xj+/=="
    )


def test_our_own_header_has_no_case_and_its_value_has() -> None:
    def message(name: str, value: str) -> dict[str, Any]:
        return {"internetMessageHeaders": [{"name": "X-Other", "value": UUID}, {"name": name, "value": value}]}

    assert is_ours(message("X-Mailadmin-ID", UUID), UUID)
    assert not is_ours(message("x-mailadmin-id", UUID.upper()), UUID)
    assert not is_ours(message("X-Else", UUID), UUID)


def test_what_is_no_object_is_left_out() -> None:
    assert objects({"value": [{}, None, {"a": 1}, "x", []]}, "value") == [{}, {"a": 1}]
    assert objects({"value": {"a": {}}}, "value") == objects({}, "value") == []
    assert inner({"a": {"b": 1}}, "a") == {"b": 1}
    assert inner({"a": []}, "a") == inner({}, "a") == {}
