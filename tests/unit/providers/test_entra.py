"""Signing in without a server: ids, clouds, what a refusal means, what a token shows."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.domain.profiles import ExchangeProfile, Secret
from mailadmin.domain.settings import CLOUDS, Cloud, Hosts
from mailadmin.errors import BadInput, EndpointRefused, Outcome
from mailadmin.providers.entra import (
    ENTRA_ERRORS,
    REQUIRED_ROLES,
    check_cloud,
    check_ids,
    claims_in,
    refusal,
    role_warnings,
    roles_of,
)

GUID = "11111111-2222-3333-4444-555555555555"
SECRET = "Secret~0123456789"


def profile(hosts: Hosts) -> ExchangeProfile:
    return ExchangeProfile(
        tenant_id=GUID, client_id=GUID, client_secret=Secret(lambda: SECRET), mailbox="a@b.test", hosts=hosts
    )


@pytest.mark.parametrize("tenant", [GUID, GUID.upper(), "contoso.test", "Contoso.Test", "xn--bcher-kva.test"])
def test_gr_22_a_tenant_is_a_guid_or_a_domain(tenant: str) -> None:
    check_ids(tenant, GUID)


@pytest.mark.parametrize(
    "tenant",
    [
        "../evil",
        "..",
        "a/b",
        "a?x=",
        "a#b",
        "%2e%2e",
        " contoso.test ",
        "contoso.test\r\nX: y",
        "",
        "common",
        "127.0.0.1",
    ],
)
def test_gr_22_everything_else_is_refused_and_named(tenant: str) -> None:
    with pytest.raises(BadInput) as raised:
        check_ids(tenant, GUID)
    assert raised.value.remedy == "A GUID, or the tenant's domain."


@given(st.text(max_size=40))
def test_a_tenant_that_is_let_through_is_one_segment_of_a_path(tenant: str) -> None:
    try:
        check_ids(tenant, GUID)
    except BadInput:
        return
    assert set(tenant.lower()) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-")
    assert ".." not in tenant


@pytest.mark.parametrize("cloud", Cloud)
def test_gr_49_a_cloud_goes_with_itself(cloud: Cloud) -> None:
    check_cloud(profile(CLOUDS[cloud]))


@pytest.mark.parametrize(
    ("login", "graph"),
    [
        ("login.microsoftonline.com", "graph.microsoft.us"),
        ("login.microsoftonline.us", "graph.microsoft.com"),
        ("login.chinacloudapi.cn", "graph.microsoft.com"),
        ("login.microsoftonline.com", "graph.evil.test"),
        ("login.evil.test", "graph.microsoft.com"),
    ],
)
def test_gr_49_and_with_no_other_and_with_no_host_of_ones_own(login: str, graph: str) -> None:
    with pytest.raises(EndpointRefused) as raised:
        check_cloud(profile(Hosts(login, graph, ())))
    assert raised.value.outcome is Outcome.FAILED


def test_gr_49_hosts_of_ones_own_go_together() -> None:
    check_cloud(profile(Hosts("localhost:1", "localhost:2", ())))


@pytest.mark.parametrize("code", ENTRA_ERRORS)
def test_every_known_number_has_a_cause_and_a_remedy(code: int) -> None:
    found = refusal({"error": "x", "error_codes": [999999, code], "error_description": SECRET})
    known = ENTRA_ERRORS[code]
    assert str(found) == f"sign-in: {known.meaning} (AADSTS999999, AADSTS{code}).\n{known.remedy}"
    assert (found.outcome, found.remedy) == (known.outcome, known.remedy)


@pytest.mark.parametrize(
    ("found", "status", "shown", "outcome"),
    [
        ({"error_codes": [5]}, 400, "AADSTS5", Outcome.FAILED),
        ({"error": "temporarily_unavailable"}, 400, "HTTP 400", Outcome.RETRY),
        ({"error": "x"}, 401, "HTTP 401", Outcome.FAILED),
        ({}, 429, "HTTP 429", Outcome.RETRY),
        ({}, 503, "HTTP 503", Outcome.RETRY),
        ({"error_codes": "7000215"}, 400, "HTTP 400", Outcome.FAILED),
        ({"error_codes": [True, "7000215", None]}, 400, "HTTP 400", Outcome.FAILED),
    ],
)
def test_an_unknown_refusal_shows_its_number(found: dict[str, Any], status: int, shown: str, outcome: Outcome) -> None:
    error = refusal(found, status)
    assert shown in str(error)
    assert (error.outcome, bool(error.remedy)) == (outcome, True)


@given(
    st.dictionaries(
        st.sampled_from(["error", "error_description", "error_codes", "claims", "trace_id"]),
        st.just(SECRET) | st.lists(st.just(SECRET) | st.integers() | st.none()) | st.none() | st.integers(),
    ),
    st.integers(200, 599),
)
def test_gr_21_no_refusal_repeats_what_the_platform_says(found: dict[str, Any], status: int) -> None:
    error = refusal(found, status)
    assert SECRET not in str(error) + repr(error) + str(vars(error))


def token_of(claims: object) -> str:
    return f"a.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.b"


def test_gr_16_roles_are_read_and_what_lacks_is_a_warning() -> None:
    token = token_of({"roles": ["Mail.Send", "Other"]})
    assert roles_of(token) == ("Mail.Send", "Other")
    lacking = [role for role in REQUIRED_ROLES if role != "Mail.Send"]
    assert [role for role, said in zip(lacking, role_warnings(token), strict=True) if role in said] == lacking
    assert role_warnings(token_of({"roles": list(REQUIRED_ROLES)})) == ()
    assert roles_of(token_of({})) == ()


@pytest.mark.parametrize(
    "token",
    [
        *("", "opaque", "a.b", "a.b.c.d", "..", "a.!!.c", "a.\u00e9.c", "a.bnVsbA.c", "a." + "b" * 70000 + ".c"),
        *(token_of([]), token_of(None), token_of({"roles": "Mail.Send"}), token_of({"roles": {"a": 1}})),
        f"a.{base64.urlsafe_b64encode(b'[' * 30000).decode()}.c",
    ],
)
def test_gr_18_a_token_that_cannot_be_read_says_so(token: str) -> None:
    assert roles_of(token) is None
    assert role_warnings(token) == ("the permissions of the application cannot be read from its token",)


@given(st.text(max_size=80))
def test_gr_18_no_token_whatever_does_harm(token: str) -> None:
    role_warnings(f"a.{token}.c")


def test_gr_15_claims_are_read_in_either_alphabet() -> None:
    claims = json.dumps({"access_token": {"x": {"value": "??>>ü"}}}, ensure_ascii=False)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = encode(claims.encode()).decode()
        for written in (encoded, encoded.rstrip("=")):
            assert claims_in(f'Bearer realm="", error="insufficient_claims", claims="{written}"') == claims


@given(st.text(max_size=80))
def test_gr_15_what_are_no_claims_are_none(text: str) -> None:
    found = claims_in(f'Bearer claims="{text}"')
    assert found is None or isinstance(json.loads(found), dict)
