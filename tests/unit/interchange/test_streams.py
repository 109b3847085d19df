"""Everybody's table in a file is the table, however many pieces it was written in, or there is no file."""

from __future__ import annotations

import csv
import io
import json
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.errors import BadInput
from mailadmin.interchange import streams
from mailadmin.interchange.reports.csv_files import safe_cell
from mailadmin.resolution.columns import Columns

LINES = (("AKL", "ready"), ("", "=cmd()"), ('with "quotes", and\r\nlines', "Kōwhai"))
NAMES = ("branch", "status")


def table(codes: list[int]) -> Columns:
    user_ids = [f"-{number}" if number % 3 == 0 else f'U,"{number}' for number in range(len(codes))]
    return Columns(NAMES, user_ids, array("I", codes), LINES)


tables = st.lists(st.lists(st.integers(0, len(LINES) - 1), max_size=5).map(table), min_size=1, max_size=3)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "PIECE", 2)


def rows(found: list[Columns]) -> list[list[str]]:
    return [list(row) for each in found for row in each]


@given(tables)
def test_csv_holds_the_heading_once_and_every_row(found: list[Columns]) -> None:
    text = "".join(streams.csv_texts(found, raw=True))
    assert list(csv.reader(io.StringIO(text, newline=""))) == [["user_id", *NAMES], *rows(found)]


@given(tables)
def test_csv_is_what_the_standard_library_writes_of_safe_cells(found: list[Columns]) -> None:
    expected = io.StringIO(newline="")
    writer = csv.writer(expected, lineterminator="\r\n")
    writer.writerows([["user_id", *NAMES], *([safe_cell(cell) for cell in row] for row in rows(found))])
    assert "".join(streams.csv_texts(found)) == expected.getvalue()


@given(tables)
def test_json_is_one_list_of_objects(found: list[Columns]) -> None:
    names = ("user_id", *NAMES)
    expected = [dict(zip(names, row, strict=True)) for row in rows(found)]
    assert json.loads("".join(streams.json_texts(found))) == expected


def test_a_file_is_written_as_its_ending_says_and_told_of_as_it_grows(tmp_path: Path) -> None:
    told: list[str] = []
    found = [table([0, 1, 2]), table([1])]
    assert streams.write(found, tmp_path / "all.CSV", progress=told.append) == 4
    assert streams.write(found, tmp_path / "all.json") == 4
    assert (tmp_path / "all.CSV").read_bytes().decode() == "".join(streams.csv_texts(found))
    assert (tmp_path / "all.json").read_bytes().decode() == "".join(streams.json_texts(found))
    assert told == ["2 of 4 rows", "3 of 4 rows", "4 of 4 rows"]
    assert (tmp_path / "all.json").stat().st_mode & 0o777 == 0o600


def test_parquet_holds_every_row(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    found = [table([0, 1, 2]), table([2, 0])]
    streams.write(found, tmp_path / "all.parquet")
    names = ("user_id", *NAMES)
    expected = [dict(zip(names, row, strict=True)) for row in rows(found)]
    assert parquet.read_table(tmp_path / "all.parquet").to_pylist() == expected


def test_nobody_is_a_heading_or_an_empty_list(tmp_path: Path) -> None:
    assert "".join(streams.csv_texts([table([])])) == "user_id,branch,status\r\n"
    assert json.loads("".join(streams.json_texts([table([])]))) == []


def test_another_ending_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="ends with none of"):
        streams.write([table([0])], tmp_path / "all.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_fails_halfway_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "all.csv").write_text("as it was")

    def stop(_told: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        streams.write([table([0, 1, 2])], tmp_path / "all.csv", progress=stop)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("all.csv", "as it was")]
