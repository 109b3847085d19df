"""For every rule: facts in which it finds just this, and facts in which it finds nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

from mailadmin.audit.access import Everybody, access
from mailadmin.audit.accounts import accounts_of
from mailadmin.audit.advisories import Advisory
from mailadmin.audit.domains import Dkim, Dmarc, DomainRecords, FromDomain, Spf
from mailadmin.audit.facts import Answered, Facts, SecretTrouble, Tried
from mailadmin.audit.widgets import check_widgets
from mailadmin.domain.acceptances import Acceptance
from mailadmin.domain.governed import Organisation, Row
from mailadmin.domain.keys import match_key
from mailadmin.domain.organisation import Branch, CostCentre, Entity, User, UserLevel, WebConfiguration
from mailadmin.domain.permissions import UPDATE_FROM, Decision, RolePermission
from mailadmin.domain.portals import PORTAL_FEATURES, Contact, FeatureSender, Portal
from mailadmin.domain.services import NO_AUTHENTICATION, NOT_CAPTURED, Override, Security, Service, ServiceKind
from mailadmin.domain.settings import PERMISSION_RULE, PermissionRule, Setting, SettingsInForce
from mailadmin.domain.widgets import REQUIRED
from mailadmin.resolution.population import Person, population
from mailadmin.resolution.provenance import Context

DAY = date(2026, 11, 23)
SECRET, OTHER_SECRET = "hmac:" + "0" * 16, "hmac:" + "1" * 16
TENANT, CLIENT = "0f0e0d0c-0b0a-4908-8706-050403020100", "6f6e6d6c-1111-4222-8333-0123456789ab"

SMTP = Service(
    cost_centre="GLOBAL",
    service=ServiceKind.SMTP,
    use_service=True,
    server="mail.kowhai.example",
    port=587,
    security=Security.START_TLS,
    user_name="lending@kowhai.example",
    password=SECRET,
    sender_email="lending@kowhai.example",
)
EXCHANGE = Service(
    cost_centre="GLOBAL",
    service=ServiceKind.EXCHANGE,
    use_service=True,
    tenant_id=TENANT,
    client_id=CLIENT,
    client_secret=SECRET,
    mailbox="lending@kowhai.example",
)
GLOBAL = CostCentre(code="GLOBAL", default_service=ServiceKind.SMTP)
ANN, BOB = User(user_id="ann", name="Ann"), User(user_id="bob", name="Bob")
AKL, NORTH = CostCentre(code="AKL"), Branch(code="NORTH", entity="E", cost_centre="AKL")
AKL_SMTP = replace(SMTP, cost_centre="AKL")


def facts(*rows: Row, **more: Any) -> Facts:
    """The facts of a site with these rows."""
    organisation = Organisation.of(row for row in rows if not isinstance(row, User))
    users = [row for row in rows if isinstance(row, User)]
    people = [Person.of(match_key(user.user_id), user) for user in users]
    owners = {person.key: person for person in people if person.key in organisation.overrides}
    settings = SettingsInForce(row for row in rows if isinstance(row, Setting))
    permissions = tuple(row for row in rows if isinstance(row, RolePermission))
    everyone = population(people, Context(), organisation)
    answers = [Answered(answer, everyone.codes.count(code)) for code, answer in enumerate(everyone.answers)]
    rule = PermissionRule(settings.get(PERMISSION_RULE))
    found = {
        "organisation": organisation,
        "settings": settings,
        "permissions": permissions,
        "access": access(Everybody.of(users), UPDATE_FROM, permissions, rule),
        "contacts": tuple(row for row in rows if isinstance(row, Contact)),
        "accounts": tuple(accounts_of(organisation, owners)),
        "answers": tuple(answers),
        "owners": owners,
        "acceptances": tuple(row for row in rows if isinstance(row, Acceptance)),
    }
    return Facts(as_of=DAY, **{**found, **more})


def own(user: str = "ann", centre: str = "GLOBAL", service: ServiceKind = ServiceKind.SMTP, **values: Any) -> Override:
    """An override."""
    return Override(cost_centre=centre, service=service, user_id=user, **values)


def says(role: str, decision: str = "Allow", key: str = UPDATE_FROM) -> RolePermission:
    """What a role says."""
    return RolePermission(role=role, permission_key=key, decision=Decision(decision))


def smtp(**values: Any) -> Facts:
    """GLOBAL's SMTP with other values."""
    return facts(GLOBAL, replace(SMTP, **values))


