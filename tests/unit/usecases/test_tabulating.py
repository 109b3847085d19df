"""Everybody as a frame, as Arrow and in a file is everybody."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import mailadmin
from mailadmin.domain.services import ServiceKind
from mailadmin.errors import BadInput
from mailadmin.resolution.population import Population
from tests.sites import site


@pytest.fixture
def found(tmp_path: Path) -> Iterator[list[Population]]:
    """Everybody by the rule, and by Exchange."""
    with closing(site(tmp_path)) as app:
        asked = (None, ServiceKind.EXCHANGE)
        yield [one for service in asked for one in mailadmin.configuring.effective(app, service=service)]


def expected(found: list[Population]) -> list[tuple[str, str]]:
    return [(answer.context.user or "", str(answer.status)) for one in found for answer in one]


def test_a_frame_has_everybodys_answers(found: list[Population]) -> None:
    frame = mailadmin.tabulating.to_frame(found)
    assert list(zip(frame["user_id"], frame["status"], strict=True)) == expected(found) != []
    assert mailadmin.tabulating.to_frame([]).empty


def test_arrow_has_everybodys_answers(found: list[Population]) -> None:
    pytest.importorskip("pyarrow")
    table = mailadmin.tabulating.to_arrow(found)
    rows = zip(table["user_id"].to_pylist(), table["status"].to_pylist(), strict=True)
    assert list(rows) == expected(found)


def test_a_file_has_everybodys_answers(found: list[Population], tmp_path: Path) -> None:
    file = tmp_path / "all.csv"
    assert mailadmin.tabulating.write(found, file) == len(expected(found))
    with file.open(newline="", encoding="utf-8") as opened:
        assert [(row["user_id"], row["status"]) for row in csv.DictReader(opened)] == expected(found)
    assert mailadmin.tabulating.write([], file) == 0
    assert file.read_text().startswith("user_id,branch,")
    with pytest.raises(BadInput):
        mailadmin.tabulating.write(found, tmp_path / "all.xlsx")
