"""Every row of the mapping: what old settings become, what is asked of people, and what is never guessed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from secrets import token_hex
from typing import Any

import pytest
from hypothesis import event, given

from mailadmin.domain.governed import Organisation, Row
from mailadmin.domain.legacy import Method
from mailadmin.domain.organisation import GLOBAL, CostCentre, User, WebConfiguration
from mailadmin.domain.services import (
    FIELD_NAMES,
    NO_AUTHENTICATION,
    NOT_CAPTURED,
    Override,
    Security,
    Service,
    ServiceKind,
)
from mailadmin.errors import MailAdminError
from mailadmin.migration.draft import Dropped, Finding, ManualAction
from mailadmin.migration.kinds import Kind
from mailadmin.migration.operations import Rows
from mailadmin.migration.plan import Plan
from mailadmin.migration.planning import effects_of
from mailadmin.migration.snapshot import Snapshot
from mailadmin.resolution.legacy import Members
from mailadmin.resolution.provenance import Context, Resolution, Status
from mailadmin.resolution.resolver import resolve
from tests.unit.migration.snapshots import planned, rows_after, snapshot_of, snapshots, with_rows
from tests.unit.resolution.organisations import USERS, WEBS, server
from tests.unit.resolution.organisations import secret as secret_of

SMTP, EXCHANGE = ServiceKind.SMTP, ServiceKind.EXCHANGE
PASSWORD, OWN, TOKEN, SECRET = (f"hmac:{token_hex(8)}" for _ in range(4))
CONSULTANT, ENTRA = "implementation consultant", "Entra ID administrator"
GLOBAL_SMTP: Members = {
    "EmailSmtpServer": "smtp.kowhai.example",
    "EmailSmtpPort": 587,
    "EmailSmtpEnableSsl": True,
    "EmailSmtpUserId": "lending",
    "EmailSmtpPassword": PASSWORD,
}
GLOBAL_EXCHANGE: Members = {
    "EmailExchangeUserName": "lending@kowhai.example",
    "EmailExchangeClientId": "client",
    "EmailExchangeTenantId": "tenant",
    "EmailExchangeHasRefreshToken": True,
    "EmailExchangeRefreshToken": TOKEN,
}
OWN_SMTP: Members = {
    "EmailUseGlobalSettings": False,
    "EmailSmtpServer": "10.1.2.3",
    "EmailSmtpPort": 2525,
    "EmailSmtpEnableSsl": False,
    "EmailSmtpUserId": "ann",
    "EmailSmtpPassword": OWN,
}
OWN_EXCHANGE: Members = {
    "EmailExchangeUseGlobalSettings": False,
    "EmailExchangeUserName": "ann@kowhai.example",
    "EmailExchangeClientId": "own client",
    "EmailExchangeTenantId": "tenant",
    "EmailExchangeHasRefreshToken": True,
}
SENDER: Members = {"EmailSmtpSenderDisplayName": "Ann", "EmailSmtpSenderEmailAddress": "ann@kowhai.example"}
WEB: Members = {
    "EmailSmtpOverride": True,
    **GLOBAL_SMTP,
    "EmailSmtpServer": "smtp.web.example",
    "EmailSmtpSenderDisplayName": "Kōwhai Online",
    "EmailSmtpSenderEmailAddress": "online@kowhai.example",
}
GLOBAL_SERVICE = Service(
    cost_centre=GLOBAL,
    service=SMTP,
    use_service=True,
    server="smtp.kowhai.example",
    port=587,
    security=Security.START_TLS,
    user_name="lending",
    password=PASSWORD,
)


def of(plan: Plan, table: str) -> list[Row]:
    """What a plan writes into one table."""
    return [operation.row for operation in plan.operations if operation.table == table]


def planned_for(mine: Members, settings: Members = GLOBAL_SMTP, **told: Any) -> Plan:
    return planned(snapshot_of(settings, {"Ann": mine}, **told))


def actions(plan: Plan, words: str) -> list[ManualAction]:
    return [action for action in plan.manual_actions if words in action.what]


# --- one test per row of the mapping --------------------------------------------------------------------------------


def test_global_smtp() -> None:
    plan = planned(snapshot_of(GLOBAL_SMTP))
    assert of(plan, "services") == [GLOBAL_SERVICE]
    assert of(plan, "overrides") == []


def test_global_smtp_has_no_sender_and_says_for_whom_one_is_needed() -> None:
    users = [
        {"user_id": "Ann", "name": "Ann"},
        {"user_id": "Bob", "name": "Bob"},
        {"user_id": "Gone", "name": "Gone", "active": False},
        {"user_id": "Out", "name": "Out", "external": True},
    ]
    plan = planned(snapshot_of(GLOBAL_SMTP, {"Ann": SENDER, "Out": SENDER}, users=users))
    assert actions(plan, "sender") == [
        ManualAction(
            CONSULTANT,
            "Enter a sender name and e-mail for everybody who has none of their own; the old Global Settings had none.",
            "Cost Centre GLOBAL, SMTP, Sender Details",
            ("Bob", "Out"),
        )
    ]


def test_global_exchange_in_use() -> None:
    plan = planned(snapshot_of(GLOBAL_EXCHANGE))
    assert of(plan, "services") == [
        Service(
            cost_centre=GLOBAL,
            service=EXCHANGE,
            use_service=True,
            tenant_id="tenant",
            client_id="client",
            mailbox="lending@kowhai.example",
        )
    ]
    assert actions(plan, "client secret") == [
        ManualAction(
            ENTRA,
            "Create a client secret and enter it; grant Mail.ReadWrite, Mail.Send and MailboxFolder.ReadWrite.All as "
            "application permissions with consent.",
            "Entra ID application client; Cost Centre GLOBAL, Microsoft Exchange, Client Secret",
        )
    ]


def test_global_exchange_that_could_not_be_used_is_written_and_not_ticked() -> None:
    plan = planned(snapshot_of({**GLOBAL_SMTP, **GLOBAL_EXCHANGE, "EmailExchangeHasRefreshToken": False}))
    (row,) = [row for row in of(plan, "services") if isinstance(row, Service) and row.service is EXCHANGE]
    assert (row.use_service, row.client_id, row.client_secret) == (False, "client", None)
    assert actions(plan, "client secret") == []


@pytest.mark.parametrize(
    ("settings", "default"),
    [
        (GLOBAL_SMTP, SMTP),
        (GLOBAL_EXCHANGE, EXCHANGE),
        ({**GLOBAL_SMTP, **GLOBAL_EXCHANGE}, EXCHANGE),
        ({}, None),
    ],
)
def test_global_method(settings: Members, default: ServiceKind | None) -> None:
    plan = planned(snapshot_of(settings))
    assert of(plan, "cost_centres") == [CostCentre(code=GLOBAL, default_service=default)]
    assert bool(actions(plan, "Decide on a default e-mail service")) == (default is None)


def test_own_smtp() -> None:
    plan = planned_for({**OWN_SMTP, **SENDER})
    assert of(plan, "overrides") == [
        Override(
            cost_centre=GLOBAL,
            service=SMTP,
            user_id="Ann",
            server="10.1.2.3",
            port=2525,
            security=Security.NONE,
            user_name="ann",
            password=OWN,
            sender_name="Ann",
            sender_email="ann@kowhai.example",
        )
    ]


def test_own_smtp_without_credentials_needs_no_authentication() -> None:
    own = {name: value for name, value in OWN_SMTP.items() if name not in ("EmailSmtpUserId", "EmailSmtpPassword")}
    (row,) = of(planned_for(own), "overrides")
    assert isinstance(row, Override)
    assert (row.server, row.user_name, row.password) == ("10.1.2.3", NO_AUTHENTICATION, None)


def test_own_settings_without_a_server_are_dropped() -> None:
    plan = planned_for({"EmailUseGlobalSettings": False, "EmailSmtpUserId": "ann"})
    assert of(plan, "overrides") == []
    assert plan.dropped == (
        Dropped(
            "finSettingsUser.EmailUseGlobalSettings",
            "own settings without a server could not send; GLOBAL's will be used",
            ("Ann",),
        ),
    )


def test_a_users_sender_is_an_override_of_nothing_else() -> None:
    plan = planned_for({"EmailUseGlobalSettings": True, **SENDER})
    assert of(plan, "overrides") == [
        Override(cost_centre=GLOBAL, service=SMTP, user_id="Ann", sender_name="Ann", sender_email="ann@kowhai.example")
    ]


def test_own_exchange() -> None:
    plan = planned_for(OWN_EXCHANGE)
    assert of(plan, "overrides") == [
        Override(
            cost_centre=GLOBAL,
            service=EXCHANGE,
            user_id="Ann",
            tenant_id="tenant",
            client_id="own client",
            mailbox="ann@kowhai.example",
        )
    ]
    assert actions(plan, "Before any of these users sends by Microsoft Exchange") == [
        ManualAction(
            ENTRA,
            "Before any of these users sends by Microsoft Exchange: create a client secret for the user's application, "
            "enter it, and consent to Mail.ReadWrite, Mail.Send and MailboxFolder.ReadWrite.All.",
            "Cost Centre GLOBAL, Microsoft Exchange, User Overrides",
            ("Ann",),
        )
    ]


def test_a_method_other_than_the_default_is_a_decision_to_take() -> None:
    plan = planned_for(OWN_EXCHANGE)
    assert actions(plan, "no e-mail method per user") == [
        ManualAction(
            CONSULTANT,
            "Decide for these users, who sent by exchange: there is no e-mail method per user any more, and the "
            "default service is SMTP. A branch or entity with its own Cost Centre can have another.",
            "Cost Centres, General, Default Services",
            ("Ann",),
        )
    ]
    assert actions(planned_for(OWN_SMTP), "no e-mail method per user") == []


def test_mailto_and_the_internal_editor_are_dropped_with_the_users_listed() -> None:
    plan = planned(
        snapshot_of(
            GLOBAL_SMTP,
            {
                "Ann": {"EmailUseMailTo": True, "EmailEditInternal": True},
                "Bob": {"EmailUseMailTo": False, "EmailEditInternal": True},
            },
        )
    )
    assert plan.dropped == (
        Dropped("finSettingsUser.EmailUseMailTo", "mailto: links are gone; mail goes out by a service", ("Ann",)),
        Dropped("finSettingsUser.EmailEditInternal", "the Email Message wizard is always used", ("Ann", "Bob")),
    )
    assert of(plan, "overrides") == []


def test_a_web_configuration_with_override() -> None:
    plan = planned(snapshot_of(GLOBAL_SMTP, webs={"CUSTOMER": WEB}))
    centre = "WEB-CUSTOMER"
    assert CostCentre(code=centre, description="Web configuration CUSTOMER") in of(plan, "cost_centres")
    assert of(plan, "web_configurations") == [
        WebConfiguration(code="CUSTOMER", cost_centre=centre, default_service=SMTP)
    ]
    assert replace(
        GLOBAL_SERVICE,
        cost_centre=centre,
        server="smtp.web.example",
        sender_name="Kōwhai Online",
        sender_email="online@kowhai.example",
    ) in of(plan, "services")


def test_a_web_configuration_without_override_keeps_its_place_and_nothing_else() -> None:
    plan = planned(snapshot_of(GLOBAL_SMTP, webs={"BROKER": {**WEB, "EmailSmtpOverride": False}}))
    assert of(plan, "web_configurations") == [WebConfiguration(code="BROKER")]
    assert of(plan, "services") == [GLOBAL_SERVICE]


def test_a_cost_centre_that_is_there_already_is_used_and_said() -> None:
    plan = planned(
        snapshot_of(GLOBAL_SMTP, webs={"APP": WEB}, cost_centres=[{"code": "web-app", "description": "Ours"}])
    )
    assert CostCentre(code="web-app", description="Ours") in of(plan, "cost_centres")
    assert (
        Finding(
            "warning",
            "The export already has a cost centre WEB-APP; its SMTP service is written.",
            "Check that it is meant for this web configuration.",
            ("APP",),
        )
        in plan.findings
    )


@pytest.mark.parametrize(
    ("ssl", "port", "security", "kept_port"),
    [
        (True, 587, Security.START_TLS, 587),
        (True, 25, Security.START_TLS, 25),
        (True, 465, Security.SSL_ON_CONNECT, 465),
        (True, None, Security.START_TLS, 0),
        (True, 0, Security.START_TLS, 0),
        (False, 587, Security.NONE, 587),
        (False, 465, Security.NONE, 465),
        (None, None, Security.NONE, 0),
    ],
)
def test_enable_ssl(ssl: bool | None, port: int | None, security: Security, kept_port: int) -> None:
    told = {"EmailSmtpEnableSsl": ssl, "EmailSmtpPort": port}
    plain = {name: value for name, value in GLOBAL_SMTP.items() if name not in told}
    plan = planned(snapshot_of({**plain, **{name: value for name, value in told.items() if value is not None}}))
    (row,) = of(plan, "services")
    assert isinstance(row, Service)
    assert (row.security, row.port) == (security, kept_port)
    unencrypted = [finding for finding in plan.findings if "unencrypted" in finding.what]
    mistaken = [finding for finding in plan.findings if "465" in finding.what]
    assert [finding.subjects for finding in unencrypted] == ([] if ssl else [("Global Settings",)])
    assert [finding.subjects for finding in mistaken] == ([("Global Settings",)] if ssl and port == 465 else [])


def test_refresh_tokens_are_to_be_revoked_and_never_carried_over() -> None:
    plan = planned_for({**OWN_EXCHANGE, "EmailExchangeRefreshToken": TOKEN}, GLOBAL_EXCHANGE)
    assert actions(plan, "Revoke") == [
        ManualAction(
            ENTRA,
            "Revoke the refresh tokens of the old sign-in: they are not carried over and stay valid otherwise.",
            "Entra ID, users, revoke sessions; the old app registration",
            ("Global Settings", "Ann"),
        )
    ]
    assert TOKEN not in plan.text()
    assert actions(planned_for(OWN_SMTP), "Revoke") == []


def test_resolved_values_that_disagree_are_reported_and_secrets_hidden() -> None:
    plan = planned_for(
        {
            "EmailSmtpServerResolved": "other.example",
            "EmailSmtpPortResolved": 587,
            "EmailSmtpPasswordResolved": OWN,
            **SENDER,
        }
    )
    (found,) = [finding for finding in plan.findings if "Resolved" in finding.what]
    assert found.severity == "warning"
    assert sorted(found.subjects) == [
        "Ann EmailSmtpPasswordResolved: exported set (hidden), computed set (hidden)",
        "Ann EmailSmtpServerResolved: exported 'other.example', computed 'smtp.kowhai.example'",
    ]


def test_own_values_of_a_user_who_used_the_global_settings_never_counted() -> None:
    plan = planned_for({**OWN_SMTP, "EmailUseGlobalSettings": True})
    assert of(plan, "overrides") == []
    assert plan.dropped == (
        Dropped(
            "finSettingsUser.EmailSmtp*", "own values of a user who uses the Global Settings never counted", ("Ann",)
        ),
    )


def test_overrides_of_inactive_and_external_users_are_kept_and_reported() -> None:
    plan = planned_for(SENDER, users=[{"user_id": "Ann", "name": "Ann", "external": True}])
    assert len(of(plan, "overrides")) == 1
    assert [finding.subjects for finding in plan.findings if "non-external users only" in finding.what] == [("Ann",)]


def test_preferences_of_a_stranger_write_nothing_and_are_reported() -> None:
    plan = planned_for({**OWN_SMTP, **SENDER}, users=[])
    assert of(plan, "overrides") == []
    assert [finding.subjects for finding in plan.findings if "neither in the export's users" in finding.what] == [
        ("ann",)
    ]


def test_preferences_of_a_user_of_the_store_are_written() -> None:
    current = with_rows({}, User(user_id="ANN", name="Ann"))
    plan = planned(snapshot_of(GLOBAL_SMTP, {"Ann": SENDER}, users=[]), current)
    (row,) = of(plan, "overrides")
    assert isinstance(row, Override)
    assert row.user_id == "ANN"
    assert plan.left_alone == ("users ANN",)


# --- nothing is guessed ---------------------------------------------------------------------------------------------


def test_a_password_nobody_could_read_is_asked_for() -> None:
    plan = planned(snapshot_of(GLOBAL_SMTP, {"Ann": OWN_SMTP}, {"APP": WEB}, captured=False))
    assert NOT_CAPTURED not in plan.text()
    assert [
        (action.where, action.subjects)
        for action in actions(plan, "Enter the password: it was set and could not be read.")
    ] == [
        ("Cost Centre GLOBAL, SMTP", ("GLOBAL",)),
        ("Cost Centre GLOBAL, SMTP, User Overrides", ("Ann",)),
        ("Cost Centre WEB-APP, SMTP", ("APP",)),
    ]


def test_an_empty_export_writes_global_and_asks() -> None:
    plan = planned(snapshot_of({}))
    assert [operation.row for operation in plan.operations] == [CostCentre(code=GLOBAL)]
    assert len(plan.manual_actions) == 1


@given(snapshots())
def test_no_rule_ever_writes_a_client_secret_or_a_sender_of_global(snapshot: Snapshot) -> None:
    for row in rows_after(planned(snapshot)).values():
        if isinstance(row, Service | Override):
            assert row.client_secret is None
        if isinstance(row, Service) and row.cost_centre == GLOBAL:
            assert (row.sender_name, row.sender_email) == (None, None)


def entered_at(snapshot: Snapshot, rows: Rows) -> list[tuple[str, str]]:
    """The places at which the server and the password of everybody's answer were entered."""
    places = ("everybody", *USERS, *(f"web {code}" for code in WEBS))
    servers, secrets = {server(p): p for p in places}, {secret_of(p): p for p in places}
    organisation = Organisation.of(rows.values())
    contexts = [*(Context(user=u) for u in USERS), *(Context(user=u, web_configuration=w) for u in USERS for w in WEBS)]
    found = []
    for context in contexts:
        values = dict(zip(FIELD_NAMES, resolve(context, organisation).values, strict=True))
        if values["server"] and values["password"]:
            found.append((servers[values["server"]], secrets[values["password"]]))
    return found


