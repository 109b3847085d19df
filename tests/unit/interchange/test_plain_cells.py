"""Rows read by column are what they are read one by one: the same rows, findings and secrets (FI-33)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.interchange import budgets, layouts, plain_cells
from mailadmin.interchange.carriers import Place, RawRow, RawTable, Runs, Unusable
from mailadmin.interchange.intake import Intake
from mailadmin.interchange.plain_cells import NotPlain, converter_of_many
from mailadmin.migration.content import TABLES, Column, Kind
from tests.canaries import canary

SMTP_PASSWORD, TOKEN = "EmailSmtpPassword", "EmailExchangeRefreshToken"
HEADERS = {
    "users": ["user_id", "name", "email", "level", "active", "roles", "branch"],
    "user_preferences": ["user_id", "EmailSmtpPort", SMTP_PASSWORD, "EmailUseMailTo", TOKEN],
    "roles": ["permission_key", "role", "decision", "permission_key"],
    "contacts": ["business_partner", "name", "email", "active"],
    "mail_preferences": ["method", "user_id", "password", "port"],
    "entities": ["description", "unknown", "cost_centre"],
}
PLAIN: dict[Kind, list[Any]] = {
    Kind.NAME: ["Tūranga", "AKL", "akl", "B 1", "x-y"],
    Kind.TEXT: ["Hēmi\n", " as it is ", "x"],
    Kind.LINE: ["mail@example.com", "x"],
    Kind.FLAG: ["True", "no", "1", True, 0],
    Kind.PORT: ["587", "25.0", 0, 1],
    Kind.LEVEL: ["Normal", "normal"],
    Kind.DECISION: ["Deny", "ALLOW"],
    Kind.METHOD: ["SMTP"],
    Kind.NAMES: ["b;A", "A; b", ";", "a;A;b", "A"],
}
NASTY: list[Any] = [
    " a ", "ａ", "é", "e\u0301", "ﬁ", "\u200b", "a\nb", "a\0b", "\u202e", "\ud800", "  ", "•••", "NULL", "(null)", "",
    None, 1, True, 1.0, 1.5, float("nan"), Decimal("1.50"), UUID(int=7), Unusable("is a formula", "Write its value."),
    "x" * (budgets.CELL + 1), "A;\u200b", "A;NULL", "A;ａ", "65536",
]  # fmt: skip


def raw(name: str, header: Sequence[str], runs: Sequence[Sequence[RawRow]]) -> RawTable:
    return RawTable(name, f"{name}.csv", list(header), Runs(runs), Place(f"{name}.csv, row "))


def told(table: RawTable) -> tuple[Any, ...]:
    """All that a table says: types too, since 1 and True are equal."""
    intake = Intake()
    content = layouts.content_of(table, TABLES[table.name], intake)
    rows = [{name: repr(value) for name, value in row.items()} for row in content.rows]
    findings = intake.findings
    return rows, content.positions, content.numbers, findings.problems, findings.notes, list(intake.secrets.items())


@st.composite
def tables(draw: st.DrawFn) -> RawTable:
    """A table whose columns are plain for the most part, and keys that often meet."""
    name = draw(st.sampled_from(sorted(HEADERS)))
    columns = [TABLES[name].column(column) or Column(column) for column in HEADERS[name]]
    rows = [
        (number, [draw(_nearly_plain(column, number)) for column in columns])
        for number in range(2, draw(st.integers(2, 11)))
    ]
    cut = draw(st.integers(0, len(rows)))
    return raw(name, HEADERS[name], [rows[:cut], rows[cut:]])


def _nearly_plain(column: Column, number: int) -> st.SearchStrategy[Any]:
    if column.kind is Kind.NAME and column.required:
        plain = [*[f"User{number}"] * 5, "user3"]
    else:
        plain = [*PLAIN[column.kind], "x" if column.required else ""]
    return st.integers(0, 60).flatmap(lambda dice: st.sampled_from(NASTY if dice == 0 else plain))


@given(tables())
def test_by_column_is_row_by_row(table: RawTable) -> None:
    one_by_one = table._replace(rows=list(table.rows))
    assert told(table) == told(one_by_one)


@pytest.mark.parametrize("table", sorted(set(HEADERS) - {"roles", "entities"}))
def test_plain_rows_are_read_by_column(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`roles` has one column twice here, `entities` lacks its key."""
    monkeypatch.setattr(layouts._Wide, "take", lambda *_: pytest.fail("row by row"))
    columns = [column for name in HEADERS[table] if (column := TABLES[table].column(name))]
    rows: list[RawRow] = [
        (number, [f"User{number}" if column.required else PLAIN[column.kind][0] for column in columns])
        for number in range(2, 6)
    ]
    assert len(told(raw(table, HEADERS[table], [rows]))[0]) == 4


def test_secrets_leave_the_rows_in_their_order() -> None:
    first, second = canary(), canary()
    header = ["user_id", TOKEN, SMTP_PASSWORD]
    rows: list[RawRow] = [(2, ["b", first, second]), (3, ["a", "•••", None]), (4, ["c", None, first])]
    found, *_, notes, secrets = told(raw("user_preferences", header, [rows]))
    assert first not in str(found)
    assert [place for place, _ in secrets] == [
        f"user_preferences/b/{TOKEN}",
        f"user_preferences/b/{SMTP_PASSWORD}",
        f"user_preferences/c/{SMTP_PASSWORD}",
    ]
    assert len(notes) == 1


@pytest.mark.parametrize("kind", [Kind.NAME, Kind.TEXT, Kind.FLAG, Kind.NAMES])
def test_what_has_to_be_told_is_left_alone(kind: Kind) -> None:
    with pytest.raises(NotPlain):
        converter_of_many(Column("x", kind))(["1", "\u200b"])


def test_values_beyond_what_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_cells, "MOST_REMEMBERED", 2)
    convert = converter_of_many(Column("x", Kind.NAMES))
    cells = [f"b{n};a" for n in range(5)]
    assert convert(cells) == convert(cells) == [["a", f"b{n}"] for n in range(5)]
