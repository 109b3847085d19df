"""Every tier, every status and every rule of precedence, by example."""

from __future__ import annotations

from dataclasses import replace
from secrets import token_hex
from typing import Any

import pytest

from mailadmin.domain.governed import Organisation, Row
from mailadmin.domain.organisation import GLOBAL, Branch, CostCentre, Entity, User, WebConfiguration
from mailadmin.domain.portals import FeatureSender, Portal
from mailadmin.domain.preferences import EmailMethod, MailPreference
from mailadmin.domain.services import NO_AUTHENTICATION, Override, Security, Service, ServiceKind
from mailadmin.resolution.explanation import explain, reason
from mailadmin.resolution.provenance import Context, Resolution, Status, Tier
from mailadmin.resolution.resolver import resolve

SMTP, EXCHANGE = ServiceKind.SMTP, ServiceKind.EXCHANGE
GLOBALS, BRANCHS, OWN = (f"hmac:{token_hex(8)}" for _ in range(3))


def smtp(cost_centre: str, **values: Any) -> Service:
    """A whole SMTP service, but for these values."""
    whole: dict[str, Any] = {
        "use_service": True,
        "server": f"{cost_centre.lower()}.example",
        "user_name": cost_centre.lower(),
        "password": BRANCHS,
        "sender_email": f"{cost_centre.lower()}@kowhai.example",
    }
    return Service(cost_centre=cost_centre, service=SMTP, **{**whole, **values})


def exchange(cost_centre: str, **values: Any) -> Service:
    """A whole Exchange service, but for these values."""
    whole: dict[str, Any] = {
        "use_service": True,
        "tenant_id": "tenant",
        "client_id": "client",
        "client_secret": BRANCHS,
        "mailbox": f"{cost_centre.lower()}@kowhai.example",
    }
    return Service(cost_centre=cost_centre, service=EXCHANGE, **{**whole, **values})


ANN = User(user_id="Ann", name="Ann Aroha", branch="AKL")
SITE: tuple[Row, ...] = (
    ANN,
    Branch(code="AKL", entity="KFL", cost_centre="NORTH"),
    Branch(code="WLG", entity="KFL"),
    Entity(code="KFL", cost_centre="FINANCE"),
    WebConfiguration(code="STAFF", cost_centre="WEB"),
    CostCentre(code=GLOBAL, default_service=SMTP),
    CostCentre(code="NORTH"),
    CostCentre(code="FINANCE"),
    CostCentre(code="WEB", default_service=SMTP),
    smtp(GLOBAL, password=GLOBALS),
)


def ask(*more: Row, rows: tuple[Row, ...] = SITE, **context: Any) -> Resolution:
    """Ann's answer in the site with some more rows; the last row of a key counts."""
    return resolve(Context(**{"user": "Ann", **context}), Organisation.of([*rows, *more]))


def own(cost_centre: str = GLOBAL, **values: Any) -> Override:
    """Ann's override of SMTP."""
    return Override(cost_centre=cost_centre, service=SMTP, user_id="Ann", **values)


def value(answer: Resolution, field: str) -> object:
    return answer.fields[field]


# --- tiers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("services", "context", "tier", "origin"),
    [
        (["NORTH", "FINANCE"], {}, Tier.BRANCH, "branch cost centre (NORTH)"),
        (["FINANCE"], {}, Tier.ENTITY, "entity cost centre (FINANCE)"),
        ([], {}, Tier.GLOBAL, "global cost centre (GLOBAL)"),
        (["WEB"], {"web_configuration": "staff"}, Tier.WEB_CONFIGURATION, "web configuration cost centre (WEB)"),
        (["WEB", "NORTH"], {"web_configuration": "STAFF"}, Tier.BRANCH, "branch cost centre (NORTH)"),
        (["NORTH", "FINANCE"], {"branch": "wlg"}, Tier.ENTITY, "entity cost centre (FINANCE)"),
        (["NORTH", "FINANCE"], {"user": "nobody"}, Tier.GLOBAL, "global cost centre (GLOBAL)"),
        (["NORTH", "FINANCE"], {"user": None, "entity": "kfl"}, Tier.ENTITY, "entity cost centre (FINANCE)"),
    ],
)
def test_the_nearest_tier_that_uses_the_service_wins(
    services: list[str], context: dict[str, Any], tier: Tier, origin: str
) -> None:
    answer = ask(*map(smtp, services), **context)
    assert answer.status is Status.READY
    assert answer.winner
    assert (answer.winner.tier, answer.fields["server"][1]) == (tier, origin)


