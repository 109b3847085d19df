"""Permission keys that look like another one."""

from __future__ import annotations

import pytest

from mailadmin.audit.spelling import looks_like, notes_on_spelling
from mailadmin.domain.permissions import UPDATE_FROM, Decision, RolePermission


@pytest.mark.parametrize(
    "odd",
    [
        "Messaging.Email.UpdateFr0m",
        "Messaging.Email.UpdateFrom\u200b",
        "Messaging.Em\u00adail.UpdateFrom",
        "Messaging.Email.UpdаteFrom",
        "Messaging.Email.UpdateForm",
        "Messaging.Emai1.UpdateFrom",
        "Messaging.E\u0301mail.UpdateFrom",
    ],
)
def test_what_an_eye_takes_for_the_key(odd: str) -> None:
    assert looks_like(odd, UPDATE_FROM)


@pytest.mark.parametrize("other", ["Messaging.Sms.Send", "Account.Add", "Messaging.Email", ""])
def test_what_no_eye_takes_for_it(other: str) -> None:
    assert not looks_like(other, UPDATE_FROM)


def test_look_alikes_are_spelt_out_and_the_same_key_in_other_letters_is_said_to_be_it() -> None:
    rows = [
        RolePermission(role="A", permission_key=key, decision=Decision.ALLOW)
        for key in (UPDATE_FROM, UPDATE_FROM.lower(), "Messaging.Email.UpdаteFrom", "Account.Add")
    ]
    assert list(notes_on_spelling(UPDATE_FROM, rows)) == [
        f"Another key looks like {UPDATE_FROM}: 'Messaging.Email.Upd\\u0430teFrom', in 1 row of role_permissions; "
        "it has no effect on this one.",
        f"{UPDATE_FROM} is written 'messaging.email.updatefrom' in 1 row of role_permissions: it is the same key.",
    ]
