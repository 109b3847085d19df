"""Governed rows: how they are named, written and indexed."""

from __future__ import annotations

import json
from secrets import token_hex

import pytest
from hypothesis import given

from mailadmin.domain.acceptances import Acceptance
from mailadmin.domain.governed import (
    GOVERNED,
    Organisation,
    OwnSettings,
    Row,
    ServiceSettings,
    key_of,
    name_of,
    record_of,
    row_of,
    table_of,
)
from mailadmin.domain.organisation import GLOBAL, Branch, CostCentre, Entity, User, UserLevel, WebConfiguration
from mailadmin.domain.permissions import UPDATE_FROM, Decision, RolePermission
from mailadmin.domain.portals import Contact, FeatureSender, Portal
from mailadmin.domain.preferences import CopyToSelf, EmailMethod, MailPreference
from mailadmin.domain.services import Override, Security, Service, ServiceKind, values_of
from mailadmin.domain.settings import Setting
from tests.unit.resolution import organisations

SECRET = f"hmac:{token_hex(8)}"
WHOLE: dict[str, tuple[Row, str]] = {
    "cost_centres": (
        CostCentre(code="AKL", description="Auckland", active=False, default_service=ServiceKind.EXCHANGE),
        "AKL",
    ),
    "entities": (Entity(code="KFL", description="Kōwhai", cost_centre="AKL"), "KFL"),
    "branches": (Branch(code="AKL", description="Auckland", entity="KFL", cost_centre="AKL"), "AKL"),
    "web_configurations": (WebConfiguration(code="W", cost_centre="A", default_service=ServiceKind.SMTP), "W"),
    "role_permissions": (
        RolePermission(role="MANAGER", permission_key=UPDATE_FROM, decision=Decision.ALLOW),
        f"MANAGER / {UPDATE_FROM}",
    ),
    "users": (
        User(
            user_id="00",
            name="İpek",
            email="i@kowhai.example",
            level=UserLevel.READ_ONLY,
            active=False,
            external=True,
            locked_out=True,
            roles=("A", "B"),
            branch="AKL",
        ),
        "00",
    ),
    "services": (
        Service(
            cost_centre=GLOBAL,
            service=ServiceKind.SMTP,
            use_service=True,
            server="s",
            port=0,
            security=Security.NONE,
            user_name="u",
            password=SECRET,
            sender_name="n",
            sender_email="e",
        ),
        "GLOBAL / SMTP",
    ),
    "overrides": (
        Override(
            cost_centre=GLOBAL,
            service=ServiceKind.EXCHANGE,
            user_id="JTaylor6",
            tenant_id="t",
            client_id="c",
            client_secret=SECRET,
            mailbox="m",
        ),
        "GLOBAL / EXCHANGE / JTaylor6",
    ),
    "portals": (
        Portal(
            code="SHOP",
            default_from="d",
            override_from=True,
            smtp_server="s",
            smtp_port=25,
            user_name="u",
            password=SECRET,
            enable_ssl=True,
            senders=(FeatureSender(feature="order_pad", address="o"),),
        ),
        "SHOP",
    ),
    "contacts": (Contact(business_partner="C1", name="Zoë", email="z@x", active=False), "C1 / Zoë / z@x"),
    "mail_preferences": (
        MailPreference(
            user_id="Ann",
            method=EmailMethod.EXCHANGE_ONLINE,
            email="a@x",
            user_name="u",
            password=SECRET,
            copy_to_self=CopyToSelf.BCC,
            signature_html="<p>Ngā mihi</p>",
            server="s",
            port=65535,
            use_ssl=False,
            client_id="c",
            tenant_id="t",
            client_secret=SECRET,
            authentication_flow="client secret",
        ),
        "Ann",
    ),
    "settings": (Setting(name="smtp.deadline", cost_centre="AKL", value="60"), "smtp.deadline / AKL"),
    "exceptions": (
        Acceptance(rule="mail-stopped", subject="site", reason="a copy", owner="Zoë", until="2027-01-31"),
        "mail-stopped / site",
    ),
}


def test_every_table_has_a_whole_row_here() -> None:
    assert list(WHOLE) == list(GOVERNED)
    assert [table_of(row) for row, _ in WHOLE.values()] == list(GOVERNED)


@pytest.mark.parametrize("table", GOVERNED)
def test_a_row_is_read_again_as_it_was_written(table: str) -> None:
    row, name = WHOLE[table]
    written = json.loads(json.dumps(record_of(row)))
    assert row_of(table, written) == row
    assert record_of(row_of(table, written)) == written
    assert name_of(row) == name


def test_what_is_the_whole_sites_has_no_cost_centre_in_its_name() -> None:
    assert name_of(Setting(name="test_mode.forced", value="yes")) == "test_mode.forced"


@given(organisations.rows(preferences=True))
def test_any_row_is_read_again_as_it_was_written(rows: list[Row]) -> None:
    for row in rows:
        assert row_of(table_of(row), json.loads(json.dumps(record_of(row)))) == row


def test_what_is_not_set_is_left_out() -> None:
    assert record_of(Entity(code="KFL")) == {"code": "KFL", "description": ""}


def test_a_record_that_stands_for_nothing_is_refused() -> None:
    for table, record in (
        ("users", {"user_id": "Ann"}),
        ("users", {"user_id": "Ann", "name": "Ann", "colour": "red"}),
        ("services", {"cost_centre": "A", "service": "FAX"}),
    ):
        with pytest.raises(ValueError, match="validation error"):
            row_of(table, record)


def test_keys_are_match_keys() -> None:
    assert key_of(Override(cost_centre="ＡKL", service=ServiceKind.SMTP, user_id="İ")) == ("akl", "smtp", "i̇")
    assert key_of(MailPreference()) == ("",)
    assert name_of(MailPreference()) == "system"


def test_an_organisation_is_indexed_by_match_key() -> None:
    own = Override(cost_centre="Akl", service=ServiceKind.SMTP, user_id="ANN", server="own")
    page = Service(cost_centre="AKL", service=ServiceKind.SMTP, use_service=True, server="s")
    site = Organisation.of([page, own, User(user_id="Ann", name="Ann"), CostCentre(code="AKL")])
    assert site.service("akl", ServiceKind.SMTP) == ServiceSettings(True, values_of(page))
    assert site.service("akl", ServiceKind.EXCHANGE) is None
    assert site.overrides == {"ann": (OwnSettings("akl", "SMTP", values_of(own)),)}
    assert site.users["ann"].user_id == "Ann"
    assert site.cost_centre("AKL") == CostCentre(code="AKL")
    assert site.cost_centre("GONE") is None


def test_global_is_there_even_where_no_row_says_so() -> None:
    assert Organisation.of([]).cost_centre("global") == CostCentre(code=GLOBAL)
    described = CostCentre(code=GLOBAL, description="Global")
    assert Organisation.of([described]).cost_centre(GLOBAL) == described
