"""However many users there are: a form reads as many of them as it shows, and keeps no more in its widgets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import insert

from mailadmin import connect, forms
from mailadmin.domain.organisation import GLOBAL, CostCentre, User
from mailadmin.domain.services import Override, Service, ServiceKind
from mailadmin.forms.desk import Desk
from mailadmin.forms.inquiring import Page
from mailadmin.forms.site_tree import Heading
from mailadmin.forms.work import at_once
from mailadmin.storage.tables import ROWS, stored
from tests.counted import counted
from tests.widget_state import states

FEW, MANY = 100, 20_000
SLACK = 1_000
"""Characters by which numbers of users are longer where there are more, and a bucket of users is."""

ELSEWHERE = {"audit", "open_desk", "open_for_edit", "portal_send", "start"}
"""Forms that ask everybody or need what is not there, and what is no form."""

SITE = (
    Service(
        cost_centre=GLOBAL, service=ServiceKind.SMTP, use_service=True, server="mail.kowhai.example",
        sender_email="lending@kowhai.example", user_name="none",
    ),
)  # fmt: skip


def site(folder: Path, users: int) -> Path:
    """A store of so many users, one in ten with a sender of their own in a Cost Centre nobody names."""
    file = folder / f"{users}.db"
    app = connect(file, environment={}, actor="tester")
    people = [User(user_id=f"U{n:05}", name=f"Person {n:05}", roles=("Clerks",)) for n in range(users)]
    own = [
        Override(cost_centre="OTHER", service=ServiceKind.SMTP, user_id=user.user_id, sender_name=user.name)
        for user in people[::10]
    ]
    centre = CostCentre(code="OTHER")
    with app.store.writing() as connection:
        for table, rows in {
            "cost_centres": [centre],
            "services": [*SITE],
            "users": people,
            "overrides": own,
        }.items():
            connection.execute(insert(ROWS[table]), [stored(row, 0) for row in rows])
    app.close()
    return file


class Stores(NamedTuple):
    few: Path
    many: Path


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Stores:
    folder = tmp_path_factory.mktemp("many")
    return Stores(site(folder, FEW), site(folder, MANY))


class Cost(NamedTuple):
    """Characters read, and characters of widgets."""

    read: int
    kept: int


def cost(file: Path, use: Callable[[Desk], Any]) -> Cost:
    desk = Desk(connect(file, environment={}, actor="tester"), runner=at_once)
    with counted() as read:
        form = use(desk)
    found = Cost(read.characters, len(states(form)))
    desk.close()
    return found


def explained(desk: Desk) -> Any:
    form = forms.explain(desk)
    form.person.search.value = "erson 0009"
    form.person.choice.value = "U00090"
    return form


def with_own_values(desk: Desk) -> Any:
    form = forms.configure(desk)
    form.page.value = (ServiceKind.SMTP, True)
    form.panel.picker.search.value = "00090"
    form.panel.look_at("U00090")
    return form


def reached(desk: Desk) -> Any:
    form = forms.audit(desk)
    form.turn(Page.REACH)
    return form


OPENED: dict[str, Callable[[Desk], Any]] = {
    **{name: getattr(forms, name) for name in dir(forms) if name not in ELSEWHERE},
    "explained": explained,
    "own values": with_own_values,
}
"""Forms that need no look at everybody."""


@pytest.mark.parametrize("name", OPENED)
def test_opened_over_many_users_it_reads_and_keeps_what_it_does_over_few(stores: Stores, name: str) -> None:
    few, many = cost(stores.few, OPENED[name]), cost(stores.many, OPENED[name])
    assert many.read <= few.read + SLACK
    assert many.kept <= few.kept + SLACK


def roles(desk: Desk) -> Any:
    form = forms.configure(desk)
    form.tree.value = Heading.ROLES
    return form


def answered(desk: Desk) -> Any:
    form = reached(desk)
    form.panel.address.value = "lending@kowhai.example"
    form.panel.show_button.click()
    return form


@pytest.mark.parametrize("use", [forms.audit, reached, answered, roles], ids=lambda use: use.__name__)
def test_what_asks_everybody_keeps_no_more_of_them_than_it_shows(stores: Stores, use: Callable[[Desk], Any]) -> None:
    assert cost(stores.many, use).kept <= cost(stores.few, use).kept + SLACK


def test_looking_the_other_way_round_again_reads_nothing_of_anybody(stores: Stores) -> None:
    desk = Desk(connect(stores.many, environment={}, actor="tester"), runner=at_once)
    form = answered(desk)
    with counted() as read:
        form.panel.show_button.click()
    assert read.characters < FEW
    assert len(form.panel.result.box.children) == 2
    desk.close()


@pytest.fixture
def desk(stores: Stores) -> Iterator[Desk]:
    desk = Desk(connect(stores.many, environment={}, actor="tester"), runner=at_once)
    yield desk
    desk.close()


def test_the_grid_of_own_values_is_of_the_cost_centre_chosen(desk: Desk) -> None:
    form = forms.configure(desk)
    form.tree.value = ("cost_centres", ("other",))
    form.page.value = (ServiceKind.SMTP, True)
    assert len(form.panel.table.found) == MANY // 10
    assert tuple(form.panel.table.found[1]) == ("U00010", "Person 00010", "sender name", "")
