"""The start: what it says of a store, a key made by a press, a store of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailadmin.bootstrap import connect
from mailadmin.forms.desk import Desk, open_desk
from mailadmin.forms.starting import TITLES, StartForm, start
from mailadmin.forms.work import at_once
from mailadmin.usecases import keeping, switching
from tests.unit.forms.test_display import IMG, Reader


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILADMIN_STORE", raising=False)


@pytest.fixture
def form(tmp_path: Path) -> Iterator[StartForm]:
    desk = Desk(connect(tmp_path / "store.db", environment={}), runner=at_once)
    yield start(desk)
    desk.close()


def words(form: StartForm) -> str:
    return " ".join(Reader(form.where.value + form.next.value + form.seen.value + form.message.value).texts)


def test_a_store_without_a_key_gets_one_by_a_press(form: StartForm, tmp_path: Path) -> None:
    assert "Next: Key, there is none yet." in words(form)
    form.key.click()
    assert f"The key was made: {tmp_path / 'store.key'}." in words(form)
    assert "Next: Snapshot" in words(form)
    assert form.key.layout.display == "none"
    form.key.click()
    assert "This store has a key already" in words(form)


def test_with_nothing_at_all_it_works_on_a_practice_store_and_makes_one_on_wish(tmp_path: Path) -> None:
    desk = open_desk(runner=at_once)
    form = start(desk)
    assert "Practice: an empty store." in words(form)
    form.store.value = " "
    form.open.click()
    assert "Name a file." in form.store.note.value
    form.store.value = "mailadmin.db"
    form.open.click()
    assert f"The store was made: {tmp_path / 'mailadmin.db'}." in words(form)
    assert "The other notebooks of this folder open it by themselves" in words(form)
    assert "Store: sqlite:///mailadmin.db." in words(form)
    assert desk.practice is None
    form.open.click()
    assert "The store was opened." in words(form)
    desk.close()


def test_a_store_that_is_none_is_refused_and_the_old_one_stays(form: StartForm, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("This is not a store. " * 100)
    form.store.value = "letter.txt"
    form.open.click()
    assert 'role="alert"' in form.message.value
    assert "store.db" in words(form)
    form.again.click()
    assert "Next: Key" in words(form)


def test_another_name_says_what_to_write_into_the_other_notebooks(form: StartForm) -> None:
    form.store.value = "other.db"
    form.open.click()
    assert 'store = "other.db"' in words(form)


def test_hostile_words_are_text(form: StartForm) -> None:
    keeping.create_key(form.desk.app)
    switching.stop_mail(form.desk.app, IMG)
    form.look()
    assert IMG in words(form)
    assert "img" not in Reader(form.seen.value + form.next.value).tags


def test_every_notebook_named_is_there() -> None:
    folder = Path(__file__).parents[3] / "notebooks"
    assert [name for name in TITLES if not (folder / name).is_file()] == []
