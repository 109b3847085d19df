"""PostgreSQL is measured on the rows of the file."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.databases import binaries, cluster, copied, opened
from benchmarks.stores import LEGACY_MEMBERS, store
from tests.engines import missing

TABLES = ("cost_centres", "branches", "services", "overrides", "users", "user_preferences")


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A store of the test's own: the folder of made-up stores is everybody's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path))
        return store(100, 0.5)


def test_postgresql_has_the_rows_of_the_file(made: Path) -> None:
    if (programs := binaries()) is None:
        missing("postgresql")
        return
    with cluster(programs) as folder:
        database = opened(copied(made, programs, folder))
        assert database.engine.dialect.name == "postgresql"
        with database.reading() as connection, closing(sqlite3.connect(made)) as file:
            for table in TABLES:
                count = f"SELECT count(*) FROM {table}"
                assert connection.exec_driver_sql(count).scalar() == file.execute(count).fetchone()[0] > 0
            members = ", ".join(f'"{name}"' for name in LEGACY_MEMBERS)
            query = f"SELECT user_id_key, {members} FROM user_preferences ORDER BY user_id_key"
            assert [tuple(row) for row in connection.exec_driver_sql(query)] == file.execute(query).fetchall()
        database.close()
    assert not folder.exists()


def test_a_file_is_opened_as_it_is(made: Path) -> None:
    database = opened(made)
    assert database.engine.dialect.name == "sqlite"
    database.close()
