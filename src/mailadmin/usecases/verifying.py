"""Whether every account works, without sending: many at once, each by its own deadline, and for whom it matters.

Laws: an account is verified once, however many users send by it; accounts that sign in alike are tried one after the
other, and a login that was refused is not tried again, since that could lock it; what is hidden from its users is not
asked; what was not tried says so and is not kept; what was seen is kept, whoever stops the rest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from threading import Thread
from typing import NamedTuple

from ..bootstrap import App
from ..domain.keys import match_key
from ..domain.profiles import OutlookProfile
from ..domain.services import ServiceKind
from ..errors import BadInput, MailAdminError
from ..providers.ladder import OWN_RUNGS, RUNGS, Result, Rung, climb, server_of
from ..resolution.provenance import Resolution
from ..sandbox.faults import FAULTS, Fault
from ..storage import verifications
from .accounts import Account, account_of
from .sandboxing import sandboxed
from .subjects import OUTLOOK
from .subjects import Subject as Subject
from .subjects import subjects as subjects
from .switching import in_force
from .turns import Lane, Turns

HANGS_AFTER = 3.0
"""Seconds after which an account under way is taken to hang, and another may go meanwhile."""

LATE_IN_A_LOGIN = 2
"""How many senders of one login may wait in vain, once it got in: one alone may be what its server ponders."""

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
    """What verifying an account showed, or that it was not tried. `at` is UTC, ISO 8601."""

    subject: Subject
    at: str
    rungs: tuple[Rung, ...]
    tried: bool = True

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

    @property
    def late(self) -> bool:
        """Whether it was given up because nothing came in time."""
        return self.broken is not None and self.broken.late


def verify(
    app: App, wanted: Iterable[Subject], *, progress: Progress | None = None, climbing: Climbing = climb
) -> list[Verified]:
    """Verify accounts, many at once, and keep what was seen. Nothing is sent.

    What `progress` raises, or an interrupt, ends it at once: what is under way is left to its own deadline.
    """
    asked = list(wanted)
    seen: dict[int, Verified] = {}
    try:
        for place, verified in _tried(app, asked, climbing, Turns(_logins(asked))):
            seen[place] = verified
            if progress:
                progress(len(seen), len(asked))
    finally:
        _keep(app, seen.values())
    return [seen[place] for place in range(len(asked))]


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
        wanted = subjects(app, every_service=True)
        # One server for all, and one account at a time: faults meet the accounts in the order in which they are listed.
        turns = Turns([("sandbox", places) for _, places in _logins(wanted)], most=1)
        seen = dict(_tried(app, wanted, climb, turns))
    return [seen[place] for place in range(len(wanted))]


def _logins(wanted: Iterable[Subject]) -> Iterator[tuple[str, list[int]]]:
    """The accounts of each login by their places, with the server they go to; what is no account stands alone."""
    alike: dict[Hashable, list[int]] = {}
    servers: dict[Hashable, str] = {}
    for place, subject in enumerate(wanted):
        login = subject.login if subject.account else (subject.login, place)
        servers[login] = server_of(subject.account.profile) if subject.account else ""
        alike.setdefault(login, []).append(place)
    return ((servers[login], places) for login, places in alike.items())


def _tried(app: App, wanted: list[Subject], climbing: Climbing, turns: Turns) -> Iterator[tuple[int, Verified]]:
    """What verifying showed of each account, by its place among those asked, as soon as it is known."""
    climbers = _Climbers(lambda place: _climbed(app, wanted[place], climbing))
    left = len(wanted)
    while left:
        while (turn := turns.take()) is not None:
            climbers.send(*turn)
        for place, verified in _known(wanted, climbers, turns):
            yield place, verified
            left -= 1


def _known(wanted: list[Subject], climbers: _Climbers, turns: Turns) -> Iterator[tuple[int, Verified]]:
    """What is known once the next is back: of itself, and of those it spares; nothing where one only hangs."""
    lane, place, verified = climbers.next()
    if verified is None:
        turns.hangs(lane)
        return
    yield place, verified
    if not verified.gets_in:
        for other in lane.leave():
            yield other, replace(verified, subject=wanted[other])
    given_up = lane.leave() if lane.late + verified.late == LATE_IN_A_LOGIN else []
    for other in given_up + turns.came(lane, late=verified.late):
        yield other, _untried(wanted[other], verified)


class _Climbers:
    """Threads, each of which climbs for one account.

    They are daemons, unlike those of a pool: whoever wants to leave does not wait for one that hangs.
    """

    def __init__(self, climbed: Callable[[int], Verified]) -> None:
        self._climbed = climbed
        self._back: SimpleQueue[tuple[Lane, int, Verified | BaseException]] = SimpleQueue()
        self._lively: dict[Lane, float] = {}

    def send(self, lane: Lane, place: int) -> None:
        """Have one climb."""
        self._lively[lane] = time.monotonic() + HANGS_AFTER
        Thread(target=self._climb, args=(lane, place), daemon=True, name="mailadmin-verify").start()

    def _climb(self, lane: Lane, place: int) -> None:
        try:
            self._back.put((lane, place, self._climbed(place)))
        except BaseException as error:
            self._back.put((lane, place, error))

    def next(self) -> tuple[Lane, int, Verified | None]:
        """The next that is back, with what it saw, or one that begins to hang, without. Raises what climbing raised."""
        until = next(iter(self._lively.values()), None)
        try:
            lane, place, seen = self._back.get(timeout=until and max(0.0, until - time.monotonic()))
        except Empty:
            oldest = next(iter(self._lively))
            del self._lively[oldest]
            return oldest, 0, None
        self._lively.pop(lane, None)
        if isinstance(seen, BaseException):
            raise seen
        return lane, place, seen


def _untried(subject: Subject, late: Verified) -> Verified:
    """What is said of an account that was spared, others having waited in vain: where they did, and nothing else."""
    rungs = [
        Rung(rung.name, Result.FAILED, meaning=f"not tried; others waited in vain: {rung.meaning}", remedy=rung.remedy)
        if rung.late
        else Rung(rung.name, Result.NOT_REACHED)
        for rung in late.rungs
    ]
    return Verified(subject, late.at, tuple(rungs), tried=False)


def _climbed(app: App, subject: Subject, climbing: Climbing) -> Verified:
    at = app.now()
    if subject.service is ServiceKind.OUTLOOK:
        return Verified(subject, at, climbing(OUTLOOK, ""))
    if subject.account is None:
        what = subject.refused.what if subject.refused else ""
        remedy = subject.refused.remedy if subject.refused else ""
        above = [Rung(name, Result.NOT_REACHED) for name in RUNGS.get(subject.service, ())]
        return Verified(subject, at, (Rung(_SETTINGS, Result.FAILED, meaning=what, remedy=remedy), *above))
    return Verified(subject, at, climbing(subject.account.profile, subject.account.own.email))


def _keep(app: App, results: Iterable[Verified]) -> None:
    seen: dict[str, verifications.Kept] = {}
    for found in results:
        if found.subject.account is not None and found.tried:
            rungs: list[list[object]] = [
                [r.name, str(r.result), round(r.seconds, 3), r.code, r.meaning, r.remedy] for r in found.rungs
            ]
            seen[found.subject.account.profile_hash] = found.at, str(found.result), rungs
    with app.store.writing() as connection:
        verifications.keep(connection, seen)


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
