"""Who really gets a message: stopped mail, and the three outcomes of forced test mode (KB 20704)."""

import pytest

from mailadmin.domain.messages import Address, Message
from mailadmin.domain.settings import FORCED, FORCED_REDIRECT, FORCED_SENDS, STOPPED, Setting, SettingsInForce
from mailadmin.errors import MailStopped, TestModeBlocked
from mailadmin.policy.recipients import check_not_stopped, in_test_mode

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
