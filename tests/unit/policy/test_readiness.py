"""What a portal still needs before its users can send, and what is odd about it though they can."""

from __future__ import annotations

from typing import Any

import pytest

from mailadmin.domain.portals import PORTAL_FEATURES, FeatureSender, Portal
from mailadmin.policy.readiness import of_portal

WHOLE: dict[str, Any] = {
    "code": "CUST",
    "default_from": "shop@kowhai.example",
    "smtp_server": "mail.kowhai.example",
    "user_name": "shop",
    "password": "hmac:0123456789abcdef",
    "enable_ssl": True,
}


def portal(**changes: Any) -> Portal:
    return Portal(**WHOLE | changes)


def test_a_portal_that_is_filled_in_is_ready() -> None:
    found = of_portal(portal())
    assert (found.ready, found.missing, found.warnings) == (True, (), ())


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"default_from": None}, ("Default 'From' Address for email",)),
        ({"smtp_server": None}, ("SMTP Server Name",)),
        ({"default_from": None, "smtp_server": None}, ("Default 'From' Address for email", "SMTP Server Name")),
        ({"password": None}, ("Password",)),
        ({"user_name": None}, ("User Name",)),
        ({"user_name": None, "password": None}, ()),
    ],
)
def test_what_is_missing_is_named_in_the_words_of_the_screen(changes: dict[str, Any], missing: tuple[str, ...]) -> None:
    assert of_portal(portal(**changes)).missing == missing


def test_an_own_from_of_a_feature_does_not_stand_in_for_the_default_one() -> None:
    senders = tuple(FeatureSender(feature=f, address=f"{f}@kowhai.example") for f in PORTAL_FEATURES)
    assert not of_portal(portal(default_from=None, override_from=True, senders=senders)).ready


def test_override_with_blank_features_warns_and_names_them() -> None:
    senders = (FeatureSender(feature="Order_Pad", address="orders@kowhai.example"),)
    (warning,) = of_portal(portal(override_from=True, senders=senders)).warnings
    assert "password_reset, user_initiated" in warning
    assert "order_pad" not in warning.lower()


def test_addresses_that_do_not_count_are_told() -> None:
    senders = (FeatureSender(feature="order_pad", address="orders@kowhai.example"),)
    assert "do not count" in of_portal(portal(senders=senders)).warnings[0]


def test_what_is_no_address_and_what_travels_unprotected_is_told() -> None:
    found = of_portal(portal(default_from="shop@kowhai.example, evil@x.test", enable_ssl=False)).warnings
    assert [word in " ".join(found) for word in ("The default From", "unprotected")] == [True, True]
