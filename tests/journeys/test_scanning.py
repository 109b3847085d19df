"""From a folder of scripts to what has to be rewritten: whatever is in the folder, in time (FI-40); and old widgets."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mailadmin.cli import application
from mailadmin.errors import BadInput
from mailadmin.interchange import script_sieve
from mailadmin.usecases import scanning
from tests.cli import SAMPLE, Desk

MARKED = Path(__file__).parents[1] / "marked"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def places(done: scanning.Scan, below: Path) -> list[tuple[str, int, str]]:
    return [(str(Path(p.file).relative_to(below)), p.use.line, str(p.use.kind)) for p in done.found]


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


CODE = "x = 1\ny = finSettings.EmailSmtpServer\n"


def test_every_encoding_is_read(tmp_path: Path) -> None:
    script = "' ä\n" + CODE
    encodings = ("cp1252", "utf-16-be", "utf-16-le", "utf-16", "utf-32", "utf-8-sig", "utf-8")
    below = written(tmp_path, {f"{encoding}.vb": script.encode(encoding) for encoding in encodings})
    done = scanning.scan([below])
    assert places(done, below) == [(f"{encoding}.vb", 3, "code") for encoding in encodings]
    assert done.problems == ()


def test_a_folder_is_walked_in_order_and_links_are_not_followed(tmp_path: Path) -> None:
    outside = written(tmp_path / "outside", {"o.vb": CODE.encode()})
    files = ("b.vb", "a/z.vb", "a-b.vb", ".hidden/h.vb", "picture.png", "empty.vb")
    content = {"picture.png": b"\x89PNG\0\0" + CODE.encode(), "empty.vb": b""}
    below = written(tmp_path / "scripts", {name: content.get(name, CODE.encode()) for name in files})
    (below / "folder").symlink_to(outside, target_is_directory=True)
    (below / "link.vb").symlink_to(outside / "o.vb")
    (below / "loop").symlink_to(below, target_is_directory=True)
    os.mkfifo(below / "pipe.vb")
    done = scanning.scan([below, below / "b.vb"])
    assert places(done, below) == [(name, 2, "code") for name in (".hidden/h.vb", "a/z.vb", "a-b.vb", "b.vb")]
    assert (done.files, done.binary, done.problems) == (6, 1, ())
    assert len(scanning.scan([below / "link.vb"]).found) == 1


def test_what_cannot_be_read_is_a_problem_and_stops_nothing(tmp_path: Path) -> None:
    below = written(tmp_path, {"broken.vb": "' ä€\n".encode() + b"\xff\n" + CODE.encode(), "sound.vb": CODE.encode()})
    with (below / "huge.vb").open("wb") as huge:
        huge.truncate(script_sieve.LARGEST + 1)
    done = scanning.scan([below])
    assert places(done, below) == [("broken.vb", 4, "code"), ("sound.vb", 2, "code")]
    assert [(Path(p.where).name, p.what) for p in done.problems] == [
        ("broken.vb", "line 2, byte 8: cannot be read as UTF-8"),
        ("huge.vb", "huge.vb holds more than 100 MB."),
    ]


def test_a_file_that_goes_away_while_scanning_is_a_problem(tmp_path: Path) -> None:
    below = written(tmp_path, {"a.vb": CODE.encode(), "b.vb": CODE.encode()})
    done = scanning.scan([below], progress=lambda step: (below / "a.vb").unlink())
    assert places(done, below) == [("b.vb", 2, "code")]
    assert [p.what for p in done.problems] == ["a.vb cannot be read: No such file or directory."]


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be scanned: No such file"):
        scanning.scan([tmp_path / "nowhere"])


def test_several_processes_find_what_one_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {f"{i:02}.vb": CODE.encode() if i % 3 else b"x" for i in range(20)} | {"é\n.vb": CODE.encode()}
    below = written(tmp_path, {**names, "p.bin": b"\0\1\0\0"})
    alone = scanning.scan([below])
    monkeypatch.setattr(script_sieve, "_SHARE", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert scanning.scan([below]) == alone
    assert len(alone.found) == 14
    monkeypatch.setattr(script_sieve, "_PROGRAM", "raise SystemExit(3)")
    assert scanning.scan([below]) == alone


def test_more_places_than_are_listed_are_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "MOST_USES", 3)
    below = written(
        tmp_path, {"a.vb": CODE.encode() * 2, "b.vb": CODE.encode() * 2, "c.vb": b"x", "d.vb": CODE.encode()}
    )
    done = scanning.scan([below])
    assert places(done, below) == [("a.vb", 2, "code"), ("a.vb", 4, "code"), ("b.vb", 2, "code")]
    assert [Path(p.where).name for p in done.problems] == ["b.vb", "d.vb"]


LINE = b'  If Client.Name = "x" Then Log("Email " & Client.EmailAddress) \' a remark\r\n'


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("20 MB", LINE * 270_000 + CODE.encode(), 270_002),
        ("one line of 5 MB", b"x = 1 : " * 650_000 + b"y = finSettings.EmailSmtpServer", 1),
        ("one string of 5 MB", b'x = "' + b"a" * 5_000_000 + b'" & finSettings.EmailSmtpServer', 1),
        ("quotes alone", b"y = finSettings.EmailSmtpServer : x = " + b'"' * 5_000_001 + b'$"{' * 99, 1),
        ("holes in holes", b"y = finSettings.EmailSmtpServer : x = " + b'$"{' * 100_000 + b"x.EmailSmtpPort", 1),
        ("dollars", b"$" * 5_000_000 + b" finSettings.EmailSmtpServer", 1),
        ("stars", b"/*" * 2_500_000 + b" finSettings.EmailSmtpServer", 1),
        ("blanks before a dot", b" " * 5_000_000 + b".EmailSmtpServer", 1),
        ("declarations", b"a As finSettings " * 300_000 + b": y = a.EmailSmtpServer", 1),
        ("blocks", b"With a\n" * 700_000 + b".EmailSmtpServer", 700_001),
        ("remarks that never come", b"R" * 5_000_000 + b" finSettings.EmailSmtpServer", 1),
        ("UTF-16", ("' ä\r\n" * 1_000_000 + CODE).encode("utf-16"), 1_000_002),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_hostile_file_is_read_to_its_end(tmp_path: Path, name: str, content: bytes, line: int) -> None:
    """FI-40. Were a pattern to go back over what it took, this would never end."""
    written(tmp_path, {"x.vb": content, "x.cs": content})
    done = scanning.scan([tmp_path])
    first = {place.file: (place.use.line, place.use.member) for place in reversed(done.found)}
    assert (list(first.values()), done.problems) == ([(line, "EmailSmtpServer")] * 2, ())


@pytest.mark.parametrize(
    "unit", ["x.EmailSmtpPort ", "With a\n.EmailSmtpPort\n", "a As finSettings : a.EmailSmtpPort\n"]
)
def test_a_file_of_nothing_but_members_is_listed_to_the_limit(tmp_path: Path, unit: str) -> None:
    written(tmp_path, {"x.vb": unit.encode() * 150_000})
    done = scanning.scan([tmp_path])
    assert (len(done.found), len(done.problems)) == (scanning.MOST_USES, 1)


# --- as a person types it -----------------------------------------------------------------------------------------


def test_the_columns_are_those_documented(desk: Desk) -> None:
    shutil.copy(MARKED / "messages.cs", desk.file("a.cs"))
    written(desk.folder, {"s.vb": b"Dim p = finSettings.EmailSmtpPort ' EmailSmtpServer\n"})
    assert desk("scan", desk.file("s.vb"), "--format", "csv").rows() == [
        {
            "file": str(desk.file("s.vb")),
            "line": "1",
            "column": "21",
            "owner_hint": "finSettings",
            "member": "EmailSmtpPort",
            "replacement": "Cost Centre, SMTP: Port",
            "text": "Dim p = finSettings.EmailSmtpPort ' EmailSmtpServer",
            "kind": "code",
        },
        {
            "file": str(desk.file("s.vb")),
            "line": "1",
            "column": "37",
            "owner_hint": "finSettings or finSettingsUser or finWebConfig",
            "member": "EmailSmtpServer",
            "replacement": "Cost Centre, SMTP: SMTP Server; Cost Centre, user override of SMTP: SMTP Server; "
            "Cost Centre of the Web Configuration, SMTP: SMTP Server",
            "text": "Dim p = finSettings.EmailSmtpPort ' EmailSmtpServer",
            "kind": "comment",
        },
    ]


def test_check_ends_with_1_for_code_alone(desk: Desk) -> None:
    written(desk.folder / "code", {"a.vb": CODE.encode()})
    written(desk.folder / "talk", {"a.vb": b"' finSettings.EmailSmtpServer", "b.md": b"EmailSmtpServer"})
    said = desk("scan", desk.file("code"), "--check", code=1)
    assert "1 file(s): 1 in code." in said.out
    assert f"{desk.file('code') / 'a.vb'}: 1" in said.error
    assert "1 in comment, 1 in text" in desk("scan", desk.file("talk"), "--check").out
    assert desk("scan", desk.file("code"), "--format", "csv").rows()
    kinds = [row["kind"] for row in desk("scan", desk.file("talk"), "--no-comments", "--format", "json").json()]
    assert kinds == ["text"]


def test_nothing_found_is_said(desk: Desk) -> None:
    written(desk.folder / "s", {"a.vb": b"x = 1"})
    assert desk("scan", desk.file("s"), "--check").out == "1 file(s): no obsoleted member is named.\n"


def test_what_was_not_scanned_ends_with_2_after_everything_else(desk: Desk) -> None:
    written(desk.folder / "s", {"a.vb": "' ä€\n".encode() + b"\xff\n" + CODE.encode()})
    said = desk("scan", desk.file("s"), "--check", "--format", "csv", code=2)
    assert [row["line"] for row in said.rows()] == ["4"]
    assert "a.vb: line 2, byte 8: cannot be read as UTF-8" in said.error
    assert desk("scan", desk.file("nowhere"), code=2).out == ""


def test_names_of_files_and_lines_cannot_move_a_cursor(desk: Desk) -> None:
    name = "a\x1b[31m\n\udce9.vb"
    written(desk.folder / "s", {name: b"x = finSettings.EmailSmtpServer '\x1b[2J"})
    for form in ("table", "csv", "json"):
        out = desk("scan", desk.file("s"), "--format", form).out
        assert "\x1b" not in out
        out = "".join(out.split())  # a table breaks long paths anywhere
        assert ("\\x1b[31m" in out) or ("\\\\x1b[31m" in out)


def test_it_needs_no_store(tmp_path: Path) -> None:
    written(tmp_path, {"a.vb": CODE.encode()})
    command = [sys.executable, "-m", "mailadmin.cli", "scan", "a.vb", "--format", "json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    assert [row["file"] for row in json.loads(done.stdout)] == ["a.vb"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.vb"]


def test_old_widgets_are_told(desk: Desk) -> None:
    shutil.copytree(SAMPLE / "kowhai-csv", desk.file("export"))
    desk.file("export").joinpath("widgets.csv").write_text(
        "name,version\nEmailMessage,1.04\nDOCUMENTCREATE,1.12\nWorkflowActions,1.10\nDocumentExecute,new\n"
    )
    desk("snapshot", "take", desk.file("export"), "--no-secrets", "--out", desk.file("before.json"))
    said = desk("snapshot", "widgets", desk.file("before.json"), "--check", "--format", "csv", code=1)
    assert [(row["widget"], row["version"], row["needed"], row["state"]) for row in said.rows()] == [
        ("EmailMessage", "1.04", "1.05", "older"),
        ("DocumentExecute", "new", "1.05", "no version"),
        ("CostCentreEdit_General", "", "1.01", "missing"),
    ]


def test_widgets_nobody_noted_are_unknown(desk: Desk) -> None:
    desk("snapshot", "take", SAMPLE / "kowhai-csv", "--no-secrets", "--out", desk.file("before.json"))
    said = desk("snapshot", "widgets", desk.file("before.json"))
    assert said.out.count("unknown") == 5
    assert "Note name and version of every widget" in said.error


def test_alone_it_says_what_it_says_among_the_others(tmp_path: Path) -> None:
    """The command on its own, as it is started, and the one of the whole application."""
    (tmp_path / "a.vb").write_text(CODE, encoding="utf-8")
    told = []
    for command in ("", "scan"):
        result = CliRunner().invoke(application(command), ["scan", str(tmp_path / "a.vb"), "--format", "csv"])
        told.append((result.exit_code, result.stdout))
    assert told[0] == told[1]
    assert "EmailSmtpServer" in told[0][1]
    loaded = "import sys, mailadmin.cli; mailadmin.cli.application('scan'); print('sqlalchemy' in sys.modules)"
    alone = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert alone.stdout == "False\n"
