"""The engines a store runs on: SQLite in a file, and PostgreSQL in a private cluster on a socket, ended by the tests.

A test whose server is not installed skips and says which package would run it; under MAILADMIN_REQUIRE_SERVERS=1, as in
continuous integration, that is a failure.
"""

from __future__ import annotations

import os
import pwd
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

SERVERS_REQUIRED = os.environ.get("MAILADMIN_REQUIRE_SERVERS") == "1"


@contextmanager
def database(file: Path) -> Iterator[sqlite3.Connection]:
    """A SQLite file opened behind the product's back: committed and closed at the end."""
    with closing(sqlite3.connect(file)) as connection, connection:
        yield connection


def missing(package: str) -> None:
    """Skip for want of a server, or fail where servers are required."""
    message = f"the server is not installed; Debian package: {package}"
    if SERVERS_REQUIRED:
        pytest.fail(message)
    pytest.skip(message)


def _binaries() -> Path | None:
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return installed[-1].parent if installed else None


class Cluster:
    """A PostgreSQL cluster in a folder of its own, reached by its socket only."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self.binaries = binaries
        self.folder = folder
        self.databases = 0

    def run(self, program: str, *words: str) -> None:
        """Run a PostgreSQL program, as somebody who is not root: the server refuses to be."""
        user = {"user": "nobody"} if os.geteuid() == 0 else {}
        done = subprocess.run(
            [str(self.binaries / program), *words], capture_output=True, text=True, check=False, cwd=self.folder, **user
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def url(self) -> str:
        """The URL of a new, empty database."""
        self.databases += 1
        name = f"store{self.databases}"
        self.run("createdb", "-h", str(self.folder), "-U", "mailadmin", name)
        return f"postgresql://mailadmin@/{name}?host={self.folder}"

    def stop(self, mode: str = "fast") -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", mode, "-w", "stop")

    def start(self) -> None:
        log = str(self.folder / "log")
        options = f"-k {self.folder} -c listen_addresses='' -c fsync=off -c max_connections=40"
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-l", log, "-o", options, "-w", "start")


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A running cluster; the folder's path is short, because a socket's may have 107 bytes."""
    if (binaries := _binaries()) is None:
        missing("postgresql")
        return
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    started = Cluster(binaries, folder)
    try:
        started.run("initdb", "-D", str(folder / "data"), "-U", "mailadmin", "-A", "trust", "--no-sync", "-E", "UTF8")
        started.start()
        yield started
        started.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
