"""A migration told: plan, effects and snapshot as the plain values of a report.

Laws: every number is counted from the answers of the resolvers; a pair of answers that many people share is told once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from ...domain.keys import match_key
from ...domain.services import FIELDS
from ...migration.effects import Change, Effects, SubjectEffect
from ...migration.kinds import KINDS, Kind, way
from ...migration.plan import Plan
from ...migration.snapshot import Snapshot
from ...resolution.explanation import explain_rows, reason
from ...resolution.population import Population
from ...resolution.provenance import Resolution, Status
from . import plan_tables
from .content import Bar, Explained, Number, Path, Way
from .migration_report import MigrationReport
from .tables import Cell, Column, Holds, Table

ATTENTION = (*(kind for kind in KINDS if kind is not Kind.SAME), Kind.SAME)
"""The kinds of effect, those first that somebody has to look at."""

BRANCHES_SHOWN = 14
EXPLAINED = 3
NO_BRANCH, WEB = "no branch", "web configurations"


def migration_report(plan: Plan, effects: Effects, snapshot: Snapshot, *, as_of: date | None = None) -> MigrationReport:
    """What a plan does, in plain values: equal plans and dates give equal reports."""
    names = {match_key(row["user_id"]): str(row.get("name", "")) for row in snapshot.tables.get("users", [])}
    paths, kinds = _paths(effects), effects.kinds()
    counts = Counter([*kinds, *(subject.kind for subject in effects.web_configurations)])
    return MigrationReport(
        title="E-mail migration report",
        as_of=as_of or date.fromisoformat(plan.created_at[:10]),
        sentences=tuple(_sentences(paths, counts, plan, snapshot)),
        numbers=tuple(_numbers(paths, counts, plan)),
        kinds=ATTENTION,
        summary=_summary(effects, kinds),
        statuses=_statuses(effects),
        paths=paths,
        branches=tuple(_branches(effects, kinds)),
        effects=_effects(effects, kinds, names),
        explained=tuple(_explained(subject, names) for subject in _to_explain(effects, kinds)),
        actions=plan_tables.actions(plan),
        findings=plan_tables.findings(plan),
        dropped=plan_tables.dropped(plan),
        left_alone=plan_tables.left_alone(plan),
        written=plan_tables.written(plan),
        proof=plan_tables.proof(plan, snapshot),
    )


def _way(answer: Resolution) -> Way:
    named = f"{way(answer)}, {answer.status}" if way(answer) else str(answer.status)
    return Way(named, answer.status is Status.READY)


def _paths(effects: Effects) -> tuple[Path, ...]:
    """Every path taken; a pair of answers tells the way of everybody who has it, whatever stands in it."""
    counted: Counter[tuple[Way, Way]] = Counter()
    pairs = Counter(zip(effects.before.codes, effects.after.codes, strict=True))
    for (was, now), count in pairs.items():
        counted[_way(effects.before.answers[was]), _way(effects.after.answers[now])] += count
    for subject in effects.web_configurations:
        counted[_way(subject.before), _way(subject.after)] += 1
    return tuple(sorted(Path(was, now, count) for (was, now), count in counted.items()))


def _able(paths: tuple[Path, ...]) -> tuple[int, int]:
    """How many could send, and how many can."""
    return sum(p.number for p in paths if p.before.works), sum(p.number for p in paths if p.after.works)


_TURNS = {
    Kind.STOPS: "stop sending",
    Kind.NEEDS_INPUT: "need a secret entered before they can send again",
    Kind.STARTS: "start sending",
}


def _sentences(paths: tuple[Path, ...], counts: Mapping[Kind, int], plan: Plan, snapshot: Snapshot) -> Iterator[str]:
    before, after = _able(paths)
    yield (
        f"Every e-mail setting noted in {snapshot.source} was compared with what will be in force after the upgrade, "
        f"for {sum(counts.values()):,} users and web configurations."
    )
    told = ", ".join(f"{counts[kind]:,} {words}" for kind, words in _TURNS.items() if counts[kind])
    never = sum(path.number for path in paths if not path.before.works and not path.after.works)
    yield (
        f"{before:,} of them could send e-mail before the upgrade. After it, and before anybody has done what is "
        f"listed under manual actions, {after:,} can{': ' if told else ''}{told}."
        + (f" {never:,} could not send before and still cannot." if never else "")
    )
    actions = len(plan.manual_actions)
    yield (
        f"{actions:,} action{'s' if actions != 1 else ''} can only be taken by a person."
        if actions
        else ("Nothing has to be done by hand.")
    )


def _numbers(paths: tuple[Path, ...], counts: Mapping[Kind, int], plan: Plan) -> Iterator[Number]:
    before, after = _able(paths)
    yield Number("Compared", sum(counts.values()), "users and web configurations")
    yield Number("Could send", before, "before the upgrade")
    yield Number("Can send", after, "after it, before any manual action", "good" if after >= before else "plain")
    for kind, note in ((Kind.STOPS, "could send and cannot any more"), (Kind.NEEDS_INPUT, "a secret must be entered")):
        yield Number(_capital(kind), counts[kind], note, "alarm" if counts[kind] else "plain")
    yield Number("Manual actions", len(plan.manual_actions), "for people to do")
    yield Number("Rows written", len(plan.operations), "in one transaction, with a way back")


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _summary(effects: Effects, kinds: Sequence[Kind]) -> Table:
    users, webs = Counter(kinds), Counter(subject.kind for subject in effects.web_configurations)
    columns = (
        Column("Effect", Holds.WORD, 32),
        Column("Users", Holds.NUMBER, 10),
        Column("Web configurations", Holds.NUMBER, 20),
        Column("Meaning", width=60),
    )
    return Table("Effects", columns, [(kind, users[kind], webs[kind], _capital(KINDS[kind])) for kind in ATTENTION])


def _statuses(effects: Effects) -> Table:
    before, after = (_by_status(population) for population in (effects.before, effects.after))
    columns = (Column("Status", width=24), Column("Before", Holds.NUMBER, 10), Column("After", Holds.NUMBER, 10))
    rows = [(str(status), before[status], after[status]) for status in Status if before[status] or after[status]]
    return Table("Users by status", columns, rows)


def _by_status(population: Population) -> Counter[Status]:
    counted: Counter[Status] = Counter()
    for code, count in Counter(population.codes).items():
        counted[population.answers[code].status] += count
    return counted


def _branches(effects: Effects, kinds: Sequence[Kind]) -> Iterator[Bar]:
    """Every branch, those first with the most that changes; beyond BRANCHES_SHOWN they are one bar."""
    counted: dict[str, Counter[Kind]] = {}
    for branch, kind in zip(effects.after.people.branches, kinds, strict=True):
        counted.setdefault(branch or NO_BRANCH, Counter())[kind] += 1
    ordered = sorted(counted.items(), key=lambda item: (item[1][Kind.SAME] - item[1].total(), item[0]))
    most = BRANCHES_SHOWN if len(ordered) <= BRANCHES_SHOWN else BRANCHES_SHOWN - 1
    shown = ordered[:most]
    if rest := ordered[most:]:
        shown.append((f"{len(rest):,} other branches", sum((found for _, found in rest), Counter[Kind]())))
    if effects.web_configurations:
        shown.append((WEB, Counter(subject.kind for subject in effects.web_configurations)))
    for name, found in shown:
        yield Bar(name, tuple(found[kind] for kind in ATTENTION))


_EFFECTS = (
    Column("Who", width=22),
    Column("Name", width=20),
    Column("Branch", Holds.CHOICE, 12),
    Column("Effect", Holds.WORD, 22),
    Column("Before", Holds.CHOICE, 18),
    Column("After", Holds.CHOICE, 18),
    Column("What changes", width=52),
    Column("Why", width=52),
)


def _effects(effects: Effects, kinds: Sequence[Kind], names: Mapping[str, str]) -> Table:
    """A row for everybody, those first that need attention."""
    rows: dict[Kind, list[tuple[Cell, ...]]] = {kind: [] for kind in ATTENTION}
    told: dict[tuple[int, int], tuple[str, ...]] = {}
    people, before, after = effects.after.people, effects.before, effects.after
    for position, kind in enumerate(kinds):
        user_id = people.user_ids[position]
        pair = before.codes[position], after.codes[position]
        alone = position in before.own or position in after.own
        words = None if alone else told.get(pair)
        if words is None:
            words = _told(SubjectEffect(user_id, "", kind, before[position], after[position]))
            if not alone:
                told[pair] = words
        branch = people.branches[position] or ""
        rows[kind].append((user_id, names.get(people.keys[position], ""), branch, str(kind), *words))
    for subject in effects.web_configurations:
        rows[subject.kind].append((_who(subject), "", "", str(subject.kind), *_told(subject)))
    everybody = [row for kind in ATTENTION for row in rows[kind]]
    return Table("Effects on every user and web configuration", _EFFECTS, everybody, "Nobody is concerned.")


def _who(subject: SubjectEffect) -> str:
    return subject.user_id or f"web configuration {subject.web_configuration}"


_LABELS = {"service": "Service", "status": "Status", **{field.name: field.label for field in FIELDS}}


def _told(subject: SubjectEffect) -> tuple[str, str, str, str]:
    """Before, after, the fields that change, and why."""
    changes = [] if subject.kind is Kind.SAME else list(_changes(subject))
    return _way(subject.before).name, _way(subject.after).name, "\n".join(changes), reason(subject.after)


def _changes(subject: SubjectEffect) -> Iterator[str]:
    for row in subject.rows():
        if row.change is not Change.SAME and row.field not in ("service", "status"):
            after = "must be entered" if row.change is Change.NEEDS_INPUT else row.after or "nothing"
            yield f"{_LABELS[row.field]}: {row.before or 'nothing'} → {after}"


def _to_explain(effects: Effects, kinds: Sequence[Kind]) -> list[SubjectEffect]:
    """The first user of each kind of effect, those first that need attention; then the next ones."""
    first = {kind: kinds.index(kind) for kind in ATTENTION if kind in kinds}
    chosen = [*first.values(), *(position for position in range(len(kinds)) if position not in first.values())]
    people = effects.after.people.user_ids
    return [SubjectEffect(people[i], "", kinds[i], effects.before[i], effects.after[i]) for i in chosen[:EXPLAINED]]


def _explained(subject: SubjectEffect, names: Mapping[str, str]) -> Explained:
    name = names.get(match_key(subject.user_id), "")
    asked = Table(
        "Who was asked, in order",
        (Column("Question"), Column("Tier", width=24), Column("Which"), Column("Cost centre"), Column("Outcome"),
         Column("Reason", width=52)),
        [(row.question, row.tier, row.subject, row.cost_centre, row.outcome, row.reason)
         for row in explain_rows(subject.after)],
    )  # fmt: skip
    fields = Table(
        "Settings, before and after",
        (Column("Setting"), Column("Before", width=30), Column("After", width=30), Column("Change"),
         Column("Where it comes from, or why not", width=52)),
        [(_LABELS[row.field], row.before, row.after, str(row.change), row.reason) for row in subject.rows()],
    )  # fmt: skip
    sentences = (
        f"{_capital(KINDS[subject.kind])}.",
        f"Before: {_way(subject.before).name} ({reason(subject.before)}).",
        f"After: {_way(subject.after).name} ({reason(subject.after)}).",
    )
    who = f"{subject.user_id} ({name})" if name else subject.user_id
    return Explained(who, str(subject.kind), sentences, (asked, fields))
