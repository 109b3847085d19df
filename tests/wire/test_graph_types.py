"""Every request held against Microsoft's own definitions: names and types of all that is written or asked for."""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.domain.messages import Address, Attachment, Importance, Message, Outgoing
from mailadmin.errors import BadInput
from mailadmin.providers.graph import GraphProvider
from mailadmin.providers.graph_resources import (
    CHECKED,
    attachment_item,
    differences,
    file_attachment,
    message_resource,
)
from tests.scripted_graph import MAILBOX, Exchange, KeptJournal, done_then, letter, lost, running

TYPES_VARIABLE = "MAILADMIN_GRAPH_TYPES"
_FILE = Path(os.environ.get(TYPES_VARIABLE, Path(__file__).parents[3] / "shared" / "graph" / "mail-types.json"))


@pytest.fixture(scope="module")
def types() -> dict[str, Any]:
    """Microsoft's definitions of the types of mail."""
    if not _FILE.is_file():
        pytest.skip(f"Microsoft's definitions are not here; name their file by {TYPES_VARIABLE}")
    found: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return found


def _is_base64(value: object) -> bool:
    try:
        return isinstance(value, str) and base64.b64decode(value, validate=True) is not None
    except binascii.Error:
        return False


PRIMITIVES = {
    "Edm.String": lambda value: isinstance(value, str),
    "Edm.Boolean": lambda value: isinstance(value, bool),
    "Edm.Int32": lambda value: type(value) is int and -(2**31) <= value < 2**31,
    "Edm.Int64": lambda value: type(value) is int and -(2**63) <= value < 2**63,
    "Edm.Binary": _is_base64,
}


def properties(name: str, types: dict[str, Any]) -> dict[str, str]:
    """The properties of a type, those of its bases included."""
    found = types["types"][name]
    inherited = properties(found["base"], types) if found["base"] else {}
    return {**inherited, **found["properties"]}


def wrong(value: object, kind: str, types: dict[str, Any], where: str = "$") -> Iterator[str]:
    """What of a value is not of its type."""
    if kind.startswith("Collection("):
        if not isinstance(value, list):
            yield f"{where}: no list"
            return
        for number, item in enumerate(value):
            yield from wrong(item, kind[len("Collection(") : -1], types, f"{where}[{number}]")
    elif kind.startswith("graph."):
        yield from _wrong_type(value, kind.removeprefix("graph."), types, where)
    elif kind not in PRIMITIVES or not PRIMITIVES[kind](value):
        yield f"{where}: {value!r} is no {kind}"


def _wrong_type(value: object, name: str, types: dict[str, Any], where: str) -> Iterator[str]:
    if types["types"][name]["kind"] == "enum":
        if value not in types["types"][name]["members"]:
            yield f"{where}: {value!r} is no {name}"
        return
    if not isinstance(value, dict):
        yield f"{where}: no object"
        return
    named = str(value.get("@odata.type", f"#microsoft.graph.{name}")).removeprefix("#microsoft.graph.")
    known = properties(named, types)
    for key, inner in value.items():
        if key == "@odata.type":
            continue
        if key in known:
            yield from wrong(inner, known[key], types, f"{where}.{key}")
        else:
            yield f"{where}.{key}: not in {named}"


def odd(exchange: Exchange, types: dict[str, Any]) -> list[str]:
    """What of a request Microsoft's definitions do not know."""
    selected = exchange.query.get("$select", "").split(",") if "$select" in exchange.query else []
    match exchange.operation:
        case "draft":
            return list(wrong(exchange.json, "graph.message", types))
        case "attach":
            return list(wrong(exchange.json, "graph.attachment", types))
        case "session":
            known = types["actions"]["Collection(graph.attachment)/createUploadSession"]["parameters"]
            body = exchange.json
            return [f"{name}: no parameter" for name in body if name not in known] + [
                line for name, value in body.items() for line in wrong(value, known[name], types)
            ]
        case "send":
            assert "graph.message/send" in types["actions"]
            return [] if exchange.body == b"" else [f"a body: {exchange.body!r}"]
        case "look" | "folder":
            order = [exchange.query["$orderby"].removesuffix(" desc")] if "$orderby" in exchange.query else []
            return [f"{name}: not in message" for name in selected + order if name not in properties("message", types)]
        case "attached":
            return [f"{name}: not in attachment" for name in selected if name not in properties("attachment", types)]
        case "discovery" | "token" | "piece" | "pieces":
            return []
    return [f"{exchange.method} {exchange.path}: not a request of ours"]


