"""Portals, and the addresses of their features."""

from __future__ import annotations

from secrets import token_hex
from typing import Any

import pytest
from pydantic import ValidationError

from mailadmin.domain.portals import PORTAL_FEATURES, Contact, FeatureSender, Portal


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
