"""The rules before the upgrade, by example."""

from __future__ import annotations

from secrets import token_hex

import pytest

from mailadmin.domain.legacy import Method
from mailadmin.domain.services import NO_AUTHENTICATION, NOT_CAPTURED, ServiceKind
from mailadmin.resolution.legacy import (
    Disagreement,
    LegacySettings,
    Members,
    Preferences,
    can_use_exchange,
    disagreements,
    legacy_resolve,
)
from mailadmin.resolution.provenance import Context, Resolution, Status

ALL, MINE, TOKEN = (f"hmac:{token_hex(8)}" for _ in range(3))
GLOBAL_SMTP: Members = {
    "EmailSmtpServer": "smtp.kowhai.example",
    "EmailSmtpPort": 587,
    "EmailSmtpEnableSsl": True,
    "EmailSmtpUserId": "lending",
    "EmailSmtpPassword": ALL,
}
GLOBAL_EXCHANGE: Members = {
    "EmailExchangeUserName": "lending@kowhai.example",
    "EmailExchangeClientId": "client",
    "EmailExchangeTenantId": "tenant",
    "EmailExchangeHasRefreshToken": True,
}
SENDER: Members = {"EmailSmtpSenderEmailAddress": "ann@kowhai.example"}
OWN_SMTP: Members = {"EmailUseGlobalSettings": False, "EmailSmtpServer": "10.1.2.3", **SENDER}
OWN_EXCHANGE: Members = {
    "EmailExchangeUseGlobalSettings": False,
    **GLOBAL_EXCHANGE,
    "EmailExchangeUserName": "ann@kowhai.example",
}


def ask(settings: Members, mine: Members | None = None, **webs: Members) -> Resolution:
    """Ann's answer, or that of the one web configuration."""
    legacy = LegacySettings(
        settings=settings, preferences={} if mine is None else {"ann": mine}, web_configurations=webs
    )
    return legacy_resolve(Context(user="Ann", web_configuration=next(iter(webs), None)), legacy)


def value(answer: Resolution, field: str) -> tuple[object, str]:
    return answer.fields[field]


@pytest.mark.parametrize(
    ("settings", "mine", "method"),
    [
        ({}, {}, Method.NONE),
        (GLOBAL_SMTP, {}, Method.SMTP),
        (GLOBAL_EXCHANGE, {}, Method.EXCHANGE),
        ({**GLOBAL_SMTP, **GLOBAL_EXCHANGE}, {}, Method.EXCHANGE),
        ({**GLOBAL_SMTP, **GLOBAL_EXCHANGE}, {"EmailUseMailTo": True}, Method.MAILTO),
        ({**GLOBAL_SMTP, **GLOBAL_EXCHANGE}, {"EmailUseMailTo": False}, Method.EXCHANGE),
        ({**GLOBAL_SMTP, **GLOBAL_EXCHANGE, "EmailExchangeHasRefreshToken": False}, {}, Method.SMTP),
        ({**GLOBAL_SMTP, **GLOBAL_EXCHANGE, "EmailExchangeHasRefreshToken": None}, {}, Method.SMTP),
        (GLOBAL_SMTP, OWN_EXCHANGE, Method.EXCHANGE),
        ({**GLOBAL_SMTP, **GLOBAL_EXCHANGE}, {"EmailExchangeUseGlobalSettings": False}, Method.SMTP),
        (GLOBAL_SMTP, {"EmailUseGlobalSettings": False}, Method.NONE),
        (GLOBAL_EXCHANGE, {"EmailUseGlobalSettings": False}, Method.EXCHANGE),
        (GLOBAL_EXCHANGE, {"EmailUseMailTo": True, **OWN_SMTP}, Method.MAILTO),
        ({}, OWN_SMTP, Method.SMTP),
        ({**OWN_EXCHANGE, **GLOBAL_SMTP}, {"EmailExchangeUserName": "ignored"}, Method.EXCHANGE),
    ],
)
def test_the_method_is_mailto_then_exchange_then_smtp_then_none(
    settings: Members, mine: Members, method: Method
) -> None:
    assert ask(settings, mine).method is method


