"""One content from every carrier, and what comes with it."""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from mailadmin.errors import BadInput, Problem, SourceRejected
from mailadmin.interchange import budgets, legacy_exports
from mailadmin.interchange.legacy_exports import LegacyExport, read_legacy_export
from tests.canaries import canary, exported, found_in
from tests.carriers import as_csv, as_json, as_sqlite, as_utf16_long, as_xlsx, sheets_in

SAMPLE = Path(__file__).parents[3] / "data" / "sample"
KOWHAI = SAMPLE / "kowhai-csv"
SHEETS = sheets_in(KOWHAI)


def _sql(folder: Path) -> LegacyExport:
    url, queries = as_sqlite(SHEETS, folder)
    return read_legacy_export(queries, sql=url)


CARRIERS: dict[str, Callable[[Path], LegacyExport]] = {
    "csv": lambda folder: read_legacy_export(as_csv(SHEETS, folder / "csv")),
    "tab separated, Windows line ends, UTF-16": lambda folder: read_legacy_export(
        as_csv(SHEETS, folder / "tab", delimiter="\t", encoding="utf-16")
    ),
    "UTF-16 without a mark": lambda folder: read_legacy_export(as_csv(SHEETS, folder / "le", encoding="utf-16-le")),
    "UTF-16, semicolons, long, -1/0": lambda folder: read_legacy_export(as_utf16_long(SHEETS, folder / "long")),
    "xlsx": lambda folder: read_legacy_export(as_xlsx(SHEETS, folder / "legacy.xlsx")),
    "json": lambda folder: read_legacy_export(as_json(SHEETS, folder / "legacy.json")),
    "sql": _sql,
}


@pytest.mark.parametrize("carrier", CARRIERS)
def test_every_carrier_gives_the_same_content(carrier: str, tmp_path: Path) -> None:
    expected = read_legacy_export(KOWHAI)
    actual = CARRIERS[carrier](tmp_path)
    assert actual.tables == expected.tables
    assert actual.secrets == expected.secrets


def test_rows_are_normalised() -> None:
    tables = read_legacy_export(KOWHAI).tables
    assert {name: len(rows) for name, rows in tables.items()} == {
        "global_settings": 9,
        "user_preferences": 381,
        "web_configurations": 3,
        "users": 400,
        "roles": 9,
        "entities": 3,
        "branches": 12,
        "cost_centres": 8,
    }
    assert tables["user_preferences"][0] == {
        "user_id": "00000",
        "EmailEditInternal": True,
        "EmailUseMailTo": False,
        "EmailSmtpEnableSsl": False,
        "EmailSmtpSenderDisplayName": "Mere Singh",
        "EmailSmtpServer": "10.1.2.3",
        "EmailSmtpPort": 2525,
        "EmailSmtpUserId": "user0@kowhai.example",
        "EmailSmtpPassword": "present",
        "EmailUseGlobalSettings": False,
        "EmailExchangeUseGlobalSettings": True,
    }
    assert tables["branches"][0] == {"code": "AKL", "description": "Auckland", "entity": "KFL", "cost_centre": "AKL"}
    assert [row["code"] for row in tables["web_configurations"]] == ["BROKER", "CUSTOMER", "STAFF"]


def test_secrets_stand_apart(tmp_path: Path) -> None:
    """FI-39."""
    secret = f" ={canary()};'\" "
    source = _folder(tmp_path, mail_preferences=[["user_id", "password", "client_secret"], ["", secret, "●●●●"]])
    export = read_legacy_export(source)
    assert export.tables == {"mail_preferences": [{"password": "present", "client_secret": "present"}]}
    assert export.secrets == {"mail_preferences//password": secret}
    assert export.notes == (
        "mail_preferences.csv, column client_secret: "
        "only the dots of a screen: the secret is set, but not known (row 2)",
        f"{source.name}: holds 1 secret in clear text; lock it away or delete it when it is no longer needed",
    )
    assert found_in(f"{export!r}{export.tables!r}".encode()) == set()


