"""A draft: what is wanted over what is; a secret stays with the address it was entered for, and with nothing else."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mailadmin.domain.organisation import CostCentre
from mailadmin.domain.profiles import Secret
from mailadmin.domain.services import Security, Service, ServiceKind
from mailadmin.migration.editing import address_of
from mailadmin.migration.edits import Edits, place_of

OLD, NEW = "hmac:0000000000000000", "hmac:1111111111111111"
SMTP = Service(
    cost_centre="GLOBAL", service=ServiceKind.SMTP, use_service=True, server="a.example", user_name="me", password=OLD
)
AT = place_of(SMTP)
FIRST = address_of(SMTP, "password")


def edits() -> Edits:
    return Edits({AT: SMTP, place_of(CostCentre(code="GLOBAL")): CostCentre(code="GLOBAL")})


def steps() -> st.SearchStrategy[list[tuple[str, Any]]]:
    changes = st.fixed_dictionaries(
        {},
        optional={
            "server": st.sampled_from(["a.example", "b.example"]),
            "port": st.sampled_from([None, 587]),
            "security": st.sampled_from([None, Security.AUTO]),
            "user_name": st.sampled_from(["me", "you"]),
            "sender_name": st.sampled_from([None, "Somebody"]),
        },
    )
    return st.lists(
        st.one_of(
            st.tuples(st.just("change"), changes),
            st.tuples(st.just("enter"), st.just({})),
            st.tuples(st.just("forget"), st.just({})),
            st.tuples(st.just("put back"), st.just({})),
        )
    )


@given(steps())
def test_a_secret_stands_only_at_the_address_it_was_entered_for(done: list[tuple[str, Any]]) -> None:
    draft, entered = edits(), None
    for what, values in done:
        row: Any = draft.row(AT)
        if what == "change":
            draft.put(replace(row, **values, password=None))
        elif what == "enter":
            draft.enter(AT, "password", Secret(lambda: "new"), NEW)
            entered = address_of(row, "password")
        elif what == "forget":
            draft.forget(AT, "password")
            entered = None
        else:
            draft.put_back(AT)
            entered = None
        now: Any = draft.row(AT)
        if now.password == NEW:
            assert address_of(now, "password") == entered
        elif now.password == OLD:
            assert address_of(now, "password") == FIRST
        assert (now.password == NEW) == (draft.entered == {(AT, "password"): NEW})


@given(steps())
def test_discarding_leaves_nothing(done: list[tuple[str, Any]]) -> None:
    draft = edits()
    for what, values in done:
        row: Any = draft.row(AT)
        if what == "change":
            draft.put(replace(row, **values))
        else:
            draft.enter(AT, "password", Secret(lambda: "new"), NEW)
    draft.discard()
    assert (draft.operations, draft.entered, draft.row(AT)) == ((), {}, SMTP)


def test_the_text_of_a_secret_is_at_hand_only_while_it_is_saved() -> None:
    draft = edits()
    draft.enter(AT, "password", Secret(lambda: "typed"), NEW)
    with ExitStack() as opened:
        assert draft.revealed(opened) == {(AT, "password"): "typed"}
    draft.put_back(AT)
    with ExitStack() as opened:
        assert draft.revealed(opened) == {}


def test_a_row_that_is_as_it_was_is_no_change() -> None:
    draft = edits()
    draft.put(replace(SMTP, sender_name="Somebody"))
    assert [o.kind for o in draft.operations] == ["change"]
    draft.put(replace(SMTP, sender_name=None))
    assert (draft.operations, draft.is_changed(AT)) == ((), False)


def test_rows_are_removed_and_come_back() -> None:
    draft = edits()
    draft.remove(AT)
    assert [o.kind for o in draft.operations] == ["delete"]
    assert (draft.row(AT), draft.rows("services"), draft.standing_rows("services")) == (None, [], [SMTP])
    draft.put(SMTP)
    assert draft.operations == ()
    draft.remove(("services", ("nowhere", "smtp")))
    assert draft.operations == ()


def test_what_belongs_to_a_new_row_goes_with_it() -> None:
    draft, south = edits(), CostCentre(code="SOUTH")
    service = Service(cost_centre="SOUTH", service=ServiceKind.SMTP, server="s.example")
    draft.put(south)
    draft.put(service)
    assert [o.name for o in draft.operations] == ["cost_centres SOUTH", "services SOUTH / SMTP"]
    draft.put_back(place_of(south))
    assert draft.operations == ()
