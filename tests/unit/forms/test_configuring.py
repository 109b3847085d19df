"""Configure: what is typed is checked, shown with its effects, saved as a run, and taken back; and leaves no trace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ipywidgets import Button, Checkbox, Dropdown, Select, Text

from mailadmin.bootstrap import connect
from mailadmin.domain.organisation import Branch, CostCentre, Entity
from mailadmin.domain.services import COST_CENTRE_SERVICES, NO_AUTHENTICATION, Security, ServiceKind
from mailadmin.forms import site_tree
from mailadmin.forms.configuring import ConfigureForm, configure
from mailadmin.forms.desk import Desk
from mailadmin.forms.effects_panel import LIVE
from mailadmin.forms.site_tree import Heading
from mailadmin.forms.work import at_once
from mailadmin.migration.edits import Edits, place_of
from mailadmin.providers.ladder import Result, Rung
from mailadmin.resolution.provenance import Context, Status
from mailadmin.usecases import configuring, migrating, verifying
from tests import sites
from tests.canaries import canary, found_in
from tests.page_words import drawn, page, said
from tests.widget_state import alive, states

GLOBAL = ("cost_centres", ("global",))
SMTP, EXCHANGE = ServiceKind.SMTP, ServiceKind.EXCHANGE
EVIL = "<img src=x onerror=alert(1)>"
NAMED_EVIL = f"""
[[users]]
user_id = "{EVIL}"
name = "{EVIL}"
roles = ["{EVIL}"]

[[cost_centres]]
code = "{EVIL}"
description = "<script>alert(1)</script>"

