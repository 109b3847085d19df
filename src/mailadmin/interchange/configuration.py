"""The configuration as a document people can review: TOML or JSON, one list per governed table, with a JSON Schema.

Laws: an unknown table or key is an error; every problem is told at once; a secret stands here only as its fingerprint.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from dataclasses import field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from ..domain.acceptances import Acceptance
from ..domain.governed import GOVERNED, Row, key_of, name_of, record_of, table_of
from ..domain.keys import STRICT
from ..domain.organisation import Branch, CostCentre, Entity, User, WebConfiguration
from ..domain.permissions import RolePermission
from ..domain.portals import Contact, Portal
from ..domain.preferences import MailPreference
from ..domain.services import Override, Service
from ..domain.settings import Setting
from ..errors import BadInput, Problem, SourceRejected
from .budgets import read_regular

FORMAT = "mailadmin-configuration/1"


class DocumentFormat(StrEnum):
    """How a configuration is written."""

    TOML = "toml"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class Configuration:
    """A site's e-mail configuration: the rows of every governed table."""

    format: Literal["mailadmin-configuration/1"]
    cost_centres: tuple[CostCentre, ...] = field(default=())
    entities: tuple[Entity, ...] = field(default=())
    branches: tuple[Branch, ...] = field(default=())
    web_configurations: tuple[WebConfiguration, ...] = field(default=())
    role_permissions: tuple[RolePermission, ...] = field(default=())
    users: tuple[User, ...] = field(default=())
    services: tuple[Service, ...] = field(default=())
    overrides: tuple[Override, ...] = field(default=())
    portals: tuple[Portal, ...] = field(default=())
    contacts: tuple[Contact, ...] = field(default=())
    mail_preferences: tuple[MailPreference, ...] = field(default=())
    settings: tuple[Setting, ...] = field(default=())
    exceptions: tuple[Acceptance, ...] = field(default=())

    def rows(self) -> list[Row]:
        """Every row, in the order of GOVERNED."""
        return [row for table in GOVERNED for row in getattr(self, table)]


_ADAPTER = TypeAdapter(Configuration)


def schema() -> str:
    """The JSON Schema of a configuration, as text."""
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": FORMAT, **_ADAPTER.json_schema()}
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def write(rows: Iterable[Row], form: DocumentFormat) -> str:
    """Rows as a document, sorted; what is not set is left out."""
    tables: dict[str, list[Row]] = {table: [] for table in GOVERNED}
    for row in rows:
        tables[table_of(row)].append(row)
    content: dict[str, Any] = {"format": FORMAT}
    for table, found in tables.items():
        if found:
            content[table] = [record_of(row) for row in sorted(found, key=key_of)]
    if form is DocumentFormat.JSON:
        return json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    import tomli_w

    return tomli_w.dumps(content)


def read(file: Path) -> Configuration:
    """The configuration in a TOML or JSON file. Raises BadInput, or SourceRejected with every problem."""
    given = read_regular(file)
    try:
        text = given.decode()
        content = json.loads(text) if file.suffix.lower() == ".json" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{file} is not {file.suffix.lstrip('.') or 'TOML'}: {error}") from error
    try:
        found = _ADAPTER.validate_python(content)
    except ValidationError as error:
        problems = [Problem(f"{file.name} {_place(e['loc'])}", _said(e)) for e in error.errors(include_input=False)]
        raise SourceRejected(str(file), problems) from None
    _refuse_duplicates(found, file)
    return found


def _place(location: tuple[int | str, ...]) -> str:
    return "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")


def _said(error: Any) -> str:
    return "is not a key here" if error["type"] == "unexpected_keyword_argument" else str(error["msg"])


def _refuse_duplicates(found: Configuration, file: Path) -> None:
    seen: dict[tuple[str, tuple[str, ...]], Row] = {}
    problems = []
    for row in found.rows():
        place = table_of(row), key_of(row)
        if place in seen:
            same = f"{name_of(row)} and {name_of(seen[place])} are the same"
            problems.append(Problem(f"{file.name} {place[0]}", same))
        seen[place] = row
    if problems:
        raise SourceRejected(str(file), problems)
