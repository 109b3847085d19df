"""resolve(context, organisation): the only place where precedence is decided.

Laws: nothing is guessed, a blank is not a value, and when nothing applies the answer says so; it never falls back to
*any* server. A tier further up never changes an answer found below it. Source: domain decisions, section 7.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..domain.governed import Organisation, OwnSettings
from ..domain.keys import match_key
from ..domain.legacy import security_of
from ..domain.organisation import without_overrides
from ..domain.portals import Portal
from ..domain.preferences import SYSTEM, AuthenticationFlow, EmailMethod, MailPreference
from ..domain.services import COST_CENTRE_SERVICES, FIELD_NAMES, FIELDS, NO_AUTHENTICATION, ServiceKind, Values
from .hierarchy import Place, Step, path
from .provenance import Asked, Context, Layer, Resolution, Status, Tier, is_blank

OWN, SYSTEM_WIDE = "of the user", "of the system"
"""Subjects of the tiers that are about whoever asks: no name, since one answer serves everybody alike."""

_ORIGIN = {
    Tier.BRANCH: "branch cost centre",
    Tier.ENTITY: "entity cost centre",
    Tier.WEB_CONFIGURATION: "web configuration cost centre",
    Tier.GLOBAL: "global cost centre",
}


def resolve(context: Context, organisation: Organisation) -> Resolution:
    """The settings in force for a context, every value with its origin.

    The user's own branch is used where the context gives none. An unknown user, branch or web configuration is
    answered as such in `asked`, not raised: an audit has to show it.
    """
    if context.portal is not None:
        return _portal(context, organisation)
    user = organisation.users.get(match_key(context.user)) if context.user else None
    if user is not None and context.branch is None and user.branch:
        context = context._replace(branch=user.branch)
    bar = without_overrides(user.active, user.external) if user else ""
    own = own_settings(context, organisation)
    place = Place.of(organisation, context.branch, context.entity, context.web_configuration)
    steps = tuple(_looked_up(step, organisation) for step in path(place))
    service, service_asked = _choose(context, organisation, place, steps)
    if service is not None:
        return with_own(_serve(context, organisation, service, service_asked, steps), own, bar)
    choices: tuple[ServiceKind, ...] = ()
    if context.attended:
        choices = tuple(
            kind
            for kind in COST_CENTRE_SERVICES
            if with_own(_serve(context, organisation, kind, (), steps), own, bar).status is Status.READY
        )
    return Resolution(context, None, service_asked, choices=choices)


def with_own(answer: Resolution, own: Iterable[OwnSettings], bar: str) -> Resolution:
    """A place's answer with a user's override in its Cost Centre laid on it; one that is barred is told of, no more."""
    winner = answer.winner
    if winner is None or not winner.cost_centre:
        return answer
    for found in own:
        if found.cost_centre == match_key(winner.cost_centre) and found.service == answer.service:
            if bar:
                return replace(answer, remarks=(f"the user override in {winner.cost_centre} is ignored: {bar}",))
            layer = Layer("user override", winner.cost_centre, found.values, personal=True)
            return replace(answer, own=layer)
    return answer


def own_settings(context: Context, organisation: Organisation) -> tuple[OwnSettings, ...]:
    """Everything of a user's own that `resolve` may look at; users alike in this get one answer."""
    return organisation.overrides.get(match_key(context.user), ()) if context.user else ()


def _choose(
    context: Context, organisation: Organisation, place: Place, steps: tuple[Step, ...]
) -> tuple[ServiceKind | None, tuple[Asked, ...]]:
    """The service, and who was asked for it: the first that names one decides."""
    asked: list[Asked] = []
    for tier, subject, cost_centre, service, silence in _namings(context, organisation, place, steps):
        won = service is not None
        asked.append(Asked(tier, subject, cost_centre, won, f"names {service}" if won else silence))
        if service is not None:
            return service, tuple(asked)
    return None, tuple(asked)


def _namings(
    context: Context, organisation: Organisation, place: Place, steps: tuple[Step, ...]
) -> Iterator[tuple[Tier, str, str, ServiceKind | None, str]]:
    if context.service is not None:
        yield Tier.USER, "asked for explicitly", "", context.service, ""
    if organisation.preferences:
        for owner in dict.fromkeys((match_key(context.user or SYSTEM), SYSTEM)):
            row = organisation.preferences.get(owner)
            method = row.method if row else None
            yield (
                Tier.PREFERENCE,
                OWN if owner else SYSTEM_WIDE,
                "",
                method.service if method else None,
                "has no e-mail method",
            )
    if (web := place.web_configuration) is not None:
        yield Tier.WEB_CONFIGURATION, web.code, "", web.default_service, "names no default service"
    for step in steps:
        found = organisation.cost_centre(step.cost_centre) if not step.reason else None
        default = found.default_service if found else None
        yield step.tier, step.subject, step.cost_centre, default, step.reason or "names no default service"


def _looked_up(step: Step, organisation: Organisation) -> Step:
    """A step with its Cost Centre's code as it is kept, and with the reason why that cannot be asked, if it cannot."""
    if step.reason:
        return step
    found = organisation.cost_centre(step.cost_centre)
    if found is None:
        return step._replace(reason=f"there is no cost centre {step.cost_centre}")
    return Step(step.tier, step.subject, found.code, "" if found.active else f"cost centre {found.code} is inactive")


