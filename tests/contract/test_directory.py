"""Users looked up by what somebody remembers of them, and those with own values: the same on every engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import insert

from mailadmin.domain.organisation import GLOBAL, User
from mailadmin.domain.services import Override, ServiceKind
from mailadmin.storage import directory
from mailadmin.storage.directory import Owner
from mailadmin.storage.tables import ROWS, stored
from mailadmin.storage.unit_of_work import Store

USERS = (
    User(user_id="Ann", name="Ann Walker", email="ann@kowhai.example"),
    User(user_id="BOB", name="Āroha Ngata", email="Ann@Kowhai.example"),
    User(user_id="cia", name="O'Hara, 100%", external=True),
    User(user_id="dan_1", name="Dan", active=False, email="dan@kowhai.example"),
)
OWN = (
    Override(cost_centre=GLOBAL, service=ServiceKind.SMTP, user_id="bob", sender_email="b@kowhai.example"),
    Override(cost_centre=GLOBAL, service=ServiceKind.SMTP, user_id="ann", server="s", user_name="u"),
    Override(cost_centre=GLOBAL, service=ServiceKind.SMTP, user_id="DAN_1", sender_name="Dan"),
    Override(cost_centre=GLOBAL, service=ServiceKind.SMTP, user_id="cia", sender_name="Cia"),
    Override(cost_centre=GLOBAL, service=ServiceKind.EXCHANGE, user_id="ann", mailbox="a@kowhai.example"),
)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with closing(Store(url, created_at="2026-11-22T00:00:00+00:00")) as opened:
        with opened.writing() as connection:
            connection.execute(insert(ROWS["users"]), [stored(user, 0) for user in USERS])
            connection.execute(insert(ROWS["overrides"]), [stored(own, 0) for own in OWN])
        yield opened


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", ["Ann", "BOB", "cia"]),
        ("  AN ", ["Ann", "dan_1"]),
        ("ngata", ["BOB"]),
        ("āroha", ["BOB"]),
        ("ĀROHA n", ["BOB"]),
        ("o'h", ["cia"]),
        ("0%", ["cia"]),
        ("_", ["dan_1"]),
        ("nobody", []),
    ],
)
def test_the_first_users_whose_id_or_name_holds_a_text(store: Store, wanted: str, found: list[str]) -> None:
    with store.reading() as connection:
        assert [user.user_id for user in directory.users_like(connection, wanted, 3)] == found


def test_only_those_whose_overrides_would_count(store: Store) -> None:
    with store.reading() as connection:
        found = directory.users_like(connection, "", 10, for_overrides=True)
    assert [user.user_id for user in found] == ["Ann", "BOB"]


def test_everybody_with_own_values_in_a_service_of_a_cost_centre(store: Store) -> None:
    with store.reading() as connection:
        smtp = directory.owners(connection, "global", ServiceKind.SMTP)
        exchange = directory.owners(connection, GLOBAL, ServiceKind.EXCHANGE)
    assert smtp == [
        Owner("ann", "Ann Walker", "", ("server", "user_name")),
        Owner("bob", "Āroha Ngata", "", ("sender_email",)),
        Owner("cia", "O'Hara, 100%", "does not count: the user is external", ("sender_name",)),
        Owner("DAN_1", "Dan", "does not count: the user is inactive", ("sender_name",)),
    ]
    assert [owner.user_id for owner in exchange] == ["ann"]


def test_whose_own_address_it_is_in_any_case(store: Store) -> None:
    with store.reading() as connection:
        found = directory.addressees(connection, ["ANN@kowhai.example", "nobody@kowhai.example"])
        assert directory.addressees(connection, []) == {}
    assert found == {"ann@kowhai.example": ("Ann", "BOB")}
