"""One content, one fingerprint; a snapshot is whole, or it is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from secrets import token_hex
from typing import Any

import pytest
from hypothesis import given

from mailadmin.domain.canonical import canonical, sha256
from mailadmin.domain.services import NOT_CAPTURED
from mailadmin.errors import BadInput, Tampered
from mailadmin.migration.content import PRESENT, secret_location
from mailadmin.migration.differences import Change, diff
from mailadmin.migration.snapshot import FORMAT, Snapshot
from tests.unit.migration.snapshots import seal, snapshots, taken

ONE, OTHER = (f"hmac:{token_hex(8)}" for _ in range(2))
Document = dict[str, Any]


def tables() -> dict[str, list[dict[str, Any]]]:
    return {
        "global_settings": [
            {"property": "EmailSmtpPassword", "value": PRESENT},
            {"property": "EmailSmtpServer", "value": "smtp.kowhai.example"},
        ],
        "user_preferences": [
            {"user_id": "Ann", "EmailSmtpPort": 25, "EmailSmtpPassword": PRESENT},
            {"user_id": "bOB", "EmailUseMailTo": True},
        ],
        "users": [{"user_id": "Ann", "name": "Ann", "roles": ["A", "B"]}, {"user_id": "bOB", "name": "Bob"}],
    }


AT_GLOBAL = secret_location("global_settings", "", "EmailSmtpPassword")
AT_ANN = secret_location("user_preferences", "Ann", "EmailSmtpPassword")
SNAPSHOT = taken(tables(), {AT_GLOBAL: ONE, AT_ANN: ONE}, seal=seal, notes=("a note",), not_taken=("extra",))


def read(change: Callable[[Document], None] = lambda document: None, *, key: bool = True) -> Snapshot:
    document = json.loads(SNAPSHOT.text())
    change(document)
    return Snapshot.read([json.dumps(document)], "snapshot.json", seal if key else None)


def test_the_fingerprint_is_that_of_the_content_alone() -> None:
    others = [
        taken(tables()),
        taken(tables(), {AT_GLOBAL: OTHER}),
        taken(tables(), seal=seal),
        taken(tables(), taken_at="2027-01-01T00:00:00+00:00", taken_by="x", source="y", tool_version="9"),
        taken(tables(), notes=("n",), not_taken=("t",)),
    ]
    assert {snapshot.fingerprint for snapshot in others} == {SNAPSHOT.fingerprint} == {sha256(tables())}
    changed = tables()
    changed["users"][0]["name"] = "Anne"
    assert taken(changed).fingerprint != SNAPSHOT.fingerprint


def test_a_snapshot_is_named_after_its_day_and_content() -> None:
    assert SNAPSHOT.id == f"2026-11-22-{SNAPSHOT.fingerprint[:8]}"


def test_what_is_written_is_read_again() -> None:
    assert read() == SNAPSHOT
    assert read(key=False) == SNAPSHOT
    assert json.loads(SNAPSHOT.text())["format"] == FORMAT


@given(snapshots())
def test_every_snapshot_is_read_as_it_was_written(snapshot: Snapshot) -> None:
    assert Snapshot.read([snapshot.text()], "s", None) == snapshot
    if snapshot.seal is not None:
        assert Snapshot.read([snapshot.text()], "s", seal) == snapshot


@given(snapshots())
def test_a_seal_taken_off_is_found_where_there_is_a_key(snapshot: Snapshot) -> None:
    document = {**json.loads(snapshot.text()), "seal": None}
    with pytest.raises(Tampered, match="unsealed"):
        Snapshot.read([json.dumps(document)], "s", seal)


# --- tampering ------------------------------------------------------------------------------------------------------


def _value_changed(document: Document) -> None:
    document["tables"]["global_settings"][1]["value"] = "evil.example"


def _line_removed(document: Document) -> None:
    del document["tables"]["users"][1]


def _reordered(document: Document) -> None:
    document["tables"]["users"].reverse()


def _table_removed(document: Document) -> None:
    del document["tables"]["users"]


@pytest.mark.parametrize("change", [_value_changed, _line_removed, _reordered, _table_removed])
@pytest.mark.parametrize("key", [True, False])
def test_content_that_was_changed_is_refused(change: Callable[[Document], None], key: bool) -> None:
    with pytest.raises(Tampered, match="fingerprint"):
        read(change, key=key)


def _rehashed(document: Document) -> None:
    _value_changed(document)
    document["fingerprint"] = sha256(document["tables"])


def _resealed_without_the_key(document: Document) -> None:
    _rehashed(document)
    document["seal"] = sha256(document)


def _secret_swapped(document: Document) -> None:
    document["secret_fingerprints"][AT_GLOBAL] = OTHER


@pytest.mark.parametrize(
    "change",
    [
        _rehashed,
        _resealed_without_the_key,
        _secret_swapped,
        lambda document: document.update(taken_by="somebody else"),
        lambda document: document.update(taken_at="2020-01-01T00:00:00+00:00"),
        lambda document: document.update(notes=[]),
        lambda document: document.update(seal="0" * 64),
    ],
)
def test_a_change_made_without_the_key_is_refused(change: Callable[[Document], None]) -> None:
    with pytest.raises(Tampered, match="seal"):
        read(change)


@pytest.mark.parametrize("lost", ["seal", "tables", "taken_at", "secret_fingerprints"])
def test_a_snapshot_cut_short_is_refused(lost: str) -> None:
    with pytest.raises(Tampered, match=lost):
        read(lambda document: document.pop(lost))


def test_something_added_is_refused() -> None:
    with pytest.raises(Tampered, match="evil"):
        read(lambda document: document.update(evil=True))


def test_another_stores_key_refuses() -> None:
    with pytest.raises(Tampered, match="seal"):
        Snapshot.read([SNAPSHOT.text()], "s", lambda content: seal([b"another", *content]))


@pytest.mark.parametrize("content", [None, [], "text", {}, {"format": "mailadmin-plan/1"}])
def test_something_else_is_no_snapshot(content: Any) -> None:
    with pytest.raises(BadInput, match="not a snapshot"):
        Snapshot.read([json.dumps(content)], "s", seal)


# --- differences ----------------------------------------------------------------------------------------------------


def test_a_snapshot_does_not_differ_from_itself() -> None:
    assert list(diff(SNAPSHOT, SNAPSHOT)) == []
    assert list(diff(SNAPSHOT, taken(tables()))) == []


def test_every_difference_is_told_by_table_row_and_column() -> None:
    after = tables()
    after["global_settings"][1]["value"] = "new.example"
    del after["user_preferences"][0]["EmailSmtpPassword"]
    del after["user_preferences"][1]
    after["users"][0]["roles"] = ["A"]
    after["entities"] = [{"code": "KFL"}]
    assert list(diff(SNAPSHOT, taken(after, {AT_GLOBAL: ONE}))) == [
        Change("global_settings", "EmailSmtpServer", "value", "smtp.kowhai.example", "new.example"),
        Change("user_preferences", "Ann", "EmailSmtpPassword", "present", ""),
        Change("user_preferences", "bOB", "EmailUseMailTo", "True", ""),
        Change("user_preferences", "bOB", "user_id", "bOB", ""),
        Change("users", "Ann", "roles", "A;B", "A"),
        Change("entities", "KFL", "code", "", "KFL"),
    ]


def test_a_changed_secret_is_seen_and_not_shown() -> None:
    found = list(diff(SNAPSHOT, taken(tables(), {AT_GLOBAL: OTHER, AT_ANN: ONE})))
    assert found == [Change("global_settings", "", "EmailSmtpPassword", "set", "changed (hidden)")]
    assert list(diff(SNAPSHOT, taken(tables(), {AT_ANN: OTHER}))) == [
        Change("user_preferences", "ann", "EmailSmtpPassword", "set", "changed (hidden)")
    ]


# --- what is in it --------------------------------------------------------------------------------------------------


def test_secrets_are_read_as_fingerprints_or_as_not_captured() -> None:
    legacy = taken(tables(), {AT_ANN: ONE}).legacy()
    assert legacy.settings == {"EmailSmtpPassword": NOT_CAPTURED, "EmailSmtpServer": "smtp.kowhai.example"}
    assert legacy.preferences["ann"] == {"EmailSmtpPort": 25, "EmailSmtpPassword": ONE}
    assert legacy.of_user("BOB") == {"EmailUseMailTo": True}


def test_a_fingerprint_needs_no_floats() -> None:
    with pytest.raises(TypeError):
        taken({"users": [{"user_id": "Ann", "name": 1.5}]})
    assert canonical({"b": 1, "a": ["é", None, True]}) == '{"a":["é",null,true],"b":1}'.encode()
