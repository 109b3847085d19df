"""What becomes of an activity: every state of an activity beside every state of what a calendar knows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from mailadmin.domain.activities import Activity
from mailadmin.domain.governed import Organisation, Row
from mailadmin.domain.organisation import CostCentre, User
from mailadmin.domain.preferences import EmailMethod, MailPreference
from mailadmin.domain.services import Service, ServiceKind
from mailadmin.policy.calendar import Act, Known, Standing, Step, step_of
from mailadmin.policy.readiness import NEEDS_OUTLOOK, NO_CALENDAR, ON_PREMISES, Readiness, of_calendar
from mailadmin.resolution.provenance import Context
from mailadmin.resolution.resolver import resolve

READY, NOT_READY = Readiness(), Readiness(("E-mail address",))


def activity(**changes: Any) -> Activity:
    given: dict[str, Any] = {"start": datetime(2026, 12, 1, 9), "end": datetime(2026, 12, 1, 10), "responsible": "ann"}
    return Activity(id="A-1", subject="Visit", **given | changes)


def known(**changes: Any) -> Known:
    given: dict[str, Any] = {
        "activity": "A-1",
        "uid": "u@x.test",
        "user_id": "Ann",
        "service": "EXCHANGE",
        "account": "mailbox ann",
        "remote_id": "AAkB",
        "sequence": 3,
        "content_hash": activity().content_hash,
        "standing": Standing.ENTERED,
        "updated_at": "2026-11-23T00:00:00+00:00",
    }
    return Known(**given | changes)


GONE, BEGUN, OTHER = {"standing": Standing.CANCELLED}, {"standing": Standing.ENTERING}, {"content_hash": "other"}


@pytest.mark.parametrize(
    ("asked", "book", "readiness", "act", "sequence"),
    [
        ({}, None, READY, Act.ENTER, 0),
        ({}, {}, READY, Act.NOTHING, 3),
        ({}, OTHER, READY, Act.CHANGE, 4),
        ({}, GONE, READY, Act.ENTER, 4),
        ({}, BEGUN, READY, Act.CHANGE, 3),
        ({}, BEGUN | {"remote_id": None}, READY, Act.ENTER, 3),
        ({}, BEGUN | OTHER, READY, Act.CHANGE, 4),
        ({}, {"user_id": "bob"}, READY, Act.LEAVE_OUT, 0),
        ({}, {"user_id": "bob"} | GONE, READY, Act.ENTER, 4),
        ({}, None, NOT_READY, Act.LEAVE_OUT, 0),
        ({"responsible": ""}, None, READY, Act.LEAVE_OUT, 0),
        ({"is_project": True}, None, READY, Act.LEAVE_OUT, 0),
        ({"is_project": True}, {}, READY, Act.CANCEL, 4),
        ({"is_project": True}, GONE, READY, Act.LEAVE_OUT, 0),
        ({"cancelled": True}, None, READY, Act.NOTHING, 0),
        ({"cancelled": True}, {}, NOT_READY, Act.CANCEL, 4),
        ({"cancelled": True}, BEGUN, READY, Act.CANCEL, 4),
        ({"cancelled": True}, GONE, READY, Act.NOTHING, 0),
    ],
)
def test_what_is_to_be_done(
    asked: dict[str, Any], book: dict[str, Any] | None, readiness: Readiness, act: Act, sequence: int
) -> None:
    step = step_of(activity(**asked), None if book is None else known(**book), readiness)
    assert (step.act, step.sequence) == (act, sequence)
    assert step.reason or act in {Act.ENTER, Act.CHANGE}


def test_why_somebody_is_left_out_is_said() -> None:
    assert step_of(activity(), None, NOT_READY) == Step(Act.LEAVE_OUT, 0, "ann is not ready: E-mail address")


# --- readiness (Monitor ERP)

SECRET = "hmac:0123456789abcdef"
ONLINE = {"tenant_id": "t", "client_id": "c", "client_secret": SECRET}
ANN: dict[str, Any] = {"email": "ann@kowhai.example", "user_name": "ann@kowhai.example"}
SERVER = {"server": "mail.kowhai.example", "use_ssl": True}


def ready(system: dict[str, Any], own: dict[str, Any], *more: Row, invitations: bool = False, **user: Any) -> Readiness:
    ann = User(user_id="ann", name="Ann", **user)
    rows = [MailPreference(**system), MailPreference(user_id="ann", **own)] if system or own else []
    organisation = Organisation.of([ann, *rows, *more])
    merged = MailPreference(**system | own)
    return of_calendar(ann, resolve(Context(user="ann"), organisation), merged, invitations=invitations)


@pytest.mark.parametrize(
    ("method", "system", "own", "missing"),
    [
        (EmailMethod.EXCHANGE_ONLINE, ONLINE, ANN, ()),
        (EmailMethod.EXCHANGE_ONLINE, ONLINE, {}, ("E-mail address", "User name (Exchange)")),
        (EmailMethod.EXCHANGE_ONLINE, ONLINE, {"user_name": "ann"}, ("E-mail address",)),
        (EmailMethod.EXCHANGE_ONLINE, {}, ANN, ("Tenant ID", "Client ID", "Client secret")),
        (
            EmailMethod.EXCHANGE_ONLINE,
            ONLINE | {"authentication_flow": "User name/Password"},
            ANN,
            ("Client secret", "Password (Exchange)"),
        ),
        (EmailMethod.EXCHANGE_ONLINE, ONLINE | {"authentication_flow": "Client secret"}, ANN, ()),
        (EmailMethod.EXCHANGE_SERVER, SERVER, ANN | {"password": SECRET}, ()),
        (EmailMethod.EXCHANGE_SERVER, SERVER, ANN, ("Password (Exchange)",)),
        (EmailMethod.EXCHANGE_SERVER, {}, ANN | {"password": SECRET}, ("Server",)),
        (EmailMethod.OUTLOOK, {}, ANN, (NEEDS_OUTLOOK,)),
        (EmailMethod.SMTP, SERVER, ANN | {"password": SECRET}, (NO_CALENDAR,)),
    ],
)
def test_what_is_missing_before_activities_can_stand_in_a_calendar(
    method: EmailMethod, system: dict[str, Any], own: dict[str, Any], missing: tuple[str, ...]
) -> None:
    assert ready({"method": method, **system}, own).missing == missing


def test_on_premises_is_ready_and_it_is_told_that_nothing_is_entered_from_here() -> None:
    found = ready({"method": EmailMethod.EXCHANGE_SERVER, **SERVER}, ANN | {"password": SECRET})
    assert (found.ready, found.warnings) == (True, (ON_PREMISES,))


def test_smtp_is_ready_where_the_site_allows_invitations() -> None:
    system = {"method": EmailMethod.SMTP, **SERVER}
    assert ready(system, ANN | {"password": SECRET}, invitations=True).ready
    assert ready(system, ANN, invitations=True).missing == ("Password",)
    assert ready({"method": EmailMethod.SMTP}, ANN, invitations=True).missing == ("Server", "Password")


def test_the_users_method_counts_before_the_systems() -> None:
    assert ready({"method": EmailMethod.EXCHANGE_ONLINE, **ONLINE}, ANN | {"method": EmailMethod.OUTLOOK}).missing == (
        NEEDS_OUTLOOK,
    )


def test_nobody_without_a_method_and_nobody_who_left_is_ready() -> None:
    assert ready({}, {}).missing == ("an e-mail method",)
    assert ready({"method": EmailMethod.EXCHANGE_ONLINE, **ONLINE}, ANN, active=False).missing == (
        "an active user: this one is inactive or locked out",
    )


def test_a_flow_that_cannot_be_used_here_is_told() -> None:
    own = ANN | {"password": SECRET}
    found = ready({"method": EmailMethod.EXCHANGE_ONLINE, "authentication_flow": "User name/Password", **ONLINE}, own)
    assert found.missing == ("Client secret",)
    assert "not supported" in "".join(found.warnings)


def test_a_cost_centres_account_is_ready_when_it_can_send() -> None:
    centre = CostCentre(code="GLOBAL", default_service=ServiceKind.EXCHANGE)
    page = {"cost_centre": "GLOBAL", "service": ServiceKind.EXCHANGE, "use_service": True}
    assert ready({}, {}, centre, Service(**page, mailbox="m@x.test", **ONLINE)).ready
    assert ready({}, {}, centre, Service(**page, mailbox="m@x.test")).missing == (
        "Tenant ID",
        "Client ID",
        "Client secret",
    )
    assert ready({}, {}, centre, Service(**page)).missing == ("every field: the service is switched off there",)
    assert ready({}, {}, centre).missing == ("somebody on the path who uses EXCHANGE",)
