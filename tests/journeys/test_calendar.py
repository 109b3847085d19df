"""Activities from a file to a calendar and out of it again, by commands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import mailadmin
from mailadmin.usecases.sandboxing import Playing, sandboxed
from tests.cli import Desk
from tests.sites import configure, rows

SITE = rows(
    "[[users]]",
    'user_id = "ann"',
    'name = "Ann"',
    "[[users]]",
    'user_id = "bob"',
    'name = "Bob"',
    "[[mail_preferences]]",
    'user_id = ""',
    'method = "exchange online"',
    'tenant_id = "0f0e0d0c-0b0a-4908-8706-050403020100"',
    'client_id = "6f6e6d6c-1111-4222-8333-0123456789ab"',
    "[[mail_preferences]]",
    'user_id = "ann"',
    'email = "ann@kowhai.example"',
    'user_name = "ann@kowhai.example"',
)
ACTIVITIES = """\
id,subject,start,end,time_zone,responsible,attendees,is_project
A-1,Visit the bank,2026-12-01 09:30,2026-12-01 10:30,Pacific/Auckland,ann,Ben <ben@client.example>,
A-2,Stocktaking,2026-12-02 09:30,2026-12-02 10:30,Pacific/Auckland,bob,,
A-3,Review,2026-12-03 09:30,2026-12-03 10:30,Pacific/Auckland,ann,,yes
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made("key", "create")
    made.file("a.csv").write_text(ACTIVITIES, encoding="utf-8")
    return made


@pytest.fixture
def playing(desk: Desk) -> Iterator[Playing]:
    app = mailadmin.connect(desk.store, environment={}, actor="tester")
    configure(app, desk.folder, SITE)
    with sandboxed(app) as found:
        yield found
    app.close()


def test_from_a_file_to_a_calendar_and_out_again(desk: Desk, playing: Playing) -> None:
    status = desk("calendar", "status", "--format", "csv").rows()
    assert [(row["user"], row["ready"], row["missing"]) for row in status] == [
        ("ann", "yes", ""),
        ("bob", "no", "E-mail address; User name (Exchange)"),
    ]
    assert [row["user"] for row in desk("calendar", "status", "--missing", "--format", "json").json()] == ["bob"]
    told = desk("calendar", "enter", desk.file("a.csv"), "--dry-run", "--format", "csv").rows()
    assert [(row["activity"], row["done"]) for row in told] == [
        ("A-1", "enter"),
        ("A-2", "leave out"),
        ("A-3", "leave out"),
    ]
    assert "No activity" in desk("calendar").error
    desk("calendar", "enter", desk.file("a.csv"))
    [row] = desk("calendar", "--format", "csv").rows()
    assert (row["activity"], row["standing"], row["user"], row["sequence"]) == ("A-1", "entered", "ann", "0")
    assert "A-1" in desk("calendar", "cancel", "A-1").out
    assert desk("calendar", "--format", "csv").rows()[0]["standing"] == "cancelled"
    assert desk("doctor").code == 0
    assert len(list(playing.sandbox.inbox)) == 2


def test_a_file_with_problems_is_not_taken_and_one_that_fails_is_told(desk: Desk, playing: Playing) -> None:
    desk.file("bad.csv").write_text(ACTIVITIES.replace("Pacific/Auckland", "Kowhai"), encoding="utf-8")
    assert "there is no time zone 'Kowhai'" in desk("calendar", "enter", desk.file("bad.csv"), code=2).error
    desk.file("who.csv").write_text(ACTIVITIES.replace(",bob,", ",nobody,"), encoding="utf-8")
    said = desk("calendar", "enter", desk.file("who.csv"), "--format", "csv", code=2)
    assert [(row["activity"], row["done"]) for row in said.rows()] == [
        ("A-1", "enter"),
        ("A-2", "failed"),
        ("A-3", "leave out"),
    ]
    assert "There is no user 'nobody'" in said.error
    desk("calendar", "cancel", "A-9", code=2)
