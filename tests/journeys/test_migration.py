"""A consultant's whole job by the command line, on every carrier of the same content."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mailadmin.domain.governed import GOVERNED
from mailadmin.interchange import budgets
from tests import carriers, oracle
from tests.cli import SAMPLE, Desk
from tests.engines import database

CSV = SAMPLE / "kowhai-csv"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def sources(folder: Path) -> dict[str, tuple[Path, tuple[str, ...]]]:
    """The sample company in every carrier."""
    tables = carriers.sheets_in(CSV)
    url, sql = carriers.as_sqlite(tables, folder)
    return {
        "csv": (CSV, ()),
        "xlsx": (carriers.as_xlsx(tables, folder / "kowhai.xlsx"), ()),
        "json": (carriers.as_json(tables, folder / "kowhai.json"), ()),
        "utf-16 semicolons, -1/0, long": (carriers.as_utf16_long(tables, folder / "long"), ()),
        "sql": (sql, ("--sql", url)),
    }


def governed_rows(store: Path) -> dict[str, list[tuple[object, ...]]]:
    tables = ("cost_centres", "services", "overrides", "users", "branches", "entities", "web_configurations")
    with database(store) as connection:
        asked = {table: f"select {', '.join(GOVERNED[table].columns)} from {table}" for table in tables}
        return {t: sorted(tuple(map(str, row)) for row in connection.execute(query)) for t, query in asked.items()}


@pytest.mark.parametrize("carrier", ["csv", "xlsx", "json", "utf-16 semicolons, -1/0, long", "sql"])
def test_the_whole_job_on_every_carrier(desk: Desk, tmp_path: Path, carrier: str) -> None:
    source, options = sources(tmp_path)[carrier]
    desk("key", "create")
    desk("snapshot", "take", source, *options, "--out", desk.file("before.json"))
    before = governed_rows(desk.store)
    desk("plan", desk.file("before.json"), "--out", desk.file("plan.json"))
    plan = json.loads(desk.file("plan.json").read_text())
    effects = desk("effects", desk.file("plan.json"), "--format", "csv").rows()
    assert governed_rows(desk.store) == before, "planning changes nothing"

    desk("apply", desk.file("plan.json"), "--confirm", plan["plan_hash"][:8])
    assert "400 user(s) and 2 web configuration(s) have what was promised" in desk("verify-migration").out
    promised = {r["user_id"]: r["after"] for r in effects if r["field"] == "status" and r["user_id"]}
    assert {r["user_id"]: r["status"] for r in desk("effective", "--format", "csv").rows()} == promised

    desk("rollback", "--out", desk.file("back.json"))
    back = json.loads(desk.file("back.json").read_text())
    desk("rollback", "--out", desk.file("back.json"), "--confirm", back["plan_hash"][:8])
    desk("verify-migration")
    assert governed_rows(desk.store) == before
    assert [r["purpose"] for r in desk("history", "--format", "csv").rows()] == ["migration", "rollback"]


def test_all_carriers_give_one_fingerprint_and_one_plan(desk: Desk, tmp_path: Path) -> None:
    desk("key", "create")
    fingerprints, operations = set(), set()
    for number, (source, options) in enumerate(sources(tmp_path).values()):
        taken = desk.file(f"{number}.json")
        desk("snapshot", "take", source, *options, "--out", taken)
        fingerprints.add(json.loads(taken.read_text())["fingerprint"])
        plan = desk("plan", taken, "--out", desk.file("plan.json"), "--format", "json").json()
        operations.add(json.dumps(plan["operations"], sort_keys=True))
    assert (len(fingerprints), len(operations)) == (1, 1)


def test_a_source_that_takes_too_much_to_read_is_not_taken(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk("key", "create")
    before = desk.store.read_bytes()
    source = desk.file("huge.json")
    source.write_text('{"users": [' + "[]," * 1_500_000 + "[]]}")
    monkeypatch.setattr(budgets, "READER", {**budgets.READER, "RLIMIT_AS": 100_000_000})
    refused = desk("snapshot", "take", source, "--out", desk.file("before.json"), code=2).error
    assert refused.startswith("huge.json needs more than 100 MB of memory to read.")
    assert (desk.store.read_bytes(), desk.file("before.json").exists()) == (before, False)


@pytest.mark.parametrize("source", ["kowhai-csv", "kowhai-small.json"])
def test_effective_and_legacy_effective_equal_the_oracle(desk: Desk, source: str) -> None:
    expected_effective = list(oracle.effective(SAMPLE / source))
    expected_legacy = list(oracle.legacy_effective(SAMPLE / source))
    desk.migrate(SAMPLE / source)
    legacy = desk("legacy-effective", desk.file("before.json"), "--format", "csv", "--raw").rows()
    effective = desk("effective", "--format", "csv", "--raw").rows()
    key = ("user_id", "web_configuration")
    assert {tuple(r[k] for k in key): r for r in legacy} == {tuple(r[k] for k in key): r for r in expected_legacy}
    assert {r["user_id"]: r for r in effective} == {r["user_id"]: r for r in expected_effective}
    assert (len(legacy), len(effective)) == (len(expected_legacy), len(expected_effective))


def test_planning_again_right_after_applying_plans_nothing(desk: Desk) -> None:
    desk.migrate()
    again = desk("plan", desk.file("before.json"), "--out", desk.file("again.json"), "--format", "json").json()
    assert again["operations"] == []


def test_a_wrong_confirmation_a_second_apply_and_a_stale_plan_are_refused(desk: Desk) -> None:
    desk("key", "create")
    desk("snapshot", "take", CSV, "--out", desk.file("before.json"))
    for name in ("plan.json", "stale.json"):
        desk("plan", desk.file("before.json"), "--out", desk.file(name))
        desk("effects", desk.file(name), "--summary")
    digits = {n: json.loads(desk.file(n).read_text())["plan_hash"][:8] for n in ("plan.json", "stale.json")}
    small = desk.file("small.json")
    desk("snapshot", "take", SAMPLE / "kowhai-small.json", "--out", small)
    desk("plan", small, "--out", desk.file("other.json"))
    other = json.loads(desk.file("other.json").read_text())["plan_hash"][:8]

    assert "not confirmed" in desk("apply", desk.file("plan.json"), "--confirm", "00000000", code=3).error
    desk("apply", desk.file("plan.json"), typed=digits["plan.json"] + "\n")
    assert "applied as run 1" in desk("apply", desk.file("plan.json"), "--confirm", digits["plan.json"], code=3).error
    stale = desk("apply", desk.file("other.json"), "--confirm", other, code=3).error
    assert "stale" in stale
    assert "run 1" in stale


def test_an_altered_plan_and_an_altered_snapshot_are_refused(desk: Desk) -> None:
    desk.migrate()
    for name, command in (("plan.json", ("effects",)), ("before.json", ("snapshot", "verify"))):
        file = desk.file(name)
        file.write_text(file.read_text().replace("smtp.office365.com", "smtp.evil.example", 1))
        assert desk(*command, file, code=3).error


@pytest.mark.parametrize(
    ("damage", "row"),
    [
        ("services set server = 'evil.example' where cost_centre = 'GLOBAL'", "services global / exchange"),
        ("users set active = 0 where user_id = 'JTaylor6'", "users jtaylor6"),
        ("overrides set server = 'evil.example' where user_id = 'JTaylor6'", "overrides global / smtp / jtaylor6"),
    ],
)
def test_a_row_changed_behind_the_back_of_the_store_is_never_used(desk: Desk, damage: str, row: str) -> None:
    desk.migrate()
    with database(desk.store) as connection:
        connection.execute(f"update {damage}")
    for words in (("verify-migration",), ("effective",), ("export",), ("rollback",)):
        assert row in desk(*words, code=3).error
    assert row in desk("explain", "JTaylor6", code=3).error


def test_a_later_change_is_found_by_verify_and_stops_the_rollback(desk: Desk) -> None:
    desk.migrate()
    desk("export", "--out", desk.file("site.toml"))
    text = desk.file("site.toml").read_text()
    desk.file("site.toml").write_text(text.replace('server = "smtp.office365.com"', 'server = "new.example"', 1))
    desk("import", desk.file("site.toml"), "--out", desk.file("edit.json"))
    edit = json.loads(desk.file("edit.json").read_text())
    assert [operation["table"] for operation in edit["operations"]] == ["services"]
    desk("apply", desk.file("edit.json"), "--confirm", edit["plan_hash"][:8])

    assert "user/JGarcía1" in desk("verify-migration", "1", code=1).error
    assert "services GLOBAL / SMTP" in desk("rollback", "1", "--out", desk.file("back.json"), code=3).error
    desk("rollback", "1", "--skip-conflicts", "--out", desk.file("back.json"))
    left = json.loads(desk.file("back.json").read_text())["left_alone"]
    assert "services GLOBAL / SMTP" in left


def test_a_rollback_can_itself_be_taken_back(desk: Desk) -> None:
    desk.migrate()
    migrated = governed_rows(desk.store)
    for run in (1, 2):
        desk("rollback", str(run), "--out", desk.file("back.json"))
        digits = json.loads(desk.file("back.json").read_text())["plan_hash"][:8]
        desk("apply", desk.file("back.json"), "--confirm", digits)
    assert governed_rows(desk.store) == migrated
    assert "has been taken back already" in desk("rollback", "2", "--out", desk.file("x.json"), code=3).error


def test_without_a_key_secrets_are_a_choice_never_silent(desk: Desk) -> None:
    refused = desk("snapshot", "take", CSV, code=3).error
    assert "--no-secrets" in refused
    assert "unsealed" in desk("snapshot", "take", CSV, "--no-secrets", "--out", desk.file("before.json")).out
    plan = desk("plan", desk.file("before.json"), "--out", desk.file("plan.json"), "--format", "json").json()
    asked = [a for a in plan["manual_actions"] if a["what"].startswith("Enter the password")]
    assert [len(a["subjects"]) for a in asked] == [1, 46, 1]
    desk("apply", desk.file("plan.json"), "--confirm", plan["plan_hash"][:8])
    desk("verify-migration")


def test_no_secret_of_the_sample_leaves_the_vault(desk: Desk) -> None:
    desk.migrate()
    desk("export", "--out", desk.file("site.toml"))
    header, rows = carriers.sheets_in(CSV)["user_preferences"]
    at = header.index("EmailSmtpPassword")
    secrets = {row[at] for row in rows if len(row[at]) > 4}
    written = b"".join(file.read_bytes() for file in desk.folder.iterdir())
    assert [s for s in secrets if s.encode() in written] == []
    assert len(secrets) > 40
