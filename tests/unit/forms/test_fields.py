"""A field says at its own place what is wrong with it, and shows names as they were written."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from mailadmin.forms.fields import WIDGETS, Field, Kind
from mailadmin.forms.form import valid

IMG = "<img src=x onerror=alert(1)>"
SOME: dict[Kind, Any] = {
    Kind.TEXT: "text",
    Kind.LONG_TEXT: "text",
    Kind.PORT: 587,
    Kind.YES_NO: True,
    Kind.CHOICE: 1,
    Kind.LIST: 1,
    Kind.DATE: date(2026, 11, 23),
}


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind in SOME])
def test_every_kind_takes_a_value_and_lets_it_go(kind: Kind) -> None:
    field = Field("Label", kind, choices=[("one", 1), ("two", 2)])
    field.value = SOME[kind]
    assert field.value == SOME[kind]
    field.value = None
    assert field.value == WIDGETS[kind].blank


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_its_label(kind: Kind) -> None:
    assert Field("The label", kind).widget.description == "The label"


def test_what_is_wrong_is_said_at_the_field_while_it_is_typed_and_taken_back() -> None:
    field = Field(
        "Port", Kind.PORT, hint="0 is the standard port.", check=lambda v: "465 wants TLS" if v == 465 else ""
    )
    assert "standard port" in field.note.value
    field.value = 465
    assert 'role="alert"' in field.note.value
    assert "465 wants TLS" in field.note.value
    assert not valid([field])
    field.value = 587
    assert "465 wants TLS" not in field.note.value
    assert "standard port" in field.note.value
    assert valid([field])


def test_every_field_of_a_form_says_what_is_wrong_with_it() -> None:
    fields = [Field("One", check=lambda _: "no one"), Field("Two", check=lambda _: "no two")]
    assert not valid(fields)
    assert ["no one" in fields[0].note.value, "no two" in fields[1].note.value] == [True, True]


def test_what_people_wrote_is_text() -> None:
    field = Field("Label", check=lambda value: f"{value} is no address", hint=IMG)
    assert "<img" not in field.note.value
    field.value = IMG
    assert "<img" not in field.note.value
    assert "&lt;img" in field.note.value


def test_choices_mislead_nobody_and_keep_what_was_chosen() -> None:
    field = Field("User", Kind.CHOICE, choices=[("a\u202eb", "x"), ("same", 1), ("same", 2)])
    assert [words for words, _ in field.widget.options] == ["a\\u202eb", "same", "same (2)"]
    field.value = 2
    field.choose_from([("other", 3), ("same", 2)])
    assert field.value == 2
    field.choose_from([("other", 3)])
    assert field.value == 3
