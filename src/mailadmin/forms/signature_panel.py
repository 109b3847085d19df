"""A signature pasted with its looks, or as HTML, or from the file Outlook keeps: cleaned, and shown as it will be sent.

Law: what is shown stands in a frame in which nothing runs and which fetches nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from ipywidgets import VBox

from ..errors import MailAdminError
from ..policy.signatures import Signature, signature_of
from ..sandbox.preview import preview
from ..usecases.signing import decoded
from .fields import Field, Kind
from .form import Form, row
from .rich_paste import RichPaste
from .shown import Shown, Tone, folded, framed, listed, said, verbatim

_FILE = "Outlook keeps it as .htm in %APPDATA%\\Microsoft\\Signatures."
_PASTE = "Copy it in Outlook, Gmail or Apple Mail and paste it here. Outlook's pictures come by the file above alone."
_HTML = "Or paste the HTML itself, then leave the box."


class SignaturePanel:
    """The boxes and the preview. `taken` is called with the HTML to keep, '' for none."""

    def __init__(self, form: Form, taken: Callable[[str], None]) -> None:
        self._form, self._taken = form, taken
        self.upload = Field("Signature file", Kind.FILES, hint=_FILE)
        self.upload.widget.accept = ".htm,.html"
        self.upload.widget.multiple = False
        self.upload.watch(lambda: form.attempt(self._uploaded))
        self.paste = RichPaste("Signature, pasted", _PASTE, lambda html: form.attempt(lambda: self._take(html)))
        self.text = Field("Signature as HTML", Kind.LONG_TEXT, hint=_HTML)
        self.text.widget.continuous_update = False
        self.text.widget.rows = 4
        self.text.watch(lambda: form.attempt(self._pasted))
        self.away = form.button("Take the signature away", self.take_away)
        self.shown = Shown()
        self.box = VBox([self.upload.box, self.paste, self.text.box, row(self.away), self.shown])

    def show(self, html: str, note: str = "") -> None:
        """The signature as it will be sent."""
        self._draw(Signature(html, ""), note)

    def take_away(self) -> None:
        """Have no signature."""
        self.text.value = ""
        self._taken("")
        self.show("")

    def _uploaded(self) -> None:
        if files := self.upload.value:
            self.upload.value = ()
            self._take(decoded(bytes(files[0]["content"])))

    def _pasted(self) -> None:
        if self.text.value.strip():
            self._take(self.text.value)

    def _take(self, html: str) -> None:
        try:
            signature = signature_of(html)
        except MailAdminError as error:
            return self.text.complain(str(error).replace("\n", " "))
        self._taken(signature.html)
        return self._draw(signature, "")

    def _draw(self, signature: Signature, note: str) -> None:
        self.away.layout.display = None if signature.html else "none"
        if not signature.html:
            return self.shown.say(Tone.HINT, "No signature.", *([note] if note else []))
        out = [listed(Tone.WARNING, "Taken out:", signature.taken_out)] if signature.taken_out else []
        frame = framed(preview(signature.html, ()), "The signature as it is sent")
        text = [folded("As plain text", verbatim(signature.text))] if signature.text else []
        return self.shown.show(*out, said(Tone.HINT, "As it is sent:"), frame, *text, said(Tone.WARNING, *_of(note)))


def _of(note: str) -> list[str]:
    return [note] if note else []
