"""Several processes write to one store: no update is lost, of two plans one wins, and names stay what they are."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from mailadmin import bootstrap
from mailadmin.bootstrap import App
from mailadmin.domain.governed import Row
from mailadmin.domain.organisation import CostCentre, User
from mailadmin.errors import BadInput, SourceRejected, StalePlan
from mailadmin.interchange.configuration import DocumentFormat
from mailadmin.migration.operations import Operation
from mailadmin.migration.plan import Plan
from mailadmin.resolution.provenance import Context
from mailadmin.storage import repository
from mailadmin.usecases import configuring, keeping, migrating
from tests.campaign import Child, Counters, Places, Say, applied, plan_change
from tests.engines import Cluster

COUNTER = ("cost_centres", ("counter",))


@contextmanager
def opened(url: str, actor: str = "anna") -> Iterator[App]:
    """A store without a key."""
    app = bootstrap.connect(url, environment={}, actor=actor)
    try:
        yield app
    finally:
        app.close()


def count_together(at: Places, writers: int, updates: int, counters: Counters) -> None:
    """Have processes add one to one row, each time reading it first; the sum is read past mailadmin."""
    where = f"{at.engine}, {writers} writers of {updates} updates"
    url = at.fresh()
    with opened(url) as app, app.store.writing() as connection:
        create = Operation("cost_centres", None, CostCentre(code="COUNTER", description="0"))
        repository.write(connection, [create], 1, None)
    with counters.case(faults=0):
        children = [Child(partial(_counting, url, updates)) for _ in range(writers)]
        ended = [child.end().said for child in children]
    counters.equal(ended, [["done"]] * writers, where)
    [(sum_of_all,)] = at.ask(url, "SELECT description FROM cost_centres WHERE code_key = 'counter'")
    counters.equal(int(sum_of_all), writers * updates, where)
    counters.count("updates", writers * updates)
    counters.count("lost", writers * updates - int(sum_of_all))


def _counting(url: str, updates: int, say: Say) -> None:
    with opened(url) as app:
        for number in range(updates):
            with app.store.writing() as connection:
                row = repository.rows(connection, None, ["cost_centres"])[COUNTER]
                assert isinstance(row, CostCentre)
                more = CostCentre(code=row.code, description=str(int(row.description) + 1))
                repository.write(connection, [Operation("cost_centres", row, more)], number, None)
    say("done")


def race(at: Places, plans: dict[str, list[Row]], counters: Counters) -> dict[str, str]:
    """Have everybody apply a plan of their own at the same instant; returns what each was told.

    The plans create or change rows, and are all made from the same state: one applies, the others are stale.
    """
    url = at.fresh()
    with opened(url) as app:
        made = {who: plan_change(app, rows) for who, rows in plans.items()}
    at_once = time.time() + 0.2
    with counters.case(faults=0):
        children = {who: Child(partial(_racing, url, who, plan, at_once)) for who, plan in made.items()}
        told = {who: child.end().said[0] for who, child in children.items()}
    [winner] = [who for who, said in told.items() if said == "applied"]
    won = {operation.name for operation in made[winner].operations}
    counters.equal(at.ask(url, "SELECT run, applied_by FROM runs"), [(1, winner)], "runs")
    counters.equal(at.ask(url, "SELECT serial FROM store"), [(1,)], "serial")
    for who in plans.keys() - {winner}:
        counters.equal(told[who].partition(":")[0], "StalePlan", who)
        counters.equal([name for name in won if f"run 1 by {winner}: {name}" not in told[who]], [], told[who])
    return told


def _racing(url: str, who: str, plan: Plan, at_once: float, say: Say) -> None:
    with opened(url, who) as app:
        time.sleep(max(0.0, at_once - time.time()))
        applied(app, plan)
        say("applied")


@pytest.fixture(params=["sqlite", "postgresql"])
def at(request: pytest.FixtureRequest) -> Iterator[Places]:
    """Places in memory where there is some: that what is committed lasts is not asked here."""
    server = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:  # noqa: S108
        yield Places(Path(folder), server)


def test_no_update_is_lost(at: Places) -> None:
    counters = Counters("C lost updates")
    count_together(at, 4, 250, counters)
    assert counters.found == {"updates": 1000, "lost": 0}


def centre(code: str, description: str) -> CostCentre:
    return CostCentre(code=code, description=description)


@pytest.mark.parametrize(
    "plans",
    [
        {"anna": [centre("A", "hers")], "bob": [centre("A", "his")]},
        {"anna": [centre("A", "hers")], "bob": [centre("B", "his")]},
        {who: [centre("GLOBAL", who), centre(who, who)] for who in ("anna", "bob", "chen", "dora")},
    ],
    ids=["the same row", "different rows", "four people"],
)
def test_of_plans_from_one_state_one_wins_and_the_others_are_told_who_and_what(
    at: Places, plans: dict[str, list[Row]]
) -> None:
    assert sorted(said.partition(":")[0] for said in race(at, plans, Counters("C races")).values()) == [
        *["StalePlan"] * (len(plans) - 1),
        "applied",
    ]


def test_one_plan_applied_by_two_at_once_is_applied_once(at: Places) -> None:
    url = at.fresh()
    with opened(url) as app:
        plan = plan_change(app, [centre("A", "")])
    children = [Child(partial(_racing, url, who, plan, time.time() + 0.2)) for who in ("anna", "bob")]
    told = sorted(child.end().said[0].partition(":")[0] for child in children)
    assert told == ["AlreadyApplied", "applied"]


def taken(at: Places, url: str, **tables: Sequence[dict[str, object]]) -> None:
    """What an export holds, migrated."""
    file = at.folder / "export.json"
    file.write_text(json.dumps(tables))
    with opened(url) as app:
        applied(app, migrating.make_plan(app, migrating.take_snapshot(app, file)))


def users(*names: str) -> list[dict[str, object]]:
    return [{"user_id": name, "name": name} for name in names]


def test_alike_in_one_language_is_not_alike(at: Places) -> None:
    """ST-38: databases fold case each in their own way; the keys are Python's on either."""
    url = at.fresh()
    taken(at, url, users=users("I", "ı", "İ"))
    found = dict(at.ask(url, "SELECT user_id, user_id_key FROM users"))
    assert found == {"I": "i", "ı": "ı", "İ": "i\u0307"}