def _serve(
    context: Context,
    organisation: Organisation,
    service: ServiceKind,
    service_asked: tuple[Asked, ...],
    steps: tuple[Step, ...],
) -> Resolution:
    """Ask every tier for one service; the first with Use Service ticked wins, blank or not."""
    if service_asked and _is_personal(service_asked[-1].tier, organisation, service):
        return _preference(context, organisation, service, service_asked)
    asked: list[Asked] = []
    base = None
    for step in steps:
        reason = step.reason
        settings = organisation.service(step.cost_centre, service) if not reason else None
        won = base is None and settings is not None and settings.use_service
        if not reason and not won:
            reason = f"does not use {service}" if not (settings and settings.use_service) else "decided before"
        asked.append(Asked(step.tier, step.subject, step.cost_centre, won, f"uses {service}" if won else reason))
        if won and settings is not None:
            base = Layer(_ORIGIN[step.tier], step.cost_centre, settings.values)
    return Resolution(context, service, service_asked, tuple(asked), base)


def _is_personal(named_by: Tier, organisation: Organisation, service: ServiceKind) -> bool:
    """Whether the e-mail settings hold it: they named it, or it was asked for and no Cost Centre can hold it.

    A service without fields needs no settings.
    """
    if named_by is not Tier.USER or service in COST_CENTRE_SERVICES:
        return named_by is Tier.PREFERENCE
    return bool(organisation.preferences) or not any(service in field.services for field in FIELDS)


def _preference(
    context: Context, organisation: Organisation, service: ServiceKind, service_asked: tuple[Asked, ...]
) -> Resolution:
    """Monitor ERP: the system's e-mail settings, with the user's on top."""
    system = organisation.preferences.get(SYSTEM, MailPreference())
    mine = organisation.preferences.get(match_key(context.user)) if context.user else None
    base = Layer("e-mail preference", "system", _preference_values(system, system.method, service))
    own = None
    if mine is not None:
        values = _preference_values(mine, mine.method or system.method, service)
        own = Layer("e-mail preference", mine.user_id, values, personal=True)
    if own is not None and is_blank(base.values, service):
        base, own = own, None
    by_method = service_asked[-1].tier is Tier.PREFERENCE
    words = f"e-mail method names {service}" if by_method else f"{service} was asked for explicitly"
    asked = Asked(Tier.PREFERENCE, OWN if mine else SYSTEM_WIDE, "", True, words)
    given = [row for row in (mine, system) if row is not None and (row.tenant_id or row.client_id or row.client_secret)]
    odd = service is ServiceKind.EXCHANGE and bool(given) and _is_by_user_name(given[0])
    return Resolution(context, service, service_asked, (asked,), base, own, (_BY_USER_NAME,) if odd else ())


_TALKING_TO_A_SERVER = frozenset({ServiceKind.SMTP, ServiceKind.EXCHANGE_SERVER})
_BY_USER_NAME = f"the flow {AuthenticationFlow.USER_NAME} is not supported: choose {AuthenticationFlow.CLIENT_SECRET}"


def _is_by_user_name(row: MailPreference) -> bool:
    return match_key(row.authentication_flow or "") == match_key(AuthenticationFlow.USER_NAME)


def _preference_values(row: MailPreference, method: EmailMethod | None, service: ServiceKind) -> Values:
    """A row's values for a service. An account at an SMTP server is none at an Exchange server, nor the other way."""
    if method is not None and {method.service, service} == _TALKING_TO_A_SERVER:
        row = replace(row, server=None, port=None, use_ssl=None, user_name=None, password=None)
    security = None if row.use_ssl is None and row.server is None else security_of(row.use_ssl, row.port)
    return _values(
        server=row.server,
        port=row.port,
        security=security,
        user_name=row.user_name,
        password=row.password,
        sender_email=row.email,
        tenant_id=row.tenant_id,
        client_id=row.client_id,
        client_secret=None if _is_by_user_name(row) else row.client_secret,
        mailbox=row.email if method is EmailMethod.SMTP else row.user_name or row.email,
    )


def _portal(context: Context, organisation: Organisation) -> Resolution:
    """A portal has its own settings and nothing behind them (Vision33; domain decisions 15 and 17)."""
    code = context.portal or ""
    portal = organisation.portals.get(match_key(code))
    if portal is None:
        return Resolution(
            context, ServiceKind.SMTP, (), (Asked(Tier.PORTAL, code, "", False, f"there is no portal {code}"),)
        )
    layer = Layer("portal", portal.code, _portal_values(portal, context.feature))
    asked = Asked(Tier.PORTAL, portal.code, "", True, "sends by its own SMTP settings")
    return Resolution(context, ServiceKind.SMTP, (asked,), (asked,), layer)


def _portal_values(portal: Portal, feature: str | None) -> Values:
    port = portal.smtp_port or (587 if portal.enable_ssl else 25)
    senders = {match_key(s.feature): s.address for s in portal.senders} if portal.override_from else {}
    server = portal.smtp_server
    user_name = portal.user_name or (NO_AUTHENTICATION if server and not portal.password else None)
    return _values(
        server=server,
        port=port if server else None,
        security=security_of(portal.enable_ssl, port) if server else None,
        user_name=user_name,
        password=portal.password,
        sender_email=senders.get(match_key(feature or "")) or portal.default_from,
    )


def _values(**fields: object) -> Values:
    return tuple(map(fields.get, FIELD_NAMES))
