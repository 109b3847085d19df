"""An audit told as a report: who may, by which path, since when and by whose change, who did, what was found.

Laws: every number is counted from the answers; equal answers and an equal day give an equal report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from ...audit.access import Access, Holder, Word
from ...audit.findings import Findings, Severity
from ...audit.gates import RightsComparison
from ...audit.history import AccessChange, Turn
from ...audit.rules import RULES
from ...domain.organisation import UserLevel
from . import audit_tables
from .colours import ACCEPTED, OPEN
from .content import (
    Bar,
    Bars,
    Browsed,
    Details,
    Explained,
    Number,
    Numbers,
    Part,
    Pictures,
    Report,
    Section,
    Words,
)
from .tables import Cell, Column, Holds, Table
from .wording import day

TITLE = "E-mail permission audit"
BARS_SHOWN = 14
EXPLAINED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Everything an audit found. `uses` are messages whose From was changed, in the columns of `audit use`."""

    as_of: date
    access: Access
    changes: Sequence[AccessChange]
    uses: Sequence[tuple[str, ...]]
    findings: Findings
    rights: RightsComparison | None = None


def audit_report(audit: Audit) -> Report:
    """What was found, without its evidence."""
    access = audit.access
    everybody = Browsed("access", audit_tables.access(access), str(Word.DENY), "who may not")
    conflicts = Browsed("conflicts", audit_tables.conflicts(access))
    rights = [Section("rights", "Mailbox rights", tuple(_rights(audit.rights)), paper="wide")] if audit.rights else []
    return Report(
        name="audit",
        title=TITLE,
        as_of=audit.as_of,
        about=f"Permission {access.key}, rule “{access.rule}”.",
        sections=(
            Section("summary", "Summary", (Words(tuple(_sentences(audit))), Numbers(tuple(_numbers(audit))))),
            Section("pictures", "Pictures", (Pictures(tuple(_pictures(audit))),)),
            Section("access", "Who may", (everybody,), paper="wide"),
            Section("conflicts", "Answers that depend on the rule", (conflicts,), paper="wide"),
            Section("changes", "Changes", (Browsed("changes", audit_tables.changes(audit.changes)),), paper="wide"),
            Section("use", "Use", (Browsed("use", audit_tables.uses(audit.uses)),), paper="wide"),
            *rights,
            Section("findings", "Findings", tuple(_findings(audit.findings)), paper="wide"),
            Section("explained", "Decisions explained", (_explained(audit),), paper="new page"),
            Section("rules", "Rules asked", (audit_tables.rules(RULES.values()),)),
        ),
        closing="",
    )


def _sentences(audit: Audit) -> Iterator[str]:
    access, counts, number = audit.access, audit.access.counts, len(audit.access)
    yield (
        f"{counts[Word.ALLOW]:,} of {number:,} users may use {access.key}; {counts[Word.DENY]:,} may not"
        + (f"; of {counts[Word.UNKNOWN]:,} it is not known." if counts[Word.UNKNOWN] else ".")
        + (f" For {access.conflicts:,} the answer depends on the rule, “{access.rule}”." if access.conflicts else "")
    )
    yield _used(audit.uses)
    open_, high = len(audit.findings.open), audit.findings.counts[Severity.HIGH]
    accepted = len(audit.findings.rows) - open_
    yield f"{open_:,} findings are open, {high:,} of them of high severity; {accepted:,} are accepted."
    if audit.rights:
        odd = f"{len(audit.rights.findings):,} mismatches"
        yield f"Permission, consent and the mailbox rights of the mail system were set side by side: {odd}."
    else:
        yield "Whether the mail system agrees is not known: no export of its mailbox rights was given."
    yield (
        f"Who may is told as of the end of {day(audit.as_of)} (UTC), by the audit trail; findings are of the settings "
        "as they stood when this report was made, judged as of that day."
    )
    yield from access.notes
    yield from audit.findings.unknown


def _used(uses: Sequence[tuple[str, ...]]) -> str:
    refused = sum(use[audit_tables.OUTCOME] == "refused" for use in uses)
    if not uses:
        return "No message had another From than the sender’s own, and none was refused for it."
    return f"{len(uses) - refused:,} messages had another From than the sender’s own; {refused:,} were refused for it."


def _numbers(audit: Audit) -> Iterator[Number]:
    access, counts, findings = audit.access, audit.access.counts, audit.findings
    unknown = counts[Word.UNKNOWN]
    yield Number("Users", len(access), "in this store")
    yield Number("May", counts[Word.ALLOW], "hold the permission")
    yield Number("May not", counts[Word.DENY], "do not hold it")
    yield Number("Unknown", unknown, "something was not read", "alarm" if unknown else "plain")
    yield Number("Depend on the rule", access.conflicts, "roles contradict each other")
    yield Number("From changed", len(audit.uses), "messages, sent or refused")
    high = findings.counts[Severity.HIGH]
    yield Number("Findings", len(findings.open), f"open, {high:,} of high severity", "alarm" if high else "plain")


