"""Documents as they are kept: the same text again, or nothing."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.errors import Tampered
from mailadmin.storage import packed as module
from mailadmin.storage.packed import packed, unpacked

TEXTS = st.lists(st.text(st.characters(exclude_categories=("Cs",))))


@given(TEXTS, st.integers(1, 40))
def test_a_document_is_unpacked_as_it_was(texts: list[str], piece: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_PIECE", piece)
        found = list(unpacked(packed(text.encode() for text in texts), "it"))
    assert "".join(found) == "".join(texts)
    assert all(len(text) <= piece for text in found)


@given(st.data())
def test_a_flipped_bit_or_a_cut_is_noticed_where_it_changes_anything(data: st.DataObject) -> None:
    text = '{"a":"' + "x" * 500 + '"}'
    document = bytearray(packed([text.encode()]))
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(document) - 1))
        document[at] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del document[data.draw(st.integers(0, len(document) - 1)) :]
    with suppress(Tampered):
        assert "".join(unpacked(bytes(document), "it")) == text


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(Tampered):
        list(unpacked(packed([b"\xff\xfe"]), "it"))