def test_a_given_branch_goes_before_the_users_own() -> None:
    answer = ask(smtp("NORTH"), branch="WLG")
    assert answer.context.branch == "WLG"
    assert value(answer, "server") == ("global.example", "global cost centre (GLOBAL)")


def test_a_service_that_is_filled_in_but_not_ticked_is_passed_over() -> None:
    answer = ask(smtp("NORTH", use_service=False))
    assert value(answer, "server") == ("global.example", "global cost centre (GLOBAL)")
    assert [(step.tier, step.won, step.reason) for step in answer.asked] == [
        (Tier.BRANCH, False, "does not use SMTP"),
        (Tier.ENTITY, False, "does not use SMTP"),
        (Tier.WEB_CONFIGURATION, False, "no web configuration in this context"),
        (Tier.GLOBAL, True, "uses SMTP"),
    ]


def test_an_inactive_cost_centre_is_passed_over_and_said() -> None:
    answer = ask(smtp("NORTH"), CostCentre(code="NORTH", active=False, default_service=EXCHANGE))
    assert value(answer, "server") == ("global.example", "global cost centre (GLOBAL)")
    assert answer.asked[0].reason == "cost centre NORTH is inactive"
    assert answer.service_asked[0].reason == "cost centre NORTH is inactive"


def test_a_cost_centre_that_is_not_there_is_passed_over_and_said() -> None:
    answer = ask(Branch(code="AKL", entity="KFL", cost_centre="GONE"))
    assert answer.status is Status.READY
    assert answer.asked[0].reason == "there is no cost centre GONE"


def test_a_web_configuration_replaces_global_and_nothing_else() -> None:
    near = ask(smtp("FINANCE"), smtp("WEB"), web_configuration="STAFF")
    assert value(near, "server") == ("finance.example", "entity cost centre (FINANCE)")
    without = ask(web_configuration="STAFF", service=SMTP)
    assert without.status is Status.NO_SERVICE
    assert without.asked[-1].reason == "web configuration STAFF puts WEB in its place"


def test_a_web_configuration_that_names_no_cost_centre_leaves_global_where_it_is() -> None:
    answer = ask(WebConfiguration(code="STAFF"), web_configuration="STAFF")
    assert value(answer, "server") == ("global.example", "global cost centre (GLOBAL)")


@pytest.mark.parametrize(
    ("context", "said"),
    [
        ({"branch": "NOWHERE"}, "there is no branch NOWHERE"),
        ({"entity": "NOBODY"}, "there is no entity NOBODY"),
        ({"web_configuration": "APP"}, "there is no web configuration APP"),
    ],
)
def test_a_name_that_stands_for_nothing_is_said(context: dict[str, str], said: str) -> None:
    answer = ask(**context)
    assert said in [step.reason for step in answer.asked]
    assert said in explain(answer)


def test_names_are_matched_whatever_their_case_and_shown_as_kept() -> None:
    answer = ask(smtp("NORTH"), Branch(code="ａｋｌ", entity="KFL", cost_centre="north"), user=" aNN ")
    assert value(answer, "server") == ("north.example", "branch cost centre (NORTH)")


# --- which service ------------------------------------------------------------------------------------------------

EVERY_SERVICE = (*SITE, exchange(GLOBAL), exchange("WEB"), smtp("WEB"))


def test_a_service_asked_for_goes_before_everything() -> None:
    answer = ask(MailPreference(user_id="Ann", method=EmailMethod.SMTP), rows=EVERY_SERVICE, service=EXCHANGE)
    assert (answer.service, answer.status) == (EXCHANGE, Status.READY)


def test_a_users_email_method_goes_before_the_systems_and_that_before_the_web_configurations() -> None:
    web = WebConfiguration(code="STAFF", default_service=EXCHANGE)
    system = MailPreference(method=EmailMethod.OUTLOOK)
    mine = MailPreference(user_id="Ann", method=EmailMethod.EXCHANGE_SERVER)

    def service(*rows: Row) -> ServiceKind | None:
        return ask(*rows, rows=EVERY_SERVICE, web_configuration="STAFF").service

    assert service() is SMTP
    assert service(web) is EXCHANGE
    assert service(web, system) is ServiceKind.OUTLOOK
    assert service(web, system, mine) is ServiceKind.EXCHANGE_SERVER
    assert service(web, system, replace(mine, method=None)) is ServiceKind.OUTLOOK
    assert service(web, replace(system, method=None)) is EXCHANGE


