"""A snapshot: what was noted before the upgrade, with a fingerprint of its content and a seal over all of it.

Laws: one content has one fingerprint, whatever the carrier, the time or the key; a snapshot is whole or it is not made;
no secret stands in it, only that there is one, and a keyed fingerprint by which a change of it can be seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..domain import documents
from ..domain.canonical import Seal, pieces, sha256
from ..domain.keys import match_key
from ..domain.legacy import Owner, members_of
from ..domain.services import NOT_CAPTURED
from ..errors import BadInput, Tampered
from ..resolution.legacy import LegacySettings, Preferences
from .content import secret_location
from .records import Record, Records

FORMAT = "mailadmin-snapshot/1"
Tables = Mapping[str, Records]


class Listed(NamedTuple):
    """A snapshot as it is listed: what it is, without what it holds. Whoever uses one has it read and checked."""

    id: str
    taken_at: str
    taken_by: str
    source: str
    fingerprint: str
    seal: str | None


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
        tables: Mapping[str, Iterable[Record]],
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
        columns = {name: Records.of(rows) for name, rows in tables.items()}
        fingerprint = sha256(columns)
        unsealed = cls(
            id=f"{taken_at[:10]}-{fingerprint[:8]}",
            taken_at=taken_at,
            taken_by=taken_by,
            source=source,
            tool_version=tool_version,
            tables=columns,
            not_taken=not_taken,
            notes=notes,
            fingerprint=fingerprint,
            secret_fingerprints=dict(secret_fingerprints),
        )
        return unsealed if seal is None else replace(unsealed, seal=seal(unsealed._unsealed()))

    @property
    def listed(self) -> Listed:
        """The snapshot as it is listed."""
        return Listed(*[getattr(self, name) for name in Listed._fields])

    def _content(self) -> Record:
        return {"format": FORMAT, **{name: getattr(self, name) for name in self.__slots__}}

    def pieces(self) -> Iterator[bytes]:
        """The snapshot as it is written: JSON, format `mailadmin-snapshot/1`, a row a line."""
        yield from pieces(self._content(), gap="\n")
        yield b"\n"

    def text(self) -> str:
        """All of it."""
        return b"".join(self.pieces()).decode()

    @classmethod
    def read(cls, text: Iterable[str], where: str, seal: Seal | None) -> Snapshot:
        """The snapshot a text holds, checked. `seal` is None where there is no key: then no seal can be checked.

        Raises BadInput for something else, Tampered where fingerprint or seal do not fit the content.
        """
        try:
            document = documents.read(text, where, {"tables": Records})
        except TypeError as error:
            raise Tampered(f"{where} does not hold a whole snapshot: {error}.") from error
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
        if seal(self._unsealed()) != self.seal:
            raise Tampered(
                f"{where}: the seal does not fit.",
                remedy="The file was changed, or sealed with another key than this store's.",
            )

    def _unsealed(self) -> Iterator[bytes]:
        return pieces({**self._content(), "seal": None})

    def legacy(self) -> LegacySettings:
        """The old settings in it; secrets as their fingerprints."""
        return LegacySettings(
            settings={
                row["property"]: self._secret("global_settings", "", row["property"], row["value"])
                for row in self.tables.get("global_settings", ())
            },
            preferences=self._members("user_preferences", "user_id", Owner.USER),
            web_configurations=self._members("web_configurations", "code", Owner.WEB),
        )

    def _members(self, table: str, key: str, owner: Owner) -> Preferences:
        rows = self.tables.get(table, Records())
        keys = list(map(match_key, rows.column(key)))
        columns = {name: rows.column(name) for name in rows.names if name != key}
        for name, cells in columns.items():
            if members_of(owner)[name].secret:
                present = zip(keys, cells, strict=True)
                columns[name] = [None if cell is None else self.secret(table, of, name) for of, cell in present]
        return Preferences(keys, columns)

    def _secret(self, table: str, key: str, member: str, value: object) -> object:
        return self.secret(table, key, member) if members_of(Owner.GLOBAL)[member].secret else value

    def secret(self, table: str, key: str, column: str) -> str:
        """The fingerprint of a secret that is present, or `not captured`."""
        return self.secret_fingerprints.get(secret_location(table, key, column), NOT_CAPTURED)
