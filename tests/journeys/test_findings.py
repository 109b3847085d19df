"""Findings as an administrator meets them: looked at, accepted, compared, checked by a scheduler, asked of the DNS."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

import pytest

import mailadmin
from mailadmin.domain.services import ServiceKind
from mailadmin.domain.widgets import REQUIRED
from mailadmin.errors import WrongStore
from mailadmin.providers.ladder import Result, Rung
from mailadmin.usecases import configuring, finding, migrating, verifying
from mailadmin.usecases.finding import Dns
from tests.canaries import canary
from tests.cli import Desk
from tests.name_server import SILENCE, serving
from tests.sites import configure, rows, site

DAY = date(2026, 11, 23)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """The small site, at a desk."""
    site(tmp_path).close()
    return Desk(tmp_path)


def found(desk: Desk, *words: str | Path, code: int = 0) -> list[tuple[str, str]]:
    said = desk("audit", "findings", "--as-of", "2026-11-23", "--format", "csv", *words, code=code)
    return [(row["rule"], row["subject"]) for row in said.rows()]


def test_the_small_site(desk: Desk) -> None:
    assert found(desk) == [
        ("conflicting-roles", "cia"),
        ("graph-tenant-wide", "application 6f6e6d6c-1111-4222-8333-0123456789ab"),
        ("ticked-but-blank", "OFF / SMTP"),
        ("not-verified-lately", "GLOBAL / EXCHANGE"),
        ("not-verified-lately", "GLOBAL / SMTP"),
    ]
    columns = ["rule", "severity", "subject", "finding", "remedy", "exception_until"]
    assert list(desk("audit", "findings", "--format", "json").json()[0]) == columns


def test_what_is_asked_for(desk: Desk) -> None:
    assert found(desk, "--severity", "medium", "--rule", "not-verified-lately") == []
    assert found(desk, "--rule", "ticked-but-blank", "--rule", "mail-stopped") == [("ticked-but-blank", "OFF / SMTP")]
    assert "There is no rule 'nonsense'" in desk("audit", "findings", "--rule", "nonsense", code=2).error
    assert "There is no severity" in desk("audit", "findings", "--severity", "dreadful", code=2).error


def test_people_see_an_overview_by_rule_and_every_finding_when_they_ask(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "240")
    overview, full = desk("audit", "findings").out, desk("audit", "findings", "--full").out
    assert "GLOBAL / EXCHANGE, GLOBAL / SMTP" in overview
    assert "account(s)" not in overview
    assert full.count("not-verified-lately") == 2
    assert overview.count("not-verified-lately") == 1
    assert overview.splitlines()[-1] == full.splitlines()[-1]


def test_what_is_unknown_is_said(desk: Desk) -> None:
    said = desk("audit", "findings").error
    assert "unknown: What the DNS says" in said
    assert "unknown: Which widgets" in said


def test_a_finding_is_accepted_shown_and_withdrawn(desk: Desk) -> None:
    chosen = ("audit", "findings", "--rule", "ticked-but-blank", "--check")
    assert "ticked-but-blank: OFF / SMTP" in desk(*chosen, code=1).error
    accept = ("audit", "accept", "ticked-but-blank", "OFF / SMTP")
    desk(*accept, "--reason", "closed branch", "--owner", "ann", "--until", "2099-12-31")
    assert desk(*chosen, "--format", "csv").rows()[0]["exception_until"] == "2099-12-31"
    assert "1 accepted" in desk(*chosen).out
    assert desk(*chosen, "--as-of", "2100-01-01", code=1).error
    assert (
        "There is no such finding now"
        in desk(
            "audit", "accept", "mail-stopped", "site", "--reason", "a", "--owner", "b", "--until", "2099-01-01"
        ).error
    )
    again = desk(*accept, "--reason", "closed branch", "--owner", "ann", "--until", "2099-12-31").out
    assert "just so already" in again
    desk(*accept, "--withdraw")
    desk(*chosen, code=1)
    assert "There is no accepted exception" in desk(*accept, "--withdraw", code=2).error


def test_accepting_is_a_run_that_can_be_taken_back(desk: Desk) -> None:
    desk("audit", "accept", "mail-stopped", "site", "--reason", "a copy", "--owner", "ann", "--until", "2099-12-31")
    assert ("exception-without-finding", "mail-stopped: site") in found(desk)
    assert "[[exceptions]]" in desk("export").out
    plan = desk.file("back.json")
    desk("rollback", "--out", plan)
    desk("rollback", "--out", plan, "--confirm", json.loads(plan.read_text())["plan_hash"][:8])
    assert ("exception-without-finding", "mail-stopped: site") not in found(desk)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("nonsense", "x", "--reason", "a", "--owner", "b", "--until", "2099-01-01"), "no rule", id="rule"),
        pytest.param(
            ("mail-stopped", "x", "--owner", "b", "--until", "2099-01-01"), "reason is not blank", id="reason"
        ),
        pytest.param(("mail-stopped", "x", "--reason", "a", "--owner", "b", "--until", "soon"), "YYYY-MM-DD", id="day"),
        pytest.param(
            ("mail-stopped", "x", "--reason", "a", "--owner", "b", "--until", "2020-01-01"), "passed already", id="past"
        ),
        pytest.param(
            ("mail-stopped", "x\ny", "--reason", "a", "--owner", "b", "--until", "2099-01-01"), "U+000A", id="two"
        ),
        pytest.param(("mail-stopped", "x", "--withdraw", "--reason", "a"), "--withdraw takes no reason", id="both"),
    ],
)
def test_what_cannot_be_accepted_changes_nothing(desk: Desk, words: tuple[str, ...], said: str) -> None:
    before = desk("history", "--format", "json").json()
    assert said in desk("audit", "accept", *words, code=2).error
    assert desk("history", "--format", "json").json() == before


def test_two_runs_are_compared(desk: Desk) -> None:
    first, second = desk.file("first.json"), desk.file("second.json")
    found(desk, "--save", first)
    accept = ("--reason", "a", "--owner", "ann", "--until", "2099-01-01")
    desk("audit", "accept", "ticked-but-blank", "OFF / SMTP", *accept)
    desk("settings", "set", "smtp.clear_text_auth", "yes")
    found(desk, "--save", second)
    differences = desk("audit", "compare", first, second, "--format", "csv").rows()
    assert [(row["change"], row["rule"]) for row in differences] == [
        ("new", "clear-text-allowed"),
        ("improved", "ticked-but-blank"),
    ]
    assert "clear-text-allowed" in desk("audit", "findings", "--against", first, "--check", code=1).error
    assert (
        desk("audit", "findings", "--against", second, "--as-of", "2026-11-23", "--check").out == "Nothing changed.\n"
    )


def test_a_kept_run_is_the_same_bytes_and_of_this_store(desk: Desk, tmp_path: Path) -> None:
    first, second = desk.file("first.json"), desk.file("second.json")
    found(desk, "--save", first)
    found(desk, "--save", second)
    assert first.read_bytes() == second.read_bytes()
    assert first.stat().st_mode & 0o777 == 0o600
    first.write_bytes(first.read_bytes().replace(b"medium", b"low", 1))
    assert "was changed" in desk("audit", "findings", "--against", first, code=3).error
    (tmp_path / "other").mkdir()
    with pytest.raises(WrongStore):
        finding.load(mailadmin.connect(tmp_path / "other" / "mailadmin.db", environment={}), second)


def test_every_rule_is_listed_with_reason_and_source(desk: Desk) -> None:
    listed = desk("audit", "rules", "--format", "csv").rows()
    assert len(listed) > 50
    assert [row for row in listed if not all(row.values())] == []


def test_the_dns_of_the_from_domains(desk: Desk) -> None:
    zone = {
        "kowhai.example": ("v=spf1 +all",),
        "_dmarc.kowhai.example": ("v=DMARC1; p=none",),
        "s1._domainkey.kowhai.example": ("v=DKIM1; p=",),
    }
    with serving(zone) as server:
        asked = found(desk, "--dns", "--resolver", server.address, "--dkim-selector", "s1", "--severity", "low")
    assert [pair for pair in asked if pair[0].startswith(("spf", "dmarc", "dkim", "dns"))] == [
        ("spf-for-everybody", "kowhai.example"),
        ("spf-without-provider", "kowhai.example"),
        ("dkim-not-valid", "s1._domainkey.kowhai.example"),
        ("dmarc-none", "kowhai.example"),
    ]


def test_a_hostile_record_is_escaped(desk: Desk) -> None:
    with serving({"kowhai.example": (b"v=spf1 <b>\x1b[2J\x07 -all",)}) as server:
        said = desk("audit", "findings", "--rule", "spf-not-valid", "--dns", "--resolver", server.address)
    assert "not valid" in said.out
    assert "\x1b[2J" not in said.out + said.error


def test_no_answer_is_unknown(desk: Desk) -> None:
    with serving({"kowhai.example": SILENCE}) as server:
        assert ("dns-unknown", "kowhai.example") in found(
            desk, "--dns", "--resolver", server.address, "--deadline", "0.3"
        )
    assert ("dns-unknown", "kowhai.example") in found(desk, "--dns")
    desk("settings", "set", "dns.resolver", "127.0.0.1:1")
    assert ("dns-unknown", "kowhai.example") in found(desk, "--dns", "--deadline", "0.3")
    assert "is an address" in desk("settings", "set", "dns.resolver", "ns.example", code=2).error


def test_without_the_extra_it_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = site(tmp_path)
    monkeypatch.delitem(sys.modules, "mailadmin.providers.dns_records", raising=False)
    monkeypatch.delattr("mailadmin.providers.dns_records", raising=False)
    monkeypatch.setitem(sys.modules, "checkdmarc.dmarc", None)
    rows = finding.findings(app, as_of=DAY, dns=Dns("127.0.0.1:53"), rules=["dns-unknown"]).rows
    assert [row.subject for row in rows] == ["kowhai.example"]
    assert "is not installed" in rows[0].finding
    app.close()


def test_the_widgets_of_a_snapshot(desk: Desk) -> None:
    desk.file("export").mkdir()
    versions = [("EmailMessage", "1.04"), *((widget.name, widget.version) for widget in REQUIRED[1:])]
    lines = ["name,version", *map(",".join, versions)]
    desk.file("export/widgets.csv").write_text("\n".join(lines))
    desk("snapshot", "take", desk.file("export"), "--out", desk.file("before.json"))
    chosen = ("--snapshot", desk.file("before.json"), "--rule", "widget-not-as-needed")
    assert found(desk, *chosen) == [("widget-not-as-needed", "widget EmailMessage")]


def test_what_was_seen_when_accounts_were_tried(tmp_path: Path) -> None:
    app = site(tmp_path)
    broken = Rung("TLS", Result.FAILED, meaning="the certificate is not accepted")
    verifying.verify(app, verifying.subjects(app, every_service=True), climbing=lambda *_: (broken,))
    today = app.clock().date()
    rows = finding.findings(app, as_of=today, rules=["certificate-not-verified", "not-verified-lately"]).rows
    assert {row.rule for row in rows} == {"certificate-not-verified"}
    app.close()


def test_secrets_that_cannot_be_used(tmp_path: Path) -> None:
    app = site(tmp_path)
    assert finding.findings(app, as_of=DAY, rules=["secret-unreadable"]).rows == ()
    (tmp_path / "mailadmin.key").unlink()
    unknown = finding.findings(app, as_of=DAY, rules=["secret-unreadable"])
    assert (unknown.rows, len(unknown.unknown)) == ((), 1)
    app.close()


def test_two_users_with_one_password(tmp_path: Path) -> None:
    app = site(tmp_path)
    shared = canary()
    for user in ("ann", "bob"):
        names = f'user_id = "{user}"', f'user_name = "{user}@kowhai.example"'
        configure(app, tmp_path, rows("[[overrides]]", 'cost_centre = "GLOBAL"', 'service = "SMTP"', *names))
        plan = configuring.plan_secret(app, "GLOBAL", ServiceKind.SMTP, "password", shared, user=user)
        migrating.apply(app, plan, plan.confirmation)
    found = finding.findings(app, as_of=DAY, rules=["shared-password"]).rows
    assert [(row.subject, row.finding) for row in found] == [
        ("GLOBAL / SMTP / ann", "has the same password as GLOBAL / SMTP / bob"),
        ("GLOBAL / SMTP / bob", "has the same password as GLOBAL / SMTP / ann"),
    ]
    app.close()


def test_nobody_is_known_without_roles(tmp_path: Path) -> None:
    app = mailadmin.connect(tmp_path / "mailadmin.db", environment={})
    found = finding.findings(app, as_of=DAY, rules=["permission-for-everybody"])
    assert (found.rows, found.unknown) == (
        (),
        ("What roles may is not known: no role permissions, or no users, were taken over.",),
    )
    app.close()
