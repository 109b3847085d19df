"""Who is known: found by any of their names, and their secrets never told."""

from __future__ import annotations

import dataclasses

import pytest

from mailadmin.sandbox.server import Sandbox
from mailadmin.sandbox.tenant import Application, same_address
from tests.canaries import canary, encodings
from tests.unit.sandbox.microsoft import ACCOUNTS, CLIENT, TENANT


@pytest.mark.parametrize("name", [TENANT.id, TENANT.id.upper(), "kowhai.example", "KOWHAI.example"])
def test_a_tenant_is_named_by_id_or_domain(name: str) -> None:
    assert TENANT.is_named(name)


@pytest.mark.parametrize("name", ["", "example", "kowhai.example.", "5a1e0d8c"])
def test_a_tenant_is_not_named_otherwise(name: str) -> None:
    assert not TENANT.is_named(name)


def test_mailboxes_and_applications_are_found_whatever_the_case() -> None:
    mailbox = TENANT.mailbox(ACCOUNTS.upper())
    assert mailbox is not None
    assert TENANT.mailbox(mailbox.id.upper()) is mailbox
    assert TENANT.mailbox("nobody@kowhai.example") is None
    application = TENANT.application(CLIENT.upper())
    assert application is not None
    assert application.client_id == CLIENT
    assert same_address("A@x.example", ["b@x.example", "a@X.example"])


def test_a_secret_is_recognised_and_not_told() -> None:
    secret = canary()
    application = Application(CLIENT, secret)
    assert application.known_secret.matches(secret.encode())
    assert not application.known_secret.matches(secret.encode()[:-1])
    assert repr(application.known_secret) == "Recognised(…)"
    sandbox = Sandbox({"mere": secret})
    inside = [getattr(application.known_secret, f"_Recognised__{name}") for name in ("digest", "salt")]
    told = list(map(repr, (application, dataclasses.asdict(application), inside, sandbox, vars(sandbox))))
    assert [how for how, form in encodings(secret).items() for text in told if form in text.encode()] == []
