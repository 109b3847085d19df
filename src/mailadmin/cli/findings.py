"""mailadmin audit findings, rules, compare and accept: what ought not to be, and what somebody answers for."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .output import Form, FormOption, RawOption, emit, print_text, say, working
from .session import opened
from .store import audit_commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..audit.findings import Difference, Finding, Findings, Severity


def add_to(_: typer.Typer) -> None:
    """Add these commands to those of the audit."""
    for command in (findings, rules, compare, accept):
        audit_commands.command()(command)


COLUMNS = ("rule", "severity", "subject", "finding", "remedy", "exception_until")
SHOWN = ("severity", "rule", "subject", "finding", "exception_until")
RULE_COLUMNS = ("rule", "severity", "title", "rationale", "source", "remedy")
OVERVIEW = ("severity", "rule", "findings", "accepted", "where", "remedy")
DIFFERENCE_COLUMNS = ("change", *COLUMNS, "severity_before", "finding_before")
DIFFERENCE_SHOWN = ("change", *SHOWN)
_WORST = ("new", "regressed")

SeverityOption = Annotated[
    str, typer.Option(help="Only findings that matter at least as much: high, medium, low, info.")
]


def findings(
    context: typer.Context,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="The day whose dates count (retirements, exceptions); today unless given."
        ),
    ] = None,
    rule: Annotated[list[str] | None, typer.Option(help="Only this rule; repeat for more.")] = None,
    severity: SeverityOption = "info",
    full: Annotated[bool, typer.Option("--full", help="Show every finding, not only an overview by rule.")] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="End with exit code 1 where a finding is not accepted; with --against: new or worse."
        ),
    ] = False,
    save: Annotated[Path | None, typer.Option(help="Keep this run in a file, to compare with later.")] = None,
    against: Annotated[Path | None, typer.Option(help="Show only what changed since the run in this file.")] = None,
    dns: Annotated[bool, typer.Option("--dns", help="Ask the DNS about the From domains (SPF, DKIM, DMARC).")] = False,
    resolver: Annotated[
        str, typer.Option(help="Whom to ask: address:port, or system; else the setting dns.resolver.")
    ] = "",
    dkim_selector: Annotated[
        list[str] | None, typer.Option(help="A DKIM selector to look up; repeat for more.")
    ] = None,
    deadline: Annotated[float, typer.Option(help="Seconds for all questions to the DNS together.")] = 20.0,
    snapshot: Annotated[str | None, typer.Option(help="A snapshot, by file or id, whose widgets are checked.")] = None,
    form: FormOption = Form.TABLE,
    raw: RawOption = False,
) -> None:
    """Say what ought not to be: a list of rules, each with its reason, source and remedy.

    An accepted finding is still shown, with its last day. What could not be looked at is named, never taken for fine.

    Example: mailadmin audit findings --severity medium
    """
    from ..audit.findings import compare as compared
    from ..usecases import finding

    wanted = _severity(severity)
    asking = finding.Dns(resolver, tuple(dkim_selector or ()), deadline) if dns or resolver or dkim_selector else None
    with opened(context) as app, working("Looking"):
        before = finding.load(app, against) if against else None
        day = as_of.date() if as_of else app.clock().date()
        found = finding.findings(app, as_of=day, dns=asking, rules=rule or None, snapshot=snapshot)
        run = finding.save(app, found, save) if save else None
    shown = found.at_least(wanted)
    if before is not None:
        differences = compared(before.findings.at_least(wanted).rows, shown.rows)
        _show_differences(differences, form, raw=raw)
    else:
        _show(shown, form, raw=raw, each=full or bool(rule))
    for note in found.unknown:
        say(f"unknown: {note}")
    if run is not None:
        say(f"Kept in {save} (fingerprint {run.fingerprint[:12]}…, trail at entry {run.anchor.seq}).")
    if check:
        worse = [d.finding for d in differences if str(d.turn) in _WORST] if before is not None else list(shown.rows)
        _check([row for row in worse if not row.exception_until])


def _severity(word: str) -> Severity:
    from ..audit.findings import Severity
    from ..errors import BadInput

    try:
        return Severity(word.lower())
    except ValueError:
        raise BadInput(f"There is no severity {word!r}.", remedy=f"There are: {', '.join(Severity)}.") from None


def _row(found: Finding) -> tuple[str, ...]:
    return tuple(map(str, found))


def _show(found: Findings, form: Form, *, raw: bool, each: bool) -> None:
    if form is not Form.TABLE:
        emit(COLUMNS, map(_row, found.rows), form, raw=raw)
        return
    if found.rows and each:
        emit(SHOWN, [_some(COLUMNS, SHOWN, _row(row)) for row in found.rows], form)
        for rule, remedy in {row.rule: row.remedy for row in found.rows}.items():
            say(f"{rule}: {remedy}")
    elif found.rows:
        emit(OVERVIEW, _by_rule(found), form)
    counted = ", ".join(f"{count} {severity}" for severity, count in found.counts.items() if count)
    excepted = len(found.rows) - len(found.open)
    accepted = f"; {excepted} accepted" if excepted else ""
    print_text(f"{len(found.open)} finding(s) as of {found.as_of.isoformat()}: {counted or 'none'}{accepted}.")
    if found.rows and not each:
        say("Every single one, with what was seen: --full, or --rule RULE.")


def _by_rule(found: Findings) -> Iterator[tuple[object, ...]]:
    """One line per rule: how many are open, how many accepted, where, and what to do."""
    for rule, group in groupby(found.rows, key=lambda row: row.rule):
        rows = list(group)
        accepted = sum(bool(row.exception_until) for row in rows)
        where = ", ".join(row.subject for row in rows[:2]) + (" …" if len(rows) > 2 else "")
        yield rows[0].severity, rule, len(rows) - accepted, accepted or "", where, rows[0].remedy


def _some(columns: tuple[str, ...], shown: tuple[str, ...], row: tuple[str, ...]) -> list[str]:
    return [row[columns.index(name)] for name in shown]


def _show_differences(found: tuple[Difference, ...], form: Form, *, raw: bool) -> None:
    rows = [
        (str(d.turn), *_row(d.finding), *((str(d.before.severity), d.before.finding) if d.before else ("", "")))
        for d in found
    ]
    if form is not Form.TABLE:
        emit(DIFFERENCE_COLUMNS, rows, form, raw=raw)
    elif rows:
        emit(DIFFERENCE_SHOWN, [_some(DIFFERENCE_COLUMNS, DIFFERENCE_SHOWN, row) for row in rows], form)
        counted = {turn: [row[0] for row in rows].count(turn) for turn in dict.fromkeys(row[0] for row in rows)}
        print_text(", ".join(f"{count} {turn}" for turn, count in counted.items()) + ".")
    else:
        print_text("Nothing changed.")


def _check(worse: list[Finding]) -> None:
    from ..errors import DifferencesFound

    if worse:
        lines = [f"{row.severity} {row.rule}: {row.subject}" for row in worse[:20]]
        lines += [f"and {len(worse) - 20} more"] if len(worse) > 20 else []
        what = f"{len(worse)} finding(s) that nobody accepted."
        raise DifferencesFound(what, lines, remedy="Mend them, or: mailadmin audit accept RULE SUBJECT")


def rules(form: FormOption = Form.TABLE, raw: RawOption = False) -> None:
    """List every rule of the audit: severity, reason, source and remedy.

    Example: mailadmin audit rules --format csv
    """
    from ..audit.rules import RULES, rule_set

    rows = [(r.id, str(r.severity), r.title, r.rationale, r.source, r.remedy) for r in RULES.values()]
    emit(RULE_COLUMNS, rows, form, raw=raw)
    version, digest = rule_set()
    say(f"Rule set {version}, {digest[:12]}…: {len(rows)} rules.")


def compare(
    context: typer.Context,
    before: Annotated[Path, typer.Argument(help="A run kept with --save.")],
    after: Annotated[Path, typer.Argument(help="A later one.")],
    form: FormOption = Form.TABLE,
    raw: RawOption = False,
) -> None:
    """Compare two kept runs: what is new, regressed, improved, gone.

    Example: mailadmin audit compare october.json november.json
    """
    from ..audit.findings import compare as compared
    from ..usecases import finding

    with opened(context) as app:
        old, new = finding.load(app, before), finding.load(app, after)
    _show_differences(compared(old.findings.rows, new.findings.rows), form, raw=raw)
    if old.findings.rule_set != new.findings.rule_set:
        say("The rules changed between the two runs: what is new or gone may be so for that alone.")


def accept(
    context: typer.Context,
    rule: Annotated[str, typer.Argument(help="The finding's rule.")],
    subject: Annotated[str, typer.Argument(help="The finding's subject, as shown.")],
    reason: Annotated[str, typer.Option(help="Why it may stay so.")] = "",
    owner: Annotated[str, typer.Option(help="Who answers for it.")] = "",
    until: Annotated[str, typer.Option(help="The last day it is accepted, YYYY-MM-DD.")] = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Answer for it no longer.")] = False,
) -> None:
    """Answer for a finding until a day; it is still looked for and shown. A run that can be taken back.

    Example: mailadmin audit accept ticked-but-blank "OFF / SMTP" --reason "closed" --owner ann --until 2027-06-30
    """
    from ..errors import BadInput
    from ..usecases import accepting

    if withdraw and (reason or owner or until):
        raise BadInput("--withdraw takes no reason, owner or day.")
    with opened(context) as app:
        if withdraw:
            run = accepting.withdraw(app, rule, subject)
            print_text(f"{rule}: {subject} is no longer accepted (run {run.run}).")
            return
        made = accepting.accept(app, rule, subject, reason=reason, owner=owner, until=until)
        there = accepting.is_found(app, rule, subject)
    if made is None:
        print_text(f"{rule}: {subject} is accepted just so already.")
    else:
        print_text(
            f"{rule}: {subject} is accepted until {until} (run {made.run}; undo: mailadmin rollback {made.run})."
        )
    if there is False:
        say("There is no such finding now: mailadmin audit findings shows subjects as they are written.")