def test_the_first_cost_centre_on_the_path_that_names_a_default_decides() -> None:
    near = CostCentre(code="FINANCE", default_service=EXCHANGE)
    assert ask(near, rows=EVERY_SERVICE).service is EXCHANGE
    assert ask(near, CostCentre(code="NORTH", default_service=SMTP), rows=EVERY_SERVICE).service is SMTP


def test_the_service_is_chosen_before_the_settings_are_looked_for() -> None:
    """NORTH names Exchange and has none; the Exchange of GLOBAL is used, not the SMTP of NORTH."""
    answer = ask(CostCentre(code="NORTH", default_service=EXCHANGE), smtp("NORTH"), rows=EVERY_SERVICE)
    assert value(answer, "mailbox") == ("global@kowhai.example", "global cost centre (GLOBAL)")


# --- status -------------------------------------------------------------------------------------------------------


def test_ready() -> None:
    answer = ask()
    assert (answer.status, answer.missing, reason(answer)) == (Status.READY, (), "SMTP of GLOBAL")


def test_disabled_is_ticked_and_blank_and_a_stop() -> None:
    answer = ask(Service(cost_centre="NORTH", service=SMTP, use_service=True), own("NORTH", server="mine.example"))
    assert answer.status is Status.DISABLED
    assert set(answer.values) == {None}
    assert reason(answer) == "SMTP is ticked in NORTH and every field is blank: disabled there"


@pytest.mark.parametrize("lacking", ["server", "user_name", "password", "sender_email"])
def test_incomplete_says_what_is_missing_and_is_a_stop(lacking: str) -> None:
    answer = ask(smtp("NORTH", **{lacking: None}))
    assert (answer.status, answer.missing) == (Status.INCOMPLETE, (lacking,))
    assert reason(answer) == f"SMTP of NORTH lacks {lacking}"


@pytest.mark.parametrize("lacking", ["tenant_id", "client_id", "client_secret", "mailbox"])
def test_exchange_needs_all_four(lacking: str) -> None:
    answer = ask(exchange(GLOBAL, **{lacking: None}), service=EXCHANGE)
    assert (answer.status, answer.missing) == (Status.INCOMPLETE, (lacking,))


def test_no_authentication_needs_no_password() -> None:
    answer = ask(smtp("NORTH", user_name=NO_AUTHENTICATION, password=None))
    assert answer.status is Status.READY
    assert value(answer, "password") == (None, "")


def test_no_service_where_nobody_on_the_path_uses_it() -> None:
    answer = ask(service=EXCHANGE)
    assert (answer.status, answer.winner, answer.origins) == (Status.NO_SERVICE, None, ("",) * 11)
    assert reason(answer) == "no cost centre on the path uses EXCHANGE"


def test_unattended_without_a_default_service_is_refused() -> None:
    answer = ask(CostCentre(code=GLOBAL))
    assert (answer.status, answer.service, answer.choices) == (Status.NO_DEFAULT_SERVICE, None, ())


def test_attended_without_a_default_service_the_person_chooses_among_those_that_are_ready() -> None:
    nameless = CostCentre(code=GLOBAL)
    assert ask(nameless, attended=True).status is Status.CHOOSE
    assert ask(nameless, attended=True).choices == (SMTP,)
    assert ask(nameless, exchange(GLOBAL), attended=True).choices == (SMTP, EXCHANGE)
    assert ask(nameless, smtp(GLOBAL, sender_email=None), attended=True).choices == ()


def test_attended_with_a_default_service_it_is_used() -> None:
    assert (ask(attended=True).status, ask(attended=True).choices) == (Status.READY, ())


def test_status_is_judged_per_person() -> None:
    senderless = smtp(GLOBAL, sender_email=None)
    assert ask(senderless).status is Status.INCOMPLETE
    mine = ask(senderless, own(sender_email="ann@kowhai.example"))
    assert (mine.status, mine.sender) == (Status.READY, (None, "ann@kowhai.example"))


def test_port_and_security_are_said_to_be_defaults_where_nothing_is_entered() -> None:
    answer = ask()
    assert value(answer, "port") == (0, "default")
    assert value(answer, "security") == (Security.AUTO, "default")
    assert value(ask(smtp(GLOBAL, port=0)), "port") == (0, "global cost centre (GLOBAL)")


# --- overrides ----------------------------------------------------------------------------------------------------


def test_sender_name_and_address_are_units_of_their_own() -> None:
    answer = ask(smtp(GLOBAL, sender_name="Kōwhai"), own(sender_email="ann@kowhai.example"))
    assert value(answer, "sender_name") == ("Kōwhai", "global cost centre (GLOBAL)")
    assert value(answer, "sender_email") == ("ann@kowhai.example", "user override (GLOBAL)")


