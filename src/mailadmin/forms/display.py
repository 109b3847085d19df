"""What a notebook shows of every answer: as an HTML table for people, as plain text for everything else.

Laws: whatever somebody wrote is shown as text, never as markup or as something invisible; a secret is only ever set or
not set; the same content looks the same on every machine and day, so no id, time or hash that differs is shown unasked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from ..domain.governed import GOVERNED
from ..domain.keys import match_key, visible
from ..domain.services import FIELDS
from ..errors import UnknownName
from ..migration.content import TABLES
from ..migration.draft import whom
from ..migration.effects import Effects, SubjectEffect
from ..migration.kinds import KINDS, Kind, kind_of, way
from ..resolution.explanation import cells, explain_rows, reason
from ..resolution.provenance import Resolution, Status

if TYPE_CHECKING:
    from pandas import DataFrame

    from ..migration.differences import Change
    from ..migration.plan import Plan
    from ..migration.snapshot import Snapshot
    from ..storage.books import Run
    from ..usecases.migrating import Verification
    from ..usecases.sandboxing import Tried
    from ..usecases.verifying import Standing

ROWS_SHOWN = 20
_LONGEST = 160


def words(cell: object) -> str:
    """A cell as text."""
    return "" if cell is None else visible(str(cell))


_LEFT = "text-align:left;vertical-align:top"
_BOLD, _EDGE = "font-weight:bold", ";border-left:4px solid #0072B2"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns. `marked` rows stand out; what makes them special is also said in words."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[object]]
    marked: frozenset[int] = frozenset()

    def frame(self) -> DataFrame:
        """All of it as a DataFrame, to go on working with."""
        from pandas import DataFrame

        return DataFrame([list(row) for row in self.rows], columns=list(self.columns))

    @property
    def note(self) -> str:
        """What is not shown."""
        left = len(self.rows) - ROWS_SHOWN
        return f"and {left} more; .frame() gives them all" if left > 0 else ""

    def _shown(self) -> tuple[list[str], list[list[object]]]:
        rows = self.rows[:ROWS_SHOWN]
        filled = [i for i in range(len(self.columns)) if not rows or any(row[i] not in (None, "") for row in rows)]
        return [self.columns[i] for i in filled], [[row[i] for i in filled] for row in rows]

    def __repr__(self) -> str:
        columns, rows = self._shown()
        texts = [[words(cell) for cell in row] for row in rows]
        widths = [max(map(len, column)) for column in zip(columns, *texts, strict=True)]
        lines = [columns, ["-" * width for width in widths], *texts]
        marks = ["  ", "  ", *("* " if i in self.marked else "  " for i in range(len(rows)))]
        body = [
            (mark + "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True))).rstrip()
            for mark, line in zip(marks if self.marked else [""] * len(lines), lines, strict=True)
        ]
        return "\n".join([visible(self.title), *(body if rows else ["none"]), *([self.note] if self.note else [])])

    def _repr_html_(self) -> str:
        columns, rows = self._shown()
        caption = f'<caption style="{_LEFT};caption-side:top;font-weight:bold">{_html(self.title)}</caption>'
        if not rows:
            return f"<p><strong>{_html(self.title)}</strong><br>none</p>"
        head = "".join(f'<th scope="col" style="{_LEFT}">{_html(column)}</th>' for column in columns)
        body = "".join(f"<tr>{''.join(_cells(row, i in self.marked))}</tr>\n" for i, row in enumerate(rows))
        note = f"<p>{_html(self.note)}</p>" if self.note else ""
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>{note}"


def _html(text: object) -> str:
    return escape(words(text))


def _cells(row: Sequence[object], marked: bool) -> Iterator[str]:
    for place, cell in enumerate(row):
        align = "text-align:right;vertical-align:top" if isinstance(cell, int) else _LEFT
        mark = f";{_BOLD}{_EDGE if place == 0 else ''}" if marked else ""
        yield f'<td style="{align}{mark}">{_html(cell)}</td>'


@dataclass(frozen=True, slots=True)
class Page:
    """A headline, some sentences and some tables."""

    title: str
    sentences: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()

    def __repr__(self) -> str:
        return "\n\n".join(["\n".join(map(visible, (self.title, *self.sentences))), *map(repr, self.tables)])

    def _repr_html_(self) -> str:
        lines = [f"<strong>{_html(self.title)}</strong>", *map(_html, self.sentences)]
        return f"<p>{'<br>'.join(lines)}</p>" + "".join(table._repr_html_() for table in self.tables)


def _sentence(text: str, end: str = ".") -> str:
    return text[:1].upper() + text[1:] + end


def snapshot(snapshot: Snapshot) -> Page:
    """What a snapshot holds, and how far it can be trusted."""
    seal = "Sealed with the store's key." if snapshot.seal else "Unsealed: it was made without a key."
    held = len(snapshot.secret_fingerprints)
    secrets = f"{held} password(s) and token(s) are kept encrypted in the store; none of them stands in the snapshot."
    kept = Table(
        "Tables", ("table", "rows"), [(name, len(snapshot.tables[name])) for name in TABLES if name in snapshot.tables]
    )
    odd = [("note", note) for note in snapshot.notes] + [("not taken", name) for name in snapshot.not_taken]
    fingerprint = f"Fingerprint of the content: {snapshot.fingerprint[:12]}."
    tables = (kept, Table("Worth knowing", ("what", "which"), odd)) if odd else (kept,)
    return Page(f"Snapshot of {snapshot.source}", (fingerprint, seal, secrets), tables)


def differences(changes: Iterable[Change]) -> Table:
    """Every difference between two snapshots; a changed password as `changed (hidden)`."""
    found = list(changes)
    return Table(f"{len(found)} difference(s)", ("table", "row", "column", "before", "after"), found)


def plan(plan: Plan) -> Page:
    """How much a plan changes, what is worth knowing before, and what has no place any more."""
    counted = Counter((operation.table, operation.kind) for operation in plan.operations)
    kinds = ("create", "change", "delete")
    rows = [(t, *(counted[t, kind] for kind in kinds)) for t in GOVERNED if any(counted[t, kind] for kind in kinds)]
    parts = [Table("Rows that will be written", ("table", *kinds), rows)]
    if plan.findings:
        found = [(f.severity, f.what, f.remedy, whom(f.subjects)) for f in plan.findings]
        parts.append(Table("Findings", ("severity", "what", "remedy", "for"), found))
    if plan.dropped:
        dropped = [(d.setting, d.why, whom(d.subjects)) for d in plan.dropped]
        parts.append(Table("Dropped settings", ("setting", "why", "for"), dropped))
    if plan.left_alone:
        parts.append(Table("Left alone: in the store only", ("row",), [(name,) for name in plan.left_alone]))
    back = f" of run {plan.reverses}" if plan.reverses is not None else ""
    return Page(f"Plan: {plan.purpose}{back}, {len(plan.operations)} operation(s)", (), tuple(parts))


def operations(plan: Plan, table: str | None = None) -> Table:
    """Every column a plan writes, or only those of one table. Raises UnknownName for a table that is none."""
    if table is not None and table not in GOVERNED:
        raise UnknownName("table", table, remedy=f"Tables are: {', '.join(GOVERNED)}.")
    wanted = [operation for operation in plan.operations if table in (None, operation.table)]
    rows = [
        (operation.kind, operation.name, *map(_cut, change)) for operation in wanted for change in operation.changes()
    ]
    return Table(f"{len(wanted)} operation(s)", ("kind", "row", "column", "before", "after"), rows)


def _cut(text: str) -> str:
    """A signature with its pictures is longer than a table can show."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} … ({len(text):,} characters)"


