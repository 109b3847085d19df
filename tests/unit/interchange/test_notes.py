"""What was typed or pasted is what would have been exported: same rows, same problems, secrets apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mailadmin.domain.profiles import Secret
from mailadmin.errors import BadInput, SourceRejected, UnknownName
from mailadmin.interchange.legacy_exports import read_legacy_export
from mailadmin.interchange.notes import DOTS, Notes, read_pasted, read_screen
from tests.canaries import canary, exported

USERS = "user_id\tname\tactive\nann\tAnn\tY\nbob\tBob\tN\n"


def secret(text: str) -> Secret:
    return Secret(lambda: text)


def test_typed_pasted_and_exported_give_the_same_rows_and_secrets(tmp_path: Path) -> None:
    password, own = canary(), canary()
    notes = Notes()
    for noted in (
        read_screen("global_settings", {"EmailSmtpServer": "smtp.x", "EmailSmtpPort": 25, "EmailSmtpEnableSsl": True}),
        read_screen("global_settings", {"EmailSmtpPassword": secret(password), "EmailSmtpUserId": ""}),
        read_pasted("users", USERS),
        read_screen("user_preferences", {"user_id": "ann", "EmailSmtpPassword": secret(own), "EmailSmtpServer": None}),
    ):
        notes = notes.with_(noted)
    file = exported(tmp_path / "export.json")
    settings = {
        "EmailSmtpServer": "smtp.x", "EmailSmtpPort": "25", "EmailSmtpEnableSsl": "-1", "EmailSmtpPassword": password,
    }  # fmt: skip
    tables = {
        "global_settings": [{"property": name, "value": value} for name, value in settings.items()],
        "users": [{"user_id": "ann", "name": "Ann", "active": True}, {"user_id": "bob", "name": "Bob", "active": "No"}],
        "user_preferences": [{"user_id": "ann", "EmailSmtpPassword": own}],
    }
    file.write_text(json.dumps(tables))
    ours, theirs = notes.export(), read_legacy_export(file)
    assert ours.tables == theirs.tables
    assert ours.secrets == theirs.secrets
    assert ours.source == "noted by hand"
    assert "CANARY" not in repr(notes) + repr(ours) + repr(notes.tables)


def test_a_screen_says_everything_of_its_row_and_a_pasted_table_only_its_columns() -> None:
    notes = Notes().with_(read_screen("users", {"user_id": "ann", "name": "Ann", "email": "a@x.nz", "branch": "AKL"}))
    pasted = notes.with_(read_pasted("users", "USER_ID\tname\temail\nAnn \tAnna\t\n"))
    assert pasted.rows("users") == [{"user_id": "Ann", "name": "Anna", "branch": "AKL"}]
    typed = notes.with_(read_screen("users", {"user_id": "ann", "name": "Ann", "email": None, "branch": ""}))
    assert typed.rows("users") == [{"user_id": "ann", "name": "Ann"}]


def test_a_global_setting_that_is_blank_again_is_taken_away() -> None:
    notes = Notes().with_(read_screen("global_settings", {"EmailSmtpServer": "s", "EmailSmtpPort": 25}))
    notes = notes.with_(read_screen("global_settings", {"EmailSmtpServer": None}))
    assert notes.rows("global_settings") == [{"property": "EmailSmtpPort", "value": 25}]


def test_long_tables_change_what_they_name() -> None:
    notes = Notes().with_(
        read_screen("user_preferences", {"user_id": "ann", "EmailSmtpPort": 25, "EmailSmtpServer": "s"})
    )
    long = read_pasted("user_preferences", "user_id\tproperty\tvalue\nann\tEmailSmtpPort\t587\n")
    assert notes.with_(long).rows("user_preferences") == [
        {"user_id": "ann", "EmailSmtpServer": "s", "EmailSmtpPort": 587}
    ]


def test_what_would_change_is_told_before_it_is_taken_and_no_secret_with_it() -> None:
    notes = Notes().with_(read_pasted("users", USERS))
    notes = notes.with_(read_screen("user_preferences", {"user_id": "ann", "EmailSmtpPassword": secret(canary())}))
    noted = read_pasted("user_preferences", f"user_id\tEmailSmtpServer\tEmailSmtpPassword\nann\ts\t{canary()}\n")
    assert notes.changes(noted) == [
        ("user_preferences", "ann", "EmailSmtpServer", "", "s"),
        ("user_preferences", "ann", "EmailSmtpPassword", "set", "changed (hidden)"),
    ]
    assert notes.changes(read_pasted("users", USERS)) == []


@pytest.mark.parametrize(("again", "kept"), [("", True), (DOTS, False)])
def test_a_blank_secret_leaves_the_one_that_was_typed_and_dots_do_not(again: str, kept: bool) -> None:
    notes = Notes().with_(read_screen("user_preferences", {"user_id": "ann", "EmailSmtpPassword": secret(canary())}))
    notes = notes.with_(
        read_pasted("user_preferences", f"user_id\tEmailSmtpServer\tEmailSmtpPassword\nann\ts\t{again}\n")
    )
    assert notes.rows("user_preferences") == [
        {"user_id": "ann", "EmailSmtpPassword": "present", "EmailSmtpServer": "s"}
    ]
    assert list(notes.secrets) == (["user_preferences/ann/EmailSmtpPassword"] if kept else [])


def test_a_secret_that_is_not_set_any_more_is_forgotten() -> None:
    notes = Notes().with_(read_screen("user_preferences", {"user_id": "ann", "EmailSmtpPassword": secret(canary())}))
    notes = notes.with_(read_screen("user_preferences", {"user_id": "ann", "EmailSmtpPassword": None}))
    assert notes.secrets == {}


def test_every_problem_is_told_at_its_cell_and_nothing_is_taken() -> None:
    with pytest.raises(SourceRejected) as caught:
        read_pasted("users", "user_id\tname\tactive\nann\t\tmaybe\nbob\tBob\tperhaps\n")
    assert [problem.where for problem in caught.value.problems] == [
        "pasted users, row 2, column active",
        "pasted users, row 2, column name",
        "pasted users, row 3, column active",
    ]
    with pytest.raises(SourceRejected) as caught:
        read_screen("user_preferences", {"user_id": "ann", "EmailSmtpPort": "99999"})
    assert caught.value.problems[0].where.endswith(", column EmailSmtpPort")


@pytest.mark.parametrize("text", ["", " \n", "user_id\tname\n"])
def test_nothing_pasted_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        read_pasted("users", text)


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(UnknownName):
        read_pasted("nonsense", USERS)
    with pytest.raises(BadInput, match="Nothing is noted yet"):
        Notes().export()


def test_names_that_stand_for_nothing_are_told_when_all_is_noted() -> None:
    notes = Notes().with_(read_screen("branches", {"code": "AKL", "entity": "E9"}))
    notes = notes.with_(read_screen("entities", {"code": "E1"}))
    with pytest.raises(SourceRejected, match="'E9' has no row in entities"):
        notes.export()
