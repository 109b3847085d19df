"""What a reading found: problems that refuse the source, notes that do not, and what was not taken.

Laws: nothing here holds the text of a secret. A hostile file cannot fill the memory with its own mistakes.
"""

from __future__ import annotations

from ..errors import Problem

MOST_PROBLEMS = 1_000
"""Beyond this, problems are counted and not kept."""

_MOST_EXAMPLES = 3
_LONGEST_SHOWN = 60


def shown(value: object) -> str:
    """A value as a message may quote it: escaped, and short whatever its length."""
    if not isinstance(value, str):
        return str(value)[:_LONGEST_SHOWN]
    return repr(value) if len(value) <= _LONGEST_SHOWN else repr(value[:_LONGEST_SHOWN])[:-1] + "…'"


class Findings:
    """The problems, notes and things not taken of one reading."""

    def __init__(self) -> None:
        self.not_taken: set[str] = set()
        self._problems: list[Problem] = []
        self._uncounted = 0
        self._notes: dict[tuple[str, str], list[str]] = {}
        self._note_counts: dict[tuple[str, str], int] = {}

    def problem(self, where: str, what: str, remedy: str = "") -> None:
        """Something that refuses the source."""
        if len(self._problems) < MOST_PROBLEMS:
            self._problems.append(Problem(where, what, remedy))
        else:
            self._uncounted += 1

    def note(self, where: str, what: str, example: str = "") -> None:
        """Something worth knowing. The same remark about one place is one note, with its first examples."""
        about = (where, what)
        self._note_counts[about] = self._note_counts.get(about, 0) + 1
        examples = self._notes.setdefault(about, [])
        if example and len(examples) < _MOST_EXAMPLES:
            examples.append(example)

    @property
    def problems(self) -> list[Problem]:
        """Every problem in the order found; a last one counts those beyond MOST_PROBLEMS."""
        if not self._uncounted:
            return list(self._problems)
        return [*self._problems, Problem("and", f"{self._uncounted} more of them")]

    @property
    def notes(self) -> tuple[str, ...]:
        """Every note, sorted."""
        return tuple(sorted(self._told(*about) for about in self._notes))

    def _told(self, where: str, what: str) -> str:
        examples = self._notes[where, what]
        more = self._note_counts[where, what] - len(examples)
        tail = [", ".join(examples)] if examples else []
        if examples and more:
            tail.append(f"and {more} more")
        return f"{where}: {what}" + (f" ({' '.join(tail)})" if tail else "")
