"""What a notebook shows of verifications: what to do next, for whom it matters, and every rung, as a picture too.

Laws: a mark says by symbol and lightness how something went, not by colour alone; addresses, certificates and seconds
differ from day to day, so what held is told only `in_full`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from ..domain.keys import match_key, visible
from ..domain.organisation import is_global
from ..errors import UnknownName
from ..migration.draft import whom
from ..providers.ladder import Result, Rung
from ..usecases.verifying import WORST_FIRST, Finding, Subject, Verified, findings
from .display import Table
from .pictures import FAINT, GREEN, INK, ORANGE, PAPER, VERMILION, Picture, _axes, _picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..audit.advisories import Advisory

ACCOUNTS_DRAWN = 8
_ODD = frozenset({Result.FAILED, Result.WARNING})


def verified(
    found: Iterable[Verified], *, result: str | None = None, cost_centre: str | None = None, user: str | None = None
) -> Table:
    """How every account fared, the worst first; only those with a result, of a Cost Centre, or of a user.

    Raises UnknownName for a name that stands for none of them.
    """
    chosen = list(found)
    if result is not None:
        if result not in set(WORST_FIRST):
            raise UnknownName("result", result, remedy=f"Results are: {', '.join(WORST_FIRST)}.")
        chosen = [v for v in chosen if v.result == result]
    if cost_centre is not None:
        chosen = _named("cost centre", cost_centre, chosen, [(v.subject.cost_centre,) for v in chosen])
    if user is not None:
        chosen = _named("user", user, chosen, [v.subject.users for v in chosen])
    lines = findings(chosen)
    rows = [
        (
            line.result,
            line.subject.service,
            line.subject.cost_centre,
            line.subject.name,
            line.accounts,
            len(line.users),
            *((line.odd.name, line.odd.meaning, line.odd.remedy) if line.odd else ("", "", "")),
        )
        for line in lines
    ]
    columns = ("result", "service", "cost centre", "account", "senders", "users", "where", "why", "what to do next")
    failed = frozenset(i for i, line in enumerate(lines) if line.result is Result.FAILED)
    return Table(_counted(chosen), columns, rows, failed)


def _named(
    what: str, name: str, found: Sequence[Verified], names: Sequence[Iterable[str]], remedy: str = ""
) -> list[Verified]:
    """Those that have a name among theirs."""
    wanted = match_key(name)
    chosen = [one for one, its in zip(found, names, strict=True) if wanted in map(match_key, its)]
    if not chosen:
        raise UnknownName(what, name, remedy=remedy or "verified(…) without it shows every account.")
    return chosen


def _counted(found: Sequence[Verified]) -> str:
    counts = [(sum(v.result is result for v in found), result) for result in WORST_FIRST]
    told = ", ".join(f"{count} {result}" for count, result in counts if count)
    return f"{len(found)} account(s) verified" + (f": {told}" if told else "")


def next_steps(found: Iterable[Verified]) -> Table:
    """What to do about accounts that do not work, and for how many users: most of them first."""
    rows = [
        (len(line.users), line.odd.remedy or line.odd.meaning, line.subject.name, line.odd.name, line.odd.meaning)
        for line in findings(found)
        if line.result is Result.FAILED and line.odd
    ]
    return Table("What to do next", ("users", "what to do", "account", "breaks at", "why"), rows)


def users_of(found: Iterable[Verified], account: str) -> Table:
    """Everybody who sends by an account, with the From and what came of it. Raises UnknownName."""
    found = list(found)
    chosen = _named("account", account, found, [(v.subject.name,) for v in found])
    rows = [
        (user, v.subject.sender, v.result, v.odd.name if v.odd else "", v.odd.meaning if v.odd else "")
        for v in chosen
        for user in v.subject.users
    ]
    rows.sort(key=lambda row: (WORST_FIRST.index(row[2]), match_key(row[0])))
    return Table(f"{len(rows)} user(s) send by {account}", ("user", "from", "result", "where", "why"), rows)


def rungs(found: Iterable[Verified], account: str, *, in_full: bool = False) -> Table:
    """The rungs of an account, once for all who fared alike; in full with what held. Raises UnknownName."""
    found = list(found)
    chosen = findings(_named("account", account, found, [(v.subject.name,) for v in found]))
    rows = [
        (
            len(line.users),
            rung.name,
            rung.result,
            *((f"{rung.seconds:.3f}", rung.code) if in_full else ()),
            rung.meaning if in_full or rung.result in _ODD else "",
            rung.remedy,
        )
        for line in chosen
        for rung in line.rungs
    ]
    columns = ("users", "rung", "result", *(("seconds", "code") if in_full else ()), "meaning", "what to do")
    odd = frozenset(i for i, row in enumerate(rows) if row[2] in _ODD)
    return Table(f"{account}, rung by rung", columns, rows, odd)


def advisories(subjects: Iterable[Subject], on: date) -> Table:
    """What will stop working about these accounts, as of a day: the nearest first, with whom it concerns."""
    concerned: dict[Advisory, list[Subject]] = {}
    for subject in subjects:
        for advisory in subject.advisories:
            concerned.setdefault(advisory, []).append(subject)
    rows = [
        (
            _day(advisory.since),
            max(0, (advisory.since - on).days),
            " ".join(f"{advisory.title}. {advisory.text}".split()),
            len({user for subject in its for user in subject.users}),
            len(its),
            whom(sorted({subject.name for subject in its})),
            advisory.remedy,
            advisory.source,
            _day(advisory.read),
        )
        for advisory, its in sorted(concerned.items(), key=lambda pair: (pair[0].since, pair[0].id))
    ]
    columns = ("from", "days left", "what", "users", "senders", "accounts", "what to do", "source", "read on")
    return Table(f"What will stop working, as of {_day(on)}", columns, rows)


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


class Mark(NamedTuple):
    """How a result is drawn: a symbol on a box, or on nothing."""

    symbol: str
    ink: str
    fill: str
    edge: str


MARKS: dict[Result, Mark] = {
    Result.PASSED: Mark("✓", GREEN, PAPER, GREEN),
    Result.WARNING: Mark("!", INK, ORANGE, ORANGE),
    Result.FAILED: Mark("✗", PAPER, VERMILION, VERMILION),
    Result.NOT_NEEDED: Mark("–", FAINT, PAPER, PAPER),
    Result.NOT_REACHED: Mark("·", FAINT, PAPER, PAPER),
}
"""The mark of every result: white, light and dark, for those who see no colours."""

_LEFT, _CELL, _RIGHT, _ROW = 4.4, 0.74, 1.0, 0.36
"""Inches: account, rung, users; a line."""

_LONGEST = 52
"""Characters of an account's name that fit in."""


