"""E-mail settings of the system and of users: changed as runs, looked at beside what is in force, validated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mailadmin
from mailadmin.bootstrap import App
from mailadmin.domain.preferences import AuthenticationFlow, CopyToSelf, EmailMethod, MailPreference
from mailadmin.domain.profiles import Secret
from mailadmin.errors import BadInput, UnknownName
from mailadmin.providers.ladder import Result, Rung
from mailadmin.resolution.provenance import Status
from mailadmin.usecases import keeping, migrating, preferred, preferring
from mailadmin.usecases.sandboxing import sandboxed
from mailadmin.usecases.validating import MARKS, validate
from tests.canaries import canary


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = mailadmin.connect(tmp_path / "mailadmin.db", environment={}, actor="tester")
    keeping.create_key(app)
    preferring.practise(app)
    yield app
    app.close()


def put(app: App, user: str, **values: Any) -> preferring.Change:
    change = preferring.plan_set(app, user, values)
    preferring.save(app, change)
    return change


def enter(app: App, user: str, column: str = "password") -> None:
    text = canary()
    preferring.save(app, preferring.plan_set(app, user, {}, {column: Secret(lambda: text)}))


def line(app: App, user: str, name: str) -> tuple[str, str, str, str]:
    (found,) = [line for line in preferred.page(app, user).lines if line.name == name]
    return found.system, found.own, found.in_force, found.why


def climbed(profile: Any, _sender: str) -> tuple[Rung, ...]:
    """Whoever is called erik is not let in."""
    if getattr(profile, "user_name", "") == "erik":
        return (Rung("login", Result.FAILED, meaning="535 wrong password", remedy="Enter it again."),)
    return (Rung("login", Result.PASSED),)


def test_every_setting_and_every_method_has_its_words() -> None:
    assert set(preferring.LABELS) | {"user_id"} == set(MailPreference.__dataclass_fields__)
    assert list(preferring.METHODS) == list(EmailMethod)
    assert set(MARKS) == set(Result)


def test_a_users_method_wins_over_the_systems(app: App) -> None:
    assert line(app, "BJORN", "method")[2:] == ("Server based, via Microsoft Exchange Online", "of the user")
    assert line(app, "ANNA", "method")[2:] == ("Server based, via SMTP", "of the system")
    put(app, "anna", method=EmailMethod.OUTLOOK)
    assert line(app, "ANNA", "method")[2:] == ("Client based, via Microsoft Outlook", "of the user")


def test_system_user_and_what_is_in_force_stand_side_by_side(app: App) -> None:
    assert line(app, "ANNA", "email") == (
        "erp@norrby.example",
        "anna@norrby.example",
        "anna@norrby.example",
        "of the user",
    )
    assert line(app, "ANNA", "server") == ("mail.norrby.example", "", "mail.norrby.example", "of the system")
    assert line(app, "ANNA", "copy_to_self") == ("No copy", "Bcc", "Bcc", "of the user")
    assert line(app, "ERIK", "copy_to_self") == ("No copy", "", "No copy", "of the system")
    assert line(app, "ANNA", "client_id")[2:] == ("", "not used")


def test_copy_and_signature_are_no_business_of_outlook(app: App) -> None:
    put(app, "CECILIA", copy_to_self=CopyToSelf.CC, signature_html="<p>C</p>")
    assert line(app, "CECILIA", "copy_to_self")[2:] == ("", "not used: Outlook knows nothing of it")
    assert line(app, "CECILIA", "signature_html")[1:] == ("set", "", "not used: Outlook knows nothing of it")


def test_a_change_is_a_run_that_can_be_taken_back(app: App) -> None:
    before = preferred.page(app, "ANNA").lines
    run = preferring.save(app, preferring.plan_set(app, "ANNA", {"email": "a@norrby.example", "port": 465}))
    assert run is not None
    assert preferred.page(app, "ANNA").lines != before
    plan = migrating.plan_rollback(app, run.run)
    migrating.apply(app, plan, plan.confirmation)
    assert preferred.page(app, "ANNA").lines == before


def test_what_is_so_already_is_no_run(app: App) -> None:
    assert preferring.save(app, preferring.plan_set(app, "ANNA", {"copy_to_self": CopyToSelf.BCC})) is None


def test_settings_that_say_nothing_are_taken_away(app: App) -> None:
    change = put(app, "CECILIA", method=None, email=None)
    assert [(one.before is not None, one.after) for one in (change.plan.operations if change.plan else ())] == [
        (True, None)
    ]
    assert [one.user for one in preferred.everyone(app)] == ["", "ANNA", "BJORN", "DAVID"]


def test_everything_that_cannot_stand_is_told_at_once_and_nothing_is_changed(app: App) -> None:
    before = preferred.page(app, "ANNA").lines
    wrong = {"email": "anna at norrby", "server": "http://mail", "client_id": "12", "port": 465}
    with pytest.raises(BadInput) as told:
        preferring.plan_set(app, "ANNA", wrong)
    assert [label in told.value.what for label in ("E-mail address", "Server address", "Application (client) ID")] == [
        True
    ] * 3
    assert preferred.page(app, "ANNA").lines == before


def test_signing_in_with_a_persons_password_is_refused_at_once_with_the_reason(app: App) -> None:
    with pytest.raises(BadInput, match="second factor"):
        preferring.plan_set(app, "", {"authentication_flow": AuthenticationFlow.USER_NAME})


@pytest.mark.parametrize(
    ("server", "words"),
    [
        ("mail.norrby.example", ""),
        ("https://mail.norrby.example/EWS/Exchange.asmx", ""),
        ("https://user@mail.norrby.example", "The whole address"),
        ("mail.norrby.example:587", "The port goes into its own field."),
    ],
)
def test_an_exchange_server_may_be_named_by_its_whole_address(server: str, words: str) -> None:
    assert preferring.refusal("server", server).startswith(words)
    assert bool(preferring.refusal("server", server)) == bool(words)


def test_an_unknown_user_is_told(app: App) -> None:
    with pytest.raises(UnknownName):
        preferring.plan_set(app, "nobody", {})
    with pytest.raises(UnknownName):
        preferred.page(app, "nobody")


def test_another_server_clears_the_password_and_says_so(app: App) -> None:
    put(app, "ERIK", method=EmailMethod.SMTP, email="erik@norrby.example", user_name="erik")
    enter(app, "ERIK")
    assert preferred.page(app, "ERIK").answer.status is Status.READY
    assert put(app, "ERIK", user_name="erik2").cleared == ("password",)
    assert preferred.page(app, "ERIK").answer.missing == ("password",)


def test_another_server_of_the_system_clears_the_passwords_that_followed_it(app: App) -> None:
    put(app, "ERIK", user_name="erik")
    enter(app, "ERIK")
    enter(app, "")
    change = put(app, "", port=465)
    assert (change.cleared, change.followers) == (("password",), 1)
    assert line(app, "ERIK", "password")[1] == "not set"


def test_no_password_is_asked_for_where_the_application_signs_in(app: App) -> None:
    with pytest.raises(BadInput, match="no password is used"):
        preferring.check_password(app, "BJORN")
    preferring.check_password(app, "DAVID")


def test_a_draft_is_looked_at_before_it_is_saved(app: App) -> None:
    edits = preferring.begin(app, "ANNA")
    edits.put(preferring.changed(preferring.row(edits, "ANNA"), {"method": EmailMethod.OUTLOOK}))
    assert preferred.page(app, "ANNA", edits).lines[0].own == "Client based, via Microsoft Outlook"
    assert preferred.page(app, "ANNA").lines[0].own == ""


def test_whether_activities_can_be_entered_is_told_with_what_is_missing(app: App) -> None:
    enter(app, "", "client_secret")
    ready, by_smtp = preferred.page(app, "BJORN").calendar, preferred.page(app, "ANNA").calendar
    assert ready is not None
    assert by_smtp is not None
    assert (ready.ready, by_smtp.ready) == (True, False)
    assert preferred.page(app).calendar is None


def test_validating_has_a_tick_or_a_reason_for_everybody(app: App) -> None:
    enter(app, "")
    put(app, "ERIK", user_name="erik", email="erik@norrby.example")
    enter(app, "ERIK")
    found = {user: one for one in validate(app, climbing=climbed) for user in one.users}
    assert {user: found[user].mark for user in sorted(found)} == {
        "ANNA": "✓", "BJORN": "✗", "CECILIA": "✓", "DAVID": "✗", "ERIK": "✗",
    }  # fmt: skip
    assert found["ANNA"].why == "works"
    assert (found["ERIK"].why, found["ERIK"].remedy) == ("535 wrong password", "Enter it again.")
    assert "lacks client_secret" in found["BJORN"].why
    assert "user-settings" in found["BJORN"].remedy


def test_outlook_is_not_seen_from_here_and_says_so(app: App) -> None:
    (found,) = validate(app, "cecilia")
    assert (found.mark, found.users) == ("–", ("CECILIA",))
    assert "from here" in found.why


def test_validating_one_user_tells_of_that_user_alone(app: App) -> None:
    enter(app, "")
    (found,) = validate(app, "anna", climbing=climbed)
    assert (found.result, found.users) == (Result.PASSED, ("ANNA",))
    with pytest.raises(UnknownName):
        validate(app, "nobody", climbing=climbed)


def test_practice_leaves_a_store_with_settings_alone(app: App) -> None:
    assert preferring.practise(app) is None


def test_in_the_sandbox_an_own_account_at_the_systems_server_works_and_is_given_back(app: App) -> None:
    enter(app, "")
    put(app, "ERIK", user_name="erik", email="erik@norrby.example")
    enter(app, "ERIK")
    before = preferred.everyone(app)
    with sandboxed(app):
        (found,) = validate(app, "ERIK")
        assert (found.result, found.account) == (Result.PASSED, "erik at localhost")
    assert preferred.everyone(app) == before
