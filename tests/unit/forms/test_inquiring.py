"""Audit: every page answers the question as it stands, says why, and leaves nothing behind; the report is evidence."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from mailadmin.audit.access import Access, Everybody, Question, access
from mailadmin.bootstrap import connect
from mailadmin.domain.messages import Address, Message
from mailadmin.domain.organisation import UserLevel
from mailadmin.domain.permissions import UPDATE_FROM, Decision, RolePermission
from mailadmin.domain.settings import PermissionRule
from mailadmin.errors import NotPermitted
from mailadmin.forms.desk import Desk
from mailadmin.forms.display import Table
from mailadmin.forms.evidence_panel import MEANINGS
from mailadmin.forms.findings_panel import Which
from mailadmin.forms.inquiring import PAGES, AuditForm, Page, audit
from mailadmin.forms.inquiry import Part
from mailadmin.forms.who_may_panel import ONLY, Only, Rows, WhoMayPanel, drawn, since
from mailadmin.forms.work import at_once
from mailadmin.interchange.reports.evidence import MANIFEST
from mailadmin.resolution.provenance import Context
from mailadmin.usecases import reporting, sending
from mailadmin.usecases.preparing import Wish
from tests import sites
from tests.canaries import found_in
from tests.page_words import drawn as widgets_of
from tests.page_words import page, said
from tests.widget_state import alive, states

EVIL = "<img src=x onerror=alert(1)>"
PICTURE = {"img"}
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
SEND_AS = """\
Identity,Trustee,AccessControlType,AccessRights
lending@kowhai.example,Ann,Allow,SendAs
lending@kowhai.example,Nobody Known,Allow,SendAs
"""


@pytest.fixture
def form(desk: Desk) -> AuditForm:
    return audit(desk)


def turn(form: AuditForm, page: Page) -> Any:
    """Press the button of a page; what answers on it."""
    form.buttons[page].click()
    return form.panel


def today(desk: Desk) -> date:
    return desk.app.clock().date()


def who_may(form: AuditForm) -> WhoMayPanel:
    """What answers on the first page."""
    assert isinstance(form.panel, WhoMayPanel)
    return form.panel


def users(panel: Any) -> list[str]:
    return [row[0] for row in panel.table.found]


def handed_in(panel: Any, text: str = SEND_AS, name: str = "sendas.csv") -> None:
    content = text.encode()
    panel.upload.value = (
        {"name": name, "type": "text/csv", "size": len(content), "content": memoryview(content), "last_modified": NOON},
    )


# Who may.


def test_it_opens_with_everybody_who_may(form: AuditForm, desk: Desk) -> None:
    panel: Any = form.panel
    assert users(panel) == ["bob"]
    told = said(panel.summary)
    assert told.startswith(f"{UPDATE_FROM}, as of {today(desk)}: 5 users; 1 ALLOW, 4 DENY. 1 of the answers depend")
    assert f'alt="{UPDATE_FROM}: of 5 users 1 ALLOW, 4 DENY.' in panel.summary.value


@pytest.mark.parametrize(
    ("only", "found"),
    [
        (Only.EVERYBODY, ["ann", "bob", "cia", "dan", "eve"]),
        (Only.HOLDERS, ["bob"]),
        (Only.CONFLICTS, ["cia"]),
        (Only.UNKNOWN, []),
        (Only.FLAGGED, []),
    ],
)
def test_the_filter_leaves_those_who_are_wanted_and_counts_them(form: AuditForm, only: Only, found: list[str]) -> None:
    panel: Any = form.panel
    panel.only.value = only
    assert users(panel) == found
    assert (f"{only} ({len(found)})", only) in panel.only.widget.options


def test_under_another_rule_others_may(form: AuditForm) -> None:
    form.inquiry.fields[Part.RULE].value = PermissionRule.ALLOW_WINS
    assert users(form.panel) == ["bob", "cia"]
    panel: Any = form.panel
    panel.look_at("cia")
    assert "Roles contradict each other" in said(panel.path)
    assert said(panel.path).endswith("Since when is told of the answer now, by the site's rule.")


def test_any_key_of_the_store_can_be_asked_for(desk: Desk, tmp_path: Path) -> None:
    key = "Account.Add"
    rows = ("[[role_permissions]]", 'role = "Trainees"', f'permission_key = "{key}"', 'decision = "Allow"')
    sites.configure(desk.app, tmp_path, sites.rows(*rows))
    form = audit(desk)
    keys = form.inquiry.fields[Part.KEY]
    assert [value for _, value in keys.widget.options] == [UPDATE_FROM, key]
    keys.value = key
    assert users(form.panel) == ["cia"]


def test_a_day_before_the_store_was_made_is_not_known(form: AuditForm, desk: Desk) -> None:
    form.inquiry.fields[Part.DAY].value = today(desk) - timedelta(days=1)
    assert "has its first entry on" in said(form.message)
    form.inquiry.fields[Part.DAY].value = today(desk)
    assert said(form.message) == ""


def test_whoever_is_chosen_is_told_with_path_and_since_when(form: AuditForm, desk: Desk) -> None:
    panel: Any = form.panel
    panel.table.look.value = 0
    told = said(panel.path)
    assert told.startswith("bob Bob ALLOW, because: role Clerks allows. Path of the decision, the deciding row last")
    assert f"1 role_permissions: Clerks / {UPDATE_FROM} / Allow" in told
    assert f"since {today(desk)}" in told
    assert "by the change of tester what was changed user bob added" in told
    panel.only.value = Only.EVERYBODY
    assert said(panel.path) == ""


def test_an_answer_nobody_made_so_is_said() -> None:
    assert "No entry of the audit trail" in since(None)


def crowd(users: int, roles: int) -> Access:
    """So many users, each with one of so many roles."""
    questions = [Question(UserLevel.NORMAL, True, False, False, (f"R{n}",)) for n in range(roles)]
    names = [f"u{n:07}" for n in range(users)]
    says = [RolePermission(role=f"R{n}", permission_key=UPDATE_FROM, decision=Decision.ALLOW) for n in range(roles)]
    codes = array("I", [n % roles for n in range(users)])
    return access(Everybody(names, names, codes, questions), UPDATE_FROM, says, PermissionRule.DENY_WINS, "2026-11-02")


def test_rows_are_made_when_they_are_looked_at() -> None:
    found = crowd(10_000, 2)
    rows = Rows(found, lambda answer: answer.reason == "role R1 allows")
    assert len(rows) == 5_000
    assert rows[0] == ("u0000001", "u0000001", "ALLOW", "role R1 allows", "")
    assert [row[0] for row in rows[1:3]] == ["u0000003", "u0000005"]
    assert [row[0] for row in rows][-1] == "u0009999"


def test_too_many_reasons_for_a_picture_are_a_table() -> None:
    assert not isinstance(drawn(crowd(30, 14)), Table)
    told = drawn(crowd(30, 15))
    assert isinstance(told, Table)
    assert (told.title, len(told.rows)) == ("15 reasons, the most frequent first", 14)


# The other way round.


def test_a_person_is_told_with_all_they_may(form: AuditForm) -> None:
    panel = turn(form, Page.REACH)
    panel.person.choice.value = "bob"
    assert f"key {UPDATE_FROM} ALLOW role Clerks allows" in page(form)
    assert "All that bob may" in page(form)


def test_an_address_is_told_with_everybody_behind_it(form: AuditForm) -> None:
    panel = turn(form, Page.REACH)
    panel.address.value = "lending@kowhai.example"
    panel.show_button.click()
    assert "Everybody who may be behind lending@kowhai.example" in page(form)
    assert "sends as it ann ALLOW" in page(form)
    assert "may change From to it bob ALLOW" in page(form)
    assert "Rights in Exchange are not among them" in page(form)
    panel.address.value = "nobody@else.example"
    panel.show_button.click()
    assert "may change From to it bob ALLOW" in page(form)


def test_what_is_no_address_is_said_at_the_field(form: AuditForm) -> None:
    panel = turn(form, Page.REACH)
    panel.address.value = "lending"
    panel.show_button.click()
    assert said(panel.address.note) == "✗ An address has an @ in it."
    assert said(form.message) == "✗ This is no From address. Enter a whole one, or pick a person."


# What changed, and who did.


def test_changes_are_told_with_whose_change_it_was(form: AuditForm) -> None:
    turn(form, Page.CHANGES)
    assert f"{UPDATE_FROM}: 1 gained, 0 lost, 0 other reason." in page(form)
    assert "bob gained role Clerks allows user bob added tester" in page(form)


def test_days_the_wrong_way_round_are_said_at_the_field(form: AuditForm, desk: Desk) -> None:
    panel = turn(form, Page.CHANGES)
    panel.first.value = today(desk)
    panel.last.value = today(desk) - timedelta(days=1)
    assert said(panel.last.note) == "✗ It is before the first day."
    assert said(form.message) == "✗ The last day is before the first. Exchange the two."
    panel.last.value = None
    assert said(form.message) == ""


def test_whoever_was_refused_is_told(form: AuditForm, desk: Desk) -> None:
    turn(form, Page.USE)
    assert "Nobody changed the From of a message" in page(form)
    message = Message(to=(Address("x@d.test"),), subject="S", text="T")
    with pytest.raises(NotPermitted):
        sending.send(desk.app, message, Context(user="ann"), Wish(sender="other@kowhai.example"))
    desk.tell()
    assert "1 message(s) with another From" in page(form)
    assert "refused" in page(form)


# Findings.


def test_findings_are_filtered_and_told_in_full(form: AuditForm) -> None:
    panel = turn(form, Page.FINDINGS)
    rules = {row[0] for row in panel.table.found}
    assert "conflicting-roles" in rules
    assert "no snapshot was named." in said(panel.summary)
    assert "--" not in said(panel.summary)
    panel.rule.value = "conflicting-roles"
    assert users(panel) == ["conflicting-roles"]
    panel.table.look.value = 0
    assert "One role allows, another denies" in page(form)
    assert "why it matters How they combine is not documented" in page(form)
    assert "what to do Take one of the roles" in page(form)


def test_a_finding_is_accepted_and_withdrawn(form: AuditForm, desk: Desk) -> None:
    panel = turn(form, Page.FINDINGS)
    panel.rule.value = "conflicting-roles"
    panel.table.look.value = 0
    press(form, "Accept")
    assert [said(field.note) for field in (panel.reason, panel.owner, panel.until)] == [
        "✗ Say why.", "✗ Name somebody.", "✗ Choose a last day.",
    ]  # fmt: skip
    panel.reason.value, panel.owner.value = "on purpose", "Mere"
    panel.until.value = today(desk) + timedelta(days=30)
    press(form, "Accept")
    assert said(form.message).startswith("✓ It is accepted: run ")
    assert f"Accepted by Mere until the end of {today(desk) + timedelta(days=30)}: on purpose" in page(form)
    assert users(panel) == []
    panel.which.value = Which.ACCEPTED
    assert users(panel) == ["conflicting-roles"]
    press(form, "Withdraw")
    assert said(form.message).startswith("✓ It is no longer accepted: run ")
    assert users(panel) == []
    assert panel.reason.value == ""


def test_a_last_day_that_has_passed_is_refused(form: AuditForm, desk: Desk) -> None:
    panel = turn(form, Page.FINDINGS)
    panel.table.look.value = 0
    panel.reason.value, panel.owner.value = "on purpose", "Mere"
    panel.until.value = today(desk) - timedelta(days=1)
    press(form, "Accept")
    assert "has passed already" in said(form.message)


def press(form: AuditForm, label: str) -> None:
    """Press the button with this label."""
    next(one for one in widgets_of(form.box) if getattr(one, "description", "") == label).click()


# Rights in Exchange.


def test_exports_are_compared_and_go_into_what_is_asked_afterwards(form: AuditForm) -> None:
    panel = turn(form, Page.RIGHTS)
    panel.compare_button.click()
    assert said(form.message) == "✗ There is no export yet. Choose the files first."
    handed_in(panel)
    assert "Handed in file size sendas.csv 1 KB" in page(form)
    assert "trustee fits nobody 1 Nobody Known" in page(form)
    assert "ann lending@kowhai.example DENY" in page(form)
    assert "there, not here" in page(form)
    reach = turn(form, Page.REACH)
    reach.address.value = "lending@kowhai.example"
    reach.show_button.click()
    assert "mailbox right ann Send As" in page(form)
    panel = turn(form, Page.RIGHTS)
    assert "trustee fits nobody" in page(form)
    panel.forget_button.click()
    assert "trustee fits nobody" not in page(form)
    assert form.inquiry.exports == {}


def test_what_is_no_export_is_said_with_every_problem(form: AuditForm) -> None:
    handed_in(turn(form, Page.RIGHTS), "a,b\n1,2\n")
    assert "is no export of mailbox rights that is known" in said(form.message)


# The report.


def test_the_report_is_written_verified_and_sent(form: AuditForm, desk: Desk, tmp_path: Path) -> None:
    handed_in(turn(form, Page.RIGHTS))
    panel = turn(form, Page.REPORT)
    assert panel.folder.value == f"audit-{today(desk)}"
    panel.folder.value = str(tmp_path / "report")
    panel.mail_button.click()
    assert said(form.message) == f"✗ There is no report in {tmp_path / 'report'}. Write it first."
    panel.write_button.click()
    assert said(form.message) == f"✓ The report is written: {tmp_path / 'report'}"
    written = {path.name for path in (tmp_path / "report").iterdir()}
    assert {"audit.html", "audit.json", "audit.xlsx", "audit-three-gates.csv", MANIFEST} <= written
    assert f"{MANIFEST} " in said(panel.written)
    assert "tables as CSV" in said(panel.written)
    panel.look_button.click()
    assert "E-mail permission audit" in panel.page.value
    assert alive(form) == set()
    panel.verify_button.click()
    assert "files, as they were made. mailadmin evidence: data" in said(form.message)
    (tmp_path / "report" / "audit.json").write_text("{}")
    panel.verify_button.click()
    assert "audit.json: was altered" in said(form.message)


def test_the_pdf_is_attached_to_a_message(form: AuditForm, tmp_path: Path) -> None:
    panel = turn(form, Page.REPORT)
    (tmp_path / "audit.pdf").write_bytes(b"%PDF-1.7\n")
    panel.folder.value = str(tmp_path)
    panel.mail_button.click()
    assert [file.name for file in panel.editor.attachments.files] == ["audit.pdf"]
    assert panel.editor.subject.value.startswith("E-mail permission audit as of ")
    assert "The message is open" in said(form.message)
    assert len(list(widgets_of(form.box))) <= 130


def test_a_report_needs_a_folder_of_its_own(form: AuditForm, tmp_path: Path) -> None:
    panel = turn(form, Page.REPORT)
    panel.folder.value = " "
    panel.write_button.click()
    assert said(panel.folder.note) == "✗ Name a folder."
    panel.folder.value = str(tmp_path)
    panel.write_button.click()
    assert "holds something else" in said(form.message)


def test_a_page_that_is_too_large_or_not_there_is_not_shown(form: AuditForm, tmp_path: Path) -> None:
    panel = turn(form, Page.REPORT)
    panel.folder.value = str(tmp_path)
    panel.look_button.click()
    assert said(form.message) == f"✗ There is no page in {tmp_path}. Write the report first."
    (tmp_path / "audit.html").write_bytes(bytes(4_000_001))
    panel.look_button.click()
    assert said(form.message).startswith("✗ The page holds more than 4.0 MB. Open it in a browser: ")
    assert panel.page.value == ""


def test_a_report_that_is_stopped_leaves_nothing(form: AuditForm, tmp_path: Path) -> None:
    panel = turn(form, Page.REPORT)
    panel.folder.value = str(tmp_path / "report")
    at_last = form.progress.step

    def stop(what: str, *rest: int) -> None:
        if what == "Writing":
            form.progress.stop.click()
        at_last(what, *rest)

    form.progress.step = stop  # type: ignore[method-assign]
    panel.write_button.click()
    assert said(form.message).startswith("! Stopped.")
    assert not (tmp_path / "report").exists()


def test_every_kind_of_file_has_a_meaning(desk: Desk, tmp_path: Path) -> None:
    written = reporting.write_audit_report(desk.app, tmp_path / "report", pdf=False)
    assert {file.suffix for file in written.files} - {".csv"} <= set(MEANINGS)


# All pages.


@pytest.fixture(scope="module")
def evil(kept: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AuditForm]:
    """The form over a site whose names, and exports, are markup."""
    folder = tmp_path_factory.mktemp("evil")
    copytree(kept, folder, dirs_exist_ok=True)
    desk = Desk(connect(folder / "mailadmin.db", environment={}, actor="tester"), runner=at_once)
    person = ["[[users]]", f'user_id = "{EVIL}"', f'name = "{EVIL}"', f'roles = ["{EVIL}", "Clerks"]']
    centre = ["[[cost_centres]]", f'code = "{EVIL}"', "active = false"]
    branch = ["[[branches]]", f'code = "B{EVIL}"', 'entity = "E"', f'cost_centre = "{EVIL}"']
    says = sites.permission(EVIL, "Allow")
    sites.configure(desk.app, folder, sites.rows(*person, *centre, *branch, *says))
    form = audit(desk)
    handed_in(turn(form, Page.RIGHTS), SEND_AS.replace("Nobody Known", EVIL), f"{EVIL}.csv")
    yield form
    desk.close()


@pytest.mark.parametrize("page_", list(Page))
def test_no_secret_and_no_markup_of_others_reaches_a_page(evil: AuditForm, page_: Page) -> None:
    form = evil
    panel = turn(form, page_)
    match page_:
        case Page.WHO_MAY:
            panel.look_at(EVIL)
        case Page.REACH:
            panel.of_user(EVIL)
        case Page.FINDINGS:
            panel.rule.value = "inactive-cost-centre"
            panel.table.look.value = 0
        case _:
            pass
    assert (EVIL in page(form)) is (page_ not in (Page.USE, Page.REPORT))
    assert alive(form) - PICTURE == set()
    assert found_in(states(form).encode()) == set()
    assert "hmac:" not in states(form)


def test_a_page_is_few_widgets_and_shows_the_parts_of_the_question_that_count(form: AuditForm) -> None:
    for one, made in PAGES.items():
        turn(form, one)
        fields = form.inquiry.fields.items()
        assert [part for part, field in fields if field.box.layout.display != "none"] == list(made.parts)
        assert [page_ for page_, button in form.buttons.items() if button.button_style] == [one]
        assert len(list(widgets_of(form.box))) <= 80


def test_a_question_that_changes_meanwhile_is_asked_again(desk: Desk) -> None:
    waiting: list[Any] = []
    desk.runner = waiting.append
    form = audit(desk)
    panel = who_may(form)
    form.inquiry.fields[Part.RULE].value = PermissionRule.ALLOW_WINS
    assert len(waiting) == 1
    waiting.pop()()
    assert panel.access is None
    waiting.pop()()
    assert users(panel) == ["bob", "cia"]
    panel.look_at("cia")
    panel.only.value = Only.EVERYBODY
    form.inquiry.fields[Part.RULE].value = None
    waiting.pop()()
    panel.look_at("cia")
    form.inquiry.fields[Part.DAY].value = today(desk)
    waiting.pop()()
    assert said(panel.path) == ""
    waiting.pop()()
    assert panel.access is not None
    assert panel.access.as_of == str(today(desk))


def test_whoever_turns_the_page_does_not_wait_for_the_answer(desk: Desk) -> None:
    waiting: list[Any] = []
    desk.runner = waiting.append
    form = audit(desk)
    form.buttons[Page.FINDINGS].click()
    form.buttons[Page.USE].click()
    assert said(form.heading) == "Who may, and by which path?"
    waiting.pop()()
    assert said(form.heading) == "Who sent with another From, and was allowed to by what?"
    assert said(form.message) == ""
    waiting.pop()()
    assert "Nobody changed the From of a message" in page(form)
    assert waiting == []


def test_nobody_leaves_a_report_while_it_is_written(desk: Desk, tmp_path: Path) -> None:
    form = audit(desk)
    panel = turn(form, Page.REPORT)
    panel.folder.value = str(tmp_path / "report")
    waiting: list[Any] = []
    form.progress._runner = waiting.append
    panel.write_button.click()
    form.buttons[Page.USE].click()
    assert said(form.message) == "! Something is still running: wait for it, or stop it."
    waiting.pop()()
    assert said(form.message).startswith("✓ The report is written")


def test_the_title_stands_for_the_form(form: AuditForm) -> None:
    assert repr(form) == "Form: Audit: who may change From, and what ought not to be so"
    assert set(ONLY) == set(Only)
