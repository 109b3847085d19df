"""Where a store stands and what comes next, for somebody who opens it for the first time or after a while.

Law: what cannot be looked at is said, and the others are looked at all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from ..audit.findings import Severity
from ..bootstrap import App
from ..domain.settings import FORCED, STOPPED
from ..errors import MailAdminError
from ..migration.plan import Purpose
from ..resolution.population import Population
from ..resolution.provenance import Status
from ..storage import repository
from ..storage.books import Run
from ..storage.outbox import State
from . import configuring, finding, migrating, reconciling, switching, verifying

NAMED = 3
"""So many users are named; the others are counted."""


class Stand(StrEnum):
    """How something stands."""

    DONE = "done"
    TO_DO = "to do"
    LATER = "later"
    LOOK = "look at it"


class Point(NamedTuple):
    """One thing that was looked at; `notebook` is where to go on with it."""

    what: str
    stand: Stand
    found: str
    remedy: str = ""
    notebook: str = ""


class Seen(NamedTuple):
    """What every look looks at."""

    app: App
    everybody: Population
    runs: list[Run]


Look = Callable[[Seen], Iterator[Point]]
Progress = Callable[[str, int, int], None]

SNAPSHOT, MIGRATE, AUDIT = "1-snapshot.ipynb", "2-migrate.ipynb", "3-audit.ipynb"
CONFIGURE, COMPOSE, VERIFY = "4-configure.ipynb", "5-compose.ipynb", "8-verify.ipynb"


def overview(app: App, *, progress: Progress | None = None) -> list[Point]:
    """How everything stands, in the order in which one works."""
    (everybody,) = configuring.effective(app)
    seen = Seen(app, everybody, migrating.history(app))
    points: list[Point] = []
    for number, (what, look) in enumerate(LOOKS.items()):
        if progress:
            progress(f"Looking at: {what}", number, len(LOOKS))
        points += _looked(what, look, seen)
    return points


def next_step(points: Iterable[Point]) -> Point | None:
    """What to do now: the first thing that is to be done, else the first to look at."""
    known = list(points)
    wanted = [point for stand in (Stand.TO_DO, Stand.LOOK) for point in known if point.stand is stand]
    return wanted[0] if wanted else None


def _looked(what: str, look: Look, seen: Seen) -> Iterator[Point]:
    try:
        yield from look(seen)
    except MailAdminError as error:
        yield Point(what, Stand.LOOK, error.what, error.remedy)


def _key(seen: Seen) -> Iterator[Point]:
    with seen.app.store.reading() as connection:
        key_id = repository.state(connection).key_id
        here = seen.app.key(connection) is not None
    if key_id is None:
        remedy = "Make one here, with the button below. Without it no password can be kept."
        yield Point("Key", Stand.TO_DO, "there is none yet", remedy)
    elif not here:
        yield Point("Key", Stand.LOOK, f"key {key_id}… is not here, so no password can be read", "Bring it back.")
    else:
        yield Point("Key", Stand.DONE, "it is here; keep a copy of it somewhere safe")


def _snapshot(seen: Seen) -> Iterator[Point]:
    taken = migrating.snapshots(seen.app)
    if taken:
        last = taken[-1]
        found = f"{len(taken)} taken, the last on {last.taken_at[:10]} from {last.source}"
        yield Point("Snapshot", Stand.DONE, found, notebook=SNAPSHOT)
    elif seen.runs:
        yield Point("Snapshot", Stand.LATER, "none; the settings were entered here", notebook=SNAPSHOT)
    else:
        remedy = "Note the old settings before the upgrade: from an export, or typed in by hand."
        yield Point("Snapshot", Stand.TO_DO, "none was taken yet", remedy, SNAPSHOT)


def _migration(seen: Seen) -> Iterator[Point]:
    back = {run.reverses for run in seen.runs}
    done = [run for run in seen.runs if run.purpose == Purpose.MIGRATION and run.run not in back]
    if done:
        yield Point("Migration", Stand.DONE, f"applied on {done[-1].applied_at[:10]}", notebook=MIGRATE)
    elif migrating.snapshots(seen.app):
        remedy = "See what changes for whom, then apply it."
        yield Point("Migration", Stand.TO_DO, "not applied", remedy, MIGRATE)
    else:
        yield Point("Migration", Stand.LATER, "after the snapshot", notebook=MIGRATE)


def _users(seen: Seen) -> Iterator[Point]:
    if not len(seen.everybody):
        yield Point("Users", Stand.LATER, "none yet", notebook=CONFIGURE)
        return
    counted = Counter(seen.everybody.answers[code].status for code in seen.everybody.codes)
    told = ", ".join(f"{counted[status]:,} {status}" for status in Status if counted[status])
    cannot = len(seen.everybody) - counted[Status.READY]
    if cannot:
        words = (
            f"{cannot:,} of {len(seen.everybody):,} cannot send: {', '.join(_names(seen.everybody, cannot))} ({told})"
        )
        yield Point("Users", Stand.LOOK, words, "See why, user by user, and mend it.", CONFIGURE)
    else:
        yield Point("Users", Stand.DONE, f"all {len(seen.everybody):,} can send", notebook=CONFIGURE)


def _names(everybody: Population, count: int) -> Iterator[str]:
    found = (
        user
        for user, code in zip(everybody.people.user_ids, everybody.codes, strict=True)
        if everybody.answers[code].status is not Status.READY
    )
    for _ in range(min(count, NAMED)):
        yield next(found)
    if count > NAMED:
        yield f"and {count - NAMED:,} more"


def _mail(seen: Seen) -> Iterator[Point]:
    settings = switching.in_force(seen.app)
    if reason := settings.get(STOPPED):
        yield Point("Mail", Stand.LOOK, f"all mail is stopped: {reason}", "mailadmin mail resume", COMPOSE)
    elif settings.get(FORCED) == "yes":
        remedy = "mailadmin settings set test_mode.forced no"
        yield Point("Mail", Stand.LOOK, "forced test mode is on: nobody outside gets anything", remedy, COMPOSE)
    else:
        yield Point("Mail", Stand.DONE, "can go out", notebook=COMPOSE)


def _accounts(seen: Seen) -> Iterator[Point]:
    accounts = [subject.account for subject in verifying.subjects(seen.app)]
    words = Counter(verifying.standing_of(seen.app, account).word if account else "not usable" for account in accounts)
    told = ", ".join(f"{words[word]:,} {word}" for word in sorted(words))
    if not words:
        yield Point("Accounts", Stand.LATER, "none that could be tried", notebook=VERIFY)
    elif set(words) == {"verified"}:
        yield Point("Accounts", Stand.DONE, told, notebook=VERIFY)
    else:
        yield Point("Accounts", Stand.LOOK, told, "Try them; nothing is sent by that.", VERIFY)


def _messages(seen: Seen) -> Iterator[Point]:
    entries = reconciling.messages(seen.app)
    unknown = sum(entry.state is State.UNKNOWN for entry in entries)
    if unknown:
        found = f"of {unknown:,} nobody knows whether they were sent"
        yield Point("Messages", Stand.LOOK, found, "Look them up in the outbox.", COMPOSE)
    else:
        stand = Stand.DONE if entries else Stand.LATER
        yield Point("Messages", stand, f"{len(entries):,} in the outbox" if entries else "none yet", notebook=COMPOSE)


def _findings(seen: Seen) -> Iterator[Point]:
    counts = finding.findings(seen.app, as_of=seen.app.clock().date()).counts
    told = ", ".join(f"{counts[severity]:,} {severity}" for severity in Severity if counts[severity])
    if told:
        yield Point("Findings", Stand.LOOK, told, "Read them; mend them or answer for them.", AUDIT)
    else:
        stand = Stand.DONE if len(seen.everybody) else Stand.LATER
        yield Point("Findings", stand, "none", notebook=AUDIT)


LOOKS: dict[str, Look] = {
    "Key": _key,
    "Snapshot": _snapshot,
    "Migration": _migration,
    "Users": _users,
    "Mail": _mail,
    "Accounts": _accounts,
    "Messages": _messages,
    "Findings": _findings,
}
"""TABLE: what is looked at, in the order in which one works."""
