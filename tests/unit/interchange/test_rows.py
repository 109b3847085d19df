"""Rows by column, and what a million of them cost (FI-33)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from mailadmin.interchange import confinement
from mailadmin.interchange.carriers import Place
from mailadmin.interchange.rows import Content, first_part, key_of
from mailadmin.migration.content import TABLES


def test_a_key_sorts_as_its_parts() -> None:
    keys = [("a", "z"), ("a b", "a"), ("ab", "a"), ("a", ""), ("Z", "A")]
    assert sorted(keys, key=lambda parts: key_of(*parts)) == sorted(
        keys, key=lambda parts: tuple(map(str.lower, parts))
    )
    assert first_part(key_of("AKL ", "x")) == "akl"


def test_a_key_is_claimed_once() -> None:
    content = Content(TABLES["entities"], "x.csv", Place("x.csv, row "))
    assert [content.claim(key, number) for key, number in (("a", 2), ("b", 7), ("a", 9))] == [None, None, 2]
    assert content.place_of(1) == "x.csv, row 7"


MEASURE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from mailadmin.interchange.legacy_exports import read_legacy_export

def peak():
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) * 1024

before = peak()
export = read_legacy_export(sys.argv[2])
print((peak() - before) // len(export.tables["users"]))
"""


def test_a_row_costs_little_memory(tmp_path: Path) -> None:
    """A million rows like these are to stay below 500 MB; as dicts they would take some 200 more."""
    rows = (
        f"User{n:07},Person {n},user{n}@example.com,Normal,True,False,SUPPORT;AUDITOR,B{n % 1000:04}\n"
        for n in range(125_000)
    )
    header = "user_id,name,email,level,active,external,roles,branch\n"
    (tmp_path / "users.csv").write_text(header + "".join(rows))
    command = [sys.executable, "-c", MEASURE, confinement._PACKAGES, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 500
