"""Picking a person: a part of the id or the name finds them, among however many, and only who is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import insert

from mailadmin import connect
from mailadmin.domain.organisation import User
from mailadmin.errors import StoreBusy
from mailadmin.forms.desk import Desk
from mailadmin.forms.people import OFFERED, PersonPicker
from mailadmin.forms.work import at_once
from mailadmin.storage.tables import ROWS, stored
from mailadmin.usecases import picking
from tests.page_words import drawn, said

SOME = (
    User(user_id="JTaylor6", name="Jo Taylor"),
    User(user_id="İWalker", name="Āroha Walker"),
    User(user_id="gone", name="Taylor Away", active=False),
    User(user_id="100%_x", name="Out Side", external=True),
)


@contextmanager
def desk_of(folder: Path, *users: User) -> Iterator[Desk]:
    desk = Desk(connect(folder / "mailadmin.db", environment={}, actor="tester"), runner=at_once)
    with desk.app.store.writing() as connection:
        connection.execute(insert(ROWS["users"]), [stored(user, 0) for user in users])
    yield desk
    desk.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_of(tmp_path, *SOME) as desk:
        yield desk


def offered(picker: PersonPicker) -> list[str]:
    return [words for words, _ in picker.choice.widget.options][1:]


def test_a_part_of_the_id_or_the_name_finds_them_in_any_case(desk: Desk) -> None:
    picker = PersonPicker("Person", lambda _: None, desk)
    assert offered(picker) == ["100%_x Out Side", "gone Taylor Away", "İWalker Āroha Walker", "JTaylor6 Jo Taylor"]
    picker.search.value = "TAYLOR"
    assert offered(picker) == ["gone Taylor Away", "JTaylor6 Jo Taylor"]
    assert picker.value is None


@pytest.mark.parametrize("written", ["āroha", "ĀROHA", "Āroha w", "İWALKER"])
def test_letters_outside_ascii_are_found_in_any_case(desk: Desk, written: str) -> None:
    picker = PersonPicker("Person", lambda _: None, desk)
    picker.search.value = written
    assert offered(picker) == ["İWalker Āroha Walker"]


@pytest.mark.parametrize("written", ["%", "_x", "100%_"])
def test_what_stands_for_anything_in_a_query_stands_for_itself(desk: Desk, written: str) -> None:
    picker = PersonPicker("Person", lambda _: None, desk)
    picker.search.value = written
    assert offered(picker) == ["100%_x Out Side"]


def test_the_only_one_found_is_chosen_and_told(desk: Desk) -> None:
    chosen: list[str] = []
    picker = PersonPicker("Person", chosen.append, desk)
    picker.search.value = "jo t"
    assert (picker.value, chosen) == ("JTaylor6", ["JTaylor6"])


def test_only_whoever_may_have_own_values_is_offered(desk: Desk) -> None:
    picker = PersonPicker("Person", lambda _: None, desk, for_overrides=True)
    assert offered(picker) == ["İWalker Āroha Walker", "JTaylor6 Jo Taylor"]
    picker.search.value = "away"
    assert (offered(picker), said(picker.where)) == ([], "! Nobody like that.")


def test_among_many_only_the_first_are_offered_and_anybody_is_found(tmp_path: Path) -> None:
    ids = [f"U{number:05}" for number in range(picking.MANY + 1)]
    with desk_of(tmp_path, *(User(user_id=user_id, name=user_id) for user_id in ids)) as desk:
        picker = PersonPicker("Person", lambda _: None, desk)
        before = len(list(drawn(picker.box)))
        assert offered(picker) == [f"{user_id} {user_id}" for user_id in ids[:OFFERED]]
        assert said(picker.where) == "The first 20 are offered: type more to narrow it down."
        picker.search.value = "u20000"
        assert picker.value == "U20000"
        assert len(list(drawn(picker.box))) == before


def test_what_was_typed_last_is_answered(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picking, "MANY", 0)
    waiting: list[Callable[[], None]] = []
    desk.runner = waiting.append
    picker = PersonPicker("Person", lambda _: None, desk)
    picker.search.value = "taylor"
    picker.search.value = "walker"
    assert len(waiting) == 1
    waiting.pop()()
    waiting.pop()()
    assert (offered(picker), waiting) == (["İWalker Āroha Walker"], [])


def test_a_search_that_fails_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picking, "MANY", 0)
    picker = PersonPicker("Person", lambda _: None, desk)

    def busy(*_: object, **__: object) -> None:
        raise StoreBusy("Ann is writing to the store.", remedy="Try again.")

    monkeypatch.setattr(picking, "people", busy)
    picker.search.value = "taylor"
    assert said(picker.where) == "✗ Ann is writing to the store. Try again."