@pytest.mark.parametrize("dots", ["***", "•••", "●●●●●●●●", "•●*"])
def test_dots_are_no_secret(dots: str, tmp_path: Path) -> None:
    source = _folder(tmp_path, global_settings=[["property", "value"], ["EmailSmtpPassword", dots]])
    export = read_legacy_export(source)
    assert export.tables == {"global_settings": [{"property": "EmailSmtpPassword", "value": "present"}]}
    assert export.secrets == {}


@pytest.mark.parametrize("short", ["*", "••", "*a**"])
def test_what_is_not_only_dots_is_a_secret(short: str, tmp_path: Path) -> None:
    source = _folder(tmp_path, global_settings=[["property", "value"], ["finSettings.emailsmtppassword", short]])
    assert read_legacy_export(source).secrets == {"global_settings//EmailSmtpPassword": short}


def test_unknown_is_refused_or_not_taken(tmp_path: Path) -> None:
    secret = canary()
    source = _folder(
        tmp_path,
        history=[["when", "who"], ["1", secret]],
        users=[["user_id", "name", "shoe_size"], ["a", "A", "43"]],
        global_settings=[["property", "value"], ["EmailFoo", secret]],
    )
    remedy = "Mend its name, leave it out, or ignore what is unknown."
    assert _problems(source) == [
        Problem("global_settings.csv, row 2, column property", "the property 'EmailFoo' is not known", remedy),
        Problem("history.csv", "the table 'history' is not known", remedy),
        Problem("users.csv", "the column 'shoe_size' is not known", remedy),
    ]
    export = read_legacy_export(source, ignore_unknown=True)
    assert export.not_taken == ("global_settings.EmailFoo", "history", "users.shoe_size")
    assert export.tables == {"global_settings": [], "users": [{"user_id": "a", "name": "A"}]}
    assert found_in(f"{export!r}{export.tables!r}".encode()) == set()


def test_every_problem_is_told_in_one_go(tmp_path: Path) -> None:
    source = _folder(
        tmp_path,
        branches=[["code", "entity"], ["AKL", "KFL"], ["akl ", "KFL"], ["WLG", ""]],
        entities=[["code", "cost_centre"], ["KAL", "AUTO"]],
        users=[["user_id", "name", "level", "active"], ["a", "", "Boss", "Ja"]],
    )
    assert [f"{problem.where}: {problem.what}" for problem in _problems(source)] == [
        "branches.csv, row 3, column code: 'akl' stands already in row 2, so written or as a name that matches",
        "branches.csv, row 4, column entity: is blank",
        "users.csv, row 2, column level: 'Boss' is not a level",
        "users.csv, row 2, column active: 'Ja' is not True or False",
        "users.csv, row 2, column name: is blank",
        "branches.csv, row 2, column entity: 'KFL' has no row in entities",
    ]


def test_a_secret_is_in_no_message(tmp_path: Path) -> None:
    secret = canary()
    source = _folder(
        tmp_path,
        global_settings=[["EmailSmtpPassword", secret]],
        portals=[["code", "password", "smtp_port"], ["a", secret, "x"], ["b", secret * 4096, "25"], ["c", secret]],
        user_preferences=[["user_id", "EmailSmtpPassword"], ["a", f"{secret}\0"]],
    )
    with pytest.raises(SourceRejected) as caught:
        read_legacy_export(source)
    assert len(caught.value.problems) == 5
    assert found_in(str(caught.value).encode()) == set()


