"""The one form in which content is hashed."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.domain.canonical import canonical, pieces, sha256

CONTENT: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=("Cs",))),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=("Cs",))), inner),
    max_leaves=20,
)


def test_keys_are_sorted_and_nothing_stands_between() -> None:
    assert (
        canonical({"b": [1, None, True], "a": {"d": "é", "c": ""}})
        == '{"a":{"c":"","d":"é"},"b":[1,null,true]}'.encode()
    )


@pytest.mark.parametrize("content", [1.0, [1.5], {"a": {"b": [float("nan")]}}, ({"a": 2.0},)])
def test_floats_are_refused(content: Any) -> None:
    with pytest.raises(TypeError, match="no floats"):
        canonical(content)


@given(st.dictionaries(st.text(st.characters(exclude_categories=("Cs",))), CONTENT))
def test_the_order_in_which_content_was_made_makes_no_difference(content: dict[str, Any]) -> None:
    turned = dict(reversed(content.items()))
    assert canonical(turned) == canonical(content)
    assert sha256(turned) == hashlib.sha256(canonical(content)).hexdigest()


@given(CONTENT)
def test_pieces_are_the_same_bytes(content: Any) -> None:
    assert b"".join(pieces(content)) == canonical(content)
    assert json.loads(b"".join(pieces(content, gap="\n"))) == content


def test_every_key_and_every_row_has_a_line_of_its_own() -> None:
    content = {"tables": {"users": [{"b": 1, "a": [2, 3]}, {}], "none": []}, "id": "x"}
    assert b"".join(pieces(content, gap="\n")).decode().splitlines() == [
        "{", '"id":"x",', '"tables":{', '"none":[],', '"users":[', '{"a":[2,3],"b":1},', "{}", "]", "}", "}",
    ]  # fmt: skip


def test_a_long_list_is_never_one_text() -> None:
    assert b"".join(pieces(iter(range(2_000)))) == canonical(list(range(2_000)))
    assert max(map(len, pieces(["x" * 100] * 10_000))) < 60_000


@pytest.mark.parametrize("content", [[1.0], iter([{"a": 1.5}]), {"a": 2.0}, {"a": [{"b": (1.5,)}]}])
def test_floats_are_refused_in_pieces(content: Any) -> None:
    with pytest.raises(TypeError, match="no floats"):
        b"".join(pieces(content))


def test_what_is_not_alike_does_not_meet() -> None:
    told = [None, "", "null", 0, "0", False, [], {}, [[]], {"a": None}, {"a": ""}, ["a", "b"], ["ab"]]
    assert len({canonical(content) for content in told}) == len(told)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        canonical("\ud800")
