"""A row of sending per rival: the goal is about the first, and what did not come makes the answers differ."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.rows import Row
from benchmarks.sending import OURS, WORK, Run, Work, _came, _rows
from benchmarks.verifiers import HANG, HANG_OF

SEND = WORK["send, 2 kB"]
SLOW, HANGING = (work for work in WORK.values() if work.question == "verify")


def run(wall: float, *, whole: bool = True) -> Run:
    return Run(wall, wall / 2, 80.0, whole)


def rows(work: Work, **runs: list[Run]) -> list[Row]:
    return list(_rows(work, {OURS: [run(1), run(3), run(2)], **runs}, True, "a command"))


def test_a_row_per_rival_and_the_goal_beside_the_first() -> None:
    first, other = rows(SEND, smtplib=[run(2), run(4), run(6)], redmail=[run(8)])
    assert (first.rival_name, first.ours, first.rival, first.limit, first.rounds) == ("smtplib", 2, 4, 1.1, 3)
    assert other == replace(first, rival_name="redmail", rival=8, rival_cpu=4, limit=None, rounds=1)
    assert (first.ours_cpu, first.unit, first.things, first.case) == (1, "ms", "messages", "")


def test_what_did_not_come_is_told() -> None:
    first, other = rows(SEND, smtplib=[run(1), run(1, whole=False)], redmail=[run(1)])
    assert (first.agree, other.agree) == (False, True)


def test_services_are_told_in_seconds_for_all() -> None:
    (row,) = rows(SLOW, smtplib=[run(5)])
    assert (row.question, row.case, row.ours, row.rival, row.unit) == ("verify", "20 ms", 0.4, 1.0, "s")
    assert (row.size, row.things) == (200, "services")


def test_those_that_hang_are_not_looked_for_and_the_deadline_is_said() -> None:
    assert HANGING.name == "verify, 5 % hanging, given up after 5 s"
    side = HANGING.sides[OURS]
    seen = {"messages": 0, "asked": {"RCPT": HANG_OF + 1 - HANG}, "contents": []}
    assert _came(HANGING, side, seen, HANG_OF)
    assert not _came(HANGING, side, {**seen, "asked": {"RCPT": HANG_OF + 1}}, HANG_OF)