def ladder(found: Iterable[Verified]) -> Picture:
    """Accounts by rungs, a mark for what came of each, the worst accounts first, and how many users send by them."""
    found = list(found)
    panels: dict[str, list[Finding]] = {}
    for line in sorted(findings(found), key=lambda line: line.subject.service):
        panels.setdefault(line.subject.service, []).append(line)
    across = max([5, *(len(line.rungs) for lines in panels.values() for line in lines)])
    down = sum(2 + min(len(lines), ACCOUNTS_DRAWN) + (len(lines) > ACCOUNTS_DRAWN) for lines in panels.values())
    axes = _axes(_LEFT + _CELL * across + _RIGHT, _ROW * (down + 1), left=0.12, right=0.12, top=0.5)
    axes.set(xlim=(-_LEFT / _CELL, across + _RIGHT / _CELL), ylim=(down + 1, 0))
    axes.set_axis_off()
    top, told = 0, []
    for service, lines in panels.items():
        top = _panel(axes, top, service, lines, across)
        told += [_told(line) for line in lines[:ACCOUNTS_DRAWN]]
        told += [_more(lines)] if len(lines) > ACCOUNTS_DRAWN else []
    legend = "     ".join(f"{mark.symbol} {result}" for result, mark in MARKS.items())
    axes.text(-_LEFT / _CELL, top + 0.5, legend, va="center", fontsize=10, color=INK)
    title = _counted(found)
    return _picture(axes, title, f"{title}. {'; '.join(told) or 'Nobody is ready to send'}.")


def _panel(axes: Axes, top: int, service: str, lines: Sequence[Finding], across: int) -> int:
    """Draw the accounts of a service; returns where the next begins."""
    names = [rung.name for rung in max((line.rungs for line in lines), key=len)]
    style: dict[str, Any] = {"va": "center", "fontsize": 10, "color": INK, "parse_math": False}
    axes.text(-_LEFT / _CELL, top + 0.5, service, weight="bold", **style)
    axes.text(across + 1.1, top + 0.5, "users", weight="bold", ha="right", **style)
    for place, name in enumerate(names):
        axes.text(place + 0.5, top + 0.5, name, ha="center", **style)
    for row, line in enumerate(lines[:ACCOUNTS_DRAWN], top + 1):
        axes.text(-_LEFT / _CELL, row + 0.5, _cut(_account(line)), **style)
        axes.text(across + 1.1, row + 0.5, f"{len(line.users):,}", ha="right", **style)
        for rung in line.rungs:
            _mark(axes, names.index(rung.name), row, rung)
    bottom = top + 1 + min(len(lines), ACCOUNTS_DRAWN)
    if len(lines) > ACCOUNTS_DRAWN:
        axes.text(-_LEFT / _CELL, bottom + 0.5, _more(lines), style="italic", **style)
        bottom += 1
    return bottom + 1


def _mark(axes: Axes, x: int, y: int, rung: Rung) -> None:
    from matplotlib.patches import Rectangle

    mark = MARKS[rung.result]
    box = Rectangle((x + 0.1, y + 0.1), 0.8, 0.8, facecolor=mark.fill, edgecolor=mark.edge, linewidth=1.2)
    axes.add_patch(box)
    centred: dict[str, Any] = {"ha": "center", "va": "center"}
    axes.text(x + 0.5, y + 0.5, mark.symbol, fontsize=13, weight="bold", color=mark.ink, **centred)


def _account(line: Finding) -> str:
    centre = line.subject.cost_centre
    return visible(line.subject.name if is_global(centre) else f"{line.subject.name} ({centre})")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _more(lines: Sequence[Finding]) -> str:
    left = lines[ACCOUNTS_DRAWN:]
    results = ", ".join(r for r in WORST_FIRST if any(line.result is r for line in left))
    return f"and {len(left)} more ({results})"


def _told(line: Finding) -> str:
    where = f" at {line.odd.name}" if line.odd else ""
    return f"{line.subject.service}, {_account(line)}, {len(line.users):,} user(s): {line.result}{where}"