@given(snapshots())
def test_no_migrated_password_meets_a_server_it_was_not_entered_for(snapshot: Snapshot) -> None:
    for at_server, at_password in entered_at(snapshot, rows_after(planned(snapshot))):
        assert at_server == at_password


@given(snapshots())
def test_whoever_could_send_by_the_default_service_smtp_sends_as_before(snapshot: Snapshot) -> None:
    plan = planned(snapshot)
    rows = rows_after(plan)
    centre = rows["cost_centres", ("global",)]
    assert isinstance(centre, CostCentre)
    for effect in effects_of({}, rows_after(plan), snapshot.legacy()):
        ready = effect.before.status is Status.READY and effect.before.method is Method.SMTP
        user = rows.get(("users", (effect.user_id.casefold(),)))
        counts = not isinstance(user, User) or (user.active and not user.external)
        if ready and counts and (effect.web_configuration or centre.default_service is SMTP):
            event("as before")
            assert effect.kind is Kind.SAME


# --- planning again -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("captured", [True, False])
def test_planning_again_after_applying_gives_no_operations(captured: bool) -> None:
    @given(snapshots(captured=captured))
    def holds(snapshot: Snapshot) -> None:
        rows = rows_after(planned(snapshot))
        assert not planned(snapshot, rows).operations

    holds()


