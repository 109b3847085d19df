"""A snapshot: what was noted before the upgrade, with a fingerprint of its content and a seal over all of it.

Laws: one content has one fingerprint, whatever the carrier, the time or the key; a snapshot is whole or it is not made;
no secret stands in it, only that there is one, and a keyed fingerprint by which a change of it can be seen.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..domain.canonical import canonical, sha256
from ..domain.keys import match_key
from ..domain.legacy import Owner, members_of
from ..domain.services import NOT_CAPTURED
from ..errors import BadInput, Tampered
from ..resolution.legacy import LegacySettings
from .content import TABLES, row_key, secret_location

FORMAT = "mailadmin-snapshot/1"
Seal = Callable[[bytes], str]
"""Makes the seal of a document, with the store's key."""

Record = dict[str, Any]
Tables = dict[str, list[Record]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The normalised content of one export. `taken_at` is UTC, ISO 8601; `seal` is None where there was no key."""

    id: str
    taken_at: str
    taken_by: str
    source: str
    tool_version: str
    tables: Tables
    not_taken: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    fingerprint: str
    secret_fingerprints: Mapping[str, str]
    seal: str | None = None

    @classmethod
    def take(
        cls,
        tables: Tables,
        *,
        taken_at: str,
        taken_by: str,
        source: str,
        tool_version: str,
        not_taken: tuple[str, ...],
        notes: tuple[str, ...],
        secret_fingerprints: Mapping[str, str],
        seal: Seal | None,
    ) -> Snapshot:
        """A new snapshot of this content, sealed where there is a key."""
        fingerprint = sha256(tables)
        unsealed = cls(
            id=f"{taken_at[:10]}-{fingerprint[:8]}",
            taken_at=taken_at,
            taken_by=taken_by,
            source=source,
            tool_version=tool_version,
            tables=tables,
            not_taken=not_taken,
            notes=notes,
            fingerprint=fingerprint,
            secret_fingerprints=dict(secret_fingerprints),
        )
        return unsealed if seal is None else _sealed(unsealed, seal)

    def document(self) -> Record:
        """The snapshot as it is written: JSON, format `mailadmin-snapshot/1`."""
        return {"format": FORMAT, **{name: getattr(self, name) for name in self.__slots__}}

    def text(self) -> str:
        """The document as text, one row a line where it can be."""
        return json.dumps(self.document(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"

    @classmethod
    def of(cls, document: Any, where: str, seal: Seal | None) -> Snapshot:
        """The snapshot a document holds, checked. `seal` is None where there is no key: then no seal can be checked.

        Raises BadInput for something else, Tampered where fingerprint or seal do not fit the content.
        """
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise BadInput(f"{where} is not a snapshot of format {FORMAT}.", remedy="Take one: mailadmin snapshot take")
        content = {name: value for name, value in document.items() if name != "format"}
        if set(content) != set(cls.__slots__):
            odd = ", ".join(sorted(set(content) ^ set(cls.__slots__)))
            raise Tampered(f"{where} has other fields than a snapshot has: {odd}.")
        found = cls(**{**content, "not_taken": tuple(content["not_taken"]), "notes": tuple(content["notes"])})
        found.check(where, seal)
        return found

    def check(self, where: str, seal: Seal | None) -> None:
        """Raises Tampered where the fingerprint, or the seal under this key, does not fit the content."""
        if (actual := sha256(self.tables)) != self.fingerprint:
            raise Tampered(
                f"{where}: tables give the fingerprint {actual[:12]}…, the file says {self.fingerprint[:12]}…",
                remedy="The content was changed after it was taken. Take the snapshot again from its source.",
            )
        if seal is None:
            return
        if self.seal is None:
            raise Tampered(
                f"{where} is unsealed, and this store has a key.",
                remedy="It was made without a key, or its seal was taken off. Take the snapshot again from its source.",
            )
        if seal(_unsealed_bytes(self)) != self.seal:
            raise Tampered(
                f"{where}: the seal does not fit.",
                remedy="The file was changed, or sealed with another key than this store's.",
            )

    def legacy(self) -> LegacySettings:
        """The old settings in it; secrets as their fingerprints."""
        return LegacySettings(
            settings={
                row["property"]: self._secret("global_settings", "", row["property"], row["value"])
                for row in self.tables.get("global_settings", [])
            },
            preferences=dict(self._members("user_preferences", "user_id", Owner.USER)),
            web_configurations=dict(self._members("web_configurations", "code", Owner.WEB)),
        )

    def _members(self, table: str, key: str, owner: Owner) -> Iterator[tuple[str, Record]]:
        secret = [name for name, member in members_of(owner).items() if member.secret]
        for row in self.tables.get(table, []):
            of = match_key(row[key])
            members = {name: value for name, value in row.items() if name != key}
            for name in secret:
                if name in members:
                    members[name] = self.secret(table, of, name)
            yield of, members

    def _secret(self, table: str, key: str, member: str, value: object) -> object:
        return self.secret(table, key, member) if members_of(Owner.GLOBAL)[member].secret else value

    def secret(self, table: str, key: str, column: str) -> str:
        """The fingerprint of a secret that is present, or `not captured`."""
        return self.secret_fingerprints.get(secret_location(table, key, column), NOT_CAPTURED)


def _sealed(snapshot: Snapshot, seal: Seal) -> Snapshot:
    content = {name: getattr(snapshot, name) for name in Snapshot.__slots__}
    return Snapshot(**{**content, "seal": seal(_unsealed_bytes(snapshot))})


def _unsealed_bytes(snapshot: Snapshot) -> bytes:
    return canonical({**snapshot.document(), "seal": None})


class Change(NamedTuple):
    """One difference between two snapshots. Secrets are shown as `changed (hidden)`."""

    table: str
    row: str
    column: str
    before: str
    after: str


def differences(before: Tables, after: Tables) -> Iterator[Change]:
    """Every difference in content, by table, row and column; '' where there is nothing."""
    for table in TABLES:
        old, new = _by_key(before, table), _by_key(after, table)
        for key in sorted(old.keys() | new.keys()):
            row_before, row_after = old.get(key, {}), new.get(key, {})
            name = " / ".join(str((row_after or row_before).get(part, "")) for part in TABLES[table].keys)
            for column in sorted(row_before.keys() | row_after.keys()):
                was, now = row_before.get(column), row_after.get(column)
                if was != now:
                    yield Change(table, name, column, _shown(was), _shown(now))


def diff(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    """Every difference between two snapshots: of their content, then of secrets that changed."""
    yield from differences(before.tables, after.tables)
    common = before.secret_fingerprints.keys() & after.secret_fingerprints.keys()
    for location in sorted(common):
        if before.secret_fingerprints[location] != after.secret_fingerprints[location]:
            table, _, rest = location.partition("/")
            of, _, column = rest.rpartition("/")
            yield Change(table, of, column, "set", "changed (hidden)")


def _by_key(tables: Tables, table: str) -> dict[tuple[str, ...], Record]:
    return {row_key(TABLES[table], row): row for row in tables.get(table, [])}


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ";".join(map(str, value))
    return "" if value is None else str(value)
