"""Whose answer changed, by whose change: walking back along a trail, and comparing two sites."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.audit.access import Everybody, Word, access
from mailadmin.audit.history import Asker, Deed, Site, Turn, between, walk
from mailadmin.domain.governed import Row, key_of
from mailadmin.domain.organisation import User, UserLevel
from mailadmin.domain.permissions import UPDATE_FROM, Decision, RolePermission
from mailadmin.domain.settings import PERMISSION_RULE, PermissionRule, Setting
from mailadmin.errors import Tampered


def user(name: str, *roles: str, **given: object) -> User:
    return User(user_id=name, name=name.title(), roles=roles, **given)  # type: ignore[arg-type]


def says(role: str, decision: str, key: str = UPDATE_FROM) -> RolePermission:
    return RolePermission(role=role, permission_key=key, decision=Decision(decision))


def site(*rows: Row) -> Site:
    found = Site.of(Everybody.of(()), rows)
    assert list(found.users.values()) == [Asker.of(row) for row in rows if isinstance(row, User)]
    return found


class Trail:
    """Steps of a site's life, oldest first, each a plan of (before, after)."""

    def __init__(self) -> None:
        self.deeds: list[Deed] = []

    def step(self, actor: str, *changes: tuple[Row | None, Row | None]) -> None:
        plan = f"plan {len(self.deeds)}"
        for before, after in changes:
            number = len(self.deeds) + 1
            self.deeds.append(Deed(number, f"2026-11-{number:02}T09:00:00+00:00", actor, plan, before, after))

    @property
    def newest_first(self) -> list[Deed]:
        return self.deeds[::-1]


def test_a_role_given_is_gained_and_the_entry_that_gave_it_is_named() -> None:
    trail = Trail()
    trail.step("mia", (user("ann"), user("ann", "Clerks")))
    now = site(user("ann", "Clerks"), user("bob"), says("Clerks", "Allow"))
    (change,) = walk(now, trail.newest_first, UPDATE_FROM)
    assert (change.user_id, change.change, change.before, change.after) == ("ann", Turn.GAINED, "DENY", "ALLOW")
    assert (change.seq, change.actor, change.what) == (1, "mia", "user ann: roles none -> Clerks")
    assert now.users["ann"] == Asker.of(user("ann"))


def test_a_role_that_denies_from_now_on_is_lost_by_everybody_who_has_it() -> None:
    trail = Trail()
    trail.step("mia", (None, says("Clerks", "Allow", "Account.Add")), (says("Clerks", "Allow"), says("Clerks", "Deny")))
    trail.deeds[1] = trail.deeds[1]._replace(at=trail.deeds[0].at)
    rows = user("ann", "CLERKS"), user("bob", "Clerks"), user("cia"), says("Clerks", "Deny")
    now = site(*rows, says("Clerks", "Allow", "Account.Add"))
    found = list(walk(now, trail.newest_first, UPDATE_FROM))
    assert [(c.user_id, c.change, c.seq, c.what) for c in found] == [
        ("bob", Turn.LOST, 2, "role Clerks: Allow -> Deny"),
        ("ann", Turn.LOST, 2, "role CLERKS: Allow -> Deny"),
    ]


def test_the_rule_changed_concerns_those_whose_answer_depends_on_it() -> None:
    trail = Trail()
    rule = Setting(name=PERMISSION_RULE, value="allow wins")
    trail.step("mia", (None, rule))
    now = site(user("ann", "Clerks", "Trainees"), user("bob"), says("Clerks", "Allow"), says("Trainees", "Deny"), rule)
    (change,) = walk(now, trail.newest_first, UPDATE_FROM)
    assert (change.user_id, change.change, change.what) == ("ann", Turn.GAINED, "rule: deny wins -> allow wins")
    assert now.rule is PermissionRule.DENY_WINS


def test_what_one_plan_does_is_one_step() -> None:
    trail = Trail()
    trail.step("mia", (None, says("Clerks", "Allow")), (user("ann", "Tellers"), user("ann", "Clerks")))
    trail.deeds[1] = trail.deeds[1]._replace(at=trail.deeds[0].at)
    now = site(user("ann", "Clerks"), says("Clerks", "Allow"), says("Tellers", "Deny"))
    (change,) = walk(now, trail.newest_first, UPDATE_FROM)
    assert (change.reason_before, change.reason) == ("role Tellers denies", "role Clerks allows")


