"""The database behind a made-up store: a SQLite file, or one of PostgreSQL, whose URL a file holds."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path

from mailadmin.storage.unit_of_work import Store

URL = ".url"
"""The ending of a file that holds a database's URL."""
_ITS_OWN = ("alembic_version", "store")
"""What a new store has of its own."""


def opened(store: Path) -> Store:
    """The made-up store, as mailadmin opens it."""
    url = store.read_text() if store.suffix == URL else f"sqlite:///{store}"
    return Store(url, created_at="2026-11-01T00:00:00+00:00")


def binaries() -> Path | None:
    """Where PostgreSQL's programs are, if they are."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return installed[-1].parent if installed else None


@contextmanager
def cluster(programs: Path) -> Iterator[Path]:
    """The folder of a PostgreSQL as it comes, reached by its socket only; gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # short: the path of a socket has at most 107 bytes
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "nobody")
        data, log = str(folder / "data"), str(folder / "log")
        _run(programs, folder, "initdb", "-D", data, "-U", "mailadmin", "-A", "trust", "--no-sync", "-E", "UTF8")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        _run(programs, folder, "pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "start")
        try:
            yield folder
        finally:
            _run(programs, folder, "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def copied(store: Path, programs: Path, folder: Path) -> Path:
    """The same rows in a database of the cluster: the file that holds its URL."""
    name = "store" + store.name.partition("-")[0]
    _run(programs, folder, "createdb", "-h", str(folder), "-U", "mailadmin", name)
    found = folder / f"{name}{URL}"
    found.write_text(f"postgresql://mailadmin@/{name}?host={folder}")
    opened(found).close()
    _copy(store, f"host={folder} user=mailadmin dbname={name}")
    return found


def _run(programs: Path, folder: Path, program: str, *words: str) -> None:
    """A program of PostgreSQL, as somebody who is not root: the server refuses to be."""
    user = "nobody" if os.geteuid() == 0 else None
    done = subprocess.run(
        [str(programs / program), *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=folder, user=user
    )
    if done.returncode:
        raise SystemExit(f"{program}: {done.stderr.decode()}")


def _copy(store: Path, target: str) -> None:
    import psycopg

    with closing(sqlite3.connect(store)) as source, psycopg.connect(target) as connection:
        for (table,) in source.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            rows = source.execute(f"SELECT * FROM {table}")
            if table in _ITS_OWN or (first := rows.fetchone()) is None:
                continue
            columns = [(f'"{name}"', kind) for _, name, kind, *_ in source.execute(f"PRAGMA table_info({table})")]
            connection.execute(f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(map(' '.join, columns))})")
            connection.execute(f"DELETE FROM {table}")
            names = ", ".join(name for name, _ in columns)
            with connection.cursor().copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in chain((first,), rows):
                    copy.write_row(row)
    with psycopg.connect(target, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
