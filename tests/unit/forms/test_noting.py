"""Noting by hand: the screens ask for every member there is, and what is wrong is said at its field."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mailadmin.domain.legacy import OBSOLETED, Kind
from mailadmin.forms.desk import Desk, open_desk
from mailadmin.forms.noting import Noting
from mailadmin.forms.screens import SCREENS, Screen, columns_of, label_of
from mailadmin.forms.snapshotting import HAND, SnapshotForm
from mailadmin.forms.work import at_once
from mailadmin.migration.content import TABLES
from tests.canaries import canary
from tests.page_words import page, said
from tests.widget_state import alive, states, widgets

IMG = "<img src=x onerror=alert(1)>"
GLOBAL_SMTP, _, PREFERENCES, _, USER = SCREENS


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    found = open_desk(runner=at_once)
    yield found
    found.close()


@pytest.fixture
def form(desk: Desk) -> SnapshotForm:
    made = SnapshotForm(desk)
    made.way.value = HAND
    return made


@pytest.fixture
def noting(form: SnapshotForm) -> Noting:
    assert isinstance(form.source, Noting)
    return form.source


def show(noting: Noting, screen: Screen) -> None:
    noting.screen.value = screen


def enter(noting: Noting, **values: object) -> None:
    assert noting.typed is not None
    for name, value in values.items():
        noting.typed.entries[name].fields[0].value = value


def enter_secret(noting: Noting, name: str, secret: str) -> None:
    assert noting.typed is not None
    noting.typed.entries[name].fields[1].widget.set_state({"value": secret})


def test_every_member_that_holds_a_value_of_its_own_is_on_a_screen() -> None:
    asked = {(TABLES[screen.table].owner, column.name) for screen in SCREENS for column in columns_of(screen)}
    members = {(one.owner, one.name) for one in OBSOLETED if one.kind is not Kind.FUNCTION and not one.is_resolved}
    assert {name for _, name in members - asked} == {"EmailIsUnattendedAvailable"}


@pytest.mark.parametrize(
    ("column", "label"),
    [
        ("EmailSmtpUserId", "SMTP User ID"), ("EmailSmtpEnableSsl", "SMTP Enable SSL"), ("user_id", "User ID"),
        ("EmailExchangeClientId", "Exchange Client ID"), ("email", "E-mail"), ("locked_out", "Locked out"),
    ],
)  # fmt: skip
def test_fields_are_called_as_on_the_old_screens(column: str, label: str) -> None:
    assert label_of(column) == label


def test_what_was_noted_is_there_again_and_can_be_taken_back(form: SnapshotForm, noting: Noting) -> None:
    enter(noting, EmailSmtpServer=" smtp.x.nz ", EmailSmtpPort=587, EmailSmtpEnableSsl=True)
    form.attempt(noting.note)
    assert noting.notes.rows("global_settings") == [
        {"property": "EmailSmtpEnableSsl", "value": True},
        {"property": "EmailSmtpPort", "value": 587},
        {"property": "EmailSmtpServer", "value": "smtp.x.nz"},
    ]
    show(noting, PREFERENCES)
    show(noting, GLOBAL_SMTP)
    assert noting.typed is not None
    assert noting.typed.entries["EmailSmtpPort"].value == 587
    noting.undo.click()
    assert noting.notes.rows("global_settings") == []
    assert "taken back" in said(form.message)
    assert noting.undo.disabled


def test_a_users_screen_begins_as_the_old_one_does_and_is_filled_in_for_whom_is_noted(
    form: SnapshotForm, noting: Noting
) -> None:
    show(noting, PREFERENCES)
    enter(noting, user_id="ann", EmailSmtpSenderDisplayName="Ann")
    form.attempt(noting.note)
    (row,) = noting.notes.rows("user_preferences")
    assert (row["EmailUseGlobalSettings"], row["EmailUseMailTo"]) == (True, False)
    noting.noted.value = "ann"
    assert noting.typed is not None
    assert noting.typed.entries["EmailSmtpSenderDisplayName"].value == "Ann"
    noting.noted.value = ""
    assert noting.typed.entries["EmailSmtpSenderDisplayName"].value is None


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_noted(form: SnapshotForm, noting: Noting) -> None:
    show(noting, USER)
    enter(noting, user_id="ann", email="a\x01b")
    form.attempt(noting.note)
    assert noting.typed is not None
    assert "U+0001" in said(noting.typed.entries["email"].fields[0].note)
    assert "is blank" in said(noting.typed.entries["name"].fields[0].note)
    assert "not noted" in said(form.message)
    assert noting.notes.tables == {}
    enter(noting, name="Ann", email="a@x.nz")
    form.attempt(noting.note)
    assert said(noting.typed.entries["email"].fields[0].note) == ""
    assert len(noting.notes.rows("users")) == 1


@pytest.mark.parametrize("way", ["typed", "dots"])
def test_a_secret_is_typed_once_and_shown_never(form: SnapshotForm, noting: Noting, way: str) -> None:
    show(noting, PREFERENCES)
    enter(noting, user_id="ann", EmailUseGlobalSettings=False, EmailSmtpServer="s")
    if way == "typed":
        enter_secret(noting, "EmailSmtpPassword", canary())
    else:
        enter(noting, EmailSmtpPassword="dots")
    form.attempt(noting.note)
    enter(noting, EmailSmtpServer="other")
    form.attempt(noting.note)
    (row,) = noting.notes.rows("user_preferences")
    assert (row["EmailSmtpServer"], row["EmailSmtpPassword"]) == ("other", "present")
    assert list(noting.notes.secrets) == ["user_preferences/ann/EmailSmtpPassword"] * (way == "typed")
    assert "CANARY" not in states(form)
    form.attempt(form.take)
    assert "is taken" in said(form.message)
    assert "CANARY" not in states(form)


def test_a_pasted_table_is_shown_with_what_it_would_change_before_it_is_taken(
    form: SnapshotForm, noting: Noting
) -> None:
    noting.screen.value = None
    assert noting.pasting is not None
    noting.pasting.text.set_state({"value": f"user_id\tname\nann\t{IMG}\n"})
    assert "What 1 pasted row(s) would change" in page(form)
    assert IMG in page(form)
    assert noting.notes.tables == {}
    form.attempt(noting.pasting.dropped)
    assert "What 1 pasted row(s) would change" not in page(form)
    noting.pasting.text.set_state({"value": f"user_id\tname\nann\t{IMG}\n"})
    form.attempt(noting.pasting.taken)
    assert noting.notes.rows("users") == [{"user_id": "ann", "name": IMG}]
    assert alive(form) == set()


def test_problems_of_a_pasted_table_are_shown_at_the_cell_and_no_password_with_them(
    form: SnapshotForm, noting: Noting
) -> None:
    noting.screen.value = None
    assert noting.pasting is not None
    noting.pasting.table.value = "user_preferences"
    noting.pasting.text.set_state({"value": f"user_id\tEmailSmtpPort\tEmailSmtpPassword\nann\tabc\t{canary()}\n"})
    assert "At the cell: pasted user_preferences, row 2" in page(form)
    assert "'abc' is not a port" in page(form)
    assert "CANARY" not in states(form)
    form.attempt(noting.pasting.taken)
    assert noting.notes.tables == {}


def test_screens_do_not_pile_up(form: SnapshotForm, noting: Noting) -> None:
    show(noting, PREFERENCES)
    before = len(list(widgets(form.box)))
    for screen in (*SCREENS, PREFERENCES):
        show(noting, screen)
    assert len(list(widgets(form.box))) == before < 100
