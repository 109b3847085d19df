"""An answer that carries its proof: every tier asked, why it lost, and where each value comes from.

Laws: every value is derived from the tiers asked, so an answer and its explanation cannot disagree; fields of one unit
come from one layer; a password is never shown or used with a server it was not entered for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from ..domain.legacy import Method
from ..domain.services import DEFAULTS, FIELDS, NO_AUTHENTICATION, NOTHING, Field, ServiceKind, Unit, Values


class Status(StrEnum):
    """Whether mail can go out, and if not, what stands in the way."""

    READY = "ready"
    INCOMPLETE = "incomplete"
    DISABLED = "disabled"
    CHOOSE = "choose"
    NO_SERVICE = "no service"
    NO_DEFAULT_SERVICE = "no default service"


STATUS_MEANINGS: dict[Status, str] = {
    Status.READY: "mail can go out",
    Status.INCOMPLETE: "a required value is missing; nobody further up is asked",
    Status.DISABLED: "ticked with every field blank: switched off there on purpose",
    Status.CHOOSE: "no default service, and a person is there to choose",
    Status.NO_SERVICE: "nobody on the path uses the service",
    Status.NO_DEFAULT_SERVICE: "no default service, and nobody is there to choose",
}
"""TABLE: every status, in words."""


class Tier(StrEnum):
    """Who can be asked for a service."""

    BRANCH = "branch"
    ENTITY = "entity"
    WEB_CONFIGURATION = "web configuration"
    GLOBAL = "global"
    PORTAL = "portal"
    PREFERENCE = "e-mail preference"
    USER = "user"


class Context(NamedTuple):
    """A question as a person asks it. Names are as written; what is not given is found or left out.

    `branch` defaults to the user's own, `entity` to the branch's; `service` None means *chosen by rule*. In a portal,
    `business_partner` is whose contacts may be written to.
    """

    user: str | None = None
    branch: str | None = None
    entity: str | None = None
    web_configuration: str | None = None
    service: ServiceKind | None = None
    attended: bool = False
    portal: str | None = None
    feature: str | None = None
    business_partner: str | None = None

    def __str__(self) -> str:
        parts = [f"user {self.user}" if self.user else "nobody in particular"]
        parts += [f"branch {self.branch}"] if self.branch else []
        parts += [f"entity {self.entity}"] if self.entity else []
        parts += [f"web configuration {self.web_configuration}"] if self.web_configuration else []
        parts += [f"portal {self.portal}"] if self.portal else []
        parts += [f"feature {self.feature}"] if self.feature else []
        parts += [f"business partner {self.business_partner}"] if self.business_partner else []
        return ", ".join([*parts, "attended" if self.attended else "unattended"])


class Layer(NamedTuple):
    """Values from one place, `label (code)`. `personal` values are the asking user's own."""

    label: str
    code: str
    values: Values
    personal: bool = False

    @property
    def origin(self) -> str:
        """Where the values come from, in words."""
        return f"{self.label} ({self.code})" if self.code else self.label

    def of(self, user: str, values: Values) -> Layer:
        """The same place in another user's case: what is present stays so, what stands there is that user's."""
        if not self.personal:
            return self
        mine = tuple(new if old is not None else None for old, new in zip(self.values, values, strict=True))
        return self._replace(code=user if self.label in PERSONAL_LABELS else self.code, values=mine)


PERSONAL_LABELS = frozenset({"user preference", "e-mail preference"})
"""Labels of places that are named after the user; an override is named after its Cost Centre."""


class Asked(NamedTuple):
    """One tier asked: what it stands for, which Cost Centre it names, and what came of it."""

    tier: Tier
    subject: str
    cost_centre: str
    won: bool
    reason: str


