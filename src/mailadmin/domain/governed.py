"""The governed tables: every kind of row a plan can change, how each is keyed, and where its secrets stand.

`Organisation` is those rows, indexed for the questions the resolver asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cached_property
from operator import attrgetter
from typing import Any, NamedTuple

from .acceptances import Acceptance
from .keys import match_key
from .organisation import GLOBAL, Branch, CostCentre, Entity, User, WebConfiguration, is_global
from .permissions import RolePermission
from .portals import Contact, FeatureSender, Portal
from .preferences import MailPreference
from .services import SECRET_FIELDS, Override, Service, ServiceKind, Values, values_of
from .settings import Setting

Row = (
    Entity
    | Branch
    | CostCentre
    | Service
    | Override
    | WebConfiguration
    | User
    | RolePermission
    | Portal
    | Contact
    | MailPreference
    | Setting
    | Acceptance
)
Key = tuple[str, ...]


@dataclass(frozen=True)
class Governed:
    """One governed table: its rows' type, the fields that name a row, and those that hold a secret.

    `owners` are the fields that name a row this one cannot be without, and that row's table.
    """

    row: type[Any]
    key: tuple[str, ...]
    secrets: tuple[str, ...] = ()
    owners: tuple[tuple[str, str], ...] = ()

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The row's fields, in order."""
        return tuple(field.name for field in fields(self.row))


GOVERNED: dict[str, Governed] = {
    "cost_centres": Governed(CostCentre, ("code",)),
    "entities": Governed(Entity, ("code",)),
    "branches": Governed(Branch, ("code",)),
    "web_configurations": Governed(WebConfiguration, ("code",)),
    "role_permissions": Governed(RolePermission, ("role", "permission_key")),
    "users": Governed(User, ("user_id",)),
    "services": Governed(Service, ("cost_centre", "service"), SECRET_FIELDS, (("cost_centre", "cost_centres"),)),
    "overrides": Governed(
        Override,
        ("cost_centre", "service", "user_id"),
        SECRET_FIELDS,
        (("cost_centre", "cost_centres"), ("user_id", "users")),
    ),
    "portals": Governed(Portal, ("code",), ("password",)),
    "contacts": Governed(Contact, ("business_partner", "name", "email")),
    "mail_preferences": Governed(MailPreference, ("user_id",), ("password", "client_secret")),
    "settings": Governed(Setting, ("name", "cost_centre")),
    "exceptions": Governed(Acceptance, ("rule", "subject")),
}
"""TABLE: the governed tables, each after those its rows refer to."""

_TABLE_OF = {governed.row: table for table, governed in GOVERNED.items()}
_KEY_OF = {table: [attrgetter(name) for name in governed.key] for table, governed in GOVERNED.items()}


def table_of(row: Row) -> str:
    """The table a row belongs to."""
    return _TABLE_OF[type(row)]


def key_of(row: Row) -> Key:
    """What names a row within its table, in the form in which names are compared."""
    return tuple(match_key(part(row)) for part in _KEY_OF[_TABLE_OF[type(row)]])


def name_of(row: Row) -> str:
    """What names a row, as written: `GLOBAL / SMTP / JTaylor6`."""
    parts = (str(part(row)) for part in _KEY_OF[_TABLE_OF[type(row)]])
    return " / ".join(part for part in parts if part) or "system"


def owners_of(row: Row) -> list[tuple[str, Key]]:
    """Table and key of every row this one cannot be without."""
    return [(table, (match_key(getattr(row, field)),)) for field, table in GOVERNED[table_of(row)].owners]


class OwnSettings(NamedTuple):
    """One user's override as the resolver sees it."""

    cost_centre: str
    service: str
    values: Values


class ServiceSettings(NamedTuple):
    """A Cost Centre's service as the resolver sees it."""

    use_service: bool
    values: Values


def _nothing() -> dict[Any, Any]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """A site as the resolver sees it: every mapping goes by `match_key`.

    `users`, `overrides` and `preferences` may hold only the users a question is about.
    """

    entities: Mapping[str, Entity]
    branches: Mapping[str, Branch]
    cost_centres: Mapping[str, CostCentre]
    services: Mapping[tuple[str, str], ServiceSettings]
    web_configurations: Mapping[str, WebConfiguration]
    portals: Mapping[str, Portal]
    users: Mapping[str, User]
    overrides: Mapping[str, tuple[OwnSettings, ...]]
    preferences: Mapping[str, MailPreference]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Organisation:
        """The organisation made of these rows; GLOBAL is there even where no row says so."""
        found: dict[str, dict[Any, Any]] = {table: {} for table in GOVERNED}
        found["cost_centres"][match_key(GLOBAL)] = CostCentre(code=GLOBAL)
        for row in rows:
            key = key_of(row)
            match row:
                case Service():
                    found["services"][key[0], str(row.service)] = ServiceSettings(row.use_service, values_of(row))
                case Override():
                    own = OwnSettings(key[0], str(row.service), values_of(row))
                    found["overrides"][key[2]] = (*found["overrides"].get(key[2], ()), own)
                case _:
                    found[table_of(row)][key[0]] = row
        return cls(
            entities=found["entities"],
            branches=found["branches"],
            cost_centres=found["cost_centres"],
            services=found["services"],
            web_configurations=found["web_configurations"],
            portals=found["portals"],
            users=found["users"],
            overrides=found["overrides"],
            preferences=found["mail_preferences"],
        )

    def service(self, cost_centre: str, service: ServiceKind) -> ServiceSettings | None:
        """A Cost Centre's settings for a service, or None where it has no such page filled in."""
        return self.services.get((match_key(cost_centre), service))

    def cost_centre(self, code: str) -> CostCentre | None:
        """A Cost Centre by its code; GLOBAL is always there."""
        found = self.cost_centres.get(match_key(code))
        return CostCentre(code=GLOBAL) if found is None and is_global(code) else found


Record = dict[str, Any]


def record_of(row: Row) -> Record:
    """A row as plain values: what is not set is left out, a tuple becomes a list, an enum its word."""
    return {
        name: value if type(value) in _AS_IT_IS else _plain(value)
        for name in GOVERNED[table_of(row)].columns
        if (value := getattr(row, name)) is not None
    }


_AS_IT_IS = frozenset({str, int, bool})


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, FeatureSender):
        return {"feature": value.feature, "address": value.address}
    return str(value) if isinstance(value, StrEnum) else value


def row_of(table: str, record: Mapping[str, Any]) -> Row:
    """The row a record stands for. Raises pydantic's ValidationError (a ValueError) where it stands for none."""
    row: Row = GOVERNED[table].row(**record)
    return row
