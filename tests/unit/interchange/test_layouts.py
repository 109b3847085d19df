"""Keys, duplicates, long tables and required values (ST-38, ST-40, ST-41, ST-44)."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailadmin.errors import Problem, SourceRejected
from mailadmin.interchange.legacy_exports import LegacyExport, read_legacy_export
from tests.carriers import as_csv

TWICE = "Names match whatever their case, width and outer blanks. Leave one of them."


def read(folder: Path, name: str, header: str, *rows: str) -> LegacyExport:
    """A table with `|` between its cells."""
    return read_legacy_export(as_csv({name: (header.split("|"), [row.split("|") for row in rows])}, folder))


def problems(folder: Path, name: str, header: str, *rows: str) -> list[Problem]:
    with pytest.raises(SourceRejected) as caught:
        read(folder, name, header, *rows)
    return list(caught.value.problems)


def twice(written: str, row: int) -> str:
    return f"{written!r} stands already in row {row}, so written or as a name that matches"


def test_keys_match_by_their_match_key(tmp_path: Path) -> None:
    assert problems(tmp_path, "users", "user_id|name", "I|1", "ı|2", "İ|3", "i|4") == [
        Problem("users.csv, row 5, column user_id", twice("i", 2), TWICE)
    ]


@pytest.mark.parametrize(("first", "second"), [("001", "００１"), ("a", " A "), ("a", "a\u00a0"), ("ﬁ", "FI")])
def test_keys_that_meet_by_folding(first: str, second: str, tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "entities", "code", first, second)
    assert problem == Problem("entities.csv, row 3, column code", twice(second.strip(), 2), TWICE)


def test_keys_that_do_not_meet(tmp_path: Path) -> None:
    codes = ["00123", "123", "'; DROP TABLE cc;--", "a_b", "axb", "%", "\\", "NaN", "None", "nan\u0303", "NA", "İ", "ı"]
    rows = read(tmp_path, "entities", "code", *codes).tables["entities"]
    assert sorted(str(row["code"]) for row in rows) == sorted(codes)


def test_rows_are_sorted_by_their_keys(tmp_path: Path) -> None:
    export = read(tmp_path, "roles", "role|permission_key|decision", "b|x|DENY", "A|Y|allow", "a|x|Allow")
    assert [tuple(row.values()) for row in export.tables["roles"]] == [
        ("a", "x", "Allow"),
        ("A", "Y", "Allow"),
        ("b", "x", "Deny"),
    ]


@pytest.mark.parametrize("found", ["\u200b", "\u202e", "\x07"])
def test_what_cannot_be_seen_in_a_key(found: str, tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "entities", "code", f"a{found}")
    what = f"{f'a{found}'!r} holds the character U+{ord(found):04X}, which cannot be seen"
    assert problem == Problem("entities.csv, row 2, column code", what, "Type it again.")


def test_trimmed_and_folded_keys_are_noted(tmp_path: Path) -> None:
    assert read(tmp_path, "entities", "code", " a ", "００１", "b ", "c ", "d ").notes == (
        "entities.csv, column code: '００１' is matched as '001' (row 3)",
        "entities.csv, column code: blanks around it were taken off (row 2, row 4, row 5 and 1 more)",
    )


def test_required_values(tmp_path: Path) -> None:
    remedy = "A value is required here."
    assert problems(tmp_path, "roles", "role|permission_key|decision", "a||", "|k|Deny", "||") == [
        Problem("roles.csv, row 2, column decision", "is blank", remedy),
        Problem("roles.csv, row 2, column permission_key", "is blank", remedy),
        Problem("roles.csv, row 3, column role", "is blank", remedy),
    ]


def test_the_system_setting_has_no_user(tmp_path: Path) -> None:
    export = read(tmp_path, "mail_preferences", "user_id|method|copy_to_self", "b|SMTP|bcc", "|Exchange Online|no copy")
    assert export.tables["mail_preferences"] == [
        {"method": "exchange online", "copy_to_self": "No copy"},
        {"user_id": "b", "method": "smtp", "copy_to_self": "Bcc"},
    ]


WIDE = ("user_id|emailsmtpport|EmailUseMailTo|EmailSmtpServer", "b|0|no|s", "A|25||", "c|||")
LONG = (
    "User_ID|Property|Value",
    "b|emailsmtpport|0.0",
    "A|finSettingsUser.EmailSmtpPort|25",
    "B |EmailUseMailTo|0",
    "b|EmailSmtpServer|s",
    "c||",
    "A|EmailSmtpServer|",
)


@pytest.mark.parametrize("rows", [WIDE, LONG])
def test_wide_and_long_are_the_same(rows: tuple[str, ...], tmp_path: Path) -> None:
    assert read(tmp_path, "user_preferences", *rows).tables == {
        "user_preferences": [
            {"user_id": "A", "EmailSmtpPort": 25},
            {"user_id": "b", "EmailSmtpPort": 0, "EmailUseMailTo": False, "EmailSmtpServer": "s"},
        ]
    }


@pytest.mark.parametrize(
    "rows", [("code|EmailSmtpServer", "a|", "b|s"), ("code|property|value", "a||", "b|EmailSmtpServer|s")]
)
def test_a_web_configuration_that_says_nothing_stays(rows: tuple[str, ...], tmp_path: Path) -> None:
    assert read(tmp_path, "web_configurations", *rows).tables == {
        "web_configurations": [{"code": "a"}, {"code": "b", "EmailSmtpServer": "s"}]
    }


def test_problems_of_a_long_table(tmp_path: Path) -> None:
    rows = ("a|EmailSmtpPort|x", "A|emailsmtpport|25", "|EmailSmtpPort|25", "b||25", "b|Foo|1")
    assert [problem[:2] for problem in problems(tmp_path, "user_preferences", "user_id|property|value", *rows)] == [
        ("user_preferences.csv, row 2, column EmailSmtpPort", "'x' is not a port"),
        ("user_preferences.csv, row 3, column property", twice("EmailSmtpPort", 2)),
        ("user_preferences.csv, row 4, column user_id", "is blank"),
        ("user_preferences.csv, row 5, column property", "is blank"),
        ("user_preferences.csv, row 6, column property", "the property 'Foo' is not known"),
    ]


def test_a_long_table_without_its_key(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "user_preferences", "property|value", "EmailSmtpPort|1", "EmailSmtpPort|2")
    assert problem[:2] == ("user_preferences.csv", "the column user_id is missing")


def test_a_global_setting_that_stands_twice(tmp_path: Path) -> None:
    rows = ("EmailSmtpPort|", "finSettings.EmailSmtpPort|25")
    (problem,) = problems(tmp_path, "global_settings", "property|value", *rows)
    assert problem[:2] == ("global_settings.csv, row 3, column property", twice("EmailSmtpPort", 2))


def test_problems_beyond_the_most_are_counted(tmp_path: Path) -> None:
    found = problems(tmp_path, "entities", "code|description", *(["|x"] * 1_005))
    assert len(found) == 1_001
    assert found[-1] == Problem("and", "5 more of them")
