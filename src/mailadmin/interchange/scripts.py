"""Where a script names a member that finPOWER Connect 6.00.02 made obsolete.

Laws: a member is told by its name, whatever its case; its owner is a hint. Everything that names one is found, in code,
comments, strings and any other text, and said to be what it is. A line that names a secret is not shown: its value may
stand beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, pairwise
from typing import NamedTuple

from ..domain.keys import visible
from ..domain.legacy import OBSOLETED, Member, Owner
from .script_lexing import Kind, Language, Piece, pieces
from .script_owners import Owners

NOT_SHOWN = "(a secret is named here; the line is not shown)"


class Use(NamedTuple):
    """One place that names an obsoleted member: line and column count from 1, `text` is the line, escaped and cut."""

    line: int
    column: int
    owner_hint: str
    member: str
    replacement: str
    text: str
    kind: Kind


_BY_NAME: dict[str, dict[Owner, Member]] = {}
for _member in OBSOLETED:
    _BY_NAME.setdefault(_member.name.lower(), {})[_member.owner] = _member


def _pattern() -> re.Pattern[str]:
    """Any of the names as a whole word; an escape of JSON before it, such as \\n, is not a part of it."""
    tails: dict[str, list[str]] = {}
    for name in sorted(_BY_NAME):
        head = "email" if name.startswith("email") else "createmessageprovider"
        tails.setdefault(head, []).append(name.removeprefix(head))
    words = "|".join(f"{head[1:]}(?:{'|'.join(ends)})" for head, ends in tails.items())
    return re.compile(rf"[EeCc](?:(?<!\w[EeCc])|(?<=\\[nrt][EeCc])|(?<=\\u[0-9A-Fa-f]{{4}}[EeCc]))(?ai:{words})(?!\w)")


_NAMES = _pattern()

_SUFFIXES = {
    Language.VB: (".vb", ".vbs", ".bas", ".cls", ".frm"),
    Language.CSHARP: (".cs", ".csx"),
    Language.TEXT: (".xml", ".json", ".html", ".htm", ".csv", ".tsv", ".md", ".config", ".sql", ".log"),
}
"""TABLE: what a file is written in, by the end of its name."""

_VB_STATEMENT = re.compile(
    r"^[ \t]*(?ai:End (?:Sub|Function|If|Class|With|Select)|Dim \w+ As|Option (?:Explicit|Strict)"
    r"|Imports \w|(?:Public|Private) (?:Function|Sub)|(?:Sub|Function) \w+\()",
    re.MULTILINE,
)
_SAMPLE = 100_000


def language_of(suffix: str, text: str) -> Language:
    """What a file is written in, by how its name ends; where that says nothing, by whether it has statements of VB."""
    for language, suffixes in _SUFFIXES.items():
        if suffix.lower() in suffixes:
            return language
    return Language.VB if _VB_STATEMENT.search(text, 0, _SAMPLE) else Language.TEXT


def uses_in(text: str, language: Language, most: int) -> list[Use]:
    """Every place of a text that names an obsoleted member, in order; of more than `most`, the first."""
    if "\n" not in text:
        text = text.replace("\r", "\n")
    found = list(islice(_NAMES.finditer(text), most))
    owners = Owners(text)
    kinds = list(_kinds(text, [match.start() for match in found], language, owners))
    places = list(_places(text, [match.start() for match in found]))
    secret = {
        line for match, (line, _) in zip(found, places, strict=True) if any(m.secret for m in _members(match).values())
    }
    return [
        _use(match, kind, owners, line, start, hidden=line in secret)
        for match, kind, (line, start) in zip(found, kinds, places, strict=True)
    ]


def _members(match: re.Match[str]) -> dict[Owner, Member]:
    return _BY_NAME[match[0].lower()]


def _use(match: re.Match[str], kind: Kind, owners: Owners, line: int, start: int, *, hidden: bool) -> Use:
    members = _members(match)
    hint = owners.hint(match.start())
    likely = [members[hint]] if hint in members else list(members.values())
    return Use(
        line=line,
        column=match.start() - start + 1,
        owner_hint=" or ".join(member.owner for member in likely),
        member=likely[0].name,
        replacement="; ".join(dict.fromkeys(member.replacement for member in likely)),
        text=NOT_SHOWN if hidden else _shown(match, start),
        kind=kind,
    )


def _kinds(text: str, starts: list[int], language: Language, owners: Owners) -> Iterator[Kind]:
    """What the text is at each of these places."""
    if language is Language.TEXT:
        yield from (Kind.TEXT for _ in starts)
        return
    stretches = pieces(text, language)
    stretch: Piece | None = None
    for start in starts:
        while stretch is None or stretch.end <= start:
            stretch = next(stretches, Piece(len(text), len(text) + 1, Kind.CODE))
        yield stretch.kind if stretch.start <= start else _kind_of_code(text, start, language, owners)


def _kind_of_code(text: str, start: int, language: Language, owners: Owners) -> Kind:
    """In VB, what stands behind no dot is a name of the script's own; but for functions, which a module may own."""
    is_function = text[start] in "Cc"
    return Kind.CODE if is_function or language is not Language.VB or owners.has_owner(start) else Kind.NAME


def _places(text: str, starts: list[int]) -> Iterator[tuple[int, int]]:
    """The number of the line of each of these places, and where that line begins."""
    line, begins = 1, 0
    for before, start in pairwise([0, *starts]):
        line += text.count("\n", before, start)
        begins = text.rfind("\n", before, start) + 1 or begins
        yield line, begins


_SHOWN = 60
"""How much is shown of a line on either side of a name."""


def _shown(match: re.Match[str], start: int) -> str:
    """The line around a match, escaped, short whatever its length."""
    text = match.string
    first, last = max(start, match.start() - _SHOWN), match.end() + _SHOWN
    end = text.find("\n", match.end(), last)
    shown = text[first : last if end < 0 else end].strip()
    return visible(("…" if first > start else "") + shown + ("…" if end < 0 and last < len(text) else ""))