def _pictures(audit: Audit) -> Iterator[Bars]:
    access = audit.access
    paths = [(reason.partition(": ")[2], n) for reason, n in access.paths.items() if reason.startswith(Word.ALLOW)]
    told = tuple(Bar(reason, (n,)) for reason, n in paths[:BARS_SHOWN])
    if rest := paths[BARS_SHOWN:]:
        told += (Bar(f"{len(rest):,} other paths", (sum(n for _, n in rest),)),)
    yield Bars("by-path", "Those who may, by path", "Path", ("Users",), told, "By path")

    rows = [Bar(level, tuple(_asked(access, level, word) for word in Word)) for level in UserLevel]
    yield Bars("by-level", "Decisions by user level", "Level", tuple(Word), tuple(rows), "By level")

    severities = Counter((row.severity, bool(row.exception_until)) for row in audit.findings.rows)
    rows = [Bar(severity, (severities[severity, False], severities[severity, True])) for severity in Severity]
    yield Bars("by-severity", "Findings by severity", "Severity", (OPEN, ACCEPTED), tuple(rows), "By severity")

    months = Counter((change.at[:7], change.change) for change in audit.changes)
    shown = sorted({month for month, _ in months})[-BARS_SHOWN:]
    rows = [Bar(month or "between", tuple(months[month, turn] for turn in Turn)) for month in shown]
    yield Bars("by-month", "Changes by month", "Month", tuple(Turn), tuple(rows), "By month")


def _asked(access: Access, level: UserLevel, word: Word) -> int:
    return access.count(lambda answer: answer.level is level and answer.decision is word)


def _rights(rights: RightsComparison) -> Iterator[Part]:
    if rights.notes:
        yield Words(rights.notes)
    yield audit_tables.mismatches(rights)
    yield Browsed("rights", audit_tables.gates(rights))


def _findings(findings: Findings) -> Iterator[Part]:
    yield Browsed("findings", audit_tables.findings(findings))
    if findings.exceptions:
        yield audit_tables.exceptions(findings)


def _explained(audit: Audit) -> Details:
    """One user of each of the paths most take, those first that depend on the rule, then those that allow."""
    first: dict[str, Holder] = {}
    for holder in audit.access.those(lambda answer: answer.conflict or answer.decision is not Word.DENY):
        first.setdefault(f"{holder.conflict}{holder.reason}", holder)
    ordered = sorted(first.values(), key=lambda h: (not h.conflict, -audit.access.paths[f"{h.decision}: {h.reason}"]))
    chosen = [*[h for h in ordered if h.conflict][:1], *[h for h in ordered if not h.conflict]][:EXPLAINED]
    told = tuple(_one(holder, audit) for holder in chosen)
    columns = (
        Column("Who", Holds.CHOICE, 28), Column("Decision", Holds.WORD, 14), Column("Part", Holds.CHOICE, 20),
        Column("What", width=60), Column("By", width=20),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for one in told:
        path, history = one.tables
        rows += [(one.who, one.kind, path.title, str(row[1]), "") for row in path.rows]
        rows += [(one.who, one.kind, history.title, f"{row[0]}: {row[2]}", row[3]) for row in history.rows]
    return Details(told, Table("Decisions explained", columns, rows, "Nobody may."))


def _one(holder: Holder, audit: Audit) -> Explained:
    path = Table(
        "Path", (Column("Step", Holds.NUMBER, 8), Column("Row", width=90)),
        [(step, row) for step, row in enumerate(holder.path, 1)],
    )  # fmt: skip
    mine = [change for change in audit.changes if change.user_id == holder.user_id]
    columns = (Column("At (UTC)", width=24), Column("Change", Holds.WORD, 16), Column("What was changed", width=44),
               Column("By", width=18), Column("Entry", Holds.NUMBER, 10))  # fmt: skip
    rows: list[tuple[Cell, ...]] = [
        (audit_tables.moment(c.at), str(c.change), c.what, c.actor, c.seq or "") for c in mine
    ]
    history = Table("Since when", columns, rows, "Since when: as the store was first filled.")
    sentences = [f"Level {holder.level}: {holder.reason}."]
    if holder.conflict:
        sentences.append(
            f"Allowed by {', '.join(holder.roles_allow)} and denied by {', '.join(holder.roles_deny)}: under the other "
            "rule the answer would be another."
        )
    who = f"{holder.user_id} ({holder.name})" if holder.name else holder.user_id
    return Explained(who, str(holder.decision), tuple(sentences), (path, history))
