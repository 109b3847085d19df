"""A frame shows what the table shows, and keeps every distinct value once."""

from __future__ import annotations

from array import array

import pytest

from mailadmin.errors import BadInput
from mailadmin.interchange import frames
from mailadmin.interchange.frames import to_arrow, to_frame
from mailadmin.resolution.columns import Columns

TABLE = Columns(("branch", "status"), ["0042", "None", "NA"], array("I", [1, 0, 1]), [("", "ready"), ("AKL", "ready")])


def test_a_frame_has_the_rows_of_the_table() -> None:
    frame = to_frame(TABLE)
    assert list(frame.columns) == ["user_id", "branch", "status"]
    assert list(frame.itertuples(index=False, name=None)) == list(TABLE)


def test_every_column_but_the_user_ids_keeps_its_values_once() -> None:
    frame = to_frame(TABLE)
    assert list(frame["branch"].cat.categories) == ["", "AKL"]
    assert frame["branch"].cat.codes.tolist() == [1, 0, 1]
    assert list(frame["status"].cat.categories) == ["ready"]


def test_nobody_is_an_empty_frame() -> None:
    frame = to_frame(Columns(("branch",), [], array("I"), []))
    assert (len(frame), list(frame.columns)) == (0, ["user_id", "branch"])


def test_an_arrow_table_has_the_rows_of_the_table_and_keeps_values_once() -> None:
    pa = pytest.importorskip("pyarrow")
    found = to_arrow(TABLE)
    assert [tuple(row.values()) for row in found.to_pylist()] == list(TABLE)
    assert found["branch"].chunk(0).dictionary.to_pylist() == ["", "AKL"]
    assert pa.types.is_dictionary(found["status"].type)


def test_without_arrow_a_frame_is_the_same_and_an_arrow_table_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = to_frame(TABLE)
    monkeypatch.setattr(frames, "find_spec", lambda _name: None)
    assert to_frame(TABLE).equals(expected)
    with pytest.raises(BadInput, match="Arrow is not installed"):
        to_arrow(TABLE)
