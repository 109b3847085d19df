"""The package against the oracle, user by user and field by field."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.domain.governed import Organisation
from mailadmin.domain.keys import match_key
from mailadmin.domain.legacy import Kind, Owner, members_of
from mailadmin.domain.organisation import User
from mailadmin.domain.services import FIELDS
from mailadmin.interchange.legacy_exports import read_legacy_export
from mailadmin.migration.operations import applied
from mailadmin.migration.plan import Anchor
from mailadmin.migration.planning import Base, plan_migration
from mailadmin.migration.snapshot import Snapshot
from mailadmin.resolution.explanation import cells
from mailadmin.resolution.legacy import legacy_resolve
from mailadmin.resolution.population import Person, legacy_population, population
from mailadmin.resolution.provenance import Context, Resolution
from tests import oracle
from tests.unit.interchange.in_process import reading_here

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
EXPORTS = ("kowhai-csv", "kowhai-small.json")
NOW = "2026-11-22T09:00:00+00:00"


def taken(source: Path) -> Snapshot:
    export = read_legacy_export(source)
    return Snapshot.take(
        export.tables,
        taken_at=NOW,
        taken_by="tester",
        source=export.source,
        tool_version="1",
        not_taken=export.not_taken,
        notes=export.notes,
        secret_fingerprints={location: f"hmac:{token_hex(8)}" for location in export.secrets},
        seal=None,
    )


def fields_of(answer: Resolution) -> dict[str, str]:
    row = {}
    for field, value, origin in zip(FIELDS, *cells(answer), strict=True):
        name = field.legacy if answer.method else field.name
        row |= {name: value, f"{name}_origin": origin}
    return row


def legacy_row(answer: Resolution) -> dict[str, str]:
    return {
        "user_id": answer.context.user or "",
        "web_configuration": answer.context.web_configuration or "",
        "status": str(answer.status),
        "method": str(answer.method),
        **fields_of(answer),
    }


def new_row(answer: Resolution) -> dict[str, str]:
    winner = answer.winner
    return {
        "user_id": answer.context.user or "",
        "branch": answer.context.branch or "",
        "web_configuration": answer.context.web_configuration or "",
        "service": str(answer.service or ""),
        "cost_centre": winner.cost_centre if winner else "",
        "tier": str(winner.tier) if winner else "",
        "status": str(answer.status),
        **fields_of(answer),
    }


def by_user(rows: Iterable[dict[str, str]]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        assert found.setdefault(row["user_id"] or f"web {row['web_configuration']}", row) is row
    return found


def check_before(source: Path) -> None:
    snapshot = taken(source)
    legacy = snapshot.legacy()
    people = [Person(row["user_id"], match_key(row["user_id"])) for row in snapshot.tables["users"]]
    webs = [web["code"] for web in snapshot.tables["web_configurations"] if web.get("EmailSmtpOverride") is True]
    answers = [
        *legacy_population(people, legacy),
        *(legacy_resolve(Context(web_configuration=w), legacy) for w in webs),
    ]
    expected = by_user(oracle.legacy_effective(source))
    assert by_user([legacy_row(answer) for answer in answers]) == expected
    assert len(expected) == len(people) + len(webs)


def check_after(source: Path) -> None:
    plan = plan_migration(taken(source), {}, Base("store", 0, NOW, "tester", "1", Anchor(0, ""))).plan
    rows = applied({}, plan.operations)
    people = [Person.of(key[0], found) for (_, key), found in sorted(rows.items()) if isinstance(found, User)]
    answers = population(people, Context(), Organisation.of(rows.values()))
    expected = list(oracle.effective(source))
    assert [answer.context.user for answer in answers] == [row["user_id"] for row in expected]
    assert by_user([new_row(answer) for answer in answers]) == by_user(expected)


@pytest.mark.parametrize("name", EXPORTS)
def test_the_rules_of_before_give_everybody_what_the_oracle_says(name: str) -> None:
    check_before(SAMPLE / name)


@pytest.mark.parametrize("name", EXPORTS)
def test_an_empty_store_migrated_gives_everybody_what_the_oracle_says(name: str) -> None:
    check_after(SAMPLE / name)


FLAGS = st.sampled_from(["", True, False])


def members(owner: Owner) -> st.SearchStrategy[dict[str, object]]:
    """Values for an owner's members, each as often set as not."""
    kinds = {
        Kind.FLAG: FLAGS,
        Kind.PORT: st.sampled_from(["", 0, 25, 465, 587]),
        Kind.TEXT: st.sampled_from(["", "", "one.example", "two.example"]),
    }
    names = {name: kinds[member.kind] for name, member in members_of(owner).items() if not member.is_resolved}
    return st.fixed_dictionaries(names)


@st.composite
def exports(draw: st.DrawFn) -> str:
    """Small exports in which every combination of switches and blanks comes up."""
    ids = ["Ab", "aC", "ÅD", "00"][: draw(st.integers(1, 4))]
    user = st.fixed_dictionaries({"active": st.booleans(), "external": st.booleans()})
    users = [{"user_id": i, "name": i, "branch": "", **draw(user)} for i in ids]
    noted = [i for i in ids if draw(st.integers(0, 3))]
    return json.dumps({
        "users": users,
        "global_settings": [{"property": name, "value": v} for name, v in draw(members(Owner.GLOBAL)).items()],
        "user_preferences": [{"user_id": i, **draw(members(Owner.USER))} for i in noted],
        "web_configurations": [{"code": code, **draw(members(Owner.WEB))} for code in ("W1", "W2")],
    })  # fmt: skip


@given(exports())
def test_any_export_gives_everybody_what_the_oracle_says(text: str) -> None:
    with TemporaryDirectory() as folder, reading_here():
        source = Path(folder) / "export.json"
        source.write_text(text, encoding="utf-8")
        check_before(source)
        check_after(source)


def test_the_sample_holds_what_makes_the_comparison_worth_while() -> None:
    """Every legacy method, every origin, and both ends of every switch."""
    before = list(oracle.legacy_effective(SAMPLE / "kowhai-csv"))
    after = list(oracle.effective(SAMPLE / "kowhai-csv"))
    assert {row["method"] for row in before} == {"smtp", "exchange", "mailto"}
    assert {row["status"] for row in before} == {"ready", "incomplete"}
    assert {row["status"] for row in after} == {"ready", "incomplete"}
    assert {row["server_origin"] for row in after} == {"global cost centre (GLOBAL)", "user override (GLOBAL)"}
    assert {row["security"] for row in after} == {"StartTls", "SslOnConnect", "None"}
