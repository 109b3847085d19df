"""What is written in batches is what is written one by one: every row, on the row it was planned for, or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import overload

import pytest
from sqlalchemy import func, select, text

from mailadmin.domain.organisation import Branch, CostCentre, Entity, User
from mailadmin.domain.services import Override, ServiceKind
from mailadmin.errors import StalePlan, Tampered
from mailadmin.migration.operations import Operation
from mailadmin.storage import audit_trail, batches, contents, repository, sealing, writing
from mailadmin.storage.keys import Sealer, new_key
from mailadmin.storage.tables import AUDIT_TRAIL, ROWS
from mailadmin.storage.unit_of_work import Store

AT = "2026-11-22T00:00:00+00:00"
NUMBER = 25


class Operations(Sequence[Operation]):
    """Operations that are made one by one, when they are asked for."""

    def __init__(self, *operations: Operation) -> None:
        self._operations = operations

    @overload
    def __getitem__(self, place: int) -> Operation: ...
    @overload
    def __getitem__(self, place: slice) -> list[Operation]: ...
    def __getitem__(self, place: int | slice) -> Operation | list[Operation]:
        if isinstance(place, slice):
            raise AssertionError("a part of the operations is never held")
        return replace(self._operations[place])

    def __len__(self) -> int:
        return len(self._operations)


def user(number: int, name: str = "U") -> User:
    return User(user_id=f"U{number:03}", name=name, roles=("Clerks", f"R{number % 3}"), active=number % 5 > 0)


def override(number: int) -> Override:
    return Override(cost_centre="AKL", service=ServiceKind.SMTP, user_id=f"U{number:03}", sender_name=f"U {number}")


CREATED = (
    *[Operation("overrides", None, override(number)) for number in range(0, NUMBER, 2)],
    *[Operation("users", None, user(number)) for number in range(NUMBER)],
    Operation("cost_centres", None, CostCentre(code="AKL")),
    Operation("entities", None, Entity(code="E")),
    Operation("branches", None, Branch(code="B", entity="E")),
)
"""Each before what it refers to."""


@pytest.fixture(autouse=True)
def by_tens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches so small that a few rows are several."""
    monkeypatch.setattr(batches, "SIZE", 10)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with closing(Store(url, created_at=AT)) as opened:
        yield opened


@pytest.fixture(params=["sealed", "without a key"])
def sealer(request: pytest.FixtureRequest, store: Store) -> Sealer | None:
    if request.param != "sealed":
        return None
    with store.writing() as connection:
        return sealing.give_sealer(connection, new_key())


def write(store: Store, sealer: Sealer | None, *operations: Operation, serial: int = 1) -> list[str]:
    """Carry out operations; what was said meanwhile."""
    said: list[str] = []
    with store.writing() as connection:
        repository.write(connection, Operations(*operations), serial, sealer, progress=said.append)
        if sealer is not None:
            contents.seal(connection, sealer)
    return said


def users(store: Store, sealer: Sealer | None) -> list[object]:
    with store.reading() as connection:
        return [*repository.rows(connection, sealer, ["users"]).values()]


def test_rows_are_written_after_what_they_refer_to_and_read_again(store: Store, sealer: Sealer | None) -> None:
    write(store, sealer, *CREATED)
    with store.reading() as connection:
        found = repository.rows(connection, sealer)
        assert found == {(o.table, o.key): o.after for o in CREATED} | {
            ("cost_centres", ("global",)): CostCentre(code="GLOBAL")
        }
        assert list(sealing.unsealed_rows(connection, ROWS, sealer)) == []


def test_every_batch_is_changed_and_deleted_and_what_is_referred_to_goes_last(
    store: Store, sealer: Sealer | None
) -> None:
    write(store, sealer, *CREATED)
    changed = [Operation("users", user(number), user(number, "V")) for number in range(NUMBER)]
    write(store, sealer, *changed, serial=2)
    assert users(store, sealer) == [user(number, "V") for number in range(NUMBER)]
    write(
        store,
        sealer,
        *reversed([Operation(o.table, o.after, None) for o in CREATED if o.table == "overrides"]),
        serial=3,
    )
    write(store, sealer, *[operation.reverse() for operation in changed], serial=4)
    write(store, sealer, *[operation.reverse() for operation in CREATED if operation.table != "overrides"], serial=5)
    with store.reading() as connection:
        assert list(repository.rows(connection, sealer).values()) == [CostCentre(code="GLOBAL")]


