"""A run of the rules as a document: what was found as of a day, by which rules, at which end of the audit trail.

Laws: same store, same day, same bytes; a run that was changed is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ..domain.acceptances import Acceptance
from ..domain.canonical import canonical, sha256
from ..errors import BadInput, Tampered
from ..migration.plan import Anchor
from .findings import Finding, Findings, RuleSet

FORMAT = "mailadmin-findings/1"
_AGAIN = "Save it again: mailadmin audit findings --save FILE"

Seal = Callable[[bytes], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsRun:
    """What was found in the store of this lineage. `seal` is None where there was no key."""

    lineage: str
    anchor: Anchor
    tool_version: str
    findings: Findings
    seal: str | None = None

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of everything in it."""
        return sha256(self._content())

    def sealed(self, seal: Seal | None) -> FindingsRun:
        """The same, sealed where there is a key."""
        return self if seal is None else replace(self, seal=seal(canonical(self._content())))

    def document(self) -> bytes:
        """The run as it is written: canonical JSON."""
        return canonical({**self._content(), "fingerprint": self.fingerprint, "seal": self.seal}) + b"\n"

    def _content(self) -> dict[str, Any]:
        found = self.findings
        return {
            "format": FORMAT,
            "lineage": self.lineage,
            "anchor": list(self.anchor),
            "tool_version": self.tool_version,
            "as_of": found.as_of.isoformat(),
            "rule_set": list(found.rule_set),
            "rows": [list(map(str, row)) for row in found.rows],
            "exceptions": [[a.rule, a.subject, a.reason, a.owner, a.until] for a in found.exceptions],
            "unknown": list(found.unknown),
        }

    @classmethod
    def of(cls, document: Any, where: str, seal: Seal | None) -> FindingsRun:
        """The run a document holds, checked; `seal` is None where there is no key to check its seal with.

        Raises BadInput for something else, Tampered where fingerprint or seal do not fit.
        """
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise BadInput(f"{where} is not a run of format {FORMAT}.", remedy=_AGAIN)
        try:
            found = cls(
                lineage=_TEXT.validate_python(document["lineage"]),
                anchor=_ANCHOR.validate_python(document["anchor"]),
                tool_version=_TEXT.validate_python(document["tool_version"]),
                findings=_findings(document),
                seal=document["seal"],
            )
        except (ValidationError, LookupError, ValueError, TypeError) as error:
            raise Tampered(f"{where} does not hold what a run holds.", remedy=_AGAIN) from error
        if found.document() != canonical(document) + b"\n":
            raise Tampered(f"{where} was changed: its fingerprint does not fit.", remedy=_AGAIN)
        if seal is not None and found.sealed(seal).seal != found.seal:
            raise Tampered(f"{where}: the seal is missing or does not fit.", remedy="Was it saved from another store?")
        return found


_TEXT = TypeAdapter(str)
_ANCHOR = TypeAdapter(Anchor)
_ROWS = TypeAdapter(tuple[Finding, ...])
_TEXTS = TypeAdapter(tuple[str, ...])
_RULE_SET = TypeAdapter(RuleSet)


def _findings(document: dict[str, Any]) -> Findings:
    return Findings(
        date.fromisoformat(document["as_of"]),
        _RULE_SET.validate_python(document["rule_set"]),
        _ROWS.validate_python(document["rows"]),
        tuple(
            Acceptance(rule=rule, subject=subject, reason=reason, owner=owner, until=until)
            for rule, subject, reason, owner, until in document["exceptions"]
        ),
        _TEXTS.validate_python(document["unknown"]),
    )
