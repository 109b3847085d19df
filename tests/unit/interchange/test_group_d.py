"""Ten thousand hostile cells in and out: none is altered on the way, whatever the carrier (group D)."""

from __future__ import annotations

import os
import random
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mailadmin.errors import BadInput
from mailadmin.interchange import configuration
from mailadmin.interchange.files import read_json, read_text
from mailadmin.interchange.legacy_exports import read_legacy_export
from tests.campaign import Child, Counters, Say
from tests.carriers import Sheets, as_csv, as_json, as_sqlite, as_xlsx
from tests.unit.interchange.in_process import reading_here
from tests.unit.interchange.test_mutations import KOWHAI, SAMPLE, dice_of, mutated, read_or_refused

FRAGMENTS = (
    *("NA", "N/A", "nan", "NaN", "None", "null", "-nan", "#N/A", "<NA>", "1.#IND", "TRUE", "False", "yes", "x"),
    *(
        "00123",
        "1E5",
        "1_000",
        "0x1F",
        "1,5",
        "5.0",
        "-0",
        "+1",
        "٥٨٧",
        "５８７",
        "1/2",
        "2026-11-22",
        "12:30",
        "1e999",
    ),
    *("=1+1", "=HYPERLINK(1)", "@SUM(1)", "+cmd|' /C calc'!A0", "-2+3", "'quoted", "=", "%", "\\", "\\n", "\\N"),
    *(
        '"',
        '""',
        "'",
        ",",
        ";",
        "|",
        "sep=;",
        "\n",
        "\n\n",
        "line\nbreak",
        "a\tb",
        "<b>",
        "</script>",
        "&amp;",
        "{{7*7}}",
    ),
    *("é", "e\u0301", "ﬁ", "İ", "ı", "ß", "日本", "𝒳", "👩‍👩‍👧", "\u00a0", "مرحبا", "x\u200dx", "﷽", "Ǆ", "\u2028x"),
    *(
        "a" * 300,
        "../../etc/passwd",
        "C:\\x",
        "smb://x",
        "#",
        "//",
        "--",
        ";--",
        "' OR 1=1",
        "$1",
        "%s",
        "${x}",
        "\u00ad",
    ),
)
"""TABLE: what other readers change, run, cut or swallow."""

NOT_SET = {"null", "(null)", '""'}
"""What stands for nothing in an export."""

CARRIERS: dict[str, Callable[[Sheets, Path], tuple[Path, str | None]]] = {
    "csv": lambda sheets, folder: (as_csv(sheets, folder / "csv"), None),
    "utf-16": lambda sheets, folder: (as_csv(sheets, folder / "other", delimiter=";", encoding="utf-16"), None),
    "json": lambda sheets, folder: (as_json(sheets, folder / "x.json"), None),
    "xlsx": lambda sheets, folder: (as_xlsx(sheets, folder / "x.xlsx"), None),
    "sql": lambda sheets, folder: _swapped(*as_sqlite(sheets, folder / "sql")),
}


def _swapped(url: str, queries: Path) -> tuple[Path, str | None]:
    return queries, url


def hostile(dice: random.Random) -> str:
    """Text that is not blank, and that no carrier is told to read as nothing."""
    while True:
        text = "".join(dice.choice(FRAGMENTS) for _ in range(dice.randint(1, 3)))
        if text.strip() and text.strip().lower() not in NOT_SET:
            return text


def carry(carrier: str, cells: int, folder: Path, counters: Counters) -> None:
    """Write hostile text with a carrier's own library, read it with ours, and compare it character by character."""
    dice = random.Random(f"{counters.seed} {carrier}")  # noqa: S311
    names = {f"U{number:06}": hostile(dice) for number in range(cells)}
    sheets: Sheets = {"users": (["user_id", "name"], [[user, name] for user, name in names.items()])}
    source, sql = CARRIERS[carrier](sheets, folder)
    with counters.case(faults=0):
        export = read_legacy_export(source, sql=sql)
    found = {row["user_id"]: row.get("name") for row in export.tables["users"]}
    counters.count("cells", cells)
    altered = {user: (names[user], found.get(user)) for user in names if found.get(user) != names[user]}
    counters.count("altered", len(altered))
    counters.equal(dict(list(altered.items())[:3]), {}, f"{carrier}, seed {counters.seed}, {len(altered)} altered")


@pytest.mark.parametrize("carrier", CARRIERS)
def test_no_hostile_cell_is_altered(carrier: str, tmp_path: Path) -> None:
    counters = Counters("D cells", seed=1)
    carry(carrier, 2_000, tmp_path, counters)
    assert counters.found == {"cells": 2_000, "altered": 0}


def mutate_everything(folder: Path, times: int, counters: Counters) -> None:
    """Read the sample with each of its files damaged, this many times: read or refused by name, and nothing else."""
    for path in (*KOWHAI, SAMPLE / "kowhai-small.json"):
        dice = dice_of(f"{counters.seed} {path.name}")
        alone = folder / path.stem
        alone.mkdir()
        for _ in range(times):
            (alone / path.name).write_bytes(mutated(path.read_bytes(), dice))
            with counters.case(), reading_here():
                read = read_or_refused(alone if path.suffix == ".csv" else alone / path.name)
            counters.count("read" if read else "refused")


def test_a_damaged_file_is_read_or_refused(tmp_path: Path) -> None:
    counters = Counters("D mutations", seed=1)
    mutate_everything(tmp_path, 5, counters)
    assert counters.found["read"] + counters.found["refused"] == counters.cases_run == 5 * (len(KOWHAI) + 1)


# Documents of ours are files from outside too (FI-13, FI-34).


def within_seconds(work: Callable[[], object]) -> list[str]:
    """What work in a child says that is killed when it takes long: it may read without an end."""

    def told(say: Say) -> None:
        signal.alarm(2)
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        try:
            work()
        except BadInput as error:
            say(type(error).__name__)

    return Child(told).end().said


@pytest.mark.parametrize("read", [read_json, lambda file: list(read_text(file)), configuration.read])
@pytest.mark.parametrize(
    "made",
    [
        pytest.param(
            "fifo",
        ),
        pytest.param(
            "endless",
        ),
        "folder",
        "missing",
    ],
)
def test_a_document_is_a_regular_file(read: Callable[[Path], object], made: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    if made == "fifo":
        os.mkfifo(file)
    elif made == "endless":
        file.symlink_to("/dev/zero")
    elif made == "folder":
        file.mkdir()
    assert within_seconds(lambda: read(file)) == ["BadInput"]


@pytest.mark.parametrize(
    "document",
    [
        b"[" * 100_000,
        b"1" * 5_000,
        b'{"a": 1, "a": 2}',
        b"[NaN]",
        b"{} x",
        b'{"__proto__": 1}',
        b"",
        b"\xff\xfe{}",
        b'{"format": "mailadmin-plan/1", "a": 1.5}',
        b'{"format": "mailadmin-plan/1", "a": NaN}',
        b'{"a": [1,]}',
        b'{"a" 1}',
    ],
    ids=[
        "deep",
        "digits",
        "twice",
        "NaN",
        "more",
        "proto",
        "empty",
        "not UTF-8",
        "float",
        "NaN inside",
        "comma",
        "colon",
    ],
)
def test_a_document_that_is_no_plan_is_refused(document: bytes, tmp_path: Path) -> None:
    from mailadmin.migration.plan import Plan

    file = tmp_path / "plan.json"
    file.write_bytes(document)
    started = time.perf_counter()
    with pytest.raises(BadInput):
        Plan.read(read_text(file), "plan.json", None)
    assert time.perf_counter() - started < 5
