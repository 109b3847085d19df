"""The process that parses files from outside: what it may use, and that nobody is harmed when it dies."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mailadmin.errors import BadInput, SourceRejected
from mailadmin.interchange import budgets, confinement
from mailadmin.interchange.findings import Findings
from mailadmin.interchange.legacy_exports import read_legacy_export
from tests.carriers import as_csv, as_json, as_xlsx, sheets_in
from tests.unit.interchange.in_process import reading_here
from tests.unit.interchange.test_xlsx_tables import raw

SAMPLE = Path(__file__).parents[3] / "data" / "sample" / "kowhai-csv"


@pytest.fixture(scope="module", autouse=True)
def reader() -> None:
    """Here it is the real one."""


def program(monkeypatch: pytest.MonkeyPatch, lines: str) -> None:
    """Have this run instead of the reader."""
    monkeypatch.setattr(confinement, "_PROGRAM", lines)


def limits(monkeypatch: pytest.MonkeyPatch, **changed: int) -> None:
    monkeypatch.setattr(budgets, "READER", {**budgets.READER, **changed})


def _processes() -> set[str]:
    """The processes this one has started and not waited for."""
    return {pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


Children = Callable[[], set[str]]


@pytest.fixture
def children() -> Children:
    """Asks for the processes started since: other tests' servers may stand beside them."""
    before = _processes()
    return lambda: _processes() - before


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder, sheets = tmp_path_factory.mktemp("sources"), sheets_in(SAMPLE)
    odd = folder / "odd.json"
    odd.write_text('{"entities": [{"code": [1]}, {"code": 1e999}, 7, {"code": "\\ud800"}, {"code": "a", "x": NaN}]}')
    return {
        "csv": as_csv(sheets, folder / "csv"),
        "xlsx": as_xlsx(sheets, folder / "legacy.xlsx"),
        "json": as_json(sheets, folder / "legacy.json"),
        "problems": odd,
    }


def read_or_told(source: Path) -> object:
    try:
        export = read_legacy_export(source)
    except BadInput as error:
        return str(error)
    return export.tables, export.secrets, export.notes, export.sha256


@pytest.mark.parametrize("name", ["csv", "xlsx", "json", "problems"])
def test_another_process_reads_what_this_one_would(name: str, sources: dict[str, Path]) -> None:
    actual = read_or_told(sources[name])
    with reading_here():
        assert actual == read_or_told(sources[name])
    assert isinstance(actual, str) == (name == "problems")


def test_problems_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "roles.csv").write_text("role,permission_key,decision\nA,x,maybe\nB\nC,x,perhaps\n")
    with pytest.raises(SourceRejected) as caught:
        read_legacy_export(tmp_path)
    assert [problem.where for problem in caught.value.problems] == [
        "roles.csv, row 2, column decision",
        "roles.csv, row 3",
        "roles.csv, row 4, column decision",
    ]


def test_a_file_that_fills_the_memory_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, children: Children
) -> None:
    source = tmp_path / "x.json"
    source.write_text('{"users": [' + "[]," * 1_500_000 + "[]]}")
    limits(monkeypatch, RLIMIT_AS=100_000_000)
    with pytest.raises(BadInput) as caught:
        read_legacy_export(source)
    assert caught.value.what == "x.json needs more than 100 MB of memory to read."
    assert children() == set()


def test_a_file_that_takes_for_ever_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "entities.csv").write_bytes(b"code\nA\n")
    (tmp_path / "users.csv").write_bytes(b"user_id\n" + b"\n" * 80_000_000)
    limits(monkeypatch, RLIMIT_CPU=1)
    with pytest.raises(BadInput) as caught:
        read_legacy_export(tmp_path)
    assert caught.value.what == "users.csv needs more than 1 seconds of processing to read."


def test_shared_texts_that_fill_the_memory_are_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = "".join(f"<si><t>{number:0100}</t></si>" for number in range(300_000))
    source = _stored(tmp_path, raw("", xl__sharedStrings_dot_xml=f"<sst>{texts}</sst>"))
    limits(monkeypatch, RLIMIT_AS=100_000_000)
    with pytest.raises(BadInput) as caught:
        read_legacy_export(source)
    assert caught.value.what == "x.xlsx needs more than 100 MB of memory to read."


def test_a_sheet_that_takes_for_ever_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = _stored(tmp_path, raw("<row/>" * 5_000_000))
    limits(monkeypatch, RLIMIT_CPU=1)
    with pytest.raises(BadInput) as caught:
        read_legacy_export(source)
    assert caught.value.what == "x.xlsx needs more than 1 seconds of processing to read."