def test_every_row_that_moved_is_named_and_nothing_is_written(store: Store, sealer: Sealer | None) -> None:
    write(store, sealer, *CREATED)
    planned = [
        Operation("users", None, user(3)),
        Operation("users", user(4), user(4, "V")),
        Operation("users", user(15, "other"), user(15, "V")),
        Operation("users", user(NUMBER), None),
        Operation("overrides", None, override(1)),
        Operation("overrides", override(3), None),
    ]
    with pytest.raises(StalePlan) as raised:
        write(store, sealer, *planned, serial=2)
    assert sorted(raised.value.moved) == [
        "overrides AKL / SMTP / U003",
        "users U003",
        "users U015",
        f"users U{NUMBER:03}",
    ]
    assert users(store, sealer) == [user(number) for number in range(NUMBER)]


def test_it_is_said_how_far_it_got(store: Store, sealer: Sealer | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_TOLD_EVERY", 20)
    assert write(store, sealer, *CREATED) == [
        "cost_centres: 1 of 1 rows written",
        "entities: 1 of 1 rows written",
        "branches: 1 of 1 rows written",
        "users: 20 of 25 rows written",
        "users: 25 of 25 rows written",
        "overrides: 13 of 13 rows written",
    ]


@pytest.mark.parametrize("few", [0, 4096])
def test_nothing_is_written_beside_a_row_that_was_altered(
    store: Store, sealer: Sealer | None, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether rows are looked up by bucket or all are read; without a key it is a row that moved."""
    monkeypatch.setattr(contents, "_FEW", few)
    write(store, sealer, *CREATED)
    with store.writing() as connection:
        connection.execute(text("UPDATE users SET name = 'eve' WHERE user_id_key = 'u007'"))
    with pytest.raises(StalePlan if sealer is None else Tampered, match=r"(?i)users u007"):
        write(store, sealer, Operation("users", user(7), user(7, "V")), serial=2)


def test_a_key_seals_every_row_there_is(store: Store) -> None:
    write(store, None, *CREATED)
    with store.writing() as connection:
        sealer = sealing.give_sealer(connection, new_key())
    with store.reading() as connection:
        assert list(sealing.unsealed_rows(connection, ROWS, sealer)) == []
        assert len(repository.rows(connection, sealer)) == len(CREATED) + 1


def test_every_altered_row_of_every_batch_is_named(store: Store, sealer: Sealer | None) -> None:
    write(store, sealer, *CREATED)
    with store.writing() as connection:
        connection.execute(text("UPDATE users SET name = 'eve' WHERE user_id_key IN ('u007', 'u008', 'u021')"))
        found = list(sealing.unsealed_rows(connection, ROWS, sealer))
    assert sorted(found) == ([] if sealer is None else ["users u007", "users u008", "users u021"])


def test_the_chain_of_the_audit_trail_goes_on_from_batch_to_batch(store: Store, sealer: Sealer | None) -> None:
    seal = None if sealer is None else sealer.seal
    entries = (audit_trail.Entry("create", f"users {n}", None, {"user_id": str(n)}) for n in range(NUMBER))
    with store.writing() as connection:
        audit_trail.record(connection, entries, at=AT, actor="me", plan_hash="h", seal=seal)
        assert audit_trail.verify(connection, seal) == NUMBER
        assert connection.execute(select(func.max(AUDIT_TRAIL.c.seq))).scalar() == NUMBER
        connection.execute(text("UPDATE audit_trail SET actor = 'eve' WHERE seq = 11"))
        with pytest.raises(Tampered, match="entry 11"):
            audit_trail.verify(connection, seal)


def test_no_batch_is_empty() -> None:
    assert [*batches.batched(())] == []
    assert [*map(len, batches.batched(range(20)))] == [10, 10]
