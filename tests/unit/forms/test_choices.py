"""Fields to choose in: nothing is a choice like any other, and other choices disturb nobody."""

from __future__ import annotations

from mailadmin.forms.fields import Field, Kind


def test_nothing_can_be_chosen_and_is_shown_in_its_words() -> None:
    field = Field("Service", Kind.CHOICE, choices=[("by rule", None), ("SMTP", "smtp")])
    assert (field.value, field.widget.label) == (None, "by rule")
    field.value = "smtp"
    field.value = None
    assert (field.value, field.widget.label) == (None, "by rule")
    begun = Field("Service", Kind.CHOICE, None, choices=[("SMTP", "smtp"), ("by rule", None)])
    assert (begun.value, begun.widget.label) == (None, "by rule")


def test_other_choices_tell_nobody_while_what_was_chosen_stays() -> None:
    field = Field("Service", Kind.CHOICE, "b", choices=[("A", "a"), ("B", "b")])
    told: list[object] = []
    field.watch(lambda: told.append(field.value))
    field.choose_from([("first", "0"), ("A", "a"), ("B, changed", "b")])
    assert (field.value, field.widget.label, told) == ("b", "B, changed", [])
    field.choose_from([("first", "0")])
    assert (field.value, told) == ("0", ["0"])