def _stored(folder: Path, workbook: bytes) -> Path:
    """The workbook packed in a way that no ratio gives away."""
    source = folder / "x.xlsx"
    with zipfile.ZipFile(io.BytesIO(workbook)) as packed, zipfile.ZipFile(source, "w") as stored:
        for name in packed.namelist():
            stored.writestr(name, packed.read(name))
    return source


@pytest.mark.parametrize(
    ("lines", "ended"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
        ("import os; os.abort()", "SIGABRT"),
        ("1 / 0", "exit code 1"),
        ('import sys; sys.stdin.read(); print(\'[["reading", "x.json"]]\', flush=True); sys.exit(3)', "exit code 3"),
    ],
)
def test_a_reader_that_dies_is_told(
    lines: str, ended: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, children: Children
) -> None:
    program(monkeypatch, lines)
    with pytest.raises(BadInput) as caught:
        read_legacy_export(tmp_path / "x.json")
    assert caught.value.what == f"x.json cannot be read: its reader ended with {ended}."
    assert (caught.value.__cause__, children()) == (None, set())


def test_no_interpreter_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(BadInput, match=r"No process can be started to read in: No such file or directory\."):
        read_legacy_export(SAMPLE)


SAYS = """
import json, os, resource, sys
from mailadmin.interchange import reader
order = json.load(sys.stdin)
reader._limit(order["limits"])
print(json.dumps([["refused", json.dumps({limits}), ""]]))
"""


def said(monkeypatch: pytest.MonkeyPatch, expression: str) -> object:
    """What a Python expression is worth in the reader's process."""
    program(monkeypatch, "import sys; sys.path.insert(0, sys.argv[1])" + SAYS.replace("{limits}", expression))
    with pytest.raises(BadInput) as caught:
        read_legacy_export(SAMPLE)
    try:
        return json.loads(caught.value.what)
    except ValueError:
        raise caught.value from None


def test_its_limits_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    found = said(monkeypatch, f"{{n: resource.getrlimit(getattr(resource, n))[0] for n in {list(budgets.READER)}}}")
    assert found == budgets.READER


def test_limits_that_are_tighter_already_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    before = "resource.setrlimit(resource.RLIMIT_CPU, (5, 5)) or reader._limit(order['limits'])"
    assert said(monkeypatch, f"[{before}, resource.getrlimit(resource.RLIMIT_CPU)][1]") == [5, 5]


def test_it_can_write_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = tmp_path / "x"
    with pytest.raises(BadInput, match="its reader ended with exit code 1"):
        said(monkeypatch, f"os.write(os.open({str(written)!r}, os.O_CREAT | os.O_WRONLY), b'x')")
    assert written.read_bytes() == b""


def test_it_sees_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILADMIN_KEY", "key")
    monkeypatch.setenv("PYTHONSTARTUP", "x")
    names = said(monkeypatch, "sorted(os.environ)")
    assert isinstance(names, list)
    assert set(names) <= {*confinement._ENVIRONMENT}
    assert "PATH" in names


def test_it_imports_little() -> None:
    lines = confinement._PROGRAM.replace("main()", "print(*{name.partition('.')[0] for name in sys.modules})")
    command = [sys.executable, "-I", "-c", lines, confinement._PACKAGES]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    known = set(done.stdout.split())
    assert (
        known & {"pydantic", "sqlalchemy", "subprocess", "defusedxml", "openpyxl", "pandas", "msal", "typer"} == set()
    )
    assert known >= {"mailadmin", "json"}


def test_it_ends_when_its_carrier_is_left(tmp_path: Path, children: Children) -> None:
    file = tmp_path / "users.csv"
    file.write_bytes(b"user_id,name\n" + b"a,b\n" * 200_000)
    with confinement.confined([file], Findings(), folder=True) as carrier:
        table = next(carrier.tables)
        assert next(iter(table.rows)) == [2, ["a", "b"]]
        assert len(children()) == 1
    assert children() == set()


def test_rows_nobody_asked_for_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_bytes(b"when,who\n" + b"1,2\n" * 2_000)
    (tmp_path / "users.csv").write_bytes(b"user_id,name\na,A\n")
    export = read_legacy_export(tmp_path, ignore_unknown=True)
    assert (export.tables, export.not_taken) == ({"users": [{"user_id": "a", "name": "A"}]}, ("history",))


def test_several_threads_read_at_once() -> None:
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(read_legacy_export, [SAMPLE] * 8))
    assert [len(export.tables["users"]) for export in found] == [400] * 8
    assert len({export.sha256 for export in found}) == 1
