"""mailadmin audit permission, changes, use, rights: who may change the From, since when, who did, and who could."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..domain.keys import visible
from ..domain.permissions import UPDATE_FROM
from ..domain.settings import PermissionRule
from .output import Form, FormOption, RawOption, emit, print_text, say, tell, working
from .session import opened
from .store import audit_commands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..audit.access import Access, Answer, Holder
    from ..audit.gates import RightsFinding
    from ..usecases.auditing import Since
    from .output import Point

KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="Permission key, in any case.")]
KeyOption = Annotated[str, typer.Option("--key", help="Permission key, in any case.")]
RuleOption = Annotated[
    PermissionRule | None, typer.Option("--rule", help="Ask what would be under this rule instead of the site's.")
]

COLUMNS = (
    "user_id", "name", "level", "active", "decision", "reason", "roles_allow", "roles_deny", "conflict", "flags",
)  # fmt: skip
ON_SCREEN = ("user_id", "name", "decision", "reason", "conflict", "flags")
"""The columns of a table for people; files have them all."""


class Only(StrEnum):
    """Which answers are shown."""

    HOLDERS = "holders"
    CONFLICTS = "conflicts"
    UNKNOWN = "unknown"
    FLAGGED = "flagged"


def add_to(app: typer.Typer) -> None:
    """Add these commands to those of `audit`."""
    for command in (permission, changes, use, rights):
        audit_commands.command()(command)


def permission(
    context: typer.Context,
    key: KeyArgument = UPDATE_FROM,
    only: Annotated[Only | None, typer.Option("--only", help="Only those who may, depend on the rule, …")] = None,
    user: Annotated[
        str | None, typer.Option("--user", metavar="USER", help="One user: the whole path, since when.")
    ] = None,
    reverse: Annotated[
        str | None,
        typer.Option("--reverse", metavar="USER|ADDRESS", help="All a user may, or all who may send as an address."),
    ] = None,
    at: Annotated[str | None, typer.Option("--at", metavar="DATE", help="As of the end of this day (UTC).")] = None,
    snapshot: Annotated[
        str | None, typer.Option("--snapshot", metavar="FILE", help="Of a snapshot (file or id) instead of the store.")
    ] = None,
    rule: RuleOption = None,
    rights: Annotated[
        list[Path] | None, typer.Option("--rights", metavar="FILE", help="With --reverse: Exchange exports, too.")
    ] = None,
    form: FormOption = Form.TABLE,
    raw: RawOption = False,
) -> None:
    """Say of everybody whether they hold a permission, and why.

    ALLOW, DENY, or UNKNOWN where what is needed to tell was not read. Conflict: it would be otherwise under the other
    rule (deny wins, allow wins). A day of the past is answered from the audit trail, which is verified first.

    Example: mailadmin audit permission --only holders
    """
    from ..errors import BadInput
    from ..usecases import auditing, reaching

    if sum(option is not None for option in (user, reverse, at, snapshot)) > 1:
        raise BadInput("--user, --reverse, --at and --snapshot are questions of their own.", remedy="Ask one of them.")
    with opened(context) as app:
        if user is not None:
            with working("Walking the audit trail"):
                of_one = auditing.since(app, user, key, rule=rule)
            _tell_since(of_one, form, raw=raw)
            return
        if reverse is not None:
            with working("Looking the other way round"):
                reached = reaching.reach(app, reverse, rights_files=rights or ())
            emit(reaching.Reach._fields, reached, form, raw=raw)
            return
        with working("Asking of everybody"):
            found = auditing.access(app, key, at=day(at), rule=rule, snapshot=snapshot)
    _show(found, only, form, raw=raw)


def day(text: str | None) -> date | None:
    """The day a person typed. Raises BadInput."""
    from ..errors import BadInput

    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text!r} is not a day.", remedy="Write it as 2026-11-30.") from None


def _wanted(only: Only | None) -> Callable[[Answer], bool]:
    from ..audit.access import Word

    tests: dict[Only | None, Callable[[Answer], bool]] = {
        None: lambda answer: True,
        Only.HOLDERS: lambda answer: answer.decision is Word.ALLOW,
        Only.CONFLICTS: lambda answer: answer.conflict,
        Only.UNKNOWN: lambda answer: answer.decision is Word.UNKNOWN,
        Only.FLAGGED: lambda answer: bool(answer.flags),
    }
    return tests[only]


def _show(found: Access, only: Only | None, form: Form, *, raw: bool) -> None:
    columns = ON_SCREEN if form is Form.TABLE else COLUMNS
    places = [COLUMNS.index(name) for name in columns]
    rows = ([row[i] for i in places] for row in _rows(found.those(_wanted(only))))
    emit(columns, rows, form, raw=raw)
    for note in found.notes:
        say(f"note: {note}")
    if form is Form.TABLE:
        counted = ", ".join(f"{count} {word}" for word, count in found.counts.items())
        print_text(
            f"{visible(found.key)}: {len(found)} users, {counted}; {found.conflicts} depend on the rule ({found.rule})."
        )


def _rows(holders: Iterable[Holder]) -> Iterator[tuple[str, ...]]:
    for h in holders:
        yield (
            h.user_id, h.name, str(h.level), _yes(h.active), str(h.decision), h.reason, ";".join(h.roles_allow),
            ";".join(h.roles_deny), _yes(h.conflict), ", ".join(h.flags),
        )  # fmt: skip


def _yes(value: bool) -> str:
    return "yes" if value else "no"


SINCE_COLUMNS = (
    "user_id", "name", "decision", "reason", "path", "conflict", "flags", "since", "actor", "seq", "plan", "what",
    "before", "reason_before",
)  # fmt: skip


def _tell_since(found: Since, form: Form, *, raw: bool) -> None:
    """One user's answer: the path as lines for people, as one cell for programs."""
    holder, change = found
    about = (holder.user_id, holder.name, holder.decision, holder.reason)
    flags = ", ".join(holder.flags)
    if form is not Form.TABLE:
        made = (change.at, change.actor, change.seq, change.plan_hash[:8], change.what) if change else ("",) * 5
        before = (change.before, change.reason_before) if change else ("", "")
        row = (*about, "; ".join(holder.path), _yes(holder.conflict), flags, *made, *before)
        emit(SINCE_COLUMNS, [row], form, raw=raw)
        return
    lines = [f"{holder.user_id}, {holder.name}{f' ({flags})' if flags else ''}: {holder.decision}"]
    lines += [f"because: {holder.reason}", *(f"  {step}" for step in holder.path)]
    if holder.conflict:
        lines.append("conflict: under the other rule (deny wins, allow wins) it would be otherwise")
    if change is None:
        lines.append("since: no entry of the audit trail made it so")
    else:
        lines.append(f"since: {change.at}, by {change.actor}, entry {change.seq}, plan {change.plan_hash[:8]}")
        lines.append(f"  {change.what}")
        lines.append(f"  before: {change.before or 'not there'}, {change.reason_before}")
    print_text("\n".join(map(visible, lines)))