def again(
    by_hand: Row,
    settings: Members,
    mine: Members | None = None,
    webs: dict[str, Members] | None = None,
    **told: Any,
) -> tuple[Rows, Plan]:
    """Plan, apply, enter a row by hand, plan again: the store then, and the second plan."""
    snapshot = snapshot_of(settings, {"Ann": mine} if mine is not None else {}, webs or {}, **told)
    current = with_rows(rows_after(planned(snapshot)), by_hand)
    return current, planned(snapshot, current)


def test_a_sender_of_global_entered_by_hand_is_kept() -> None:
    by_hand = replace(GLOBAL_SERVICE, sender_name="Kōwhai", sender_email="info@kowhai.example")
    _, plan = again(by_hand, GLOBAL_SMTP)
    assert not plan.operations
    assert actions(plan, "sender") == []


def test_a_client_secret_entered_by_hand_is_kept() -> None:
    row = Service(cost_centre=GLOBAL, service=EXCHANGE, use_service=True, tenant_id="tenant", client_id="client",
                  client_secret=SECRET, mailbox="lending@kowhai.example")  # fmt: skip
    _, plan = again(row, GLOBAL_EXCHANGE)
    assert not plan.operations
    assert actions(plan, "client secret") == []


def test_a_users_client_secret_entered_by_hand_is_kept() -> None:
    row = Override(cost_centre=GLOBAL, service=EXCHANGE, user_id="Ann", tenant_id="tenant", client_id="own client",
                   client_secret=SECRET, mailbox="ann@kowhai.example")  # fmt: skip
    _, plan = again(row, GLOBAL_SMTP, OWN_EXCHANGE)
    assert not plan.operations
    assert actions(plan, "Before any of these users") == []