@pytest.mark.parametrize("member", [*GLOBAL_EXCHANGE])
def test_exchange_needs_all_of_user_client_tenant_and_the_flag(member: str) -> None:
    assert can_use_exchange(GLOBAL_EXCHANGE)
    assert not can_use_exchange({name: value for name, value in GLOBAL_EXCHANGE.items() if name != member})


def test_the_flag_and_not_the_token_says_whether_there_is_a_refresh_token() -> None:
    without = {**GLOBAL_EXCHANGE, "EmailExchangeHasRefreshToken": False, "EmailExchangeRefreshToken": TOKEN}
    assert ask(without).method is Method.NONE
    hidden = ask(GLOBAL_EXCHANGE)
    assert value(hidden, "refresh_token") == (NOT_CAPTURED, "global settings")
    seen = ask({**GLOBAL_EXCHANGE, "EmailExchangeRefreshToken": TOKEN})
    assert value(seen, "refresh_token") == (TOKEN, "global settings")


def test_own_means_own_a_blank_is_not_filled_from_the_global_settings() -> None:
    answer = ask(GLOBAL_SMTP, {**OWN_SMTP, "EmailSmtpUserId": "ann"})
    assert value(answer, "server") == ("10.1.2.3", "user preference (Ann)")
    assert value(answer, "port") == (None, "")
    assert value(answer, "enable_ssl") == (None, "")
    assert (answer.status, answer.missing) == (Status.INCOMPLETE, ("password",))
    assert ALL not in answer.values


def test_a_server_with_neither_user_name_nor_password_needs_no_authentication() -> None:
    answer = ask(GLOBAL_SMTP, OWN_SMTP)
    assert (answer.status, value(answer, "user_name")) == (
        Status.READY,
        (NO_AUTHENTICATION, "user preference (Ann)"),
    )
    assert ask({}, {**OWN_SMTP, "EmailSmtpPassword": MINE}).missing == ("user_name",)


def test_the_sender_always_comes_from_the_user() -> None:
    answer = ask(GLOBAL_SMTP, {"EmailSmtpSenderDisplayName": "Ann"})
    assert value(answer, "sender_name") == ("Ann", "user preference (Ann)")
    assert (answer.status, answer.missing) == (Status.INCOMPLETE, ("sender_email",))
    assert ask(GLOBAL_SMTP, SENDER).sender == (None, "ann@kowhai.example")


def test_a_user_without_a_row_is_all_global() -> None:
    answer = ask(GLOBAL_SMTP, None)
    assert (answer.method, answer.service) == (Method.SMTP, ServiceKind.SMTP)
    assert {origin for _, origin in answer.fields.values()} == {"global settings", ""}
    assert answer.values == ask(GLOBAL_SMTP, {}).values


def test_values_of_a_user_who_uses_the_global_settings_do_not_count() -> None:
    answer = ask(GLOBAL_SMTP, {"EmailSmtpServer": "ignored", "EmailSmtpPassword": MINE, **SENDER})
    assert value(answer, "server") == ("smtp.kowhai.example", "global settings")
    assert value(answer, "password") == (ALL, "global settings")


def test_blank_switches_mean_global() -> None:
    assert ask(GLOBAL_SMTP, {"EmailUseGlobalSettings": None}).method is Method.SMTP


# --- web configurations -------------------------------------------------------------------------------------------

WEB: Members = {
    "EmailSmtpOverride": True,
    "EmailSmtpServer": "smtp.web.example",
    "EmailSmtpSenderEmailAddress": "online@kowhai.example",
}


def test_a_web_configuration_that_overrides_sends_by_its_own_values_and_nothing_else() -> None:
    answer = ask({**GLOBAL_SMTP, **GLOBAL_EXCHANGE}, {"EmailUseMailTo": True, **SENDER}, customer=WEB)
    assert (answer.method, answer.status) == (Method.SMTP, Status.READY)
    assert value(answer, "server") == ("smtp.web.example", "web configuration (customer)")
    assert value(answer, "port") == (None, "")
    assert answer.sender == (None, "online@kowhai.example")


@pytest.mark.parametrize("switch", [False, None])
def test_one_that_does_not_override_changes_nothing(switch: bool | None) -> None:
    answer = ask(GLOBAL_SMTP, SENDER, broker={**WEB, "EmailSmtpOverride": switch})
    assert value(answer, "server") == ("smtp.kowhai.example", "global settings")


