"""The exports that are measured on: the same every time, whole, and changed by as much as is said."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from benchmarks import exports
from mailadmin.interchange.legacy_exports import read_legacy_export

USERS = 500


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def rows_of(folder: Path, table: str) -> dict[str, list[str]]:
    with (folder / f"{table}.csv").open(encoding="utf-8-sig", newline="") as lines:
        return {row[0]: row for row in list(csv.reader(lines))[1:]}


def test_an_export_is_the_same_every_time_and_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = exports.folder(USERS)
    written = (made / "users.csv").stat().st_mtime_ns
    assert exports.folder(USERS) == made
    assert (made / "users.csv").stat().st_mtime_ns == written
    assert list(made.parent.glob("part-*")) == []

    again = tmp_path / "again"
    again.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(again))
    for file in sorted(made.iterdir()):
        assert (exports.folder(USERS) / file.name).read_bytes() == file.read_bytes()


def test_folder_and_workbook_hold_the_same_and_are_taken_without_a_problem() -> None:
    folder, workbook = (read_legacy_export(make(USERS)) for make in (exports.folder, exports.workbook))
    assert folder.tables == workbook.tables
    assert folder.secrets == workbook.secrets
    assert len(folder.secrets) > 1
    counts = {name: len(rows) for name, rows in folder.tables.items()}
    assert counts == {
        "global_settings": 5,
        "user_preferences": USERS // 10,
        "users": USERS,
        "roles": exports.ROLES,
        "entities": exports.ENTITIES,
        "branches": exports.BRANCHES,
        "cost_centres": exports.COST_CENTRES + 1,
    }


def test_everybody_may_have_preferences() -> None:
    folder = exports.folder(USERS, 1)
    assert rows_of(folder, "user_preferences").keys() == rows_of(folder, "users").keys()


def test_some_weeks_later_rows_are_changed_added_and_removed() -> None:
    users = 5_000
    before, after = (rows_of(exports.folder(users, 1, after=later), "users") for later in (False, True))
    assert len(after.keys() - before.keys()) == users * exports.ADDED
    assert len(before.keys() - after.keys()) == users * exports.REMOVED
    changed = [user for user in before.keys() & after.keys() if before[user] != after[user]]
    assert 0.75 < len(changed) / (users * exports.CHANGED) < 1.25
    assert {sum(map(str.__ne__, before[user], after[user])) for user in changed} == {1}
    left = rows_of(exports.folder(users, 1, after=True), "user_preferences")
    assert left.keys() == before.keys() & after.keys()
