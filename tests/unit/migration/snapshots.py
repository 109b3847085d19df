"""Snapshots made by hand: a few old settings in, a plan out."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from secrets import token_bytes
from typing import Any

from hypothesis import strategies as st

from mailadmin.domain.governed import Row, key_of, table_of
from mailadmin.domain.keys import match_key
from mailadmin.domain.legacy import Owner, members_of
from mailadmin.migration.content import PRESENT, secret_location
from mailadmin.migration.operations import Rows, applied
from mailadmin.migration.plan import Anchor, Plan
from mailadmin.migration.planning import Base, plan_migration
from mailadmin.migration.snapshot import Snapshot
from mailadmin.resolution.legacy import LegacySettings, Members
from tests.unit.resolution.organisations import USERS, WEBS, Dice, seeds

NOW = "2026-11-22T09:00:00+00:00"
BASE = Base("lineage", 0, NOW, "tester", "1", Anchor(7, "the seal of entry 7"))
KEY = token_bytes(32)


def seal(content: bytes | Iterable[bytes]) -> str:
    """A seal as a store's key makes it."""
    whole = content if isinstance(content, bytes) else b"".join(content)
    return hmac.new(KEY, whole, hashlib.sha256).hexdigest()


def taken(
    tables: Mapping[str, Iterable[dict[str, Any]]], secrets: Mapping[str, str] | None = None, **told: Any
) -> Snapshot:
    """A snapshot of these tables; `secrets` are fingerprints by location."""
    plain: dict[str, Any] = {
        "taken_at": NOW,
        "taken_by": "tester",
        "source": "export",
        "tool_version": "1",
        "not_taken": (),
        "notes": (),
        "seal": None,
    }
    return Snapshot.take(tables, secret_fingerprints=secrets or {}, **{**plain, **told})


def snapshot_of(
    settings: Members | None = None,
    preferences: Mapping[str, Members] | None = None,
    webs: Mapping[str, Members] | None = None,
    *,
    captured: bool = True,
    **tables: list[dict[str, Any]],
) -> Snapshot:
    """A snapshot of old settings whose secrets are given as fingerprints; everybody with preferences is a user."""
    found: dict[str, list[dict[str, Any]]] = {}
    secrets: dict[str, str] = {}

    def noted(owner: Owner, table: str, key: str, members: Members) -> dict[str, object]:
        row = {}
        for name, value in members.items():
            if members_of(owner)[name].secret:
                secrets[secret_location(table, key, name)] = str(value)
                value = PRESENT
            row[name] = value
        return row

    everybody = noted(Owner.GLOBAL, "global_settings", "", settings or {})
    # A secret of the Global Settings is one row as any other: its location is named after the member.
    found["global_settings"] = [{"property": name, "value": value} for name, value in sorted(everybody.items())]
    found["user_preferences"] = [
        {"user_id": user, **noted(Owner.USER, "user_preferences", user, mine)}
        for user, mine in (preferences or {}).items()
    ]
    found["web_configurations"] = [
        {"code": code, **noted(Owner.WEB, "web_configurations", code, mine)} for code, mine in (webs or {}).items()
    ]
    found["users"] = [{"user_id": user, "name": user} for user in preferences or {}]
    return taken({**found, **tables}, secrets if captured else {})


def planned(snapshot: Snapshot, current: Rows | None = None) -> Plan:
    """The plan that brings a store to it."""
    return plan_migration(snapshot, current or {}, BASE).plan


def rows_after(plan: Plan, current: Rows | None = None) -> Rows:
    """The store's rows once the plan is applied."""
    return applied(current or {}, plan.operations)


def by_place(*rows: Row) -> Rows:
    """Rows by table and key."""
    return {(table_of(row), key_of(row)): row for row in rows}


def with_rows(current: Rows, *rows: Row) -> Rows:
    """A store after somebody entered these rows by hand."""
    return {**current, **by_place(*rows)}


def snapshots(*, captured: bool = True) -> st.SearchStrategy[Snapshot]:
    """Snapshots of random old settings."""

    def grown(seed: int) -> Snapshot:
        dice = Dice(seed)
        old: LegacySettings = dice.legacy_settings()
        return snapshot_of(
            old.settings,
            {user: old.preferences[match_key(user)] for user in USERS if match_key(user) in old.preferences},
            {
                code: old.web_configurations[match_key(code)]
                for code in WEBS
                if match_key(code) in old.web_configurations
            },
            captured=captured,
            users=[{"user_id": u, "name": u, "active": dice.mostly(), "external": not dice.mostly()} for u in USERS],
        )

    return seeds.map(grown)