def test_one_that_overrides_with_nothing_cannot_send() -> None:
    answer = ask(GLOBAL_SMTP, SENDER, customer={"EmailSmtpOverride": True})
    assert (answer.method, answer.status) == (Method.NONE, Status.NO_SERVICE)
    assert set(answer.values) == {None}


# --- the exported …Resolved values, which are the proof -----------------------------------------------------------


def noted(**mine: object) -> list[Disagreement]:
    legacy = LegacySettings(settings={**GLOBAL_SMTP, **GLOBAL_EXCHANGE}, preferences={"ann": mine})
    return list(disagreements("Ann", legacy))


def test_resolved_values_that_agree_are_not_reported() -> None:
    agreeing = {
        "EmailSmtpServerResolved": "smtp.kowhai.example",
        "EmailSmtpPortResolved": 587,
        "EmailSmtpEnableSslResolved": True,
        "EmailSmtpUserIdResolved": "lending",
        "EmailSmtpPasswordResolved": ALL,
        "EmailExchangeUserNameResolved": "lending@kowhai.example",
    }
    assert noted(**agreeing) == []
    assert noted() == []


def test_every_resolved_value_that_disagrees_is_reported_with_the_exported_one() -> None:
    found = noted(
        EmailUseGlobalSettings=False,
        EmailSmtpServer="10.1.2.3",
        EmailSmtpServerResolved="smtp.kowhai.example",
        EmailSmtpPortResolved=25,
        EmailExchangeClientIdResolved="client",
        EmailExchangeTenantIdResolved="another",
    )
    assert sorted(found) == [
        Disagreement("Ann", "EmailExchangeTenantIdResolved", "another", "tenant"),
        Disagreement("Ann", "EmailSmtpPortResolved", 25, None),
        Disagreement("Ann", "EmailSmtpServerResolved", "smtp.kowhai.example", "10.1.2.3"),
    ]


def test_exchange_and_smtp_are_compared_under_their_own_switches() -> None:
    own = {"EmailExchangeUseGlobalSettings": False, "EmailExchangeClientId": "mine"}
    assert noted(**own, EmailExchangeClientIdResolved="mine", EmailSmtpServerResolved="smtp.kowhai.example") == []


def test_a_flag_that_is_not_set_is_compared_as_off() -> None:
    own = {"EmailUseGlobalSettings": False}
    assert noted(**own, EmailSmtpEnableSslResolved=False) == []
    assert noted(**own, EmailSmtpEnableSslResolved=True) == [
        Disagreement("Ann", "EmailSmtpEnableSslResolved", True, False)
    ]


def test_hidden_secrets_cannot_disagree_and_fingerprints_can() -> None:
    assert noted(EmailSmtpPasswordResolved=NOT_CAPTURED) == []
    assert noted(EmailSmtpPasswordResolved=MINE) == [Disagreement("Ann", "EmailSmtpPasswordResolved", MINE, ALL)]


# --- many users' preferences, by member -----------------------------------------------------------------------------

PREFERENCES: dict[str, Members] = {"ann": OWN_SMTP, "bob": {}, "zoë": {**SENDER, "EmailUseMailTo": False}}


def test_preferences_by_member_are_each_users() -> None:
    found = Preferences.of(PREFERENCES)
    assert dict(found) == PREFERENCES
    assert (len(found), "bob" in found, "cy" in found) == (3, True, False)
    assert Preferences.of(found) is found


def test_a_member_nobody_has_is_a_column_all_the_same() -> None:
    found = Preferences.of(PREFERENCES).columns("EmailUseMailTo", "EmailSmtpPort")
    assert list(found) == [(None, None), (None, None), (False, None)]


def test_preferences_by_member_are_asked_for_by_user() -> None:
    legacy = LegacySettings(settings=GLOBAL_SMTP, preferences=Preferences(["ann"], {"EmailUseMailTo": [True]}))
    assert (legacy.of_user("Ann"), legacy.of_user("bob")) == ({"EmailUseMailTo": True}, {})
    assert legacy_resolve(Context(user="Ann"), legacy).method is Method.MAILTO