def actions(plan: Plan) -> Table:
    """What only people can do: who, what, where and for whom."""
    rows = [(action.who, action.what, action.where, whom(action.subjects)) for action in plan.manual_actions]
    return Table("What people still have to do", ("who", "what", "where", "for"), rows)


def effects(effects: Effects) -> Table:
    """How many users and web configurations each kind of effect concerns, and who the first of them are."""
    named: dict[Kind, list[str]] = {}
    for kind, person in zip(effects.kinds(), effects.after.people, strict=True):
        named.setdefault(kind, []).append(person.user_id)
    for subject in effects.web_configurations:
        named.setdefault(subject.kind, []).append(_name(subject))
    counts = effects.summary()
    rows = [
        (kind, counts[kind], meaning, "" if kind is Kind.SAME else whom(named.get(kind, ())))
        for kind, meaning in KINDS.items()
    ]
    alarming = {i for i, (kind, count, *_) in enumerate(rows) if kind in (Kind.STOPS, Kind.NEEDS_INPUT) and count}
    return Table("Effects", ("effect", "count", "meaning", "for"), rows, frozenset(alarming))


def _name(subject: SubjectEffect) -> str:
    return subject.user_id or f"web configuration {subject.web_configuration}"


def affected(effects: Effects, kind: str) -> Table:
    """Everybody one kind of effect concerns (`stop sending`), with the reason. Raises UnknownName for no such kind."""
    if kind not in set(Kind):
        raise UnknownName("kind of effect", kind, remedy=f"Kinds are: {', '.join(Kind)}.")
    rows = [(_name(s), _way(s.before), _way(s.after), reason(s.after)) for s in effects if s.kind == kind]
    return Table(f"{len(rows)} {kind}", ("who", "before", "after", "reason"), rows)


