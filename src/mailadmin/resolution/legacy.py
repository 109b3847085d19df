"""The rules before the upgrade: how a user's mail went out by Global Settings, User Preferences and Web Configurations.

Own means own: a blank value of a user who does not use the Global Settings stays blank. Sender name and address always
come from the user. Source: KB 22347 and domain decisions, section 7; `…Resolved` values, where exported, are the proof.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ..domain.keys import match_key
from ..domain.legacy import Kind, Method, Owner, members_of
from ..domain.services import FIELDS, NO_AUTHENTICATION, NOT_CAPTURED, NOTHING, ServiceKind, Values
from .provenance import Asked, Context, Layer, Resolution, Tier

Members = Mapping[str, object]
"""Values by member name; a secret is its fingerprint, what is not set is not there."""


class Preferences(Mapping[str, Members]):
    """Values of many users by member: a user's are put together when they are asked for. None is what is not set."""

    def __init__(self, keys: Sequence[str], columns: Mapping[str, Sequence[object]]) -> None:
        self.rows = dict(zip(keys, range(len(keys)), strict=True))
        self._columns = columns

    @classmethod
    def of(cls, preferences: Mapping[str, Members]) -> Preferences:
        """These preferences by column."""
        if isinstance(preferences, cls):
            return preferences
        names = dict.fromkeys(name for mine in preferences.values() for name in mine)
        return cls([*preferences], {name: [mine.get(name) for mine in preferences.values()] for name in names})

    def columns(self, *members: str) -> Iterator[tuple[object, ...]]:
        """The values of these members, a row for every user."""
        blank = [None] * len(self.rows)
        return zip(*[self._columns.get(member, blank) for member in members], strict=True)

    def __getitem__(self, key: str) -> Members:
        row = self.rows[key]
        return {name: value for name, column in self._columns.items() if (value := column[row]) is not None}

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacySettings:
    """What was noted before the upgrade. `preferences` goes by the user's key, `web_configurations` by the code's."""

    settings: Members = field(default_factory=dict)
    preferences: Mapping[str, Members] = field(default_factory=dict)
    web_configurations: Mapping[str, Members] = field(default_factory=dict)

    def of_user(self, user: str | None) -> Members:
        """A user's preferences; without a row everything is global."""
        return self.preferences.get(match_key(user), {}) if user else {}


OWN = "with own settings"
"""The subject of a tier that is about whoever asks: no name, since one answer serves everybody alike."""

_MEMBER_OF_FIELD = {
    "server": "EmailSmtpServer",
    "port": "EmailSmtpPort",
    "security": "EmailSmtpEnableSsl",
    "user_name": "EmailSmtpUserId",
    "password": "EmailSmtpPassword",
    "sender_name": "EmailSmtpSenderDisplayName",
    "sender_email": "EmailSmtpSenderEmailAddress",
    "tenant_id": "EmailExchangeTenantId",
    "client_id": "EmailExchangeClientId",
    "client_secret": "EmailExchangeRefreshToken",
    "mailbox": "EmailExchangeUserName",
}
_MEMBERS = tuple(_MEMBER_OF_FIELD[f.name] for f in FIELDS)
VALUE_MEMBERS = (*_MEMBERS, "EmailExchangeHasRefreshToken")
"""The members that decide an answer's values."""
WAY_MEMBERS = ("EmailUseMailTo", "EmailUseGlobalSettings", "EmailExchangeUseGlobalSettings")
"""The members that decide which values an answer has, beside those that are there."""
_USER_NAME, _PASSWORD, _TOKEN = (
    _MEMBERS.index(name) for name in ("EmailSmtpUserId", "EmailSmtpPassword", "EmailExchangeRefreshToken")
)
_SENDER = ("EmailSmtpSenderDisplayName", "EmailSmtpSenderEmailAddress")
_EXCHANGE_NEEDS = ("EmailExchangeUserName", "EmailExchangeClientId", "EmailExchangeTenantId")


def values_of_members(members: Members) -> Values:
    """Member values in the order of FIELDS.

    A server with neither user name nor password needs no authentication. The flag, not the token, says whether there
    is a refresh token: tokens are often hidden.
    """
    return values_of(*map(members.get, VALUE_MEMBERS))


def values_of(*members: object) -> Values:
    """The same of the values of VALUE_MEMBERS."""
    *values, has_token = members
    if values[0] is not None and values[_USER_NAME] is None and values[_PASSWORD] is None:
        values[_USER_NAME] = NO_AUTHENTICATION
    values[_TOKEN] = (values[_TOKEN] or NOT_CAPTURED) if has_token is True else None
    return tuple(values)


