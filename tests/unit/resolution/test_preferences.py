"""Monitor ERP's e-mail settings: a user's win over the system's, and no two accounts are ever mixed."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from mailadmin.domain.governed import Organisation
from mailadmin.domain.preferences import AuthenticationFlow, EmailMethod, MailPreference
from mailadmin.domain.services import FIELDS, Unit
from mailadmin.resolution.explanation import reason
from mailadmin.resolution.provenance import Context, Resolution, Status
from mailadmin.resolution.resolver import resolve

OURS, THEIRS = "hmac:00000000000000aa", "hmac:00000000000000bb"
ACCOUNT: dict[str, Any] = {
    "server": "mail.norrby.example",
    "port": 587,
    "use_ssl": True,
    "user_name": "erp",
    "password": OURS,
}
SYSTEM = MailPreference(method=EmailMethod.SMTP, email="erp@norrby.example", **ACCOUNT)
ENTRA: dict[str, Any] = {"tenant_id": "norrby.example", "client_id": "c", "client_secret": OURS}


def ann(**values: Any) -> MailPreference:
    return MailPreference(user_id="Ann", email="ann@norrby.example", **values)


def ask(*rows: MailPreference) -> Resolution:
    return resolve(Context(user="Ann"), Organisation.of(rows))


def value(answer: Resolution, name: str) -> Any:
    return answer.fields[name][0]


def test_a_user_without_settings_sends_by_the_systems() -> None:
    answer = ask(SYSTEM)
    assert (answer.status, value(answer, "user_name")) == (Status.READY, "erp")


def test_a_users_own_credentials_go_with_the_systems_server() -> None:
    answer = ask(SYSTEM, ann(user_name="ann", password=THEIRS))
    assert answer.status is Status.READY
    assert [value(answer, name) for name in ("server", "user_name", "password")] == [ACCOUNT["server"], "ann", THEIRS]


def test_a_users_name_never_meets_the_systems_password() -> None:
    answer = ask(SYSTEM, ann(user_name="ann"))
    assert (answer.status, answer.missing) == (Status.INCOMPLETE, ("password",))
    assert value(answer, "password") is None


def test_the_systems_password_never_meets_a_users_server() -> None:
    answer = ask(SYSTEM, ann(server="mail.elsewhere.example"))
    assert (answer.status, value(answer, "password")) == (Status.INCOMPLETE, None)
    assert reason(answer).startswith("the user's e-mail preference names another server without credentials")


SMTP_AND_EXCHANGE = [
    (EmailMethod.SMTP, EmailMethod.EXCHANGE_SERVER),
    (EmailMethod.EXCHANGE_SERVER, EmailMethod.SMTP),
]


@pytest.mark.parametrize(("systems", "own"), SMTP_AND_EXCHANGE)
def test_a_users_own_method_does_not_use_the_account_of_the_systems_other_method(
    systems: EmailMethod, own: EmailMethod
) -> None:
    answer = ask(replace(SYSTEM, method=systems), ann(method=own, user_name="ann", password=THEIRS))
    assert (answer.service, answer.status) == (own.service, Status.INCOMPLETE)
    assert (value(answer, "server"), value(answer, "password")) == (None, THEIRS)


@pytest.mark.parametrize(("systems", "own"), SMTP_AND_EXCHANGE)
def test_a_users_own_account_is_whole_beside_another_method_of_the_system(
    systems: EmailMethod, own: EmailMethod
) -> None:
    mine = ann(method=own, server="own.example", user_name="ann", password=THEIRS)
    answer = ask(replace(SYSTEM, method=systems, email=None), mine)
    assert answer.status is Status.READY
    assert {origin for _, origin in answer.fields.values()} <= {"e-mail preference (Ann)", "default", ""}


def test_a_users_own_account_is_whole_beside_a_system_that_only_knows_exchange_online() -> None:
    system = MailPreference(method=EmailMethod.EXCHANGE_ONLINE, **ENTRA)
    mine = ann(method=EmailMethod.SMTP, server="own.example", user_name="ann", password=THEIRS)
    assert ask(system, mine).status is Status.READY


def test_a_user_sends_by_the_systems_application_from_the_own_mailbox() -> None:
    answer = ask(replace(SYSTEM, **ENTRA), ann(method=EmailMethod.EXCHANGE_ONLINE))
    assert answer.status is Status.READY
    assert (value(answer, "mailbox"), value(answer, "client_secret")) == ("ann@norrby.example", OURS)


def test_the_user_name_of_an_smtp_server_is_no_mailbox() -> None:
    system = replace(SYSTEM, **ENTRA, email=None)
    answer = ask(system, MailPreference(user_id="Ann", method=EmailMethod.EXCHANGE_ONLINE))
    assert answer.missing == ("mailbox",)


def test_the_own_application_is_not_completed_by_the_systems() -> None:
    answer = ask(replace(SYSTEM, **ENTRA), ann(method=EmailMethod.EXCHANGE_ONLINE, client_id="mine"))
    assert answer.missing == ("tenant_id", "client_secret")


def test_signing_in_with_a_persons_password_is_not_supported_and_said() -> None:
    system = replace(SYSTEM, **ENTRA, authentication_flow=AuthenticationFlow.USER_NAME)
    answer = ask(system, ann(method=EmailMethod.EXCHANGE_ONLINE))
    assert (answer.status, answer.missing) == (Status.INCOMPLETE, ("client_secret",))
    assert "User name/Password is not supported: choose Client secret" in reason(answer)


METHODS = (None, *EmailMethod)
OWN: list[dict[str, Any]] = [
    {},
    {"user_name": "ann"},
    {"user_name": "ann", "password": THEIRS},
    {"server": "own.example"},
    {"server": "own.example", "user_name": "ann", "password": THEIRS},
]


@pytest.mark.parametrize(("systems", "own", "values"), list(product(METHODS, METHODS, OWN)))
def test_every_unit_comes_from_one_place_and_no_password_from_beside_its_server(
    systems: EmailMethod | None, own: EmailMethod | None, values: dict[str, Any]
) -> None:
    answer = ask(replace(SYSTEM, method=systems, **ENTRA), ann(method=own, **values))
    for unit in Unit:
        places = {o for f, o in zip(FIELDS, answer.origins, strict=True) if f.unit is unit} - {"", "default"}
        assert len(places) <= 1
    found = dict(zip((field.name for field in FIELDS), answer.values, strict=True))
    if found["password"] == OURS:
        assert (found["server"], found["user_name"]) == (ACCOUNT["server"], "erp")
