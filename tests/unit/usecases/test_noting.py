"""A snapshot of files, a path or notes; what was uploaded lies nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailadmin import connect
from mailadmin.bootstrap import App
from mailadmin.domain.profiles import Secret
from mailadmin.errors import BadInput, KeyNeeded, SourceRejected
from mailadmin.usecases import keeping, migrating, noting
from tests.canaries import canary, hits

USERS = b"user_id,name\nann,Ann\n"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    found = connect(tmp_path / "store.db", environment={}, actor="tester")
    yield found
    found.close()


def test_uploaded_files_are_read_as_a_folder_and_lie_nowhere(app: App, tmp_path: Path) -> None:
    keeping.create_key(app)
    secret = canary().replace('"', "")
    own = f"user_id,EmailSmtpPassword\nann,{secret}\n".encode()
    lines: list[str] = []
    snapshot = noting.take(app, {"users.csv": USERS, "user_preferences.csv": own}, progress=lines.append)
    assert {name: len(rows) for name, rows in snapshot.tables.items()} == {"user_preferences": 1, "users": 1}
    assert list(snapshot.secret_fingerprints) == ["user_preferences/ann/EmailSmtpPassword"]
    assert lines == ["user_preferences: 1 rows", "users: 1 rows"]
    assert [one.id for one in migrating.snapshots(app)] == [snapshot.id]
    assert list(hits(tmp_path)) == []


def test_one_file_may_hold_everything(app: App) -> None:
    snapshot = noting.take(app, {"export.json": b'{"users": [{"user_id": "ann", "name": "Ann"}]}'})
    assert snapshot.source == "export.json"
    assert list(snapshot.tables["users"]) == [{"user_id": "ann", "name": "Ann"}]


def test_a_path_is_read_where_it_is(app: App, tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_bytes(USERS)
    assert noting.take(app, {"users.csv": USERS}).fingerprint == noting.take(app, tmp_path).fingerprint


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "There is no file yet"),
        ({"a.json": b"{}", "users.csv": USERS}, "a.json is no table by itself"),
        ({"table.txt": b"x"}, "no CSV file"),
        ({"../users.csv": USERS}, "cannot be called"),
        ({"..": USERS}, "cannot be called"),
        ({"users\n.csv": USERS}, "cannot be called"),
        ({"C:\\users.csv": USERS}, "cannot be called"),
    ],
)
def test_files_that_cannot_be_read_are_refused(app: App, files: dict[str, bytes], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        noting.take(app, files)
    assert migrating.snapshots(app) == []


def test_problems_are_told_with_their_rows_wherever_they_come_from(app: App, tmp_path: Path) -> None:
    bad = b"user_id,name,active\nann,Ann,maybe\n"
    (tmp_path / "users.csv").write_bytes(bad)
    sources: list[Path | noting.Uploads] = [{"users.csv": bad}, tmp_path]
    for source in sources:
        with pytest.raises(SourceRejected) as caught:
            noting.take(app, source)
        (told,) = noting.told(source, caught.value.problems)
        assert told.where == ("users.csv", "", "2", "active")
        assert told.extract is not None
        assert told.extract.cells == ("ann", "Ann", "maybe")
    pasted = bad.decode().replace(",", "\t")
    with pytest.raises(SourceRejected) as caught:
        noting.read_pasted("users", pasted)
    (told,) = noting.told_of_paste("users", pasted, caught.value.problems)
    assert told.where == ("pasted users", "", "2", "active")
    assert told.extract is not None
    assert told.extract.marked == 2


def test_notes_are_kept_like_an_export_and_need_a_key_for_passwords(app: App) -> None:
    secret = canary()
    notes = noting.Notes().with_(
        noting.read_screen("global_settings", {"EmailSmtpServer": "s", "EmailSmtpPassword": Secret(lambda: secret)})
    )
    with pytest.raises(KeyNeeded):
        noting.take(app, notes)
    assert noting.take(app, notes, keep_secrets=False).secret_fingerprints == {}
    keeping.create_key(app)
    snapshot = noting.take(app, notes)
    assert list(snapshot.secret_fingerprints) == ["global_settings//EmailSmtpPassword"]
    assert "CANARY" not in snapshot.text()
