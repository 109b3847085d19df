"""Signing in beside a hostile login server: where the secret goes, what a token is, and what a refusal says."""

from __future__ import annotations

import json
import logging
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import parse_qs, quote_plus

import pytest

from mailadmin.domain.profiles import Secret
from mailadmin.domain.settings import CLOUDS, Cloud, Hosts
from mailadmin.errors import AuthFailed, BadInput, EndpointRefused, MailFailed, Outcome, StageTimeout
from mailadmin.providers import entra
from mailadmin.providers.graph import GraphProvider
from tests.canaries import encodings
from tests.scripted_graph import (
    EVIL,
    ROLES,
    TENANT,
    Act,
    KeptJournal,
    ScriptedGraph,
    answer,
    drip,
    error,
    hang,
    jwt,
    letter,
    lost,
    raw,
    running,
    told,
)


@pytest.fixture
def graph() -> Iterator[ScriptedGraph]:
    with running() as server:
        yield server


@pytest.fixture
def evil() -> Iterator[ScriptedGraph]:
    with running(EVIL) as server:
        yield server


def send(graph: ScriptedGraph, **changes: Any) -> tuple[str, ...]:
    """The warnings a sent message comes with."""
    return GraphProvider(graph.profile(**changes), clock=graph.clock.clock).send(letter(), KeptJournal()).warnings


def everything(graph: ScriptedGraph) -> str:
    """The secret and the token in every form they could show in."""
    return "|".join([graph.token, *(form.decode(errors="replace") for form in encodings(graph.secret).values())])


def text_of(found: BaseException) -> str:
    return "".join(traceback.format_exception(found)) + repr(found) + str(vars(found))


# GR-15: a token that is not accepted.


def test_gr_15_a_token_that_is_no_longer_accepted_is_renewed_once(graph: ScriptedGraph) -> None:
    graph.plan("draft", error(401, "InvalidAuthenticationToken"))
    send(graph)
    assert (graph.tokens, len(graph.sent), graph.count("draft")) == (2, 1, 2)


@pytest.mark.parametrize("operation", ["draft", "send"])
def test_gr_15_refused_twice_it_is_a_failed_sign_in(graph: ScriptedGraph, operation: str) -> None:
    graph.plan(operation, *[error(401, "InvalidAuthenticationToken")] * 2)
    with pytest.raises(AuthFailed) as raised:
        send(graph)
    assert (raised.value.outcome, raised.value.code) == (Outcome.FAILED, 401)
    assert (graph.count(operation), graph.tokens, graph.sent) == (2, 2, [])


CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}'


def challenge(claims: str) -> Act:
    said = f'Bearer realm="", authorization_uri="https://evil.test/", error="insufficient_claims", claims="{claims}"'
    return answer(401, b"{}", WWW_Authenticate=said)


def test_gr_15_a_claims_challenge_is_passed_on_once(graph: ScriptedGraph) -> None:
    encoded = "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxNzAwMDAwMDAwIn19fQ=="
    graph.plan("draft", challenge(encoded))
    send(graph)
    asked = [claims_in(exchange.body) for exchange in graph.requests if exchange.operation == "token"]
    assert asked == [None, json.loads(CLAIMS)]
    graph.plan("draft", challenge(encoded), challenge(encoded))
    with pytest.raises(AuthFailed):
        send(graph)
    assert graph.count("token") == 3


def claims_in(body: bytes) -> Any:
    found = parse_qs(body.decode()).get("claims")
    return json.loads(found[0]) if found else None


@pytest.mark.parametrize("claims", ["", "!!!", "e30", "W10=", "bnVsbA==", "eyJhIjo=", "\u00e9", "A" * 9000])
def test_gr_15_a_challenge_that_is_none_is_a_plain_renewal(graph: ScriptedGraph, claims: str) -> None:
    graph.plan("draft", challenge(claims))
    send(graph)
    assert (graph.tokens, len(graph.sent)) == (2, 1)


# GR-16, GR-18: permissions, as far as a token shows them.


@pytest.mark.parametrize("role", ROLES)
def test_gr_16_a_missing_permission_is_warned_of_because_rbac_for_applications_does_not_show(
    graph: ScriptedGraph, role: str
) -> None:
    graph.roles = tuple(other for other in ROLES if other != role)
    (warning,) = send(graph)
    assert role in warning
    assert "RBAC for Applications" in warning


def test_gr_16_a_token_without_roles_warns_of_each(graph: ScriptedGraph) -> None:
    graph.roles = ()
    assert len(send(graph)) == len(ROLES)
    assert [role for role, warning in zip(ROLES, entra.role_warnings(graph.token), strict=True) if role in warning]


