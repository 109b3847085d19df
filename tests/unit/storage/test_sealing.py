"""The seal of a row: the same as long as stores are kept, and as `canonical` says, however many are made at once."""

from __future__ import annotations

import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.domain.canonical import canonical
from mailadmin.domain.governed import Row
from mailadmin.domain.organisation import User
from mailadmin.domain.services import Override, ServiceKind
from mailadmin.errors import Tampered
from mailadmin.storage.keys import Sealer
from mailadmin.storage.sealing import check_rows, row_seals, sealed_columns
from mailadmin.storage.tables import stored

SEALER = Sealer(bytes(range(32)))
ZOE = User(
    user_id="Zoë", name='Zoë "Z" O\\Neil\t', email="zoe@kowhai.example", external=True, roles=("Clerks", "Ünion")
)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0")) | st.sampled_from(
    ['],["users",[', '","', '"],["users",["', "\\", '\\"', '["A", "B"]', "\x7f\x1f\u2028", "null"]
)
VALUES = st.none() | TEXTS | st.integers(0, 2**31) | st.booleans()
WIDTH = len(sealed_columns("users"))


@pytest.mark.parametrize(
    ("row", "version", "seal"),
    [
        (ZOE, 7, "c4bffbe5763f8fb86cd5476499df0e42"),
        (Override(cost_centre="GLOBAL", service=ServiceKind.SMTP, user_id="Zoë", port=587), 3,
         "f15ce6f779fb3c570420264e0ea8fb76"),
    ],
)  # fmt: skip
def test_a_row_has_the_seal_it_has_in_stores_in_the_field(row: Row, version: int, seal: str) -> None:
    table = "users" if isinstance(row, User) else "overrides"
    assert row_seals(SEALER, table, [stored(row, version)]) == [seal]


def test_a_document_has_the_seal_it_has_in_stores_in_the_field() -> None:
    known = "91390a682ed2c7fa20dab591e418e34adadc89f36480af464da9ed40379e62c2"
    assert SEALER.seal(b"document") == SEALER.seal([b"docu", b"", b"ment"]) == known


@given(st.binary(min_size=1), st.binary())
def test_a_seal_is_hmac_sha256_under_a_key_of_its_own(key: bytes, document: bytes) -> None:
    own = hmac.digest(key, b"mailadmin seal", "sha256")
    assert Sealer(key).seal(document) == hmac.digest(own, document, "sha256").hex()


@given(st.lists(st.lists(VALUES, min_size=WIDTH, max_size=WIDTH), max_size=4))
def test_many_rows_have_the_seals_each_has_alone(rows: list[list[Any]]) -> None:
    records = [dict(zip(sealed_columns("users"), row, strict=True)) for row in rows]
    plain = [[int(value) if isinstance(value, bool) else value for value in row] for row in rows]
    assert row_seals(SEALER, "users", records) == [SEALER.seal(canonical(["users", row]))[:32] for row in plain]


def test_without_a_sealer_rows_have_no_seal() -> None:
    assert row_seals(None, "users", [stored(ZOE, 1)] * 2) == [None, None]


def read(number: int) -> list[Any]:
    """A row as `sealed_rows` reads it."""
    record = stored(User(user_id=f"U{number}", name="U"), 1)
    values = [int(v) if isinstance(v, bool) else v for v in map(record.__getitem__, sealed_columns("users"))]
    return [*values, row_seals(SEALER, "users", [record])[0], record["bucket"]]


@pytest.mark.parametrize("damage", ["V", b"U", 1.0, float("inf"), float("nan"), 1, True, None, "\ud800"])
def test_the_one_row_that_was_damaged_is_named(damage: object) -> None:
    rows = [read(number) for number in range(3)]
    check_rows(SEALER, "users", rows)
    rows[1][sealed_columns("users").index("name")] = damage
    with pytest.raises(Tampered, match="users u1 "):
        check_rows(SEALER, "users", rows)


@pytest.mark.parametrize("seal", [None, "", b"", 0, "0" * 32])
@pytest.mark.parametrize("damage", ["U", b"U"])
def test_no_seal_fits_a_row_that_nobody_wrote(seal: object, damage: object) -> None:
    row = read(1)
    row[sealed_columns("users").index("name")], row[-2] = damage, seal
    with pytest.raises(Tampered, match="users u1 "):
        check_rows(SEALER, "users", [row])
