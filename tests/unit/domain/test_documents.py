"""Documents read a piece at a time say what they say when they are read whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.domain import documents
from mailadmin.domain.canonical import pieces
from mailadmin.errors import BadInput
from tests.unit.domain.test_canonical import CONTENT

LAYOUTS = st.sampled_from([{}, {"indent": 1}, {"separators": (",", ":")}, {"ensure_ascii": False}])


def cut(text: str, sizes: list[int]) -> Iterator[str]:
    """The text in pieces of these sizes, and what is left."""
    for size in sizes:
        yield text[:size]
        text = text[size:]
    yield text


@given(CONTENT, LAYOUTS, st.lists(st.integers(0, 7)))
def test_a_document_is_read_alike_however_it_is_laid_out_and_cut(
    content: Any, layout: dict[str, Any], sizes: list[int]
) -> None:
    assert documents.read(cut(json.dumps(content, **layout), sizes), "it") == content


@given(CONTENT)
def test_what_is_written_in_pieces_is_read_again(content: Any) -> None:
    for gap in ("", "\n"):
        assert documents.read((piece.decode() for piece in pieces(content, gap)), "it") == content


@given(CONTENT, st.data())
def test_a_document_that_was_cut_short_or_goes_on_is_refused(content: Any, data: st.DataObject) -> None:
    text = json.dumps({"a": content})
    short = text[: data.draw(st.integers(0, len(text) - 1))]
    for wrong in (short, text + "x", text + text, text + "]"):
        with pytest.raises(BadInput, match="it is not a JSON document"):
            documents.read([wrong], "it")


@pytest.mark.parametrize(
    "text",
    ["", " ", "[1,]", "[,1]", "[1 2]", '{"a":1,}', '{"a" 1}', "{a:1}", "{1:2}", "[1}", "{]", "[1.5]", "[NaN]",
     "[-Infinity]", '{"a":{"b":[1,]}}', "[" * 100_000, '["\n"]', "tru", "01"],
)  # fmt: skip
def test_what_is_no_document_of_ours_is_refused(text: str) -> None:
    for sizes in ([], [1] * len(text[:50])):
        with pytest.raises(BadInput):
            documents.read(cut(text, sizes), "it")


def test_lists_under_a_key_are_given_to_its_collector() -> None:
    class Sum:
        def __init__(self) -> None:
            self.total = 0

        def append(self, element: int) -> None:
            self.total += element

    text = '{"sums": {"a": [1, 2], "b": []}, "others": [1, 2], "sum": {"sums": [3]}}'
    found = documents.read([text], "it", {"sums": Sum})
    assert [found["sums"]["a"].total, found["sums"]["b"].total] == [3, 0]
    assert (found["others"], found["sum"]) == ([1, 2], {"sums": [3]})


def test_a_list_is_never_kept_as_text() -> None:
    """However long it is: as much is asked for as the next element needs."""
    asked = 0

    def coming() -> Iterator[str]:
        nonlocal asked
        yield '{"rows": ['
        for number in range(1_000):
            asked = number
            yield f"{number}, "
        yield "1000]}"

    class Behind:
        def append(self, element: int) -> None:
            assert element >= asked - 2

    documents.read(coming(), "it", {"rows": Behind})
