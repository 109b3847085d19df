"""A secret never leaves the vault: the whole job with a canary in every secret column, then a search for them."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.canaries import canary, encodings, exported, found_in, hits
from tests.cli import Desk

ROOT = Path(__file__).parents[2]
COMMANDS = (
    ("snapshot", "list"),
    ("snapshot", "show", "before.json", "--format", "json"),
    ("legacy-effective", "before.json", "--format", "csv", "--raw"),
    ("plan", "before.json", "--full", "--out", "again.json"),
    ("plan", "before.json", "--format", "json", "--out", "again.json"),
    ("effects", "plan.json", "--format", "csv"),
    ("report", "migration", "plan.json", "--out", "report"),
    ("report", "audit", "--out", "audit"),
    ("effective", "--format", "csv"),
    ("effective", "--long", "--format", "json"),
    ("explain", "Ann01"),
    ("explain", "--portal", "SHOP"),
    ("export", "--format", "json", "--out", "site.json"),
    ("export", "--out", "site.toml"),
    ("import", "site.toml", "--full", "--out", "edit.json"),
    ("doctor",),
    ("history",),
    ("rollback", "--full", "--out", "back.json"),
    ("key", "rotate"),
    ("verify-migration",),
)


def export(secrets: dict[str, str]) -> dict[str, object]:
    smtp = {"EmailSmtpServer": "smtp.example", "EmailSmtpUserId": "user", "EmailSmtpPort": 587}
    exchange = {"EmailExchangeUserName": "m@x.example", "EmailExchangeClientId": "c", "EmailExchangeTenantId": "t"}
    settings = {**smtp, **exchange, "EmailExchangeHasRefreshToken": True, "EmailSmtpPassword": secrets["global"]}
    settings["EmailExchangeRefreshToken"] = secrets["global token"]
    own = {
        "EmailUseGlobalSettings": False,
        "EmailSmtpPassword": secrets["user"],
        "EmailSmtpPasswordResolved": secrets["resolved"],
        "EmailExchangeRefreshToken": secrets["token"],
    }
    return {
        "global_settings": [{"property": name, "value": value} for name, value in settings.items()],
        "users": [{"user_id": "Ann01", "name": "Ann"}],
        "user_preferences": [{"user_id": "Ann01", **smtp, **own}],
        "web_configurations": [{"code": "WEB", "EmailSmtpOverride": True, **smtp, "EmailSmtpPassword": secrets["web"]}],
        "portals": [{"code": "SHOP", "smtp_server": "smtp.example", "user_name": "u", "password": secrets["portal"]}],
    }


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_no_secret_leaves_the_vault(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("global", "global token", "user", "resolved", "token", "web", "portal", "typed")
    secrets = {name: canary() for name in names}
    monkeypatch.chdir(desk.folder)
    source = exported(desk.file("export.json"))
    source.write_text(json.dumps(export(secrets)))
    desk.migrate(source)
    said = [desk("secret", "set", "GLOBAL", "SMTP", "password", typed=f"{secrets['typed']}\n" * 2)]
    said += [desk(*command) for command in COMMANDS]
    source.write_text(source.read_text()[:-9])
    said += [desk("snapshot", "take", source, code=2)]

    assert found_in("".join(one.out + one.error for one in said).encode()) == set()
    assert list(hits(desk.folder)) == []


FOUND_AS = {
    "plain": "plain",
    "base64": "base64",
    "SASL PLAIN": "base64",
    "URL": "URL",
    "JSON": "JSON",
    "HTML": "HTML",
    "UTF-16": "UTF-16",
    "UTF-16, big end first": "UTF-16",
    "hexadecimal": "hexadecimal",
}


@pytest.mark.parametrize("how", FOUND_AS)
def test_the_search_finds_every_encoding(how: str) -> None:
    secret = canary()
    assert found_in(b"..." + encodings(secret)[how] + b"...") == {FOUND_AS[how]}
    assert list(encodings(secret)) == list(FOUND_AS)


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_the_search_finds_base64_of_a_text_around_it(before: str) -> None:
    assert found_in(base64.b64encode(f"{before}{canary()} and more".encode())) == {"base64"}


def test_the_search_finds_nothing_else() -> None:
    assert found_in(b"CANARY-token CANARY- CANARY-0123456789ab canary-0123456789ab- Q0FOQVJZ") == set()


LEAKS = """
import base64, logging, sqlite3, tempfile, zipfile
from contextlib import closing
from pathlib import Path
from tests.canaries import canary, exported

