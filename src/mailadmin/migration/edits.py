"""A draft of changes made by hand: rows as somebody wants them, over the rows as they are.

Law: a secret stays only with the address it was entered for, and with nothing else that is done to its row.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, NamedTuple, cast

from ..domain.governed import Row, key_of, owners_of, table_of
from ..domain.profiles import Secret
from .editing import Place, address_of, secrets_of
from .operations import Operation, Rows, difference


def place_of(row: Row) -> Place:
    """Table and key of a row."""
    return table_of(row), key_of(row)


class _Entered(NamedTuple):
    """A secret that was typed, its fingerprint, and what it was typed for."""

    secret: Secret
    fingerprint: str
    address: tuple[Any, ...]


class Edits:
    """Rows as somebody wants them, over the rows as they are."""

    def __init__(self, current: Rows, users: int = 0) -> None:
        self.users = users
        self._current = dict(current)
        self._rows: dict[Place, Row] = {}
        self._gone: set[Place] = set()
        self._entered: dict[tuple[Place, str], _Entered] = {}
        self._forgotten: set[tuple[Place, str]] = set()

    def read(self, rows: Rows) -> None:
        """More rows as they are."""
        self._current |= rows

    def standing(self, place: Place) -> Row | None:
        """A row as it is in the store."""
        return self._current.get(place)

    def standing_rows(self, table: str) -> list[Any]:
        """A table's rows as they are in the store, by key."""
        return [self._current[place] for place in sorted(self._current) if place[0] == table]

    def row(self, place: Place) -> Row | None:
        """A row as it will be."""
        if place in self._gone:
            return None
        return self._rows.get(place) or self._current.get(place)

    def rows(self, table: str) -> list[Any]:
        """A table's rows as they will be, by key."""
        places = sorted({place for place in (*self._current, *self._rows) if place[0] == table} - self._gone)
        return [self.row(place) for place in places]

    def put(self, row: Row) -> None:
        """Want this row; its secrets follow from what it stands for and what was entered, whatever it says of them."""
        place = place_of(row)
        self._gone.discard(place)
        kept: Any = {secret: self._secret(place, row, secret) for secret in secrets_of(row)}
        if kept:
            row = replace(row, **kept)
        if row == self._current.get(place):
            self._rows.pop(place, None)
        else:
            self._rows[place] = row

    def _secret(self, place: Place, row: Row, column: str) -> str | None:
        address, entered = address_of(row, column), self._entered.get((place, column))
        if entered is not None and entered.address == address:
            return entered.fingerprint
        standing: Any = self._current.get(place)
        kept = standing is not None and address_of(standing, column) == address and entered is None
        return getattr(standing, column) if kept and (place, column) not in self._forgotten else None

    def enter(self, place: Place, column: str, secret: Secret, fingerprint: str) -> None:
        """Keep a secret for a row until it is saved."""
        row: Any = self.row(place)
        self._forgotten.discard((place, column))
        self._entered[place, column] = _Entered(secret, fingerprint, address_of(row, column))
        self.put(row)

    def forget(self, place: Place, column: str) -> None:
        """Take a secret away from a row."""
        self._entered.pop((place, column), None)
        self._forgotten.add((place, column))
        self.put(cast(Row, self.row(place)))

    def remove(self, place: Place) -> None:
        """Want no such row."""
        self._rows.pop(place, None)
        if place in self._current:
            self._gone.add(place)

    def put_back(self, place: Place) -> None:
        """Leave a row as it is in the store; what belongs to a row that is not there goes with it."""
        self._rows.pop(place, None)
        self._gone.discard(place)
        for typed in [typed for typed in (*self._entered, *self._forgotten) if typed[0] == place]:
            self._entered.pop(typed, None)
            self._forgotten.discard(typed)
        if place not in self._current:
            for owned in [owned for owned, row in self._rows.items() if place in owners_of(row)]:
                self.put_back(owned)

    def discard(self) -> None:
        """Leave everything as it is in the store."""
        self._rows.clear()
        self._gone.clear()
        self._entered.clear()
        self._forgotten.clear()

    def is_changed(self, place: Place) -> bool:
        """Whether a row will be another than it is."""
        return place in self._rows or place in self._gone

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What is changed, in the order in which it is written."""
        removed = tuple(Operation(place[0], self._current[place], None) for place in sorted(self._gone))
        return (*difference(self._current, self._rows), *removed)

    @property
    def entered(self) -> Mapping[tuple[Place, str], str]:
        """The fingerprints of the secrets that were entered and still stand where they were entered."""
        return {
            typed: found.fingerprint
            for typed, found in self._entered.items()
            if getattr(self._rows.get(typed[0]), typed[1], None) == found.fingerprint
        }

    def revealed(self, opened: ExitStack) -> dict[tuple[Place, str], str]:
        """The text of those secrets."""
        return {typed: opened.enter_context(self._entered[typed].secret.reveal()) for typed in self.entered}
