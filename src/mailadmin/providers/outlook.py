"""Handing a message to the person's own Outlook, as an unsent .eml file or as a mailto: link (RFC 6068).

Laws: nothing is sent from here, so nothing is ever called sent; no file is overwritten; the link carries recipients,
subject and text alone, each percent-encoded, so that no text becomes a header.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from ..domain import addresses
from ..domain.messages import Address, Delivery, Outgoing, RecipientStatus
from ..domain.profiles import MailProfile, OutlookProfile
from ..errors import BadInput, Unsupported
from ..policy.copies import BY_OUTLOOK
from .base import Journal, Provider
from .capabilities import Ability, Capability
from .mime import to_unsent

LONGEST_LINK = 2083
"""Characters of a link that Windows hands to a program (INTERNET_MAX_URL_LENGTH)."""

_LONGEST_NAME = 60
_UNFIT_FOR_A_NAME = re.compile(r"[^\w .,()+-]+")


class File(NamedTuple):
    """A file to write: the subject it is named after, and its content."""

    subject: str
    content: bytes


Letter = File | str
"""What is handed over: a file, or a link."""


class OutlookProvider(Provider[Letter, str]):
    """A person's own mail program. `place` is the file to write, or the folder for one named after the subject."""

    name = "Outlook"
    ABILITY = Ability(
        frozenset(
            {
                Capability.HTML,
                Capability.ATTACHMENTS,
                Capability.INLINE_IMAGES,
                Capability.REPLY_TO,
                Capability.IMPORTANCE,
            }
        )
    )

    def __init__(self, profile: OutlookProfile, place: Path | None = None) -> None:
        self.profile = profile
        self.place = place or Path()

    @property
    def ability(self) -> Ability:
        """A link holds nothing but recipients, subject and text."""
        return Ability(frozenset()) if self.profile.mailto else self.ABILITY

    def build(self, outgoing: Outgoing) -> Letter:
        """The file's content, or the link. Raises Unsupported for another From, and for a link that is too long."""
        if not addresses.same_address(outgoing.sender.email, self.profile.own):
            what = f"From {outgoing.sender.email} cannot be handed to Outlook: it sends as whoever presses Send."
            raise Unsupported(what, remedy="Choose the From in Outlook, or send by another service.")
        if not self.profile.mailto:
            return File(outgoing.message.subject, to_unsent(outgoing))
        if len(link := mailto(outgoing)) > LONGEST_LINK:
            what = f"A link of {len(link):,} characters is too long for Windows (at most {LONGEST_LINK:,})."
            raise Unsupported(what, remedy="Hand it over as a file: --eml, or the setting outlook.gets.")
        return link

    def written(self, outgoing: Outgoing) -> bytes:
        """What the person's mail program would be given."""
        built = self.build(outgoing)
        return built.encode() if isinstance(built, str) else built.content

    def post(self, built: Letter, journal: Journal) -> str:
        """Write the file; a link needs nothing done. Returns where the file is, or the link."""
        journal.sending()
        return built if isinstance(built, str) else str(_write_anew(self.place, *built))

    def parse(self, posted: str, outgoing: Outgoing) -> Delivery:
        """Handed over: what becomes of it is seen in the person's own Sent Items alone."""
        said = "handed over as a link" if self.profile.mailto else "handed over as a file"
        return Delivery(
            account=self.profile.account,
            recipients=tuple(RecipientStatus(a.email, 0, "the person sends it") for a in outgoing.recipients),
            said=f"{said}: the person opens it and presses Send",
            handed_over=posted,
            warnings=(BY_OUTLOOK,),
        )


def handing_over(*, as_link: bool, place: Path | None = None) -> Callable[..., OutlookProvider]:
    """A maker of providers for a message that is to be a link, or this file, whatever the setting says.

    Raises BadInput for a file that is there already, or in no folder.
    """
    if place is not None and not place.is_dir():
        if place.exists() or place.is_symlink():
            raise BadInput(f"{place} is there already.", remedy="Name a file that is not there yet, or a folder.")
        if not place.parent.is_dir():
            raise BadInput(f"There is no folder {place.parent}.", remedy="Make it, or name another.")

    def make(profile: MailProfile, *, draft_id: str | None = None) -> OutlookProvider:
        if not isinstance(profile, OutlookProfile):
            what = f"{profile.service} sends by itself: there is no file or link to hand over."
            raise Unsupported(what, remedy="Leave --eml and --mailto out, or choose --service OUTLOOK.")
        return OutlookProvider(replace(profile, mailto=as_link), place)

    return make


def mailto(outgoing: Outgoing) -> str:
    """The message as a link (RFC 6068). Names beside addresses have no place in one."""
    message = outgoing.message
    fields = {
        "cc": ",".join(map(_written, message.cc)),
        "bcc": ",".join(map(_written, message.bcc)),
        "subject": quote(message.subject, safe=""),
        "body": quote((message.text or "").replace("\n", "\r\n"), safe=""),
    }
    asked = "&".join(f"{name}={value}" for name, value in fields.items() if value)
    return f"mailto:{','.join(map(_written, message.to))}" + (f"?{asked}" if asked else "")


def _written(address: Address) -> str:
    return quote(address.email, safe="@")


def file_name(subject: str) -> str:
    """A name for the file of a message, after its subject."""
    words = " ".join(_UNFIT_FOR_A_NAME.sub(" ", subject).split())[:_LONGEST_NAME].strip(" .")
    return addresses.file_name(f"{words or 'message'}.eml")


def _write_anew(place: Path, subject: str, content: bytes) -> Path:
    """Write a file that was not there, for its owner alone. Raises BadInput where that cannot be."""
    for file in _candidates(place, subject):
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        except OSError as error:
            raise _unwritable(file, error) from error
        try:
            with os.fdopen(handle, "wb") as opened:
                opened.write(content)
        except OSError as error:
            file.unlink(missing_ok=True)
            raise _unwritable(file, error) from error
        return file.absolute()
    raise BadInput(f"{place} is there already.", remedy="Name a file that is not there yet, or a folder.")


def _candidates(place: Path, subject: str) -> Iterator[Path]:
    """The file itself; in a folder the first free name: Statement.eml, Statement (2).eml, …"""
    if not place.is_dir():
        yield place
        return
    name = Path(file_name(subject))
    yield place / name
    yield from (place / f"{name.stem} ({number}).eml" for number in count(2))


def _unwritable(file: Path, error: OSError) -> BadInput:
    return BadInput(f"{file} cannot be written: {error.strerror}.", remedy="Name another file or folder.")
