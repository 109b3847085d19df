"""The row a problem is about, its cell marked; what is or could be a secret is not shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import Workbook

from mailadmin.errors import Problem, SourceRejected
from mailadmin.interchange.extracts import Extract, Where, extracts, where_of
from mailadmin.interchange.legacy_exports import read_legacy_export
from tests.canaries import canary, exported


def problems_of(source: Path) -> tuple[Problem, ...]:
    with pytest.raises(SourceRejected) as caught:
        read_legacy_export(source)
    return tuple(caught.value.problems)


def test_a_cell_of_a_folder(tmp_path: Path) -> None:
    folder = exported(tmp_path / "export")
    folder.mkdir()
    (folder / "users.csv").write_text("user_id,name,active\nann,Ann,Y\nbob,Bob,maybe\n")
    secret = canary().replace('"', "")
    (folder / "user_preferences.csv").write_text(f"user_id,EmailSmtpPassword,EmailSmtpPort\nann,{secret},abc\n")
    problems = problems_of(folder)
    found = extracts(folder, problems)
    assert [where_of(problem) for problem in problems] == [
        Where("user_preferences.csv", "", "2", "EmailSmtpPort"),
        Where("users.csv", "", "3", "active"),
    ]
    assert [found[problem.where] for problem in problems] == [
        Extract(("user_id", "EmailSmtpPassword", "EmailSmtpPort"), ("ann", "set", "abc"), 2),
        Extract(("user_id", "name", "active"), ("bob", "Bob", "maybe"), 2),
    ]


def test_a_cell_of_a_workbook(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "users"
    for row in (("user_id", "name", "active"), ("ann", "Ann", "maybe")):
        sheet.append(row)
    book.save(tmp_path / "book.xlsx")
    book.close()
    (problem,) = problems_of(tmp_path / "book.xlsx")
    assert where_of(problem) == Where("book.xlsx", "users", "2", "active")
    assert extracts(tmp_path / "book.xlsx", [problem])[problem.where].cells == ("ann", "Ann", "maybe")


def test_a_value_of_a_document_and_of_a_long_table(tmp_path: Path) -> None:
    secret = canary()
    file = exported(tmp_path / "export.json")
    file.write_text(
        '{"global_settings": [{"property": "EmailSmtpPort", "value": "abc"}, '
        f'{{"property": "EmailSmtpPasswort", "value": "{secret[:19]}"}}]}}'
    )
    first, second = problems_of(file)
    assert where_of(first) == Where("export.json", "global_settings", "0", "EmailSmtpPort")
    found = extracts(file, [first, second])
    assert found[first.where] == Extract(("property", "value"), ("EmailSmtpPort", "abc"), 1)
    assert found[second.where] == Extract(("property", "value"), ("EmailSmtpPasswort", "set"), 0)


def test_columns_nobody_knows_are_not_shown(tmp_path: Path) -> None:
    folder = exported(tmp_path / "export")
    folder.mkdir()
    secret = canary().replace('"', "")
    (folder / "users.csv").write_text(f"user_id,name,passwort,active\nann,Ann,{secret},maybe\n")
    found = extracts(folder, problems_of(folder))
    assert [one.cells for one in found.values()] == [("ann", "Ann", "set", "maybe")]


def test_problems_without_a_cell_have_no_row(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "users.csv").write_text("user_id,active\nann,Y\n")
    problems = problems_of(folder)
    assert extracts(folder, problems) == {}
    assert where_of(problems[0]) == Where("users.csv")
