"""What a migration leaves open: only what can be entered, and entering it is all that changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mailadmin.domain.governed import Row
from mailadmin.domain.organisation import GLOBAL, CostCentre
from mailadmin.domain.services import NO_AUTHENTICATION, NOT_CAPTURED, Override, Service, ServiceKind
from mailadmin.migration.concerned import concerned
from mailadmin.migration.gaps import Gap, gaps_of
from mailadmin.migration.operations import applied
from mailadmin.migration.planning import drafted, plan_migration
from mailadmin.migration.snapshot import Snapshot
from tests.unit.migration.snapshots import BASE, snapshot_of

SMTP, EXCHANGE = ServiceKind.SMTP, ServiceKind.EXCHANGE
HASH = "hmac:0123456789abcdef"


def fields(*rows: Row) -> list[str]:
    return [gap.field for gap in gaps_of(rows)]


def service(**values: Any) -> Service:
    plain: dict[str, Any] = {"cost_centre": GLOBAL, "service": SMTP, "use_service": True, "server": "s"}
    return Service(**plain | values)


def override(**values: Any) -> Override:
    plain: dict[str, Any] = {"cost_centre": GLOBAL, "service": SMTP, "user_id": "ann"}
    return Override(**plain | values)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (service(), ["sender_name", "sender_email"]),
        (service(sender_name="Kowhai"), ["sender_email"]),
        (service(sender_email="a@x.nz"), []),
        (service(sender_email="a@x.nz", user_name="u"), ["password"]),
        (service(sender_email="a@x.nz", user_name="u", password=HASH), []),
        (service(sender_email="a@x.nz", user_name=NO_AUTHENTICATION), []),
        (service(use_service=False, user_name="u"), []),
        (service(service=EXCHANGE, server=None, client_id="c"), ["client_secret"]),
        (override(sender_email="a@x.nz"), []),
        (override(server="s", user_name="u"), ["password"]),
        (override(service=EXCHANGE, client_id="c"), ["client_secret"]),
        (CostCentre(code=GLOBAL), ["default_service"]),
        (CostCentre(code=GLOBAL, default_service=SMTP), []),
        (CostCentre(code="AKL"), []),
    ],
)
def test_blank_fields_that_can_be_entered(row: Row, expected: list[str]) -> None:
    assert fields(row) == expected


def test_those_of_cost_centres_come_first_and_say_what_they_are() -> None:
    found = gaps_of([override(server="s", user_name="u"), service(sender_name="n"), CostCentre(code=GLOBAL)])
    assert [(gap.user, gap.name, gap.label, gap.secret) for gap in found] == [
        ("", "GLOBAL", "Default e-mail service", False),
        ("", "GLOBAL / SMTP", "Sender e-mail", False),
        ("ann", "GLOBAL / SMTP / ann", "Password", True),
    ]
    assert found[0].choices == (SMTP, EXCHANGE)
    assert found[1].choices == ()


def site() -> Snapshot:
    """A server with a password nobody could read; a user who sends by Exchange."""
    settings = {"EmailSmtpServer": "s", "EmailSmtpUserId": "u", "EmailSmtpPassword": NOT_CAPTURED}
    exchange = {
        "EmailExchangeUseGlobalSettings": False, "EmailExchangeUserName": "ann@x.nz", "EmailExchangeClientId": "c",
        "EmailExchangeTenantId": "t", "EmailExchangeHasRefreshToken": True,
    }  # fmt: skip
    return snapshot_of(settings, {"ann": exchange}, captured=False)


def test_what_was_entered_is_in_the_plan_and_its_actions_are_gone() -> None:
    snapshot = site()
    rows = drafted(snapshot, {}).rows
    gaps = gaps_of(rows.values())
    assert [gap.field for gap in gaps] == ["sender_name", "sender_email", "password", "client_secret"]
    values: dict[str, Any] = {
        "sender_name": "Kowhai",
        "sender_email": "a@x.nz",
        "password": HASH,
        "client_secret": HASH,
    }
    entered: dict[Any, Row] = {}
    for gap in gaps:
        entered[gap.place] = replace(entered.get(gap.place, rows[gap.place]), **{gap.field: values[gap.field]})
    before, after = (plan_migration(snapshot, {}, BASE, rows).plan for rows in ({}, entered))
    assert len(before.manual_actions) - len(after.manual_actions) == 3
    written = applied({}, after.operations)
    assert written == {**applied({}, before.operations), **entered}
    assert gaps_of(written.values()) == []


def test_a_secret_entered_for_another_server_is_not_kept() -> None:
    snapshot = site()
    rows = drafted(snapshot, {}).rows
    place = next(gap.place for gap in gaps_of(rows.values()) if gap.field == "password")
    elsewhere = replace(rows[place], server="other", password=HASH)  # type: ignore[arg-type]
    plan = plan_migration(snapshot, {}, BASE, {place: elsewhere}).plan
    assert applied({}, plan.operations)[place] == rows[place]


def test_rules_that_are_about_nobody_here_are_left_out() -> None:
    found = {one.rule.legacy: one.number for one in concerned(site().legacy())}
    assert found == {
        "global SMTP": 1,
        "global method": 1,
        "user's own Exchange": 1,
        "method other than the default": 1,
        "refresh tokens": 1,
    }


def test_a_default_service_that_was_entered_is_not_asked_for_again() -> None:
    snapshot = snapshot_of({})
    rows = drafted(snapshot, {}).rows
    (gap,) = gaps_of(rows.values())
    assert gap == Gap("cost_centres", ("global",), "GLOBAL", "default_service")
    chosen = replace(rows[gap.place], default_service=SMTP)  # type: ignore[arg-type]
    asked = [len(plan_migration(snapshot, {}, BASE, one).plan.manual_actions) for one in ({}, {gap.place: chosen})]
    assert asked == [1, 0]
