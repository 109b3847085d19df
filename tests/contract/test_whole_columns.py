"""Everybody read by whole columns is everybody read row by row, in the order of their keys, on every engine."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from mailadmin.audit.access import Everybody
from mailadmin.domain.governed import Organisation, key_of
from mailadmin.domain.organisation import CostCentre, User, UserLevel
from mailadmin.domain.services import Override, ServiceKind
from mailadmin.errors import Tampered
from mailadmin.migration.operations import Operation
from mailadmin.resolution.population import People, Person
from mailadmin.storage import repository, whole_columns
from mailadmin.storage.keys import new_sealer
from mailadmin.storage.unit_of_work import Store
from tests.engines import database

AT = "2026-11-22T00:00:00+00:00"
USERS = (
    User(user_id="zoë", name="Zoë", branch="B1"),
    User(user_id="_service", name="", active=False),
    User(user_id="Ann", name='two\nlines, "quotes" \\n', branch="b1", roles=("A [1]", "Zoë's")),
    User(user_id="İpek", name="İpek", external=True, level=UserLevel.USER_ADMINISTRATOR, roles=("A",)),
    User(user_id="bob", name="Bob", branch="B1", active=False, external=True, level=UserLevel.READ_ONLY),
    User(user_id="0042", name="42", locked_out=True, level=UserLevel.ADMINISTRATOR),
)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with closing(Store(url, created_at=AT)) as opened:
        yield opened


def keep(store: Store, *users: User) -> None:
    with store.writing() as connection:
        repository.write(connection, [Operation("users", None, user) for user in users], 1, None)


@pytest.mark.parametrize("kept", [USERS, tuple(sorted(USERS, key=key_of)), USERS[2:3], ()], ids=len)
def test_people_are_the_users_in_the_order_of_their_keys(store: Store, kept: tuple[User, ...]) -> None:
    keep(store, *kept)
    with store.reading() as connection:
        found = repository.people(connection)
    everybody = [Person.of(key_of(user)[0], user) for user in sorted(kept, key=key_of)]
    assert list(found) == everybody == list(People.of(everybody))


@pytest.mark.parametrize("kept", [USERS, USERS[2:3], ()], ids=len)
def test_everybody_asks_what_each_user_asks(store: Store, kept: tuple[User, ...]) -> None:
    keep(store, *kept)
    with store.reading() as connection:
        found = repository.everybody_asking(connection, None)
    expected = Everybody.of(kept)
    assert (found.user_ids, list(found.names)) == (expected.user_ids, expected.names)
    assert [found.questions[code] for code in found.codes] == [expected.questions[code] for code in expected.codes]


def test_an_id_mailadmin_would_not_have_written_is_refused(tmp_path: Path) -> None:
    with closing(Store(f"sqlite:///{tmp_path / 'mailadmin.db'}", created_at=AT)) as store:
        keep(store, *USERS)
        with database(tmp_path / "mailadmin.db") as behind:
            behind.execute("UPDATE users SET user_id = 'Ann' || char(10) || 'Bob' WHERE user_id_key = 'ann'")
        with store.reading() as connection, pytest.raises(Tampered):
            repository.people(connection)


@pytest.fixture
def in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_columns, "SMALLEST", 2)


@pytest.mark.usefixtures("in_pieces")
def test_people_read_in_pieces_are_everybody_wherever_their_rows_stand(tmp_path: Path) -> None:
    with closing(Store(f"sqlite:///{tmp_path / 'mailadmin.db'}", created_at=AT)) as store:
        keep(store, *USERS)
        with database(tmp_path / "mailadmin.db") as behind:
            behind.execute("UPDATE users SET rowid = -7 WHERE user_id_key = 'bob'")
            behind.execute("UPDATE users SET rowid = 900 WHERE user_id_key = 'ann'")
        with store.reading() as connection:
            found = repository.people(connection)
    assert list(found) == [Person.of(key_of(user)[0], user) for user in sorted(USERS, key=key_of)]


@pytest.mark.usefixtures("in_pieces")
def test_an_id_is_refused_in_any_piece_and_the_connection_is_free_again(tmp_path: Path) -> None:
    with closing(Store(f"sqlite:///{tmp_path / 'mailadmin.db'}", created_at=AT)) as store:
        keep(store, *USERS)
        with database(tmp_path / "mailadmin.db") as behind:
            behind.execute("UPDATE users SET user_id = 'Ann' || char(10) || 'Bob' WHERE user_id_key = 'ann'")
        with store.reading() as connection:
            with pytest.raises(Tampered):
                repository.everybody(connection, None)
            assert repository.number_of_users(connection) == len(USERS)


def test_a_store_in_memory_is_read_by_its_own_thread() -> None:
    with closing(Store("sqlite://", created_at=AT)) as store:
        keep(store, *USERS)
        with store.reading() as connection:
            organisation, people = repository.everybody(connection, None)
    assert (len(people), organisation.overrides) == (len(USERS), {})


OWN = (
    Override(cost_centre="GLOBAL", service=ServiceKind.SMTP, user_id="Ann", server="a", port=25, sender_name='"\\n'),
    Override(cost_centre="GLOBAL", service=ServiceKind.EXCHANGE, user_id="Ann", mailbox="ann@example.com"),
    Override(cost_centre="GLOBAL", service=ServiceKind.SMTP, user_id="zoë", sender_email="zoë@example.com"),
)


def test_everybodys_overrides_are_those_of_each(store: Store) -> None:
    keep(store, *USERS)
    with store.writing() as connection:
        repository.write(connection, [Operation("overrides", None, own) for own in OWN], 2, None)
    with store.reading() as connection:
        found, _ = repository.everybody(connection, None)
    expected = Organisation.of(OWN).overrides
    assert {key: sorted(own) for key, own in found.overrides.items()} == {
        key: sorted(own) for key, own in expected.items()
    }


# --- what is remembered ---------------------------------------------------------------------------------------------


def centres(store: Store) -> set[str]:
    with store.reading() as connection:
        return set(repository.organisation(connection, None, []).cost_centres)


def test_what_another_connection_wrote_is_seen(store: Store, url: str) -> None:
    assert centres(store) == centres(store) == {"global"}
    with closing(Store(url, created_at=AT)) as other, other.writing() as connection:
        repository.write(connection, [Operation("cost_centres", None, CostCentre(code="AKL"))], 1, None)
    assert centres(store) == centres(store) == {"global", "akl"}


def give_up_halfway(store: Store) -> set[str]:
    with contextlib.suppress(KeyboardInterrupt), store.writing() as connection:
        repository.write(connection, [Operation("cost_centres", None, CostCentre(code="AKL"))], 1, None)
        seen = set(repository.organisation(connection, None, []).cost_centres)
        raise KeyboardInterrupt
    return seen


def test_what_was_taken_back_is_seen_by_who_wrote_it_and_by_nobody_after(store: Store) -> None:
    assert centres(store) == {"global"}
    assert give_up_halfway(store) == {"global", "akl"}
    assert centres(store) == {"global"}


def test_what_was_read_without_a_sealer_was_not_checked(store: Store) -> None:
    assert centres(store) == {"global"}
    with store.reading() as connection, pytest.raises(Tampered):
        repository.organisation(connection, new_sealer(), [])


def test_a_row_changed_behind_it_is_read_again(tmp_path: Path) -> None:
    with closing(Store(f"sqlite:///{tmp_path / 'mailadmin.db'}", created_at=AT)) as store:
        assert centres(store) == {"global"}
        name = secrets.token_hex(4)
        with database(tmp_path / "mailadmin.db") as behind:
            behind.execute("INSERT INTO cost_centres SELECT ?, ?, '', 1, NULL, 0, NULL", (name, name))
        assert centres(store) == {"global", name}


def test_what_stands_still_is_read_once(tmp_path: Path) -> None:
    with closing(Store(f"sqlite:///{tmp_path / 'mailadmin.db'}", created_at=AT)) as store:
        with store.reading() as connection:
            first = repository.organisation(connection, None, [])
        with store.reading() as connection:
            connection.execute(text("SELECT 1"))
            assert repository.organisation(connection, None, []).cost_centres is first.cost_centres


def test_users_checked_once_are_checked_again_when_one_was_changed_behind_it(tmp_path: Path) -> None:
    sealer = new_sealer()
    with closing(Store(f"sqlite:///{tmp_path / 'mailadmin.db'}", created_at=AT)) as store:
        with store.writing() as connection:
            repository.write(connection, [Operation("users", None, user) for user in USERS], 1, sealer)
        for _ in range(2):
            with store.reading() as connection:
                assert len(repository.everybody_asking(connection, sealer)) == len(USERS)
        with database(tmp_path / "mailadmin.db") as behind:
            behind.execute("UPDATE users SET level = 'Administrator' WHERE user_id_key = 'bob'")
        with store.reading() as connection, pytest.raises(Tampered, match="users bob "):
            repository.everybody_asking(connection, sealer)
