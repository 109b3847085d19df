"""Who really gets a message: stopped mail, and the three outcomes of forced test mode (KB 20704)."""

import pytest

from mailadmin.domain.messages import Address, Message
from mailadmin.domain.portals import Contact
from mailadmin.domain.settings import FORCED, FORCED_REDIRECT, FORCED_SENDS, STOPPED, Setting, SettingsInForce
from mailadmin.errors import MailStopped, RecipientNotContact, TestModeBlocked
from mailadmin.policy.recipients import check_contacts, check_not_stopped, contacts_of, in_test_mode

MESSAGE = Message(
    to=(Address("to@d.test"),),
    cc=(Address("cc@d.test"),),
    bcc=(Address("bcc@d.test"),),
    reply_to=(Address("me@d.test"),),
    subject="Statement",
    text="Hello",
)


def given(**values: str) -> SettingsInForce:
    names = {"forced": FORCED, "sends": FORCED_SENDS, "redirect": FORCED_REDIRECT, "stopped": STOPPED}
    return SettingsInForce(Setting(name=names[name], value=value) for name, value in values.items())


def test_by_default_everybody_gets_it() -> None:
    assert in_test_mode(MESSAGE, given(redirect="all@d.test")) == (MESSAGE, True, "")


def test_forced_and_not_sending_appears_to_succeed() -> None:
    assert in_test_mode(MESSAGE, given(forced="yes", redirect="all@d.test")) == (
        MESSAGE,
        False,
        "forced test mode: nothing is sent",
    )


def test_forced_and_sending_without_redirect_is_the_error_of_the_product() -> None:
    with pytest.raises(TestModeBlocked, match="Cannot send Email whilst in forced Test Mode"):
        in_test_mode(MESSAGE, given(forced="yes", sends="yes"))


def test_forced_and_redirected_goes_there_alone_au_34() -> None:
    found = in_test_mode(MESSAGE, given(forced="Yes", sends="yes", redirect="all@d.test"))
    message = found.message
    assert [a.email for a in message.recipients] == ["all@d.test"]
    assert (message.cc, message.bcc, message.reply_to, message.subject) == ((), (), (), "Statement")
    assert found.sends


def test_stopped_mail_says_why() -> None:
    with pytest.raises(MailStopped, match="mail is stopped because this is a copy"):
        check_not_stopped(given(stopped="this is a copy"))
    check_not_stopped(given())


def contact(email: str, *, partner: str = "C20000", active: bool = True) -> Contact:
    return Contact(business_partner=partner, name=email[:20] or "nobody", email=email, active=active)


CONTACTS = (
    contact("ok@d.test"),
    contact("Second@D.test"),
    contact("gone@d.test", active=False),
    contact("other@d.test", partner="C30000"),
    contact(""),
    contact("ok@d.test, evil@x.test"),
    contact("ok@d.test; evil@x.test"),
    contact("two@d.test evil@x.test"),
)


def to(*emails: str, **others: str) -> Message:
    more = {name: (Address(email),) for name, email in others.items()}
    return Message(to=tuple(map(Address, emails)), subject="Invoice", text="Hello", **more)


def test_active_contacts_of_the_partner_are_offered_and_the_others_told_with_the_reason() -> None:
    found = contacts_of(" c20000 ".strip(), CONTACTS)
    assert [one.email for one in found.offered] == ["ok@d.test", "Second@D.test"]
    reasons = {one.email: why for one, why in found.unusable}
    assert reasons["gone@d.test"] == "the contact is not active"
    assert reasons[""] == "the contact has no e-mail address"
    assert len(reasons) == 5
    assert "other@d.test" not in reasons


@pytest.mark.parametrize("email", ["ok@d.test", "OK@D.TEST", "second@d.test"])
def test_a_contact_is_known_whatever_the_case(email: str) -> None:
    check_contacts(to(email), "C20000", CONTACTS)


@pytest.mark.parametrize(
    "email",
    ["evil@x.test", "gone@d.test", "other@d.test", "ok+x@d.test", "ok@sub.d.test", "0k@d.test", "ok@d.test.x.test"],
)
@pytest.mark.parametrize("place", ["to", "cc", "bcc", "reply_to"])
def test_anybody_else_is_refused_in_every_place_and_named(email: str, place: str) -> None:
    message = to("ok@d.test", email) if place == "to" else to("ok@d.test", **{place: email})
    with pytest.raises(RecipientNotContact, match=r"Nothing was sent to anybody") as refused:
        check_contacts(message, "C20000", CONTACTS)
    assert refused.value.foreign == (email,)


def test_one_foreign_of_many_is_named_alone() -> None:
    many = [contact(f"c{number}@d.test") for number in range(499)]
    message = to(*(one.email for one in many), bcc="evil@x.test")
    with pytest.raises(RecipientNotContact) as refused:
        check_contacts(message, "C20000", many)
    assert refused.value.foreign == ("evil@x.test",)


def test_a_partner_without_contacts_reaches_nobody() -> None:
    with pytest.raises(RecipientNotContact):
        check_contacts(to("ok@d.test"), "C99999", CONTACTS)
