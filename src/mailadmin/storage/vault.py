"""The secret vault: encrypted, each bound to the place it was entered for, never deleted by a change.

Law: a ciphertext moved to another row, field or store cannot be read (AES-256-GCM with lineage, location, fingerprint
and key id as associated data).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, insert, select

from ..domain.canonical import canonical
from ..errors import KeyNeeded
from .keys import StoreKey
from .tables import SECRETS


def location_of(table: str, key: Iterable[str], column: str) -> str:
    """Where a governed row's secret stands: `overrides/global/smtp/jtaylor6/password`."""
    return "/".join((table, *key, column))


def missing_from_vault(connection: Connection, places: Mapping[str, str]) -> dict[str, str]:
    """Those places (location -> fingerprint) at which no such secret is kept."""
    known = {tuple(row) for row in connection.execute(select(SECRETS.c.location, SECRETS.c.fingerprint))}
    return {location: fingerprint for location, fingerprint in places.items() if (location, fingerprint) not in known}


class Vault:
    """The secrets of one store, under one key."""

    def __init__(self, connection: Connection, lineage: str, key: StoreKey) -> None:
        self._connection = connection
        self._lineage = lineage
        self._key = key

    def _context(self, location: str, fingerprint: str, key_id: str) -> bytes:
        return canonical([self._lineage, location, fingerprint, key_id])

    def keep(self, secrets: Mapping[str, str]) -> dict[str, str]:
        """Keep secrets by location; returns their fingerprints. One already kept there is left as it is."""
        fingerprints = {location: self._key.fingerprint(secret) for location, secret in secrets.items()}
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
        context = self._context(row.location, row.fingerprint, row.key_id)
        return self._key.decrypt(row.nonce, row.ciphertext, context)

    def move(self, places: Mapping[str, str]) -> None:
        """Make the secrets of these fingerprints readable at these locations (location -> fingerprint)."""
        self.keep({location: self.reveal(fingerprint) for location, fingerprint in places.items()})
