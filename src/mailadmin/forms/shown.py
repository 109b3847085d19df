"""Content as a widget: the one place where HTML reaches the page.

Laws: whatever somebody wrote becomes text here, never markup; what is said to a person is announced to a screen reader.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from enum import StrEnum
from html import escape
from importlib.resources import files

from ipywidgets import HTML

from ..domain.keys import visible
from ..errors import MailAdminError, SourceRejected
from ..interchange.reports.markup import Markup, tag, text
from .display import Page, Table
from .pictures import Picture


class Tone(StrEnum):
    """How something is said: the word becomes the class, and an alert interrupts a screen reader."""

    PLAIN = "plain"
    HINT = "hint"
    GOOD = "good"
    WARNING = "warning"
    ERROR = "error"


_ROLES = {Tone.GOOD: "status", Tone.WARNING: "status", Tone.ERROR: "alert"}
_MARKS = {Tone.GOOD: "✓ ", Tone.WARNING: "! ", Tone.ERROR: "✗ "}
"""What says the tone to those who see no colour."""


def html(content: object) -> Markup:
    """Anything that can be shown as markup: a table, a page, a picture, markup, or else its text."""
    match content:
        case Markup():
            return content
        case Table() | Page():
            # Wider than a narrow window: it scrolls by itself, and by keyboard too.
            shown = Markup(content._repr_html_())
            title = visible(content.title)
            return tag("div", shown, class_="mailadmin-scroll", tabindex=0, role="region", aria_label=title)
        case Picture():
            # `tag` refuses every address; this one leads nowhere: it is the picture itself.
            source = b64encode(content.png()).decode()
            alt = text(content.alt)
            return Markup(f'<img class="mailadmin-picture" alt="{alt}" src="data:image/png;base64,{source}">')
        case _:
            return text(visible(str(content)))


def framed(document: str, title: str) -> Markup:
    """A document that is not ours, in a frame in which nothing runs and from which nothing leads."""
    inside = escape(document, quote=True)
    return Markup(
        f'<iframe class="mailadmin-frame" sandbox="" referrerpolicy="no-referrer" title="{text(title)}" '
        f'srcdoc="{inside}"></iframe>'
    )


def verbatim(words: str) -> Markup:
    """Text of several lines, as it was written."""
    return tag("pre", Markup("\n".join(html(line) for line in words.replace("\r\n", "\n").split("\n"))))


def folded(summary: str, *contents: object) -> Markup:
    """What not everybody wants to see: a line that opens."""
    return tag("details", tag("summary", summary), *map(html, contents))


def said(tone: Tone, *sentences: object) -> Markup:
    """Sentences, each on its own line, with the mark and the role of their tone; nothing for nothing."""
    if not sentences:
        return Markup("")
    first, *others = map(html, sentences)
    lines = [tag("p", _MARKS.get(tone, ""), first), *(tag("p", line) for line in others)]
    return tag("div", *lines, role=_ROLES.get(tone), class_=f"mailadmin-said mailadmin-{tone}")


def listed(tone: Tone, headline: str, problems: Iterable[object]) -> Markup:
    """A headline and what it is about, point by point."""
    points = tag("ul", *(tag("li", html(problem)) for problem in problems))
    return tag("div", said(tone, headline), points, class_="mailadmin-listed")


def of_error(error: MailAdminError) -> Markup:
    """An error in words: what, and what to do about it; every problem of an input."""
    if isinstance(error, SourceRejected):
        return listed(Tone.ERROR, error.what.partition("\n")[0], error.problems)
    return said(Tone.ERROR, *str(error).splitlines())


class Shown(HTML):
    """A place on the page whose content can be replaced: `place.show(table, picture, "words")`."""

    def __init__(self, *contents: object) -> None:
        super().__init__()
        self.show(*contents)

    def show(self, *contents: object) -> None:
        """Replace what stands here; nothing empties it."""
        self.value = "".join(map(html, contents))
        self.layout.display = None if self.value else "none"

    def say(self, tone: Tone, *sentences: object) -> None:
        """Say something in a tone; it is announced."""
        self.show(said(tone, *sentences))


def style() -> HTML:
    """The style sheet of the forms."""
    return HTML(f"<style>{files(__package__).joinpath('form.css').read_text(encoding='utf-8')}</style>")