def domain(name: str = "kowhai.example", **found: Any) -> Facts:
    """What the DNS says of one domain."""
    sent_from = FromDomain(name, 2, found.pop("exchange", False), found.pop("logins", ()))
    return facts(domains=(DomainRecords(sent_from, **found),))


def tried(*rungs: tuple[str, str, str], at: str = "2026-11-20T10:00:00+00:00", **more: Any) -> Facts:
    """One account, tried."""
    account = Tried(ServiceKind.SMTP, "GLOBAL", "lending at mail", 3, at=at, rungs=rungs)
    return facts(verifications=(account._replace(**more),))


ENDED = Advisory(
    id="gone",
    title="It ended",
    service=ServiceKind.SMTP,
    server="mail.kowhai.example",
    since=date(2026, 11, 1),
    text="",
    remedy="Move.",
    source="a message",
    read=date(2026, 10, 1),
)
ENDING = replace(ENDED, id="going", title="It will end", since=date(2026, 12, 31))


class Case(NamedTuple):
    """Facts in which a rule finds just `subject: words`, and facts in which it finds nothing."""

    finds: Facts
    subject: str
    words: str
    quiet: Facts


_FINE = facts(GLOBAL, SMTP, ANN)
_GOOD_SPF = Spf(("v=spf1 -all",), all="fail")