@pytest.mark.parametrize(
    ("first", "second"),
    [("I", "i"), ("00123", "\uff10\uff10\uff11\uff12\uff13"), ("ﬁ", "FI"), ("a", " a\u00a0")],
)
def test_names_that_are_the_same_are_both_told(at: Places, first: str, second: str) -> None:
    """ST-38 and ST-40: what meets by folding is refused whole, saying where both stand."""
    url = at.fresh()
    with pytest.raises(SourceRejected, match=rf"users\[1\].*'{second.strip()}' stands already in users\[0\]"):
        taken(at, url, users=users(first, second))
    assert at.ask(url, "SELECT count(*) FROM users") == [(0,)]


@pytest.mark.parametrize(("first", "second"), [("I", "i"), ("00123", "\uff10\uff10\uff11\uff12\uff13")])
def test_a_document_with_one_name_twice_is_refused(at: Places, first: str, second: str) -> None:
    file = at.folder / "site.json"
    file.write_text(json.dumps({"format": "mailadmin-configuration/1", "users": users(first, second)}))
    with opened(at.fresh()) as app, pytest.raises(SourceRejected, match=f"{second} and {first} are the same"):
        configuring.plan_import(app, file)


def test_a_second_user_of_the_same_name_is_not_written(at: Places) -> None:
    with opened(at.fresh()) as app, app.store.writing() as connection:
        repository.write(connection, [Operation("users", None, User(user_id="I", name=""))], 1, None)
        with pytest.raises(StalePlan, match="users i"):
            repository.write(connection, [Operation("users", None, User(user_id="i", name=""))], 2, None)


def test_codes_of_digits_are_text(at: Places) -> None:
    """ST-41."""
    url = at.fresh()
    taken(at, url, users=users("00123", "123", "1E5", "1_000"))
    assert sorted(at.ask(url, "SELECT user_id, user_id_key FROM users")) == [
        ("00123", "00123"),
        ("123", "123"),
        ("1E5", "1e5"),
        ("1_000", "1_000"),
    ]


def test_blanks_around_a_code_are_trimmed(at: Places) -> None:
    """ST-40."""
    url = at.fresh()
    taken(at, url, users=users(" a ", "b\u00a0"))
    assert sorted(at.ask(url, "SELECT user_id FROM users")) == [("a",), ("b",)]


