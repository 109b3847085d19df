"""Accounts as they are set up, whoever uses them: a Cost Centre's services, overrides, portals, e-mail preferences.

Law: what an override takes and what it leaves is merged by the one rule of `Resolution`, not by a second one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..domain.addresses import host
from ..domain.governed import Organisation
from ..domain.organisation import without_overrides
from ..domain.profiles import user_name_of
from ..domain.services import ServiceKind, Unit
from ..resolution.population import Person
from ..resolution.provenance import Context, Layer, Resolution, Tier, is_blank, units_given
from ..resolution.resolver import resolve


class Account(NamedTuple):
    """One account: its name, its values by field, and the units that are a user's own (`user` is '' otherwise)."""

    name: str
    service: ServiceKind
    cost_centre: str
    values: Mapping[str, Any]
    own: frozenset[Unit] = frozenset()
    user: str = ""

    @property
    def server(self) -> str:
        """The server, '' where there is none."""
        return self.values.get("server") or ""

    @property
    def signs_in(self) -> bool:
        """Whether a user name is given."""
        return user_name_of(self.values.get("user_name")) is not None

    @property
    def sender(self) -> str:
        """The address it sends as, '' where there is none."""
        return self.values.get("mailbox" if self.service is ServiceKind.EXCHANGE else "sender_email") or ""

    @property
    def login_domain(self) -> str:
        """The domain of the mailbox or user name it signs in with, '' where that is no address."""
        login = self.values.get("mailbox" if self.service is ServiceKind.EXCHANGE else "user_name")
        return domain_of(user_name_of(login) or "")

    def has_own(self, *units: Unit) -> bool:
        """Whether one of these units is set up here, and not taken over from the Cost Centre."""
        return not self.user or any(unit in self.own for unit in units)


def domain_of(address: str) -> str:
    """The domain of an address as lower-case A-labels, as written where it is none, '' where there is no @."""
    domain = address.rpartition("@")[2].strip().removesuffix(".") if "@" in address else ""
    try:
        return host(domain) if domain else ""
    except ValueError:
        return domain.lower()


def accounts_of(organisation: Organisation, owners: Mapping[str, Person]) -> Iterator[Account]:
    """Every account that is ticked and not blank; overrides only where they count."""
    yield from _services(organisation)
    for key, person in owners.items():
        if not without_overrides(person.active, person.external):
            yield from _overrides(organisation, key, person.user_id)
    for portal in organisation.portals.values():
        yield from _answered(f"portal {portal.code}", resolve(Context(portal=portal.code), organisation))
    for preference in organisation.preferences.values():
        name = f"e-mail preference {preference.user_id or 'system'}"
        yield from _answered(name, resolve(Context(user=preference.user_id or None), organisation))


def _services(organisation: Organisation) -> Iterator[Account]:
    for (centre, kind), settings in organisation.services.items():
        service = ServiceKind(kind)
        if settings.use_service and not is_blank(settings.values, service):
            code = code_of(organisation, centre)
            answer = Resolution(Context(), service, base=Layer("", "", settings.values))
            yield Account(f"{code} / {kind}", service, code, _values(answer))


def _overrides(organisation: Organisation, key: str, user: str) -> Iterator[Account]:
    for own in organisation.overrides[key]:
        settings = organisation.services.get((own.cost_centre, own.service))
        service = ServiceKind(own.service)
        if settings and settings.use_service and not is_blank(settings.values, service):
            code = code_of(organisation, own.cost_centre)
            layer = Layer("", "", own.values)
            answer = Resolution(Context(), service, base=Layer("", "", settings.values), own=layer)
            name = f"{code} / {own.service} / {user}"
            yield Account(name, service, code, _values(answer), units_given(own.values, service), user)


def _answered(name: str, answer: Resolution) -> Iterator[Account]:
    """The account of an answer that comes from a portal or a preference, and not from a Cost Centre after all."""
    own = bool(answer.asked) and answer.asked[0].tier in {Tier.PORTAL, Tier.PREFERENCE}
    if own and answer.service is not None and answer.base is not None:
        yield Account(name, answer.service, "", _values(answer))


def _values(answer: Resolution) -> dict[str, Any]:
    return {name: value for name, (value, _) in answer.fields.items()}


def code_of(organisation: Organisation, key: str) -> str:
    """A Cost Centre's code as written."""
    found = organisation.cost_centre(key)
    return found.code if found else key
