"""The one list of everything a sandbox received, whichever way it came.

Laws: what arrived is kept byte for byte; nothing in the list is ever changed in place, a draft that grows is replaced.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Condition
from typing import Any

from ..domain.services import Security, ServiceKind
from ..errors import BadInput, UnknownName
from .reading import Reading, read, read_headers

SENT_ITEMS, DRAFTS, INBOX, CALENDAR, NOT_SAVED = "Sent Items", "Drafts", "Inbox", "Calendar", ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message as it was received, and by which account.

    `account` is the login (SMTP; nothing without one) or the mailbox (Exchange), `application` the client id
    (Exchange), `folder` where it is saved.
    """

    number: int = 0
    via: ServiceKind
    security: Security
    account: str
    application: str = ""
    sender: str
    recipients: tuple[str, ...]
    folder: str
    at: datetime
    raw: bytes = field(repr=False)

    def reading(self) -> Reading:
        """What stands in it."""
        return read(self.raw)

    def headings(self) -> Reading:
        """Its headers alone."""
        return read_headers(self.raw)


class Inbox:
    """The list, in the order of arrival. With a folder, every message is kept there too. Safe to use from any thread.

    Raises BadInput where the folder holds messages that cannot be read.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._changed = Condition()
        self._received: dict[int, Received] = {}
        self._folder = folder
        self.changes = 0
        if folder is not None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._received = {found.number: found for found in map(_load, sorted(folder.glob("*.json")))}
        self._last = max(self._received, default=0)

    def __len__(self) -> int:
        with self._changed:
            return len(self._received)

    def __iter__(self) -> Iterator[Received]:
        with self._changed:
            return iter(list(self._received.values()))

    def __getitem__(self, number: int) -> Received:
        """The message of a number. Raises UnknownName."""
        with self._changed:
            if number not in self._received:
                raise UnknownName("message", str(number))
            return self._received[number]

    def add(self, received: Received) -> Received:
        """Take a message in; returns it with its number."""
        with self._changed:
            self._last += 1
            return self._keep(replace(received, number=self._last))

    def change(self, received: Received) -> Received:
        """Put a message in the place of the one with its number."""
        with self._changed:
            return self._keep(received)

    def remove(self, number: int) -> None:
        """Take a message out."""
        with self._changed:
            self._received.pop(number, None)
            if self._folder is not None:
                for file in _files(self._folder, number):
                    file.unlink(missing_ok=True)
            self._notify()

    def wait_until(self, enough: Callable[[list[Received]], bool], timeout: float = 10.0) -> list[Received]:
        """The messages, as soon as they are enough. Raises BadInput if they are not in time."""
        with self._changed:
            if not self._changed.wait_for(lambda: enough(list(self._received.values())), timeout):
                raise BadInput(f"The inbox holds {len(self._received)} message(s), and not those waited for.")
            return list(self._received.values())

    def export(self, folder: Path) -> list[Path]:
        """Write every message into a folder as a file of its own, `0001.eml`, and say which. Replaces none.

        Raises BadInput where one of these files is there already; then none is written.
        """
        messages = list(self)
        files = [_files(folder, message.number)[0] for message in messages]
        if there := [str(file) for file in files if file.exists()]:
            raise BadInput(f"There is a file already: {', '.join(there)}.", remedy="Export into an empty folder.")
        folder.mkdir(parents=True, exist_ok=True)
        for file, message in zip(files, messages, strict=True):
            file.write_bytes(message.raw)
        return files

    def _keep(self, received: Received) -> Received:
        if self._folder is not None:
            _save(self._folder, received)
        self._received[received.number] = received
        self._notify()
        return received

    def _notify(self) -> None:
        self.changes += 1
        self._changed.notify_all()


def _files(folder: Path, number: int) -> tuple[Path, Path]:
    return folder / f"{number:04}.eml", folder / f"{number:04}.json"


def _save(folder: Path, received: Received) -> None:
    message, facts = _files(folder, received.number)
    told: dict[str, Any] = asdict(received) | {"at": received.at.isoformat()}
    del told["raw"]
    message.write_bytes(received.raw)
    whole = facts.with_suffix(".new")
    whole.write_text(json.dumps(told, ensure_ascii=False, indent=1), "utf-8")
    whole.replace(facts)


def _load(facts: Path) -> Received:
    try:
        told = json.loads(facts.read_text("utf-8"))
        told |= {
            "via": ServiceKind(told["via"]),
            "security": Security(told["security"]),
            "recipients": tuple(told["recipients"]),
            "at": datetime.fromisoformat(told["at"]).astimezone(UTC),
            "raw": facts.with_suffix(".eml").read_bytes(),
        }
        return Received(**told)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise BadInput(
            f"{facts} does not tell of a message.", remedy="Give the sandbox a folder of its own."
        ) from error
