"""Where a store stands: from nothing to migrated, and whatever needs a look on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailadmin import connect, keeping, migrating, switching
from mailadmin.bootstrap import App, sample_folder
from mailadmin.usecases.starting import LOOKS, Point, Stand, next_step, overview


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    opened = connect(tmp_path / "store.db", environment={})
    yield opened
    opened.close()


def stands(app: App) -> dict[str, Stand]:
    return {point.what: point.stand for point in overview(app)}


def coming(app: App) -> str:
    found = next_step(overview(app))
    return found.what if found else ""


def test_everything_is_looked_at_in_the_order_in_which_one_works(app: App) -> None:
    steps: list[tuple[int, int]] = []
    points = overview(app, progress=lambda _, done, of: steps.append((done, of)))
    assert [point.what for point in points] == list(LOOKS)
    assert steps == [(number, len(LOOKS)) for number in range(len(LOOKS))]


def test_an_empty_store_needs_a_key_then_a_snapshot_then_the_migration(app: App) -> None:
    assert coming(app) == "Key"
    keeping.create_key(app)
    assert coming(app) == "Snapshot"
    snapshot = migrating.take_snapshot(app, sample_folder() / "kowhai-csv")
    assert coming(app) == "Migration"
    plan = migrating.make_plan(app, snapshot)
    run = migrating.apply(app, plan, plan.confirmation)
    found = stands(app)
    assert [found[what] for what in ("Key", "Snapshot", "Migration")] == [Stand.DONE] * 3
    assert found["Users"] is found["Accounts"] is Stand.LOOK
    back = migrating.plan_rollback(app, run.run)
    migrating.apply(app, back, back.confirmation)
    assert coming(app) == "Migration"


def test_users_who_cannot_send_are_named_and_counted(app: App) -> None:
    keeping.create_key(app)
    plan = migrating.make_plan(app, migrating.take_snapshot(app, sample_folder() / "kowhai-csv"))
    migrating.apply(app, plan, plan.confirmation)
    (users,) = [point for point in overview(app) if point.what == "Users"]
    assert users.found == "214 of 400 cannot send: 00000, 00017, 00034, and 211 more (186 ready, 214 incomplete)"


def test_stopped_mail_and_test_mode_are_told(app: App) -> None:
    keeping.create_key(app)
    switching.set_value(app, "test_mode.forced", "yes")
    assert stands(app)["Mail"] is Stand.LOOK
    switching.stop_mail(app, "a copy for testing")
    (mail,) = [point for point in overview(app) if point.what == "Mail"]
    assert mail.found == "all mail is stopped: a copy for testing"


def test_a_key_that_is_not_here_is_told_and_the_others_are_looked_at_all_the_same(app: App, tmp_path: Path) -> None:
    where = Path(keeping.create_key(app))
    where.rename(tmp_path / "elsewhere")
    found = stands(app)
    assert found["Key"] is Stand.LOOK
    assert len(found) == len(LOOKS)


def test_nothing_to_do_and_nothing_to_look_at_is_no_next_step() -> None:
    assert next_step([Point("a", Stand.DONE, ""), Point("b", Stand.LATER, "")]) is None
    looked = Point("b", Stand.LOOK, "")
    assert next_step([Point("a", Stand.DONE, ""), looked]) == looked
