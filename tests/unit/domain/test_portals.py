"""Portals, the addresses of their features, and what their documents are called."""

from __future__ import annotations

from secrets import token_hex
from typing import Any

import pytest
from pydantic import ValidationError

from mailadmin.domain.messages import Attachment
from mailadmin.domain.portals import (
    DOCUMENT_KINDS,
    NOTIFICATIONS,
    PORTAL_FEATURES,
    Contact,
    FeatureSender,
    Portal,
    PortalDocument,
)
from mailadmin.errors import HeaderRejected, UnknownName


def test_the_features_known_to_have_a_from_of_their_own() -> None:
    assert PORTAL_FEATURES == ("order_pad", "password_reset", "user_initiated")


def test_a_portal_may_name_others() -> None:
    sender = FeatureSender(feature="statements", address="statements@kowhai.example")
    assert Portal(code="SHOP", senders=(sender,)).senders == (sender,)


def test_a_clear_password_is_refused_and_not_repeated() -> None:
    canary = token_hex(12)
    with pytest.raises(ValidationError) as caught:
        Portal(code="SHOP", password=canary)
    assert canary not in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        {"code": ""},
        {"smtp_port": 65536},
        {"default_from": "a@b\r\nBcc: c@d"},
        {"smtp_server": "a\0"},
        {"senders": [{"feature": "", "address": "a@b"}]},
        {"senders": [{"feature": "x", "address": "a\nb"}]},
        {"order_pad": "a@b"},
    ],
)
def test_what_cannot_be_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Portal(**{"code": "SHOP", **values})


def test_a_contact_belongs_to_a_business_partner_and_is_active_unless_said() -> None:
    assert Contact(business_partner="C20000", name="Zoë", email="zoe@example").active
    with pytest.raises(ValidationError):
        Contact(business_partner="", name="Zoë", email="zoe@example")


@pytest.mark.parametrize(
    ("kind", "number", "title", "file_name"),
    [
        ("invoice", "4711", "Invoice 4711", "Invoice 4711.pdf"),
        ("credit-memo", "7", "Credit memo 7", "Credit memo 7.pdf"),
        ("delivery", "", "Deliveries at a glance", "Deliveries at a glance.pdf"),
        ("order", "2026/17", "Order 2026/17", "Order 2026-17.pdf"),
        ("order", "a\\b", "Order a\\b", "Order a-b.pdf"),
    ],
)
def test_a_document_is_named_after_kind_and_number(kind: str, number: str, title: str, file_name: str) -> None:
    document = PortalDocument(kind, number)
    assert (document.title, document.file_name) == (title, file_name)
    assert Attachment(document.file_name, b"%PDF-").name == file_name


def test_a_kind_that_is_none_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownName) as caught:
        PortalDocument("letter")
    assert all(kind in caught.value.remedy for kind in DOCUMENT_KINDS)


@pytest.mark.parametrize("number", ["1\r\n2", "1\u202efdp.exe", "1?", "..\\..\\evil", "../x"])
def test_a_number_no_file_can_be_named_after_never_travels(number: str) -> None:
    with pytest.raises(HeaderRejected):
        Attachment(PortalDocument("invoice", number).file_name, b"%PDF-")


def test_what_is_notified_is_of_a_known_feature_and_says_what_it_is_about() -> None:
    assert {told.feature for told in NOTIFICATIONS.values()} <= set(PORTAL_FEATURES)
    assert all("{it}" in told.text for told in NOTIFICATIONS.values())
