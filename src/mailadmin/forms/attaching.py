"""Files that travel with a message: taken out of the box they are dropped in, measured against what the account takes.

Law: the box is emptied as soon as it has handed the files over, so that no saved notebook holds them.
"""

from __future__ import annotations

from mimetypes import guess_type
from typing import Any

from ipywidgets import VBox

from ..domain.messages import Attachment
from ..errors import MailAdminError
from ..interchange.reports.markup import Markup
from ..providers.capabilities import Ability
from .display import Table
from .fields import Field, Kind
from .form import Form, columns
from .shown import Shown, Tone, listed, said

_HINT = "Each is added to those that are here. One that does not arrive is named in the notebook: attachments=[…]."
"""Jupyter Server drops what is over 10 MiB without a word, unless it was started by `mailadmin lab` or `serve`."""


class Attachments:
    """The files of a message, in the order they were added."""

    def __init__(self, form: Form) -> None:
        self.files: list[Attachment] = []
        self._ability: Ability | None = None
        self.upload = Field("Add files", Kind.FILES, hint=_HINT)
        self.upload.watch(self.take)
        self.listed = Shown()
        self.which = Field("Take out", Kind.CHOICE, choices=[("", None)])
        self.remove_button = form.button("Remove file", self.remove, tooltip="Take this file out")
        self._taking_out = columns(self.which, self.remove_button)
        self.box = VBox([self.upload.box, self.listed, self._taking_out])
        self.box.add_class("mailadmin-row")
        self._tell()

    def take(self) -> None:
        """Take the files over that were chosen; what may not travel is named and left out."""
        chosen = self.upload.value
        if not chosen:
            return
        refused = []
        for file in chosen:
            try:
                self.files.append(_attachment(file))
            except MailAdminError as error:
                refused.append(error.what)
        self.upload.value = ()
        if refused:
            self.upload.complain(" ".join(refused))
        self._tell()

    def remove(self) -> None:
        """Take out the file the person chose."""
        if self.which.value is None:
            self.which.complain("Choose a file to take out.")
            return
        self.files.pop(self.which.value)
        self._tell()

    def show(self, *files: Attachment) -> None:
        """These files instead of those that are here."""
        self.files = list(files)
        self.upload.clear()
        self._tell()

    def measure(self, ability: Ability | None) -> None:
        """Show the sizes against what an account takes."""
        self._ability = ability
        self._tell()

    def _tell(self) -> None:
        rows = [(file.name, size(len(file.content)), file.media_type, _use(file)) for file in self.files]
        table = Table(f"{len(rows)} file(s), {size(self.total)}", ("file", "size", "type", "use"), rows)
        self.listed.show(*([table] if rows else []), self._limit())
        choices = [(file.name, place) for place, file in enumerate(self.files)]
        self.which.choose_from([("choose a file …", None), *choices])
        self.which.value = None
        self._taking_out.layout.display = None if rows else "none"

    @property
    def total(self) -> int:
        """The bytes of all files."""
        return sum(len(file.content) for file in self.files)

    def _limit(self) -> Markup:
        if self._ability is None:
            return Markup("")
        most = self._ability.largest_attachment
        if most is None:
            return said(
                Tone.HINT, "How much the server takes it says itself when the message is sent; often 10 to 35 MB."
            )
        large = [f"{file.name}: {size(len(file.content))}" for file in self.files if len(file.content) > most]
        if large:
            return listed(Tone.ERROR, f"Too large for this account, which takes {size(most)} a file:", large)
        return said(Tone.HINT, f"This account takes up to {size(most)} a file.")


def _attachment(file: Any) -> Attachment:
    kind = file["type"] or guess_type(file["name"])[0] or "application/octet-stream"
    return Attachment(file["name"], bytes(file["content"]), kind)


def _use(file: Attachment) -> str:
    return "" if file.content_id is None else f"within the HTML, as cid:{file.content_id}"


def size(count: int) -> str:
    """A number of bytes as people say it."""
    if count < 1_000:
        return f"{count} bytes"
    return f"{count / 1_000:,.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:,.1f} MB"
