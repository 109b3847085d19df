"""Whether a user holds a permission: level, roles, the rule, the key's default."""

import pytest

from mailadmin.domain.organisation import User, UserLevel
from mailadmin.domain.permissions import UPDATE_FROM, Decision, RolePermission
from mailadmin.domain.settings import PermissionRule
from mailadmin.policy.permission import Permitted, decide, default_of, said_of

ROLES = [
    RolePermission(role="Clerks", permission_key=UPDATE_FROM, decision=Decision.ALLOW),
    RolePermission(role="Trainees", permission_key="messaging.email.updatefrom", decision=Decision.DENY),
    RolePermission(role="Clerks", permission_key="Account.Add", decision=Decision.DENY),
]
SAID = said_of(UPDATE_FROM, ROLES)
DENY_WINS, ALLOW_WINS = PermissionRule.DENY_WINS, PermissionRule.ALLOW_WINS


def user(*roles: str, **given: object) -> User:
    return User(user_id="JTaylor", name="J", roles=roles, **given)  # type: ignore[arg-type]


def test_a_key_is_recognised_in_any_case_and_no_other_spelling() -> None:
    assert said_of("MESSAGING.EMAIL.UPDATEFROM", ROLES) == {"clerks": Decision.ALLOW, "trainees": Decision.DENY}
    assert said_of("Messaging.Email.UpdateFr0m", ROLES) == {}


@pytest.mark.parametrize(
    ("who", "rule", "expected"),
    [
        (user(), DENY_WINS, Permitted(False, "no role says anything; Deny by default")),
        (user("Clerks"), DENY_WINS, Permitted(True, "role Clerks allows", ("Clerks",))),
        (user("clerks "[:-1]), DENY_WINS, Permitted(True, "role clerks allows", ("clerks",))),
        (user("Trainees"), ALLOW_WINS, Permitted(False, "role Trainees denies", (), ("Trainees",))),
        (
            user("Clerks", "Trainees"),
            DENY_WINS,
            Permitted(False, "role Trainees denies", ("Clerks",), ("Trainees",)),
        ),
        (
            user("Clerks", "Trainees"),
            ALLOW_WINS,
            Permitted(True, "role Clerks allows", ("Clerks",), ("Trainees",)),
        ),
        (user("Trainees", level=UserLevel.ADMINISTRATOR), DENY_WINS, Permitted(True, "administrator level")),
        (user("Clerks", active=False), DENY_WINS, Permitted(False, "the user is inactive")),
        (user("Clerks", locked_out=True), DENY_WINS, Permitted(False, "the user is locked out")),
        (
            user("Clerks", level=UserLevel.ADMINISTRATOR, active=False),
            DENY_WINS,
            Permitted(False, "the user is inactive"),
        ),
        (user("Clerks", level=UserLevel.READ_ONLY), DENY_WINS, Permitted(True, "role Clerks allows", ("Clerks",))),
        (user("Clerks", external=True), DENY_WINS, Permitted(True, "role Clerks allows", ("Clerks",))),
    ],
)
def test_the_first_rule_that_applies_decides(who: User, rule: PermissionRule, expected: Permitted) -> None:
    assert decide(who, UPDATE_FROM, SAID, rule) == expected


def test_only_contradicting_roles_are_a_conflict() -> None:
    assert [
        decide(user(*roles), UPDATE_FROM, SAID, DENY_WINS).conflict
        for roles in ((), ("Clerks",), ("Clerks", "Trainees"))
    ] == [False, False, True]


def test_a_key_nobody_knows_is_denied() -> None:
    assert default_of("No.Such.Key") is Decision.DENY
