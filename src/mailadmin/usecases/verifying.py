"""Whether every account works, without sending: many at once, each by its own deadline, and for whom it matters.

Law: an account is verified once, however many users send by it; what is hidden from its users is not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from ..audit.advisories import Advisory, concerning
from ..bootstrap import App, advisories
from ..domain.keys import match_key
from ..domain.profiles import SmtpProfile
from ..domain.services import COST_CENTRE_SERVICES, ServiceKind
from ..domain.settings import SettingsInForce
from ..errors import MailAdminError, UnknownName
from ..providers.ladder import RUNGS, Result, Rung, climb
from ..resolution.population import population
from ..resolution.provenance import Context, Resolution, Status
from ..storage import repository, verifications
from .accounts import Account, account_of
from .switching import in_force

AT_ONCE = 32
"""Accounts verified at the same time."""

FRESH = timedelta(days=7)
"""How long a verification counts; after that it is stale."""

Progress = Callable[[int, int], None]
Climbing = Callable[..., tuple[Rung, ...]]


class Subject(NamedTuple):
    """An account to verify, or why it cannot be one, and the users who send by it."""

    service: ServiceKind
    cost_centre: str
    account: Account | None
    refused: MailAdminError | None
    users: tuple[str, ...]

    @property
    def name(self) -> str:
        """Which account, in words."""
        return self.account.profile.account if self.account else f"{self.service} of {self.cost_centre}"


@dataclass(frozen=True, slots=True)
class Verified:
    """What verifying an account showed. `at` is UTC, ISO 8601."""

    subject: Subject
    at: str
    rungs: tuple[Rung, ...]

    @property
    def result(self) -> Result:
        """FAILED where a rung broke, WARNING where one creaks, else PASSED."""
        results = {rung.result for rung in self.rungs}
        return next((r for r in (Result.FAILED, Result.WARNING) if r in results), Result.PASSED)

    @property
    def advisories(self) -> tuple[Advisory, ...]:
        """What will stop working about this account, the nearest date first."""
        profile = self.subject.account.profile if self.subject.account else None
        server = profile.server if isinstance(profile, SmtpProfile) else ""
        signs_in = isinstance(profile, SmtpProfile) and profile.user_name is not None
        return concerning(advisories(), self.subject.service, server, signs_in)

    @property
    def broken(self) -> Rung | None:
        """The rung that broke."""
        return next((rung for rung in self.rungs if rung.result is Result.FAILED), None)


def subjects(
    app: App, *, every_service: bool = False, users: Iterable[str] = (), cost_centre: str | None = None
) -> list[Subject]:
    """The distinct accounts people send by, with those people: by the service chosen by rule, or by every service.

    Raises UnknownName for a user or Cost Centre that is not there.
    """
    settings = in_force(app)
    with app.store.reading() as connection:
        organisation, people = repository.everybody(connection, app.sealer(connection))
    if cost_centre is not None and organisation.cost_centre(cost_centre) is None:
        raise UnknownName("cost centre", cost_centre)
    wanted = {match_key(user): user for user in users}
    found: dict[str, Subject] = {}
    missing = set(wanted)
    for service in COST_CENTRE_SERVICES if every_service else (None,):
        for answer in population(people, Context(service=service), organisation):
            key = match_key(answer.context.user or "")
            missing.discard(key)
            if answer.status is Status.READY and (not wanted or key in wanted):
                _add(app, found, answer, settings)
    if missing:
        raise UnknownName("user", wanted[sorted(missing)[0]], remedy="mailadmin effective lists everybody.")
    chosen = [s for s in found.values() if cost_centre is None or match_key(s.cost_centre) == match_key(cost_centre)]
    return sorted(chosen, key=lambda s: (s.cost_centre, s.service, s.name))


def _add(app: App, found: dict[str, Subject], answer: Resolution, settings: SettingsInForce) -> None:
    user = answer.context.user or ""
    service = answer.service or ServiceKind.SMTP
    centre = answer.winner.cost_centre if answer.winner else ""
    try:
        account = account_of(app, answer, settings)
    except MailAdminError as error:
        name = f"{service}/{centre}/{user}"
        found[name] = Subject(service, centre, None, error, (user,))
        return
    standing = found.get(account.profile_hash)
    users = (*standing.users, user) if standing else (user,)
    found[account.profile_hash] = Subject(service, centre, account, None, users)


def verify(
    app: App, wanted: Iterable[Subject], *, progress: Progress | None = None, climbing: Climbing = climb
) -> list[Verified]:
    """Verify accounts at once, and keep what was seen. Nothing is sent."""
    chosen = list(wanted)
    found: dict[int, Verified] = {}
    with ThreadPoolExecutor(max_workers=min(AT_ONCE, max(1, len(chosen)))) as pool:
        running = {pool.submit(_climbed, app, subject, climbing): place for place, subject in enumerate(chosen)}
        for done, future in enumerate(as_completed(running), 1):
            found[running[future]] = future.result()
            if progress:
                progress(done, len(chosen))
    results = [found[place] for place in sorted(found)]
    _keep(app, results)
    return results


def _climbed(app: App, subject: Subject, climbing: Climbing) -> Verified:
    at = app.now()
    if subject.account is None:
        what = subject.refused.what if subject.refused else ""
        remedy = subject.refused.remedy if subject.refused else ""
        first, *rest = RUNGS[subject.service]
        broken = Rung(first, Result.FAILED, meaning=what, remedy=remedy)
        return Verified(subject, at, (broken, *(Rung(name, Result.NOT_REACHED) for name in rest)))
    return Verified(subject, at, climbing(subject.account.profile, subject.account.own.email))


def _keep(app: App, results: Iterable[Verified]) -> None:
    with app.store.writing() as connection:
        for found in results:
            if found.subject.account is not None:
                rungs = [[r.name, str(r.result), round(r.seconds, 3), r.code, r.meaning, r.remedy] for r in found.rungs]
                verifications.keep(connection, found.subject.account.profile_hash, found.at, str(found.result), rungs)


def standing(app: App, at: datetime) -> Callable[[Account], str]:
    """How an account stands: `verified`, `stale`, `failed`, or `not verified`."""
    with app.store.reading() as connection:
        known = verifications.kept(connection)

    def stands(account: Account) -> str:
        kept = known.get(account.profile_hash)
        if kept is None:
            return "not verified"
        if kept[1] == Result.FAILED:
            return "failed"
        return "stale" if at - datetime.fromisoformat(kept[0]) > FRESH else "verified"

    return stands


def with_deadline(wanted: Iterable[Subject], seconds: float) -> Iterator[Subject]:
    """The same accounts, each given up after so many seconds."""
    for subject in wanted:
        if subject.account is None:
            yield subject
        else:
            profile = replace(subject.account.profile, deadline=seconds)
            yield subject._replace(account=subject.account._replace(profile=profile))
