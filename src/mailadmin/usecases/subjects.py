"""The accounts people send by: each distinct one once, with everybody who sends by it.

Law: an account is one subject, however many users send by it; those that sign in alike are known to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from functools import cache
from typing import NamedTuple

from ..audit.advisories import Advisory, concerning
from ..bootstrap import App, advisories
from ..domain.governed import Organisation
from ..domain.keys import match_key
from ..domain.profiles import OutlookProfile, user_name_of
from ..domain.services import COST_CENTRE_SERVICES, FIELDS, ServiceKind, Unit, Values
from ..domain.settings import SettingsInForce
from ..errors import MailAdminError, UnknownName
from ..resolution.population import People, Population, population
from ..resolution.provenance import Context, Resolution, Status
from ..storage import repository
from .accounts import Account, account_of
from .switching import in_force

OUTLOOK = OutlookProfile(own="")
"""Everybody's own Outlook."""

_SIGN_IN = frozenset({Unit.SERVER, Unit.CREDENTIALS, Unit.APPLICATION})


class Subject(NamedTuple):
    """An account to verify, or why it cannot be one, and the users who send by it. Outlook has neither: it is not here.

    Accounts with the same number of `login` sign in alike: they differ in their From or mailbox alone.
    """

    service: ServiceKind
    cost_centre: str
    account: Account | None
    refused: MailAdminError | None
    users: tuple[str, ...]
    login: int = 0
    server: str = ""
    signs_in: bool = False

    @property
    def name(self) -> str:
        """Which account, in words."""
        if self.account is not None:
            return self.account.profile.account
        return OUTLOOK.account if self.service is ServiceKind.OUTLOOK else f"{self.service} of {self.cost_centre}"

    @property
    def sender(self) -> str:
        """Its own From."""
        return self.account.own.email if self.account else ""

    @property
    def advisories(self) -> tuple[Advisory, ...]:
        """What will stop working about it, the nearest date first."""
        return concerning(_facts(), self.service, self.server, self.signs_in)


@cache
def _facts() -> tuple[Advisory, ...]:
    return advisories()


def subjects(
    app: App, *, every_service: bool = False, users: Iterable[str] = (), cost_centre: str | None = None
) -> list[Subject]:
    """The distinct accounts people send by, with those people: by the service chosen by rule, or by every service.

    Only accounts of these users, or of a Cost Centre, where named; each with everybody who sends by it. Raises
    UnknownName for a user or Cost Centre that is not there.
    """
    with app.store.reading() as connection:
        organisation, people = repository.everybody(connection, app.sealer(connection))
    if cost_centre is not None and organisation.cost_centre(cost_centre) is None:
        raise UnknownName("cost centre", cost_centre)
    wanted = {match_key(user): user for user in users}
    if missing := wanted.keys() - set(people.keys):
        raise UnknownName("user", wanted[min(missing)], remedy="mailadmin effective lists everybody.")
    by_method = (None,) if organisation.preferences else ()
    services = (*COST_CENTRE_SERVICES, *by_method) if every_service else (None,)
    chosen = [
        subject._replace(users=tuple(sorted(set(subject.users), key=match_key)))
        for subject in subjects_among(app, organisation, people, in_force(app), services)
        if (cost_centre is None or match_key(subject.cost_centre) == match_key(cost_centre))
        and (not wanted or not wanted.keys().isdisjoint(map(match_key, subject.users)))
    ]
    return sorted(chosen, key=lambda s: (s.cost_centre, s.service, s.name, s.sender, s.users))


def subjects_among(
    app: App,
    organisation: Organisation,
    people: People,
    settings: SettingsInForce,
    services: Iterable[ServiceKind | None],
) -> Iterable[Subject]:
    """The distinct accounts these people send by, by each of these services (None: chosen by rule)."""
    found: dict[Hashable, Subject] = {}
    users: dict[Hashable, list[str]] = defaultdict(list)
    logins: dict[Hashable, int] = {}
    for service in services:
        for answer, its_users in _distinct(population(people, Context(service=service), organisation)):
            subject = _subject(app, answer, settings, logins)
            key = subject.account.profile_hash if subject.account else (subject.login, str(subject.refused))
            found[key] = subject
            users[key] += its_users
    return [subject._replace(users=tuple(users[key])) for key, subject in found.items()]


def _distinct(found: Population) -> Iterator[tuple[Resolution, list[str]]]:
    """Every distinct answer that is ready, with the users it is the answer for."""
    users: dict[tuple[int, Values | None], list[str]] = {}
    for user, code, position in zip(found.people.user_ids, found.codes, range(len(found)), strict=True):
        users.setdefault((code, found.own.get(position)), []).append(user)
    ready = {code for code, answer in enumerate(found.answers) if answer.status is Status.READY}
    for (code, own), alike in users.items():
        if code in ready:
            yield found.answers[code].of(alike[0], own), alike


def _subject(app: App, answer: Resolution, settings: SettingsInForce, logins: dict[Hashable, int]) -> Subject:
    """The account of an answer, still without its users."""
    service = answer.service or ServiceKind.SMTP
    centre = answer.winner.cost_centre if answer.winner else ""
    pairs = list(zip(FIELDS, answer.values, strict=True))
    values = {field.name: value for field, value in pairs}
    alike = service, centre, *[value for field, value in pairs if field.unit in _SIGN_IN]
    account, refused = None, None
    try:
        account = account_of(app, answer, settings) if service is not ServiceKind.OUTLOOK else None
    except MailAdminError as error:
        refused = error
    return Subject(
        service,
        centre,
        account,
        refused,
        users=(),
        login=logins.setdefault(alike, len(logins)),
        server=values["server"] or "",
        signs_in=user_name_of(values["user_name"]) is not None,
    )