[[overrides]]
cost_centre = "GLOBAL"
service = "SMTP"
user_id = "{EVIL}"
sender_name = "{EVIL}"
"""


@pytest.fixture
def form(desk: Desk) -> ConfigureForm:
    return configure(desk)


def turn(form: ConfigureForm, service: ServiceKind | None, own: bool = False, at: Any = GLOBAL) -> Any:
    """Go to a page; what stands there."""
    form.tree.value = at
    form.page.value = (service, own)
    return form.panel


def note(field: Any) -> str:
    return said(field.note)


def save(form: ConfigureForm) -> str:
    """Save and apply; what the form says then."""
    form.save_button.click()
    form.confirmation.apply.click()
    return said(form.message)


def explained(desk: Desk, user: str) -> Any:
    return configuring.explain(desk.app, Context(user=user))


def test_the_tree_shows_entities_with_their_branches_and_who_uses_a_cost_centre(form: ConfigureForm) -> None:
    lines = [words.replace("\u00a0", ".") for words, _ in form.tree.widget.options]
    assert lines == [
        "GLOBAL: asked last, by everybody",
        "Cost Centres",
        "....OFF, used by branch QUIET",
        "Entities and branches",
        "....Entity E",
        "........Branch QUIET → OFF",
        "Web configurations",
        "Roles: who may change From",
    ]
    form.find.value = "quiet"
    assert [words.strip() for words, _ in form.tree.widget.options] == [
        "Cost Centres",
        "OFF, used by branch QUIET",
        "Entities and branches",
        "Branch QUIET → OFF",
        "Web configurations",
        "Roles: who may change From",
    ]


def test_a_change_is_shown_with_its_effects_saved_and_taken_back(form: ConfigureForm, desk: Desk) -> None:
    panel = turn(form, SMTP)
    panel.fields["sender_email"].value = "new@kowhai.example"
    assert said(form.effects.changes) == "! 1 change not saved. change services GLOBAL / SMTP: sender email"
    assert "change sender 3 ann, bob, cia another From" in said(form.effects.effects)
    assert explained(desk, "ann").sender[1] == "lending@kowhai.example"
    form.save_button.click()
    assert "lending@kowhai.example new@kowhai.example" in said(form.confirmation.shown)
    assert form.confirmation.plan is not None
    assert form.confirmation.plan.confirmation in form.confirmation.apply.description
    assert explained(desk, "ann").sender[1] == "lending@kowhai.example"
    form.confirmation.apply.click()
    run = len(migrating.history(desk.app))
    assert said(form.message) == f"✓ Saved: run {run}, recorded as done by tester. Undo takes it back."
    assert explained(desk, "ann").sender[1] == "new@kowhai.example"
    assert said(form.effects.changes) == "Nothing is changed yet."
    form.undo_button.click()
    assert "new@kowhai.example lending@kowhai.example" in said(form.confirmation.shown)
    form.confirmation.apply.click()
    assert said(form.message).startswith(f"✓ Run {run} is taken back")
    assert explained(desk, "ann").sender[1] == "lending@kowhai.example"
    assert form.panel.fields["sender_email"].value == "lending@kowhai.example"
    assert form.undo_button.layout.display == "none"


@pytest.mark.parametrize(
    ("name", "value"),
    [("server", "other.example"), ("port", 2525), ("security", Security.AUTO), ("user_name", "other@kowhai.example")],
)
def test_another_address_clears_the_password_and_says_so_and_the_old_one_brings_it_back(
    form: ConfigureForm, name: str, value: Any
) -> None:
    panel = turn(form, SMTP)
    before = panel.fields[name].value
    assert note(panel.fields["password"]) == "Set. What you type replaces it."
    panel.fields[name].value = value
    told = "! Cleared: it was entered for another server, port, security or user. Enter it again."
    assert note(panel.fields["password"]) == told
    assert "need input" in said(form.effects.effects)
    panel.fields[name].value = before
    assert note(panel.fields["password"]) == "Set. What you type replaces it."
    assert said(form.effects.changes) == "Nothing is changed yet."


def test_a_password_is_kept_when_saved_and_stands_nowhere_on_the_way(form: ConfigureForm, desk: Desk) -> None:
    secret = canary()
    panel = turn(form, SMTP)
    panel.fields["port"].value = 2525
    panel.fields["password"].widget.value = secret
    assert note(panel.fields["password"]) == "✓ Changed; kept when you save."
    assert panel.fields["password"].widget.value == ""
    assert panel.fields["password"].value is None
    assert found_in(states(form).encode()) == set()
    vault = desk.app.store.engine.url.database
    assert save(form).startswith("✓ Saved")
    assert found_in(states(form).encode()) == set()
    assert found_in(Path(str(vault)).read_bytes()) == set()
    fingerprint = explained(desk, "ann").fields["password"][0]
    with desk.app.secret(fingerprint).reveal() as text:
        assert text == secret


def test_the_same_password_entered_for_another_port_stays(form: ConfigureForm, desk: Desk) -> None:
    fingerprint = explained(desk, "ann").fields["password"][0]
    panel = turn(form, SMTP)
    panel.fields["port"].value = 2525
    with desk.app.secret(fingerprint).reveal() as text:
        panel.fields["password"].widget.value = text
    assert save(form).startswith("✓ Saved")
    assert explained(desk, "ann").status is Status.READY
    assert explained(desk, "ann").fields["port"][0] == 2525


def test_a_password_entered_goes_again_when_the_server_changes_after_it(form: ConfigureForm) -> None:
    panel = turn(form, SMTP)
    panel.fields["password"].widget.value = canary()
    panel.fields["server"].value = "other.example"
    assert note(panel.fields["password"]).startswith("! Cleared")
    assert form.edits.entered == {}


def test_a_password_can_be_taken_away(form: ConfigureForm, desk: Desk) -> None:
    panel = turn(form, SMTP)
    panel.away.click()
    assert note(panel.fields["password"]) == "! Taken away."
    assert save(form).startswith("✓ Saved")
    assert explained(desk, "ann").missing == ("password",)


@pytest.mark.parametrize(
    ("service", "name", "value", "told"),
    [
        (SMTP, "sender_email", "nobody", "✗ 'nobody' is not an address. Write it as name@example.com."),
        (SMTP, "sender_email", "a@b.example, c@d.example", "✗ 'a@b.example, c@d.example'"),
        (SMTP, "server", "smtp://mail.example", "✗ The name of the server alone"),
        (SMTP, "server", "mail.example:25", "✗ The port goes into its own field."),
        (SMTP, "user_name", "a\u202eb", "✗ It holds the character U+202E"),
        (EXCHANGE, "client_id", "6f6e6d6c", "✗ A GUID"),
        (EXCHANGE, "tenant_id", "not a domain", "✗ A GUID, or the tenant's domain"),
        (EXCHANGE, "mailbox", "lending", "✗ 'lending' is not an address."),
    ],
)
def test_what_cannot_stand_is_said_at_its_field_and_stops_saving(
    form: ConfigureForm, service: ServiceKind, name: str, value: str, told: str
) -> None:
    panel = turn(form, service)
    panel.fields[name].value = value
    assert note(panel.fields[name]).startswith(told)
    assert note(panel.fields[name]).endswith("Not taken into the draft.")
    assert form.edits.operations == ()
    other = "sender_name" if service is SMTP else "mailbox"
    if other != name:
        panel.fields[other].value = "other@kowhai.example"
        form.save_button.click()
        assert said(form.message) == "✗ A field cannot be saved as it is. Mend what is marked, or put it back."


def test_half_an_address_does_not_stay_in_the_draft(form: ConfigureForm) -> None:
    panel = turn(form, SMTP)
    panel.fields["sender_email"].value = "new@kowhai.exa"
    assert form.edits.operations != ()
    panel.fields["sender_email"].value = "new@kowhai.exa mple"
    assert form.edits.operations == ()


@pytest.mark.parametrize(
    ("port", "security", "told", "how"),
    [
        (465, Security.START_TLS, "! Port 465 speaks TLS from the start", "encrypted by STARTTLS, or nothing is sent"),
        (587, Security.SSL_ON_CONNECT, "! Port 587 begins in clear text", "port 587, encrypted from the first byte"),
        (25, Security.AUTO, "! Where port 25 offers no TLS", "port 25, encrypted by STARTTLS if the server offers it"),
        (0, Security.SSL_ON_CONNECT, "", "port 465, encrypted from the first byte"),
        (465, None, "", "port 465, encrypted from the first byte"),
        (2525, Security.NONE, "! Nothing is encrypted", "port 2525, never encrypted"),
    ],
)
def test_security_is_explained_and_held_against_the_port(
    form: ConfigureForm, port: int, security: Security | None, told: str, how: str
) -> None:
    panel = turn(form, SMTP)
    panel.fields["port"].value = port
    panel.fields["security"].value = security
    assert note(panel.fields["security"]).startswith(told)
    assert (note(panel.fields["security"]) == "") == (told == "")
    assert how in said(panel.how)


def test_no_user_name_is_a_value_and_needs_no_password(form: ConfigureForm, desk: Desk) -> None:
    panel = turn(form, SMTP)
    panel.no_user.value = True
    assert (panel.fields["user_name"].value, panel.fields["user_name"].widget.disabled) == ("", True)
    assert note(panel.fields["password"]) == "Not needed."
    assert save(form).startswith("✓ Saved")
    assert explained(desk, "ann").fields["user_name"][0] == NO_AUTHENTICATION
    assert explained(desk, "ann").status is Status.READY


def test_a_ticked_and_blank_service_is_told_to_be_switched_off(form: ConfigureForm) -> None:
    panel = turn(form, SMTP, at=("cost_centres", ("off",)))
    assert "switched off here" in said(panel.state)
    panel.use.value = False
    assert said(panel.state) == "Not used here: the next Cost Centre on the path is asked."
    assert "start sending 1 dan" in said(form.effects.effects)


def test_a_page_nobody_filled_in_is_no_row(form: ConfigureForm) -> None:
    panel = turn(form, EXCHANGE, at=("cost_centres", ("off",)))
    panel.fields["mailbox"].value = "off@kowhai.example"
    assert [o.name for o in form.edits.operations] == ["services OFF / EXCHANGE"]
    panel.fields["mailbox"].value = ""
    assert form.edits.operations == ()


def test_changes_of_several_rows_wait_in_the_draft_and_can_be_discarded(form: ConfigureForm, desk: Desk) -> None:
    turn(form, SMTP).fields["sender_name"].value = "Somebody"
    form.tree.value = ("branches", ("quiet",))
    form.panel.fields["cost_centre"].value = None
    form.tree.value = ("cost_centres", ("off",))
    form.panel.fields["active"].value = False
    assert said(form.effects.changes).startswith("! 3 changes not saved.")
    assert form.discard_button.description == "Discard 3 changes"
    assert any(words.endswith("OFF, inactive (changed)") for words, _ in form.tree.widget.options)
    runs = len(migrating.history(desk.app))
    form.discard_button.click()
    assert said(form.message) == "✓ The changes are forgotten; nothing was written."
    assert form.panel.fields["active"].value is True
    assert (form.edits.operations, len(migrating.history(desk.app))) == ((), runs)


def test_one_row_can_be_put_back(form: ConfigureForm) -> None:
    turn(form, SMTP).fields["sender_name"].value = "Somebody"
    turn(form, None, at=("cost_centres", ("off",))).fields["description"].value = "Closed"
    form.put_back(("cost_centres", ("off",)))
    assert [o.name for o in form.edits.operations] == ["services GLOBAL / SMTP"]
    assert form.panel.fields["description"].value == ""


def test_a_new_cost_centre_with_a_service_is_one_run(form: ConfigureForm, desk: Desk) -> None:
    form.tree.value = Heading.COST_CENTRES
    form.panel.code.value = "off"
    form.panel.add()
    assert note(form.panel.code) == "✗ There is a Cost Centre of that code."
    form.panel.code.value = "SOUTH"
    form.panel.add()
    assert form.tree.value == ("cost_centres", ("south",))
    panel = turn(form, SMTP, at=("cost_centres", ("south",)))
    panel.use.value = True
    panel.fields["server"].value = "south.example"
    form.tree.value = ("branches", ("quiet",))
    form.panel.fields["cost_centre"].value = "SOUTH"
    assert save(form).startswith("✓ Saved")
    assert explained(desk, "dan").winner.cost_centre == "SOUTH"
    form.put_back(("cost_centres", ("south",)))
    assert form.edits.operations == ()


def test_leaving_a_new_cost_centre_out_leaves_its_services_out(form: ConfigureForm) -> None:
    form.tree.value = Heading.COST_CENTRES
    form.panel.code.value = "SOUTH"
    form.panel.add()
    turn(form, SMTP, at=("cost_centres", ("south",))).fields["server"].value = "south.example"
    form.put_back(("cost_centres", ("south",)))
    assert form.edits.operations == ()


def test_the_tree_is_drawn_by_reading_each_table_a_few_times_however_many_there_are(monkeypatch: Any) -> None:
    centres = [CostCentre(code=f"CC{n}") for n in range(50)]
    places = [Entity(code="E", cost_centre="CC1"), *(Branch(code=f"B{n}", entity="E") for n in range(50))]
    edits = Edits({place_of(row): row for row in (*centres, *places)})
    asked: list[str] = []
    rows = Edits.rows
    monkeypatch.setattr(Edits, "rows", lambda edits, table: (asked.append(table), rows(edits, table))[1])
    lines = [words for words, _ in site_tree.lines(edits)]
    assert len(lines) == 106
    assert "\u00a0" * 4 + "CC1, used by entity E" in lines
    assert len(asked) < 10


def test_own_values_are_given_to_an_active_user_and_removed(form: ConfigureForm, desk: Desk) -> None:
    panel = turn(form, SMTP, own=True)
    assert [tuple(line) for line in panel.table.found] == [("eve", "Eve", "sender e-mail", "")]
    panel.picker.search.value = "bo"
    assert panel.picker.value == "bob"
    panel.panel.fields["sender_email"].value = "bob@kowhai.example"
    assert "change sender 1 bob" in said(form.effects.effects)
    panel.back()
    assert [line[0] for line in panel.table.found] == ["bob", "eve"]
    panel.look_at("eve")
    panel.remove(panel.panel.place)
    assert "change sender 2 bob, eve" in said(form.effects.effects)
    assert save(form).startswith("✓ Saved")
    assert explained(desk, "bob").sender[1] == "bob@kowhai.example"
    assert explained(desk, "eve").sender[1] == "lending@kowhai.example"


def test_own_values_that_are_all_blank_are_none(form: ConfigureForm) -> None:
    panel = turn(form, SMTP, own=True)
    panel.look_at("eve")
    panel.panel.fields["sender_email"].value = ""
    assert [(o.kind, o.name) for o in form.edits.operations] == [("delete", "overrides GLOBAL / SMTP / eve")]
    panel.panel.fields["sender_email"].value = "eve@kowhai.example"
    assert form.edits.operations == ()


def test_whoever_is_inactive_or_external_is_not_offered_own_values(desk: Desk, tmp_path: Path) -> None:
    gone = ["[[users]]", 'user_id = "gus"', 'name = "Gus"', "active = false"]
    away = ["[[users]]", 'user_id = "guy"', 'name = "Guy"', "external = true"]
    own = ["[[overrides]]", 'cost_centre = "GLOBAL"', 'service = "SMTP"', 'user_id = "gus"', 'sender_name = "G"']
    sites.configure(desk.app, tmp_path, sites.rows(*gone, *away, *own))
    panel = turn(configure(desk), SMTP, own=True)
    offered = [words for words, _ in panel.picker.choice.widget.options]
    assert offered == ["choose …", "ann Ann", "bob Bob", "cia Cia", "dan Dan", "eve Eve"]
    assert ("gus", "Gus", "sender name", "does not count: the user is inactive") in panel.table.found


def test_a_role_says_another_thing_and_it_is_told_who_may_then(form: ConfigureForm, desk: Desk) -> None:
    form.tree.value = Heading.ROLES
    assert [tuple(line) for line in form.panel.table.found] == [("Clerks", "Allow", 2), ("Trainees", "Deny", 1)]
    assert "1 users may: bob." in said(form.panel.holders)
    form.panel.look_at("Trainees")
    form.panel.says.value = None
    assert "1 more may: cia." in said(form.panel.holders)
    assert "Nobody's mail goes out differently." in said(form.effects.effects)
    assert save(form).startswith("✓ Saved")
    assert "2 users may: bob, cia." in said(form.panel.holders)


def test_somebody_elses_change_of_a_row_is_not_overwritten(form: ConfigureForm, desk: Desk, tmp_path: Path) -> None:
    turn(form, SMTP).fields["sender_name"].value = "Mine"
    theirs = ["[[services]]", 'cost_centre = "GLOBAL"', 'service = "SMTP"', 'server = "x.example"']
    sites.configure(desk.app, tmp_path, sites.rows(*theirs))
    form.save_button.click()
    assert "somebody else changed services GLOBAL / SMTP" in said(form.message)
    assert form.confirmation.plan is None


def test_a_plan_is_not_applied_once_the_draft_went_on(form: ConfigureForm, desk: Desk) -> None:
    panel = turn(form, SMTP)
    panel.fields["sender_name"].value = "One"
    form.save_button.click()
    plan = form.confirmation.plan
    panel.fields["sender_name"].value = "Two"
    assert form.confirmation.plan is None
    assert plan is not None
    form.attempt(lambda: form.apply(plan))
    assert said(form.message) == "✗ The draft was changed meanwhile. Press Save again."
    form.save_button.click()
    form.confirmation.leave.click()
    assert said(form.message) == "Nothing was written."
    assert form.edits.operations != ()


def test_a_plan_that_went_stale_is_refused_and_the_draft_stays(form: ConfigureForm, desk: Desk) -> None:
    other = configure(desk)
    turn(form, SMTP).fields["sender_name"].value = "Mine"
    form.save_button.click()
    turn(other, SMTP).fields["sender_email"].value = "x@kowhai.example"
    save(other)
    form.confirmation.apply.click()
    assert said(form.message).startswith("✗ The plan is stale")
    assert form.place.layout.visibility is None
    assert form.panel.fields["sender_name"].value == "Mine"
    assert form.edits.operations != ()


def test_undo_waits_for_changes_that_are_not_saved(form: ConfigureForm) -> None:
    panel = turn(form, SMTP)
    panel.fields["sender_name"].value = "One"
    save(form)
    form.panel.fields["sender_name"].value = "Two"
    form.undo_button.click()
    assert said(form.message) == "✗ There are changes that are not saved. Save or discard them first."


def test_what_another_form_saved_is_shown_unless_something_is_being_changed(form: ConfigureForm, desk: Desk) -> None:
    other = configure(desk)
    turn(form, SMTP)
    turn(other, SMTP).fields["sender_name"].value = "Theirs"
    save(other)
    assert form.panel.fields["sender_name"].value == "Theirs"
    form.panel.fields["sender_name"].value = "Mine"
    turn(other, SMTP).fields["sender_email"].value = "x@kowhai.example"
    save(other)
    assert form.panel.fields["sender_name"].value == "Mine"


def test_a_store_without_a_key_asks_for_one_before_a_password(tmp_path: Path) -> None:
    desk = Desk(connect(tmp_path / "new.db", environment={}, actor="tester"), runner=at_once)
    form = configure(desk)
    panel = turn(form, SMTP)
    panel.fields["server"].value = "mail.example"
    panel.fields["user_name"].value = "me"
    panel.fields["password"].widget.value = canary()
    assert note(panel.fields["password"]).startswith("✗ A key is needed to keep a secret")
    assert form.key.layout.display is None
    form.key_button.click()
    assert form.key.layout.display == "none"
    panel.fields["password"].widget.value = canary()
    assert note(panel.fields["password"]) == "✓ Set; kept when you save."
    assert found_in(states(form).encode()) == set()
    desk.close()


def test_for_many_users_effects_wait_for_a_press(form: ConfigureForm) -> None:
    form.edits.users = LIVE + 1
    turn(form, SMTP).fields["sender_email"].value = "new@kowhai.example"
    assert said(form.effects.effects) == "20,001 users: press Show effects to work it out."
    form.effects.press.click()
    assert "change sender 3 ann, bob, cia another From" in said(form.effects.effects)


def test_verify_tries_what_is_saved(form: ConfigureForm, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def climb(_app: Any, wanted: Any, **_: Any) -> list[verifying.Verified]:
        wanted = list(wanted)
        asked.extend(subject.users for subject in wanted)
        broken = Rung("login", Result.FAILED, meaning="Refused", remedy="Mend.")
        return [verifying.Verified(subject, "", (broken,)) for subject in wanted]

    monkeypatch.setattr(verifying, "verify", climb)
    panel = turn(form, SMTP)
    button, place = form.content.box.children[1].children[0], form.content.box.children[2]
    panel.fields["sender_name"].value = "One"
    button.click()
    assert said(place) == "! Save first: what is tried is what is saved."
    form.discard()
    button, place = form.content.box.children[1].children[0], form.content.box.children[2]
    button.click()
    assert asked == [("ann", "bob", "cia")]
    assert "login failed" in said(place)
    assert "Refused" in said(place)


def test_verify_says_so_where_nobody_could_send(form: ConfigureForm) -> None:
    turn(form, SMTP, at=("cost_centres", ("off",)))
    form.content.box.children[1].children[0].click()
    assert said(form.content.box.children[2]).startswith("! Nobody could send by this account as it is saved")


def test_names_are_shown_as_text(desk: Desk, tmp_path: Path) -> None:
    sites.configure(desk.app, tmp_path, sites.rows(NAMED_EVIL))
    form = configure(desk)
    turn(form, SMTP).fields["sender_name"].value = EVIL
    assert alive(form) == set()
    panel = turn(form, SMTP, own=True)
    panel.look_at(EVIL)
    panel.panel.fields["sender_email"].value = "x@kowhai.example"
    assert EVIL in page(form)
    assert alive(form) == set()
    form.tree.value = Heading.ROLES
    form.panel.look_at(EVIL)
    form.save_button.click()
    assert EVIL in page(form)
    assert alive(form) == set()


def test_few_widgets_are_alive_on_every_page(form: ConfigureForm) -> None:
    pages = [(None, False), *((kind, own) for kind in COST_CENTRE_SERVICES for own in (False, True))]
    for service, own in pages:
        panel = turn(form, service, own)
        if own:
            panel.look_at("eve")
        assert len(list(drawn(form.box))) <= 100


def test_every_control_has_its_label(form: ConfigureForm) -> None:
    turn(form, SMTP)
    controls = [
        widget for widget in drawn(form.box) if isinstance(widget, Text | Dropdown | Select | Checkbox | Button)
    ]
    assert len(controls) > 15
    assert [widget for widget in controls if not widget.description] == []


def test_a_form_is_told_by_its_title_alone(form: ConfigureForm) -> None:
    assert repr(form) == "Form: Configure e-mail services"
