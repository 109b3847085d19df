"""What makes a report evidence: a mark every file of it carries, and a manifest of the files under the store's seal.

Laws: the mark names the data, the state of the audit trail, the rules, the tool, the person and the day; whatever is
altered, missing or added is named, all of it at once; without a key a manifest says that it is unsealed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from hashlib import sha256
from typing import Any

from ...domain.canonical import canonical
from ...errors import Problem, Tampered
from ...migration.plan import Anchor
from .content import Report, Section
from .tables import Cell, Column, Table
from .wording import printable

FORMAT = "mailadmin-evidence/1"
MANIFEST = "manifest.json"
Seal = Callable[[bytes], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """By what a report can be known again. `entry` and `mac` are the end of the audit trail, `data` a SHA-256."""

    data: str
    entry: int
    mac: str
    store: str
    tool: str
    rules: str
    actor: str
    as_of: str

    @property
    def anchor(self) -> Anchor:
        """The end of the audit trail when the report was made."""
        return Anchor(self.entry, self.mac)

    @property
    def mark(self) -> str:
        """One line for every file of the report."""
        return printable(
            f"mailadmin evidence: data {self.data}; audit trail {self.anchor}; store {self.store}; {self.tool}; "
            f"rules {self.rules}; made by {self.actor}; as of {self.as_of}"
        )

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def proven(report: Report, evidence: Evidence) -> Report:
    """The report with its evidence: told at its top and in a section of its own, and marked in each of its files."""
    entry = f"entry {evidence.entry:,}" if evidence.entry else "its beginning"
    rows: list[tuple[Cell, ...]] = [
        ("Data (SHA-256)", evidence.data),
        ("Audit trail", str(evidence.anchor)),
        ("Store", evidence.store),
        ("Rules of the findings", evidence.rules),
        ("Made with", evidence.tool),
        ("Made by", evidence.actor),
        ("As of", evidence.as_of),
        ("Checked by", "mailadmin report verify, given the folder of this report"),
    ]
    table = Table("Fingerprints", (Column("What", width=32), Column("Value", width=76)), rows)
    return replace(
        report,
        about=f"{report.about} Data {evidence.data[:12]}, audit trail at {entry}.",
        sections=(*report.sections, Section("proof", "Fingerprints", (table,))),
        closing=f"{evidence.tool}. Data {evidence.data}.",
        mark=evidence.mark,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The files of a report by name, each with SHA-256 and size. `seal` is None where there was no key."""

    report: str
    evidence: Evidence
    files: Mapping[str, tuple[str, int]]
    seal: str | None = None

    @classmethod
    def over(cls, report: str, evidence: Evidence, files: Mapping[str, bytes], seal: Seal | None) -> Manifest:
        """A new manifest over these files, sealed where there is a key."""
        told = {name: told_of(content) for name, content in sorted(files.items())}
        unsealed = cls(report=report, evidence=evidence, files=told)
        return unsealed if seal is None else replace(unsealed, seal=seal(unsealed._sealed_bytes()))

    def document(self) -> dict[str, Any]:
        """The manifest as it is written."""
        return {
            "format": FORMAT,
            "report": self.report,
            "evidence": self.evidence.document(),
            "files": {name: {"sha256": digest, "size": size} for name, (digest, size) in self.files.items()},
            "seal": self.seal,
        }

    def text(self) -> str:
        """The document as text."""
        return json.dumps(self.document(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"

    def _sealed_bytes(self) -> bytes:
        return canonical({**self.document(), "seal": None})

    @classmethod
    def of(cls, content: bytes) -> Manifest:
        """The manifest in a file, as it was written to the byte. Raises Tampered for anything else."""
        try:
            document = json.loads(content)
            told = {str(name): (str(one["sha256"]), int(one["size"])) for name, one in document["files"].items()}
            evidence = Evidence(**document["evidence"])
            found = cls(report=str(document["report"]), evidence=evidence, files=told, seal=document["seal"])
            whole = found.text().encode() == content
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise _not_as_written() from error
        if not whole:
            raise _not_as_written()
        return found

    def check_seal(self, seal: Seal | None) -> None:
        """Raises Tampered where the seal does not fit, is missing, or was made by a store's key and this has none."""
        if seal is None and self.seal is None:
            return
        if seal is None or self.seal is None or seal(self._sealed_bytes()) != self.seal:
            what = "is unsealed, and this store has a key" if self.seal is None else "has a seal that does not fit"
            raise Tampered(
                f"{MANIFEST} {what}.",
                remedy="It was changed, or made with another key than this store's. Make the report again.",
            )

    def problems(self, found: Mapping[str, bytes | None]) -> Iterator[Problem]:
        """What is wrong with the files found beside it; None stands for what is no plain file."""
        for name in sorted(self.files.keys() | found.keys()):
            content = found.get(name)
            if name not in self.files:
                yield Problem(name, "was added: the manifest does not name it")
            elif name not in found:
                yield Problem(name, "is missing")
            elif content is None or told_of(content) != self.files[name]:
                yield Problem(name, "was altered: it is not the file the manifest names")


def told_of(content: bytes) -> tuple[str, int]:
    """SHA-256 and size."""
    return sha256(content).hexdigest(), len(content)


def _not_as_written() -> Tampered:
    return Tampered(f"{MANIFEST} is not as mailadmin wrote it.", remedy="Make the report again, into a new folder.")
