"""What becomes of one user or web configuration: the kind of effect a change from one answer to another has.

Laws: answers are compared in the words of the target; of own values as little is looked at as it takes to decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from operator import itemgetter
from typing import Any, NamedTuple

from ..domain.legacy import Method, security_of
from ..domain.services import FIELD_NAMES, SECRET_FIELDS, Values
from ..resolution.provenance import Resolution, Status


class Kind(StrEnum):
    """What becomes of one user or web configuration: the first that applies."""

    SAME = "same"
    STOPS = "stop sending"
    NEEDS_INPUT = "need input"
    STARTS = "start sending"
    SERVICE = "change service"
    SERVER = "change server"
    ACCOUNT = "change account"
    SENDER = "change sender"
    OTHER = "change, still cannot send"


KINDS: dict[Kind, str] = {
    Kind.SAME: "nothing changes",
    Kind.STOPS: "could send and cannot any more",
    Kind.NEEDS_INPUT: "can send again once a secret that could not be carried over has been entered",
    Kind.STARTS: "could not send and now can",
    Kind.SERVICE: "mail goes out by another service",
    Kind.SERVER: "another server, port or security",
    Kind.ACCOUNT: "another user name, password, application or mailbox",
    Kind.SENDER: "another From",
    Kind.OTHER: "could not send and cannot now, for another reason or with other values",
}
"""TABLE: the kinds of effect, in the order in which people want to read them, in words."""


class Side(NamedTuple):
    """As much of an answer as the kind of effect depends on; `values` are comparable, `personal` ones a user's own."""

    way: str
    status: Status
    missing: tuple[str, ...]
    values: Values
    answered: Values
    personal: tuple[int, ...]
    old: bool

    @classmethod
    def of(cls, answer: Resolution) -> Side:
        """An answer's side."""
        merged, old = answer.merged, answer.method is not None
        values = _comparable(merged.values, old)
        return cls(way(answer), answer.status, merged.missing, values, merged.values, merged.personal, old)

    def with_(self, own: Values | None) -> Values:
        """The values, those of another user among them."""
        if own is None:
            return self.values
        values = list(self.answered)
        for i in self.personal:
            values[i] = own[i]
        return _comparable(values, self.old)

    def masked(self, places: Iterable[int], mask: object) -> Values:
        """The values, those that stand in these places covered up."""
        values = list(self.values)
        for i in places:
            if values[i] is not None:
                values[i] = mask
        return tuple(values)


_SERVER, _PORT, _SECURITY = map(FIELD_NAMES.index, ("server", "port", "security"))


def comparable(answer: Resolution) -> Values:
    """An answer's values in the words of the target: EnableSsl as Security, a blank port as 0."""
    return _comparable(answer.values, answer.method is not None)


def _comparable(answered: Sequence[Any], old: bool) -> Values:
    if not old or answered[_SERVER] is None:
        return tuple(answered)
    values = list(answered)
    values[_SECURITY] = security_of(values[_SECURITY], values[_PORT])
    values[_PORT] = values[_PORT] or 0
    return tuple(values)


def way(answer: Resolution) -> str:
    """The way mail goes out, in one word."""
    if answer.service is not None:
        return str(answer.service)
    return str(answer.method) if answer.method is Method.MAILTO else ""


def _places(*names: str) -> Callable[[Values], tuple[Any, ...]]:
    return itemgetter(*map(FIELD_NAMES.index, names))


_UNIT_KINDS = (
    (Kind.SERVER, _places("server", "port", "security")),
    (Kind.ACCOUNT, _places("user_name", "password", "tenant_id", "client_id", "client_secret", "mailbox")),
    (Kind.SENDER, _places("sender_name", "sender_email")),
)


def kind_of(before: Resolution, after: Resolution) -> Kind:
    """The kind of effect a change from one answer to another has."""
    return kind_between(Side.of(before), Side.of(after))


def kind_between(before: Side, after: Side) -> Kind:
    """The same of two sides."""
    return _settled(before, after) or compared(after, before.values, after.values)


def alike(before: Side, after: Side) -> Kind | None:
    """The kind of effect whatever somebody's own values are; None where it is they that decide."""
    if kind := _settled(before, after):
        return kind
    personal = {*before.personal, *after.personal}
    if not personal:
        return compared(after, before.values, after.values)
    # At best all own values agree with what is on the other side, at worst none does.
    was = before.masked(personal, 0)
    agreeing, differing = (compared(after, was, after.masked(personal, mask)) for mask in (0, 1))
    return agreeing if agreeing is differing else None


def _settled(before: Side, after: Side) -> Kind | None:
    """The kind of effect where it makes no difference what the values are, only which are there."""
    could, can = before.status is Status.READY, after.status is Status.READY
    if could and not can:
        old = dict(zip(FIELD_NAMES, before.values, strict=True))
        entered_again = after.missing and all(name in SECRET_FIELDS and old[name] for name in after.missing)
        return Kind.NEEDS_INPUT if entered_again else Kind.STOPS
    if can and not could:
        return Kind.STARTS
    if before.way != after.way:
        return Kind.SERVICE if can else Kind.OTHER
    return None if before.status is after.status else Kind.OTHER


def compared(after: Side, was: Values, now: Values) -> Kind:
    """The kind of effect where mail goes out the same way, or goes out neither before nor after."""
    if was == now:
        return Kind.SAME
    if after.status is not Status.READY:
        return Kind.OTHER
    return next(kind for kind, unit in _UNIT_KINDS if unit(was) != unit(now))
