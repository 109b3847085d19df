"""The steps of a migration: each opens when the one before is done, and nothing is written before the digits are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailadmin import connect
from mailadmin.bootstrap import sample_folder
from mailadmin.forms.desk import Desk, open_desk
from mailadmin.forms.effecting import Drawn, Lines
from mailadmin.forms.filling import Filling
from mailadmin.forms.migrating import MigrateForm, migrate
from mailadmin.forms.steps import State
from mailadmin.forms.work import at_once
from mailadmin.interchange.configuration import DocumentFormat
from mailadmin.migration.gaps import Gap
from mailadmin.migration.kinds import Kind
from mailadmin.usecases import configuring, keeping, migrating, switching
from tests.canaries import canary
from tests.page_words import page, said
from tests.widget_state import Markup, shown, states, widgets

IMG = "<img src=x onerror=alert(1)>"
DONE, NEXT, NOT_YET = State.DONE, State.NEXT, State.NOT_YET


@pytest.fixture
def desk() -> Iterator[Desk]:
    found = open_desk(runner=at_once)
    migrating.take_snapshot(found.app, sample_folder() / "kowhai-small.json")
    yield found
    found.close()


@pytest.fixture
def form(desk: Desk) -> MigrateForm:
    return migrate(desk)


def press(form: MigrateForm, label: str) -> None:
    """Press the only button of that name that can be pressed."""
    (button,) = [one for one in widgets(form.box) if getattr(one, "description", "") == label]
    button.click()


def stand(form: MigrateForm) -> list[State]:
    return [step.state for step in form.steps]


def plan(form: MigrateForm) -> None:
    press(form, "Use this snapshot")


def fill(form: MigrateForm, **values: str) -> None:
    assert form.filling is not None
    for gap, field in form.filling.fields.items():
        if gap.field in values:
            field.value = values[gap.field]


def sign(signature: Any) -> None:
    signature.digits.value = signature._plan.confirmation


def apply(form: MigrateForm) -> None:
    plan(form)
    press(form, "Go on to step 3")
    press(form, "Go on to step 4")
    press(form, "I have seen the effects")
    sign(form.signature)
    press(form, "Apply the plan")


def test_step_by_step_to_a_verified_store_and_back(form: MigrateForm, desk: Desk) -> None:
    assert repr(form) == "Form: Migrate the e-mail settings"
    assert stand(form) == [NEXT] + [NOT_YET] * 7
    plan(form)
    assert stand(form) == [DONE, NEXT] + [NOT_YET] * 6
    assert "global SMTP" in page(form)
    press(form, "Show every column that is written")
    assert f"{len(form.now.plan.operations)} operation(s)" in page(form)
    press(form, "Go on to step 3")
    assert stand(form) == [DONE, DONE, NEXT] + [NOT_YET] * 5
    assert "tick off what is done" in page(form)
    fill(form, sender_name="Kowhai", sender_email="lending@kowhai.example")
    press(form, "Put these values into the plan")
    assert stand(form) == [DONE, DONE, DONE, NEXT] + [NOT_YET] * 4
    press(form, "I have seen the effects")
    assert stand(form) == [DONE] * 4 + [NEXT] + [NOT_YET] * 3
    form.signature.digits.value = "00000000"
    assert "These are not the eight digits" in said(form.signature.digits.note)
    assert stand(form)[5] is NOT_YET
    sign(form.signature)
    assert stand(form)[5] is NEXT
    assert migrating.history(desk.app) == []
    press(form, "Apply the plan")
    assert stand(form) == [DONE] * 7 + [NEXT]
    assert "Run 1 is applied and verified." in said(form.message)
    centre = configuring.export_configuration(desk.app, DocumentFormat.JSON)
    assert "lending@kowhai.example" in centre
    press(form, "Show what taking back run 1 does")
    press(form, "Take it back")
    assert "the digits are not there" in said(form.message)
    assert form.taking_back.signature is not None
    sign(form.taking_back.signature)
    press(form, "Take it back")
    assert [run.reverses for run in migrating.history(desk.app)] == [None, 1]
    assert stand(form)[7] is DONE
    press(form, "Plan again")
    assert stand(form)[:4] == [DONE, DONE, DONE, NEXT]


def test_the_way_back_to_a_step_closes_what_came_after_it(form: MigrateForm) -> None:
    plan(form)
    press(form, "Go on to step 3")
    press(form, "Go on to step 4")
    press(form, "I have seen the effects")
    press(form, "Back to step 2")
    assert stand(form) == [DONE, NEXT] + [NOT_YET] * 6
    press(form, "Back to step 1")
    assert stand(form) == [NEXT] + [NOT_YET] * 7


def test_wrong_values_are_said_at_their_fields_and_make_no_plan(form: MigrateForm) -> None:
    plan(form)
    press(form, "Go on to step 3")
    before = form.now.plan
    press(form, "Put these values into the plan")
    assert "Nothing was entered." in said(form.message)
    fill(form, sender_email="nobody")
    press(form, "Put these values into the plan")
    assert "the fields say why" in said(form.message)
    assert form.now.plan is before


def test_a_stale_plan_is_said_to_be_and_made_again_with_what_was_entered(form: MigrateForm, desk: Desk) -> None:
    plan(form)
    press(form, "Go on to step 3")
    fill(form, sender_email="lending@kowhai.example")
    press(form, "Put these values into the plan")
    press(form, "I have seen the effects")
    sign(form.signature)
    switching.stop_mail(desk.app, "a holiday")
    press(form, "Apply the plan")
    assert "The plan is stale" in said(form.message)
    assert stand(form)[3:] == [NOT_YET] * 5
    press(form, "Plan again")
    assert stand(form)[3] is NEXT
    press(form, "Back to step 3")
    assert form.filling is not None
    assert "lending@kowhai.example" in form.filling.entered.values()
    press(form, "Go on to step 4")
    press(form, "I have seen the effects")
    sign(form.signature)
    press(form, "Apply the plan")
    assert "Run 2 is applied and verified." in said(form.message)


def test_a_migration_that_stands_already_can_be_verified_and_taken_back(form: MigrateForm, desk: Desk) -> None:
    apply(form)
    again = migrate(desk)
    assert stand(again) == [NEXT] + [NOT_YET] * 5 + [NEXT, NEXT]
    press(again, "Verify everybody")
    assert stand(again)[6] is DONE
    plan(again)
    press(again, "Go on to step 3")
    press(again, "Go on to step 4")
    press(again, "I have seen the effects")
    assert "there is nothing to apply" in said(again.message)


def test_rows_changed_since_are_named_and_may_be_left_alone(form: MigrateForm, desk: Desk, tmp_path: Path) -> None:
    apply(form)
    document = json.loads(configuring.export_configuration(desk.app, DocumentFormat.JSON))
    service = next(one for one in document["services"] if one["service"] == "SMTP")
    service["sender_name"] = "Changed"
    (tmp_path / "changed.json").write_text(json.dumps(document))
    changed = configuring.plan_import(desk.app, tmp_path / "changed.json")
    migrating.apply(desk.app, changed, changed.confirmation)
    press(form, "Show what taking back run 1 does")
    assert "cannot be taken back" in page(form)
    form.taking_back.skip.value = True
    press(form, "Show what taking back run 1 does")
    assert "Take it back" in page(form)


def test_secrets_of_users_are_entered_one_by_one_and_leave_no_trace(tmp_path: Path) -> None:
    secret = canary()
    exchange = {
        "EmailExchangeUseGlobalSettings": False, "EmailExchangeUserName": "a@x.nz", "EmailExchangeClientId": "c",
        "EmailExchangeTenantId": "t", "EmailExchangeHasRefreshToken": True,
    }  # fmt: skip
    tables = {
        "users": [{"user_id": IMG, "name": IMG}],
        "user_preferences": [{"user_id": IMG, **exchange}],
        "web_configurations": [{"code": IMG, "EmailSmtpOverride": True, "EmailSmtpServer": IMG}],
    }
    (tmp_path / "export.json").write_text(json.dumps(tables))
    desk = Desk(connect(tmp_path / "store.db", environment={}, actor=IMG), runner=at_once)
    keeping.create_key(desk.app)
    migrating.take_snapshot(desk.app, tmp_path / "export.json")
    form = migrate(desk)
    plan(form)
    press(form, "Show every column that is written")
    press(form, "Go on to step 3")
    assert isinstance(form.filling, Filling)
    form.filling.look(form.filling.table.found[0])
    assert form.filling.field is not None
    form.filling.field.widget.set_state({"value": secret})
    assert [row[3] for row in form.filling.table.found] == ["entered"]
    assert "CANARY" not in states(form)
    found = [Markup(shown(form))]
    press(form, "Put these values into the plan")
    form.effecting.look(form.effecting.table.found[0])
    assert IMG in page(form)
    assert "CANARY" not in states(form) + form.now.plan.text()
    found.append(Markup(shown(form)))
    press(form, "I have seen the effects")
    sign(form.signature)
    press(form, "Apply the plan")
    assert "applied and verified" in said(form.message)
    found.append(Markup(shown(form)))
    assert {name for one in found for name in one.attributes if name.startswith("on")} == set()
    desk.close()


def test_the_effects_are_filtered_and_each_can_be_looked_at(desk: Desk) -> None:
    migrating.take_snapshot(desk.app, sample_folder() / "kowhai-csv")
    form = migrate(desk)
    plan(form)
    press(form, "Go on to step 3")
    press(form, "Go on to step 4")
    counts = form.now.drawn.effects.summary()
    assert form.effecting.kind.value is Kind.STOPS
    assert len(form.effecting.table.found) == counts[Kind.STOPS] > 0
    form.effecting.kind.value = None
    assert len(form.effecting.table.found) == sum(counts.values())
    form.effecting.table.look.value = 0
    assert "Field by field" in page(form)


def test_rows_of_effects_are_those_of_everybody_then_of_web_configurations(form: MigrateForm) -> None:
    plan(form)
    drawn = form.now.drawn
    lines = Lines(drawn.effects, drawn.kinds, None)
    subjects = list(drawn.effects)
    assert [line.subject for line in lines] == subjects
    assert lines[1:3] == [lines[1], lines[2]]
    assert lines[-1].subject == subjects[-1]
    with pytest.raises(IndexError):
        lines[len(lines)]
    assert isinstance(drawn, Drawn)


def test_a_page_of_widgets_and_no_more(desk: Desk) -> None:
    migrating.take_snapshot(desk.app, sample_folder() / "kowhai-csv")
    form = migrate(desk)
    counts = []
    plan(form)
    counts.append(len(list(widgets(form.box))))
    for label in ("Go on to step 3", "Go on to step 4", "I have seen the effects"):
        press(form, label)
        counts.append(len(list(widgets(form.box))))
    assert max(counts) < 100


def test_beyond_some_gaps_are_listed_and_have_no_field_at_once() -> None:
    gaps = [Gap("services", (f"c{number}", "smtp"), f"C{number} / SMTP", "password") for number in range(9)]
    filling = Filling(gaps, {}, at_once)
    assert len(filling.fields) == 6
    assert [row[1] for row in filling.table.found] == ["C6 / SMTP", "C7 / SMTP", "C8 / SMTP"]


def test_without_a_snapshot_one_is_taken_here() -> None:
    desk = open_desk(runner=at_once)
    form = migrate(desk)
    press(form, "Take the snapshot")
    assert stand(form)[:2] == [DONE, NEXT]
    desk.close()
