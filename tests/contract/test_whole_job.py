"""A consultant's whole job by the command line, in a file and on a server: the same is said, and the same is kept."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mailadmin.domain.governed import GOVERNED
from mailadmin.storage.keys import KEY_FILE_VARIABLE
from tests.campaign import Places
from tests.cli import SAMPLE, Desk
from tests.engines import Cluster

OWN = re.compile(
    r"hmac:[0-9a-f]{16}|\b[0-9a-f]{8,64}\b|\d{4}-\d\d-\d\dT[0-9:+]{14}"
    r"|\"?postgresql \(\d+, \d+\)\"?|SQLite finds no damage"
)
"""What every store has of its own: fingerprints and hashes, times, and how its database is called."""

JOB = (
    ("key", "create"),
    ("snapshot", "take", str(SAMPLE / "kowhai-csv"), "--out", "before.json"),
    ("snapshot", "verify", "before.json"),
    ("export", "--format", "json", "--out", "0.json"),
    ("plan", "before.json", "--out", "plan.json"),
    ("effects", "plan.json", "--format", "csv"),
    ("apply", "plan.json"),
    ("verify-migration",),
    ("effective", "--web", "all", "--format", "csv"),
    ("explain", "JTaylor6"),
    ("export", "--format", "json", "--out", "1.json"),
    ("plan", "before.json", "--out", "again.json", "--format", "csv"),
    ("rollback", "--out", "back.json"),
    ("apply", "back.json"),
    ("verify-migration",),
    ("effective", "--format", "csv"),
    ("export", "--format", "json", "--out", "2.json"),
    ("history", "--format", "csv"),
    ("audit", "trail", "verify"),
    ("doctor", "--check", "--format", "csv"),
)


class Job:
    """The job done on one engine, in a folder of its own: what was said, and what the database holds at last."""

    def __init__(self, at: Places) -> None:
        self.at = at
        self.url = at.fresh()
        self.said = {number: self._typed(*words) for number, words in enumerate(JOB)}
        self.rows = {table: self._rows(table) for table in GOVERNED}

    def _typed(self, command: str, *words: str) -> str:
        """What a command said, but for what is the store's own; a plan is confirmed by the digits of its hash."""
        desk = Desk(self.at.folder)
        desk.store = self.url  # type: ignore[assignment]
        digits = json.loads(Path(words[0]).read_text())["plan_hash"][:8] if command == "apply" else ""
        said = desk(command, *words, typed=digits)
        return OWN.sub("…", (said.out + said.error).replace(str(self.at.folder), "."))

    def _rows(self, table: str) -> list[str]:
        columns = ", ".join(GOVERNED[table].columns)
        rows = self.at.ask(self.url, f"SELECT {columns} FROM {table}")
        return sorted(OWN.sub("…", repr([int(v) if isinstance(v, bool) else v for v in row])) for row in rows)


@pytest.fixture
def jobs(tmp_path: Path, postgresql: Cluster, monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    found = []
    for server in (None, postgresql):
        at = Places(tmp_path / ("server" if server else "file"), server)
        at.folder.mkdir()
        monkeypatch.chdir(at.folder)
        monkeypatch.setenv(KEY_FILE_VARIABLE, str(at.folder / "the.key"))
        found.append(Job(at))
    return found


def test_the_whole_job_is_the_same_in_a_file_and_on_a_server(jobs: list[Job]) -> None:
    in_file, on_server = jobs
    assert on_server.said == in_file.said
    assert on_server.rows == in_file.rows
    for job in jobs:
        before, migrated, after = ((job.at.folder / f"{number}.json").read_text() for number in range(3))
        assert (before == after, before == migrated) == (True, False)
        assert "400 user(s) and 2 web configuration(s) have what was promised" in job.said[7]
        assert job.rows["users"] == []