def test_server_port_and_security_are_taken_together() -> None:
    whole = smtp(GLOBAL, port=587, security=Security.START_TLS)
    answer = ask(whole, own(server="mine.example", user_name="ann", password=OWN))
    assert value(answer, "server") == ("mine.example", "user override (GLOBAL)")
    assert value(answer, "port") == (0, "default")
    assert value(answer, "security") == (Security.AUTO, "default")


def test_a_user_name_is_never_paired_with_the_cost_centres_password() -> None:
    answer = ask(own(user_name="ann"))
    assert (answer.status, answer.missing) == (Status.INCOMPLETE, ("password",))


def test_own_credentials_are_used_with_the_cost_centres_server() -> None:
    answer = ask(own(user_name="ann", password=OWN))
    assert value(answer, "server") == ("global.example", "global cost centre (GLOBAL)")
    assert value(answer, "password") == (OWN, "user override (GLOBAL)")


def test_the_cost_centres_password_is_withheld_from_another_server() -> None:
    answer = ask(own(server="mine.example"))
    assert (answer.status, answer.missing) == (Status.INCOMPLETE, ("user_name", "password"))
    assert GLOBALS not in answer.values
    assert reason(answer) == (
        "the user override in GLOBAL names another server without credentials of its own; "
        "the password of GLOBAL was not entered for that server and is not used"
    )


def test_a_change_of_port_or_security_alone_withholds_it_too() -> None:
    for values in ({"port": 25}, {"security": Security.NONE}):
        answer = ask(own(**values))
        assert GLOBALS not in answer.values
        assert answer.status is Status.INCOMPLETE


def test_an_override_with_a_server_and_no_authentication_is_whole() -> None:
    answer = ask(own(server="relay.example", user_name=NO_AUTHENTICATION))
    assert answer.status is Status.READY
    assert value(answer, "user_name") == (NO_AUTHENTICATION, "user override (GLOBAL)")


def test_tenant_client_and_secret_are_taken_together_and_the_mailbox_is_not() -> None:
    mine = Override(cost_centre=GLOBAL, service=EXCHANGE, user_id="ann", mailbox="ann@kowhai.example")
    answer = ask(exchange(GLOBAL), mine, service=EXCHANGE)
    assert (answer.status, answer.sender) == (Status.READY, (None, "ann@kowhai.example"))
    other = ask(exchange(GLOBAL), replace(mine, client_id="mine"), service=EXCHANGE)
    assert (other.status, other.missing) == (Status.INCOMPLETE, ("tenant_id", "client_secret"))


def test_an_override_counts_only_where_its_cost_centre_won_and_for_its_service() -> None:
    assert ask(smtp("NORTH"), own(GLOBAL, sender_name="Ann")).own is None
    assert ask(exchange(GLOBAL), own(GLOBAL, sender_name="Ann"), service=EXCHANGE).own is None
    assert ask(smtp("NORTH"), own("north", sender_name="Ann")).own is not None


@pytest.mark.parametrize(
    ("user", "why"),
    [
        (replace(ANN, active=False), "the user is inactive"),
        (replace(ANN, external=True), "the user is external"),
    ],
)
def test_overrides_of_inactive_and_external_users_are_ignored_and_reported(user: User, why: str) -> None:
    answer = ask(user, own(sender_email="ann@kowhai.example"))
    assert value(answer, "sender_email") == ("global@kowhai.example", "global cost centre (GLOBAL)")
    assert answer.remarks == (f"the user override in GLOBAL is ignored: {why}",)
    assert why in reason(answer)


# --- e-mail preferences -------------------------------------------------------------------------------------------


def test_the_settings_of_an_email_method_are_the_systems_with_the_users_on_top() -> None:
    system = MailPreference(
        method=EmailMethod.SMTP,
        server="mail.example",
        port=587,
        use_ssl=True,
        user_name="erp",
        password=GLOBALS,
        email="erp@kowhai.example",
    )
    answer = ask(system, MailPreference(user_id="Ann", email="ann@kowhai.example"))
    assert answer.status is Status.READY
    assert value(answer, "server") == ("mail.example", "e-mail preference (system)")
    assert value(answer, "security") == (Security.START_TLS, "e-mail preference (system)")
    assert value(answer, "sender_email") == ("ann@kowhai.example", "e-mail preference (Ann)")