def test_a_client_secret_of_another_application_is_not_kept() -> None:
    row = Service(cost_centre=GLOBAL, service=EXCHANGE, use_service=True, tenant_id="tenant", client_id="another",
                  client_secret=SECRET, mailbox="lending@kowhai.example")  # fmt: skip
    _, plan = again(row, GLOBAL_EXCHANGE)
    (after,) = of(plan, "services")
    assert isinstance(after, Service)
    assert (after.client_id, after.client_secret) == ("client", None)


def test_a_password_entered_by_hand_is_kept_with_the_same_server() -> None:
    _, plan = again(GLOBAL_SERVICE, GLOBAL_SMTP, captured=False)
    assert not plan.operations
    assert actions(plan, "Enter the password") == []


@pytest.mark.parametrize(
    "moved", [{"server": "old.example"}, {"port": 25}, {"security": Security.NONE}, {"user_name": "other"}]
)
def test_a_password_entered_for_another_server_is_not_kept(moved: dict[str, Any]) -> None:
    _, plan = again(replace(GLOBAL_SERVICE, **moved), GLOBAL_SMTP, captured=False)
    (after,) = of(plan, "services")
    assert after == replace(GLOBAL_SERVICE, password=None)
    assert len(actions(plan, "Enter the password")) == 1


