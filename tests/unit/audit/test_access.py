"""Who holds a permission, and by which path: group F of the adversarial list, the oracle, everybody at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.audit.access import FLAGS, Access, Everybody, Holder, Question, Word, access, each_once
from mailadmin.domain.organisation import User, UserLevel
from mailadmin.domain.permissions import UPDATE_FROM, Decision, RolePermission
from mailadmin.domain.settings import PermissionRule
from mailadmin.policy.permission import decide, said_of
from tests.permission_oracle import oracle
from tests.random_permissions import Organisation, organisations

DENY_WINS, ALLOW_WINS = PermissionRule.DENY_WINS, PermissionRule.ALLOW_WINS
ORGANISATIONS, SEED = 10_000, 20_261_123


def says(role: str, decision: str, key: str = UPDATE_FROM) -> RolePermission:
    return RolePermission(role=role, permission_key=key, decision=Decision(decision))


ROLES = [says("Clerks", "Allow"), says("Trainees", "Deny"), says("Tellers", "Allow", "Account.Add")]


def user(name: str = "ann", *roles: str, **given: object) -> User:
    return User(user_id=name, name=name.title(), roles=roles, **given)  # type: ignore[arg-type]


def ask(
    *users: User, key: str = UPDATE_FROM, roles: list[RolePermission] = ROLES, rule: PermissionRule = DENY_WINS
) -> Access:
    return access(Everybody.of(users), key, roles, rule)


def one(who: User, **given: object) -> Holder:
    (found,) = ask(who, **given).rows()  # type: ignore[arg-type]
    return found


def test_au_01_a_key_no_role_names_is_decided_by_its_default() -> None:
    found = one(user("ann", "Tellers"), roles=ROLES[2:])
    assert (found.decision, found.reason) == (Word.DENY, "no role says anything; Deny by default")
    assert found.path[-1] == f"no row of role_permissions about it; default of {UPDATE_FROM}: Deny"


def test_au_02_no_role_table_is_unknown_for_whoever_needs_it_and_never_nobody() -> None:
    admin, gone = user("adm", "Clerks", level=UserLevel.ADMINISTRATOR), user("gone", "Clerks", active=False)
    found = ask(user("ann", "Clerks"), user("bob"), admin, gone, user("loc", "Clerks", locked_out=True), roles=[])
    assert {h.user_id: str(h.decision) for h in found.rows()} == {
        "adm": "ALLOW", "ann": "UNKNOWN", "bob": "DENY", "gone": "DENY", "loc": "DENY",
    }  # fmt: skip
    assert found.notes == ("What roles may was not read: the answers that need it are UNKNOWN.",)


def test_au_02_no_user_at_all_is_not_the_same_as_nobody() -> None:
    assert ask().notes == ("No user was read: who there is is not known, which is not the same as nobody.",)


def test_a_column_of_roles_that_was_left_out_is_asked_about() -> None:
    assert ask(user("ann"), user("bob")).notes == ("Not one user has a role: was the column roles of users exported?",)


@pytest.mark.parametrize("written", ["messaging.email.updatefrom", f" {UPDATE_FROM} ", UPDATE_FROM.upper()])
def test_au_04_a_key_is_the_same_in_any_case_and_with_blanks_around_it(written: str) -> None:
    assert one(user("ann", "Clerks"), key=written).decision is Word.ALLOW


def test_au_04_a_look_alike_has_no_effect_and_is_told() -> None:
    odd = says("Clerks", "Allow", "Messaging.Email.UpdateFr0m")
    found = ask(user("ann", "Clerks"), roles=[odd])
    assert [h.decision for h in found.rows()] == [Word.DENY]
    (note,) = found.notes
    assert note.startswith(f"Another key looks like {UPDATE_FROM}: 'Messaging.Email.UpdateFr0m', in 1 row")


def test_a_key_nobody_knows_is_unknown_unless_a_row_decides() -> None:
    found = ask(user("ann"), user("bob", "Tellers"), key="Account.Add")
    assert [(h.user_id, h.decision, h.reason) for h in found.rows()] == [
        ("ann", Word.UNKNOWN, "no role says anything; key default, not known"),
        ("bob", Word.ALLOW, "role Tellers allows"),
    ]
    assert "its default is not known here" in ask(user("ann", "Clerks"), key="No.Such.Key").notes[0]


@pytest.mark.parametrize(("rule", "decision"), [(DENY_WINS, Word.DENY), (ALLOW_WINS, Word.ALLOW)])
def test_au_05_allow_and_deny_hang_on_the_rule(rule: PermissionRule, decision: Word) -> None:
    found = one(user("ann", "Clerks", "Trainees"), rule=rule)
    assert (found.decision, found.conflict, found.roles_allow, found.roles_deny) == (
        decision, True, ("Clerks",), ("Trainees",),
    )  # fmt: skip
    assert found.path[0] == f"rule: {rule}"
    said = "Deny" if rule is DENY_WINS else "Allow"
    assert found.path[-1].endswith(f"/ {UPDATE_FROM} / {said}")


def test_au_07_no_role_a_role_without_rows_and_one_role_in_two_cases() -> None:
    found = ask(user("ann"), user("bob", "Ghosts"), user("cia", "CLERKS", "Clerks"))
    assert [(h.decision, h.roles_allow) for h in found.rows()] == [
        (Word.DENY, ()), (Word.DENY, ()), (Word.ALLOW, ("CLERKS",)),
    ]  # fmt: skip
    assert found.notes == ("Roles users have and no row of role_permissions names, so that they say nothing: Ghosts",)


@pytest.mark.parametrize(
    ("given", "decision", "flags"),
    [
        ({"level": UserLevel.ADMINISTRATOR}, Word.ALLOW, ("administrator",)),
        ({"level": UserLevel.READ_ONLY}, Word.DENY, ("read only",)),
        ({"level": UserLevel.USER_ADMINISTRATOR}, Word.DENY, ("user administrator",)),
        ({"active": False, "roles": ("Clerks",)}, Word.DENY, ("inactive",)),
        ({"locked_out": True, "roles": ("Clerks",)}, Word.DENY, ("locked out",)),
        ({"external": True, "roles": ("Clerks",)}, Word.ALLOW, ("external",)),
        ({"level": UserLevel.READ_ONLY, "roles": ("Clerks",)}, Word.ALLOW, ("read only",)),
    ],
)
def test_au_08_everybody_is_told_for_what_they_are(
    given: dict[str, object], decision: Word, flags: tuple[str, ...]
) -> None:
    found = one(User(user_id="ann", name="Ann", **given))  # type: ignore[arg-type]
    assert (found.decision, found.flags) == (decision, flags)


def test_rows_go_by_key_and_are_counted() -> None:
    found = ask(user("b", "Clerks"), user("A"), user("c", "Clerks", "Trainees"))
    assert [h.user_id for h in found.rows()] == ["A", "b", "c"]
    assert [h.user_id for h in found.holders()] == ["b"]
    assert found.counts == {Word.ALLOW: 1, Word.DENY: 2, Word.UNKNOWN: 0}
    assert (found.conflicts, len(found)) == (1, 3)
    assert found.paths == {
        "ALLOW: role Clerks allows": 1,
        "DENY: no role says anything; Deny by default": 1,
        "DENY: role Trainees denies": 1,
    }


def test_roles_in_other_letters_are_one_and_keep_their_order() -> None:
    assert each_once(("Clerks", "tellers", "CLERKS", "Tellers")) == ("Clerks", "tellers")


NAMES = st.sampled_from(["Clerks", "clerks", "Trainees", "Tellers", "Ghosts"])
USERS = st.lists(
    st.builds(
        User,
        user_id=st.sampled_from([f"u{n}" for n in range(30)]),
        name=st.just("Somebody"),
        level=st.sampled_from(UserLevel),
        active=st.booleans(),
        locked_out=st.booleans(),
        external=st.booleans(),
        roles=st.lists(NAMES, unique=True, max_size=4).map(tuple),
    ),
    unique_by=lambda one: one.user_id,
    max_size=12,
)


@given(USERS, st.sampled_from(PermissionRule))
def test_everybodys_answers_are_those_of_deciding_one_by_one(users: list[User], rule: PermissionRule) -> None:
    said = said_of(UPDATE_FROM, ROLES)
    found = {holder.user_id: holder for holder in ask(*users, rule=rule).rows()}
    assert len(found) == len(users)
    for who in users:
        alone = decide(Question.of(who), UPDATE_FROM, said, rule)
        holder = found[who.user_id]
        assert (holder.decision is Word.ALLOW, holder.reason) == (alone.allowed, alone.reason)
        assert (holder.roles_allow, holder.roles_deny, holder.conflict) == (*alone[2:], alone.conflict)
        assert holder.flags == tuple(name for name, holds in FLAGS.items() if holds(Question.of(who)))


def answers(organisation: Organisation) -> Iterator[tuple[Holder, str]]:
    """Every holder of a random organisation, and what the oracle says."""
    users = [
        User(user_id=f"u{n}", name="", level=UserLevel(p.level), active=p.active, locked_out=p.locked_out,
             external=p.external, roles=p.roles)
        for n, p in enumerate(organisation.people)
    ]  # fmt: skip
    rows = [says(role, decision, key) for role, key, decision in organisation.rows]
    found = access(Everybody.of(users), organisation.key, rows, PermissionRule(organisation.rule))
    for holder, person in zip(found.rows(), organisation.people, strict=True):
        yield holder, oracle(person, organisation.key, organisation.rows, organisation.rule)


def proved(holder: Holder, organisation: Organisation) -> bool:
    """Whether the last step of an ALLOW names a row that allows it: the level, or a role of the user's."""
    if holder.path[-1] == "users: level Administrator":
        return holder.level is UserLevel.ADMINISTRATOR
    role, key, decision = holder.path[-1].removeprefix("role_permissions: ").split(" / ")
    mine = {name.lower() for name in organisation.people[int(holder.user_id[1:])].roles}
    rows = {(row[0].lower(), row[1].lower(), row[2]) for row in organisation.rows}
    return role.lower() in mine and (role.lower(), key.strip().lower(), decision) in rows and decision == "Allow"


def test_random_organisations_equal_the_oracle_and_no_allow_lacks_its_proof() -> None:
    different, unproved, allowed = [], [], 0
    for organisation in organisations(ORGANISATIONS, SEED):
        for holder, expected in answers(organisation):
            if holder.decision != expected:
                different.append((organisation, holder))
            if holder.decision is Word.ALLOW:
                allowed += 1
                unproved += [] if proved(holder, organisation) else [(organisation, holder)]
    assert (different, unproved) == ([], [])
    assert allowed > ORGANISATIONS / 2
