"""What every role says about changing From, and who may change it then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from operator import gt

from ipywidgets import VBox

from ..audit.access import Access, Everybody, Word
from ..domain.keys import match_key
from ..domain.permissions import PERMISSION_KEYS, UPDATE_FROM, Decision, RolePermission
from ..interchange.reports.markup import tag
from ..migration.draft import whom
from ..migration.edits import Edits, place_of
from ..usecases import editing
from .desk import Desk
from .fields import Choice, Field, Kind
from .paged import PagedTable
from .shown import Shown, Tone, said

_NOTHING = "nothing"
_CHOICES: list[Choice] = [(_NOTHING, None), *((str(decision), decision) for decision in Decision)]


class RolesPanel:
    """The roles; `changed` is called whenever the draft is another one."""

    def __init__(self, desk: Desk, edits: Edits, people: Everybody, changed: Callable[[], None]) -> None:
        self._desk, self._edits, self._people, self._tell = desk, edits, people, changed
        self._role = ""
        default = PERMISSION_KEYS[UPDATE_FROM]
        self.table = PagedTable(
            f"Roles and {UPDATE_FROM}",
            ("role", "says", "users"),
            chosen=lambda chosen: self.look_at(str(chosen[0])),
            runner=desk.runner,
        )
        hint = f"Where no role of a user says anything, it is {default} by default. Administrators may always."
        self.says = Field("This role says", Kind.CHOICE, choices=_CHOICES, hint=hint)
        self.says.watch(self._take)
        self.heading = Shown()
        self.holders = Shown()
        self.editor = VBox([self.heading, self.says.box])
        self.editor.layout.display = "none"
        self.box = VBox([self.table.box, self.editor, self.holders])
        self.refresh()

    def refresh(self) -> None:
        """Show what the draft says now."""
        said_of = {match_key(row.role): str(row.decision) for row in self._rows()}
        counted: Counter[str] = Counter()
        for question, users in zip(self._people.questions, self._people.askers, strict=True):
            for role in question.roles:
                counted[match_key(role)] += users
        roles = editing.roles(self._edits, self._people)
        rows = [(role, said_of.get(match_key(role), _NOTHING), counted[match_key(role)]) for role in roles]
        self.table.show(rows)
        found = editing.holders(self._desk.app, self._edits, self._people)
        self.holders.show(tag("h4", "Who may change From then"), *_told(found.before, found.after))

    def look_at(self, role: str) -> None:
        """Open the choice of one role."""
        self._role = ""
        self.heading.show(tag("h4", f"Role {role}"))
        self.says.value = next((row.decision for row in self._rows() if match_key(row.role) == match_key(role)), None)
        self._role = role
        self.editor.layout.display = None

    def _rows(self) -> list[RolePermission]:
        rows: list[RolePermission] = self._edits.rows("role_permissions")
        return [row for row in rows if match_key(row.permission_key) == match_key(UPDATE_FROM)]

    def _take(self) -> None:
        if not self._role:
            return
        decision = self.says.value
        wanted = RolePermission(role=self._role, permission_key=UPDATE_FROM, decision=decision or Decision.DENY)
        if decision is None:
            self._edits.remove(place_of(wanted))
        else:
            self._edits.put(wanted)
        self.refresh()
        self._tell()


def _told(before: Access, after: Access) -> list[object]:
    was, now = ([answer.decision is Word.ALLOW for answer in access.answers] for access in (before, after))

    def those(wanted: Sequence[bool]) -> list[str]:
        return [after.everybody.user_ids[place] for place in after.everybody.asking(wanted)]

    may = those(now)
    shown: list[object] = [said(Tone.PLAIN, f"{len(may):,} users may: {whom(may) or 'nobody'}.")]
    gained, lost = those(list(map(gt, now, was))), those(list(map(gt, was, now)))
    if gained or lost:
        words = [f"{len(gained):,} more may: {whom(gained)}."] if gained else []
        words += [f"{len(lost):,} may no longer: {whom(lost)}."] if lost else []
        shown.append(said(Tone.WARNING, *words))
    if after.conflicts:
        words = [
            f"For {after.conflicts:,} users one role allows and another denies; the rule in force is: {after.rule}."
        ]
        shown.append(said(Tone.HINT, *words))
    return shown
