"""Every rule where it finds something and where it does not, and a run of them all."""

from __future__ import annotations

import importlib
import pkgutil
import re
from dataclasses import replace

import pytest

from mailadmin.audit import looks
from mailadmin.audit.facts import DOMAINS, FOUND, SECRETS, WIDGETS, Facts, SecretTrouble
from mailadmin.audit.findings import Seen, Severity
from mailadmin.audit.rules import RULES, chosen, examine, rule_set
from mailadmin.domain.acceptances import Acceptance
from mailadmin.domain.governed import Row
from mailadmin.domain.portals import Portal
from mailadmin.domain.preferences import EmailMethod, MailPreference
from mailadmin.domain.services import NO_AUTHENTICATION, Security
from mailadmin.domain.settings import Setting
from mailadmin.errors import UnknownName
from tests.unit.audit.cases import ANN, CASES, GLOBAL, OTHER_SECRET, SMTP, domain, facts, own, smtp

STOPPED = Setting(name="mail.stopped_because", value="a copy")


def acceptance(rule: str, subject: str, until: str = "2026-11-23") -> Acceptance:
    return Acceptance(rule=rule, subject=subject, reason="so be it", owner="ann", until=until)


@pytest.mark.parametrize("rule", list(CASES))
def test_a_rule_finds_what_it_is_for(rule: str) -> None:
    case = CASES[rule]
    assert list(RULES[rule].look(case.finds)) == [Seen(case.subject, case.words)]


@pytest.mark.parametrize("rule", list(CASES))
def test_a_rule_is_quiet_otherwise(rule: str) -> None:
    assert list(RULES[rule].look(CASES[rule].quiet)) == []


def test_nothing_is_found_where_there_is_nothing() -> None:
    assert examine(facts()).rows == ()


def test_the_worst_comes_first() -> None:
    found = examine(replace(smtp(security=Security.NONE, password=None), settings=facts(STOPPED).settings))
    assert [(row.severity, row.rule) for row in found.rows] == [
        (Severity.HIGH, "clear-text-login"),
        (Severity.HIGH, "secret-missing"),
        (Severity.MEDIUM, "mail-stopped"),
    ]


def test_an_accepted_finding_is_shown_and_not_counted_until_its_last_day_is_over() -> None:
    on_the_last_day = examine(facts(STOPPED, acceptance("Mail-Stopped", "SITE")))
    assert [(row.rule, row.exception_until) for row in on_the_last_day.rows] == [("mail-stopped", "2026-11-23")]
    assert (on_the_last_day.open, on_the_last_day.counts[Severity.MEDIUM]) == ((), 0)
    the_day_after = examine(facts(STOPPED, acceptance("mail-stopped", "site", "2026-11-22")))
    assert [row.exception_until for row in the_day_after.open] == [""]
    assert the_day_after.counts[Severity.MEDIUM] == 1


def test_an_acceptance_of_nothing_is_a_finding_itself() -> None:
    found = examine(facts(acceptance("mail-stopped", "site")))
    assert [(row.rule, row.subject) for row in found.rows] == [("exception-without-finding", "mail-stopped: site")]


@pytest.mark.parametrize("rules", [["exception-without-finding"], ["secret-missing", "exception-without-finding"]])
def test_an_acceptance_is_not_judged_by_rules_nobody_asked(rules: list[str]) -> None:
    assert examine(facts(acceptance("mail-stopped", "site")), chosen(rules)).rows == ()


def test_an_acceptance_about_an_unknown_domain_is_left_alone() -> None:
    unclear = domain(unknown=("no answer",))
    judged = examine(replace(unclear, acceptances=(acceptance("spf-missing", "kowhai.example"),)))
    assert [row.rule for row in judged.rows] == ["dns-unknown"]


def test_what_is_unknown_is_not_asked_and_said() -> None:
    trouble = (SecretTrouble("GLOBAL / SMTP", "password cannot be read"),)
    unknown = {SECRETS: "no key", DOMAINS: "not asked", WIDGETS: "no snapshot"}
    found = examine(replace(facts(acceptance("secret-unreadable", "x")), secrets=trouble, unknown=unknown))
    assert (found.rows, found.unknown) == ((), ("no key", "no snapshot", "not asked"))


def test_a_note_is_only_given_where_it_was_asked_for() -> None:
    found = examine(replace(facts(), unknown={DOMAINS: "not asked"}), chosen(["mail-stopped"]))
    assert found.unknown == ()


def test_rule_and_subject_name_one_finding() -> None:
    two = tuple(SecretTrouble(name, f"password {why}") for name, why in (("A", "is gone"), ("a", "cannot be read")))
    found = examine(replace(facts(), secrets=two))
    assert [(row.subject, row.finding) for row in found.rows] == [("A", "password cannot be read (and 1 more)")]


