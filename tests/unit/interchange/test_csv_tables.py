"""CSV as it comes out of real tools, and as it should not (FI-01 to FI-13, FI-37, FI-42)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailadmin.errors import BadInput, Problem, SourceRejected
from mailadmin.interchange.legacy_exports import read_legacy_export

UNKNOWN = "Mend its name, leave it out, or ignore what is unknown."


def read(folder: Path, data: bytes, name: str = "entities.csv") -> list[dict[str, object]]:
    """The rows of one table."""
    (folder / name).write_bytes(data)
    (rows,) = read_legacy_export(folder).tables.values()
    return rows


def problems(folder: Path, data: bytes | None = None, name: str = "entities.csv") -> list[Problem]:
    if data is not None:
        (folder / name).write_bytes(data)
    with pytest.raises(SourceRejected) as caught:
        read_legacy_export(folder)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    "data",
    [
        "\ufeffcode,description\nA,1\n".encode(),
        b"code,description\r\nA,1\r\n",
        b"code,description\rA,1",
        b"code\tdescription\nA\t1\n",
        b"code;description\nA;1\n",
        b"sep=;\ncode;description\nA;1\n",
        b"\xef\xbb\xbfsep=;\r\ncode;description\r\nA;1\r\n",
        b'"sep=,"\ncode,description\nA,1\n',
        b"sep=\t\ncode\tdescription\nA\t1\n",
        b"\n\ncode,description\n\nA,1\n\n,\n",
        b'"code","description"\n"A","1"',
        b"CODE, Description\nA,1\n",
        "code,description\nA,1\n".encode("utf-16"),
        "code,description\nA,1\n".encode("utf-16-le"),
        "code,description\nA,1\n".encode("utf-16-be"),
    ],
)
def test_one_content_in_many_ways_of_writing(data: bytes, tmp_path: Path) -> None:
    assert read(tmp_path, data) == [{"code": "A", "description": "1"}]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("1,5", "1,5"),
        ("00123", "00123"),
        ("1E5", "1E5"),
        ('"a;""b""\r\nc"', 'a;"b"\r\nc'),
        (" x ", " x "),
        ("'=1", "'=1"),
        ('5" disk', '5" disk'),
    ],
)
def test_text_is_kept(cell: str, text: str, tmp_path: Path) -> None:
    assert read(tmp_path, f"code;description\nA;{cell}\n".encode()) == [{"code": "A", "description": text}]


@pytest.mark.parametrize("cell", ["", "NULL", "(null)", '""', "  "])
def test_not_set(cell: str, tmp_path: Path) -> None:
    assert read(tmp_path, f"code;description\nA;{cell}\n".encode()) == [{"code": "A"}]


def test_windows_1252_is_noted(tmp_path: Path) -> None:
    (tmp_path / "entities.csv").write_bytes("code,description\nA,Müller\n".encode("cp1252"))
    export = read_legacy_export(tmp_path)
    assert export.tables == {"entities": [{"code": "A", "description": "Müller"}]}
    assert export.notes == ("entities.csv: was read as Windows-1252, because it is not UTF-8",)


def test_blanks_around_a_column_name_are_noted(tmp_path: Path) -> None:
    (tmp_path / "entities.csv").write_bytes("code \u00a0,description\nA,1\n".encode())
    assert read_legacy_export(tmp_path).notes == ("entities.csv: blanks around the column name code were taken off",)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("code,code", Problem("entities.csv", "the column 'code' stands twice, as column 1 and column 2",
                              "Leave one of them.")),
        ("code,Code ", Problem("entities.csv", "the column 'Code ' stands twice, as column 1 and column 2",
                               "Leave one of them.")),
        ("code,", Problem("entities.csv", "column 2 has no name", "Name it or leave it out.")),
        ("code,=cmd", Problem("entities.csv", "the column '=cmd' is not known", UNKNOWN)),
        ("code,<b>", Problem("entities.csv", "the column '<b>' is not known", UNKNOWN)),
        ("description,cost_centre", Problem("entities.csv", "the column code is missing", "Add it to the export.")),
        ("A,1", Problem("entities.csv", "has no column that is known",
                        "The first row must hold the names of the columns.")),
    ],
)  # fmt: skip
def test_headers_that_are_refused(header: str, expected: Problem, tmp_path: Path) -> None:
    assert problems(tmp_path, f"{header}\nA,1\n".encode()) == [expected]


def test_the_shape_of_a_row(tmp_path: Path) -> None:
    remedy = "Put text that holds a delimiter between quotes."
    assert problems(tmp_path, b"code,description\nA\nB,1,2\n\nC,1\n") == [
        Problem("entities.csv, row 2", "has 1 cell, the header 2", remedy),
        Problem("entities.csv, row 3", "has 3 cells, the header 2", remedy),
    ]


@pytest.mark.parametrize(
    ("cell", "where", "what"),
    [
        ("a\0b", "entities.csv, row 2, column description", "holds the character U+0000"),
        ("x" * 33_000, "entities.csv, row 2, column description", "is longer than 32768 characters"),
        ("x" * 131_073, "entities.csv, row 2", "a cell is longer than 32768 characters"),
        ('"open', "entities.csv, row 2", "the quotes do not match: unexpected end of data"),
        ('"a"b', "entities.csv, row 2", "the quotes do not match: ',' expected after '\"'"),
    ],
)
def test_cells_that_are_refused(cell: str, where: str, what: str, tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, f"code,description\nA,{cell}\n".encode())
    assert problem[:2] == (where, what)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "is empty: there is not even a header"),
        (b"\n" * 100_000, "is empty: there is not even a header"),
        (b"\xef\xbb\xbfcode\nK\xc5\x8dwhai\n\xff\n", "line 3, byte 16: cannot be read as UTF-8"),
        (b",".join(b"c%d" % n for n in range(257)), "has 257 columns, more than 256"),
    ],
)
def test_files_that_are_refused(data: bytes, what: str, tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, data)
    assert problem[:2] == ("entities.csv", what)


def test_a_header_alone_is_an_empty_table(tmp_path: Path) -> None:
    assert read(tmp_path, b"code,description") == []


def test_too_many_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailadmin.interchange.budgets.ROWS", 2)
    (problem,) = problems(tmp_path, b"code\nA\nB\nC\nD\n")
    assert problem[:2] == ("entities.csv", "has more than 2 rows")


def test_too_large_a_file_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "entities.csv").open("wb") as sparse:
        sparse.truncate(2_000_000_000)
    (problem,) = problems(tmp_path)
    assert problem == Problem("entities.csv", "entities.csv holds more than 200 MB.", "Export less at a time.")


def test_only_regular_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "roles.csv")
    (tmp_path / "users.csv").symlink_to("/dev/zero")
    (tmp_path / "branches.csv").mkdir()
    (tmp_path / "entities.csv").symlink_to("nowhere")
    assert [problem.what for problem in problems(tmp_path)] == [
        "branches.csv cannot be read: Is a directory.",
        "entities.csv cannot be read: No such file or directory.",
        "roles.csv is not a regular file.",
        "users.csv is not a regular file.",
    ]


def test_files_that_are_no_csv_are_noted(tmp_path: Path) -> None:
    (tmp_path / "Entities.CSV").write_bytes(b"code\nA\n")
    (tmp_path / "branches.txt").write_bytes(b"code\tentity\nAKL\tA\n")
    (tmp_path / "readme.txt").write_bytes(b"hello")
    (tmp_path / ".~lock.users.csv#").write_bytes(b"me")
    export = read_legacy_export(tmp_path)
    assert export.tables == {"entities": [{"code": "A"}], "branches": [{"code": "AKL", "entity": "A"}]}
    assert export.notes == ("readme.txt: is no CSV file and was not read",)


def test_one_table_in_two_files(tmp_path: Path) -> None:
    (tmp_path / "Entities.csv").write_bytes(b"code\nA\n")
    assert problems(tmp_path, b"code\nA\n") == [
        Problem("entities.csv", "is the same table as Entities.csv", "Leave one of them."),
    ]


def test_a_folder_without_csv_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no CSV file"):
        read_legacy_export(tmp_path)
