"""What one table names must be in the other, where that is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailadmin.errors import Problem, SourceRejected
from mailadmin.interchange.legacy_exports import LegacyExport, read_legacy_export
from tests.carriers import as_csv


def read(folder: Path, **tables: str) -> LegacyExport:
    """Tables with `|` between cells and `/` between rows."""
    split = {name: [row.split("|") for row in text.split("/")] for name, text in tables.items()}
    return read_legacy_export(as_csv({name: (rows[0], rows[1:]) for name, rows in split.items()}, folder))


@pytest.mark.parametrize(
    ("tables", "where", "name", "missing"),
    [
        ({"users": "user_id|name|branch/a|A|X", "branches": "code|entity"}, "users.csv, row 2, column branch", "X",
         "branches"),
        ({"branches": "code|entity/b|X", "entities": "code/Y"}, "branches.csv, row 2, column entity", "X", "entities"),
        ({"entities": "code|cost_centre/e|X", "cost_centres": "code/Y"}, "entities.csv, row 2, column cost_centre",
         "X", "cost_centres"),
        ({"branches": "code|entity|cost_centre/b|e|X", "cost_centres": "code/Y"},
         "branches.csv, row 2, column cost_centre", "X", "cost_centres"),
    ],
)  # fmt: skip
def test_what_is_missing_is_a_problem(
    tables: dict[str, str], where: str, name: str, missing: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceRejected) as caught:
        read(tmp_path, **tables)
    remedy = f"Add it to {missing}, or mend the name."
    assert caught.value.problems == (Problem(where, f"{name!r} has no row in {missing}", remedy),)


def test_a_table_that_is_not_there_misses_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, users="user_id|name|branch/a|A|X", entities="code|cost_centre/e|Y").notes == ()


def test_names_are_matched(tmp_path: Path) -> None:
    export = read(tmp_path, entities="code|cost_centre/a| ７ /b|global", cost_centres="code/7")
    assert [row["cost_centre"] for row in export.tables["entities"]] == ["７", "global"]


def test_roles_and_users_that_are_missing_are_noted(tmp_path: Path) -> None:
    export = read(
        tmp_path,
        users="user_id|name|roles/a|A|X;Y/b|B|X",
        roles="role|permission_key|decision/Y|k|Deny",
        user_preferences="user_id|EmailUseMailTo/c|1/A|0",
        mail_preferences="user_id|method/|smtp/d|smtp",
    )
    assert export.notes == (
        "mail_preferences.csv, column user_id: has no row in users (row 3)",
        "user_preferences.csv, column user_id: has no row in users (row 2)",
        "users.csv, column roles: 'X' has no row in roles (row 2, row 3)",
    )


@pytest.mark.parametrize("code", ["GLOBAL", "global"])
def test_global_is_always_active(code: str, tmp_path: Path) -> None:
    with pytest.raises(SourceRejected) as caught:
        read(tmp_path, cost_centres=f"code|active/{code}|0")
    where = "cost_centres.csv, row 2, column active"
    assert caught.value.problems == (Problem(where, "GLOBAL is always active", "Write True."),)


def test_global_is_spelt_in_one_way(tmp_path: Path) -> None:
    assert read(tmp_path, cost_centres="code/Global").tables == {"cost_centres": [{"code": "GLOBAL"}]}
