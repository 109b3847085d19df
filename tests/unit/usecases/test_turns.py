"""Whose turn it is: a run of thousands in a clock of its own, with those that hang wherever they do most harm."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from math import ceil, inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailadmin.usecases.turns import AT_ONCE, MOST, Lane, Turns

DEADLINE, HANGS_AFTER, WORK = 20.0, 3.0, 0.25


class Run:
    """A verification in which nothing is connected to: `hanging` wait for their deadline, the others take a moment."""

    def __init__(self, logins: Iterable[tuple[str, Sequence[int]]], hanging: Iterable[int], **places: int) -> None:
        self.hanging = frozenset(hanging)
        self.turns = Turns(logins, **places)
        self.through: dict[int, float] = {}
        self.spared: list[int] = []
        self.most = 0
        clock, under_way = 0.0, 0
        events: list[tuple[float, int, bool, Lane]] = []
        while True:
            while (turn := self.turns.take()) is not None:
                lane, account = turn
                under_way += 1
                late = account in self.hanging
                heappush(events, (clock + (DEADLINE if late else WORK), account, True, lane))
                if late:
                    heappush(events, (clock + HANGS_AFTER, account, False, lane))
            self.most = max(self.most, under_way)
            if not events:
                return
            clock, account, through, lane = heappop(events)
            if through:
                under_way -= 1
                self.through[account] = clock
                self.spared += self.turns.came(lane, late=account in self.hanging)
            else:
                self.turns.hangs(lane)

    def last(self, accounts: Iterable[int] | None = None) -> float:
        """When the last of them was through."""
        return max((self.through[account] for account in accounts or self.through), default=0.0)


def alone(servers: Iterable[str]) -> list[tuple[str, list[int]]]:
    """Accounts with a login each, by their servers."""
    return [(server, [number]) for number, server in enumerate(servers)]


SERVICES, HANGING = 2_000, 100
HEALTHY = range(HANGING, SERVICES)
ARRANGED = {
    "behind one server of their own": ["hangs"] * HANGING + ["good"] * len(HEALTHY),
    "behind four": [f"hangs{n % 4}" for n in range(HANGING)] + ["good"] * len(HEALTHY),
    "each its own server": [f"hangs{n}" for n in range(HANGING)] + ["good"] * len(HEALTHY),
    "everybody a server": [f"server{n}" for n in range(SERVICES)],
    "all behind one server": ["one"] * SERVICES,
}
"""Where a hundred that hang are, the first to be asked for."""


@pytest.mark.parametrize("where", ARRANGED)
def test_two_thousand_of_which_a_twentieth_hang_end_within_the_bound(where: str) -> None:
    run = Run(alone(ARRANGED[where]), range(HANGING))
    assert sorted([*run.through, *run.spared]) == list(range(SERVICES))
    assert run.last() <= DEADLINE * ceil(HANGING / AT_ONCE) + WORK * SERVICES / AT_ONCE
    assert run.most <= MOST


@pytest.mark.parametrize("where", list(ARRANGED)[:4])
def test_those_that_work_do_not_wait_for_a_deadline_more_than_once(where: str) -> None:
    run = Run(alone(ARRANGED[where]), range(HANGING))
    assert run.last(HEALTHY) <= DEADLINE + WORK * SERVICES / AT_ONCE
    assert run.last() <= 2 * DEADLINE + WORK * SERVICES / AT_ONCE


def test_a_server_that_never_answers_is_given_up_after_as_many_as_it_has_places() -> None:
    run = Run(alone(["dead"] * SERVICES), range(SERVICES))
    assert sorted(run.through) == list(range(AT_ONCE))
    assert sorted(run.spared) == list(range(AT_ONCE, SERVICES))
    assert run.last() == DEADLINE


def test_a_server_that_answered_once_is_not_given_up() -> None:
    run = Run(alone(["half"] * 200), range(1, 200))
    assert (len(run.through), run.spared) == (200, [])


def test_few_are_all_tried_whatever_comes_of_them() -> None:
    run = Run(alone(["dead"] * AT_ONCE), range(AT_ONCE))
    assert (len(run.through), run.spared) == (AT_ONCE, [])


def test_a_server_is_never_asked_by_more_than_it_has_places() -> None:
    assert Run(alone(["one"] * 300), range(1, 100)).most == AT_ONCE


def test_one_after_the_other_is_the_order_asked_for_by_server_in_turn() -> None:
    run = Run([("a", [0, 1]), ("a", [2]), ("b", [3]), ("b", [4])], (), at_once=1, most=1)
    assert list(run.through) == [0, 3, 1, 4, 2]


def test_whoever_hangs_gives_its_place_to_another_and_only_once() -> None:
    turns = Turns(alone("abc"), at_once=1)
    first = turns.take()
    assert first is not None
    assert turns.take() is None
    turns.hangs(first[0])
    second = turns.take()
    assert second is not None
    assert turns.came(first[0], late=True) == []
    assert turns.take() is None
    turns.came(second[0], late=False)
    assert turns.take() is not None


def test_a_login_goes_one_after_the_other_and_can_be_left() -> None:
    turns = Turns([("a", [0, 1, 2])])
    turn = turns.take()
    assert turn is not None
    lane, account = turn
    assert (account, turns.take()) == (0, None)
    assert lane.leave() == [1, 2]
    turns.came(lane, late=False)
    assert turns.take() is None


LOGINS = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 4)), max_size=60)


@settings(deadline=None)
@given(LOGINS, st.sets(st.integers(0, 240)), st.integers(1, 5), st.integers(0, 10))
def test_everybody_is_through_or_spared_once_and_only_a_silent_server_spares(
    sizes: list[tuple[str, int]], hanging: set[int], at_once: int, more: int
) -> None:
    logins, begins = [], 0
    for server, size in sizes:
        logins.append((server, list(range(begins, begins + size))))
        begins += size
    run = Run(logins, hanging, at_once=at_once, most=at_once + more)
    assert sorted([*run.through, *run.spared]) == list(range(begins))
    assert run.most <= at_once + more
    servers = {account: server for server, accounts in logins for account in accounts}
    for server in {servers[account] for account in run.spared}:
        tried = [account for account in run.through if servers[account] == server]
        assert set(tried) <= hanging
        assert len(tried) == at_once
    for _, accounts in logins:
        moments = [run.through.get(account, inf) for account in accounts]
        assert moments == sorted(moments)
