"""A fault strikes when it is on, as often and as much as was said, and alike for one seed."""

from __future__ import annotations

import pytest

from mailadmin.errors import BadInput
from mailadmin.sandbox.faults import FAULTS, Fault, Faults, Switch


def test_every_fault_has_its_effect_and_strikes_by_itself() -> None:
    assert list(FAULTS) == list(Fault)
    for fault, effect in FAULTS.items():
        faults = Faults()
        assert faults.strike(fault) is None
        faults.switch_on(fault)
        assert [faults.strike(one) is not None for one in Fault] == [one is fault for one in Fault]
        faults.switch_on(fault)
        assert faults.strike(fault) == effect.amount
        faults.switch_off(fault)
        assert faults.strike(fault) is None


def test_it_strikes_as_many_times_as_was_said() -> None:
    faults = Faults()
    faults.switch_on(Fault.THROTTLED, 7, times=2)
    assert faults.on() == {Fault.THROTTLED: Switch(7, 2, 1.0)}
    assert [faults.strike(Fault.THROTTLED) for _ in range(4)] == [7, 7, None, None]
    assert (faults.on(), faults.struck(Fault.THROTTLED)) == ({}, 2)


def test_where_it_strikes_counts_and_where_it_does_not_does_not() -> None:
    faults = Faults()
    faults.switch_on(Fault.UPLOAD_RESET, 2, times=1)
    struck = [faults.strike(Fault.UPLOAD_RESET, lambda which, chunk=chunk: which == chunk) for chunk in (1, 2, 2)]
    assert struck == [None, 2, None]


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_a_seed_strikes_the_same_calls_and_a_share_of_them(share: float) -> None:
    def run(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.switch_on(Fault.LOST_REPLY, share=share)
        return [faults.strike(Fault.LOST_REPLY) is not None for _ in range(1_000)]

    assert run(7) == run(7)
    assert abs(sum(run(7)) - 1_000 * share) < 50
    assert (run(7) == run(8)) == (share != 0.2)


@pytest.mark.parametrize(("amount", "times", "share"), [(-1, None, 1.0), (1, 0, 1.0), (1, 1, 1.1), (1, 1, -0.1)])
def test_what_cannot_be_is_refused_and_nothing_is_on(amount: int, times: int | None, share: float) -> None:
    faults = Faults()
    with pytest.raises(BadInput, match="throttled cannot be switched on"):
        faults.switch_on(Fault.THROTTLED, amount, times=times, share=share)
    assert faults.on() == {}
