"""An audit says one thing in five forms, and nothing somebody wrote is live in any of them (OU-01 to OU-14, OU-46)."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date

import pytest

from mailadmin.audit.access import Everybody, Word, access
from mailadmin.audit.findings import Finding, Findings, RuleSet, Severity
from mailadmin.audit.gates import RightsComparison, RightsFinding, RightsRow
from mailadmin.audit.history import AccessChange, Turn
from mailadmin.domain.acceptances import Acceptance
from mailadmin.domain.organisation import User, UserLevel
from mailadmin.domain.permissions import UPDATE_FROM, Decision, RolePermission
from mailadmin.domain.settings import PermissionRule
from mailadmin.interchange.reports import page, paper, pictures, workbook
from mailadmin.interchange.reports.audit import Audit, audit_report
from mailadmin.interchange.reports.content import Numbers, Pictures, Report
from mailadmin.interchange.reports.csv_files import csv_files
from mailadmin.interchange.reports.evidence import Evidence, proven
from mailadmin.interchange.reports.json_file import fingerprint, json_file
from mailadmin.interchange.reports.wording import printable
from mailadmin.interchange.workbooks import unescaped
from tests.unit.interchange.test_reports_hostile import FORMULAS, MARKUP, PAYLOADS, Read, texts_of

DAY = date(2026, 11, 23)
ROLES = (
    RolePermission(role="MANAGER", permission_key=UPDATE_FROM, decision=Decision.ALLOW),
    RolePermission(role="TRAINEE", permission_key=UPDATE_FROM, decision=Decision.DENY),
)
USERS = (
    User(user_id="anna", name="Anna", roles=("MANAGER",)),
    User(user_id="björn", name="Björn", roles=("MANAGER", "TRAINEE")),
    User(user_id="chen", name="Chen", roles=("TRAINEE",)),
    User(user_id="dora", name="Dora", level=UserLevel.ADMINISTRATOR),
    User(user_id="emil", name="Emil", active=False, external=True, roles=("MANAGER",)),
)
EVIDENCE = Evidence(
    data="0" * 64,
    entry=786,
    mac="c0ffee",
    store="lineage",
    tool="mailadmin",
    rules="1",
    actor="root",
    as_of="2026-11-23",
)


def audit_of(text: str, users: tuple[User, ...] = USERS) -> Audit:
    """An audit with this text wherever an audit has text from outside."""
    people = Everybody.of(users)
    found = access(people, UPDATE_FROM, ROLES, PermissionRule.DENY_WINS, DAY.isoformat())
    hostile = replace(people, user_ids=[text] * len(people), names=[text] * len(people))
    reasons = [a._replace(reason=f"{a.reason} {text}", roles_allow=(text,), path=(text, text)) for a in found.answers]
    finding = Finding("rule", Severity.HIGH, text, text, text)
    change = AccessChange(text, text, Turn.GAINED, "", Word.ALLOW, text, text, text, 7, "2026-11-01T09:00:00", text)
    return Audit(
        as_of=DAY,
        access=replace(found, everybody=hostile, answers=reasons, notes=(text,)) if text else found,
        changes=[change],
        uses=[("2026-11-01T09:00:00", text, text, text, text, text, "refused", text, text)],
        findings=Findings(DAY, RuleSet(1, "d"), (finding,), unknown=(text,)),
        rights=RightsComparison(
            (RightsRow(text, text, "ALLOW", text, text, 3, text),), (RightsFinding("kind", text, text, text),), (text,)
        ),
    )


def report_of(text: str, users: tuple[User, ...] = USERS) -> Report:
    report = audit_report(audit_of(text, users))
    return proven(report, replace(EVIDENCE, data=fingerprint(report), actor=text))


def numbers_of(report: Report) -> dict[str, int]:
    return {
        number.name: number.value for part in report.parts() if isinstance(part, Numbers) for number in part.numbers
    }


def test_the_numbers_are_counted() -> None:
    assert numbers_of(audit_report(audit_of(""))) == {
        "Users": 5, "May": 2, "May not": 3, "Unknown": 0, "Depend on the rule": 1, "From changed": 1, "Findings": 1,
    }  # fmt: skip


def test_those_who_may_come_first_and_every_decision_has_a_path() -> None:
    table = next(table for table in audit_report(audit_of("")).tables() if table.name == "Who may")
    assert [(row[0], row[3]) for row in table.rows] == [
        ("anna", "ALLOW"), ("dora", "ALLOW"), ("björn", "DENY"), ("chen", "DENY"), ("emil", "DENY"),
    ]  # fmt: skip
    assert all(row[-1] for row in table.rows)


def test_there_are_four_pictures_with_their_numbers() -> None:
    drawn = [one for part in audit_report(audit_of("")).parts() if isinstance(part, Pictures) for one in part.pictures]
    assert [one.name for one in drawn] == ["by-path", "by-level", "by-severity", "by-month"]
    told = [pictures.told(pictures.draw(one)) for one in drawn]
    assert told[1].startswith("Administrator: 1 ALLOW; Normal: 1 ALLOW, 3 DENY; ")
    assert told[3] == "2026-11: 1 gained."


def test_what_cannot_be_known_is_not_called_nobody() -> None:
    audit = audit_of("")
    unread = access(Everybody.of(USERS), UPDATE_FROM, (), PermissionRule.DENY_WINS)
    report = audit_report(replace(audit, access=unread, rights=None))
    assert numbers_of(report)["Unknown"] == 3
    summary = " ".join(str(row[2]) for row in next(report.tables()).rows)
    for words in ("of 3 it is not known", "What roles may was not read", "Whether the mail system agrees is not known"):
        assert words in summary


def test_an_accepted_finding_is_shown_and_not_counted_as_open() -> None:
    accepted = Acceptance(rule="rule", subject="x", reason="a relay", owner="Mere", until="2027-01-01")
    row = Finding("rule", Severity.LOW, "x", "odd", "mend it", "2027-01-01")
    audit = replace(audit_of(""), findings=Findings(DAY, RuleSet(1, "d"), (row,), (accepted,)))
    tables = {table.name: table.rows for table in audit_report(audit).tables()}
    assert numbers_of(audit_report(audit))["Findings"] == 0
    assert tables["Findings"][0][-1] == "2027-01-01"
    assert tables["Accepted exceptions"] == [("rule", "x", "a relay", "Mere", "2027-01-01", "yes")]


def test_equal_audits_give_equal_bytes_in_every_form() -> None:
    for draw in (page.html, workbook.xlsx, paper.pdf, lambda report: dict(csv_files(report))):
        assert draw(report_of("x")) == draw(report_of("x"))


def test_a_report_of_nobody_can_be_drawn() -> None:
    nobody = replace(audit_of("", ()), changes=(), uses=(), findings=Findings(DAY, RuleSet(1, "d"), ()), rights=None)
    report = audit_report(nobody)
    assert "There is no user." in page.html(report).decode()
    assert workbook.xlsx(report)
    assert paper.pdf(report).startswith(b"%PDF")


HARMLESS = Read(page.html(report_of("harmless"))).shape


@pytest.mark.parametrize("text", PAYLOADS)
def test_nothing_in_the_page_is_live_whatever_the_text(text: str) -> None:
    read = Read(page.html(report_of(text or "x")))
    assert read.shape == HARMLESS
    names = {name for _, attributes in read.elements for name in attributes}
    assert not [name for name in names if name.startswith("on")]
    assert not names & {"src", "srcset", "action", "formaction", "style"}
    assert all((attributes["href"] or "").startswith("#") for _, attributes in read.elements if "href" in attributes)


@pytest.mark.parametrize("text", [*FORMULAS, *MARKUP])
def test_text_in_the_workbook_is_text_unchanged(text: str) -> None:
    found = list(texts_of(workbook.xlsx(report_of(text))))
    assert {kind for _, kind, _ in found} == {"s", "n"}
    for sheet in ("Who may", "Changes", "Use", "Findings", "Three gates", "Mismatches", "Fingerprints"):
        assert text in [unescaped(str(value)) for title, _, value in found if title == sheet], sheet


@pytest.mark.parametrize("text", [text for text in PAYLOADS if text.strip()])
def test_no_cell_of_a_csv_is_a_formula_and_json_says_it_as_it_is(text: str) -> None:
    report = report_of(text)
    for name, content in csv_files(report):
        rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
        assert {len(row) for row in rows} == {len(rows[0])}, name
        cells = [cell for row in rows for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))], name
    document = json.loads(json_file(audit_report(audit_of(text)), EVIDENCE))
    told = {table["name"]: table["rows"] for table in document["content"]["tables"]}
    assert told["Changes"][0][1] == printable(text)


def test_no_text_is_read_as_markup_on_paper() -> None:
    assert paper.pdf(report_of("\n".join([*FORMULAS, *MARKUP]))).startswith(b"%PDF")
