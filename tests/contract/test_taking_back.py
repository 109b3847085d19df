"""A run is taken back row by row, back and forth; planning again plans nothing (ST-19, ST-20, ST-22, ST-37)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

import pytest

from mailadmin.bootstrap import App
from mailadmin.domain.governed import Row, name_of
from mailadmin.domain.organisation import Branch, CostCentre, User
from mailadmin.domain.services import Override, ServiceKind
from mailadmin.errors import AlreadyApplied, RollbackConflict, UnknownName
from mailadmin.storage import repository
from mailadmin.usecases import maintaining, migrating
from tests.campaign import NOW, Places, Stage, applied, first_snapshot, plan_change, stages

RUN = 2
"""The run that is taken back: it makes Zoë, her override and a branch, and takes Björn's override and a contact."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def staged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stage]:
    server = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    return stages(Places(tmp_path_factory.mktemp("taking-back"), server))


@pytest.fixture
def app(staged: dict[str, Stage]) -> Iterator[App]:
    """A store after that run."""
    stage = staged["rollback"]
    with stage.places.copied(stage.url) as url, stage.opened(url) as app:
        yield app


@pytest.fixture(scope="module")
def before(staged: dict[str, Stage]) -> dict[str, Row]:
    """What it held before that run."""
    stage = staged["apply"]
    with stage.places.copied(stage.url) as url, stage.opened(url) as app:
        return content(app)


def content(app: App) -> dict[str, Row]:
    """Every governed row by table and name."""
    with app.store.reading() as connection:
        rows = repository.rows(connection, app.sealer(connection))
    return {f"{table} {name_of(row)}": row for (table, _), row in rows.items()}


def taken_back(app: App, run: int | None = None) -> None:
    applied(app, migrating.plan_rollback(app, run))


def check_sound(app: App) -> None:
    """The doctor finds nothing, and everybody has what the last run promised."""
    assert [check for check in maintaining.doctor(app) if check.state != maintaining.OK] == []
    migrating.verify_migration(app)


# Rows changed since: ST-19.


def override(user: str, service: ServiceKind = ServiceKind.SMTP) -> Override:
    return Override(cost_centre="GLOBAL", service=service, user_id=user, server="later.example")


class Later(NamedTuple):
    """What was done after the run, and the rows that are therefore left alone."""

    rows: list[Row]
    left_alone: tuple[str, ...]
    removed: tuple[str, ...] = ()


LATER = {
    "a branch edited": Later([Branch(code="WLG", entity="KL", description="later")], ("branches WLG",)),
    "a user edited": Later([User(user_id="Zoë", name="later", roles=("R1",))], ("users Zoë",)),
    "an override made again": Later([override("Björn")], ("overrides GLOBAL / SMTP / Björn",)),
    "the override of its user edited": Later([override("Zoë")], ("overrides GLOBAL / SMTP / Zoë", "users Zoë")),
    "another override of its user": Later([override("Zoë", ServiceKind.EXCHANGE)], ("users Zoë",)),
    "the user of its override gone": Later([], ("overrides GLOBAL / SMTP / Björn",), ("users/björn",)),
}


@pytest.mark.parametrize("what", LATER)
def test_rows_changed_since_are_left_alone_and_all_others_taken_back(
    app: App, before: dict[str, Row], what: str
) -> None:
    later, after = LATER[what], content(app)
    applied(app, plan_change(app, later.rows, later.removed))
    now = content(app)
    with pytest.raises(RollbackConflict) as refused:
        migrating.plan_rollback(app, RUN)
    assert [conflict.partition(":")[0] for conflict in refused.value.conflicts] == sorted(later.left_alone)
    plan = migrating.plan_rollback(app, RUN, skip_conflicts=True)
    assert plan.left_alone == later.left_alone
    applied(app, plan)
    back = {name for name, _ in before.items() ^ after.items()} - set(later.left_alone)
    kept = {name: row for name, row in now.items() if name not in back}
    assert content(app) == {**kept, **{name: before[name] for name in back & before.keys()}}
    check_sound(app)


# Back and forth: ST-20, ST-22.


def test_a_run_is_taken_back_once_and_that_can_be_taken_back(app: App, before: dict[str, Row]) -> None:
    after = content(app)
    for run, expected in ((2, before), (3, after), (4, before)):
        taken_back(app, run)
        assert content(app) == expected
        check_sound(app)
        with pytest.raises(AlreadyApplied, match=f"Run {run} has been taken back already"):
            migrating.plan_rollback(app, run)
    assert [run.reverses for run in migrating.history(app)] == [None, None, 2, 3, 4]


@pytest.mark.parametrize("run", [0, 3, -1])
def test_a_run_that_never_was_is_not_taken_back(app: App, run: int) -> None:
    with pytest.raises(UnknownName, match=f"run '{run}'"):
        migrating.plan_rollback(app, run)


def test_a_plan_made_right_after_it_was_applied_is_empty(staged: dict[str, Stage]) -> None:
    """And so is one of the same export taken once more; an empty plan may be applied, and is not taken back."""
    stage = staged["apply"]
    with stage.places.copied(stage.url) as url, stage.opened(url) as app:
        before = content(app)
        again = migrating.take_snapshot(app, stage.places.folder / "export.json")
        plans = [migrating.make_plan(app, snapshot) for snapshot in (first_snapshot(app), again)]
        assert [list(plan.operations) for plan in plans] == [[], []]
        applied(app, plans[0])
        assert content(app) == before
        check_sound(app)
        with pytest.raises(AlreadyApplied):
            migrating.plan_rollback(app)


# A clock that was set back: ST-37.


def set_back(app: App) -> None:
    """Two runs: one now, and one after the clock was set back by two hours."""
    for code, its_clock in (("A", app), ("B", replace(app, clock=lambda: NOW - timedelta(hours=2)))):
        applied(its_clock, plan_change(its_clock, [CostCentre(code=code)]))


def test_what_was_done_is_told_in_the_order_in_which_it_was_done(app: App, staged: dict[str, Stage]) -> None:
    set_back(app)
    assert [(run.run, run.applied_at[11:16]) for run in migrating.history(app)[2:]] == [(3, "09:00"), (4, "07:00")]
    trail = staged["apply"].places.ask(app.store.url, "SELECT object, at FROM audit_trail ORDER BY seq")
    assert [(name, at[11:16]) for name, at in trail[-2:]] == [("cost_centres A", "09:00"), ("cost_centres B", "07:00")]
    assert maintaining.verify_trail(app) == len(trail)
    taken_back(app)
    assert "cost_centres B" not in content(app)


def test_the_doctor_says_that_the_clock_was_set_back(app: App) -> None:
    set_back(app)
    [notice] = [check for check in maintaining.doctor(app) if check.state != maintaining.OK]
    assert notice.state == maintaining.NOTICE
    assert "2026-11-22T07:00:00+00:00" in notice.found
