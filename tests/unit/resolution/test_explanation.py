"""What people read: three explanations to the letter, and never a secret in any."""

from __future__ import annotations

from secrets import token_hex

from hypothesis import given

from mailadmin.domain.governed import Organisation, Row
from mailadmin.domain.organisation import GLOBAL, Branch, CostCentre, Entity, User
from mailadmin.domain.services import FIELDS, SECRET_FIELDS, Override, Security, Service, ServiceKind
from mailadmin.resolution.explanation import cells, explain, explain_rows, shown
from mailadmin.resolution.legacy import LegacySettings, legacy_resolve
from mailadmin.resolution.provenance import Context
from mailadmin.resolution.resolver import resolve
from tests.unit.resolution import organisations

PASSWORD = f"hmac:{token_hex(8)}"
SITE: tuple[Row, ...] = (
    User(user_id="JTaylor6", name="José Taylor", branch="WRE"),
    Branch(code="WRE", entity="KIT", cost_centre="WRE"),
    Entity(code="KIT"),
    CostCentre(code="WRE"),
    CostCentre(code=GLOBAL, default_service=ServiceKind.SMTP),
    Service(
        cost_centre=GLOBAL,
        service=ServiceKind.SMTP,
        use_service=True,
        server="smtp.office365.com",
        port=587,
        security=Security.START_TLS,
        user_name="lending@kowhai.example",
        password=PASSWORD,
    ),
)


def told(*more: Row, **context: object) -> list[str]:
    asked = Context(**{"user": "JTaylor6", **context})  # type: ignore[arg-type]
    return explain(resolve(asked, Organisation.of([*SITE, *more]))).splitlines()


def test_an_answer_with_an_override() -> None:
    own = Override(
        cost_centre=GLOBAL, service=ServiceKind.SMTP, user_id="JTaylor6", sender_email="user6@kowhai.example"
    )
    assert told(own) == [
        "User JTaylor6, branch WRE, unattended: ready - SMTP of GLOBAL.",
        "which service",
        "    branch WRE: names no default service",
        "    entity KIT: names no cost centre",
        "    web configuration: no web configuration in this context",
        "  * global GLOBAL: names SMTP",
        "which settings",
        "    branch WRE: does not use SMTP",
        "    entity KIT: names no cost centre",
        "    web configuration: no web configuration in this context",
        "  * global GLOBAL: uses SMTP",
        "  + user override (GLOBAL): sender e-mail",
        "settings",
        "  server        smtp.office365.com      global cost centre (GLOBAL)",
        "  port          587                     global cost centre (GLOBAL)",
        "  security      StartTls                global cost centre (GLOBAL)",
        "  user_name     lending@kowhai.example  global cost centre (GLOBAL)",
        "  password      set                     global cost centre (GLOBAL)",
        "  sender_name   -",
        "  sender_email  user6@kowhai.example    user override (GLOBAL)",
    ]


def test_a_refusal() -> None:
    assert told(CostCentre(code=GLOBAL), branch="OLD", web_configuration="APP") == [
        "User JTaylor6, branch OLD, web configuration APP, unattended: no default service - no cost centre on the path "
        "names a default service, and nobody is there to choose one.",
        "which service",
        "    branch OLD: there is no branch OLD",
        "    entity: no entity in this context",
        "    web configuration APP: there is no web configuration APP",
        "    global GLOBAL: names no default service",
    ]


def test_an_answer_of_before() -> None:
    legacy = LegacySettings(
        settings={"EmailSmtpServer": "smtp.office365.com", "EmailSmtpUserId": "lending", "EmailSmtpPassword": PASSWORD},
        preferences={"jtaylor6": {"EmailSmtpSenderDisplayName": "José Taylor"}},
    )
    assert explain(legacy_resolve(Context(user="JTaylor6"), legacy)).splitlines() == [
        "User JTaylor6, unattended: incomplete - SMTP of global settings lacks sender_email.",
        "which settings",
        "    global global settings: global exchange values are not enough",
        "  * global global settings: global smtp values are enough",
        "  + user preference (JTaylor6): sender name",
        "settings",
        "  server        smtp.office365.com  global settings",
        "  port          -",
        "  enable_ssl    -",
        "  user_name     lending             global settings",
        "  password      set                 global settings",
        "  sender_name   José Taylor         user preference (JTaylor6)",
        "  sender_email  -",
    ]


def test_a_secret_is_set_or_not_set() -> None:
    for field in FIELDS:
        expected = ("set", "not set") if field.secret else (PASSWORD, "")
        assert (shown(field, PASSWORD), shown(field, None)) == expected


@given(organisations.rows(), organisations.questions())
def test_no_secret_is_ever_told(rows: list[Row], contexts: tuple[Context, ...]) -> None:
    organisation = Organisation.of(rows)
    for context in contexts:
        answer = resolve(context, organisation)
        seen = [explain(answer), *cells(answer).values, *map(str, explain_rows(answer))]
        assert [text for text in seen if "hmac:" in text or "not captured" in text] == []


@given(organisations.legacy_settings())
def test_no_old_secret_is_ever_told(legacy: LegacySettings) -> None:
    for user in (*organisations.USERS, None):
        answer = legacy_resolve(Context(user=user), legacy)
        assert "hmac:" not in explain(answer) + "".join(cells(answer).values)


@given(organisations.rows(), organisations.questions())
def test_cells_stand_in_the_order_of_the_fields_and_only_under_those_of_the_service(
    rows: list[Row], contexts: tuple[Context, ...]
) -> None:
    organisation = Organisation.of(rows)
    for context in contexts:
        answer = resolve(context, organisation)
        found = dict(zip(FIELDS, cells(answer).values, strict=True))
        for field, cell in found.items():
            mine = answer.base is not None and answer.service in field.services
            assert (cell in ("set", "not set")) == (mine and field.name in SECRET_FIELDS)
            assert mine or cell == ""
