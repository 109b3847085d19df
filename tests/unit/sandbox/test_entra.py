"""Entra gives tokens to whom it should, and refuses the others in its own words."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from mailadmin.sandbox.entra import ERRORS
from mailadmin.sandbox.faults import Fault
from tests.unit.sandbox.microsoft import (
    CLIENT,
    DISABLED,
    EXPIRED,
    GRAPH,
    LOGIN,
    SECRET,
    SILENT,
    TENANT_ID,
    Microsoft,
    Said,
    asked,
)


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))


@pytest.mark.parametrize("tenant", [TENANT_ID, "kowhai.example"])
def test_a_token_carries_the_application_its_roles_and_its_end(tenant: str) -> None:
    microsoft = Microsoft()
    said = microsoft.login(tenant=tenant)
    answer = said.json()
    assert (said.status, said.headers["Cache-Control"]) == (200, "no-store")
    assert {name: answer[name] for name in ("token_type", "expires_in")} == {"token_type": "Bearer", "expires_in": 3599}
    told = claims(answer["access_token"])
    assert told["roles"] == ["Mail.ReadWrite", "Mail.Send", "MailboxFolder.ReadWrite.All"]
    assert (told["aud"], told["appid"], told["tid"]) == (f"https://{GRAPH}", CLIENT, TENANT_ID)
    assert told["exp"] - told["iat"] == 3599
    assert "refresh_token" not in answer
    assert microsoft.token() != microsoft.token()


def test_without_consent_a_token_has_no_roles() -> None:
    microsoft = Microsoft()
    assert "roles" not in claims(microsoft.token(SILENT))


REFUSED: list[tuple[dict[str, str], int]] = [
    ({"client_secret": SECRET[:-1]}, 7000215),
    ({"client_secret": ""}, 7000218),
    ({"client_id": EXPIRED}, 7000222),
    ({"client_id": DISABLED}, 7000112),
    ({"client_id": TENANT_ID}, 700016),
    ({"client_id": ""}, 900144),
    ({"grant_type": ""}, 900144),
    ({"grant_type": "password"}, 70003),
    ({"scope": ""}, 70011),
    ({"scope": "openid"}, 70011),
    ({"scope": f"https://{GRAPH}/Mail.Send"}, 1002012),
    ({"scope": f"https://{GRAPH}/.default https://other.test/.default"}, 1002012),
    ({"scope": "https://other.test/.default"}, 500011),
    ({"tenant": "99999999-0000-4000-8000-000000000000"}, 90002),
    ({"tenant": "other.example"}, 90002),
    ({"tenant": "kowhai"}, 900023),
    ({"tenant": "%2e%2e"}, 900023),
    ({"tenant": "common"}, 9001023),
]


@pytest.mark.parametrize(("changed", "code"), REFUSED)
def test_refused(changed: dict[str, str], code: int) -> None:
    said = Microsoft().login(**changed)
    answer = said.json()
    assert (answer["error_codes"], answer["error"], said.status) == ([code], *ERRORS[code][:2])
    assert answer["error_description"].startswith(f"AADSTS{code}: ")
    assert SECRET not in said.body.decode()


def test_every_error_of_the_table_is_shown_once() -> None:
    by_fault = {90033}
    assert {code for _, code in REFUSED} | by_fault == set(ERRORS)


def test_the_right_secret_is_refused_while_the_fault_is_on() -> None:
    microsoft = Microsoft()
    microsoft.faults.switch_on(Fault.BAD_LOGIN, times=1)
    assert microsoft.login().json()["error_codes"] == [7000215]
    assert microsoft.login().status == 200


def test_nothing_is_given_out_while_it_is_not_available() -> None:
    microsoft = Microsoft()
    microsoft.faults.switch_on(Fault.UNAVAILABLE, times=1)
    said = microsoft.login()
    assert (said.status, said.json()["error"]) == (503, "temporarily_unavailable")
    assert microsoft.login().status == 200


def test_the_discovery_document_names_this_host() -> None:
    url = f"https://{LOGIN}/kowhai.example/v2.0/.well-known/openid-configuration"
    found = Said(Microsoft().entra.answer(asked("GET", url))).json()
    assert found["token_endpoint"] == f"https://{LOGIN}/{TENANT_ID}/oauth2/v2.0/token"
    assert found["issuer"] == f"https://{LOGIN}/{TENANT_ID}/v2.0"
    assert found["msgraph_host"] == GRAPH


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("GET", f"/{TENANT_ID}/oauth2/v2.0/token"), ("POST", "/x/y")]
)
def test_there_is_nothing_else(method: str, path: str) -> None:
    assert Said(Microsoft().entra.answer(asked(method, f"https://{LOGIN}{path}"))).status == 404
