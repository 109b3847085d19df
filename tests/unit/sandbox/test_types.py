"""A body is taken if Graph's types allow it, and refused in Graph's words if not."""

from __future__ import annotations

from typing import Any

import pytest

from mailadmin.sandbox.refusals import GraphRefusal
from mailadmin.sandbox.types import ENUMS, TYPES, check, parameters, properties

FILE = {"@odata.type": "#microsoft.graph.fileAttachment", "name": "a.txt", "contentBytes": "YQ=="}

TAKEN: list[dict[str, Any]] = [
    {},
    {"subject": None, "body": None, "toRecipients": []},
    {"body": {"contentType": "HTML", "content": "x"}, "importance": "High", "isRead": False},
    {"@odata.type": "#microsoft.graph.message", "subject@odata.something": 1, "id": "x"},
    {"receivedDateTime": "2026-11-22T09:00:00Z", "flag": {"flagStatus": "flagged", "dueDateTime": {"timeZone": "UTC"}}},
    {"attachments": [FILE], "categories": ["a", "b"]},
]

REFUSED: list[tuple[Any, str]] = [
    ({"Subject": "x"}, "'Subject' does not exist on type 'microsoft.graph.message'"),
    ({"toRecipients": [{"name": "x"}]}, "'name' does not exist on type 'microsoft.graph.recipient'"),
    ({"toRecipients": {"emailAddress": {}}}, "'StartObject' node was found for property named 'toRecipients'"),
    ({"toRecipients": "a@x.example"}, "'PrimitiveValue' node was found for property named 'toRecipients'"),
    ({"toRecipients": None}, "'PrimitiveValue' node was found for property named 'toRecipients'"),
    ({"toRecipients": [None]}, "Cannot convert the literal 'None'"),
    ({"body": "text"}, "'StartObject' node was expected"),
    ({"subject": 5}, "Cannot convert the literal '5' to the expected type 'Edm.String'"),
    ({"isRead": "true"}, "'Edm.Boolean'"),
    ({"body": {"contentType": "rtf"}}, "'microsoft.graph.bodyType'"),
    ({"importance": 1}, "'microsoft.graph.importance'"),
    ({"receivedDateTime": "yesterday"}, "'Edm.DateTimeOffset'"),
    ({"receivedDateTime": "2026-11-22T09:00:00"}, "'Edm.DateTimeOffset'"),
    ({"conversationIndex": "not base64!"}, "'Edm.Binary'"),
    ({"attachments": [{"name": "a"}]}, "has to be said by '@odata.type'"),
    ({"attachments": [FILE | {"@odata.type": "#microsoft.graph.message"}]}, "could not be resolved"),
    ({"attachments": [FILE | {"size": True}]}, "'Edm.Int32'"),
    ({"attachments": [FILE | {"size": 2**31}]}, "'Edm.Int32'"),
    ({"@odata.type": "#microsoft.graph.event"}, "could not be resolved"),
    ([], "'StartArray' node was found"),
    ("x", "'PrimitiveValue' node was found"),
    (None, "JSON content expected"),
]


@pytest.mark.parametrize("body", TAKEN)
def test_taken(body: dict[str, Any]) -> None:
    assert check(body, "message") is body


@pytest.mark.parametrize(("body", "said"), REFUSED)
def test_refused(body: Any, said: str) -> None:
    with pytest.raises(GraphRefusal) as refused:
        check(body, "message")
    assert refused.value.status == 400
    assert said in refused.value.message


@pytest.mark.parametrize("kind", ["itemAttachment", "referenceAttachment"])
def test_what_is_not_emulated_says_so(kind: str) -> None:
    with pytest.raises(GraphRefusal, match=f"501 NotEmulated: .* attachments of type {kind}"):
        check({"attachments": [{"@odata.type": f"#microsoft.graph.{kind}"}]}, "message")


def test_the_parameters_of_an_action_are_named_without_case() -> None:
    for given in ({"message": {}, "saveToSentItems": False}, {"Message": {}, "SaveToSentItems": False}):
        assert parameters(given, "sendMail") == {"Message": {}, "SaveToSentItems": False}
    with pytest.raises(GraphRefusal, match="'bcc' in the request payload is not a valid parameter"):
        parameters({"bcc": []}, "sendMail")
    with pytest.raises(GraphRefusal, match="JSON content expected"):
        parameters(["message"], "sendMail")


def test_every_type_a_property_names_is_there() -> None:
    named = {kind for name in TYPES for kind in properties(name).values()}
    inner = {kind.removeprefix("Collection(").removesuffix(")") for kind in named}
    assert {kind.removeprefix("graph.") for kind in inner if kind.startswith("graph.")} <= TYPES.keys() | ENUMS.keys()
