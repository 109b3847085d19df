"""Whether every account works, without sending: many at once, each by its own deadline, and for whom it matters.

Laws: an account is verified once, however many users send by it; accounts that sign in alike are tried one after the
other, and a login that was refused is not tried again, since that could lock it; what is hidden from its users is not
asked.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import NamedTuple

from ..bootstrap import App
from ..domain.keys import match_key
from ..domain.profiles import OutlookProfile
from ..domain.services import ServiceKind
from ..errors import BadInput, MailAdminError
from ..providers.ladder import OWN_RUNGS, RUNGS, Result, Rung, climb
from ..resolution.provenance import Resolution
from ..sandbox.faults import FAULTS, Fault
from ..storage import verifications
from .accounts import Account, account_of
from .sandboxing import sandboxed
from .subjects import OUTLOOK
from .subjects import Subject as Subject
from .subjects import subjects as subjects
from .switching import in_force

AT_ONCE = 32
"""Accounts verified at the same time."""

FRESH = timedelta(days=7)
"""How long a verification counts; after that it is stale."""

_SETTINGS = "settings"
"""The rung below all others: whether the settings make an account at all."""

WORST_FIRST = (Result.FAILED, Result.WARNING, Result.PASSED)
"""What can come of an account."""

Progress = Callable[[int, int], None]
Climbing = Callable[..., tuple[Rung, ...]]


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
        return next((result for result in WORST_FIRST if result in results), Result.PASSED)

    @property
    def broken(self) -> Rung | None:
        """The rung that broke."""
        return next((rung for rung in self.rungs if rung.result is Result.FAILED), None)

    @property
    def odd(self) -> Rung | None:
        """The rung to look at: the one that broke, else the first that creaks."""
        return self.broken or next((rung for rung in self.rungs if rung.result is Result.WARNING), None)

    @property
    def gets_in(self) -> bool:
        """Whether it came past signing in, to the rungs of its own."""
        return self.broken is None or self.broken.name in OWN_RUNGS


def verify(
    app: App, wanted: Iterable[Subject], *, progress: Progress | None = None, climbing: Climbing = climb
) -> list[Verified]:
    """Verify accounts, many at once, and keep what was seen. Nothing is sent."""
    found = _tried(app, list(wanted), progress, climbing, AT_ONCE)
    _keep(app, found)
    return found


def verify_in_sandbox(app: App, faults: Mapping[str, int] | None = None) -> list[Verified]:
    """Verify every service's accounts in a sandbox, where each of these faults strikes so many times.

    One account after the other, so that the same faults strike the same ones. Nothing leaves the machine, and nothing
    is kept, since it says nothing about the real servers. Raises BadInput for an unknown fault, KeyNeeded.
    """
    for name in faults or {}:
        if name not in set(Fault):
            raise BadInput(f"There is no fault {name!r}.", remedy=f"There are: {', '.join(FAULTS)}.")
    with sandboxed(app, tick_global=True) as playing:
        for name, times in (faults or {}).items():
            playing.sandbox.faults.switch_on(Fault(name), times=times)
        return _tried(app, subjects(app, every_service=True), None, climb, 1)


def _tried(
    app: App, wanted: list[Subject], progress: Progress | None, climbing: Climbing, at_once: int
) -> list[Verified]:
    """What verifying showed, in the order asked."""
    alike: dict[int, list[int]] = {}
    for place, subject in enumerate(wanted):
        alike.setdefault(subject.login, []).append(place)
    found: dict[int, Verified] = {}
    one_by_one = Lock()

    def in_turn(places: list[int]) -> None:
        stuck: tuple[Rung, ...] | None = None
        for place in places:
            verified = _climbed(app, wanted[place], climbing, stuck)
            stuck = None if verified.gets_in else verified.rungs
            with one_by_one:
                found[place] = verified
                if progress:
                    progress(len(found), len(wanted))

    with ThreadPoolExecutor(max_workers=at_once) as pool:
        for _ in pool.map(in_turn, alike.values()):
            pass
    return [found[place] for place in range(len(wanted))]


def _climbed(app: App, subject: Subject, climbing: Climbing, stuck: tuple[Rung, ...] | None) -> Verified:
    at = app.now()
    if stuck is not None:
        return Verified(subject, at, stuck)
    if subject.service is ServiceKind.OUTLOOK:
        return Verified(subject, at, climbing(OUTLOOK, ""))
    if subject.account is None:
        what = subject.refused.what if subject.refused else ""
        remedy = subject.refused.remedy if subject.refused else ""
        above = [Rung(name, Result.NOT_REACHED) for name in RUNGS.get(subject.service, ())]
        return Verified(subject, at, (Rung(_SETTINGS, Result.FAILED, meaning=what, remedy=remedy), *above))
    return Verified(subject, at, climbing(subject.account.profile, subject.account.own.email))


def _keep(app: App, results: Iterable[Verified]) -> None:
    with app.store.writing() as connection:
        for found in results:
            if found.subject.account is not None:
                rungs = [[r.name, str(r.result), round(r.seconds, 3), r.code, r.meaning, r.remedy] for r in found.rungs]
                verifications.keep(connection, found.subject.account.profile_hash, found.at, str(found.result), rungs)


class Finding(NamedTuple):
    """Accounts of one sign-in that fared alike, and all who send by them: one line of an overview."""

    subject: Subject
    result: Result
    odd: Rung | None
    accounts: int
    users: tuple[str, ...]
    rungs: tuple[Rung, ...]


def findings(found: Iterable[Verified]) -> list[Finding]:
    """What to look at: the worst first, and of these what concerns most users."""
    alike: dict[Hashable, list[Verified]] = {}
    for verified in found:
        fared = verified.odd and (verified.odd.name, verified.odd.meaning)
        alike.setdefault((*verified.subject[:2], verified.subject.name, verified.result, fared), []).append(verified)
    lines = [
        Finding(
            first.subject,
            first.result,
            first.odd,
            len(group),
            tuple(sorted({user for verified in group for user in verified.subject.users}, key=match_key)),
            first.rungs,
        )
        for group in alike.values()
        for first in group[:1]
    ]
    return sorted(lines, key=lambda f: (WORST_FIRST.index(f.result), -len(f.users), f.subject.service, f.subject.name))


class Standing(NamedTuple):
    """How an account stands: `verified`, `stale`, `failed` or `never verified`; and when it was tried (ISO 8601)."""

    word: str
    at: str = ""

    def __str__(self) -> str:
        return f"{self.word}, tried on {self.at[:10]}" if self.at else self.word


def standing(app: App, answer: Resolution) -> Standing:
    """How the account of an answer stands as of today."""
    try:
        account = account_of(app, answer, in_force(app))
    except MailAdminError:
        return Standing("never verified")
    return standing_of(app, account)


def standing_of(app: App, account: Account) -> Standing:
    """How an account stands as of today."""
    with app.store.reading() as connection:
        known = verifications.kept(connection, account.profile_hash)
    if known is None:
        return Standing("never verified")
    at, result, _ = known
    if result == Result.FAILED:
        return Standing("failed", at)
    return Standing("stale" if app.clock() - datetime.fromisoformat(at) > FRESH else "verified", at)


def with_deadline(wanted: Iterable[Subject], seconds: float) -> Iterator[Subject]:
    """The same accounts, each given up after so many seconds."""
    for subject in wanted:
        if subject.account is None or isinstance(subject.account.profile, OutlookProfile):
            yield subject
        else:
            profile = replace(subject.account.profile, deadline=seconds)
            yield subject._replace(account=subject.account._replace(profile=profile))
