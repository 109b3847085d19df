"""Facts: everything the rules look at, gathered once, as of a day.

Law: what could not be read stands in `unknown` with its reason; a rule that needs it is not asked, and never satisfied.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from ..domain.acceptances import Acceptance
from ..domain.governed import Organisation
from ..domain.permissions import UPDATE_FROM, RolePermission
from ..domain.portals import Contact
from ..domain.services import ServiceKind
from ..domain.settings import PermissionRule, SettingsInForce
from ..resolution.population import Person
from ..resolution.provenance import Resolution
from .access import Access, Everybody, access
from .accounts import Account
from .advisories import Advisory
from .domains import DomainRecords
from .findings import FindingKey
from .widgets import WidgetFinding

PERMISSIONS, SECRETS, DOMAINS, WIDGETS = "permissions", "secrets", "domains", "widgets"
"""What may be unknown: fields of Facts that cannot always be read."""

FOUND = "found"
"""What a rule needs that looks at what the others found."""


class Answered(NamedTuple):
    """A distinct answer of the resolver, unattended, and how many users it is the answer for."""

    answer: Resolution
    users: int


class Tried(NamedTuple):
    """An account people send by, and what the last verification showed: rungs of (name, result, meaning).

    `application` is the client id where it is one; `at` is '' where it was never verified.
    """

    service: ServiceKind
    cost_centre: str
    name: str
    users: int
    application: str = ""
    at: str = ""
    rungs: tuple[tuple[str, str, str], ...] = ()


class SecretTrouble(NamedTuple):
    """A place whose secret cannot be used, and why."""

    name: str
    trouble: str


def _nobody() -> Access:
    return access(Everybody.of(()), UPDATE_FROM, (), PermissionRule.DENY_WINS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A site on a day.

    `organisation` holds nobody's user row; `access` is everybody's answer for UpdateFrom, `owners` (by match key) are
    the users with overrides. `addressees` are users by their own address (match key), as far as an override sends as
    it. `asked` are the rules asked, `found` is what those before found of what somebody accepted.
    """

    as_of: date
    organisation: Organisation
    settings: SettingsInForce = field(default_factory=SettingsInForce)
    permissions: tuple[RolePermission, ...] = ()
    access: Access = field(default_factory=_nobody)
    contacts: tuple[Contact, ...] = ()
    accounts: tuple[Account, ...] = ()
    answers: tuple[Answered, ...] = ()
    owners: Mapping[str, Person] = field(default_factory=dict)
    addressees: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    secrets: tuple[SecretTrouble, ...] = ()
    verifications: tuple[Tried, ...] = ()
    advisories: tuple[Advisory, ...] = ()
    domains: tuple[DomainRecords, ...] = ()
    widgets: tuple[WidgetFinding, ...] = ()
    acceptances: tuple[Acceptance, ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    found: frozenset[FindingKey] = frozenset()