CASES: dict[str, Case] = {
    "no-default-service": Case(
        facts(SMTP, ANN, BOB),
        "users without a branch",
        "2 user(s) have no default service when nobody is there to choose",
        _FINE,
    ),
    "nobody-uses-service": Case(
        facts(GLOBAL, replace(SMTP, use_service=False), ANN),
        "users without a branch",
        "1 user(s) are given a default service that no cost centre on their path uses",
        _FINE,
    ),
    "incomplete-service": Case(
        facts(GLOBAL, replace(SMTP, sender_email=None), ANN, BOB, own("bob", sender_email="bob@kowhai.example")),
        "GLOBAL / SMTP",
        "lacks sender_email for 1 user(s), who cannot send",
        facts(GLOBAL, SMTP, ANN, own(server="other.example")),
    ),
    "ticked-but-blank": Case(
        facts(
            GLOBAL,
            SMTP,
            AKL,
            NORTH,
            Service(cost_centre="AKL", service=ServiceKind.SMTP, use_service=True),
            replace(ANN, branch="NORTH"),
        ),
        "AKL / SMTP",
        "is ticked with every field blank, and stops 1 user(s) from sending",
        facts(GLOBAL, SMTP, AKL, NORTH, Service(cost_centre="AKL", service=ServiceKind.SMTP), ANN),
    ),
    "inactive-cost-centre": Case(
        facts(replace(AKL, active=False), NORTH),
        "branch NORTH",
        "names cost centre AKL, which is inactive and passed over",
        facts(AKL, NORTH),
    ),
    "unknown-place": Case(
        facts(Entity(code="E"), NORTH),
        "branch NORTH",
        "names cost centre AKL, which does not exist",
        facts(Entity(code="E"), AKL, NORTH, GLOBAL, SMTP, replace(ANN, branch="NORTH")),
    ),
    "unreachable-cost-centre": Case(
        facts(AKL, AKL_SMTP),
        "AKL",
        "is named by no branch, entity or web configuration",
        facts(AKL, AKL_SMTP, NORTH, GLOBAL, SMTP),
    ),
    "shadowed-cost-centre": Case(
        facts(
            AKL,
            CostCentre(code="E"),
            Entity(code="E", cost_centre="E"),
            NORTH,
            AKL_SMTP,
            replace(SMTP, cost_centre="E"),
        ),
        "E / SMTP",
        "is never used: whoever names it is answered by a cost centre before it",
        facts(AKL, NORTH, AKL_SMTP, WebConfiguration(code="W", cost_centre="AKL")),
    ),
    "ignored-override": Case(
        facts(GLOBAL, SMTP, replace(ANN, active=False), own(sender_name="Ann")),
        "GLOBAL / SMTP / ann",
        "is ignored: the user is inactive",
        facts(GLOBAL, SMTP, ANN, own(sender_name="Ann")),
    ),
    "server-without-credentials": Case(
        facts(GLOBAL, SMTP, ANN, own(server="other.example")),
        "GLOBAL / SMTP / ann",
        "names another server and no credentials, so the user cannot send by it",
        facts(GLOBAL, SMTP, ANN, own(server="other.example", user_name=NO_AUTHENTICATION)),
    ),
    "unreached-override": Case(
        facts(GLOBAL, SMTP, AKL, AKL_SMTP, ANN, own(centre="AKL", sender_name="Ann")),
        "AKL / SMTP / ann",
        "never counts: cost centre AKL answers nobody for SMTP",
        facts(GLOBAL, SMTP, AKL, AKL_SMTP, NORTH, ANN, own(centre="AKL", sender_name="Ann")),
    ),
    "clear-text-login": Case(
        smtp(security=Security.NONE, port=25),
        "GLOBAL / SMTP",
        "sends user name and password to mail.kowhai.example unprotected (security None)",
        smtp(security=Security.NONE, port=25, user_name=NO_AUTHENTICATION, password=None),
    ),
    "clear-text-allowed": Case(
        facts(AKL, Setting(name="smtp.clear_text_auth", cost_centre="AKL", value="yes")),
        "cost centre AKL",
        "smtp.clear_text_auth is on",
        facts(AKL, Setting(name="smtp.clear_text_auth", value="no")),
    ),
    "unprotected-connection": Case(
        smtp(security=Security.NONE, port=25, user_name=NO_AUTHENTICATION, password=None),
        "GLOBAL / SMTP",
        "mail travels to mail.kowhai.example unprotected (security None, no login)",
        smtp(security=Security.NONE, port=25),
    ),
    "auto-on-port-25": Case(
        smtp(security=Security.AUTO, port=0),
        "GLOBAL / SMTP",
        "uses mail.kowhai.example on port 25 with security Auto: protected only if the server offers it",
        smtp(security=Security.AUTO, port=465),
    ),
    "protected-if-offered": Case(
        smtp(security=Security.START_TLS_WHEN_AVAILABLE),
        "GLOBAL / SMTP",
        "is protected at mail.kowhai.example only if STARTTLS is offered (security StartTlsWhenAvailable)",
        smtp(security=Security.AUTO, port=465),
    ),
    "port-and-security": Case(
        smtp(port=465),
        "GLOBAL / SMTP",
        "port 465 of mail.kowhai.example and security StartTls do not go together",
        smtp(port=465, security=Security.SSL_ON_CONNECT),
    ),
    "certificate-pinned": Case(
        facts(Setting(name="smtp.pinned_certificate", value="0" * 64)),
        "site",
        "one certificate is accepted without asking an authority, and nothing else",
        facts(Setting(name="smtp.ca_file", value="ca.pem")),
    ),
    "retired-method": Case(
        facts(GLOBAL, SMTP, ANN, own(user_name="ann", password=SECRET), advisories=(ENDED, ENDING)),
        "GLOBAL / SMTP: gone",
        "It ended (since 2026-11-01; read on 2026-10-01); 1 override(s) are concerned. Move. Source: a message.",
        facts(GLOBAL, SMTP, advisories=(ENDING,)),
    ),
    "method-retiring": Case(
        facts(GLOBAL, SMTP, advisories=(ENDED, ENDING)),
        "GLOBAL / SMTP: going",
        "It will end (in 38 day(s), on 2026-12-31; read on 2026-10-01). Move. Source: a message.",
        facts(GLOBAL, replace(SMTP, server="elsewhere.example"), advisories=(ENDED, ENDING)),
    ),
    "certificate-not-verified": Case(
        tried(("TLS", "failed", "the certificate is not accepted"), ("login", "not reached", "")),
        "GLOBAL / SMTP / lending at mail",
        "the certificate is not accepted (tried on 2026-11-20)",
        tried(("TLS", "passed", "TLSv1.3"), ("login", "failed", "refused")),
    ),
    "tls-to-look-at": Case(
        tried(("TLS", "warning", "the connection is not protected")),
        "GLOBAL / SMTP / lending at mail",
        "the connection is not protected (tried on 2026-11-20)",
        tried(("TLS", "passed", "TLSv1.3")),
    ),
    "account-does-not-work": Case(
        tried(("TLS", "passed", ""), ("login", "failed", "refused")),
        "GLOBAL / SMTP / lending at mail",
        "login: refused (tried on 2026-11-20; 3 user(s))",
        tried(("TLS", "failed", "no certificate")),
    ),
    "graph-roles-missing": Case(
        tried(("roles", "warning", "the token does not name Mail.Send")),
        "GLOBAL / SMTP / lending at mail",
        "the token does not name Mail.Send (tried on 2026-11-20)",
        tried(("roles", "passed", "all there")),
    ),
    "graph-tenant-wide": Case(
        facts(EXCHANGE),
        f"application {CLIENT}",
        "is told by the release note to hold MailboxFolder.ReadWrite.All for every mailbox of the tenant (GLOBAL)",
        facts(
            EXCHANGE,
            verifications=(
                Tried(
                    ServiceKind.EXCHANGE,
                    "GLOBAL",
                    "mailbox",
                    1,
                    CLIENT,
                    "2026-11-20",
                    (("roles", "warning", "the token does not name MailboxFolder.ReadWrite.All"),),
                ),
            ),
        ),
    ),
    "not-verified-lately": Case(
        tried(at="2026-08-01T00:00:00+00:00"),
        "GLOBAL / SMTP",
        "1 of 1 account(s) were not verified in the last 90 days",
        tried(),
    ),
    "secret-missing": Case(
        smtp(password=NOT_CAPTURED),
        "GLOBAL / SMTP",
        "Password is known to be set and was never read",
        smtp(user_name=NO_AUTHENTICATION, password=None),
    ),
    "secret-unreadable": Case(
        facts(secrets=(SecretTrouble("GLOBAL / SMTP", "password cannot be read"),)),
        "GLOBAL / SMTP",
        "password cannot be read",
        _FINE,
    ),
    "shared-password": Case(
        facts(
            GLOBAL,
            SMTP,
            ANN,
            BOB,
            own("ann", user_name="ann", password=OTHER_SECRET),
            own("bob", user_name="bob", password=SECRET),
        ),
        "GLOBAL / SMTP / bob",
        "has the same password as GLOBAL / SMTP",
        facts(GLOBAL, SMTP, AKL, AKL_SMTP, ANN, own("ann", sender_name="Ann")),
    ),
    "sender-outside-domain": Case(
        facts(GLOBAL, SMTP, ANN, own(sender_email="ann@gmail.example")),
        "GLOBAL / SMTP / ann",
        "sends as ann@gmail.example, outside kowhai.example",
        facts(GLOBAL, SMTP, ANN, own(sender_email="ann@KOWHAI.example")),
    ),
    "duplicate-sender": Case(
        facts(
            GLOBAL,
            SMTP,
            ANN,
            BOB,
            own("ann", sender_email="us@kowhai.example"),
            own("bob", sender_email="US@kowhai.example"),
        ),
        "us@kowhai.example",
        "is the sender of 2 users: ann, bob",
        facts(GLOBAL, SMTP, ANN, BOB, own("ann", sender_email="ann@kowhai.example")),
    ),
    "sends-as-another": Case(
        facts(
            GLOBAL,
            SMTP,
            ANN,
            own(sender_email="bob@kowhai.example"),
            addressees={"bob@kowhai.example": ("bob",)},
        ),
        "GLOBAL / SMTP / ann",
        "sends as bob@kowhai.example, the address of bob",
        facts(
            GLOBAL,
            SMTP,
            ANN,
            own(sender_email="ann@kowhai.example"),
            addressees={"ann@kowhai.example": ("ann", "bob")},
        ),
    ),
    "unusable-sender": Case(
        smtp(sender_email="us@kowhai.example, you@kowhai.example"),
        "GLOBAL / SMTP",
        "has a sender that may not travel: 'us@kowhai.example, you@kowhai.example': "
        "the part before @ may hold letters, digits and single dots, no quotes or comments.",
        _FINE,
    ),
    "unusable-contact": Case(
        facts(Contact(business_partner="C1", name="Zoe", email="zoe")),
        "C1 / Zoe / zoe",
        "'zoe' is not an address.",
        facts(Contact(business_partner="C1", name="Zoe", email="zoe", active=False)),
    ),
    "portal-sender-missing": Case(
        facts(
            Portal(
                code="SHOP", override_from=True, senders=(FeatureSender(feature="order_pad", address="o@k.example"),)
            )
        ),
        "portal SHOP",
        "no From of their own for password_reset, user_initiated: the default is used",
        facts(
            Portal(
                code="SHOP",
                override_from=True,
                senders=tuple(FeatureSender(feature=f, address="o@k.example") for f in PORTAL_FEATURES),
            )
        ),
    ),
    "permission-for-everybody": Case(
        facts(says("ALL"), *(replace(user, roles=("ALL",)) for user in (ANN, BOB))),
        UPDATE_FROM,
        "all 2 users who can sign in may change From",
        facts(says("ALL"), replace(ANN, roles=("ALL",)), BOB),
    ),
    "permission-for-nobody": Case(
        facts(says("GHOSTS"), ANN),
        f"GHOSTS / {UPDATE_FROM}",
        "role GHOSTS allows it, and no user has that role",
        facts(says("ghosts"), says("OTHERS", "Deny"), replace(ANN, roles=("GHOSTS",))),
    ),
    "conflicting-roles": Case(
        facts(says("YES"), says("NO", "Deny"), replace(ANN, roles=("NO", "YES")), BOB),
        "ann",
        "allowed by role YES, denied by role NO",
        facts(says("YES"), says("NO", "Deny"), replace(ANN, roles=("YES",)), replace(BOB, roles=("NO",))),
    ),
    "inactive-holder": Case(
        facts(says("YES"), replace(ANN, roles=("YES",), locked_out=True), replace(BOB, roles=("YES",))),
        "ann",
        "is locked out and still has role YES, allowing it",
        facts(says("YES"), replace(ANN, active=False), replace(BOB, roles=("YES",))),
    ),
    "external-holder": Case(
        facts(says("YES"), replace(ANN, roles=("YES",), external=True)),
        "ann",
        "is external and may change From: role YES allows",
        facts(says("YES"), replace(ANN, external=True), replace(BOB, roles=("YES",))),
    ),
    "read-only-holder": Case(
        facts(says("YES"), replace(ANN, roles=("YES",), level=UserLevel.READ_ONLY)),
        "ann",
        "is Read Only and may change From: role YES allows",
        facts(says("YES"), replace(ANN, level=UserLevel.READ_ONLY), replace(BOB, roles=("YES",))),
    ),
    "misspelt-key": Case(
        facts(says("YES", key="Messaging.Email.UpdateFr0m")),
        "YES / Messaging.Email.UpdateFr0m",
        "role YES says Allow about 'Messaging.Email.UpdateFr0m', which is not Messaging.Email.UpdateFrom",
        facts(says("YES", key="messaging.email.updatefrom"), says("YES", key="Account.Add")),
    ),
    "mail-stopped": Case(
        facts(Setting(name="mail.stopped_because", value="this is a copy")),
        "site",
        "all mail is stopped, because this is a copy",
        _FINE,
    ),
    "test-mode-forced": Case(
        facts(
            Setting(name="test_mode.forced", value="yes"),
            Setting(name="test_mode.send_email_messages", value="yes"),
            Setting(name="test_mode.redirect_to_email", value="t@k.example"),
        ),
        "site",
        "test mode is forced: all mail goes to t@k.example",
        facts(Setting(name="test_mode.redirect_to_email", value="t@k.example")),
    ),
    "widget-not-as-needed": Case(
        facts(widgets=check_widgets([{"name": w.name, "version": w.version} for w in REQUIRED[1:]])),
        "widget EmailMessage",
        "missing; 1.05 is needed",
        facts(widgets=check_widgets([{"name": w.name, "version": w.version} for w in REQUIRED])),
    ),
    "domain-not-there": Case(
        domain(exists=False), "kowhai.example", "2 account(s) send from a domain that does not exist", domain()
    ),
    "spf-missing": Case(domain(spf=Spf()), "kowhai.example", "has no SPF record", domain(exists=False)),
    "spf-not-valid": Case(
        domain(spf=Spf(("v=spf1 -all", "v=spf1 ~all"))),
        "kowhai.example",
        "has 2 SPF records; receivers take that for an error",
        domain(spf=_GOOD_SPF),
    ),
    "spf-for-everybody": Case(
        domain(spf=Spf(("v=spf1 +all",), all="pass")),
        "kowhai.example",
        "the SPF record lets every machine send (+all)",
        domain(spf=_GOOD_SPF),
    ),
    "spf-says-nothing": Case(
        domain(spf=Spf(("v=spf1 ?all",), all="neutral")),
        "kowhai.example",
        "the SPF record says nothing about all other machines",
        domain(spf=_GOOD_SPF),
    ),
    "spf-without-provider": Case(
        domain(spf=_GOOD_SPF, exchange=True),
        "kowhai.example",
        "Exchange Online sends for it, and the SPF record does not include spf.protection.outlook.com",
        domain(spf=_GOOD_SPF._replace(includes=("spf.protection.outlook.com",)), exchange=True),
    ),
    "dmarc-missing": Case(domain(dmarc=Dmarc()), "kowhai.example", "has no DMARC record", domain(exists=False)),
    "dmarc-not-valid": Case(
        domain(dmarc=Dmarc("v=DMARC1; p=perhaps", "perhaps is no policy")),
        "kowhai.example",
        "the DMARC record is not valid: perhaps is no policy",
        domain(dmarc=Dmarc("v=DMARC1; p=none", policy="none")),
    ),
    "dmarc-none": Case(
        domain(dmarc=Dmarc("v=DMARC1; p=none", policy="none")),
        "kowhai.example",
        "the DMARC policy is none: forged mail is delivered",
        domain(dmarc=Dmarc("v=DMARC1; p=reject", policy="reject")),
    ),
    "dmarc-not-aligned": Case(
        domain(
            dmarc=Dmarc("v=DMARC1; p=reject", policy="reject"),
            logins=("mail.kowhai.example", "provider.example"),
            registered={"mail.kowhai.example": "kowhai.example", "kowhai.example": "kowhai.example"},
        ),
        "kowhai.example",
        "mail is handed in by provider.example, not aligned with From (relaxed DMARC alignment)",
        domain(dmarc=Dmarc("v=DMARC1; p=reject", policy="reject"), logins=("kowhai.example",)),
    ),
    "dkim-not-valid": Case(
        domain(dkim=(Dkim("s1._domainkey.kowhai.example", "s1.provider.example", "", "there is no key at this name"),)),
        "s1._domainkey.kowhai.example",
        "there is no key at this name (by way of s1.provider.example)",
        domain(dkim=(Dkim("s1._domainkey.kowhai.example", "", "v=DKIM1; p=AA"),)),
    ),
    "dns-unknown": Case(
        domain(unknown=("kowhai.example: no answer in time",)),
        "kowhai.example",
        "unknown: kowhai.example: no answer in time",
        domain(spf=_GOOD_SPF),
    ),
    "exception-without-finding": Case(
        facts(
            Acceptance(rule="mail-stopped", subject="site", reason="a copy", owner="ann", until="2027-01-31"),
            asked=frozenset({"mail-stopped"}),
        ),
        "mail-stopped: site",
        "ann accepted it until 2027-01-31, and it is found no more",
        facts(
            Acceptance(rule="mail-stopped", subject="Site", reason="a copy", owner="ann", until="2027-01-31"),
            Acceptance(rule="dmarc-none", subject="k.example", reason="soon", owner="ann", until="2027-01-31"),
            asked=frozenset({"mail-stopped"}),
            found=frozenset({("mail-stopped", "site")}),
        ),
    ),
}
"""By rule; tests/test_tables.py holds them to the table of rules."""
