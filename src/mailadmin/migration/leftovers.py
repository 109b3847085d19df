"""What the mapping cannot carry over and what somebody should know: no row is written here, only things to read."""

from __future__ import annotations

from collections.abc import Iterable

from ..domain.governed import Key, key_of, table_of
from ..domain.organisation import GLOBAL, User, without_overrides
from ..domain.services import Override, ServiceKind
from ..resolution.legacy import Disagreement, Members, disagreements, uses_own_smtp
from .draft import ENTRA, Draft


def settings_without_a_place(draft: Draft) -> None:
    """Settings 6.00.02 has no place for, with the users who had them on."""
    for member, why in (
        ("EmailUseMailTo", "mailto: links are gone; mail goes out by a service"),
        ("EmailEditInternal", "the Email Message wizard is always used"),
    ):
        users = [user.user_id for user, mine in draft.with_preferences() if mine.get(member) is True]
        draft.drop(f"finSettingsUser.{member}", why, users)


def unencrypted(draft: Draft) -> None:
    """Connections that were not encrypted, or could not have worked."""
    plain, mistaken = [], []
    for place, members in _smtp_in_use(draft):
        if members.get("EmailSmtpEnableSsl") is not True:
            plain.append(place)
        elif members.get("EmailSmtpPort") == 465:
            mistaken.append(place)
    draft.note(
        "warning",
        "Mail and passwords travel unencrypted: EnableSsl was off and becomes Security None.",
        "Ask for the server's TLS port and set Security to StartTls or SslOnConnect.",
        plain,
    )
    draft.note(
        "warning",
        "EnableSsl with port 465 could not have worked (STARTTLS on an implicit TLS port); becomes SslOnConnect.",
        "Send a test message before relying on it.",
        mistaken,
    )


def _smtp_in_use(draft: Draft) -> Iterable[tuple[str, Members]]:
    if "EmailSmtpServer" in draft.legacy.settings:
        yield "Global Settings", draft.legacy.settings
    for user, mine in draft.with_preferences():
        if uses_own_smtp(mine) and "EmailSmtpServer" in mine:
            yield user.user_id, mine
    for key, members in draft.legacy.web_configurations.items():
        if members.get("EmailSmtpOverride") is True and "EmailSmtpServer" in members:
            yield f"web configuration {draft.web_configurations.get(key, key)}", members


def refresh_tokens(draft: Draft) -> None:
    """Tokens of the old sign-in, which stay valid until revoked."""
    holders = [u.user_id for u, mine in draft.with_preferences() if _has_token(mine)]
    if _has_token(draft.legacy.settings):
        holders.insert(0, "Global Settings")
    if holders:
        draft.act(
            ENTRA,
            "Revoke the refresh tokens of the old sign-in: they are not carried over and stay valid otherwise.",
            "Entra ID, users, revoke sessions; the old app registration",
            holders,
        )


def _has_token(members: Members) -> bool:
    return members.get("EmailExchangeHasRefreshToken") is True or "EmailExchangeRefreshToken" in members


def values_that_do_not_count(draft: Draft) -> None:
    """Own values that do not count, and resolved values that say otherwise."""
    barred, dormant, serverless = [], [], []
    odd: list[Disagreement] = []
    for user, mine in draft.with_preferences():
        if without_overrides(user.active, user.external) and draft.rows.keys() & _override_places(user):
            barred.append(user.user_id)
        if not uses_own_smtp(mine) and any(
            m in mine for m in ("EmailSmtpServer", "EmailSmtpUserId", "EmailSmtpPassword")
        ):
            dormant.append(user.user_id)
        if uses_own_smtp(mine) and "EmailSmtpServer" not in mine:
            serverless.append(user.user_id)
        odd += disagreements(user.user_id, draft.legacy)
    draft.note("notice", "User overrides count for active, non-external users only; these are kept and ignored.",
               "Nothing to do unless the user becomes active or internal.", barred)  # fmt: skip
    draft.drop("finSettingsUser.EmailSmtp*", "own values of a user who uses the Global Settings never counted", dormant)
    draft.drop("finSettingsUser.EmailUseGlobalSettings", "own settings without a server could not send; "
               "GLOBAL's will be used", serverless)  # fmt: skip
    draft.note(
        "warning",
        "An exported …Resolved value differs from what the rules give; the exported value is what was in force.",
        "Look at these users' old screens before applying.",
        [found.words() for found in odd],
    )


def _override_places(user: User) -> set[tuple[str, Key]]:
    rows = (Override(cost_centre=GLOBAL, service=kind, user_id=user.user_id) for kind in ServiceKind)
    return {(table_of(row), key_of(row)) for row in rows}
