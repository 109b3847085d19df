"""Permission, consent and mailbox right side by side; nobody matched by guessing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mailadmin.audit.access import Everybody, access
from mailadmin.audit.gates import (
    RIGHTS,
    SEND_AS,
    SEND_ON_BEHALF,
    AccountOf,
    Exported,
    Mailbox,
    MailboxRight,
    Mismatch,
    RightsComparison,
    compare,
)
from mailadmin.domain.organisation import User
from mailadmin.domain.permissions import UPDATE_FROM, Decision, RolePermission
from mailadmin.domain.settings import PermissionRule

USERS = [
    User(user_id="ann", name="Ann Lee", roles=("Clerks",)),
    User(user_id="bob", name="Bob Ray"),
    User(user_id="bob2", name="Bob Ray"),
    User(user_id="cia", name="Cia Fox", roles=("Clerks",)),
]
EMAILS = {"ann": "Ann@kowhai.example", "bob": "bob@kowhai.example", "bob2": "shared@kowhai.example"}
ACCESS = access(
    Everybody.of(USERS),
    UPDATE_FROM,
    [RolePermission(role="Clerks", permission_key=UPDATE_FROM, decision=Decision.ALLOW)],
    PermissionRule.DENY_WINS,
)
LENDING = Mailbox("lending@kowhai.example", ("lending", "Lending Team", "lending@kowhai.example"))


def gates(
    *rights: MailboxRight,
    mailboxes: Sequence[Mailbox] = (LENDING,),
    kinds: Sequence[str] = RIGHTS,
    accounts: Sequence[AccountOf] = (),
    used: Sequence[tuple[str, str]] = (),
    emails: dict[str, str] = EMAILS,
) -> RightsComparison:
    return compare(ACCESS, emails, accounts, Exported(rights, tuple(mailboxes), frozenset(kinds)), used)


def right(trustee: str, mailbox: str = "lending", kind: str = SEND_AS) -> MailboxRight:
    return MailboxRight(mailbox, trustee, kind)


def rows(found: RightsComparison) -> list[tuple[str, str, str, str, str]]:
    return [(r.user_id, r.sender, r.permission, r.right, r.finding) for r in found.rows]


def test_may_here_not_there_and_there_not_here() -> None:
    found = gates(right("bob@kowhai.example"))
    assert rows(found) == [
        ("ann", "", "ALLOW", "none", Mismatch.NOT_THERE),
        ("bob", "lending@kowhai.example", "DENY", SEND_AS, Mismatch.NOT_HERE),
        ("cia", "", "ALLOW", "none", Mismatch.NOT_THERE),
    ]
    assert [(f.kind, f.subject) for f in found.findings] == [
        (Mismatch.NOT_THERE, "ann"), (Mismatch.NOT_THERE, "cia"), (Mismatch.NOT_HERE, "bob"),
    ]  # fmt: skip


@pytest.mark.parametrize(("uses", "finding"), [([], Mismatch.NEVER_USED), ([("ann", "LENDING@Kowhai.example.")], "")])
def test_never_used_is_told_by_the_messages(uses: list[tuple[str, str]], finding: str) -> None:
    found = gates(right("ANN@KOWHAI.EXAMPLE"), right("ann@kowhai.example", kind=SEND_ON_BEHALF), used=uses)
    (mine,) = [r for r in found.rows if r.user_id == "ann"]
    assert (mine.right, mine.used, mine.finding) == ("Send As and Send on Behalf", len(uses), finding)


def test_used_without_any_right_is_a_row_of_its_own() -> None:
    found = gates(used=[("cia", "sales@kowhai.example"), ("cia", "sales@kowhai.example")])
    (mine,) = [r for r in found.rows if r.user_id == "cia"]
    assert (mine.sender, mine.right, mine.used, mine.finding) == ("sales@kowhai.example", "none", 2, Mismatch.NOT_THERE)


def test_what_was_not_exported_is_unknown_and_never_missing() -> None:
    found = gates(kinds=[SEND_AS])
    assert [(r.right, r.finding) for r in found.rows] == [("unknown: Send on Behalf not exported", "")] * 2
    assert found.findings == ()


@pytest.mark.parametrize(
    ("trustee", "expected"),
    [
        ("Ann Lee", None),
        ("kowhai.example/Users/Ann Lee", None),
        ("Bob Ray", Mismatch.SEVERAL),
        ("All Staff", Mismatch.NOBODY),
        ("Ann Lee,Cia Fox", Mismatch.NOBODY),
        ("stranger@elsewhere.example", Mismatch.NOBODY),
    ],
)
def test_a_name_that_fits_nobody_or_several_is_told_and_not_guessed(trustee: str, expected: Mismatch | None) -> None:
    found = gates(right(trustee))
    assert [f.kind for f in found.findings if f.subject == trustee] == ([] if expected is None else [expected])
    assert {r.user_id for r in found.rows if r.sender} == ({"ann"} if expected is None else set())


def test_an_address_two_users_share_fits_several() -> None:
    found = gates(right("bob@kowhai.example"), emails={**EMAILS, "bob2": "bob@kowhai.example"})
    assert [f.kind for f in found.findings if f.subject == "bob@kowhai.example"] == [Mismatch.SEVERAL]


def test_a_trustee_by_alias_is_found_by_the_mailbox_of_that_name() -> None:
    found = gates(right("annl"), mailboxes=[LENDING, Mailbox("ann@kowhai.example", ("annl", "Ann Lee"))])
    assert ("ann", "lending@kowhai.example", "ALLOW", SEND_AS, Mismatch.NEVER_USED) in rows(found)


def test_a_mailbox_that_fits_none_or_several_is_told() -> None:
    twin = Mailbox("other@kowhai.example", ("Lending Team",))
    found = gates(
        right("ann@kowhai.example", "Lending Team"), right("ann@kowhai.example", "Nowhere"), mailboxes=[LENDING, twin]
    )
    assert [f.subject for f in found.findings if f.kind == Mismatch.NO_MAILBOX] == ["Lending Team", "Nowhere"]


def test_a_right_counts_for_the_mailbox_the_mail_goes_out_by() -> None:
    team = AccountOf("team@kowhai.example", ("ann", "cia"), "given, seen on 2026-11-23")
    found = gates(right("ann@kowhai.example"), accounts=[team])
    (mine,) = [r for r in found.rows if r.user_id == "ann"]
    assert (mine.consent, mine.finding) == (team.consent, f"{Mismatch.OTHER_MAILBOX}; {Mismatch.NEVER_USED}")
    through = gates(right("TEAM@kowhai.example"), accounts=[team])
    assert {r.user_id: r.finding for r in through.rows} == {"ann": Mismatch.NEVER_USED, "cia": Mismatch.NEVER_USED}
