"""A store: what is opened, what is refused, and that a transaction is kept whole or not at all."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from mailadmin.domain.organisation import CostCentre, User
from mailadmin.errors import BadInput, MailAdminError, NotAStore, StalePlan, StoreBusy, StoreTooNew, Tampered
from mailadmin.migration.operations import Operation
from mailadmin.storage import audit_trail, repository, unit_of_work
from mailadmin.storage.keys import new_key, new_sealer
from mailadmin.storage.tables import AUDIT_TRAIL, STORE
from mailadmin.storage.unit_of_work import PRAGMAS, Store
from mailadmin.storage.vault import Vault, missing_from_vault
from tests.engines import database

AT = "2026-11-22T00:00:00+00:00"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = Store(url, created_at=AT)
    yield opened
    opened.close()


@pytest.fixture
def in_file(tmp_path: Path) -> Iterator[Store]:
    """A store in the file mailadmin.db."""
    with closing(Store(f"sqlite:///{tmp_path / 'mailadmin.db'}", created_at=AT)) as opened:
        yield opened


def test_a_new_store_has_global(store: Store) -> None:
    with store.reading() as connection:
        assert list(repository.rows(connection, None).values()) == [CostCentre(code="GLOBAL")]


def test_a_store_in_a_file_is_for_its_owner_alone(in_file: Store, tmp_path: Path) -> None:
    assert (tmp_path / "mailadmin.db").stat().st_mode & 0o777 == 0o600


def test_every_pragma_is_in_force_on_every_connection(in_file: Store) -> None:
    for transaction in (in_file.reading, in_file.writing):
        with transaction() as connection:
            found = {name: connection.execute(text(f"PRAGMA {name}")).scalar() for name in PRAGMAS}
        assert found == PRAGMAS


def test_a_store_is_opened_again_as_it_was(store: Store, url: str) -> None:
    with store.reading() as connection:
        before = repository.state(connection)
    again = Store(url, created_at="later")
    with again.reading() as connection:
        assert repository.state(connection) == before
    again.close()


def test_what_is_not_a_store_is_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "mailadmin.db"
    with database(file) as connection:
        connection.execute("create table other (x)")
    before = file.read_bytes()
    with pytest.raises(NotAStore):
        Store(f"sqlite:///{file}", created_at=AT)
    assert file.read_bytes() == before
    noise = tmp_path / "noise.db"
    noise.write_bytes(b"not a database at all" * 100)
    with pytest.raises(NotAStore):
        Store(f"sqlite:///{noise}", created_at=AT)


def test_a_newer_store_is_refused(store: Store, url: str) -> None:
    with store.writing() as connection:
        connection.execute(update(STORE).values(schema_version=99))
    with pytest.raises(StoreTooNew):
        Store(url, created_at=AT)


@pytest.mark.parametrize("nowhere", ["nonsense://x", "://", "sqlite:////nowhere/at/all/x.db"])
def test_an_url_that_leads_nowhere_is_bad_input(nowhere: str) -> None:
    with pytest.raises(BadInput):
        Store(nowhere, created_at=AT)


def test_an_error_undoes_the_whole_transaction(store: Store) -> None:
    def interrupted() -> None:
        with store.writing() as connection:
            repository.write(connection, [Operation("users", None, User(user_id="A", name="A"))], 1, None)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    with store.reading() as connection:
        assert repository.rows(connection, None, ["users"]) == {}


def test_a_second_writer_waits_and_is_then_told_that_somebody_writes(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unit_of_work, "LOCK_TIMEOUT_MS", 50)
    monkeypatch.setitem(PRAGMAS, "busy_timeout", 50)
    first, second = Store(url, created_at=AT), Store(url, created_at=AT)
    with first.writing(), pytest.raises(StoreBusy), second.writing():
        pass
    with second.writing() as connection:
        assert repository.state(connection).serial == 0
    first.close()
    second.close()


def test_an_operation_is_carried_out_on_the_row_it_was_planned_for(store: Store) -> None:
    user = User(user_id="A", name="A", roles=("R1", "R2"))
    renamed = User(user_id="A", name="B")
    with store.writing() as connection:
        repository.write(connection, [Operation("users", None, user)], 1, None)
        assert repository.rows(connection, None, ["users"]) == {("users", ("a",)): user}
        with pytest.raises(StalePlan, match="users A"):
            repository.write(connection, [Operation("users", None, renamed)], 2, None)
        repository.write(connection, [Operation("users", user, renamed)], 2, None)
        assert repository.rows(connection, None, ["users"]) == {("users", ("a",)): renamed}
        repository.write(connection, [Operation("users", renamed, None)], 3, None)
        assert repository.rows(connection, None, ["users"]) == {}


def test_the_vault_gives_back_what_it_was_given_and_only_there(store: Store) -> None:
    key, secret = new_key(), secrets.token_hex()
    with store.writing() as connection:
        vault = Vault(connection, "lineage", {key.id: key}, key, new_sealer())
        fingerprint = vault.keep({"snapshot/a": secret})["snapshot/a"]
        vault.move({"services/b": fingerprint})
        assert vault.reveal(fingerprint, "services/b") == secret
        assert missing_from_vault(connection, {"services/b": fingerprint, "c": fingerprint}) == {"c": fingerprint}
        connection.execute(text("update secrets set location = 'd' where location = 'services/b'"))
        with pytest.raises(MailAdminError):
            vault.reveal(fingerprint, "d")


@pytest.mark.parametrize(
    "damage",
    [
        "update audit_trail set actor = 'eve' where seq = 2",
        "delete from audit_trail where seq = 2",
        "update audit_trail set seq = 9 where seq = 2",
        "update audit_trail set after = '{}' where seq = 3",
    ],
)
@pytest.mark.parametrize("keyed", [True, False])
def test_a_changed_audit_trail_is_noticed_where_it_was_changed(store: Store, damage: str, keyed: bool) -> None:
    seal = new_sealer().seal if keyed else None
    with store.writing() as connection:
        entries = [audit_trail.Entry("create", f"users {n}", None, {"user_id": str(n)}) for n in range(4)]
        audit_trail.record(connection, entries, at=AT, actor="me", plan_hash="h", seal=seal)
        assert audit_trail.verify(connection, seal) == 4
        connection.execute(text(damage))
        with pytest.raises(Tampered, match=r"entry [23]"):
            audit_trail.verify(connection, seal)


def test_the_chain_goes_on_where_it_ended(store: Store) -> None:
    for run in range(3):
        with store.writing() as connection:
            entry = audit_trail.Entry("create", f"users {run}", None, {})
            audit_trail.record(connection, [entry], at=AT, actor="me", plan_hash="h", seal=None)
    with store.reading() as connection:
        assert audit_trail.verify(connection, None) == 3
        assert list(connection.execute(select(AUDIT_TRAIL.c.seq)).scalars()) == [1, 2, 3]
