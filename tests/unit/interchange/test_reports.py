"""A migration report says one thing in three forms, the same bytes every time, and never a secret."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from mailadmin.bootstrap import App, connect
from mailadmin.errors import BadInput, StalePlan
from mailadmin.interchange.legacy_exports import read_legacy_export
from mailadmin.interchange.reports import page, paper, pictures, workbook
from mailadmin.interchange.reports.migration import migration_report
from mailadmin.interchange.reports.migration_report import MigrationReport
from mailadmin.interchange.reports.tables import Table
from mailadmin.migration.plan import Anchor
from mailadmin.usecases import keeping, migrating, reporting
from tests.cli import SAMPLE, Desk
from tests.engines import missing
from tests.unit.interchange.test_reports_hostile import Read, hostile_report, scripts

ENDINGS = ("html", "xlsx", "pdf")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    """The sample company, planned and not applied."""
    folder = tmp_path_factory.mktemp("report")
    made = connect(
        folder / "mailadmin.db", environment={}, clock=lambda: datetime.fromisoformat("2026-11-23T09:00:00Z")
    )
    keeping.create_key(made)
    snapshot = migrating.take_snapshot(made, SAMPLE / "kowhai-csv")
    migrating.make_plan(made, snapshot, out=folder / "plan.json")
    return made


@pytest.fixture(scope="module")
def plan_file(app: App) -> Path:
    return Path(str(app.store.engine.url.database)).with_name("plan.json")


@pytest.fixture(scope="module")
def report(app: App, plan_file: Path) -> MigrationReport:
    plan = migrating.load_plan(app, plan_file)
    snapshot = migrating.load_snapshot(app, plan.snapshot_id)
    return migration_report(plan, migrating.effects(app, plan), snapshot)


@pytest.fixture(scope="module")
def drawn(report: MigrationReport) -> dict[str, bytes]:
    return {
        "html": page.html(report.report()),
        "xlsx": workbook.xlsx(report.report()),
        "pdf": paper.pdf(report.report()),
    }


def paper_text(written: bytes) -> str:
    """What a reader of the PDF can select."""
    if shutil.which("pdftotext") is None:
        missing("poppler-utils")
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=written, capture_output=True, check=True)
    return done.stdout.decode()


def sheet_of(written: bytes, title: str) -> list[tuple[Any, ...]]:
    return list(load_workbook(io.BytesIO(written))[title].iter_rows(values_only=True))


def test_the_numbers_are_those_of_the_resolvers(app: App, plan_file: Path, report: MigrationReport) -> None:
    plan = migrating.load_plan(app, plan_file)
    effects = migrating.effects(app, plan)
    summary = effects.summary()
    numbers = {number.name: number.value for number in report.numbers}
    assert numbers == {
        "Compared": 402,
        "Could send": sum(one.before.status == "ready" for one in effects),
        "Can send": sum(one.after.status == "ready" for one in effects),
        "Stop sending": summary["stop sending"],
        "Need input": summary["need input"],
        "Manual actions": len(plan.manual_actions),
        "Rows written": len(plan.operations),
    }
    assert {str(row[0]): int(str(row[1])) + int(str(row[2])) for row in report.summary.rows} == dict(summary)
    assert sum(path.number for path in report.paths) == sum(sum(one.counts) for one in report.branches) == 402
    assert len(report.effects.rows) == 402
    assert len(report.explained) == 3


def test_those_who_need_attention_come_first(report: MigrationReport) -> None:
    kinds = [row[3] for row in report.effects.rows]
    assert kinds == sorted(kinds, key=lambda kind: report.kinds.index(str(kind)))
    assert kinds[0] == "stop sending"
    assert kinds[-1] == "same"


def test_every_changed_field_is_told(app: App, plan_file: Path, report: MigrationReport) -> None:
    effects = migrating.effects(app, migrating.load_plan(app, plan_file))
    told = {row[0]: str(row[6]) for row in report.effects.rows}
    for subject in effects.users():
        changed = [e for e in subject.rows() if e.change != "same" and e.field not in ("service", "status")]
        assert told[subject.user_id].count("→") == len(changed), subject.user_id


def test_the_three_forms_say_the_same_numbers(report: MigrationReport, drawn: dict[str, bytes]) -> None:
    text = " ".join(Read(drawn["html"]).texts)
    summary = {row[0]: row[1] for row in sheet_of(drawn["xlsx"], "Summary")}
    printed = paper_text(drawn["pdf"])
    for number in report.numbers:
        assert f"{number.name} {number.value:,} {number.note}" in text
        assert summary[number.name] == number.value
        assert re.search(rf"(?<!\d){number.value}(?!\d)", printed)
    effects = {row[0]: row[1] for row in sheet_of(drawn["xlsx"], "By effect")}
    for kind, users, *_ in report.summary.rows:
        assert effects[kind] == users
        assert re.search(
            rf"{kind}\s+{users}\s", re.sub(r"still cannot(\s+\d+.*\n\s*)send", r"still cannot send\1", printed)
        )
    proof = {str(row[0]): str(row[1]) for row in report.proof.rows}
    for value in (proof["Plan hash (SHA-256)"], proof["Snapshot fingerprint (SHA-256)"], proof["Plan made with"]):
        assert value in text
        assert value in {row[1] for row in sheet_of(drawn["xlsx"], "Fingerprints")}
        assert value in re.sub(r"\s", "", printed) or value in printed


def test_the_three_forms_have_every_action_finding_and_dropped_setting(
    report: MigrationReport, drawn: dict[str, bytes]
) -> None:
    text = "".join(Read(drawn["html"]).texts)
    printed = re.sub(r"\s", "", paper_text(drawn["pdf"]))
    for title, table in (
        ("Manual actions", report.actions), ("Findings", report.findings), ("Dropped settings", report.dropped),
    ):  # fmt: skip
        assert table.rows
        sheet = sheet_of(drawn["xlsx"], title)
        assert sheet[0] == tuple(column.name for column in table.columns)
        assert len(sheet) == len(table.rows) + 1
        for row in table.rows:
            first = next(cell for cell in row if isinstance(cell, str) and len(cell) > 10)
            assert first in text
            assert first in [cell for line in sheet for cell in line]
            assert first.split()[0] in printed


def test_owner_and_date_are_empty_to_be_filled_in(report: MigrationReport, drawn: dict[str, bytes]) -> None:
    header, *rows = sheet_of(drawn["xlsx"], "Manual actions")
    assert header[-2:] == ("Owner", "Done on")
    assert {row[-2:] for row in rows} == {(None, None)}
    fields = [attributes for tag, attributes in Read(drawn["html"]).elements if tag == "input"]
    labels = [attributes.get("aria-label") for attributes in fields if attributes["type"] in ("text", "date")]
    assert labels == [f"{name}, action {n}" for n in range(1, len(rows) + 1) for name in ("Owner", "Done on")]
    assert not [attributes for attributes in fields if attributes.get("value")]


def test_everybody_concerned_is_in_the_workbook(report: MigrationReport, drawn: dict[str, bytes]) -> None:
    names = sheet_of(drawn["xlsx"], "Names")
    expected = [
        (title, name)
        for title, table in (("Manual actions", report.actions), ("Findings", report.findings),
                             ("Dropped settings", report.dropped), ("Left alone", report.left_alone))
        for row in table.rows for cell in row if isinstance(cell, tuple) for name in cell
    ]  # fmt: skip
    assert [(row[0], row[2]) for row in names[1:]] == expected


def test_the_workbook_is_typed_filtered_and_frozen(drawn: dict[str, bytes]) -> None:
    book = load_workbook(io.BytesIO(drawn["xlsx"]))
    for sheet in book:
        assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", sheet.dimensions), sheet.title
        assert all(cell.font.b and cell.data_type == "s" for cell in sheet[1])
        types = {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None}
        assert types <= {"s", "n"}
    users = [cell.value for cell in book["Effects"]["A"]]
    assert "00000" in users, "leading zeros stay"
    assert book["By branch"]["B2"].number_format == "#,##0"


def test_the_page_without_its_script_is_its_first_rows_and_says_so(drawn: dict[str, bytes]) -> None:
    written = drawn["html"].decode()
    table = written[written.index('id="effects-table"') :].partition("</table>")[0]
    assert table.count("<tr>") == 1 + 50
    assert "These are the first 50 of 402 rows." in written
    assert len(json.loads(scripts(drawn["html"])[0])["columns"]) == 8


def test_the_pictures_say_their_numbers_in_words(report: MigrationReport) -> None:
    old_to_new, by_branch = pictures.draw(report.old_to_new), pictures.draw(report.by_branch)
    for picture in (old_to_new, by_branch):
        assert picture.startswith("<svg ")
        assert 'role="img"' in picture
        assert "<title id=" in picture
    assert "SMTP, ready to SMTP, incomplete: 24" in pictures.told(old_to_new)
    assert "web configurations: 2 same" in pictures.told(by_branch)


def test_no_secret_is_in_any_form(drawn: dict[str, bytes]) -> None:
    secrets = set(read_legacy_export(SAMPLE / "kowhai-csv").secrets.values())
    assert len(secrets) > 50
    with zipfile.ZipFile(io.BytesIO(drawn["xlsx"])) as archive:
        sheets = "".join(archive.read(name).decode() for name in archive.namelist())
    for form, text in (("html", drawn["html"].decode()), ("xlsx", sheets), ("pdf", paper_text(drawn["pdf"]))):
        assert not [secret for secret in secrets if secret in text], form
        assert "hmac:" not in text


def test_the_same_report_gives_the_same_bytes(report: MigrationReport, drawn: dict[str, bytes]) -> None:
    assert {
        "html": page.html(report.report()),
        "xlsx": workbook.xlsx(report.report()),
        "pdf": paper.pdf(report.report()),
    } == drawn


def test_the_same_plan_gives_the_same_bytes_in_another_process(
    app: App, plan_file: Path, drawn: dict[str, bytes], tmp_path: Path
) -> None:
    database = str(app.store.engine.url.database)
    for seed, zone in (("1", "Pacific/Auckland"), ("2", "America/New_York")):
        words = ["--store", database, "report", "migration", str(plan_file), "--out", str(tmp_path / seed)]
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C.UTF-8"}
        subprocess.run(
            [sys.executable, "-m", "mailadmin.cli", *words], check=True, env=environment, capture_output=True
        )
        for ending in ENDINGS:
            found = (tmp_path / seed / f"migration.{ending}").read_bytes()
            assert sha256(found).hexdigest() == sha256(drawn[ending]).hexdigest(), ending


def test_no_file_holds_the_time_of_its_writing(drawn: dict[str, bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(drawn["xlsx"])) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    properties = load_workbook(io.BytesIO(drawn["xlsx"])).properties
    assert properties.created == properties.modified == datetime(2026, 11, 23)
    assert b"D:20261123000000" in drawn["pdf"]


def test_the_date_is_the_plans_unless_another_is_given(app: App, plan_file: Path, tmp_path: Path) -> None:
    for given, expected in ((None, "23 November 2026"), (date(2027, 1, 2), "2 January 2027")):
        reporting.write_migration_report(app, plan_file, tmp_path, as_of=given, pdf=True)
        assert f"As of {expected}" in (tmp_path / "migration.html").read_text()
        assert expected in paper_text((tmp_path / "migration.pdf").read_bytes())
        book = load_workbook(tmp_path / "migration.xlsx")
        assert book.properties.created.date() == (given or date(2026, 11, 23))


def test_text_in_a_script_our_font_does_not_know_still_gives_a_pdf() -> None:
    assert paper.pdf(hostile_report("陳大文 王小明 😀").report()).startswith(b"%PDF")


def test_a_report_of_nobody_can_be_drawn() -> None:
    full = hostile_report("x")
    nothing = Table("Nothing", full.effects.columns, [], "Nobody is concerned.")
    empty = MigrationReport(
        **{
            **{name: getattr(full, name) for name in full.__slots__},
            **dict.fromkeys(("paths", "branches", "explained", "sentences", "numbers"), ()),
            **dict.fromkeys(("effects", "actions", "findings", "dropped", "left_alone", "written"), nothing),
        }
    )
    assert "Nobody is concerned." in page.html(empty.report()).decode()
    assert workbook.xlsx(empty.report())
    assert paper.pdf(empty.report()).startswith(b"%PDF")


def test_files_are_private_and_a_link_is_not_followed(app: App, plan_file: Path, tmp_path: Path) -> None:
    written = reporting.write_migration_report(app, plan_file, tmp_path / "a" / "b", pdf=False)
    assert [file.name for file in written.files] == ["migration.html", "migration.xlsx"]
    assert {file.stat().st_mode & 0o777 for file in written.files} == {0o600}
    (tmp_path / "elsewhere").write_text("kept")
    (tmp_path / "migration.html").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadInput, match="link"):
        reporting.write_migration_report(app, plan_file, tmp_path, pdf=False)
    assert (tmp_path / "elsewhere").read_text() == "kept"


def test_without_typst_there_is_no_pdf_and_a_word_about_it(
    app: App, plan_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper, "find_spec", lambda name: None)
    written = reporting.write_migration_report(app, plan_file, tmp_path)
    assert [file.name for file in written.files] == ["migration.html", "migration.xlsx"]
    assert written.notes == ("no PDF was written. For PDF reports: pip install 'mailadmin[pdf]'",)
    with pytest.raises(BadInput, match=re.escape("pip install 'mailadmin[pdf]'")):
        reporting.write_migration_report(app, plan_file, tmp_path / "none", pdf=True)
    assert not (tmp_path / "none").exists()


def test_a_pdf_of_an_earlier_report_is_not_passed_off_as_this_ones(app: App, plan_file: Path, tmp_path: Path) -> None:
    reporting.write_migration_report(app, plan_file, tmp_path, pdf=True)
    written = reporting.write_migration_report(app, plan_file, tmp_path, pdf=False)
    assert written.notes == (f"{tmp_path / 'migration.pdf'} is from an earlier report.",)


def test_the_command_writes_the_files_and_refuses_other_plans(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.migrate()
    said = desk("report", "migration", desk.file("plan.json"), "--out", desk.file("out"), "--as-of", "2026-12-24")
    assert [line.partition(":")[0] for line in said.out.splitlines()] == [
        str(desk.file("out") / f"migration.{ending}") for ending in ENDINGS
    ], "also after the plan was applied"
    assert "As of 24 December 2026" in (desk.file("out") / "migration.html").read_text()
    desk("rollback", "--out", desk.file("back.json"))
    assert "rollback plan" in desk("report", "migration", desk.file("back.json"), code=2).error
    assert desk("report", "migration", desk.file("plan.json"), "--as-of", "tomorrow", code=2).error


def test_where_the_audit_trail_ended_is_among_the_fingerprints(app: App, plan_file: Path) -> None:
    """A later look at the trail can hold it to that; plans of older versions do not know."""
    plan = migrating.load_plan(app, plan_file)
    effects, snapshot = migrating.effects(app, plan), migrating.load_snapshot(app, plan.snapshot_id)
    anchors = (plan.anchor, Anchor(786, "c0ffee"), None)
    told = [dict(migration_report(replace(plan, anchor=a), effects, snapshot).proof.rows) for a in anchors]
    assert [found.get("Audit trail when planned") for found in told] == ["no entry yet", "entry 786, c0ffee", None]


def test_a_stale_plan_has_no_report(app: App, plan_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def moved(*_: object) -> None:
        raise StalePlan(["row"])

    monkeypatch.setattr(migrating, "check_fresh", moved)
    with pytest.raises(StalePlan):
        reporting.write_migration_report(app, plan_file, tmp_path / "none")
    assert not (tmp_path / "none").exists()
