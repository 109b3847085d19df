"""Picking a person: a part of the id or the name finds them, among however many, and only who is wanted."""

from __future__ import annotations

from array import array

from mailadmin.audit.access import Everybody, Question
from mailadmin.domain.organisation import User
from mailadmin.forms.people import OFFERED, PersonPicker
from mailadmin.forms.work import at_once
from tests.page_words import drawn, said

SOME = Everybody.of(
    [
        User(user_id="JTaylor6", name="Jo Taylor"),
        User(user_id="İWalker", name="İpek Walker"),
        User(user_id="gone", name="Taylor Away", active=False),
    ]
)


def offered(picker: PersonPicker) -> list[str]:
    return [words for words, _ in picker.choice.widget.options][1:]


def test_a_part_of_the_id_or_the_name_finds_them_in_any_case() -> None:
    picker = PersonPicker("Person", lambda _: None, runner=at_once)
    picker.show(SOME)
    assert offered(picker) == ["gone Taylor Away", "İWalker İpek Walker", "JTaylor6 Jo Taylor"]
    picker.search.value = "TAYLOR"
    assert offered(picker) == ["gone Taylor Away", "JTaylor6 Jo Taylor"]
    assert picker.value is None


def test_the_only_one_found_is_chosen_and_told() -> None:
    chosen: list[str] = []
    picker = PersonPicker("Person", chosen.append, runner=at_once)
    picker.show(SOME)
    picker.search.value = "jo t"
    assert (picker.value, chosen) == ("JTaylor6", ["JTaylor6"])


def test_only_whoever_is_wanted_is_offered() -> None:
    picker = PersonPicker("Person", lambda _: None, wanted=lambda asked: asked.active, runner=at_once)
    picker.show(SOME)
    picker.search.value = "taylor"
    assert offered(picker) == ["JTaylor6 Jo Taylor"]
    picker.search.value = "away"
    assert (offered(picker), said(picker.where)) == ([], "! Nobody like that.")


def test_among_many_only_the_first_are_offered_and_anybody_is_found() -> None:
    many = 20_001
    ids = [f"U{number:05}" for number in range(many)]
    asking = [Question.of(User(user_id="U", name="U"))]
    picker = PersonPicker("Person", lambda _: None, runner=at_once)
    before = len(list(drawn(picker.box)))
    picker.show(Everybody(ids, [""] * many, array("I", [0]) * many, asking))
    assert offered(picker) == ids[:OFFERED]
    assert said(picker.where) == "The first 20 are offered: type more to narrow it down."
    picker.search.value = "u20000"
    assert picker.value == "U20000"
    assert len(list(drawn(picker.box))) == before
