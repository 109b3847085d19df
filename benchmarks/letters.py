"""What is sent in the measurements: a short letter, and one with a PDF of a megabyte; the same for every side."""

from __future__ import annotations

import random
from typing import NamedTuple

from .sink import digest

SENDER, RECIPIENT = "lending@kowhai.example", "ann@client.example"
SUBJECT = "Your loan agreement"
EHLO_NAME = "bench.example"


class Letter(NamedTuple):
    """A text, and a file where it has one."""

    text: str
    pdf: bytes = b""

    @property
    def digest(self) -> str:
        """What the sink says of it when it came through whole."""
        return digest(self.text.rstrip("\n").encode(), self.pdf)


_LINE = "Please find what we agreed on; the next payment is due on the first.\n"
LETTERS = {
    "2 kB": Letter((_LINE * 28) + ".\nKowhai Lending\n"),
    "1 MB PDF": Letter(_LINE * 3, b"%PDF-1.7\n" + random.Random(7).randbytes(1024 * 1024 - 9)),  # noqa: S311
}
FILE_NAME = "agreement.pdf"
