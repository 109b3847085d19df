"""E-mail settings as Monitor ERP keeps them."""

from __future__ import annotations

from secrets import token_hex

import pytest
from pydantic import ValidationError

from mailadmin.domain.preferences import SYSTEM, CopyToSelf, EmailMethod, MailPreference
from mailadmin.domain.services import ServiceKind


@pytest.mark.parametrize(
    ("method", "service"),
    [
        ("outlook", ServiceKind.OUTLOOK),
        ("exchange server", ServiceKind.EXCHANGE_SERVER),
        ("smtp", ServiceKind.SMTP),
        ("exchange online", ServiceKind.EXCHANGE),
    ],
)
def test_every_method_has_a_service(method: str, service: ServiceKind) -> None:
    assert EmailMethod(method).service is service


def test_every_service_is_that_of_one_method() -> None:
    assert sorted(method.service for method in EmailMethod) == sorted(ServiceKind)


def test_copy_to_self_is_written_as_in_the_export() -> None:
    assert list(CopyToSelf) == ["No copy", "CC", "Bcc"]


def test_the_system_setting_is_the_one_of_nobody() -> None:
    assert MailPreference().user_id == SYSTEM == ""


@pytest.mark.parametrize("column", ["password", "client_secret"])
def test_a_clear_secret_is_refused_and_not_repeated(column: str) -> None:
    canary = token_hex(12)
    with pytest.raises(ValidationError) as caught:
        MailPreference(**{column: canary})  # type: ignore[arg-type]
    assert canary not in str(caught.value)


def test_a_signature_may_have_lines_and_a_server_may_not() -> None:
    assert MailPreference(signature_html="<p>\nNgā mihi\n</p>").signature_html == "<p>\nNgā mihi\n</p>"
    with pytest.raises(ValidationError):
        MailPreference(server="a\nb")
