"""The secret vault: encrypted, each bound to the place it was entered for, never deleted by a change.

Law: a ciphertext moved to another row, field or store cannot be read (AES-256-GCM with lineage, location, fingerprint
and key id as associated data).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from ..domain.canonical import canonical
from ..errors import KeyNeeded
from .keys import Sealer, StoreKey
from .tables import SECRETS


def location_of(table: str, key: Iterable[str], column: str) -> str:
    """Where a governed row's secret stands: `overrides/global/smtp/jtaylor6/password`."""
    return "/".join((table, *key, column))


def missing_from_vault(connection: Connection, places: Mapping[str, str]) -> dict[str, str]:
    """Those places (location -> fingerprint) at which no such secret is kept."""
    known = {tuple(row) for row in connection.execute(select(SECRETS.c.location, SECRETS.c.fingerprint))}
    return {location: fingerprint for location, fingerprint in places.items() if (location, fingerprint) not in known}


class Vault:
    """The secrets of one store: kept under `key`, read under whichever of `keys` they were kept under."""

    def __init__(
        self, connection: Connection, lineage: str, keys: Mapping[str, StoreKey], key: StoreKey, sealer: Sealer
    ) -> None:
        self._connection = connection
        self._lineage = lineage
        self._keys = keys
        self._key = key
        self.sealer = sealer

    def _context(self, location: str, fingerprint: str, key_id: str) -> bytes:
        return canonical([self._lineage, location, fingerprint, key_id])

    def keep(self, secrets: Mapping[str, str]) -> dict[str, str]:
        """Keep secrets by location; returns their fingerprints. One already kept there is left as it is."""
        fingerprints = {location: self.sealer.fingerprint(secret) for location, secret in secrets.items()}
        rows = []
        for location, fingerprint in missing_from_vault(self._connection, fingerprints).items():
            context = self._context(location, fingerprint, self._key.id)
            nonce, ciphertext = self._key.encrypt(secrets[location], context)
            named = {"location": location, "fingerprint": fingerprint, "key_id": self._key.id}
            rows.append({**named, "nonce": nonce, "ciphertext": ciphertext})
        if rows:
            self._connection.execute(insert(SECRETS), rows)
        return fingerprints

    def reveal(self, fingerprint: str, location: str | None = None) -> str:
        """The secret of this fingerprint, from its location or wherever it was first entered.

        Raises KeyNeeded where it is not there or cannot be read.
        """
        query = select(SECRETS).where(SECRETS.c.fingerprint == fingerprint).order_by(SECRETS.c.location)
        if location is not None:
            query = query.where(SECRETS.c.location == location)
        row = self._connection.execute(query).first()
        if row is None:
            raise KeyNeeded(f"The secret {fingerprint} is not in this store.", remedy="Enter it again.")
        return self._decrypted(row)

    def _decrypted(self, row: Any) -> str:
        if (key := self._keys.get(row.key_id)) is None:
            raise KeyNeeded(
                f"A secret is under key {row.key_id}…, which is not here.", remedy="Make that key available."
            )
        return key.decrypt(row.nonce, row.ciphertext, self._context(row.location, row.fingerprint, row.key_id))

    def move(self, places: Mapping[str, str]) -> None:
        """Make the secrets of these fingerprints readable at these locations (location -> fingerprint)."""
        self.keep({location: self.reveal(fingerprint) for location, fingerprint in places.items()})

    def unreadable(self) -> list[str]:
        """The locations of secrets that cannot be read, each once: what would have to be entered again."""
        found = []
        for row in self._connection.execute(select(SECRETS).order_by(SECRETS.c.location)):
            try:
                self._decrypted(row)
            except KeyNeeded:
                found.append(row.location)
        return list(dict.fromkeys(found))

    def under_other_keys(self) -> int:
        """How many secrets are not under the present key."""
        query = select(func.count()).select_from(SECRETS).where(SECRETS.c.key_id != self._key.id)
        return int(self._connection.execute(query).scalar_one())

    def renew(self, most: int) -> int:
        """Put at most this many secrets of other keys under the present one; returns how many there were."""
        query = select(SECRETS).where(SECRETS.c.key_id != self._key.id).order_by(SECRETS.c.location).limit(most)
        rows = self._connection.execute(query).all()
        for row in rows:
            context = self._context(row.location, row.fingerprint, self._key.id)
            nonce, ciphertext = self._key.encrypt(self._decrypted(row), context)
            self._connection.execute(
                update(SECRETS)
                .where(SECRETS.c.location == row.location, SECRETS.c.fingerprint == row.fingerprint)
                .values(key_id=self._key.id, nonce=nonce, ciphertext=ciphertext)
            )
        return len(rows)
