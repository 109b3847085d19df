"""Dated outside facts: what will stop working, for which services, from when, by which source.

Law: the facts come in as an argument and carry the day they were read; nothing here knows what day it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from ..domain.keys import STRICT, Line, Text, match_key
from ..domain.services import ServiceKind
from ..errors import BadInput, Problem, SourceRejected


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class Advisory:
    """One fact. It concerns accounts of a service, at a server (blank: any), that sign in (where `needs_login`)."""

    id: Line
    title: Line
    service: ServiceKind
    server: Line = ""
    needs_login: bool = False
    since: date
    text: Text
    remedy: Line
    source: Line
    read: date

    def concerns(self, service: ServiceKind, server: str, signs_in: bool) -> bool:
        """Whether it is about such an account."""
        there = not self.server or match_key(server) == match_key(self.server)
        return service is self.service and there and (signs_in or not self.needs_login)

    def words(self, on: date) -> str:
        """The fact as of a day."""
        days = (self.since - on).days
        when = f"in {days} day(s), on {self.since.isoformat()}" if days > 0 else f"since {self.since.isoformat()}"
        return f"{self.title} ({when}; read on {self.read.isoformat()})"


_ADAPTER = TypeAdapter(tuple[Advisory, ...])


def advisories_of(document: dict[str, Any], where: str) -> tuple[Advisory, ...]:
    """The advisories of a document. Raises BadInput, or SourceRejected with every problem."""
    if set(document) != {"advisory"}:
        raise BadInput(f"{where} is no list of advisories.", remedy="Each stands under [[advisory]].")
    try:
        return _ADAPTER.validate_python(document["advisory"])
    except ValidationError as error:
        problems = [
            Problem(f"{where} {'.'.join(map(str, e['loc']))}", str(e["msg"])) for e in error.errors(include_input=False)
        ]
        raise SourceRejected(where, problems) from None


def concerning(
    advisories: Iterable[Advisory], service: ServiceKind, server: str, signs_in: bool
) -> tuple[Advisory, ...]:
    """Those about such an account, the nearest date first."""
    found = (a for a in advisories if a.concerns(service, server, signs_in))
    return tuple(sorted(found, key=lambda a: (a.since, a.id)))