CHANGE_COLUMNS = ("at", "actor", "user_id", "change", "reason", "what", "before", "after", "seq", "plan")
CHANGES_ON_SCREEN = 6


def changes(
    context: typer.Context,
    since: Annotated[str, typer.Option("--from", metavar="DATE|SNAPSHOT", help="First day, or a snapshot.")],
    until: Annotated[str, typer.Option("--to", metavar="DATE|SNAPSHOT", help="Last day, or a snapshot.")],
    key: KeyOption = UPDATE_FROM,
    rule: Annotated[PermissionRule | None, typer.Option("--rule", help="The rule snapshots are judged by.")] = None,
    form: FormOption = Form.TABLE,
    raw: RawOption = False,
) -> None:
    """Say who gained or lost a permission between two days, both included, or two snapshots; why, and by whose change.

    Example: mailadmin audit changes --from 2026-11-01 --to 2026-11-30
    """
    from ..usecases import auditing

    with opened(context) as app, working("Walking the audit trail"):
        found = auditing.changes(app, _moment(since), _moment(until), key, rule=rule)
    rows = [
        (c.at, c.actor, c.user_id, c.change, c.reason, c.what, c.before, c.after, c.seq, c.plan_hash[:8]) for c in found
    ]
    most = CHANGES_ON_SCREEN if form is Form.TABLE else len(CHANGE_COLUMNS)
    if rows or form is not Form.TABLE:
        emit(CHANGE_COLUMNS[:most], [row[:most] for row in rows], form, raw=raw)
    if form is Form.TABLE:
        from ..audit.history import Turn

        counted = ", ".join(f"{sum(c.change is turn for c in found)} {turn}" for turn in Turn)
        print_text(visible(f"{key}, {since} to {until}: {counted}."))


