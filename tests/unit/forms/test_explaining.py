"""Explain: whoever is picked, from wherever they send, gets the answer with its tiers, and what to do about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailadmin.bootstrap import sample_folder
from mailadmin.domain.services import ServiceKind
from mailadmin.forms.configuring import configure
from mailadmin.forms.desk import Desk
from mailadmin.forms.explaining import ExplainForm, explain
from mailadmin.usecases import migrating
from tests import sites
from tests.canaries import found_in
from tests.page_words import drawn, page, said
from tests.widget_state import alive, states

EVIL = "<img src=x onerror=alert(1)>"
PICTURE = {"img"}


@pytest.fixture
def form(desk: Desk) -> ExplainForm:
    return explain(desk)


def pick(form: ExplainForm, user: str) -> str:
    """Pick somebody; the answer."""
    form.person.search.value = user
    form.person.choice.value = user
    return said(form.answer)


def test_whoever_is_picked_is_explained_at_once(form: ExplainForm) -> None:
    told = pick(form, "ann")
    assert told.startswith("✓ ready: mail can go out. User ann, unattended: ready SMTP of GLOBAL.")
    assert "which settings global GLOBAL GLOBAL won uses SMTP" in told
    assert "sender_email lending@kowhai.example global cost centre (GLOBAL)" in told
    assert "password set global cost centre (GLOBAL)" in told
    assert "Account: never verified." in told


def test_the_tiers_are_a_picture_that_is_told_in_words_too(form: ExplainForm) -> None:
    pick(form, "ann")
    assert 'alt="User ann, unattended: ready. branch passed over: no branch in this context' in form.answer.value


@pytest.mark.parametrize(
    ("user", "change", "told"),
    [
        ("dan", ("web", None), "✗ disabled: ticked with every field blank: switched off there on purpose. What to do:"),
        ("dan", ("service", ServiceKind.EXCHANGE), "✓ ready: mail can go out. User dan, branch QUIET"),
        ("ann", ("branch", "QUIET"), "✗ disabled"),
        ("eve", ("attended", True), "✓ ready: mail can go out. User eve, attended: ready"),
    ],
)
def test_from_elsewhere_the_answer_is_another(
    form: ExplainForm, user: str, change: tuple[str, object], told: str
) -> None:
    pick(form, user)
    getattr(form, change[0]).value = change[1]
    assert said(form.answer).startswith(told)


def test_nobody_picked_is_said(form: ExplainForm) -> None:
    form.ask.click()
    assert said(form.message) == "✗ Nobody is picked. Search for a person and choose one."
    form.person.search.value = "no such"
    assert said(form.person.where) == "! Nobody like that."


def test_what_is_saved_beside_it_changes_the_answer(form: ExplainForm, desk: Desk) -> None:
    pick(form, "ann")
    other = configure(desk)
    other.page.value = (ServiceKind.SMTP, False)
    other.panel.fields["sender_email"].value = "new@kowhai.example"
    other.save_button.click()
    other.confirmation.apply.click()
    assert "sender_email new@kowhai.example" in said(form.answer)


def test_before_and_after_stand_beside_each_other_where_there_is_a_snapshot(form: ExplainForm, desk: Desk) -> None:
    assert "Before the upgrade" not in pick(form, "ann")
    plan = migrating.make_plan(desk.app, migrating.take_snapshot(desk.app, sample_folder() / "kowhai-small.json"))
    migrating.apply(desk.app, plan, plan.confirmation)
    again = explain(desk)
    last = migrating.snapshots(desk.app)[-1]
    user = migrating.load_snapshot(desk.app, last.id).tables["users"][0]["user_id"]
    told = pick(again, user)
    assert "Before the upgrade, by the last snapshot" in told
    assert "Field by field" in told
    assert "Before the upgrade" not in pick(again, "ann")
    again.attended.value = True
    again.service.value = ServiceKind.SMTP
    assert "Before the upgrade" not in pick(again, user)


def test_no_secret_and_no_markup_of_others_reaches_the_page(desk: Desk, tmp_path: Path) -> None:
    person = ["[[users]]", f'user_id = "{EVIL}"', f'name = "{EVIL}"']
    sites.configure(desk.app, tmp_path, sites.rows(*person))
    form = explain(desk)
    pick(form, EVIL)
    assert EVIL in page(form)
    assert alive(form) - PICTURE == set()
    assert found_in(states(form).encode()) == set()
    assert "hmac:" not in states(form)


def test_few_widgets_are_alive_and_the_title_stands_for_the_form(form: ExplainForm) -> None:
    pick(form, "ann")
    assert len(list(drawn(form.box))) <= 60
    assert repr(form) == "Form: Explain: who sends by which settings, and why"
