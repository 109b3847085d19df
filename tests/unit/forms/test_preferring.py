"""User settings: typed, looked at beside what is in force, saved as a run, taken back, validated; and no trace left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import mailadmin
from mailadmin.domain.organisation import User
from mailadmin.domain.preferences import AuthenticationFlow, CopyToSelf, EmailMethod
from mailadmin.forms.desk import Desk, Practice, open_desk
from mailadmin.forms.preferring import UserSettingsForm, user_settings
from mailadmin.forms.work import at_once
from mailadmin.migration.edits import Edits
from mailadmin.usecases import applying, editing, keeping, preferred, preferring
from tests.canaries import canary, found_in
from tests.page_words import page, said
from tests.widget_state import alive, offered, states, widgets

EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    app = mailadmin.connect(tmp_path / "mailadmin.db", environment={}, actor="tester")
    keeping.create_key(app)
    preferring.practise(app)
    desk = Desk(app, runner=at_once)
    yield desk
    desk.close()


@pytest.fixture
def form(desk: Desk) -> UserSettingsForm:
    return user_settings(desk)


def save(form: UserSettingsForm) -> None:
    form.save_button.click()
    form.confirmation.apply.click()


def typed(form: UserSettingsForm, name: str, text: str) -> None:
    """Unlock, type, leave the box: as the browser does it."""
    form.panel.secrets[name].button.click()
    form.panel.secrets[name].field.widget.set_state({"value": text})


def own(form: UserSettingsForm, user: str) -> dict[str, str]:
    return {line.name: line.own for line in preferred.page(form.desk.app, user).lines}


def test_the_first_page_is_the_systems_and_a_person_is_picked(form: UserSettingsForm) -> None:
    assert "Settings of the system" in said(form.heading)
    form.person.search.value = "cecil"
    assert "Settings of CECILIA" in said(form.heading)
    form.system_button.click()
    assert "Settings of the system" in said(form.heading)
    assert form.person.value is None


def test_the_methods_stand_in_the_words_of_the_old_page(form: UserSettingsForm) -> None:
    assert [words for words, _ in form.panel.fields["method"].widget.options] == [
        "not set",
        "Client based, via Microsoft Outlook",
        "Server based, via Microsoft Exchange",
        "Server based, via SMTP",
        "Server based, via Microsoft Exchange Online",
    ]


def test_system_user_and_what_is_in_force_are_side_by_side_and_follow_what_is_typed(form: UserSettingsForm) -> None:
    form.turn("ANNA")
    assert "Send copy to own e-mail address No copy Bcc Bcc of the user" in said(form.in_force)
    form.panel.fields["copy_to_self"].value = CopyToSelf.CC
    assert "Send copy to own e-mail address No copy CC CC of the user" in said(form.in_force)


def test_saving_shows_the_plan_first_and_undo_takes_it_back(form: UserSettingsForm) -> None:
    form.turn("ANNA")
    form.panel.fields["email"].value = "a.berg@norrby.example"
    form.save_button.click()
    assert own(form, "ANNA")["email"] == "anna@norrby.example"
    form.confirmation.apply.click()
    assert own(form, "ANNA")["email"] == "a.berg@norrby.example"
    assert "Saved: run 2, recorded as done by tester. Undo takes it back." in said(form.message)
    form.undo_button.click()
    form.confirmation.apply.click()
    assert own(form, "ANNA")["email"] == "anna@norrby.example"


def test_what_was_typed_after_the_plan_was_shown_is_neither_saved_nor_lost(form: UserSettingsForm) -> None:
    form.turn("ANNA")
    form.panel.fields["email"].value = "a.berg@norrby.example"
    form.save_button.click()
    form.panel.fields["email"].value = "anna.berg@norrby.example"
    assert form.confirmation.plan is None, "a plan is shown for what it was made of"
    form.confirmation.apply.click()
    assert own(form, "ANNA")["email"] == "anna@norrby.example"
    assert form.panel.fields["email"].value == "anna.berg@norrby.example"
    save(form)
    assert own(form, "ANNA")["email"] == "anna.berg@norrby.example"


def test_not_yet_and_discard_write_nothing(form: UserSettingsForm) -> None:
    form.turn("ANNA")
    form.panel.fields["port"].value = 465
    form.save_button.click()
    form.confirmation.leave.click()
    form.discard_button.click()
    assert (own(form, "ANNA")["port"], form.panel.fields["port"].value) == ("", 0)


def test_nobody_leaves_a_page_with_changes_unsaved(form: UserSettingsForm) -> None:
    form.panel.fields["port"].value = 465
    form.person.search.value = "anna"
    assert "There are changes that are not saved." in said(form.message)
    assert (form.user, form.person.value) == ("", None)


def test_the_password_is_locked_until_it_is_unlocked_and_locked_again_after_typing(form: UserSettingsForm) -> None:
    form.turn("DAVID")
    padlock = form.panel.secrets["password"]
    assert (padlock.locked, padlock.button.description) == (True, "Unlock password (Exchange)")
    padlock.button.click()
    assert (padlock.locked, padlock.button.description) == (False, "Lock password (Exchange)")
    padlock.field.widget.set_state({"value": canary()})
    assert padlock.locked
    assert said(padlock.field.note) == "✓ Set; kept when you save."


def test_a_password_leaves_no_trace_and_is_told_as_set(form: UserSettingsForm) -> None:
    secret = canary()
    typed(form, "password", secret)
    assert secret not in states(form)
    save(form)
    assert not found_in(states(form).encode())
    assert said(form.panel.secrets["password"].field.note) == "Set. What you type replaces it."
    assert own(form, "")["password"] == "not set"
    assert preferred.everyone(form.desk.app)[0].row.password is not None


def test_another_server_clears_the_password(form: UserSettingsForm) -> None:
    typed(form, "password", canary())
    save(form)
    form.panel.fields["server"].value = "other.norrby.example"
    words = said(form.panel.secrets["password"].field.note)
    assert words == "! Cleared: it was entered for another server, port, SSL or user name. Enter it again."
    save(form)
    assert said(form.panel.secrets["password"].field.note) == "Not set."


def test_with_a_client_secret_the_password_is_deactivated(form: UserSettingsForm) -> None:
    form.turn("BJORN")
    padlock = form.panel.secrets["password"]
    padlock.button.click()
    assert (padlock.locked, padlock.button.disabled) == (True, True)
    assert "the application signs in" in said(padlock.field.note)
    form.panel.fields["method"].value = EmailMethod.SMTP
    assert (padlock.button.disabled, said(padlock.field.note)) == (False, "Not set.")


def test_the_flow_that_is_not_supported_is_said_at_once_and_not_saved(form: UserSettingsForm) -> None:
    flow = form.panel.fields["authentication_flow"]
    flow.value = AuthenticationFlow.USER_NAME
    assert "cannot pass a second factor" in said(flow.note)
    form.panel.fields["port"].value = 465
    form.save_button.click()
    assert "A field cannot be saved as it is." in said(form.message)
    assert form.panel.row.authentication_flow == AuthenticationFlow.CLIENT_SECRET


def test_what_cannot_stand_is_said_at_its_field_and_does_not_enter_the_draft(form: UserSettingsForm) -> None:
    form.turn("ANNA")
    form.panel.fields["email"].value = "anna at norrby"
    assert "not an address" in said(form.panel.fields["email"].note)
    assert form.edits.operations == ()


def test_by_outlook_nothing_of_copy_or_signature_is_promised(form: UserSettingsForm) -> None:
    form.turn("CECILIA")
    copy = form.panel.fields["copy_to_self"]
    assert copy.widget.disabled
    assert "the signature kept here is not carried over" in said(copy.note)


def test_a_signature_is_cleaned_shown_in_a_frame_and_saved(form: UserSettingsForm) -> None:
    form.turn("ANNA")
    form.panel.signature.text.value = f"<p>Anna</p>\n<script>alert(1)</script>{EVIL}"
    shown = form.panel.signature.shown.value
    assert ("Taken out" in shown, "Anna" in shown) == (True, True)
    assert 'sandbox=""' in shown
    assert alive(form) == set()
    save(form)
    assert preferred.everyone(form.desk.app)[1].row.signature_html == "<p>Anna</p>"
    form.panel.signature.away.click()
    save(form)
    assert own(form, "ANNA")["signature_html"] == "not set"


def test_a_signature_file_of_outlook_is_taken(form: UserSettingsForm) -> None:
    form.turn("ANNA")
    file = {"name": "a.htm", "type": "text/html", "size": 9, "content": memoryview("<p>Åsa</p>".encode("cp1252"))}
    form.panel.signature.upload.widget.value = ({**file, "last_modified": datetime(2026, 11, 23, tzinfo=UTC)},)
    assert form.panel.row.signature_html == "<p>Åsa</p>"


def test_validating_needs_what_is_saved_and_shows_a_mark_for_everybody(form: UserSettingsForm) -> None:
    form.turn("DAVID")
    form.panel.fields["port"].value = 465
    form.validate_button.click()
    assert "Save first" in said(form.message)
    form.discard_button.click()
    form.validate_button.click()
    assert "✗ failed DAVID" in said(form.validated)
    form.everybody_button.click()
    words = said(form.validated)
    assert [user in words for user in ("ANNA", "BJORN", "CECILIA", "DAVID", "ERIK")] == [True] * 5


def test_whether_activities_can_be_entered_is_told(form: UserSettingsForm) -> None:
    form.turn("CECILIA")
    assert "Calendar: activities cannot be entered." in said(form.status)


def test_names_that_would_be_markup_are_text(desk: Desk) -> None:
    edits = Edits({})
    edits.put(User(user_id=EVIL, name=EVIL))
    plan = editing.plan(desk.app, edits, editing.basis(desk.app))
    applying.apply(desk.app, plan, plan.confirmation)
    form = user_settings(desk)
    form.turn(EVIL)
    form.validate_button.click()
    assert "Settings of <img" in page(form)
    assert alive(form) == set()


def test_there_are_few_widgets_and_none_are_left_behind(form: UserSettingsForm) -> None:
    counts = []
    for user in ("ANNA", "BJORN", "", "ANNA"):
        form.turn(user)
        counts.append(len(list(widgets(form.box))))
    assert counts[0] == counts[-1] <= 100


def test_another_form_of_the_desk_is_followed(form: UserSettingsForm, desk: Desk) -> None:
    form.turn("ANNA")
    preferring.save(desk.app, preferring.plan_set(desk.app, "ANNA", {"port": 465}))
    desk.tell()
    assert form.panel.fields["port"].value == 465


def test_undo_is_offered_only_after_saving(form: UserSettingsForm) -> None:
    assert offered(form.undo_button) == []
    form.panel.fields["port"].value = 465
    save(form)
    assert offered(form.undo_button) == ["Undo"]


def test_practice_is_a_small_company_whose_accounts_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILADMIN_STORE", raising=False)
    desk = open_desk(practice=Practice.USER_SETTINGS, runner=at_once)
    form = user_settings(desk)
    form.everybody_button.click()
    words = said(form.validated)
    assert [f"✓ passed {user}" in words for user in ("ANNA", "BJORN", "ERIK")] == [True] * 3
    assert ("– not needed CECILIA" in words, "✗ failed DAVID" in words) == (True, True)
    desk.close()


def test_a_long_signature_is_cut_where_the_plan_is_shown(form: UserSettingsForm) -> None:
    form.turn("ANNA")
    form.panel.signature.text.value = "<p>" + "Ngā mihi " * 100 + "</p>"
    form.save_button.click()
    assert "characters)" in said(form.confirmation.shown)
    assert len(said(form.confirmation.shown)) < 1200