def _way(answer: Resolution) -> str:
    return f"{way(answer)} {answer.status}".strip()


def effects_of(effects: Effects, user: str) -> Page:
    """What happens to one user, field by field. Raises UnknownName."""
    wanted = match_key(user)
    place = next((i for i, person in enumerate(effects.after.people) if person.key == wanted), None)
    if place is None:
        raise UnknownName("user", user)
    before, after = effects.before[place], effects.after[place]
    return field_by_field(SubjectEffect(effects.after.people[place].user_id, "", kind_of(before, after), before, after))


def field_by_field(found: SubjectEffect) -> Page:
    """What happens to one user or web configuration, field by field."""
    rows = [(e.field, e.before, e.after, e.change, e.reason) for e in found.rows()]
    changed = frozenset(i for i, row in enumerate(rows) if row[3] != "same")
    table = Table("Field by field", ("field", "before", "after", "change", "origin or reason"), rows, changed)
    return Page(f"{_name(found)}: {found.kind}", (_sentence(KINDS[found.kind]),), (table,))


def explanation(resolution: Resolution, standing: Standing | None = None) -> Page:
    """Why an answer is what it is: who was asked in turn, who won, and where every value comes from.

    With `verifying.standing`, also how the account stands, without the day.
    """
    asked = list(explain_rows(resolution))
    won = frozenset(i for i, row in enumerate(asked) if row.outcome == "won")
    tiers = Table(
        "Who was asked, in order", ("question", "tier", "which", "cost centre", "outcome", "reason"), asked, won
    )
    fields = [
        (name, value or ("missing" if name in resolution.missing else "-"), origin)
        for f, value, origin in zip(FIELDS, *cells(resolution), strict=True)
        if resolution.base is not None and resolution.service in f.services
        for name in (f.legacy if resolution.method else f.name,)
    ]
    tables = (tiers, Table("Settings in force", ("field", "value", "origin"), fields)) if fields else (tiers,)
    title = _sentence(f"{resolution.context}: {resolution.status}", end="")
    stands = (f"Account: {standing.word}.",) if standing else ()
    return Page(title, (_sentence(reason(resolution)), *stands), tables)


def answers(answers: Iterable[Resolution]) -> Table:
    """How everybody's mail goes out: one row for each answer."""
    columns = ("user", "web configuration", "service", "status", "server", "sender", "reason")
    server = [f.name for f in FIELDS].index("server")
    rows = [
        (
            answer.context.user,
            answer.context.web_configuration,
            way(answer),
            answer.status,
            cells(answer).values[server],
            answer.sender[1],
            "" if answer.status is Status.READY else reason(answer),
        )
        for answer in answers
    ]
    return Table(f"How mail goes out: {len(rows)} answer(s)", columns, rows)


def statuses(effects: Effects) -> Table:
    """How many users can send, and what stands in the others' way, before and after."""
    before, after = (Counter(answer.status for answer in found) for found in (effects.before, effects.after))
    rows = [(status, before[status], after[status]) for status in Status if before[status] or after[status]]
    return Table("Users by status", ("status", "before", "after"), rows)


def history(runs: Iterable[Run], *, who_and_when: bool = False) -> Table:
    """Every applied plan, oldest first; on request with the person and the time (UTC)."""
    columns = ("run", "purpose", "takes back", *(("applied at", "applied by") if who_and_when else ()))
    rows = [
        (r.run, r.purpose, r.reverses, *((r.applied_at, r.applied_by) if who_and_when else ())) for r in sorted(runs)
    ]
    return Table("History", columns, rows)


def tried(tried: Iterable[Tried]) -> Table:
    """One message by each service, sent in the sandbox: by which account, and why."""
    rows = [
        (
            t.service,
            t.user or "",
            t.sent.entry.state,
            t.sent.entry.account,
            t.sent.entry.sender_email,
            reason(t.sent.resolution),
        )
        for t in tried
    ]
    return Table("Sent in the sandbox", ("service", "user", "outcome", "account used", "from", "why"), rows)


def verification(verification: Verification) -> Page:
    """What a check has proved."""
    kept = f"{verification.users} user(s) and {verification.web_configurations} web configuration(s)"
    return Page(f"Run {verification.run} is verified", (f"{kept} have what was promised.",))
