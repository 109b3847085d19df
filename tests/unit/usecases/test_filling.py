"""What is entered for a migration becomes part of its plan, and its secrets of the vault alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailadmin import connect
from mailadmin.bootstrap import App
from mailadmin.domain.profiles import Secret
from mailadmin.domain.services import ServiceKind
from mailadmin.errors import AddressRejected, KeyNeeded, UnknownName
from mailadmin.migration.gaps import Gap
from mailadmin.migration.snapshot import Snapshot
from mailadmin.resolution.provenance import Context, Status
from mailadmin.usecases import configuring, filling, keeping, migrating, noting
from tests.canaries import canary, hits


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    found = connect(tmp_path / "store.db", environment={}, actor="tester")
    yield found
    found.close()


def noted(app: App) -> Snapshot:
    """A server whose password was only dots, and somebody who sends by it."""
    settings = {"EmailSmtpServer": "s.x.nz", "EmailSmtpUserId": "u", "EmailSmtpPassword": noting.DOTS}
    notes = noting.Notes().with_(noting.read_screen("global_settings", settings))
    return noting.take(app, notes.with_(noting.read_screen("users", {"user_id": "ann", "name": "Ann"})))


def answers(app: App, snapshot: Snapshot, secret: str) -> dict[Gap, str | Secret]:
    values: dict[str, str | Secret] = {
        "sender_name": "Kowhai", "sender_email": "lending@kowhai.example", "password": Secret(lambda: secret),
    }  # fmt: skip
    return {gap: values[gap.field] for gap in filling.gaps(app, snapshot)}


def test_what_was_entered_makes_the_user_ready(app: App, tmp_path: Path) -> None:
    keeping.create_key(app)
    snapshot, secret = noted(app), canary()
    entered = answers(app, snapshot, secret)
    plan = migrating.make_plan(app, snapshot, entered=entered)
    assert plan.manual_actions == ()
    migrating.apply(app, plan, plan.confirmation)
    migrating.verify_migration(app)
    answer = configuring.explain(app, Context(user="ann"))
    assert (answer.status, answer.service) == (Status.READY, ServiceKind.SMTP)
    fingerprint = dict(answer.fields)["password"][0]
    with app.secret(fingerprint).reveal() as text:
        assert text == secret
    assert "CANARY" not in plan.text()
    assert list(hits(tmp_path)) == []


def test_nothing_of_it_is_in_force_before_the_plan_is_applied(app: App) -> None:
    keeping.create_key(app)
    snapshot = noted(app)
    before = configuring.effective(app)
    migrating.make_plan(app, snapshot, entered=answers(app, snapshot, canary()))
    assert [list(one) for one in configuring.effective(app)] == [list(one) for one in before]
    assert migrating.history(app) == []


def test_what_was_entered_stays_when_the_migration_is_planned_again(app: App) -> None:
    keeping.create_key(app)
    snapshot = noted(app)
    plan = migrating.make_plan(app, snapshot, entered=answers(app, snapshot, canary()))
    migrating.apply(app, plan, plan.confirmation)
    assert not migrating.make_plan(app, snapshot).operations
    assert filling.gaps(app, snapshot) == []


def test_what_cannot_stand_there_is_refused(app: App) -> None:
    snapshot = noted(app)
    email = next(gap for gap in filling.gaps(app, snapshot) if gap.field == "sender_email")
    assert filling.problem(email, "lending@kowhai.example") == ""
    assert "is not an address" in filling.problem(email, "lending")
    with pytest.raises(AddressRejected):
        migrating.make_plan(app, snapshot, entered={email: "lending"})
    with pytest.raises(UnknownName):
        migrating.make_plan(app, snapshot, entered={Gap("services", ("no", "SMTP"), "NO / SMTP", "server"): "x"})


def test_a_secret_needs_a_key(app: App) -> None:
    snapshot = noted(app)
    with pytest.raises(KeyNeeded):
        migrating.make_plan(app, snapshot, entered=answers(app, snapshot, canary()))


@pytest.mark.parametrize(("field", "value"), [("sender_name", "a@b"), ("default_service", "PIGEON")])
def test_every_kind_of_value_is_checked(field: str, value: str) -> None:
    gap = Gap("services", ("global", "smtp"), "GLOBAL / SMTP", field)
    assert filling.problem(gap, value) != ""
