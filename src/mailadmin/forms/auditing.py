"""What a notebook shows of an audit: who may and by which path, what changed, who did, and what was found.

Law: days are told in words, and what differs from run to run, such as the seconds of a change, is not shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from ..audit.access import Access, Holder, Word
from ..audit.findings import Findings, Severity
from ..bootstrap import App, connect, sample_folder
from ..domain.keys import match_key
from ..errors import UnknownName
from ..migration.draft import whom
from ..usecases import keeping, migrating
from .display import Page, Table
from .pictures import BLUE, GREY, ORANGE, SKY, VERMILION, Picture, _bars

if TYPE_CHECKING:
    from ..audit.history import AccessChange
    from ..usecases.auditing import Use

WORDS: dict[Word, str] = {Word.ALLOW: BLUE, Word.DENY: GREY, Word.UNKNOWN: ORANGE}
"""TABLE: the colour of every decision."""

SEVERITIES: dict[Severity, str] = {
    Severity.HIGH: VERMILION,
    Severity.MEDIUM: ORANGE,
    Severity.LOW: SKY,
    Severity.INFO: GREY,
}
"""TABLE: the colour of every severity."""


def opened(store: str, practice: str, as_of: str) -> App:
    """The store named; where none is, one in the folder for practice, with the sample company migrated on that day."""
    if store:
        return connect(store)
    noon = datetime.fromisoformat(f"{as_of}T12:00:00+00:00")
    app = connect(Path(practice) / "mailadmin.db", environment={}, clock=lambda: noon, actor="practice")
    keeping.create_key(app)
    plan = migrating.make_plan(app, migrating.take_snapshot(app, sample_folder() / "kowhai-csv"))
    migrating.apply(app, plan, plan.confirmation)
    return app


def decisions(access: Access) -> Picture:
    """How many users each reason concerns, as bars."""
    bars = [
        ("\n".join(wrap(reason, _LABEL, max_lines=2, placeholder=" …")), count, WORDS[Word(reason.partition(":")[0])])
        for reason, count in access.paths.items()
    ]
    title = f"{access.key}: {_counted(access)}"
    told = ", ".join(f"{reason}: {count}" for reason, count in access.paths.items()) or "nobody was read"
    return replace(_bars(title, bars), alt=f"{title}. {told}.")


_LABEL = 24
"""Characters that fit beside a bar."""


def _counted(access: Access) -> str:
    told = [f"{access.counts[word]:,} {word}" for word in Word if access.counts[word]]
    return f"of {len(access):,} users {', '.join(told) or 'none'}"


def holders(access: Access) -> Page:
    """Everybody who may, with the row that decides, and what has to be known about the answer."""
    rows = [(h.user_id, h.name, h.level, h.reason, ", ".join(h.flags)) for h in access.holders()]
    table = Table(f"{len(rows)} user(s) may", ("user", "name", "level", "by which path", "flags"), rows)
    return Page(f"Who may: {access.key}, where roles contradict “{access.rule}”", access.notes, (table,))


def conflicts(access: Access) -> Table:
    """Everybody whose answer would be another under the other rule."""
    columns = ("user", "name", "decision", "roles that allow", "roles that deny")
    rows = [
        (h.user_id, h.name, h.decision, ", ".join(h.roles_allow), ", ".join(h.roles_deny))
        for h in access.those(lambda answer: answer.conflict)
    ]
    return Table(f"{len(rows)} answer(s) depend on the rule", columns, rows)


def path(access: Access, user: str = "") -> Table:
    """The path of one user's decision, or of one for each reason there is. Raises UnknownName."""
    found = [h for h in access.rows() if match_key(h.user_id) == match_key(user)] if user else _one_each(access)
    if user and not found:
        raise UnknownName("user", user, remedy="holders(…) and conflicts(…) name users.")
    rows = [(h.user_id, h.decision, step, row) for h in found for step, row in enumerate(h.path, 1)]
    return Table("Path of the decision", ("user", "decision", "step", "row"), rows)


def _one_each(access: Access) -> list[Holder]:
    first: dict[str, Holder] = {}
    for holder in access.rows():
        first.setdefault(f"{holder.decision}: {holder.reason}", holder)
    return [first[reason] for reason in access.paths]


def changes(found: Iterable[AccessChange]) -> Table:
    """Whose answer changed, when, by whose change of what."""
    rows = [(_day(c.at), c.user_id, c.change, c.reason, c.what, c.actor, c.seq) for c in found]
    columns = ("day", "user", "change", "why", "what was changed", "by", "entry")
    return Table(f"{len(rows)} answer(s) changed", columns, rows)


def _day(at: str) -> str:
    if not at:
        return ""
    day = date.fromisoformat(at[:10])
    return f"{day.day} {day:%B %Y}"


def used(found: Iterable[Use]) -> Table:
    """Every message whose From was changed, and every one refused for it."""
    rows = [(_day(u.at), u.user_id, u.sender, u.own, u.allowed_by or u.refused, u.outcome) for u in found]
    refused = frozenset(i for i, row in enumerate(rows) if row[-1] == "refused")
    columns = ("day", "user", "from", "own address", "why", "outcome")
    return Table(f"{len(rows)} message(s) with another From", columns, rows, refused)


def severities(found: Findings) -> Picture:
    """How many findings are open, by severity, as bars."""
    bars = [(str(severity), count, SEVERITIES[severity]) for severity, count in found.counts.items() if count]
    return _bars(f"{len(found.open)} open finding(s)", bars)


def findings(found: Findings) -> Page:
    """What was found, a line for each rule, and what could not be looked at."""
    counted = Counter((row.severity, row.rule, row.remedy) for row in found.open)
    rows = [
        (severity, rule, count, whom([row.subject for row in found.open if row.rule == rule]), remedy)
        for (severity, rule, remedy), count in counted.items()
    ]
    high = frozenset(i for i, row in enumerate(rows) if row[0] is Severity.HIGH)
    table = Table("Open findings, by rule", ("severity", "rule", "count", "about", "what to do"), rows, high)
    accepted = Table(
        "Accepted exceptions", ("rule", "about", "reason", "owner", "until"),
        [(a.rule, a.subject, a.reason, a.owner, _day(a.until)) for a in found.exceptions],
    )  # fmt: skip
    return Page(f"{len(found.open)} open finding(s)", found.unknown, (table, accepted) if accepted.rows else (table,))