@pytest.mark.parametrize("name", ["a\u200b", "a\u202e", "a\x00b", "\ud800"])
def test_what_no_code_may_hold_is_refused(at: Places, name: str) -> None:
    """ST-40 and ST-43, by every way in."""
    url = at.fresh()
    with pytest.raises(SourceRejected):
        taken(at, url, users=users(name))
    file = at.folder / "site.json"
    file.write_text(json.dumps({"format": "mailadmin-configuration/1", "users": users(name)}))
    with opened(url) as app, pytest.raises(SourceRejected):
        configuring.plan_import(app, file)
    assert at.ask(url, "SELECT count(*) FROM users") == [(0,)]


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("users", "name"),
        ("users", "email"),
        ("branches", "description"),
        ("user_preferences", "EmailSmtpServer"),
        ("user_preferences", "EmailSmtpPassword"),
    ],
)
def test_what_no_database_keeps_is_refused_in_any_column(at: Places, table: str, column: str, text: str) -> None:
    """ST-43: SQLite would keep NUL and lose what follows, PostgreSQL would not."""
    content: dict[str, list[dict[str, object]]] = {
        "entities": [{"code": "E"}],
        "branches": [{"code": "B", "entity": "E"}],
        "users": users("A"),
        "user_preferences": [{"user_id": "A"}],
    }
    content[table][0][column] = text
    url = at.fresh()
    with pytest.raises(SourceRejected, match=column):
        taken(at, url, **content)
    assert at.ask(url, "SELECT count(*) FROM snapshots") == [(0,)]


@pytest.mark.parametrize("actor", ["a\udcff", "a\x00b", "a\nb"])
def test_who_is_at_work_has_a_name_that_can_be_kept(at: Places, actor: str) -> None:
    """MAILADMIN_ACTOR may hold bytes that are no UTF-8, which Python hands on as half characters."""
    with pytest.raises(BadInput), opened(at.fresh(), actor) as app:
        applied(app, plan_change(app, [centre("A", "")]))


@pytest.mark.parametrize("name", ["\ud800", "a\x00b"])
def test_nobody_has_a_name_that_cannot_be_kept(name: str, postgresql: Cluster, tmp_path: Path) -> None:
    with opened(Places(tmp_path, postgresql).fresh()) as app:
        with pytest.raises(BadInput):
            migrating.load_snapshot(app, name)
        with pytest.raises(BadInput):
            configuring.explain(app, Context(user=name))


def test_an_export_may_have_any_file_name(at: Places) -> None:
    file = at.folder / os.fsdecode(b"export\xff.json")
    file.write_text(json.dumps({"users": users("A")}))
    with opened(at.fresh()) as app:
        assert len(migrating.take_snapshot(app, file).tables["users"]) == 1


QUOTED = ("'; DROP TABLE users;--", "a_b", "aXb", "%", "\\", 'a"b', ":a", "%(a)s", "?")


def test_every_name_is_taken_literally(at: Places) -> None:
    """ST-44."""
    url = at.fresh()
    taken(at, url, users=users(*QUOTED))
    assert sorted(user for (user,) in at.ask(url, "SELECT user_id FROM users")) == sorted(QUOTED)
    with opened(url) as app:
        for name in QUOTED:
            assert configuring.explain(app, Context(user=name)).context.user == name
        plan = plan_change(app, [User(user_id="a_b", name="only this one")])
        applied(app, plan)
    assert at.ask(url, "SELECT user_id FROM users WHERE name = 'only this one'") == [("a_b",)]


def test_whatever_is_written_is_for_its_owner_alone(at: Places) -> None:
    """ST-47: with a umask that hides nothing."""
    before = os.umask(0)
    try:
        url = at.fresh()
        file = at.folder / "export.json"
        file.write_text(json.dumps({"users": users("A")}))
        with opened(url) as app:
            if at.engine == "sqlite":
                keeping.create_key(app)
            snapshot = migrating.take_snapshot(app, file, out=at.folder / "before.json")
            migrating.make_plan(app, snapshot, out=at.folder / "plan.json")
            configuring.export_configuration(app, DocumentFormat.TOML, out=at.folder / "site.toml")
            with app.store.writing() as connection:
                repository.write(connection, [Operation("users", None, User(user_id="B", name=""))], 1, None)
                modes = {path.name: path.stat().st_mode & 0o777 for path in at.folder.iterdir() if path != file}
    finally:
        os.umask(before)
    expected = {"before.json", "plan.json", "site.toml"}
    expected |= {"1.db", "1.db-journal", "1.key"} if at.engine == "sqlite" else set()
    assert expected - modes.keys() == set()
    assert modes == dict.fromkeys(modes, 0o600)
