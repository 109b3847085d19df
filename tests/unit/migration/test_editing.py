"""A change of where an account is clears the secrets that were entered for it, and those of nobody else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mailadmin.domain.governed import Row, key_of, table_of
from mailadmin.domain.preferences import CopyToSelf, EmailMethod, MailPreference
from mailadmin.domain.services import Override, Security, Service, ServiceKind
from mailadmin.migration.editing import Place, without_moved_secrets

OURS, THEIRS = "hmac:00000000000000aa", "hmac:00000000000000bb"
SYSTEM = MailPreference(server="mail.norrby.example", port=587, use_ssl=True, user_name="erp", password=OURS)
ANN = MailPreference(user_id="Ann", user_name="ann", password=THEIRS)
BOB = MailPreference(user_id="Bob", server="mail.elsewhere.example", user_name="bob", password=THEIRS)
ENTRA = MailPreference(user_id="Cia", tenant_id="norrby.example", client_id="c", client_secret=THEIRS)


def rows(*given: Row) -> dict[Place, Row]:
    return {(table_of(row), key_of(row)): row for row in given}


def after(row: MailPreference, *others: MailPreference, was: MailPreference) -> dict[str, Any]:
    """The secrets of everybody after a row becomes another one, by user."""
    found, _ = without_moved_secrets(rows(row), rows(was, *others))
    kept: dict[Place, Any] = {**rows(was, *others), **found}
    return {one.user_id: one.password or one.client_secret for one in kept.values()}


@pytest.mark.parametrize(
    "change", [{"server": "other.example"}, {"port": 465}, {"use_ssl": False}, {"user_name": "somebody"}]
)
def test_another_server_port_ssl_or_user_name_clears_the_password(change: dict[str, Any]) -> None:
    assert after(replace(BOB, **change), was=BOB) == {"Bob": None}


@pytest.mark.parametrize("change", [{"tenant_id": "other.example"}, {"client_id": "d"}])
def test_another_application_clears_its_secret(change: dict[str, Any]) -> None:
    assert after(replace(ENTRA, **change), was=ENTRA) == {"Cia": None}


@pytest.mark.parametrize(
    "change",
    [{"email": "b@norrby.example"}, {"method": EmailMethod.EXCHANGE_SERVER}, {"copy_to_self": CopyToSelf.CC}],
)
def test_anything_else_leaves_it(change: dict[str, Any]) -> None:
    assert after(replace(BOB, **change), was=BOB) == {"Bob": THEIRS}


@pytest.mark.parametrize("change", [{"server": "other.example"}, {"port": 465}, {"use_ssl": False}])
def test_another_server_of_the_system_clears_the_passwords_entered_for_it(change: dict[str, Any]) -> None:
    assert after(replace(SYSTEM, **change), ANN, BOB, was=SYSTEM) == {"": None, "Ann": None, "Bob": THEIRS}


def test_the_systems_user_name_is_no_users_business() -> None:
    assert after(replace(SYSTEM, user_name="other"), ANN, BOB, was=SYSTEM) == {"": None, "Ann": THEIRS, "Bob": THEIRS}


def test_whose_password_goes_is_told() -> None:
    _, findings = without_moved_secrets(rows(replace(SYSTEM, port=465)), rows(SYSTEM, ANN, BOB))
    assert [finding.subjects for finding in findings] == [("system",), ("Ann",)]
    assert "user-settings secret" in findings[0].remedy


def test_another_password_that_comes_with_the_other_server_stays() -> None:
    given = replace(ANN, password="hmac:00000000000000cc")
    found, findings = without_moved_secrets(rows(replace(SYSTEM, port=465), given), rows(SYSTEM, ANN))
    assert found[("mail_preferences", ("ann",))] == given
    assert [finding.subjects for finding in findings] == [("system",)]


def test_what_was_just_entered_stays() -> None:
    entered = {(("mail_preferences", ("ann",)), "password")}
    found, _ = without_moved_secrets(rows(replace(SYSTEM, port=465), ANN), rows(SYSTEM, ANN), entered)
    assert found[("mail_preferences", ("ann",))] == ANN


HERE = Service(
    cost_centre="GLOBAL", service=ServiceKind.SMTP, use_service=True, server="mail.norrby.example", port=587,
    user_name="erp", password=OURS,
)  # fmt: skip
MINE = Override(cost_centre="GLOBAL", service=ServiceKind.SMTP, user_id="Ann", user_name="ann", password=THEIRS)
ELSEWHERE = replace(MINE, user_id="Bob", server="mail.elsewhere.example")
OTHER_CENTRE = replace(MINE, cost_centre="AKL", user_id="Cia")


@pytest.mark.parametrize(
    ("change", "anns"),
    [
        ({"server": "other.example"}, None),
        ({"port": 465}, None),
        ({"security": Security.SSL_ON_CONNECT}, None),
        ({"user_name": "somebody"}, THEIRS),
        ({"sender_name": "Norrby"}, THEIRS),
    ],
)
def test_another_server_of_a_cost_centre_clears_the_passwords_users_entered_for_it(
    change: dict[str, Any], anns: str | None
) -> None:
    current = rows(HERE, MINE, ELSEWHERE, OTHER_CENTRE)
    found, findings = without_moved_secrets(rows(replace(HERE, **change)), current)
    kept: dict[Place, Any] = {**current, **found}
    passwords = {row.user_id: row.password for row in kept.values() if isinstance(row, Override)}
    assert passwords == {"Ann": anns, "Bob": THEIRS, "Cia": THEIRS}
    told = [finding.subjects for finding in findings if "the Cost Centre" in finding.what]
    assert told == ([] if anns else [("GLOBAL / SMTP / Ann",)])


def test_a_password_entered_together_with_the_new_server_stays() -> None:
    place = table_of(MINE), key_of(MINE)
    target = rows(replace(HERE, server="other.example"), replace(MINE, password=OURS))
    assert without_moved_secrets(target, rows(HERE, MINE))[0][place] == replace(MINE, password=OURS)
    same = rows(replace(HERE, server="other.example"), MINE)
    assert without_moved_secrets(same, rows(HERE, MINE), {(place, "password")})[0][place] == MINE
