"""From the settings of before to Cost Centre e-mail services: one rule per kind of setting, with what it cannot derive.

Laws: a rule never guesses; what it cannot derive becomes a manual action with who, what and where, and whatever stands
in the store for it is kept. A stored secret is kept only with the server, or application, it was entered for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..domain.governed import key_of, table_of
from ..domain.keys import match_key
from ..domain.legacy import Method, Owner, members_of, security_of
from ..domain.organisation import GLOBAL, CostCentre, User, WebConfiguration
from ..domain.services import FIELD_NAMES, NO_AUTHENTICATION, Override, Service, ServiceKind
from ..errors import BadInput
from ..resolution.legacy import (
    Members,
    can_use_exchange,
    legacy_resolve,
    uses_own_exchange,
    uses_own_smtp,
    values_of_members,
)
from ..resolution.population import People, Person, legacy_population
from ..resolution.provenance import Context
from . import leftovers
from .draft import CONSULTANT, ENTRA, Draft, keep_entered


def smtp_values(members: Members) -> dict[str, Any]:
    """The SMTP server and credentials these old values stand for; port blank or 0 stays 0."""
    old = dict(zip(FIELD_NAMES, values_of_members(members), strict=True))
    if old["user_name"] == NO_AUTHENTICATION and old["password"] is not None:
        raise BadInput(
            f"An SMTP user name in the export is {NO_AUTHENTICATION!r}, which means that there is none.",
            remedy="Leave user name and password blank there if the server needs no login.",
        )
    return {
        "server": old["server"],
        "port": old["port"] or 0,
        "security": security_of(old["security"], old["port"]),
        "user_name": old["user_name"],
        "password": old["password"],
    }


def exchange_values(members: Members) -> dict[str, Any]:
    """The Exchange application and mailbox these old values stand for; a refresh token is never carried over."""
    old = dict(zip(FIELD_NAMES, values_of_members(members), strict=True))
    return {name: old[name] for name in ("tenant_id", "client_id", "mailbox")}


def _sender_values(members: Members) -> dict[str, Any]:
    return {
        "sender_name": members.get("EmailSmtpSenderDisplayName"),
        "sender_email": members.get("EmailSmtpSenderEmailAddress"),
    }


def _global_smtp(draft: Draft) -> None:
    settings = draft.legacy.settings
    if "EmailSmtpServer" not in settings:
        return
    row = Service(cost_centre=GLOBAL, service=ServiceKind.SMTP, use_service=True, **smtp_values(settings))
    row = keep_entered(row, draft.standing(row))
    draft.put(row)
    if "EmailSmtpPassword" in settings and row.password is None:
        _ask_for_passwords(draft, "Cost Centre GLOBAL, SMTP", ["GLOBAL"])
    if row.sender_email is None:
        draft.act(
            CONSULTANT,
            "Enter a sender name and e-mail for everybody who has none of their own; the old Global Settings had none.",
            "Cost Centre GLOBAL, SMTP, Sender Details",
            [user.user_id for user in draft.users() if _takes_global_sender(draft, user)],
        )


def _takes_global_sender(draft: Draft, user: User) -> bool:
    """Whether a user at work has no sender of their own that counts."""
    has_own = "EmailSmtpSenderEmailAddress" in draft.legacy.of_user(user.user_id)
    return user.active and (user.external or not has_own)


def _ask_for_passwords(draft: Draft, where: str, subjects: list[str]) -> None:
    if subjects:
        draft.act(CONSULTANT, "Enter the password: it was set and could not be read.", where, subjects)


def _global_exchange(draft: Draft) -> None:
    values = exchange_values(draft.legacy.settings)
    if not any(values.values()):
        return
    usable = can_use_exchange(draft.legacy.settings)
    row = Service(cost_centre=GLOBAL, service=ServiceKind.EXCHANGE, use_service=usable, **values)
    row = keep_entered(row, draft.standing(row))
    draft.put(row)
    if usable and row.client_secret is None:
        draft.act(
            ENTRA,
            "Create a client secret and enter it; grant Mail.ReadWrite, Mail.Send and MailboxFolder.ReadWrite.All as "
            "application permissions with consent.",
            f"Entra ID application {row.client_id}; Cost Centre GLOBAL, Microsoft Exchange, Client Secret",
        )


def _global_method(draft: Draft) -> None:
    method = legacy_resolve(Context(), replace(draft.legacy, preferences={})).method
    service = {Method.SMTP: ServiceKind.SMTP, Method.EXCHANGE: ServiceKind.EXCHANGE}.get(method or Method.NONE)
    row = draft.rows.get(("cost_centres", (match_key(GLOBAL),))) or draft.standing(CostCentre(code=GLOBAL))
    row = row if isinstance(row, CostCentre) else CostCentre(code=GLOBAL)
    default = service or row.default_service
    if default is None:
        draft.act(
            CONSULTANT,
            "Decide on a default e-mail service: the old Global Settings could not send, so there is none, and mail "
            "in an unattended environment is refused.",
            "Cost Centre GLOBAL, General, Default Services",
        )
    draft.put(replace(row, default_service=default))


def _own_smtp(draft: Draft) -> None:
    lacking: list[str] = []
    for user, mine in draft.with_preferences():
        if not uses_own_smtp(mine) or "EmailSmtpServer" not in mine:
            continue
        row = _override(draft, ServiceKind.SMTP, user, smtp_values(mine))
        if "EmailSmtpPassword" in mine and row.password is None:
            lacking.append(user.user_id)
    _ask_for_passwords(draft, "Cost Centre GLOBAL, SMTP, User Overrides", lacking)


def _own_sender(draft: Draft) -> None:
    for user, mine in draft.with_preferences():
        sender = _sender_values(mine)
        if any(sender.values()):
            _override(draft, ServiceKind.SMTP, user, sender)


def _own_exchange(draft: Draft) -> None:
    lacking = []
    for user, mine in draft.with_preferences():
        values = exchange_values(mine)
        if uses_own_exchange(mine) and any(values.values()):
            row = _override(draft, ServiceKind.EXCHANGE, user, values)
            lacking += [user.user_id] if row.client_secret is None and can_use_exchange(mine) else []
    if lacking:
        draft.act(
            ENTRA,
            "Before any of these users sends by Microsoft Exchange: create a client secret for the user's application, "
            "enter it, and consent to Mail.ReadWrite, Mail.Send and MailboxFolder.ReadWrite.All.",
            "Cost Centre GLOBAL, Microsoft Exchange, User Overrides",
            lacking,
        )


def _override(draft: Draft, service: ServiceKind, user: User, values: dict[str, Any]) -> Override:
    row = Override(cost_centre=GLOBAL, service=service, user_id=user.user_id)
    drafted = draft.rows.get((table_of(row), key_of(row)))
    base = drafted if isinstance(drafted, Override) else row
    found: Override = keep_entered(replace(base, **values), draft.standing(row))
    draft.put(found)
    return found


def _method_differs(draft: Draft) -> None:
    centre = draft.rows["cost_centres", (match_key(GLOBAL),)]
    default = centre.default_service if isinstance(centre, CostCentre) else None
    differing: dict[Method, list[str]] = {}
    people = People.of(Person.of(match_key(user.user_id), user) for user in draft.users() if user.active)
    found = legacy_population(people, draft.legacy)
    for user_id, code in zip(people.user_ids, found.codes, strict=True):
        answer = found.answers[code]
        if answer.service is not None and answer.service != default:
            differing.setdefault(answer.method or Method.NONE, []).append(user_id)
    for method, users in sorted(differing.items()):
        draft.act(
            CONSULTANT,
            f"Decide for these users, who sent by {method}: there is no e-mail method per user any more, and the "
            f"default service is {default or 'none'}. A branch or entity with its own Cost Centre can have another.",
            "Cost Centres, General, Default Services",
            users,
        )


def _web_configurations(draft: Draft) -> None:
    for key, code in draft.web_configurations.items():
        members = draft.legacy.web_configurations.get(key, {})
        web = WebConfiguration(code=code)
        standing = draft.standing(web)
        if members.get("EmailSmtpOverride") is not True:
            draft.put(standing or web)
            continue
        centre = CostCentre(code=f"WEB-{code}", description=f"Web configuration {code}")
        if ("cost_centres", key_of(centre)) in draft.rows:
            what = f"The export already has a cost centre {centre.code}; its SMTP service is written."
            draft.note("warning", what, "Check that it is meant for this web configuration.", [code])
        else:
            draft.put(draft.standing(centre) or centre)
        service = Service(
            cost_centre=centre.code,
            service=ServiceKind.SMTP,
            use_service=True,
            **smtp_values(members),
            **_sender_values(members),
        )
        row = keep_entered(service, draft.standing(service))
        draft.put(row)
        if "EmailSmtpPassword" in members and row.password is None:
            _ask_for_passwords(draft, f"Cost Centre {centre.code}, SMTP", [code])
        draft.put(WebConfiguration(code=code, cost_centre=centre.code, default_service=ServiceKind.SMTP))


_SMTP_MEMBERS = tuple(
    n for n in members_of(Owner.WEB) if not n.startswith("EmailSmtpSender") and n != "EmailSmtpOverride"
)
_SENDER_MEMBERS = ("EmailSmtpSenderDisplayName", "EmailSmtpSenderEmailAddress")
_EXCHANGE_MEMBERS = ("EmailExchangeUserName", "EmailExchangeClientId", "EmailExchangeTenantId")
_TOKEN_MEMBERS = ("EmailExchangeHasRefreshToken", "EmailExchangeRefreshToken")
_RESOLVED = tuple(n for n, m in members_of(Owner.USER).items() if m.is_resolved)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the mapping: which old members, what becomes of them, what cannot be derived, and the code."""

    legacy: str
    owner: Owner
    members: tuple[str, ...]
    target: str
    not_derived: str
    write: Callable[[Draft], None]


