"""How names are matched, and what may stand in one."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from mailadmin.domain.keys import Line, Name, Text, match_key, unprintable

NAME: TypeAdapter[str] = TypeAdapter(Name)
LINE: TypeAdapter[str] = TypeAdapter(Line)
TEXT: TypeAdapter[str] = TypeAdapter(Text)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("I", "i"),
        ("ı", "ı"),
        ("İ", "i̇"),
        ("i", "i"),
        ("００１", "001"),
        ("001", "001"),
        ("00123", "00123"),
        ("123", "123"),
        (" a ", "a"),
        ("a\u00a0", "a"),
        ("Straße", "strasse"),
        ("STRASSE", "strasse"),
        ("é", "é"),
        ("e\u0301", "é"),
        ("ﬁn", "fin"),
        ("℡", "tel"),
        ("\u2126", "ω"),
        ("Ω", "ω"),
        ("", ""),
    ],
)
def test_names_are_matched_by_nfkc_and_case_folding(written: str, key: str) -> None:
    assert match_key(written) == key


def test_capital_and_small_i_meet_and_the_turkish_ones_do_not() -> None:
    assert [match_key(name) for name in "IıİI"].count("i") == 2
    assert match_key("I") == match_key("i")
    assert len({match_key(name) for name in ("I", "ı", "İ", "i")}) == 3


@given(st.text())
def test_a_key_is_its_own_key(text: str) -> None:
    assert match_key(match_key(text)) == match_key(text)


@given(st.text(st.characters(max_codepoint=127)))
def test_the_short_way_for_ascii_gives_what_the_long_way_gives(text: str) -> None:
    assert match_key(text) == unicodedata.normalize("NFKC", text).strip().casefold()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a\u200b", "U+200B"),
        ("a\u202e", "U+202E"),
        ("a\u2066b", "U+2066"),
        ("a\x00b", "U+0000"),
        ("a\nb", "U+000A"),
        ("a\tb", "U+0009"),
        ("a\u2028b", "U+2028"),
        ("\ufeffa", "U+FEFF"),
        ("\ud800", "U+D800"),
        ("Whangārei", None),
        ("a b", None),
        ("'; DROP TABLE cost_centres;--", None),
    ],
)
def test_the_first_character_that_cannot_be_seen_is_named(text: str, found: str | None) -> None:
    assert unprintable(text) == found


@pytest.mark.parametrize("name", ["", " a", "a ", "a\u00a0", "\ta", "a\u200b", "a\u202e", "a\nb", "a\x00"])
def test_a_name_is_not_empty_has_no_outer_blanks_and_nothing_invisible(name: str) -> None:
    with pytest.raises(ValidationError):
        NAME.validate_python(name)


@pytest.mark.parametrize("name", ["00", "None", "NaN", "İpek", "ＢＲ３", "a b", "=1+1", "%", "a_b"])
def test_a_name_is_kept_as_written(name: str) -> None:
    assert NAME.validate_python(name) == name


@pytest.mark.parametrize("line", ["a\r\nBcc: x@y", "a\nb", "a\0", "\ud800", "a\u2028b"])
def test_a_line_that_travels_holds_no_control_character(line: str) -> None:
    with pytest.raises(ValidationError):
        LINE.validate_python(line)


@pytest.mark.parametrize("text", ["", " padded ", "two\nlines", "می‌خواهم", "👩‍👧"])
def test_text_for_people_is_kept_as_written(text: str) -> None:
    assert TEXT.validate_python(text) == text


@pytest.mark.parametrize("text", ["a\0b", "half \ud83d"])
def test_text_holds_nothing_a_database_cannot_keep(text: str) -> None:
    with pytest.raises(ValidationError):
        TEXT.validate_python(text)
