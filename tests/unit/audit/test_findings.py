"""Findings compared and kept: what changed from one run to the next, and that a kept run cannot be changed unseen."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.audit.findings import Finding, Findings, RuleSet, Severity, Turn, compare, in_order
from mailadmin.audit.runs import FindingsRun
from mailadmin.domain.acceptances import Acceptance
from mailadmin.errors import BadInput, Tampered
from mailadmin.migration.plan import Anchor

HIGH = Finding("r", Severity.HIGH, "s", "seen", "mend it")
LOW = HIGH._replace(severity=Severity.LOW)
ACCEPTED = HIGH._replace(exception_until="2027-01-31")

findings = st.builds(
    Finding,
    st.sampled_from(["r1", "r2"]),
    st.sampled_from(Severity),
    st.sampled_from(["a", "b", "Ä"]),
    st.text(max_size=5),
    st.just(""),
    st.sampled_from(["", "2027-01-31"]),
)


@pytest.mark.parametrize(
    ("before", "after", "turn"),
    [
        pytest.param([], [HIGH], Turn.NEW, id="new"),
        pytest.param([HIGH], [], Turn.GONE, id="gone"),
        pytest.param([LOW], [HIGH], Turn.REGRESSED, id="worse"),
        pytest.param([HIGH], [LOW], Turn.IMPROVED, id="better"),
        pytest.param([HIGH], [ACCEPTED], Turn.IMPROVED, id="accepted"),
        pytest.param([ACCEPTED], [HIGH], Turn.REGRESSED, id="no longer accepted"),
        pytest.param([HIGH], [HIGH._replace(finding="seen otherwise")], Turn.CHANGED, id="other words"),
        pytest.param([HIGH], [HIGH._replace(subject="S")], None, id="same name"),
    ],
)
def test_what_became_of_a_finding(before: list[Finding], after: list[Finding], turn: Turn | None) -> None:
    assert [difference.turn for difference in compare(before, after)] == ([turn] if turn else [])


@given(st.lists(findings), st.lists(findings))
def test_every_finding_is_the_same_or_named_once(before: list[Finding], after: list[Finding]) -> None:
    named = [difference.finding.key for difference in compare(before, after)]
    old, new = {row.key for row in before}, {row.key for row in after}
    assert len(named) == len(set(named))
    assert old ^ new <= set(named) <= old | new
    assert compare(after, after) == ()


@given(st.lists(findings, unique_by=lambda row: (row.key, row.finding)))
def test_the_order_is_the_same_however_they_come(rows: list[Finding]) -> None:
    assert [row.severity.rank for row in in_order(rows)] == sorted(row.severity.rank for row in rows)
    assert list(map(str, in_order(rows[::-1]))) == list(map(str, in_order(rows)))


RUN = FindingsRun(
    lineage="a" * 32,
    anchor=Anchor(3, "b" * 64),
    tool_version="1",
    findings=Findings(
        date(2026, 11, 23),
        RuleSet(1, "c" * 64),
        (HIGH, ACCEPTED._replace(subject="<b>\u202e")),
        (Acceptance(rule="r", subject="s", reason="why", owner="ann", until="2027-01-31"),),
        ("not asked",),
    ),
)


def seal(content: bytes) -> str:
    return f"seal of {len(content)}"


@pytest.mark.parametrize("run", [RUN, RUN.sealed(seal)])
def test_a_kept_run_reads_as_it_was(run: FindingsRun) -> None:
    assert FindingsRun.of(json.loads(run.document()), "run.json", None) == run
    assert run.document() == run.document()


def _at(*path: Any, value: Any) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        for step in path[:-1]:
            document = document[step]
        document[path[-1]] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_at("rows", 0, 1, value="low"), id="severity"),
        pytest.param(_at("rows", 0, 1, value="dreadful"), id="no severity"),
        pytest.param(_at("rows", value=[]), id="rows gone"),
        pytest.param(_at("as_of", value="2026-11-24"), id="day"),
        pytest.param(_at("anchor", 0, value=4), id="anchor"),
        pytest.param(_at("exceptions", 0, 4, value="2099-01-01"), id="last day"),
        pytest.param(_at("unknown", value=[]), id="unknown"),
        pytest.param(_at("rule_set", 1, value="d" * 64), id="rules"),
        pytest.param(_at("more", value=1), id="more"),
        pytest.param(_at("rows", 0, value=None), id="nonsense"),
    ],
)
def test_a_changed_run_is_refused(change: Callable[[Any], None]) -> None:
    document = json.loads(RUN.sealed(seal).document())
    change(document)
    with pytest.raises(Tampered):
        FindingsRun.of(document, "run.json", seal)


def test_a_run_without_its_seal_is_refused_where_there_is_a_key() -> None:
    with pytest.raises(Tampered, match="seal"):
        FindingsRun.of(json.loads(RUN.document()), "run.json", seal)


@pytest.mark.parametrize("document", [None, [], {}, {"format": "mailadmin-plan/1"}])
def test_something_else_is_no_run(document: Any) -> None:
    with pytest.raises(BadInput):
        FindingsRun.of(document, "run.json", None)