def test_an_override_of_a_user_who_has_none_is_not_in_force() -> None:
    inactive = replace(ANN, active=False)
    found = examine(facts(GLOBAL, SMTP, inactive, own(user_name="ann", password=OTHER_SECRET, server="x", port=465)))
    assert [row.rule for row in found.rows] == ["ignored-override"]


def test_a_shared_password_is_told_to_every_user_and_never_shown() -> None:
    users = [replace(ANN, user_id=f"u{i}") for i in range(6)]
    overrides = [own(user.user_id, user_name=user.user_id, password=OTHER_SECRET) for user in users]
    found = examine(facts(GLOBAL, SMTP, *users, *overrides), chosen(["shared-password"]))
    assert [row.subject for row in found.rows] == [f"GLOBAL / SMTP / u{i}" for i in range(6)]
    assert found.rows[0].finding == (
        "has the same password as GLOBAL / SMTP / u1, GLOBAL / SMTP / u2, GLOBAL / SMTP / u3 and 2 more"
    )
    assert OTHER_SECRET not in str(found)


def test_rules_are_chosen_by_id_in_the_order_of_the_table() -> None:
    assert [rule.id for rule in chosen(["mail-stopped", "ticked-but-blank"])] == ["ticked-but-blank", "mail-stopped"]
    with pytest.raises(UnknownName, match="no-such-rule"):
        chosen(["mail-stopped", "no-such-rule"])


def test_the_rule_set_is_named_by_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    before = rule_set()
    changed = {**RULES, "mail-stopped": replace(RULES["mail-stopped"], severity=Severity.LOW)}
    monkeypatch.setattr("mailadmin.audit.rules.RULES", changed)
    assert (rule_set().version, rule_set().digest != before.digest) == (before.version, True)


@pytest.mark.parametrize("server", ["localhost", "127.0.0.1", "::1"])
def test_nothing_is_said_of_a_connection_within_this_machine(server: str) -> None:
    assert examine(smtp(server=server, port=25, security=Security.NONE)).rows == ()


@pytest.mark.parametrize(
    ("rows", "subjects"),
    [
        pytest.param(
            (Portal(code="SHOP", smtp_server="mail", smtp_port=25, default_from="a@k.example"),),
            [("unprotected-connection", "portal SHOP")],
            id="portal",
        ),
        pytest.param(
            (
                MailPreference(method=EmailMethod.SMTP, server="mail", port=25, use_ssl=False, user_name="u"),
                MailPreference(user_id="ann", email="ann@k.example"),
            ),
            [
                ("clear-text-login", "e-mail preference ann"),
                ("clear-text-login", "e-mail preference system"),
                ("secret-missing", "e-mail preference ann"),
                ("secret-missing", "e-mail preference system"),
            ],
            id="preferences",
        ),
        pytest.param((GLOBAL, SMTP, MailPreference(user_id="ann", email="ann@k.example")), [], id="no method"),
    ],
)
def test_portals_and_preferences_are_accounts_too(rows: tuple[Row, ...], subjects: list[tuple[str, str]]) -> None:
    assert [(row.rule, row.subject) for row in examine(facts(*rows)).rows] == subjects


def test_an_override_that_signs_in_over_the_cost_centres_unprotected_server() -> None:
    relay = replace(SMTP, security=Security.NONE, port=25, user_name=NO_AUTHENTICATION, password=None)
    found = examine(facts(GLOBAL, relay, ANN, own(user_name="ann", password=OTHER_SECRET)))
    assert [(row.rule, row.subject) for row in found.rows] == [
        ("clear-text-login", "GLOBAL / SMTP / ann"),
        ("unprotected-connection", "GLOBAL / SMTP"),
    ]


def test_every_case_is_about_a_rule_and_every_rule_has_its_words() -> None:
    assert set(CASES) == set(RULES)
    for rule in RULES.values():
        assert all((rule.title, rule.rationale, rule.source, rule.remedy)), rule.id
        assert re.fullmatch(r"[a-z]+(?:-[a-z0-9]+)+", rule.id)
        assert rule.needs in {"", *Facts.__dataclass_fields__}, rule.id
    assert len({rule.title for rule in RULES.values()}) == len({rule.look for rule in RULES.values()}) == len(RULES)
    assert list(RULES)[-1] == next(rule.id for rule in RULES.values() if rule.needs == FOUND)


def test_every_file_of_looks_has_its_rules_in_the_table() -> None:
    names = [module.name for module in pkgutil.iter_modules(looks.__path__) if module.name != "rule"]
    listed = [rule for name in names for rule in importlib.import_module(f"{looks.__name__}.{name}").RULES]
    assert {rule.id for rule in listed} == set(RULES)