def test_a_users_sender_entered_by_hand_is_kept() -> None:
    row = Override(cost_centre=GLOBAL, service=SMTP, user_id="Ann", server="10.1.2.3", port=2525, user_name="ann",
                   security=Security.NONE, password=OWN, sender_email="ann@kowhai.example")  # fmt: skip
    _, plan = again(row, GLOBAL_SMTP, OWN_SMTP)
    assert not plan.operations


def test_a_web_configurations_sender_entered_by_hand_is_kept() -> None:
    web = {name: value for name, value in WEB.items() if "Sender" not in name}
    row = replace(GLOBAL_SERVICE, cost_centre="WEB-APP", server="smtp.web.example", sender_email="app@kowhai.example")
    _, plan = again(row, GLOBAL_SMTP, webs={"APP": web})
    assert not plan.operations


def test_a_password_entered_by_hand_where_the_export_had_none_is_kept() -> None:
    without = {name: value for name, value in GLOBAL_SMTP.items() if name != "EmailSmtpPassword"}
    _, plan = again(GLOBAL_SERVICE, without)
    assert not plan.operations


def test_a_default_service_decided_by_hand_is_kept_where_none_could_be_derived() -> None:
    _, plan = again(CostCentre(code=GLOBAL, default_service=EXCHANGE), {})
    assert not plan.operations


