"""An audit handed in as evidence: the same bytes for the same day, and whatever is done to it afterwards is found."""

from __future__ import annotations

import csv
import io
import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from mailadmin import bootstrap
from mailadmin.bootstrap import App, connect
from mailadmin.domain.canonical import sha256
from mailadmin.errors import BadInput, KeyNeeded, MailAdminError, Tampered, UnknownName, WrongStore
from mailadmin.interchange.reports.evidence import MANIFEST, Manifest, told_of
from mailadmin.interchange.reports.marks import MARKED, mark_of
from mailadmin.storage.keys import KEY_VARIABLE, new_key
from mailadmin.usecases import inspecting, notebooks, reporting
from tests.cli import SAMPLE, Desk
from tests.contract import test_tampered

SMALL = SAMPLE / "kowhai-small.json"
NAME = "audit-who-may.csv"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A small migrated company, and two reports on it, of two days."""
    made = Desk(tmp_path_factory.mktemp("evidence"))
    made.migrate(SMALL)
    for name, day in (("report", day_of(made)), ("other", "2030-01-01")):
        made("report", "audit", "--out", made.file(name), "--as-of", day)
    return made


def day_of(desk: Desk) -> str:
    """The day the store was filled."""
    with closing(sqlite3.connect(desk.store)) as database:
        return str(database.execute("SELECT max(at) FROM audit_trail").fetchone()[0])[:10]


@pytest.fixture
def copied(desk: Desk, tmp_path: Path) -> Desk:
    """Store, key and reports, to be tampered with."""
    shutil.copytree(desk.folder, tmp_path / "copy")
    return Desk(tmp_path / "copy")


def test_every_file_is_there_and_whole(desk: Desk) -> None:
    said = desk("report", "verify", desk.file("report"))
    files = {path.name for path in desk.file("report").iterdir()}
    assert said.out.startswith(f"{len(files) - 1} files, as they were made. mailadmin evidence: data ")
    assert {path.rpartition(".")[2] for path in files} == {"html", "xlsx", "pdf", "csv", "json"}
    assert {path.stat().st_mode & 0o777 for path in desk.file("report").iterdir()} == {0o600}


def test_every_file_carries_the_mark(desk: Desk) -> None:
    manifest = Manifest.of((desk.file("report") / MANIFEST).read_bytes())
    evidence = manifest.evidence
    for name in manifest.files:
        assert mark_of(name, (desk.file("report") / name).read_bytes()) == evidence.mark, name
    for told in (evidence.data, str(evidence.anchor), evidence.tool, evidence.rules, evidence.actor, evidence.as_of):
        assert told in evidence.mark


def test_the_mark_of_what_is_no_report_is_empty() -> None:
    for ending in MARKED:
        for content in (b"", b"\xff\xfe", b"{}", b"[[[", b"PK\x03\x04", b"<meta name='x'>", b"a,b\r\n"):
            assert not mark_of(f"x.{ending}", content).startswith("mailadmin")
    assert mark_of("x.txt", b"mailadmin evidence") == ""


def test_the_json_is_all_of_it_and_its_fingerprint_can_be_worked_out(desk: Desk) -> None:
    document = json.loads((desk.file("report") / "audit.json").read_text())
    assert sha256(document["content"]) == document["evidence"]["data"]
    for table in document["content"]["tables"]:
        name = "-".join(table["name"].casefold().split())
        rows = list(csv.reader(io.StringIO((desk.file("report") / f"audit-{name}.csv").read_text(), newline="")))
        assert rows[0][:-1] == table["columns"]
        told = [[cell.removeprefix("'") for cell in row[:-1]] for row in rows[1:]]
        assert told == [[str(cell) for cell in row] for row in table["rows"]], name


def test_the_same_day_gives_the_same_bytes(desk: Desk, tmp_path: Path) -> None:
    desk("report", "audit", "--out", tmp_path / "again", "--as-of", day_of(desk))
    for path in desk.file("report").iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes(), path.name


def flipped(name: str) -> Callable[[Desk], None]:
    def tamper(desk: Desk) -> None:
        file = desk.file("report") / name
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)

    return tamper


def swap(desk: Desk) -> None:
    shutil.copy(desk.file("other") / NAME, desk.file("report") / NAME)


def swap_html(desk: Desk) -> None:
    shutil.copy(desk.file("other") / "audit.html", desk.file("report") / "audit.html")


def remove(desk: Desk) -> None:
    (desk.file("report") / NAME).unlink()


def add(desk: Desk) -> None:
    (desk.file("report") / "audit-more.csv").write_text("a,b\r\n")


def link(desk: Desk) -> None:
    file = desk.file("report") / NAME
    file.rename(desk.file("elsewhere.csv"))
    file.symlink_to(desk.file("elsewhere.csv"))


def remove_manifest(desk: Desk) -> None:
    (desk.file("report") / MANIFEST).unlink()


def rewrite(desk: Desk, change: Callable[[dict[str, Any]], None]) -> None:
    """Write a changed manifest, as mailadmin would."""
    file = desk.file("report") / MANIFEST
    document = json.loads(file.read_text())
    change(document)
    file.write_text(json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


def rewrite_manifest(desk: Desk) -> None:
    rewrite(desk, lambda document: document["evidence"].update(actor="eve"))


def edit_file_and_manifest(desk: Desk) -> None:
    file = desk.file("report") / NAME
    file.write_text(file.read_text().replace("DENY", "ALLOW"))
    digest, size = told_of(file.read_bytes())
    rewrite(desk, lambda document: document["files"].update({NAME: {"sha256": digest, "size": size}}))


def take_off_the_seal(desk: Desk) -> None:
    rewrite(desk, lambda document: document.update(seal=None))


def add_to_manifest(desk: Desk) -> None:
    rewrite(desk, lambda document: document.update(note="all is well"))


def swap_manifest(desk: Desk) -> None:
    shutil.copy(desk.file("other") / MANIFEST, desk.file("report") / MANIFEST)


def cut_the_trail(desk: Desk) -> None:
    with closing(sqlite3.connect(desk.store, isolation_level=None)) as database:
        database.execute("DELETE FROM audit_trail WHERE seq = (SELECT max(seq) FROM audit_trail)")


TAMPERED: dict[str, tuple[Callable[[Desk], None], str]] = {
    "a bit of the page": (flipped("audit.html"), "audit.html: was altered"),
    "a bit of the workbook": (flipped("audit.xlsx"), "audit.xlsx: was altered"),
    "a bit of the PDF": (flipped("audit.pdf"), "audit.pdf: was altered"),
    "a bit of the JSON": (flipped("audit.json"), "audit.json: was altered"),
    "a bit of a CSV": (flipped(NAME), f"{NAME}: was altered"),
    "a bit of the manifest": (flipped(MANIFEST), MANIFEST),
    "a table of another report": (swap, f"{NAME}: was altered"),
    "the page of another report": (swap_html, "audit.html: was altered"),
    "the manifest of another report": (swap_manifest, "audit.html: was altered"),
    "a file less": (remove, f"{NAME}: is missing"),
    "a file more": (add, "audit-more.csv: was added"),
    "a link in place of a file": (link, f"{NAME}: was altered"),
    "no manifest": (remove_manifest, f"{MANIFEST} is missing"),
    "the manifest rewritten": (rewrite_manifest, f"{MANIFEST} has a seal that does not fit"),
    "something added to the manifest": (add_to_manifest, f"{MANIFEST} is not as mailadmin wrote it"),
    "file and manifest alike": (edit_file_and_manifest, f"{MANIFEST} has a seal that does not fit"),
    "the seal taken off": (take_off_the_seal, f"{MANIFEST} is unsealed"),
    "the trail cut": (cut_the_trail, "audit trail"),
}
"""TABLE: what was done to a report, and what is said of it."""


@pytest.mark.parametrize("what", TAMPERED)
def test_whatever_was_done_to_a_report_is_found(copied: Desk, what: str) -> None:
    tamper, expected = TAMPERED[what]
    tamper(copied)
    assert expected in copied("report", "verify", copied.file("report"), code=3).error


def test_everything_wrong_is_named_at_once(copied: Desk) -> None:
    for tamper in (flipped("audit.html"), remove, add):
        tamper(copied)
    said = copied("report", "verify", copied.file("report"), code=3).error
    for name in ("audit.html: was altered", f"{NAME}: is missing", "audit-more.csv: was added"):
        assert name in said


def test_another_stores_key_does_not_vouch_for_it(copied: Desk, tmp_path: Path) -> None:
    other = Desk(tmp_path / "other")
    other.folder.mkdir()
    other.migrate(SMALL)
    with closing(connect(other.store, environment={})) as app, pytest.raises(WrongStore):
        inspecting.verify_report(app, copied.file("report"))
    manifest = Manifest.of((copied.file("report") / MANIFEST).read_bytes())
    with closing(connect(other.store, environment={})) as app, pytest.raises(Tampered, match="does not fit"):
        manifest.check_seal(app.seal())


def test_without_the_key_it_is_not_called_whole(copied: Desk) -> None:
    copied.store.with_suffix(".key").unlink()
    with closing(connect(copied.store, environment={})) as app, pytest.raises(KeyNeeded):
        inspecting.verify_report(app, copied.file("report"))


def test_an_unsealed_report_says_so_and_a_forged_one_is_known_by_its_marks(tmp_path: Path) -> None:
    """Without a key manifest and file can be altered alike, but not by a file of another report."""
    desk = Desk(tmp_path)
    desk("snapshot", "take", SMALL, "--no-secrets", "--out", desk.file("before.json"))
    desk("plan", desk.file("before.json"), "--out", desk.file("plan.json"))
    desk("apply", desk.file("plan.json"), "--confirm", json.loads(desk.file("plan.json").read_text())["plan_hash"][:8])
    said = desk("report", "audit", "--out", desk.file("report"), "--no-pdf", "--as-of", day_of(desk))
    assert reporting.NO_KEY in said.error
    assert reporting.NO_KEY in desk("report", "verify", desk.file("report")).error
    desk("report", "audit", "--out", desk.file("other"), "--no-pdf", "--as-of", "2030-01-01")
    swap(desk)
    edit_file_and_manifest(desk)
    assert f"{NAME}: does not carry the mark" in desk("report", "verify", desk.file("report"), code=3).error
    desk("key", "create")
    desk("secret", "set", "GLOBAL", "SMTP", "password", typed="secret\nsecret\n")
    assert "is unsealed" in desk("report", "verify", desk.file("report"), code=3).error


def test_a_folder_with_something_else_in_it_is_refused(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    said = desk("report", "audit", "--out", tmp_path, "--as-of", day_of(desk), "--no-pdf", code=2).error
    assert "notes.txt" in said
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    assert "is not a folder" in desk("report", "verify", tmp_path / "nowhere", code=2).error


def test_a_day_before_the_store_is_refused(desk: Desk, tmp_path: Path) -> None:
    desk("report", "audit", "--out", tmp_path / "new", "--as-of", "2001-01-01", code=2)
    assert not (tmp_path / "new").exists()


def test_the_forms_say_the_same(desk: Desk) -> None:
    rows = desk("audit", "permission", "--format", "csv").rows()
    book = load_workbook(desk.file("report") / "audit.xlsx")
    told = {str(row[0]): (row[3], row[4]) for row in book["Who may"].iter_rows(min_row=2, values_only=True)}
    assert told == {row["user_id"]: (row["decision"], row["reason"]) for row in rows}
    for sheet in book.worksheets:
        assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", sheet.dimensions), sheet.title
        assert not sheet["A2"].font.b


def test_what_was_altered_behind_the_stores_back_is_never_reported(tmp_path: Path) -> None:
    """Single flipped bits in the pages of governed tables."""
    assert unnoticed(tmp_path, 400, seed=1) == []


def unnoticed(folder: Path, flips: int, seed: int) -> list[str]:
    """Flips that changed a governed row, and of which an audit says nothing."""
    dice = random.Random(seed)  # noqa: S311
    file, environment = folder / "mailadmin.db", {KEY_VARIABLE: new_key().text()}
    test_tampered._fill(file, environment)
    whole, expected = file.read_bytes(), test_tampered._content(file)
    pages, found = sorted(test_tampered._pages(file, whole)), []
    for _ in range(flips):
        page, at, bit = dice.choice(pages), dice.randrange(test_tampered.PAGE), dice.randrange(8)
        damaged = bytearray(whole)
        damaged[(page - 1) * test_tampered.PAGE + at] ^= 1 << bit
        file.write_bytes(damaged)
        if test_tampered._content(file) != expected and not _refused(file, environment):
            found.append(f"page {page}, byte {at}, bit {bit}")
    return found


def _refused(file: Path, environment: dict[str, str]) -> bool:
    try:
        app = bootstrap.connect(file, environment=environment, actor="anna")
    except MailAdminError:
        return True
    try:
        reporting.audit(app, date(2100, 1, 1))
    except MailAdminError:
        return True
    finally:
        app.close()
    return False


# The notebook.


def test_the_notebook_is_run_and_shown_without_code(desk: Desk, tmp_path: Path) -> None:
    desk("report", "audit", "--out", tmp_path / "a", "--as-of", day_of(desk), "--notebook", "--no-pdf")
    assert " files, as they were made." in desk("report", "verify", tmp_path / "a").out
    notebook = json.loads((tmp_path / "a" / "3-audit.ipynb").read_text())
    assert set(notebook["metadata"]) == {"kernelspec", "language_info", "mailadmin"}
    page = (tmp_path / "a" / "3-audit.html").read_text()
    assert "Who may: Messaging.Email.UpdateFrom" in page
    assert "shown.holders" not in page
    assert "<script" not in page
    assert "default-src 'none'" in page


@pytest.fixture
def app(desk: Desk) -> Any:
    with closing(connect(desk.store, environment={})) as opened:
        yield opened


def test_a_parameter_the_notebook_does_not_have_is_refused(app: App) -> None:
    with pytest.raises(UnknownName, match="password"):
        notebooks.run(app, "3-audit", {"password": "x"}, mark="")


def test_a_cell_that_fails_is_said_with_its_reason(app: App) -> None:
    with pytest.raises(BadInput, match=r"3-audit\.ipynb stopped: ValueError"):
        notebooks.run(app, "3-audit", {"as_of": "no day", "key": "K"}, mark="")