MAPPING: tuple[Rule, ...] = (
    Rule("global SMTP", Owner.GLOBAL, _SMTP_MEMBERS, "GLOBAL: SMTP ticked, server, port, security, credentials",
         "sender name and e-mail: needs input", _global_smtp),
    Rule("global Exchange", Owner.GLOBAL, (*_EXCHANGE_MEMBERS, *_TOKEN_MEMBERS),
         "GLOBAL: Exchange, tenant, client, user name; ticked only if it could be used",
         "client secret, application permissions and consent: needs input", _global_exchange),
    Rule("global method", Owner.GLOBAL, (), "GLOBAL: default e-mail service", "", _global_method),
    Rule("user's own SMTP", Owner.USER, (*_SMTP_MEMBERS, "EmailUseGlobalSettings"),
         "override in GLOBAL for SMTP (server, credentials)", "", _own_smtp),
    Rule("user's sender", Owner.USER, _SENDER_MEMBERS, "override in GLOBAL for SMTP (sender)", "", _own_sender),
    Rule("user's own Exchange", Owner.USER, (*_EXCHANGE_MEMBERS, "EmailExchangeUseGlobalSettings"),
         "override in GLOBAL for Exchange (application, mailbox)", "client secret: needs input", _own_exchange),
    Rule("method other than the default", Owner.USER, (), "no place: a decision to take", "who sends by what",
         _method_differs),
    Rule("mailto and internal editor", Owner.USER, ("EmailUseMailTo", "EmailEditInternal"), "no place: dropped", "",
         leftovers.settings_without_a_place),
    Rule("web configuration with override", Owner.WEB, tuple(members_of(Owner.WEB)),
         "cost centre WEB-<code> with SMTP ticked, the configuration's cost centre and default service", "",
         _web_configurations),
    Rule("enable SSL", Owner.GLOBAL, ("EmailSmtpEnableSsl",), "Security: StartTls, SslOnConnect or None", "",
         leftovers.unencrypted),
    Rule("refresh tokens", Owner.USER, _TOKEN_MEMBERS, "never carried over; to be revoked", "",
         leftovers.refresh_tokens),
    Rule("values for comparison", Owner.USER, (*_RESOLVED, "EmailIsUnattendedAvailable"),
         "compared, and what does not count is listed", "", leftovers.values_that_do_not_count),
)  # fmt: skip
"""TABLE: the mapping, in the order in which it is carried out."""
