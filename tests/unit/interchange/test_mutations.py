"""Whatever happens to a file, it is read or refused by name (FI-43)."""

from __future__ import annotations

import io
import random
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailadmin.errors import BadInput
from mailadmin.interchange.legacy_exports import read_legacy_export
from tests.carriers import as_xlsx, sheets_in

SAMPLE = Path(__file__).parents[3] / "data" / "sample"
KOWHAI = sorted((SAMPLE / "kowhai-csv").glob("*.csv"))
MUTATIONS = 200


def dice_of(seed: str) -> random.Random:
    """Dice that fall the same way again, so that a failure can be repeated."""
    return random.Random(seed)  # noqa: S311


def mutated(data: bytes, dice: random.Random) -> bytes:
    """The data with a few bytes changed, left out, put in or said again."""
    changed = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        at, length = dice.randrange(len(changed) + 1), dice.randint(1, 16)
        kind = dice.randrange(4)
        if kind == 0:
            changed[at : at + length] = dice.randbytes(length)
        elif kind == 1:
            del changed[at : at + length]
        elif kind == 2:
            changed[at:at] = dice.choice((b"\0", b'"', b",", b"\xff", b"\n", b"{", b"[", b"<", b"9" * 99, b"e9"))
        else:
            changed[at:at] = changed[max(0, at - 64) : at]
    return bytes(changed)


def read_or_refused(source: Path) -> bool:
    """Whether it was read; any exception but BadInput is a failure, and so is taking long."""
    started = time.perf_counter()
    try:
        read_legacy_export(source)
    except BadInput:
        return False
    finally:
        assert time.perf_counter() - started < 5
    return True


@pytest.mark.parametrize("path", KOWHAI, ids=lambda path: path.stem)
def test_csv(path: Path, tmp_path: Path) -> None:
    dice = dice_of(path.stem)
    data = path.read_bytes()
    for _ in range(MUTATIONS):
        (tmp_path / path.name).write_bytes(mutated(data, dice))
        read_or_refused(tmp_path)


def test_json(tmp_path: Path) -> None:
    dice = dice_of("json")
    data = (SAMPLE / "kowhai-small.json").read_bytes()
    for _ in range(MUTATIONS):
        (tmp_path / "x.json").write_bytes(mutated(data, dice))
        read_or_refused(tmp_path / "x.json")


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small workbook."""
    sheets = {name: (header, rows[:5]) for name, (header, rows) in sheets_in(SAMPLE / "kowhai-csv").items()}
    return as_xlsx(sheets, tmp_path_factory.mktemp("workbook") / "x.xlsx").read_bytes()


def test_xlsx(workbook: bytes, tmp_path: Path) -> None:
    dice = dice_of("xlsx")
    for _ in range(MUTATIONS):
        (tmp_path / "x.xlsx").write_bytes(mutated(workbook, dice))
        read_or_refused(tmp_path / "x.xlsx")


def test_xlsx_within_its_parts(workbook: bytes, tmp_path: Path) -> None:
    dice = dice_of("parts")
    for _ in range(MUTATIONS):
        (tmp_path / "x.xlsx").write_bytes(_with_a_part_mutated(workbook, dice))
        read_or_refused(tmp_path / "x.xlsx")


def _with_a_part_mutated(workbook: bytes, dice: random.Random) -> bytes:
    parts = dict(_parts(workbook))
    read = [name for name in sorted(parts) if name.endswith(".rels") or "sheet" in name or "/s" in name]
    chosen = dice.choice(read)
    parts[chosen] = mutated(parts[chosen], dice)
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return data.getvalue()


def _parts(workbook: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        for name in archive.namelist():
            yield name, archive.read(name)
