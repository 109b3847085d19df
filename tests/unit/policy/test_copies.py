"""A copy to the own address, as the person's e-mail settings say, and never twice."""

from __future__ import annotations

import pytest

from mailadmin.domain.governed import Organisation
from mailadmin.domain.messages import Address, Message
from mailadmin.domain.preferences import SYSTEM, CopyToSelf, MailPreference
from mailadmin.domain.services import ServiceKind
from mailadmin.policy.copies import copy_wanted, own_address, with_copy

OWN = Address("me@d.test", "Me")
SERVERS = [kind for kind in ServiceKind if kind is not ServiceKind.OUTLOOK]


def message(**given: tuple[Address, ...]) -> Message:
    return Message(**{"to": (Address("you@d.test"),)} | given, subject="Order", text="Hello")


def emails(found: tuple[Address, ...]) -> list[str]:
    return [address.email for address in found]


@pytest.mark.parametrize("service", SERVERS)
@pytest.mark.parametrize(
    ("copy", "cc", "bcc"),
    [(CopyToSelf.NO_COPY, [], []), (CopyToSelf.CC, ["me@d.test"], []), (CopyToSelf.BCC, [], ["me@d.test"])],
)
def test_the_own_address_is_added_where_it_is_wanted(
    service: ServiceKind, copy: CopyToSelf, cc: list[str], bcc: list[str]
) -> None:
    found = with_copy(message(), OWN, copy, service)
    assert (emails(found.to), emails(found.cc), emails(found.bcc)) == (["you@d.test"], cc, bcc)


@pytest.mark.parametrize("place", ["to", "cc", "bcc"])
@pytest.mark.parametrize("email", ["me@d.test", "ME@D.TEST"])
def test_whoever_gets_it_already_gets_no_second_one(place: str, email: str) -> None:
    there = message(**{"to": (Address("you@d.test"),)} | {place: (Address(email),)})
    assert with_copy(there, OWN, CopyToSelf.BCC, ServiceKind.SMTP) == there


@pytest.mark.parametrize("copy", list(CopyToSelf))
def test_outlook_sends_no_copy(copy: CopyToSelf) -> None:
    assert with_copy(message(), OWN, copy, ServiceKind.OUTLOOK) == message()


@pytest.mark.parametrize(
    ("system", "mine", "wanted"),
    [
        (None, None, CopyToSelf.NO_COPY),
        (CopyToSelf.CC, None, CopyToSelf.CC),
        (CopyToSelf.CC, CopyToSelf.NO_COPY, CopyToSelf.NO_COPY),
        (None, CopyToSelf.BCC, CopyToSelf.BCC),
    ],
)
def test_the_users_setting_counts_else_the_systems(
    system: CopyToSelf | None, mine: CopyToSelf | None, wanted: CopyToSelf
) -> None:
    rows = [MailPreference(user_id=SYSTEM, copy_to_self=system), MailPreference(user_id="Ann", copy_to_self=mine)]
    organisation = Organisation.of(rows)
    assert copy_wanted(organisation, "ann") is wanted
    assert copy_wanted(organisation, None) is (system or CopyToSelf.NO_COPY)


def test_the_copy_goes_to_the_address_in_the_settings_else_to_the_accounts_own() -> None:
    organisation = Organisation.of([MailPreference(user_id="ann", email="ann@d.test"), MailPreference(user_id="bob")])
    found = [own_address(organisation, user, OWN).email for user in ("Ann", "bob", "cia", None)]
    assert found == ["ann@d.test", "me@d.test", "me@d.test", "me@d.test"]
