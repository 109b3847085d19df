"""The From address: what is a change, and who may make one."""

import pytest

from mailadmin.domain.messages import Address, Message
from mailadmin.errors import AddressRejected, HeaderRejected, NotPermitted
from mailadmin.policy.permission import Permitted
from mailadmin.policy.sender import check_reply_to, decide_from

OWN = Address("ceo@bücher.test", "The Boss")
NO, YES = Permitted(False, "role Trainees denies"), Permitted(True, "role Clerks allows")


@pytest.mark.parametrize(
    "wanted", [None, "ceo@bücher.test", "CEO@xn--bcher-kva.TEST", "ceo@BÜCHER.test", "ceo@bücher.test."], ids=repr
)
def test_the_same_address_otherwise_written_is_no_change_au_19(wanted: str | None) -> None:
    found = decide_from(OWN, wanted, None, NO, "JTaylor")
    assert (found.address, found.changed, found.reason) == (OWN, False, "the account's own")


def test_another_name_alone_is_no_change_but_told_au_19() -> None:
    found = decide_from(OWN, None, "Accounts", NO, "JTaylor")
    assert (found.address.name, found.changed) == ("Accounts", False)
    assert found.reason == "the account's own, under another name"


@pytest.mark.parametrize("wanted", ["сео@xn--bcher-kva.test", "other@bücher.test", "ceo@other.test"])
def test_another_address_needs_the_permission_au_20(wanted: str) -> None:
    with pytest.raises(NotPermitted, match="role Trainees denies"):
        decide_from(OWN, wanted, None, NO, "JTaylor")
    found = decide_from(OWN, wanted, None, YES, "JTaylor")
    assert (found.changed, found.reason) == (True, "Messaging.Email.UpdateFrom: role Clerks allows")
    assert found.own == OWN


@pytest.mark.parametrize("name", ["CEO <ceo@corp.test>", "ceo@corp.test"])
def test_a_name_that_passes_for_an_address_is_refused_au_25(name: str) -> None:
    with pytest.raises(HeaderRejected):
        decide_from(OWN, None, name, YES, "JTaylor")


def test_two_from_addresses_are_refused_au_22() -> None:
    with pytest.raises(AddressRejected):
        decide_from(OWN, "a@d.test, b@d.test", None, YES, "JTaylor")


@pytest.mark.parametrize("reply_to", ["ceo@bücher.test", "group@d.test"])
def test_reply_to_may_be_the_sender_or_the_account(reply_to: str) -> None:
    sender = decide_from(OWN, "group@d.test", None, YES, "JTaylor")
    check_reply_to(Message(to=(Address("x@d.test"),), reply_to=(Address(reply_to),)), sender)


def test_another_reply_to_is_a_from_by_another_name_au_23() -> None:
    message = Message(to=(Address("x@d.test"),), reply_to=(Address("evil@d.test"),))
    with pytest.raises(NotPermitted, match=r"Reply-To evil@d\.test"):
        check_reply_to(message, decide_from(OWN, None, None, NO, "JTaylor"))
    check_reply_to(message, decide_from(OWN, None, None, YES, "JTaylor"))
