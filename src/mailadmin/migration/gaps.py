"""What a migration leaves open and somebody can enter: a sender nobody ever had, a secret nobody could read.

Laws: a gap is a blank field of a row the mapping writes; entering it makes the row as if it had stood in the store, so
the mapping keeps it by its own rules and nothing else is touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..domain.governed import Key, Row, key_of, name_of, table_of
from ..domain.organisation import CostCentre, is_global
from ..domain.services import COST_CENTRE_SERVICES, FIELDS, NO_AUTHENTICATION, SECRET_FIELDS, Override, Service

DEFAULT_SERVICE = "default_service"
_LABELS = {DEFAULT_SERVICE: "Default e-mail service", **{field.name: field.label for field in FIELDS}}


@dataclass(frozen=True, slots=True)
class Gap:
    """A field of a row that is blank: `name` is the row in words, `user` whose override it is."""

    table: str
    key: Key
    name: str
    field: str
    user: str = ""

    @property
    def place(self) -> tuple[str, Key]:
        """Table and key of the row."""
        return self.table, self.key

    @property
    def secret(self) -> bool:
        """Whether what is missing is a secret."""
        return self.field in SECRET_FIELDS

    @property
    def label(self) -> str:
        """The field in words."""
        return _LABELS[self.field]

    @property
    def choices(self) -> tuple[str, ...]:
        """The only values there are, if there are only some."""
        return COST_CENTRE_SERVICES if self.field == DEFAULT_SERVICE else ()


def gaps_of(rows: Iterable[Row]) -> list[Gap]:
    """Every gap of these rows: those of Cost Centres first, then those of users."""
    found = [Gap(table_of(row), key_of(row), name_of(row), name, _user(row)) for row in rows for name in _blank(row)]
    return sorted(found, key=lambda gap: (bool(gap.user), gap.table, gap.key))


def _user(row: Row) -> str:
    return row.user_id if isinstance(row, Override) else ""


def _blank(row: Row) -> Iterator[str]:
    match row:
        case CostCentre() if is_global(row.code) and row.default_service is None:
            yield DEFAULT_SERVICE
        case Service(use_service=True, server=str(), sender_email=None):
            yield from ("sender_email",) if row.sender_name else ("sender_name", "sender_email")
    if isinstance(row, Override) or (isinstance(row, Service) and row.use_service):
        if row.server and row.user_name not in {None, NO_AUTHENTICATION} and row.password is None:
            yield "password"
        if row.client_id and row.client_secret is None:
            yield "client_secret"