def test_who_comes_or_goes_without_the_permission_is_no_change_unless_asked_about() -> None:
    trail = Trail()
    trail.step("mia", (None, user("ann")), (None, user("root", level=UserLevel.ADMINISTRATOR)))
    rows = user("ann"), user("root", level=UserLevel.ADMINISTRATOR), says("Clerks", "Allow")
    assert [c.user_id for c in walk(site(*rows), trail.newest_first, UPDATE_FROM)] == ["root"]
    (change,) = walk(site(*rows), trail.newest_first, UPDATE_FROM, "ann")
    assert (change.before, change.after, change.what) == ("", "DENY", "user ann added")


def test_a_row_changed_past_the_trail_ends_the_walk() -> None:
    trail = Trail()
    trail.step("mia", (user("ann"), user("ann", "Clerks")))
    now = site(user("ann", "Clerks", "Managers"), says("Clerks", "Allow"))
    with pytest.raises(Tampered, match="ann is not as entry 1 of the audit trail left it"):
        list(walk(now, trail.newest_first, UPDATE_FROM))


def test_two_sites_are_compared_user_by_user() -> None:
    before = site(user("ann", "Clerks"), user("bob", "Clerks", active=False), user("cia"), says("Clerks", "Allow"))
    after = site(user("ann", "Clerks"), user("bob", "Clerks"), user("dan", "Clerks"), says("Clerks", "Deny"))
    found = list(between(before, after, UPDATE_FROM))
    assert [(c.user_id, c.change, c.what) for c in found] == [
        ("ann", Turn.LOST, "role Clerks: Allow -> Deny"),
        ("bob", Turn.OTHER, "user bob: active no -> yes; role Clerks: Allow -> Deny"),
    ]
    assert {c.seq for c in found} == {None}


def test_roles_that_were_not_read_on_one_side_are_another_answer_and_not_a_loss_of_the_rule() -> None:
    (change,) = between(site(user("ann", "Clerks"), says("Clerks", "Allow")), site(user("ann", "Clerks")), UPDATE_FROM)
    assert (change.change, change.after) == (Turn.LOST, Word.UNKNOWN)
    assert change.what == "role Clerks: Allow -> nothing said; role permissions not read"


USERS = st.builds(
    user, st.sampled_from(["ann", "bob", "cia"]), st.sampled_from(["Clerks", "Trainees"]), active=st.booleans()
)
ROLES = st.builds(says, st.sampled_from(["Clerks", "Trainees"]), st.sampled_from(["Allow", "Deny"]))
ROWS = st.one_of(USERS, ROLES)


@given(st.lists(st.tuples(ROWS, st.booleans()), max_size=12))
def test_walking_back_to_any_point_gives_the_answers_of_that_point(written: list[tuple[Row, bool]]) -> None:
    rows: dict[tuple[str, ...], Row] = {}
    trail, states = Trail(), [dict(rows)]
    for row, gone in written:
        place = type(row).__name__, *key_of(row)
        before = rows.pop(place, None)
        if not gone:
            rows[place] = row
        if before is not None or not gone:
            trail.step("mia", (before, rows.get(place)))
            states.append(dict(rows))
    for point, state in enumerate(states):
        walked = site_of(states[-1])
        changes = list(walk(walked, trail.newest_first[: len(states) - 1 - point], UPDATE_FROM))
        expected = site_of(state)
        assert answers(walked) == answers(expected)
        net = {c.user_id for c in between(expected, site_of(states[-1]), UPDATE_FROM) if c.change is not Turn.OTHER}
        assert net <= {c.user_id for c in changes}


def site_of(state: dict[tuple[str, ...], Row]) -> Site:
    return Site.of(Everybody.of(()), state.values())


def answers(given: Site) -> list[tuple[str, Word, str]]:
    found = access(given.everybody, UPDATE_FROM, list(given.roles.values()), given.rule)
    return [(h.user_id, h.decision, h.reason) for h in found.rows()]