@pytest.mark.parametrize(
    "token",
    ["opaque", "a.b.c", "..", "a" * 1_000_000, jwt([]), jwt({"roles": 5}), jwt({"roles": {}}), jwt("x"), jwt(None)],
)
def test_gr_18_a_token_that_cannot_be_read_is_used_all_the_same(graph: ScriptedGraph, token: str) -> None:
    graph.plan("token", told({"access_token": token, "token_type": "Bearer", "expires_in": 3599}))
    graph.token = token
    # A header may have 64 kB at this server; Graph takes no more either.
    if len(token) > 60_000:
        with pytest.raises(MailFailed):
            send(graph)
    else:
        assert send(graph) == ("the permissions of the application cannot be read from its token",)


def test_gr_18_what_a_token_says_is_never_trusted(graph: ScriptedGraph) -> None:
    graph.token = jwt({"roles": list(ROLES)}, "none")
    graph.plan("token", told({"access_token": graph.token, "token_type": "Bearer", "expires_in": 3599}))
    graph.plan("draft", error(403, "ErrorAccessDenied"))
    with pytest.raises(MailFailed) as raised:
        send(graph)
    assert raised.value.code == 403


# GR-21: what the platform says about a secret.


@pytest.mark.parametrize("place", ["error_description", "error", "error_codes", "correlation_id", "access_denied"])
@pytest.mark.parametrize("status", [200, 400, 401, 500, 503])
def test_gr_21_a_secret_that_is_told_back_is_not_repeated(
    graph: ScriptedGraph, place: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    refused: dict[str, Any] = {"error": "invalid_client", "error_codes": [7000215], "error_description": "no"}
    echoed = f"AADSTS7000215: Invalid client secret provided: {graph.secret}"
    graph.always["token"] = told({**refused, place: [echoed] if place == "error_codes" else echoed}, status)
    with pytest.raises(AuthFailed) as raised:
        send(graph)
    assert ("AADSTS7000215" in str(raised.value)) is (place != "error_codes")
    said = text_of(raised.value) + caplog.text
    assert [form for form in encodings(graph.secret).values() if form.decode(errors="replace") in said] == []
    assert graph.secret.split("-")[1] not in said


@pytest.mark.parametrize("body", ["{secret}", '"{secret}"', '["{secret}"]', '{{"{secret}": 1}}', "<html>{secret}"])
def test_gr_21_an_answer_that_is_none_is_not_repeated_either(
    graph: ScriptedGraph, body: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for status in (200, 204, 400, 500):
        graph.plan("token", answer(status, body.format(secret=graph.secret).encode()))
        with pytest.raises(AuthFailed) as raised:
            send(graph)
        assert graph.secret.split("-")[1] not in text_of(raised.value) + caplog.text


def test_a_wrong_secret_is_named_as_such_and_a_right_one_works_at_once(graph: ScriptedGraph) -> None:
    right, graph.secret = graph.secret, "another"
    profile = graph.profile()
    graph.secret = right
    with pytest.raises(AuthFailed) as raised:
        entra.token(replace(profile, client_secret=Secret(lambda: "another")))
    assert "the client secret is wrong (AADSTS7000215)" in str(raised.value)
    assert entra.token(profile) == graph.token


def test_a_refusal_is_not_remembered_when_what_it_was_for_has_been_mended(graph: ScriptedGraph) -> None:
    refused = {"error": "unauthorized_client", "error_codes": [7000112]}
    graph.plan("token", told(refused, 400), told({"error": "temporarily_unavailable"}, 503))
    for _ in range(2):
        with pytest.raises(AuthFailed):
            entra.token(graph.profile())
    assert entra.token(graph.profile()) == graph.token


# GR-22, GR-24, GR-25, GR-49: where a secret may go.


@pytest.mark.parametrize(
    "tenant",
    [
        *("../evil", "..", "a/b", "a?x=", "a#b", "%2e%2e", " contoso.test ", "contoso.test\r\nX: y", ""),
        *("common", "organizations", "contoso.test/../evil", "contoso.test.", "contoso..test", "\u0661.test"),
    ],
)
def test_gr_22_a_tenant_that_is_none_is_refused_before_any_traffic(graph: ScriptedGraph, tenant: str) -> None:
    with pytest.raises(BadInput):
        entra.token(graph.profile(tenant_id=tenant))
    assert graph.connections == 0


@pytest.mark.parametrize("client", ["", "../x", "66666666-7777-8888-9999-00000000000g", f"{TENANT}\n"])
def test_gr_22_so_is_a_client(graph: ScriptedGraph, client: str) -> None:
    with pytest.raises(BadInput):
        entra.token(graph.profile(client_id=client))
    assert graph.connections == 0


@pytest.mark.parametrize(
    "login",
    ["https://{evil}/t", "http://{own}/t", "{own}@{evil}", "{evil}/t?", "{evil}#", "{own}\\@{evil}", "{own}\r\n", ""],
)
def test_gr_24_an_authority_that_is_no_host_is_refused_before_any_traffic(
    graph: ScriptedGraph, evil: ScriptedGraph, login: str
) -> None:
    host = login.format(own=graph.address, evil=evil.address)
    with pytest.raises(MailFailed):
        entra.token(graph.profile(hosts=replace(graph.hosts, login=host)))
    assert (graph.connections, evil.connections) == (0, 0)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://{evil}/token",
        "http://{own}/token",
        "https://{own}@{evil}/token",
        "https://{own}.{evil}/token",
        "https://{own}\\.{evil}/token",
        "https://{evil}#{own}/token",
        "https://{own}\n@{evil}/token",
        "https://[/token",
        "//{evil}/token",
        "",
    ],
)
def test_gr_25_an_endpoint_at_another_host_does_not_get_the_secret(
    graph: ScriptedGraph, evil: ScriptedGraph, endpoint: str
) -> None:
    given = endpoint.format(own=graph.address, evil=evil.address)
    graph.plan("discovery", told(graph.discovery(token_endpoint=given)))
    with pytest.raises(EndpointRefused) as raised:
        entra.token(graph.profile())
    assert raised.value.outcome is Outcome.FAILED
    assert (evil.connections, graph.count("token")) == (0, 0)
    assert all(graph.secret.encode() not in exchange.body for exchange in graph.requests)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("operation", ["discovery", "token"])
