"""A frame shows what the table shows, and keeps every distinct value once."""

from __future__ import annotations

from array import array

from mailadmin.interchange.frames import to_frame
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
