"""The one form in which content is hashed."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.domain.canonical import canonical, sha256

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


def test_what_is_not_alike_does_not_meet() -> None:
    told = [None, "", "null", 0, "0", False, [], {}, [[]], {"a": None}, {"a": ""}, ["a", "b"], ["ab"]]
    assert len({canonical(content) for content in told}) == len(told)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        canonical("\ud800")
