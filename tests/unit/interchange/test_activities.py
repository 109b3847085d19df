"""Activities out of files: every carrier gives the same, and everything wrong with one is told in one go."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime
from pathlib import Path

import pytest

from mailadmin.domain.activities import Activity
from mailadmin.domain.messages import Address
from mailadmin.errors import BadInput, SourceRejected
from mailadmin.interchange.activities import COLUMNS, read_activities

WHOLE = Activity(
    id="A-1",
    subject="Visit",
    start=datetime(2026, 12, 1, 9, 30),
    end=datetime(2026, 12, 1, 10, 30),
    time_zone="Pacific/Auckland",
    location="Queen Street",
    description="Bring papers",
    responsible="ann",
    attendees=(Address("ben@x.test", "Ben"), Address("cia@x.test")),
    reminder=15,
)
ROW = {
    "id": "A-1",
    "subject": "Visit",
    "start": "2026-12-01 09:30",
    "end": "2026-12-01T10:30",
    "time_zone": "Pacific/Auckland",
    "location": "Queen Street",
    "description": "Bring papers",
    "responsible": "ann",
    "attendees": "Ben <ben@x.test>; cia@x.test",
    "reminder": "15",
    "is_project": "no",
}


def csv_of(*rows: dict[str, str]) -> str:
    return "\n".join([",".join(rows[0]), *(",".join(f'"{cell}"' for cell in row.values()) for row in rows)])


def test_every_part_of_an_activity_has_a_column() -> None:
    assert list(COLUMNS) == [field.name for field in fields(Activity)]


@pytest.mark.parametrize(
    ("name", "text"), [("a.csv", csv_of(ROW)), ("a.json", json.dumps({"activities": [ROW | {"reminder": 15}]}))]
)
def test_a_file_is_read(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_activities(tmp_path / name) == (WHOLE,)


def test_a_day_needs_no_time(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,subject,start,end,all_day\nA,Day,2026-12-24,2026-12-25,yes\n", encoding="utf-8")
    [found] = read_activities(tmp_path / "a.csv")
    assert (found.all_day, found.start, found.end) == (True, datetime(2026, 12, 24), datetime(2026, 12, 25))


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    wrong = [
        ROW | {"start": "soon", "attendees": "ben at x", "reminder": "-1", "is_project": "perhaps"},
        ROW | {"id": "A-2", "end": "2026-12-01 08:00"},
        ROW | {"id": "A-3", "subject": ""},
        ROW | {"id": "A-4"},
        ROW | {"id": "a-4"},
    ]
    (tmp_path / "a.csv").write_text(csv_of(*wrong), encoding="utf-8")
    with pytest.raises(SourceRejected) as raised:
        read_activities(tmp_path / "a.csv")
    assert [(problem.where, problem.what.partition(":")[0]) for problem in raised.value.problems] == [
        ("a.csv, row 2, start", "is no time"),
        ("a.csv, row 2, attendees", "address"),
        ("a.csv, row 2, reminder", "is no number of minutes"),
        ("a.csv, row 2, is_project", "is not True or False"),
        ("a.csv, row 3", "Activity A-2"),
        ("a.csv, row 4, subject", "is blank"),
        ("a.csv", "activity 'A-4' stands more than once"),
        ("a.csv", "activity 'a-4' stands more than once"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,subject,start\nA,B,2026-12-01\n", "lacks the columns end"),
        ("id,subject,start,end,when\nA,B,2026-12-01,2026-12-02,x\n", "not known: 'when'"),
        ("", "lacks the columns id, subject, start, end"),
    ],
)
def test_a_file_that_is_no_list_of_activities_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=said):
        read_activities(tmp_path / "a.csv")
