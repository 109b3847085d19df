"""A plan: what will be done to which store, what people still have to do, and what was promised to everybody.

Laws: a plan belongs to one store at one serial; its hash covers everything in it; applying it and applying its reverse
read the same list of operations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from ..domain import documents
from ..domain.canonical import Seal, pieces, sha256
from ..domain.governed import Record
from ..errors import BadInput, MailAdminError, NotConfirmed, PlanExpired, Tampered
from .draft import Dropped, Finding, ManualAction
from .operations import Operations

FORMAT = "mailadmin-plan/1"
TIME_TO_LIVE = timedelta(hours=24)
CONFIRMATION_DIGITS = 8
_AGAIN = "The plan was changed after it was made. Make it again."


class Purpose(StrEnum):
    """Why a plan was made."""

    MIGRATION = "migration"
    CONFIGURATION = "configuration"
    ROLLBACK = "rollback"


class Anchor(NamedTuple):
    """An entry of a store's audit trail, by its number and MAC; number 0 before there is one."""

    seq: int
    mac: str

    def __str__(self) -> str:
        return f"entry {self.seq}, {self.mac}" if self.seq else "no entry yet"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`lineage` and `serial` name the store's state it starts from; `created_at` is UTC, ISO 8601.

    `anchor` is the last entry of the audit trail then (plans of older versions have none). `promise` holds a digest of
    every answer after it. `reverses` is the run a rollback takes back.
    """

    purpose: Purpose
    lineage: str
    serial: int
    created_at: str
    created_by: str
    tool_version: str
    anchor: Anchor | None = None
    snapshot_id: str = ""
    snapshot_fingerprint: str = ""
    reverses: int | None = None
    operations: Operations = field(default_factory=Operations)
    manual_actions: tuple[ManualAction, ...] = ()
    findings: tuple[Finding, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    left_alone: tuple[str, ...] = ()
    promise: Mapping[str, str] = field(default_factory=dict)
    seal: str | None = None

    @cached_property
    def plan_hash(self) -> str:
        """SHA-256 of everything the plan says, 64 hex digits."""
        return sha256(self._content())

    @property
    def confirmation(self) -> str:
        """What has to be typed to apply it: the first digits of the hash."""
        return self.plan_hash[:CONFIRMATION_DIGITS]

    def _content(self) -> Record:
        apart = {"operations", "seal"} if self.anchor else {"operations", "seal", "anchor"}
        content = {item.name: _plain(getattr(self, item.name)) for item in fields(self) if item.name not in apart}
        return {"format": FORMAT, **content, "operations": self.operations}

    def sealed(self, seal: Seal | None) -> Plan:
        """The plan with a seal over its hash, where there is a key."""
        return self if seal is None else replace(self, seal=seal(self.plan_hash.encode()))._with_hash(self.plan_hash)

    def _with_hash(self, plan_hash: str) -> Plan:
        """This plan, whose hash is known: a million operations are not hashed again."""
        vars(self)["plan_hash"] = plan_hash
        return self

    def pieces(self) -> Iterator[bytes]:
        """The plan as it is written: JSON, format `mailadmin-plan/1`, `plan_hash` at the top, an operation a line."""
        yield from pieces({**self._content(), "plan_hash": self.plan_hash, "seal": self.seal}, gap="\n")
        yield b"\n"

    def text(self) -> str:
        """All of it."""
        return b"".join(self.pieces()).decode()

    @classmethod
    def read(cls, text: Iterable[str], where: str, seal: Seal | None) -> Plan:
        """The plan a text holds, checked.

        Raises BadInput for something else, Tampered where the hash does not fit, or, with `seal`, the seal does not.
        """
        with _whole(where):
            document = documents.read(text, where, {"operations": Operations})
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise BadInput(f"{where} is not a plan of format {FORMAT}.", remedy="Make one: mailadmin plan SNAPSHOT")
        with _whole(where):
            actual = sha256(_hashed(document))
        if actual != (stated := document.get("plan_hash")):
            raise Tampered(
                f"{where}: the content gives the hash {actual[:8]}…, the plan says {str(stated)[:8]}…", remedy=_AGAIN
            )
        content = {name: value for name, value in document.items() if name not in {"format", "plan_hash"}}
        with _whole(where):
            found = cls(
                **{
                    **content,
                    "purpose": Purpose(content["purpose"]),
                    "manual_actions": _tuples(ManualAction, content["manual_actions"]),
                    "findings": _tuples(Finding, content["findings"]),
                    "dropped": _tuples(Dropped, content["dropped"]),
                    "left_alone": tuple(content["left_alone"]),
                    "anchor": Anchor(**content["anchor"]) if "anchor" in content else None,
                }
            )._with_hash(actual)
        if seal is not None:
            found.check_seal(where, seal)
        return found

    def check_seal(self, where: str, seal: Seal) -> None:
        """Raises Tampered where the seal is not there, or does not fit under this key."""
        if self.seal is None or seal(self.plan_hash.encode()) != self.seal:
            trouble = "does not fit" if self.seal else "is missing"
            raise Tampered(f"{where}: the seal {trouble}: changed, or not made with this store.", remedy=_AGAIN)

    def check_confirmed(self, digits: str) -> None:
        """Raises NotConfirmed unless these are the first digits of the hash."""
        if digits.strip().lower() != self.confirmation:
            raise NotConfirmed(
                "The plan was not confirmed: the digits given are not the first eight of its hash.",
                remedy=f"Look at the plan and its effects, then confirm with {self.confirmation}.",
            )

    def check_age(self, now: datetime) -> None:
        """Raises PlanExpired for a plan older than a day: the people it was shown to have gone home."""
        if now - datetime.fromisoformat(self.created_at) > TIME_TO_LIVE:
            raise PlanExpired(
                f"The plan was made at {self.created_at}, more than 24 hours ago.", remedy="Make it again."
            )


@contextmanager
def _whole(where: str) -> Iterator[None]:
    """Content that makes no plan was not written by us."""
    try:
        yield
    except MailAdminError:
        raise
    except (TypeError, KeyError, ValueError) as error:
        raise Tampered(f"{where} does not hold a whole plan: {type(error).__name__}.", remedy=_AGAIN) from error


def _hashed(document: Record) -> Record:
    """Everything a document says, as it says it: what its hash is of."""
    if not isinstance(document.get("operations"), Operations):
        raise TypeError("no list of operations")
    return {name: value for name, value in document.items() if name not in {"plan_hash", "seal"}}


def _plain(value: Any) -> Any:
    if isinstance(value, Anchor):
        return value._asdict()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, ManualAction | Finding | Dropped):
        return {name: _plain(item) for name, item in asdict(value).items()}
    if isinstance(value, Mapping):
        return dict(value)
    return str(value) if isinstance(value, StrEnum) else value


def _tuples(kind: type[Any], documents: Sequence[Mapping[str, Any]]) -> tuple[Any, ...]:
    return tuple(kind(**{**document, "subjects": tuple(document["subjects"])}) for document in documents)