def test_file(tmp_path):
    (tmp_path / "x.txt").write_text(canary())

def test_base64(tmp_path):
    (tmp_path / "x.txt").write_bytes(base64.b64encode(b"me:" + canary().encode()))

def test_workbook(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", canary())

def test_store(tmp_path):
    with closing(sqlite3.connect(tmp_path / "x.db")) as store, store:
        store.execute("create table t (x)")
        store.execute("insert into t values (?)", [canary()])

def test_deleted(tmp_path):
    (tmp_path / "x.txt").write_text(canary())
    (tmp_path / "x.txt").unlink()

def test_replaced(tmp_path):
    (tmp_path / "x.txt").write_text(canary())
    (tmp_path / "y.txt").touch()
    (tmp_path / "y.txt").replace(tmp_path / "x.txt")
"""
MORE_LEAKS = """
import logging, tempfile
from pathlib import Path
from tests.canaries import canary, hear

def test_elsewhere():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "x.txt").write_text(canary())

def test_printed():
    print(canary())

def test_logged():
    logging.getLogger("x").warning(canary())

def test_said():
    hear(canary(), "the output of a command")

def test_raised():
    raise ValueError(canary())
"""
CLEAN = """
from tests.canaries import canary, exported

def test_of_the_customer(tmp_path):
    exported(tmp_path / "export").mkdir()
    (tmp_path / "export" / "x.csv").write_text(canary())
    (tmp_path / "export" / "x.csv").unlink()

def test_in_memory():
    assert canary() != canary()
"""


def session(folder: Path, *options: str, **modules: str) -> subprocess.CompletedProcess[str]:
    """A session of tests of its own; what it leaves behind is none of this one's business."""
    exported(folder)
    for name, text in modules.items():
        (folder / f"test_{name}.py").write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\n")
    plugins = ("-p", "tests.conftest", "-p", "no:cacheprovider")
    command = [sys.executable, "-m", "pytest", *plugins, *options, "--basetemp", str(folder / "base"), str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "400", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def got_out(ended: subprocess.CompletedProcess[str]) -> list[tuple[str, str]]:
    """(test, how) for every line of the sweep."""
    lines = ended.stdout.partition("canaries got out")[2]
    return sorted((test, how) for how, test in re.findall(r"^(.+) in .* by .*::(test_\w+)", lines, re.MULTILINE))


IN_FILES = [
    ("test_base64", "base64"),
    ("test_deleted", "plain"),
    ("test_file", "plain"),
    ("test_replaced", "plain"),
    ("test_store", "plain"),
    ("test_workbook", "xl/sharedStrings.xml, plain"),
]


def test_what_gets_out_is_told_with_its_test(tmp_path: Path) -> None:
    ended = session(tmp_path, leaks=LEAKS, more_leaks=MORE_LEAKS, clean=CLEAN)
    elsewhere = ("test_elsewhere", "test_logged", "test_printed", "test_raised", "test_said")
    assert got_out(ended) == sorted([*IN_FILES, *((test, "plain") for test in elsewhere)])
    assert "1 failed, 12 passed" in ended.stdout


def test_it_fails_a_session_of_two_workers_whose_tests_pass(tmp_path: Path) -> None:
    ended = session(tmp_path, "-p", "xdist", "-n", "2", "--dist", "loadfile", leaks=LEAKS, clean=CLEAN)
    assert got_out(ended) == IN_FILES
    assert "8 passed" in ended.stdout
    assert ended.returncode == pytest.ExitCode.TESTS_FAILED


def test_a_clean_session_passes(tmp_path: Path) -> None:
    ended = session(tmp_path, clean=CLEAN)
    assert got_out(ended) == []
    assert ended.returncode == pytest.ExitCode.OK


def test_files_cannot_be_thrown_away_before_they_are_searched(tmp_path: Path) -> None:
    ended = session(tmp_path, "-o", "tmp_path_retention_policy=failed", leaks=LEAKS)
    assert "tmp_path_retention_policy must be all" in ended.stderr
    assert ended.returncode == pytest.ExitCode.USAGE_ERROR
