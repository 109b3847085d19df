"""Taking a snapshot: whole or not at all, every problem at its cell, passwords kept or noted as present."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailadmin import connect
from mailadmin.forms.desk import Desk, open_desk
from mailadmin.forms.snapshotting import FILES, PATH, Files, Place, SnapshotForm, snapshot
from mailadmin.forms.work import at_once
from mailadmin.migration.snapshot import Snapshot
from mailadmin.usecases import migrating
from tests.canaries import canary, exported
from tests.page_words import page, said
from tests.widget_state import alive, states, widgets

IMG = "<img src=x onerror=alert(1)>"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A store without a key."""
    found = Desk(connect(tmp_path / "store.db", environment={}, actor="tester"), runner=at_once)
    yield found
    found.close()


def of_files(form: SnapshotForm, **tables: str) -> None:
    form.way.value = FILES
    assert isinstance(form.source, Files)
    form.source.add({f"{name}.csv": text.encode() for name, text in tables.items()})


def take(form: SnapshotForm) -> list[Snapshot]:
    form.attempt(form.take)
    app = form.desk.app
    return [migrating.load_snapshot(app, one.id) for one in migrating.snapshots(app)]


def test_the_sample_company_needs_a_single_press() -> None:
    desk, told = open_desk(runner=at_once), list[Snapshot]()
    form = SnapshotForm(desk, told.append)
    assert [one.id for one in take(form)] == [told[0].id]
    assert "Snapshot of kowhai-csv" in page(form)
    assert "400" in page(form)
    assert f"The snapshot {told[0].id} is taken." in said(form.message)
    desk.close()


def test_a_first_visit_without_store_and_file_is_usable(desk: Desk) -> None:
    form = snapshot(desk)
    assert repr(form) == "Form: Take a snapshot of the old settings"
    assert "There is no file yet" in [take(form), said(form.message)][1]
    form.way.value = PATH
    assert "There is no path yet" in [take(form), said(form.message)][1]
    assert isinstance(form.source, Place)
    assert "Name a folder or a file." in said(form.source.path.note)
    form.source.path.value = "/nowhere/at/all"
    assert take(form) == []
    assert "cannot be read" in said(form.message)


def test_problems_are_listed_and_shown_at_the_cell(desk: Desk) -> None:
    form, secret = snapshot(desk), canary().replace('"', "")
    of_files(
        form,
        users=f"user_id,name,active\n{IMG},Ann,Y\nbob,{IMG},maybe\ncia,,Y\n",
        user_preferences=f"user_id,EmailSmtpPassword,EmailSmtpPort\nbob,{secret},abc\n",
    )
    assert take(form) == []
    assert "3 problems, listed above" in said(form.message)
    text = page(form)
    for words in ("user_preferences.csv, row 2", "EmailSmtpPort", "'abc' is not a port", "Write 0 to 65535"):
        assert words in text
    assert "At the cell: user_preferences.csv, row 2" in text
    assert "CANARY" not in states(form)
    problems = form.result.box.children[0].children
    look = problems[0].children[-1].children[0]
    look.value = 1
    assert "At the cell: users.csv, row 3" in page(form)
    assert IMG in page(form)
    assert alive(form) == set()
    assert len(list(widgets(form.box))) < 100


def test_what_is_not_known_can_be_left_out(desk: Desk) -> None:
    form = snapshot(desk)
    of_files(form, users="user_id,name,shoe_size\nann,Ann,38\n")
    assert take(form) == []
    form.unknown.value = True
    (taken,) = take(form)
    assert taken.not_taken == ("users.shoe_size",)


def test_without_a_key_one_can_be_made_here_or_passwords_only_noted(desk: Desk, tmp_path: Path) -> None:
    form, secret = snapshot(desk), canary().replace('"', "")
    of_files(form, user_preferences=f"user_id,EmailSmtpPassword\nann,{secret}\n")
    assert take(form) == []
    assert "A key is needed" in said(form.message)
    form.secrets.value = False
    (taken,) = take(form)
    assert taken.secret_fingerprints == {}
    assert form.key.empty
    form.secrets.value = True
    take(form)
    create = form.key.box.children[1].children[0]
    assert create.description == "Create a key here"
    create.click()
    assert "store.key" in said(form.message)
    assert [len(one.secret_fingerprints) for one in take(form)] == [1]
    assert "CANARY" not in states(form)


def test_two_snapshots_are_compared(desk: Desk, tmp_path: Path) -> None:
    form = snapshot(desk)
    form.kept.load()
    assert "In this store" in page(form)
    of_files(form, users="user_id,name\nann,Ann\n")
    take(form)
    folder = exported(tmp_path / "later")
    folder.mkdir()
    (folder / "users.csv").write_text(f"user_id,name\nann,{IMG}\n")
    form.way.value = PATH
    assert isinstance(form.source, Place)
    form.source.path.value = str(folder)
    take(form)
    form.kept.load()
    form.attempt(form.kept.compare)
    assert "1 difference" in page(form)
    assert IMG in page(form)
    assert alive(form) == set()


def test_uploaded_files_gather_and_one_that_holds_everything_stands_alone(desk: Desk) -> None:
    files = Files()
    files.add({"users.csv": b"1", "roles.csv": b"2"})
    files.add({"users.csv": b"3"})
    assert files.given == {"users.csv": b"3", "roles.csv": b"2"}
    files.add({"all.json": b"{}"})
    assert files.given == {"all.json": b"{}"}
    files.add({"users.csv": b"1"})
    assert files.given == {"users.csv": b"1"}