def test_every_request_of_a_whole_conversation_is_known_to_microsoft(types: dict[str, Any]) -> None:
    everything = letter(
        cc=(Address("c@partner.example", "Chen, L."),),
        bcc=(Address("b@partner.example"),),
        reply_to=(Address("r@kowhai.example"),),
        html="<p>Hi <img src='cid:logo'></p>",
        importance=Importance.HIGH,
        headers=(("X-Case", "7"),),
        attachments=(
            Attachment("logo.png", b"png", "image/png", "logo"),
            Attachment("scan.pdf", bytes(3_000_000), "application/pdf"),
            Attachment("photo.png", bytes(3_000_001), "image/png", "photo@kowhai.example"),
        ),
    )
    with running() as graph:
        for operation in ("draft", "piece", "send"):
            graph.plan(operation, done_then(lost))
        graph.plan("piece", lost)
        GraphProvider(graph.profile(), clock=graph.clock.clock).send(everything, KeptJournal())
        other, journal = letter(text="Hi"), KeptJournal()
        GraphProvider(graph.profile()).save_draft(other, journal)
        again = GraphProvider(graph.profile(), draft_id=journal.draft)
        again.look_up(other)
        again.send(other, journal)
        GraphProvider(graph.profile()).look_up(letter())
    assert {exchange.operation for exchange in graph.requests} == {
        *("discovery", "token", "draft", "look", "send", "attach", "attached", "session", "folder", "piece", "pieces")
    }
    assert [line for exchange in graph.requests for line in odd(exchange, types)] == []


def test_what_is_compared_of_a_draft_is_known_to_microsoft(types: dict[str, Any]) -> None:
    assert set(CHECKED) <= set(properties("message", types))


@pytest.mark.parametrize(
    "value",
    [
        *({"subjects": "x"}, {"subject": 5}, {"importance": "urgent"}, {"toRecipients": {}}, {"body": "x"}, []),
        *({"toRecipients": [{"email": "x"}]}, {"body": {"contentType": "HTML5"}}, {"isDraft": "true"}),
        *({"attachments": [{"@odata.type": "#microsoft.graph.fileAttachment", "contentBytes": "?"}]},),
    ],
)
def test_what_is_not_of_its_type_is_found(value: object, types: dict[str, Any]) -> None:
    assert list(wrong(value, "graph.message", types)) != []


# Any message at all.

_TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
_ADDRESS = st.builds(
    Address, st.from_regex(r"[a-z]{1,8}@[a-z]{1,8}\.example", fullmatch=True), st.text("aé, \"'", max_size=8)
)
_MAILBOXES = st.lists(_ADDRESS, max_size=3).map(tuple)
_ATTACHMENT = st.builds(
    Attachment,
    st.from_regex(r"[a-zé]{1,8}\.txt", fullmatch=True),
    st.binary(max_size=50),
    st.sampled_from(["text/plain", "image/png"]),
    st.none() | st.from_regex(r"[a-z]{4,8}", fullmatch=True),
)


@st.composite
def outgoings(draw: st.DrawFn) -> Outgoing:
    try:
        message = Message(
            to=(draw(_ADDRESS), *draw(_MAILBOXES)),
            cc=draw(_MAILBOXES),
            bcc=draw(_MAILBOXES),
            reply_to=draw(_MAILBOXES),
            subject=draw(st.text(max_size=20)),
            text=draw(st.none() | _TEXT),
            html=draw(st.none() | _TEXT),
            importance=draw(st.sampled_from(Importance)),
            headers=draw(st.lists(st.tuples(st.just("X-Case"), st.text("abc", max_size=5)), max_size=2).map(tuple)),
            attachments=draw(st.lists(_ATTACHMENT, max_size=3, unique_by=lambda a: a.content_id or a.name).map(tuple)),
        )
    except BadInput:
        message = Message(to=(draw(_ADDRESS),))
    sender = draw(st.just(Address(MAILBOX)) | _ADDRESS)
    return Outgoing(
        message=message,
        sender=sender,
        message_id="<0123456789abcdef0123456789abcdef@kowhai.example>",
        date="2026-11-22T09:00:00+00:00",
        recipients=message.recipients,
    )


@given(outgoing=outgoings())
def test_whatever_is_sent_is_of_microsofts_types_and_comes_back_unchanged(
    types: dict[str, Any], outgoing: Outgoing
) -> None:
    resource = message_resource(outgoing, MAILBOX)
    parts = outgoing.message.attachments
    assert list(wrong(resource, "graph.message", types)) == []
    assert [line for part in parts for line in wrong(file_attachment(part), "graph.attachment", types)] == []
    items = [attachment_item(part)["AttachmentItem"] for part in parts]
    assert [line for item in items for line in wrong(item, "graph.attachmentItem", types)] == []
    read = json.loads(json.dumps(resource, ensure_ascii=False).encode())
    assert differences(read, outgoing, MAILBOX) == []