def _moment(text: str) -> date | str:
    """A day, or else the name of a snapshot."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text


USE_ON_SCREEN = ("at", "user_id", "sender", "own", "outcome", "allowed_by", "refused")


def use(context: typer.Context, form: FormOption = Form.TABLE, raw: RawOption = False) -> None:
    """List every message whose From was changed: who, when, as whom, allowed by what; and those that were refused.

    Example: mailadmin audit use --format csv
    """
    from ..usecases import auditing

    with opened(context) as app:
        found = auditing.use(app)
    if not found and form is Form.TABLE:
        say("Nobody changed the From of a message, and nobody was refused to.")
        return
    columns = USE_ON_SCREEN if form is Form.TABLE else auditing.Use._fields
    emit(columns, [[getattr(used, name) for name in columns] for used in found], form, raw=raw)


def rights(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Exports by Export-Csv.")],
    key: KeyOption = UPDATE_FROM,
    findings: Annotated[bool, typer.Option("--findings", help="The mismatches instead of the rows.")] = False,
    check: Annotated[bool, typer.Option("--check", help="End with exit code 1 where the gates do not agree.")] = False,
    form: FormOption = Form.TABLE,
    raw: RawOption = False,
) -> None:
    """Set permission, consent and mailbox rights side by side, by Exchange exports; name whatever does not fit.

    Reads Get-RecipientPermission, and Get-Mailbox or Get-DistributionGroup with GrantSendOnBehalfTo, as Export-Csv
    writes them. A trustee that fits nobody, or several, is named and not guessed.

    Example: mailadmin audit rights sendas.csv onbehalf.csv
    """
    from ..audit.gates import RightsFinding, RightsRow
    from ..errors import DifferencesFound
    from ..usecases import auditing

    with opened(context) as app, working("Comparing"):
        found = auditing.rights(app, files, key)
    if findings:
        emit(RightsFinding._fields, found.findings, form, raw=raw)
    else:
        emit(RightsRow._fields, found.rows, form, raw=raw)
    if form is Form.TABLE and not findings:
        tell("What does not fit (--findings: one by one)", list(_in_short(found.findings)))
    for note in found.notes:
        say(f"note: {note}")
    if check and found.findings:
        words = [f"{f.subject}: {f.kind}, {f.finding}" for f in found.findings]
        raise DifferencesFound(
            f"The gates do not agree in {len(words)} point(s).", words, remedy="mailadmin audit rights"
        )


NAMED = 3
"""How many are named where more are counted."""


def _in_short(findings: Iterable[RightsFinding]) -> Iterator[Point]:
    """Every mismatch once: whom it is about, and what to do."""
    for (kind, remedy), group in groupby(findings, key=lambda found: (found.kind, found.remedy)):
        about = list(dict.fromkeys(found.subject for found in group))
        more = f" and {len(about) - NAMED} more" if len(about) > NAMED else ""
        yield f"{kind}: {len(about)}", (("for", ", ".join(about[:NAMED]) + more), ("remedy", remedy))