def test_gr_27_a_redirected_sign_in_is_refused(
    graph: ScriptedGraph, evil: ScriptedGraph, operation: str, status: int
) -> None:
    graph.plan(operation, answer(status, Location=f"https://{evil.address}/token"))
    with pytest.raises(EndpointRefused):
        entra.token(graph.profile())
    assert evil.connections == 0


@pytest.mark.parametrize("login", Cloud)
@pytest.mark.parametrize("graph_of", Cloud)
def test_gr_49_login_and_graph_are_of_one_cloud(login: Cloud, graph_of: Cloud) -> None:
    hosts = Hosts(CLOUDS[login].login, CLOUDS[graph_of].graph, ())
    with running() as server:
        profile = server.profile(hosts=hosts)
    together = CLOUDS[login].login == CLOUDS[graph_of].login
    if together:
        entra.check_cloud(profile)
        return
    with pytest.raises(EndpointRefused) as raised:
        entra.token(profile)
    assert "different clouds" in str(raised.value)


def test_gr_49_a_host_of_ones_own_does_not_go_with_one_of_microsofts(graph: ScriptedGraph) -> None:
    cloud = CLOUDS[Cloud.GLOBAL]
    for hosts in (replace(graph.hosts, graph=cloud.graph), replace(graph.hosts, login=cloud.login)):
        with pytest.raises(EndpointRefused):
            entra.token(graph.profile(hosts=hosts))
    assert graph.connections == 0


# Everything else a login server may answer.

GOOD = {"access_token": "opaque", "token_type": "Bearer", "expires_in": 3599}


@pytest.mark.parametrize("operation", ["discovery", "token"])
@pytest.mark.parametrize(
    ("act", "outcome"),
    [
        (answer(200), Outcome.RETRY),
        (answer(204), Outcome.RETRY),
        (answer(200, b"[]"), Outcome.RETRY),
        (answer(200, b"null"), Outcome.RETRY),
        (answer(200, b'"x"'), Outcome.RETRY),
        (answer(200, b"[" * 100_000), Outcome.RETRY),
        (answer(200, b"\xff\xfe"), Outcome.RETRY),
        (answer(200, b"<html>"), Outcome.RETRY),
        (answer(404, b"<html>"), Outcome.FAILED),
        (answer(408), Outcome.RETRY),
        (answer(429, b"{}", Retry_After="5"), Outcome.RETRY),
        (answer(500, b"{}"), Outcome.RETRY),
        (answer(503, b"<html>", Retry_After="abc"), Outcome.RETRY),
        (told({"error": "temporarily_unavailable"}, 400), Outcome.RETRY),
        (told({"error": "invalid_request", "error_codes": [90002]}, 400), Outcome.FAILED),
        (told({"error": ["x"], "error_codes": "x"}, 400), Outcome.FAILED),
        (told({"error": {}, "error_codes": {"a": 1}}, 400), Outcome.FAILED),
        (told({"error": "x", "error_codes": 5}, 400), Outcome.FAILED),
        (told({"error": "x", "error_codes": [True, None, 1e400, "7000215"]}, 400), Outcome.FAILED),
        (lost, Outcome.RETRY),
        (raw(b"garbage\r\n\r\n"), Outcome.RETRY),
    ],
)
def test_every_answer_of_a_login_server_ends_in_a_named_error(
    graph: ScriptedGraph, operation: str, act: Act, outcome: Outcome
) -> None:
    graph.plan(operation, act)
    with pytest.raises(MailFailed) as raised:
        send(graph)
    assert (raised.value.outcome, graph.sent) == (outcome, [])
    assert send(graph) == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"access_token": None},
        {"access_token": ""},
        {"access_token": 5},
        {"access_token": ["a"]},
        {"access_token": "a b"},
        {"access_token": "a\r\nX-Evil: 1"},
        {"access_token": "t\u00f6ken"},
        {"access_token": "\ud800"},
        {"access_token": "\u20ac"},
    ],
)
def test_a_token_that_cannot_stand_in_a_header_is_refused(graph: ScriptedGraph, changes: dict[str, Any]) -> None:
    graph.plan("token", told({**GOOD, **changes}))
    with pytest.raises(AuthFailed) as raised:
        send(graph)
    assert raised.value.outcome is Outcome.RETRY
    assert graph.count("draft") == 0


