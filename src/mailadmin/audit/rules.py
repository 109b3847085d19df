"""The table of rules, and a run of them over the facts.

Law: a rule is a pure function of the facts; one that needs what is unknown is not asked, and the run says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ..domain.canonical import sha256
from ..domain.keys import match_key
from ..errors import UnknownName
from .facts import FOUND, Facts
from .findings import Finding, Findings, RuleSet, Seen, acceptance_key, accepted, in_order
from .looks import (
    cost_centres,
    domains,
    exceptions,
    overrides,
    permissions,
    secrets,
    senders,
    sending,
    servers,
    verifications,
    widgets,
)
from .looks.rule import Rule

VERSION = 1
"""Raised whenever a rule looks for something else than before."""

_ABOUT = (
    cost_centres,
    overrides,
    servers,
    verifications,
    secrets,
    senders,
    permissions,
    sending,
    widgets,
    domains,
    exceptions,
)

RULES: Mapping[str, Rule] = {rule.id: rule for about in _ABOUT for rule in about.RULES}
"""TABLE: every rule, in the order in which they are asked."""


def rule_set() -> RuleSet:
    """The version of the rules, and a digest of their words."""
    words = [[r.id, str(r.severity), r.title, r.rationale, r.source, r.remedy, r.needs] for r in RULES.values()]
    return RuleSet(VERSION, sha256(words))


def chosen(ids: Iterable[str] | None) -> tuple[Rule, ...]:
    """The rules of these ids, in the order of the table; every one for None. Raises UnknownName."""
    if ids is None:
        return tuple(RULES.values())
    wanted = set(ids)
    if unknown := sorted(wanted - RULES.keys()):
        raise UnknownName("rule", unknown[0], remedy="mailadmin audit rules lists them.")
    return tuple(rule for rule in RULES.values() if rule.id in wanted)


def examine(facts: Facts, rules: Iterable[Rule] | None = None) -> Findings:
    """What the rules find, with what was accepted marked as such."""
    wanted = tuple(RULES.values()) if rules is None else tuple(rules)
    asked = [rule for rule in wanted if rule.needs not in facts.unknown]
    facts = replace(facts, asked=frozenset(rule.id for rule in asked))
    rows: list[Finding] = []
    for rule in asked:
        if rule.needs == FOUND:
            accepted_ones = frozenset(map(acceptance_key, facts.acceptances))
            facts = replace(facts, found=accepted_ones.intersection(row.key for row in rows if accepted_ones))
        rows += [Finding(rule.id, rule.severity, *seen, rule.remedy) for seen in _each_once(rule.look(facts))]
    unknown = tuple(dict.fromkeys(facts.unknown[rule.needs] for rule in wanted if rule.needs in facts.unknown))
    shown = in_order(accepted(rows, facts.acceptances, facts.as_of))
    return Findings(facts.as_of, rule_set(), shown, facts.acceptances, unknown)


def _each_once(seen: Iterable[Seen]) -> Iterator[Seen]:
    """One finding per subject, since rule and subject name it; what else was seen of it is counted."""
    first: dict[str, Seen] = {}
    others: dict[str, set[str]] = defaultdict(set)
    for one in seen:
        key = match_key(one.subject)
        if first.setdefault(key, one).finding != one.finding:
            others[key].add(one.finding)
    for key, one in first.items():
        words = others.get(key)
        yield Seen(one.subject, f"{min(*words, one.finding)} (and {len(words)} more)") if words else one
