"""The command line as a person uses it: words in, exit code and text out, in a folder of its own."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any, NamedTuple

from typer.testing import CliRunner

from mailadmin.cli import application
from mailadmin.errors import MailAdminError
from tests.canaries import hear

SAMPLE = Path(__file__).parents[1] / "data" / "sample"


class Said(NamedTuple):
    """What a command ended with."""

    code: int
    out: str
    error: str

    def rows(self) -> list[dict[str, str]]:
        """The rows of its CSV."""
        return list(csv.DictReader(io.StringIO(self.out, newline="")))

    def json(self) -> Any:
        return json.loads(self.out)


class Desk:
    """A folder with a store in it, and a person typing commands there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / "mailadmin.db"

    def __call__(self, *words: str | Path, typed: str = "", code: int = 0) -> Said:
        """Run a command; it must end with this exit code."""
        result = CliRunner().invoke(application(), ["--store", str(self.store), *map(str, words)], input=typed)
        error = result.exception
        hear(f"{result.output}{error}", f"what {words[0]} said")
        ended, said = result.exit_code, result.stderr
        if isinstance(error, MailAdminError):
            ended, said = error.exit_code, said + str(error)
        elif error is not None and not isinstance(error, SystemExit):
            raise error
        assert ended == code, f"{words} ended with {ended}:\n{result.stdout}\n{said}"
        return Said(ended, result.stdout_bytes.decode(), said)

    def file(self, name: str) -> Path:
        return self.folder / name

    def migrate(self, source: Path = SAMPLE / "kowhai-csv") -> dict[str, Any]:
        """Key, snapshot, plan, apply; returns the plan's document."""
        self("key", "create")
        self("snapshot", "take", source, "--out", self.file("before.json"))
        self("plan", self.file("before.json"), "--out", self.file("plan.json"))
        plan: dict[str, Any] = json.loads(self.file("plan.json").read_text())
        self("apply", self.file("plan.json"), "--confirm", plan["plan_hash"][:8])
        return plan
