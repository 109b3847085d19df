"""What a reading gathers beside the rows: findings, secrets, and whether unknown names may be left out."""

from __future__ import annotations

from dataclasses import dataclass, field

from .findings import Findings


@dataclass(slots=True)
class Intake:
    """One reading. `secrets` holds clear text by `secret_location` and is never shown."""

    findings: Findings = field(default_factory=Findings)
    ignore_unknown: bool = False
    secrets: dict[str, str] = field(default_factory=dict, repr=False)

    def unknown(self, where: str, what: str, name: str) -> None:
        """Something nobody knows: not taken where that was asked for, a problem otherwise."""
        if self.ignore_unknown:
            self.findings.not_taken.add(name)
        else:
            self.findings.problem(where, what, "Mend its name, leave it out, or ignore what is unknown.")
