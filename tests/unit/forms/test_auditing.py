"""What a notebook shows of an audit: every number as text, nothing live, nothing that differs from run to run."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from mailadmin.audit.access import Access, Everybody, access
from mailadmin.audit.findings import Finding, Findings, RuleSet, Severity
from mailadmin.audit.history import AccessChange, Turn
from mailadmin.domain.acceptances import Acceptance
from mailadmin.domain.organisation import User, UserLevel
from mailadmin.domain.permissions import UPDATE_FROM, Decision, RolePermission
from mailadmin.domain.settings import PermissionRule
from mailadmin.errors import UnknownName
from mailadmin.forms import auditing as shown
from mailadmin.usecases import auditing
from mailadmin.usecases.auditing import Use

ROLES = (
    RolePermission(role="M", permission_key=UPDATE_FROM, decision=Decision.ALLOW),
    RolePermission(role="T", permission_key=UPDATE_FROM, decision=Decision.DENY),
)
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def found() -> Access:
    users = (
        User(user_id="anna", name=HOSTILE, roles=("M",)),
        User(user_id="björn", name="Björn", roles=("M", "T")),
        User(user_id="chen", name="Chen", level=UserLevel.ADMINISTRATOR),
    )
    return access(Everybody.of(users), UPDATE_FROM, ROLES, PermissionRule.DENY_WINS)


def test_the_picture_says_every_reason_with_its_number(found: Access) -> None:
    assert repr(shown.decisions(found)) == (
        f"{UPDATE_FROM}: of 3 users 2 ALLOW, 1 DENY. ALLOW: administrator level: 1, ALLOW: role M allows: 1, "
        "DENY: role T denies: 1."
    )


def test_holders_are_those_who_may_and_names_are_text(found: Access) -> None:
    page = shown.holders(found)
    assert [row[0] for row in page.tables[0].rows] == ["anna", "chen"]
    assert "<img" not in page._repr_html_()
    assert "&lt;img" in page._repr_html_()


def test_conflicts_name_the_roles(found: Access) -> None:
    assert shown.conflicts(found).rows == [("björn", "Björn", "DENY", "M", "T")]


def test_a_path_is_one_users_or_one_for_each_reason(found: Access) -> None:
    assert [row[0] for row in shown.path(found).rows] == ["chen", "anna", "björn", "björn", "björn"]
    assert shown.path(found, "ANNA").rows == [("anna", "ALLOW", 1, f"role_permissions: M / {UPDATE_FROM} / Allow")]
    with pytest.raises(UnknownName):
        shown.path(found, "nobody")


def test_changes_and_use_tell_the_day_in_words() -> None:
    at = "2026-11-23T09:00:00"
    change = AccessChange("anna", "Anna", Turn.LOST, "ALLOW", "DENY", "w", "b", "role M", 7, at, "eve")
    assert shown.changes([change]).rows == [("23 November 2026", "anna", "lost", "w", "role M", "eve", 7)]
    use = Use(at, "anna", "eve", "a@x.example", "b@x.example", "", "refused", "not allowed", "")
    table = shown.used([use])
    assert table.rows == [
        ("23 November 2026", "anna", "a@x.example", "b@x.example", "not allowed", "refused"),
    ]
    assert table.marked == {0}


def test_findings_are_told_by_rule_and_accepted_ones_apart() -> None:
    rows = tuple(Finding("odd", Severity.HIGH, f"s{n}", "found", "mend it") for n in range(3))
    accepted = Acceptance(rule="old", subject="x", reason="a relay", owner="Mere", until="2027-01-01")
    found = Findings(
        date(2026, 11, 23), RuleSet(1, "d"),
        (*rows, Finding("old", Severity.LOW, "x", "y", "z", "2027-01-01")), (accepted,), ("No DNS.",),
    )  # fmt: skip
    page = shown.findings(found)
    assert page.sentences == ("No DNS.",)
    assert [row[:3] for row in page.tables[0].rows] == [("high", "odd", 3)]
    assert page.tables[1].rows == [("old", "x", "a relay", "Mere", "1 January 2027")]
    assert repr(shown.severities(found)) == "3 open finding(s). high: 3."


def test_without_a_store_there_is_one_to_practise_on(tmp_path: Path) -> None:
    with closing(shown.opened("", str(tmp_path), "2026-11-23")) as app:
        assert len(auditing.access(app, at=date(2026, 11, 23))) == 400
    with closing(shown.opened(str(tmp_path / "mailadmin.db"), "", "2026-11-23")) as app:
        assert len(auditing.access(app)) == 400
