"""Services, their fields, and the secrets that never stand in them in clear."""

from __future__ import annotations

from secrets import token_hex
from typing import Any

import pytest
from pydantic import ValidationError

from mailadmin.domain.services import (
    COST_CENTRE_SERVICES,
    FIELD_NAMES,
    FIELDS,
    NO_AUTHENTICATION,
    NOT_CAPTURED,
    NOTHING,
    SECRET_FIELDS,
    Override,
    Security,
    Service,
    ServiceKind,
    Settings,
    Unit,
    is_captured,
    values_of,
)

FINGERPRINT = f"hmac:{token_hex(8)}"


def test_the_fields_stand_in_the_order_of_every_table() -> None:
    assert FIELD_NAMES == (
        "server", "port", "security", "user_name", "password", "sender_name", "sender_email",
        "tenant_id", "client_id", "client_secret", "mailbox",
    )  # fmt: skip
    assert SECRET_FIELDS == ("password", "client_secret")
    assert {f.legacy: f.name for f in FIELDS if f.legacy != f.name} == {
        "enable_ssl": "security",
        "refresh_token": "client_secret",
    }


@pytest.mark.parametrize(
    ("service", "required"),
    [
        (ServiceKind.SMTP, {"server", "user_name", "password", "sender_email"}),
        (ServiceKind.EXCHANGE, {"tenant_id", "client_id", "client_secret", "mailbox"}),
        (ServiceKind.EXCHANGE_SERVER, {"server", "user_name", "password", "sender_email"}),
        (ServiceKind.OUTLOOK, set()),
    ],
)
def test_what_a_service_requires(service: ServiceKind, required: set[str]) -> None:
    assert {field.name for field in FIELDS if service in field.required} == required


@pytest.mark.parametrize(
    ("unit", "names"),
    [
        (Unit.SERVER, ["server", "port", "security"]),
        (Unit.CREDENTIALS, ["user_name", "password"]),
        (Unit.SENDER_NAME, ["sender_name"]),
        (Unit.SENDER_EMAIL, ["sender_email"]),
        (Unit.APPLICATION, ["tenant_id", "client_id", "client_secret"]),
        (Unit.MAILBOX, ["mailbox"]),
    ],
)
def test_the_units(unit: Unit, names: list[str]) -> None:
    assert [field.name for field in FIELDS if field.unit is unit] == names


def test_security_has_mailkits_names() -> None:
    assert list(Security) == ["None", "Auto", "SslOnConnect", "StartTls", "StartTlsWhenAvailable"]


def test_a_cost_centre_holds_smtp_and_exchange() -> None:
    assert COST_CENTRE_SERVICES == (ServiceKind.SMTP, ServiceKind.EXCHANGE)


def test_nothing_is_set_in_settings_that_say_nothing() -> None:
    assert values_of(Settings()) == NOTHING


@pytest.mark.parametrize("column", SECRET_FIELDS)
def test_a_clear_secret_is_refused_and_not_repeated(column: str) -> None:
    canary = token_hex(12)
    for clear in (canary, f"hmac:{canary}", f"HMAC:{token_hex(8)}", f"{FINGERPRINT}{canary}", f"{FINGERPRINT}\n"):
        for row in (
            lambda value: Settings(**{column: value}),
            lambda value: Service(cost_centre="A", service=ServiceKind.SMTP, **{column: value}),
            lambda value: Override(cost_centre="A", service=ServiceKind.SMTP, user_id="u", **{column: value}),
        ):
            with pytest.raises(ValueError, match="a secret stands here only as its fingerprint") as caught:
                row(clear)
            assert canary not in f"{caught.value}{caught.value!r}"


def test_a_fingerprint_or_the_word_that_it_was_not_read_is_taken() -> None:
    for reference in (FINGERPRINT, NOT_CAPTURED):
        assert Settings(password=reference).password == reference
    assert [is_captured(secret) for secret in (FINGERPRINT, NOT_CAPTURED, None)] == [True, False, False]


def test_no_authentication_excludes_a_password() -> None:
    assert Settings(user_name=NO_AUTHENTICATION).password is None
    for secret in (FINGERPRINT, NOT_CAPTURED):
        with pytest.raises(ValidationError, match="exclude each other"):
            Settings(user_name=NO_AUTHENTICATION, password=secret)


@pytest.mark.parametrize("port", [0, 25, 65535])
def test_a_port_is_0_to_65535(port: int) -> None:
    assert Settings(port=port).port == port


@pytest.mark.parametrize("port", [-1, 65536])
def test_another_port_is_refused(port: int) -> None:
    with pytest.raises(ValidationError):
        Settings(port=port)


@pytest.mark.parametrize(
    "values",
    [
        {"server": "a\r\nb"},
        {"sender_email": "a@b\nBcc: c@d"},
        {"user_name": "\0"},
        {"security": "TLS"},
        {"colour": "x"},
    ],
)
def test_what_cannot_travel_or_is_not_known_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings(**values)


def test_settings_are_frozen() -> None:
    with pytest.raises(AttributeError):
        Settings().server = "x"  # type: ignore[misc]
