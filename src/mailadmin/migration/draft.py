"""What the mapping reads and what it writes: target rows, manual actions, findings and dropped settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..domain.governed import Key, Row, key_of, table_of
from ..domain.organisation import User
from ..domain.services import is_captured
from ..resolution.legacy import LegacySettings, Members
from .operations import Rows


def whom(subjects: Sequence[str], *, everybody: bool = False) -> str:
    """Everybody concerned, or the first of many, in words."""
    if everybody or len(subjects) <= 3:
        return ", ".join(subjects)
    return f"{', '.join(subjects[:2])} and {len(subjects) - 2} more"


@dataclass(frozen=True, slots=True)
class ManualAction:
    """Something only a person can do: who, what, where, and for whom."""

    who: str
    what: str
    where: str
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something worth knowing before applying."""

    severity: str
    what: str
    remedy: str
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dropped:
    """A setting that has no place in the target, with the users concerned."""

    setting: str
    why: str
    subjects: tuple[str, ...] = ()


@dataclass(slots=True)
class Draft:
    """What the rules read, and what they write.

    `web_configurations` are the codes of the export by key. `entered` are rows as they would stand had somebody
    entered what was lacking before the plan was made.
    """

    legacy: LegacySettings
    current: Rows
    web_configurations: Mapping[str, str]
    entered: Rows = field(default_factory=dict)
    rows: dict[tuple[str, Key], Row] = field(default_factory=dict)
    actions: list[ManualAction] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)

    def user(self, key: str) -> User | None:
        """A user of the export or of the store: one an override can be written for."""
        place = "users", (key,)
        found = self.rows.get(place) or self.current.get(place)
        return found if isinstance(found, User) else None

    def users(self) -> Iterator[User]:
        """Everybody: those of the store as the export has them, then those of the export alone."""
        for place, row in self.current.items():
            if isinstance(found := self.rows.get(place, row), User):
                yield found
        for place, row in self.rows.items():
            if isinstance(row, User) and place not in self.current:
                yield row

    def with_preferences(self) -> Iterator[tuple[User, Members]]:
        """Every known user who has preferences, with them."""
        for key, mine in self.legacy.preferences.items():
            if (user := self.user(key)) is not None:
                yield user, mine

    def put(self, row: Row) -> None:
        """A row of the target; the last word counts."""
        self.rows[table_of(row), key_of(row)] = row

    def standing(self, row: Row) -> Any:
        """The row of the same key as entered or in the store, or None."""
        place = table_of(row), key_of(row)
        return self.entered.get(place, self.current.get(place))

    def act(self, who: str, what: str, where: str, subjects: Iterable[str] = ()) -> None:
        """A manual action."""
        self.actions.append(ManualAction(who, what, where, tuple(subjects)))

    def note(self, severity: str, what: str, remedy: str, subjects: Iterable[str]) -> None:
        """A finding, if it concerns anybody."""
        if found := tuple(subjects):
            self.findings.append(Finding(severity, what, remedy, found))

    def drop(self, setting: str, why: str, subjects: Iterable[str]) -> None:
        """A dropped setting, if anybody had it."""
        if found := tuple(subjects):
            self.dropped.append(Dropped(setting, why, found))


CONSULTANT, ENTRA = "implementation consultant", "Entra ID administrator"

_SERVER = ("server", "port", "security")
_SENDER = ("sender_name", "sender_email")
_APPLICATION = ("tenant_id", "client_id")


def keep_entered(row: Any, standing: Any) -> Any:
    """The row with what the old settings are silent about and somebody has entered since: sender and secrets.

    A secret stays only with the server, or application, it was entered for.
    """
    if not is_captured(row.password):
        row = replace(row, password=None)
    if standing is None:
        return row
    kept = {name: getattr(standing, name) for name in _SENDER if getattr(row, name) is None}
    if row.password is None and all(getattr(row, n) == getattr(standing, n) for n in (*_SERVER, "user_name")):
        kept["password"] = standing.password
    if all(getattr(row, n) == getattr(standing, n) for n in _APPLICATION):
        kept["client_secret"] = standing.client_secret
    return replace(row, **kept)