def test_rows_the_snapshot_does_not_name_are_left_alone_and_listed() -> None:
    current, plan = again(User(user_id="Zoë", name="Zoë"), GLOBAL_SMTP)
    assert plan.left_alone == ("users Zoë",)
    assert rows_after(plan, current) == current


# --- what no export may break ---------------------------------------------------------------------------------------


def test_a_user_name_that_reads_no_authentication_ends_in_a_plan_or_in_an_error_of_ours() -> None:
    with suppress(MailAdminError):
        planned(snapshot_of({**GLOBAL_SMTP, "EmailSmtpUserId": NO_AUTHENTICATION}))


def sending(rows: Rows, **context: Any) -> Resolution:
    return resolve(Context(**context), Organisation.of(rows.values()))


def test_a_site_migrated_whole_sends() -> None:
    snapshot = snapshot_of(GLOBAL_SMTP, {"Ann": SENDER, "Bob": {**OWN_SMTP, **SENDER}}, {"APP": WEB})
    rows = rows_after(planned(snapshot))
    assert sending(rows, user="Ann").status is Status.READY
    assert sending(rows, user="Bob").fields["server"] == ("10.1.2.3", "user override (GLOBAL)")
    assert sending(rows, web_configuration="APP").fields["server"] == (
        "smtp.web.example",
        "web configuration cost centre (WEB-APP)",
    )