def test_outlook_needs_nothing() -> None:
    answer = ask(MailPreference(method=EmailMethod.OUTLOOK))
    assert (answer.service, answer.status) == (ServiceKind.OUTLOOK, Status.READY)


def test_outlook_asked_for_needs_nothing_either() -> None:
    answer = ask(service=ServiceKind.OUTLOOK)
    assert (answer.service, answer.status) == (ServiceKind.OUTLOOK, Status.READY)
    assert answer.winner is not None
    assert answer.winner.reason == "OUTLOOK was asked for explicitly"


def test_exchange_server_asked_for_comes_from_the_email_settings_whatever_the_method() -> None:
    mine = MailPreference(
        user_id="Ann",
        method=EmailMethod.OUTLOOK,
        server="mail.example",
        user_name="ann",
        password=GLOBALS,
        email="ann@kowhai.example",
    )
    answer = ask(mine, service=ServiceKind.EXCHANGE_SERVER)
    assert (answer.status, value(answer, "server")) == (Status.READY, ("mail.example", "e-mail preference (Ann)"))
    assert ask(service=ServiceKind.EXCHANGE_SERVER).status is Status.NO_SERVICE


def test_a_cost_centres_service_asked_for_does_not_come_from_the_email_settings() -> None:
    mine = MailPreference(user_id="Ann", server="mine.example")
    assert value(ask(mine, service=SMTP), "server") == value(ask(service=SMTP), "server")


def test_an_email_method_without_settings_sends_nothing() -> None:
    answer = ask(MailPreference(method=EmailMethod.SMTP))
    assert answer.status in (Status.DISABLED, Status.INCOMPLETE)
    assert set(answer.values) == {None}


# --- portals ------------------------------------------------------------------------------------------------------

SHOP = Portal(
    code="SHOP",
    default_from="shop@kowhai.example",
    smtp_server="smtp.shop.example",
    user_name="shop",
    password=OWN,
    enable_ssl=True,
    senders=(FeatureSender(feature="order_pad", address="orders@kowhai.example"),),
)


def test_a_portal_sends_by_its_own_settings_and_nothing_behind_them() -> None:
    answer = ask(SHOP, user=None, portal="shop")
    assert (answer.status, answer.winner and answer.winner.tier) == (Status.READY, Tier.PORTAL)
    assert value(answer, "server") == ("smtp.shop.example", "portal (SHOP)")
    blank = ask(replace(SHOP, smtp_server=None), user=None, portal="SHOP")
    assert (blank.status, blank.missing) == (Status.INCOMPLETE, ("server",))


@pytest.mark.parametrize(
    ("ssl", "port", "expected"),
    [
        (True, None, (587, Security.START_TLS)),
        (True, 465, (465, Security.SSL_ON_CONNECT)),
        (False, None, (25, Security.NONE)),
        (False, 2525, (2525, Security.NONE)),
    ],
)
def test_a_portals_ssl_is_starttls_but_on_port_465(ssl: bool, port: int | None, expected: tuple[int, Security]) -> None:
    answer = ask(replace(SHOP, enable_ssl=ssl, smtp_port=port), user=None, portal="SHOP")
    assert (answer.fields["port"][0], answer.fields["security"][0]) == expected


@pytest.mark.parametrize(
    ("overriding", "feature", "sender"),
    [
        (True, "ORDER_PAD", "orders@kowhai.example"),
        (True, "password_reset", "shop@kowhai.example"),
        (True, None, "shop@kowhai.example"),
        (False, "order_pad", "shop@kowhai.example"),
    ],
)
def test_a_feature_has_its_own_from_only_while_overriding_is_ticked(
    overriding: bool, feature: str | None, sender: str
) -> None:
    answer = ask(replace(SHOP, override_from=overriding), user=None, portal="SHOP", feature=feature)
    assert answer.sender == (None, sender)


def test_a_portal_that_is_not_there_is_said() -> None:
    answer = ask(user=None, portal="OTHER")
    assert answer.status is Status.NO_SERVICE
    assert "there is no portal OTHER" in explain(answer)


# --- what no row may break ----------------------------------------------------------------------------------------


def test_no_authentication_with_a_password_is_answered_not_raised() -> None:
    """The rule excludes the pair in a service; the same words in a portal or preference must not end a whole audit."""
    portal = replace(SHOP, user_name=NO_AUTHENTICATION)
    assert ask(portal, user=None, portal="SHOP").status in Status
    system = MailPreference(method=EmailMethod.SMTP, server="s", user_name=NO_AUTHENTICATION, password=OWN)
    assert ask(system).status in Status
