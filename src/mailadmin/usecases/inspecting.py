"""Whether a report is still as it was made: its files, their marks, its seal, and the audit trail it was made on.

Laws: everything wrong with the files is named at once; what cannot be checked is never called whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ..bootstrap import App
from ..errors import BadInput, KeyNeeded, Problem, Tampered, WrongStore
from ..interchange.budgets import read_regular
from ..interchange.reports.evidence import MANIFEST, Evidence, Manifest
from ..interchange.reports.marks import mark_of
from ..storage import audit_trail, repository
from . import maintaining


class Inspected(NamedTuple):
    """A report found whole. `sealed` says whether its manifest is under the store's key."""

    files: int
    evidence: Evidence
    sealed: bool


def verify_report(app: App, folder: str | Path) -> Inspected:
    """Check a report of this store, all of it.

    Raises BadInput where there is no report, Tampered naming every file that was altered, is missing or was added, and
    where seal or audit trail do not fit; WrongStore for another store's, KeyNeeded where the seal's key is not here.
    """
    found = _files(Path(folder))
    if (content := found.pop(MANIFEST, None)) is None:
        raise Tampered(f"{MANIFEST} is missing from {folder}.", remedy="Without it nothing proves the other files.")
    manifest = Manifest.of(content)
    _check_seal(app, manifest)
    problems = [*manifest.problems(found)] or [*_foreign(found, manifest)]
    if problems:
        lines = "\n".join(f"  {problem}" for problem in problems)
        raise Tampered(
            f"The report in {folder} is not as it was made:\n{lines}", remedy="Make it again, or explain it."
        )
    _check_trail(app, manifest.evidence)
    return Inspected(len(manifest.files), manifest.evidence, manifest.seal is not None)


def _files(folder: Path) -> dict[str, bytes | None]:
    """What lies in a folder; None for what is no plain file."""
    if not folder.is_dir():
        raise BadInput(f"{folder} is not a folder.", remedy="Name the folder given to: mailadmin report audit --out")
    try:
        return {
            path.name: read_regular(path) if path.is_file() and not path.is_symlink() else None
            for path in sorted(folder.iterdir())
        }
    except OSError as error:
        raise BadInput(f"{folder} cannot be read: {error.strerror}.") from error


def _check_seal(app: App, manifest: Manifest) -> None:
    with app.store.reading() as connection:
        state, sealer = repository.state(connection), app.sealer(connection)
    if manifest.evidence.store.partition(",")[0] != state.lineage:
        raise WrongStore(
            f"{MANIFEST} is of another store, {manifest.evidence.store}.", remedy="Name its store with --store."
        )
    if sealer is None and state.key_id is not None:
        raise KeyNeeded(f"{MANIFEST} cannot be checked: the store's key is not here.", remedy="Bring it back.")
    manifest.check_seal(sealer.seal if sealer else None)


def _foreign(found: Mapping[str, bytes | None], manifest: Manifest) -> Iterator[Problem]:
    """Files that carry another report's mark, though the manifest names them."""
    mark = manifest.evidence.mark
    for name, content in found.items():
        if mark_of(name, content or b"") != mark:
            yield Problem(name, "does not carry the mark of this report: it is another one's")


def _check_trail(app: App, evidence: Evidence) -> None:
    maintaining.verify_trail(app)
    with app.store.reading() as connection:
        if not audit_trail.holds(connection, evidence.anchor):
            raise Tampered(
                f"The audit trail does not hold {evidence.anchor}, its end when the report was made.",
                remedy="It was cut or rewritten since, or the store is an older copy. Restore it from a backup.",
            )
