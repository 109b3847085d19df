"""A report as canonical JSON: all it says, and its evidence. Law: `data` is the SHA-256 of `content` as it stands."""

from __future__ import annotations

from ...domain.canonical import canonical, sha256
from .content import Report
from .evidence import Evidence

FORMAT = "mailadmin-report/1"


def fingerprint(report: Report) -> str:
    """The SHA-256 of everything a report says."""
    return sha256(report.content())


def json_file(report: Report, evidence: Evidence) -> bytes:
    """The file. `report` is the one whose fingerprint the evidence names."""
    document = {"format": FORMAT, "content": report.content(), "evidence": evidence.document(), "mark": evidence.mark}
    return canonical(document) + b"\n"