def uses_own_smtp(preferences: Members) -> bool:
    """Whether a user's SMTP values are the user's own."""
    return preferences.get("EmailUseGlobalSettings") is False


def uses_own_exchange(preferences: Members) -> bool:
    """Whether a user's Exchange values are the user's own."""
    return preferences.get("EmailExchangeUseGlobalSettings") is False


def can_use_exchange(members: Members) -> bool:
    """Whether these values are enough to send by Exchange."""
    return members.get("EmailExchangeHasRefreshToken") is True and all(map(members.get, _EXCHANGE_NEEDS))


def legacy_resolve(context: Context, legacy: LegacySettings) -> Resolution:
    """How mail went out before the upgrade: for a user, or for anybody in a web configuration with its own settings."""
    if context.web_configuration:
        code = context.web_configuration
        web = legacy.web_configurations.get(match_key(code), {})
        if web.get("EmailSmtpOverride") is True:
            asked = Asked(Tier.WEB_CONFIGURATION, code, "", True, "overrides with its own SMTP values")
            layer = Layer("web configuration", code, values_of_members(web))
            return _answer(context, Method.SMTP if "EmailSmtpServer" in web else Method.NONE, (asked,), layer)
    return _of_user(context, legacy)


def _of_user(context: Context, legacy: LegacySettings) -> Resolution:
    mine = legacy.of_user(context.user)
    asked: list[Asked] = []
    if mine.get("EmailUseMailTo") is True:
        asked.append(Asked(Tier.USER, OWN, "", True, "opens a mailto: link"))
        return _answer(context, Method.MAILTO, tuple(asked), None)
    for method, own, usable in (
        (Method.EXCHANGE, uses_own_exchange(mine), can_use_exchange),
        (Method.SMTP, uses_own_smtp(mine), lambda members: "EmailSmtpServer" in members),
    ):
        source = mine if own else legacy.settings
        won = usable(source)
        whose = "own" if own else "global"
        tier, subject = (Tier.USER, OWN) if own else (Tier.GLOBAL, "global settings")
        reason = f"{whose} {method} values are {'enough' if won else 'not enough'}"
        asked.append(Asked(tier, subject, "", won, reason))
        if won:
            return _answer(context, method, tuple(asked), *_layers(context, legacy, mine, own))
    return _answer(context, Method.NONE, tuple(asked), None)


def _layers(context: Context, legacy: LegacySettings, mine: Members, own: bool) -> tuple[Layer, Layer | None]:
    personal = Layer("user preference", context.user or "", personal_values(mine), personal=True)
    if own:
        return personal, None
    sender = tuple(v if m in _SENDER else None for m, v in zip(_MEMBERS, personal.values, strict=True))
    base = Layer("global settings", "", values_of_members(legacy.settings))
    return base, personal._replace(values=sender) if mine else None


def personal_values(preferences: Members) -> Values:
    """Everything of a user's own that an answer may show, in the order of FIELDS."""
    return values_of_members(preferences) if preferences else NOTHING


_METHOD_SERVICE = {Method.SMTP: ServiceKind.SMTP, Method.EXCHANGE: ServiceKind.EXCHANGE}


def _answer(
    context: Context, method: Method, asked: tuple[Asked, ...], base: Layer | None, own: Layer | None = None
) -> Resolution:
    return Resolution(context, _METHOD_SERVICE.get(method), (), asked, base, own, method=method)


class Disagreement(NamedTuple):
    """A `…Resolved` value that was exported and is not what the rules give. The exported value is the proof."""

    user: str
    member: str
    exported: object
    computed: object

    def words(self) -> str:
        """The disagreement in words; a secret is only set or not."""
        secret = members_of(Owner.USER)[self.member].secret
        exported, computed = _words(self.exported, secret), _words(self.computed, secret)
        return f"{self.user} {self.member}: exported {exported}, computed {computed}"


def _words(value: object, secret: bool) -> str:
    if value is None:
        return "not set"
    return "set (hidden)" if secret else repr(value)


def disagreements(user: str, legacy: LegacySettings) -> Iterator[Disagreement]:
    """Compare a user's exported `…Resolved` values with own-or-global; secrets by fingerprint, where there is one."""
    mine = legacy.of_user(user)
    for name, member in members_of(Owner.USER).items():
        if not member.is_resolved or name not in mine:
            continue
        plain = name.removesuffix("Resolved")
        own = uses_own_exchange(mine) if plain.startswith("EmailExchange") else uses_own_smtp(mine)
        computed = (mine if own else legacy.settings).get(plain)
        if member.kind is Kind.FLAG:
            computed = bool(computed)
        if NOT_CAPTURED in (mine[name], computed):
            continue
        if mine[name] != computed:
            yield Disagreement(user, name, mine[name], computed)
