"""The 46 obsoleted members, by name, as KB 22347 lists them."""

from __future__ import annotations

import pytest

from mailadmin.domain.legacy import OBSOLETED, Kind, Owner, members_of, security_of
from mailadmin.domain.services import Security

LISTED = {
    Owner.GLOBAL: """
        EmailExchangeUserName EmailExchangeClientId EmailExchangeTenantId EmailExchangeHasRefreshToken
        EmailExchangeRefreshToken EmailSmtpEnableSsl EmailSmtpServer EmailSmtpPort EmailSmtpUserId EmailSmtpPassword
    """,
    Owner.USER: """
        EmailEditInternal EmailUseMailTo
        EmailExchangeUserName EmailExchangeUserNameResolved EmailExchangeClientId EmailExchangeClientIdResolved
        EmailExchangeTenantId EmailExchangeTenantIdResolved EmailExchangeHasRefreshToken EmailExchangeRefreshToken
        EmailExchangeRefreshTokenResolved
        EmailSmtpEnableSsl EmailSmtpEnableSslResolved EmailSmtpSenderDisplayName EmailSmtpSenderEmailAddress
        EmailSmtpServer EmailSmtpServerResolved EmailSmtpPort EmailSmtpPortResolved EmailSmtpUserId
        EmailSmtpUserIdResolved EmailSmtpPassword EmailSmtpPasswordResolved
        EmailIsUnattendedAvailable EmailUseGlobalSettings EmailExchangeUseGlobalSettings
    """,
    Owner.SUPPORT: "CreateMessageProviderSmtp CreateMessageProviderExchange",
    Owner.WEB: """
        EmailSmtpOverride EmailSmtpEnableSsl EmailSmtpServer EmailSmtpPort EmailSmtpUserId EmailSmtpPassword
        EmailSmtpSenderDisplayName EmailSmtpSenderEmailAddress
    """,
}


@pytest.mark.parametrize(("owner", "count"), [(Owner.GLOBAL, 10), (Owner.USER, 26), (Owner.WEB, 8), (Owner.SUPPORT, 2)])
def test_the_members_of_each_owner(owner: Owner, count: int) -> None:
    names = [member.name for member in OBSOLETED if member.owner is owner]
    assert sorted(names) == sorted(LISTED[owner].split())
    assert len(names) == count


def test_there_are_46() -> None:
    assert len(OBSOLETED) == 46


def test_the_secrets_among_them() -> None:
    secret = {(member.owner, member.name) for member in OBSOLETED if member.secret}
    assert secret == {
        (Owner.GLOBAL, "EmailExchangeRefreshToken"),
        (Owner.GLOBAL, "EmailSmtpPassword"),
        (Owner.USER, "EmailExchangeRefreshToken"),
        (Owner.USER, "EmailExchangeRefreshTokenResolved"),
        (Owner.USER, "EmailSmtpPassword"),
        (Owner.USER, "EmailSmtpPasswordResolved"),
        (Owner.WEB, "EmailSmtpPassword"),
    }


def test_what_they_hold() -> None:
    flags = {member.name for member in OBSOLETED if member.kind is Kind.FLAG}
    assert flags == {
        "EmailEditInternal", "EmailUseMailTo", "EmailExchangeHasRefreshToken", "EmailSmtpEnableSsl",
        "EmailSmtpEnableSslResolved", "EmailIsUnattendedAvailable", "EmailUseGlobalSettings",
        "EmailExchangeUseGlobalSettings", "EmailSmtpOverride",
    }  # fmt: skip
    assert {member.name for member in OBSOLETED if member.kind is Kind.PORT} == {
        "EmailSmtpPort",
        "EmailSmtpPortResolved",
    }
    assert {member.owner for member in OBSOLETED if member.kind is Kind.FUNCTION} == {Owner.SUPPORT}


def test_a_resolved_member_is_of_the_kind_of_the_one_it_resolves() -> None:
    mine = members_of(Owner.USER)
    resolved = {name: member for name, member in mine.items() if member.is_resolved}
    assert len(resolved) == 9
    for name, member in resolved.items():
        plain = mine[name.removesuffix("Resolved")]
        assert (member.kind, member.secret) == (plain.kind, plain.secret)


def test_functions_hold_no_value() -> None:
    assert members_of(Owner.SUPPORT) == {}


def test_every_member_says_what_replaces_it() -> None:
    assert [member.name for member in OBSOLETED if not member.replacement] == []


@pytest.mark.parametrize(
    ("enable_ssl", "port", "security"),
    [
        (True, 587, Security.START_TLS),
        (True, 25, Security.START_TLS),
        (True, 0, Security.START_TLS),
        (True, None, Security.START_TLS),
        (True, 465, Security.SSL_ON_CONNECT),
        (False, 587, Security.NONE),
        (False, 465, Security.NONE),
        (None, None, Security.NONE),
    ],
)
def test_enable_ssl_was_starttls_or_nothing(enable_ssl: bool | None, port: int | None, security: Security) -> None:
    assert security_of(enable_ssl, port) is security
