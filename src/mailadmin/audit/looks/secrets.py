"""Secrets: those that are missing, cannot be read, or are the same for several people. No secret is read here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ...domain.services import FIELDS, NOT_CAPTURED, Unit, is_captured
from ..accounts import Account
from ..facts import SECRETS, Facts
from ..findings import Seen
from .rule import HIGH, KB_22347, PRUDENCE, Rule

_SECRETS = tuple(field for field in FIELDS if field.secret)
_NAMED = 3
"""So many others are named."""


def missing_secret(facts: Facts) -> Iterator[Seen]:
    """Accounts that need a secret and have none, or one that nobody ever read."""
    for account in facts.accounts:
        for field in _SECRETS:
            if account.service in field.services and account.has_own(field.unit, Unit.SERVER):
                value = account.values.get(field.name)
                if value == NOT_CAPTURED:
                    yield Seen(account.name, f"{field.label} is known to be set and was never read")
                elif value is None and _needs(account, field.name):
                    yield Seen(account.name, f"{field.label} is not set")


def _needs(account: Account, field: str) -> bool:
    return account.signs_in if field == "password" else bool(account.values.get("client_id"))


def unreadable_secret(facts: Facts) -> Iterator[Seen]:
    """Places whose secret is not in the vault, or cannot be decrypted."""
    for place in facts.secrets:
        yield Seen(place.name, place.trouble)


def shared_password(facts: Facts) -> Iterator[Seen]:
    """Users with an account of their own and the password of somebody else's."""
    alike: dict[object, list[Account]] = defaultdict(list)
    for account in facts.accounts:
        password = account.values.get("password")
        if is_captured(password) and account.has_own(Unit.CREDENTIALS):
            alike[password].append(account)
    for accounts in alike.values():
        users = sorted(account.name for account in accounts)
        for account in accounts:
            others = [name for name in users if name != account.name]
            if account.user and others:
                more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
                yield Seen(account.name, f"has the same password as {', '.join(others[:_NAMED])}{more}")


RULES: tuple[Rule, ...] = (
    Rule(
        "secret-missing",
        HIGH,
        "A secret is missing",
        "Without it the account cannot sign in.",
        KB_22347,
        "mailadmin secret set",
        missing_secret,
    ),
    Rule(
        "secret-unreadable",
        HIGH,
        "A secret cannot be read",
        "It is noted as set, and its text is not in the vault or under a key that is gone.",
        PRUDENCE,
        "Bring the key back, or enter it again: mailadmin secret set",
        unreadable_secret,
        SECRETS,
    ),
    Rule(
        "shared-password",
        HIGH,
        "Several users, one password",
        "Nobody can say who sent what, and it cannot be changed for one of them alone.",
        PRUDENCE,
        "Give each account a password of its own, or let these users send by the Cost Centre's account.",
        shared_password,
    ),
)
