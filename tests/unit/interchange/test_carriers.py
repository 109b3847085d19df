"""What a file is, told by its content (FI-30, FI-36, FI-13)."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path

import pytest

from mailadmin.errors import BadInput
from mailadmin.interchange.legacy_exports import read_legacy_export

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def archive(**entries: bytes) -> bytes:
    """A ZIP archive; `__` in a name stands for a slash, `_dot_` for a dot."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as written:
        for name, content in entries.items():
            written.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return data.getvalue()


@pytest.mark.parametrize("name", ["legacy", "legacy.json", "legacy.xlsx", "legacy.xls"])
@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "is empty."),
        (b" \n", "is empty."),
        (OLE, "is an old binary Excel workbook (.xls)."),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "is a workbook protected by a password."),
        (archive(xl__workbook_dot_bin=b""), "is a binary workbook (.xlsb)."),
        (archive(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"), "is an OpenDocument file (.ods, .odt)."),
        (archive(users_dot_csv=b"a"), "is a ZIP archive and no workbook."),
        (archive(inner_dot_zip=archive(a=b"a")), "is a ZIP archive and no workbook."),
        (b"PK\x03\x04garbage", "begins like a ZIP archive and is none; it may be cut off."),
        (b"<html><table><tr><td>1</td></tr></table></html>", "is an HTML or XML page, whatever its name says."),
        ("\ufeff<?xml version='1.0'?><Workbook/>".encode(), "is an HTML or XML page, whatever its name says."),
        (b"%PDF-1.7", "is a PDF document."),
        (b"SQLite format 3\0", "is an SQLite database; read it with --sql."),
        (pickle.dumps({"users": []}), "is a Python pickle."),
        (b"!!python/object/apply:os.system ['true']", "is neither a workbook nor JSON."),
        (b"user_id,name\na,A\n", "is neither a workbook nor JSON."),
        (b"[]", "holds no object with a key per table."),
    ],
)
def test_what_is_no_legacy_export_is_told(data: bytes, what: str, name: str, tmp_path: Path) -> None:
    source = tmp_path / name
    source.write_bytes(data)
    with pytest.raises(BadInput) as caught:
        read_legacy_export(source)
    assert caught.value.what == f"{name} {what}"


def test_a_file_is_what_it_holds_and_not_what_it_is_called(tmp_path: Path) -> None:
    source = tmp_path / "legacy.xlsx"
    source.write_text('{"entities": [{"code": "A"}]}', encoding="utf-16")
    assert read_legacy_export(source).tables == {"entities": [{"code": "A"}]}


def test_only_regular_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path, what in {
        tmp_path / "fifo": "fifo is not a regular file.",
        Path("/dev/zero"): "zero is not a regular file.",
        tmp_path / "nowhere": "nowhere cannot be read: No such file or directory.",
        Path("a\0b"): "a\0b cannot be read: not a name of a file.",
    }.items():
        with pytest.raises(BadInput) as caught:
            read_legacy_export(path)
        assert caught.value.what == what