def test_where_it_came_from(tmp_path: Path) -> None:
    lines = "".join(f"{sha256(p.read_bytes()).hexdigest()}  {p.name}\n" for p in sorted(KOWHAI.glob("*.csv")))
    export = read_legacy_export(str(KOWHAI))
    assert (export.source, export.sha256) == ("kowhai-csv", sha256(lines.encode()).hexdigest())
    document = SAMPLE / "kowhai-small.json"
    export = read_legacy_export(document)
    assert (export.source, export.sha256) == ("kowhai-small.json", sha256(document.read_bytes()).hexdigest())
    url, queries = as_sqlite(SHEETS, tmp_path)
    export = read_legacy_export(queries, sql=url)
    assert (export.source, export.sha256) == ("queries.toml", None)


@pytest.mark.parametrize("change", ["deleted", "replaced by a link", "written over", "longer"])
def test_what_is_read_is_what_was_opened(change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FI-37: a file is opened once; whatever becomes of its name meanwhile, bytes and hash are of the same file."""
    source, other = tmp_path / "x.json", tmp_path / "other.json"
    source.write_text('{"entities": [{"code": "A"}]}')
    other.write_text('{"entities": [{"code": "OTHER"}]}')
    really_open = os.open

    def open_and_change(path: Path, flags: int) -> int:
        handle = really_open(path, flags)
        if change == "written over":
            other.replace(source)
        elif change == "longer":
            with source.open("a") as opened:
                opened.write(" ")
        else:
            source.unlink()
            if change == "replaced by a link":
                source.symlink_to(other)
        return handle

    monkeypatch.setattr(budgets.os, "open", open_and_change)
    export = read_legacy_export(source)
    assert export.tables == {"entities": [{"code": "A"}]}
    read = b'{"entities": [{"code": "A"}]}' + (b" " if change == "longer" else b"")
    assert export.sha256 == sha256(read).hexdigest()


def test_a_file_that_grows_beyond_the_budget_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FI-37."""
    source = tmp_path / "x.json"
    source.write_bytes(b"{}")
    really_open = os.open

    def open_and_grow(path: Path, flags: int) -> int:
        handle = really_open(path, flags)
        os.truncate(path, budgets.TEXT_FILE + 1)
        return handle

    monkeypatch.setattr(budgets.os, "open", open_and_grow)
    with pytest.raises(BadInput, match=r"x\.json holds more than 200 MB"):
        read_legacy_export(source)


def test_a_blank_flag_is_not_set_and_not_false(tmp_path: Path) -> None:
    """FI-16."""
    rows = [["user_id", "name", "active"], ["a", "A", ""], ["b", "B", "False"]]
    assert read_legacy_export(_folder(tmp_path, users=rows)).tables == {
        "users": [{"user_id": "a", "name": "A"}, {"user_id": "b", "name": "B", "active": False}]
    }


def test_a_folder_that_cannot_be_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: Path) -> list[Path]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(BadInput, match="cannot be read: Permission denied"):
        read_legacy_export(tmp_path)


def test_progress_is_told_per_table(tmp_path: Path) -> None:
    told: list[str] = []
    read_legacy_export(_folder(tmp_path, users=[["user_id", "name"], ["a", "A"]]), progress=told.append)
    assert told == ["users: 1 rows"]


def test_progress_is_told_within_a_long_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(legacy_exports, "_STEP", 2_000)
    told: list[str] = []
    users = [["user_id", "name"], *([f"u{number}", "A"] for number in range(5_000))]
    read_legacy_export(_folder(tmp_path, users=users), progress=told.append)
    assert told == ["users: 2,000 rows …", "users: 4,000 rows …", "users: 5,000 rows"]


def test_a_source_without_a_known_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no table that is known"):
        read_legacy_export(_folder(tmp_path, history=[["x"], ["1"]]), ignore_unknown=True)


def _folder(folder: Path, **tables: list[list[str]]) -> Path:
    return exported(as_csv({name: (rows[0], rows[1:]) for name, rows in tables.items()}, folder))


def _problems(source: Path) -> list[Problem]:
    with pytest.raises(SourceRejected) as caught:
        read_legacy_export(source)
    return list(caught.value.problems)