@pytest.mark.parametrize(
    "changes",
    [
        *({"expires_in": odd} for odd in ("abc", None, [], {}, -5, 1e300, 10**30, "3599", True)),
        *({"refresh_in": odd} for odd in ("abc", None, [], -5, 10**30)),
        *({"id_token": odd} for odd in ("abc", "a.b.c", 5, jwt({}))),
        *({"client_info": odd} for odd in ("abc", 5)),
        *(
            {name: odd}
            for name in ("refresh_token", "scope", "token_type", "foci", "ext_expires_in")
            for odd in (5, {})
        ),
    ],
)
def test_what_else_comes_with_a_token_does_no_harm(graph: ScriptedGraph, changes: dict[str, Any]) -> None:
    graph.token = "opaque"
    graph.plan("token", told({**GOOD, **changes}))
    send(graph)
    assert len(graph.sent) == 1


@pytest.mark.parametrize("name", ["authorization_endpoint", "issuer", "device_authorization_endpoint"])
@pytest.mark.parametrize("odd", [None, 5, [], "https://evil.test/"])
def test_what_else_a_discovery_document_says_does_no_harm(graph: ScriptedGraph, name: str, odd: object) -> None:
    graph.plan("discovery", told(graph.discovery(**{name: odd})))
    send(graph)
    assert len(graph.sent) == 1


def test_a_tenant_that_is_not_there_is_named(graph: ScriptedGraph) -> None:
    graph.plan("discovery", told({"error": "invalid_tenant", "error_codes": [90002]}, 400))
    with pytest.raises(AuthFailed) as raised:
        send(graph)
    assert "there is no such tenant in this cloud (AADSTS90002)" in str(raised.value)


@pytest.mark.parametrize("act", [hang, drip(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b" " * 500)])
def test_gr_40_a_sign_in_without_end_is_given_up(graph: ScriptedGraph, act: Act) -> None:
    graph.plan("token", act)
    started = time.monotonic()
    with pytest.raises(StageTimeout) as raised:
        send(graph, deadline=0.5)
    assert abs(time.monotonic() - started - 0.5) < 0.5
    assert raised.value.outcome is Outcome.RETRY


def test_a_token_is_asked_for_once(graph: ScriptedGraph) -> None:
    for _ in range(3):
        send(graph)
    assert (graph.count("discovery"), graph.count("token"), len(graph.sent)) == (1, 1, 3)


def test_eight_sign_ins_at_once_do_not_get_in_each_others_way(graph: ScriptedGraph) -> None:
    graph.always["token"] = told(GOOD)
    for _ in range(5):
        entra.forget_tokens()
        with ThreadPoolExecutor(8) as pool:
            found = pool.map(partial(entra.token, renew=True), [graph.profile()] * 8)
            assert list(found) == ["opaque"] * 8


def test_a_missing_file_of_authorities_is_named(graph: ScriptedGraph) -> None:
    with pytest.raises(BadInput, match="no file of certificate authorities"):
        send(graph, ca_file="nowhere.pem")


def test_the_secret_goes_into_one_body_and_nowhere_else(graph: ScriptedGraph, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    profile = graph.profile()
    delivery = GraphProvider(profile, clock=graph.clock.clock).send(letter(), KeptJournal())
    holding = [e.operation for e in graph.requests if quote_plus(graph.secret).encode() in e.body]
    assert holding == ["token"]
    elsewhere = [e for e in graph.requests if "CANARY" in f"{e.path} {e.query} {e.headers.get('Cookie')}"]
    assert elsewhere == []
    with_token = {e.operation for e in graph.requests if graph.token in str(e.headers)}
    assert with_token == {"draft", "send"}
    said = f"{delivery!r} {profile!r} {entra._APPLICATIONS!r} {caplog.text}"
    assert [part for part in everything(graph).split("|") if part in said] == []
