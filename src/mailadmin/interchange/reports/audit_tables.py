"""An audit as tables of a report: everybody's answer, changes, use, mailbox rights, findings, exceptions and rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...audit.access import Access, Holder, Word
from ...audit.findings import Findings
from ...audit.gates import RightsComparison
from ...audit.history import AccessChange
from ...audit.looks.rule import Rule
from ...domain.keys import match_key
from .tables import Cell, Column, Holds, Table

_YES = "yes"
_ORDER = (Word.ALLOW, Word.UNKNOWN, Word.DENY)

_ACCESS = (
    Column("User", width=21),
    Column("Name", width=20),
    Column("Level", Holds.CHOICE, 21),
    Column("Decision", Holds.WORD, 17),
    Column("Why", Holds.CHOICE, 30),
    Column("Allowed by", width=21),
    Column("Denied by", width=18),
    Column("Conflict", Holds.CHOICE, 10),
    Column("Flags", Holds.CHOICE, 13),
    Column("Path", width=46),
)


def access(found: Access) -> Table:
    """A row for everybody: those who may first, then those of whom it is not known."""
    rows: dict[Word, list[tuple[Cell, ...]]] = {word: [] for word in _ORDER}
    for holder in found.rows():
        rows[holder.decision].append(_holder(holder))
    everybody = [row for word in _ORDER for row in rows[word]]
    return Table("Who may, and by which path", _ACCESS, everybody, "There is no user.", sheet="Who may")


def conflicts(found: Access) -> Table:
    """Everybody whose answer would be another under the other rule."""
    rows = [_holder(holder) for holder in found.those(lambda answer: answer.conflict)]
    return Table("Answers that depend on the rule", _ACCESS, rows, "Nobody’s.", sheet="Depend on the rule")


def _holder(holder: Holder) -> tuple[Cell, ...]:
    return (
        holder.user_id, holder.name, str(holder.level), str(holder.decision), holder.reason,
        ", ".join(holder.roles_allow), ", ".join(holder.roles_deny), _YES if holder.conflict else "",
        ", ".join(flag for flag in holder.flags if flag != match_key(holder.level)), "\n".join(holder.path),
    )  # fmt: skip


def moment(at: str) -> str:
    """A time (UTC) as people read it: 2026-11-23 09:00:00."""
    return at[:19].replace("T", " ")


def changes(found: Sequence[AccessChange]) -> Table:
    """Whose answer changed, when, by whose change of what."""
    columns = (
        Column("When (UTC)", width=24), Column("User", width=18), Column("Name", width=20),
        Column("Change", Holds.WORD, 14), Column("Before", Holds.CHOICE, 13), Column("After", Holds.CHOICE, 13),
        Column("Why", width=30), Column("What was changed", width=40), Column("By", Holds.CHOICE, 16),
        Column("Entry", Holds.NUMBER, 8),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = [
        (moment(c.at), c.user_id, c.name, str(c.change), c.before, c.after, c.reason, c.what, c.actor, c.seq or "")
        for c in found
    ]
    return Table("Changes of the answer", columns, rows, "Nobody’s answer changed.", sheet="Changes")


_USE = (
    Column("When (UTC)", width=24), Column("User", width=18), Column("Sent by", Holds.CHOICE, 16),
    Column("From", width=30), Column("Own address", width=30), Column("Allowed by", Holds.CHOICE, 30),
    Column("Outcome", Holds.CHOICE, 16), Column("Refused because", width=40), Column("Message", width=24),
)  # fmt: skip
OUTCOME = next(place for place, column in enumerate(_USE) if column.name == "Outcome")


def uses(found: Sequence[tuple[str, ...]]) -> Table:
    """Every message whose From was changed or was to be."""
    return Table(
        "Messages with another From", _USE, [(moment(use[0]), *use[1:]) for use in found], "There is none.", sheet="Use"
    )


def gates(found: RightsComparison) -> Table:
    """Permission, consent and mailbox right side by side."""
    columns = (
        Column("User", width=20), Column("From", width=30), Column("Permission", Holds.CHOICE, 14),
        Column("Consent", Holds.CHOICE, 26), Column("Mailbox right", Holds.CHOICE, 22),
        Column("Messages", Holds.NUMBER, 10), Column("Mismatch", Holds.CHOICE, 30),
    )  # fmt: skip
    return Table("Three gates", columns, [tuple(row) for row in found.rows], "There is none.")


def mismatches(found: RightsComparison) -> Table:
    """Where the gates do not agree."""
    columns = (Column("Mismatch", Holds.CHOICE, 22), Column("About", width=36), Column("What", width=50),
               Column("What to do", width=44))  # fmt: skip
    return Table("Mismatches", columns, [tuple(row) for row in found.findings], "They agree.")


def findings(found: Findings) -> Table:
    """Everything the rules found, the worst first, accepted ones among them."""
    columns = (
        Column("Severity", Holds.WORD, 12), Column("Rule", Holds.CHOICE, 26), Column("About", width=34),
        Column("Finding", width=52), Column("What to do", width=44), Column("Accepted until", Holds.CHOICE, 14),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = [
        (str(row.severity), row.rule, row.subject, row.finding, row.remedy, row.exception_until) for row in found.rows
    ]
    return Table("Findings", columns, rows, "Nothing was found.")


def exceptions(found: Findings) -> Table:
    """What somebody answers for, and until when."""
    columns = (Column("Rule", width=24), Column("About", width=30), Column("Reason", width=44),
               Column("Owner", width=20), Column("Until", width=12), Column("Holds", Holds.CHOICE, 10))  # fmt: skip
    rows: list[tuple[Cell, ...]] = [
        (a.rule, a.subject, a.reason, a.owner, a.until, _YES if a.holds(found.as_of) else "no")
        for a in sorted(found.exceptions, key=lambda a: (a.rule, a.subject))
    ]
    return Table("Accepted exceptions", columns, rows)


def rules(asked: Iterable[Rule]) -> Table:
    """The rules, with why there is each and where it comes from."""
    columns = (Column("Severity", Holds.WORD, 20), Column("Rule", width=28), Column("What it looks for", width=36),
               Column("Why", width=56), Column("Source", width=32))  # fmt: skip
    return Table("Rules asked", columns, [(str(r.severity), r.id, r.title, r.rationale, r.source) for r in asked])