@dataclass(frozen=True)
class Resolution:
    """What is in force for a context, and why.

    `service_asked` lists who was asked which service to use, `asked` who was asked for that service; `base` is the
    winner's layer, `own` the user's on top of it. `method` is set for answers under the rules before the upgrade.
    """

    context: Context
    service: ServiceKind | None
    service_asked: tuple[Asked, ...] = ()
    asked: tuple[Asked, ...] = ()
    base: Layer | None = None
    own: Layer | None = None
    remarks: tuple[str, ...] = ()
    choices: tuple[ServiceKind, ...] = ()
    method: Method | None = None

    @property
    def winner(self) -> Asked | None:
        """The tier whose settings are in force."""
        return next((asked for asked in self.asked if asked.won), None)

    @cached_property
    def merged(self) -> Merged:
        """The layers, laid over each other by unit."""
        return _merge(self)

    @property
    def values(self) -> Values:
        """The value of every field, in the order of FIELDS."""
        return self.merged.values

    @property
    def origins(self) -> tuple[str, ...]:
        """Where each value comes from, in the order of FIELDS; '' where nothing is set."""
        return self.merged.origins

    @property
    def missing(self) -> tuple[str, ...]:
        """The required fields that have no value."""
        return self.merged.missing

    @property
    def status(self) -> Status:
        """Whether mail can go out with this."""
        if self.service is None:
            return self._status_without_service()
        if self.base is None:
            return Status.NO_SERVICE
        if is_blank(self.base.values, self.service):
            return Status.DISABLED
        return Status.INCOMPLETE if self.missing else Status.READY

    def _status_without_service(self) -> Status:
        if self.method is not None:
            return Status.READY if self.method is Method.MAILTO else Status.NO_SERVICE
        return Status.CHOOSE if self.context.attended else Status.NO_DEFAULT_SERVICE

    @property
    def fields(self) -> Mapping[str, tuple[Any, str]]:
        """Every field of the service with its value and origin, by the field's name."""
        names = [f.legacy if self.method else f.name for f in FIELDS]
        mine = [self.service in f.services for f in FIELDS]
        rows = zip(names, self.values, self.origins, mine, strict=True)
        return {name: (value, origin) for name, value, origin, shown in rows if shown}

    @property
    def sender(self) -> tuple[str | None, str | None]:
        """Name and address of From: the sender fields, or the mailbox of Exchange."""
        of = dict(zip((f.name for f in FIELDS), self.values, strict=True))
        if self.service is ServiceKind.EXCHANGE:
            return None, of["mailbox"]
        return of["sender_name"], of["sender_email"]

    def of(self, user: str, values: Values | None) -> Resolution:
        """The same answer for another user who asks the same question, with `values` of that user's own."""
        context = self.context._replace(user=user)
        if values is None:
            return replace(self, context=context)
        base = self.base.of(user, values) if self.base else None
        own = self.own.of(user, values) if self.own else None
        return replace(self, context=context, base=base, own=own)


class Merged(NamedTuple):
    """Values, their origins, what is missing, and the places of the values that are the asking user's own."""

    values: Values
    origins: tuple[str, ...]
    missing: tuple[str, ...]
    personal: tuple[int, ...] = ()


FIELDS_OF: dict[ServiceKind, tuple[tuple[int, Field], ...]] = {
    kind: tuple((i, f) for i, f in enumerate(FIELDS) if kind in f.services) for kind in ServiceKind
}
"""The fields of every service, each with its place among FIELDS."""

_UNITS_OF: dict[ServiceKind, dict[Unit, tuple[int, ...]]] = {
    kind: {unit: tuple(i for i, f in pairs if f.unit is unit) for unit in dict.fromkeys(f.unit for _, f in pairs)}
    for kind, pairs in FIELDS_OF.items()
}
_SERVER, _USER_NAME, _PASSWORD = (
    next(i for i, f in enumerate(FIELDS) if f.name == name) for name in ("server", "user_name", "password")
)


def is_blank(values: Values, service: ServiceKind) -> bool:
    """Whether every field of a service is blank, which disables it; a service without fields never is."""
    return bool(FIELDS_OF[service]) and all(values[i] is None for i, _ in FIELDS_OF[service])


def units_given(values: Values, service: ServiceKind) -> frozenset[Unit]:
    """The units of a service in which a layer says anything."""
    return frozenset(u for u, places in _UNITS_OF[service].items() if any(values[i] is not None for i in places))


def _merge(resolution: Resolution) -> Merged:
    service, base, own = resolution.service, resolution.base, resolution.own
    if service is None or base is None or is_blank(base.values, service):
        return Merged(NOTHING, ("",) * len(FIELDS), ())
    taken = units_given(own.values, service) if own else frozenset()
    # A stored password never goes to a host it was not entered for (domain decision, section 7).
    withheld = Unit.SERVER in taken and Unit.CREDENTIALS in _UNITS_OF[service] and Unit.CREDENTIALS not in taken
    values: list[Any] = list(NOTHING)
    origins = [""] * len(FIELDS)
    personal: list[int] = []
    for unit, places in _UNITS_OF[service].items():
        layer = own if own and unit in taken else base
        if unit is Unit.CREDENTIALS and withheld:
            continue
        origin = layer.origin
        for i in places:
            if layer.values[i] is not None:
                values[i], origins[i] = layer.values[i], origin
                if layer.personal:
                    personal.append(i)
    if resolution.method is None and values[_SERVER] is not None:
        for i, f in FIELDS_OF[service]:
            if values[i] is None and f.name in DEFAULTS:
                values[i], origins[i] = DEFAULTS[f.name], "default"
    missing = tuple(
        f.legacy if resolution.method else f.name
        for i, f in FIELDS_OF[service]
        if service in f.required
        and values[i] is None
        and not (i == _PASSWORD and values[_USER_NAME] == NO_AUTHENTICATION)
    )
    return Merged(tuple(values), _shared(tuple(origins)), missing, tuple(personal))


@lru_cache(maxsize=4096)
def _shared(origins: tuple[str, ...]) -> tuple[str, ...]:
    return origins
