"""A database as source: read, never written, and silent about its password."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import quote

import pytest

from mailadmin.errors import BadInput, Problem, SourceRejected
from mailadmin.interchange.legacy_exports import LegacyExport, read_legacy_export
from tests.canaries import canary, found_in


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database with a typed table."""
    path = tmp_path / "it's 100%.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE person (code TEXT, number INTEGER, port REAL, flag BOOLEAN, photo BLOB)")
        connection.execute("INSERT INTO person VALUES ('a', 7, 587.0, 1, x'00'), ('b', NULL, NULL, 0, NULL)")
    connection.close()
    return path


def read(database: Path, queries: str) -> LegacyExport:
    toml = database.with_name("queries.toml")
    toml.write_text(queries, encoding="utf-8")
    return read_legacy_export(toml, sql=f"sqlite:///{database}")


def problems(database: Path, queries: str) -> list[Problem]:
    with pytest.raises(SourceRejected) as caught:
        read(database, queries)
    return list(caught.value.problems)


def test_typed_columns(database: Path) -> None:
    columns = "code, number AS user_name, port AS smtp_port, flag AS enable_ssl"
    query = f"portals = '''-- a ';' here\nSELECT {columns} FROM person;'''"
    export = read(database, query)
    assert export.tables == {
        "portals": [
            {"code": "a", "user_name": "7", "smtp_port": 587, "enable_ssl": True},
            {"code": "b", "enable_ssl": False},
        ]
    }
    remark = "a number was taken as text; leading and trailing zeros are lost, if there were any"
    assert export.notes == (f"queries.toml, portals, column user_name: {remark} (result 1)",)


@pytest.mark.parametrize(
    "statement",
    [
        "WITH x AS (SELECT 'a:b %s ;' AS code) SELECT * FROM x",
        "select 'a:b %s ;' as code",
        "SELECT 'a:b %s ;' AS CODE;",
    ],
)
def test_statements_that_read(statement: str, database: Path) -> None:
    assert read(database, f'entities = "{statement}"').tables == {"entities": [{"code": "a:b %s ;"}]}


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("DELETE FROM person", "is not a SELECT"),
        ("ATTACH 'x' AS y", "is not a SELECT"),
        ("PRAGMA query_only=0", "is not a SELECT"),
        ("/* SELECT */ DROP TABLE person", "is not a SELECT"),
        ("SELECT 1 AS code; DELETE FROM person", "holds more than one statement"),
        ("", "is not a SELECT"),
    ],
)
def test_statements_that_are_refused(statement: str, what: str, database: Path) -> None:
    before = database.read_bytes()
    (problem,) = problems(database, f'entities = "{statement}"')
    assert problem == Problem("queries.toml, entities", what, "Write one SELECT as text.")
    assert database.read_bytes() == before


@pytest.mark.parametrize(
    "statement",
    ["WITH x AS (SELECT 1) DELETE FROM person", "WITH x AS (SELECT 1) INSERT INTO person (code) SELECT 'x' FROM x"],
)
def test_a_write_behind_a_with_is_refused_by_the_database(statement: str, database: Path) -> None:
    before = database.read_bytes()
    (problem,) = problems(database, f'entities = "{statement}"')
    what = "the database refused the SELECT: attempt to write a readonly database"
    assert problem == Problem("queries.toml, entities", what, "Try it there by hand.")
    assert database.read_bytes() == before


def test_every_statement_is_tried(database: Path) -> None:
    queries = (
        'entities = "SELECT x FROM nowhere"\nusers = "SELECT photo AS user_id, code AS name FROM person"\nroles = 1'
    )
    assert [problem[:2] for problem in problems(database, queries)] == [
        ("queries.toml, roles", "is not text"),
        ("queries.toml, entities", "the database refused the SELECT: no such table: nowhere"),
        ("queries.toml, users, result 1, column user_id", "holds a bytes, not text"),
        ("queries.toml, users, result 2, column user_id", "is blank"),
    ]


def test_a_url_is_in_no_message(tmp_path: Path) -> None:
    secret = quote(canary(), safe="")
    toml = tmp_path / "queries.toml"
    toml.write_text('users = "SELECT 1"', encoding="utf-8")
    for url in (
        f"postgresql://me:{secret}@127.0.0.1:1/x",
        f"nosuch://me:{secret}@host/x",
        f"me:{secret}",
        f"postgresql://me:{secret}@host:port/x",
        f"sqlite:///{secret}/nowhere",
        "sqlite://",
    ):
        with pytest.raises(BadInput) as caught:
            read_legacy_export(toml, sql=url)
        assert found_in(str(caught.value).encode()) == set()


@pytest.mark.parametrize("written", ["users = ", "[" * 5_000, "users = 1\nusers = 2"])
def test_what_is_no_toml(written: str, database: Path) -> None:
    with pytest.raises(BadInput, match=r"queries\.toml is no TOML"):
        read(database, written)


def test_the_toml_must_be_utf_8(database: Path) -> None:
    toml = database.with_name("queries.toml")
    toml.write_bytes(b"\xff")
    with pytest.raises(BadInput, match=r"queries\.toml is not UTF-8: byte 0"):
        read_legacy_export(toml, sql=f"sqlite:///{database}")
