"""Changes by hand as a use case: begun cheaply, planned against the store as it is, saved with their secrets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mailadmin.bootstrap import App
from mailadmin.domain.organisation import CostCentre
from mailadmin.domain.profiles import Secret
from mailadmin.domain.services import Override, Security, ServiceKind
from mailadmin.errors import BadInput, KeyNeeded, NotConfirmed, StalePlan
from mailadmin.migration.edits import Edits, place_of
from mailadmin.migration.kinds import Kind
from mailadmin.migration.plan import Plan
from mailadmin.resolution.provenance import Context
from mailadmin.usecases import configuring, editing, migrating
from tests import sites
from tests.canaries import canary

SMTP = ("services", ("global", "smtp"))


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = sites.site(tmp_path)
    yield app
    app.close()


def renamed(edits: Edits, name: str) -> Edits:
    row: Any = edits.row(SMTP)
    edits.put(editing.changed(row, sender_name=name))
    return edits


def planned(app: App, edits: Edits) -> Plan:
    return editing.plan(app, edits, editing.basis(app))


def test_a_draft_begins_without_reading_what_grows_with_users(app: App) -> None:
    edits = editing.begin(app)
    assert (edits.users, edits.operations) == (5, ())
    assert edits.rows("users") == edits.rows("overrides") == []
    edits.read(editing.overrides(app))
    assert [row.user_id for row in edits.rows("overrides")] == ["eve"]


def test_what_cannot_stand_in_a_row_is_said_with_the_row() -> None:
    with pytest.raises(BadInput, match=r"^SOUTH: .*U\+000A"):
        editing.changed(CostCentre(code="SOUTH"), code="a\nb")
    with pytest.raises(BadInput, match="GLOBAL can be neither renamed nor made inactive"):
        editing.changed(CostCentre(code="GLOBAL"), active=False)


def test_effects_are_those_of_the_draft_and_the_rows_are_read_once(app: App) -> None:
    edits, basis = renamed(editing.begin(app), "New"), editing.basis(app)
    assert editing.basis(app, basis) is basis
    assert editing.effects(edits.operations, basis).summary()[Kind.SENDER] == 4
    plan = planned(app, edits)
    editing.save(app, edits, plan)
    assert editing.basis(app, basis).state.serial == basis.state.serial + 1


def test_a_draft_of_nothing_is_no_plan(app: App) -> None:
    with pytest.raises(BadInput, match="Nothing is changed"):
        planned(app, editing.begin(app))


def test_a_row_somebody_else_changed_is_not_overwritten(app: App) -> None:
    mine, theirs = renamed(editing.begin(app), "Mine"), renamed(editing.begin(app), "Theirs")
    editing.save(app, theirs, planned(app, theirs))
    with pytest.raises(StalePlan, match="somebody else changed services GLOBAL / SMTP"):
        planned(app, mine)
    with pytest.raises(StalePlan):
        editing.effects(mine.operations, editing.basis(app))


def test_a_plan_on_what_was_is_stale_once_somebody_wrote(app: App) -> None:
    on, mine, theirs = editing.basis(app), editing.begin(app), renamed(editing.begin(app), "Theirs")
    editing.save(app, theirs, planned(app, theirs))
    mine.put(CostCentre(code="SOUTH"))
    plan = editing.plan(app, mine, on)
    with pytest.raises(StalePlan):
        editing.save(app, mine, plan)


def test_secrets_go_to_the_vault_with_the_run_and_not_before(app: App) -> None:
    secret, edits = canary(), editing.begin(app)
    editing.enter_secret(app, edits, SMTP, "password", Secret(lambda: secret))
    (fingerprint,) = edits.entered.values()
    plan = planned(app, edits)
    with pytest.raises(KeyNeeded), app.secret(fingerprint).reveal():
        pass
    editing.save(app, edits, plan)
    with app.secret(fingerprint).reveal() as text:
        assert text == secret
    assert migrating.verify_migration(app).users == 5


def test_a_new_users_values_are_saved_for_that_user(app: App) -> None:
    edits = editing.begin(app)
    edits.read(editing.overrides(app))
    own = Override(cost_centre="GLOBAL", service=ServiceKind.SMTP, user_id="bob", user_name="bob")
    secret = canary()
    edits.put(own)
    editing.enter_secret(app, edits, place_of(own), "password", Secret(lambda: secret))
    editing.save(app, edits, planned(app, edits))
    answer = configuring.explain(app, Context(user="bob"))
    assert (answer.fields["user_name"][0], answer.fields["password"][1]) == ("bob", "user override (GLOBAL)")


def test_another_plan_than_the_confirmed_one_is_not_applied(app: App) -> None:
    edits = renamed(editing.begin(app), "New")
    plan = planned(app, edits)
    with pytest.raises(NotConfirmed):
        migrating.apply(app, replace(plan, created_by="somebody"), plan.confirmation)


def test_the_accounts_of_a_service_are_its_own_or_one_users(app: App) -> None:
    def users(centre: str, kind: ServiceKind, user: str | None = None) -> list[tuple[str, ...]]:
        return [subject.users for subject in editing.accounts(app, centre, kind, user)]

    assert users("GLOBAL", ServiceKind.SMTP) == [("ann", "bob", "cia")]
    assert users("GLOBAL", ServiceKind.SMTP, "eve") == [("eve",)]
    assert users("GLOBAL", ServiceKind.EXCHANGE) == [("ann", "bob", "cia", "dan", "eve")]
    assert users("OFF", ServiceKind.SMTP) == []


@pytest.mark.parametrize(
    ("security", "port", "words"),
    [
        (Security.NONE, 0, "Connects to port 25, never encrypted."),
        (None, 465, "Connects to port 465, encrypted from the first byte."),
        (Security.SSL_ON_CONNECT, 0, "Connects to port 465, encrypted from the first byte."),
        (Security.START_TLS, 587, "Connects to port 587, encrypted by STARTTLS, or nothing is sent."),
    ],
)
def test_a_connection_is_told_in_words(security: Security | None, port: int, words: str) -> None:
    assert editing.connection_in_words(security, port) == words
