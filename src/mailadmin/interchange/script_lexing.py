"""Where a script has comments and strings: VB.NET and C#.

Laws: the pieces come in order, do not overlap, and everything between them is code; what is never closed reaches to the
end. Every pattern begins with one of a few characters and never goes back over what it took: the time is that of the
length, whatever stands there. A raw string of C# 11 is a string throughout, with the code that may be in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple


class Language(StrEnum):
    """What a file is written in; TEXT is anything that is no script, though one may stand in it."""

    VB = "VB.NET"
    CSHARP = "C#"
    TEXT = "text"


class Kind(StrEnum):
    """Where a name was found. NAME is code in which nothing owns it: most likely a name of the script's own."""

    CODE = "code"
    NAME = "name"
    COMMENT = "comment"
    STRING = "string"
    TEXT = "text"


class Piece(NamedTuple):
    """A stretch of a script that is no code."""

    start: int
    end: int
    kind: Kind


class _Grammar(NamedTuple):
    """How pieces are written in code, and in code within an interpolated string; the group says which piece it is."""

    code: re.Pattern[str]
    hole: re.Pattern[str]


class _Hole:
    """Code within an interpolated string: how that string goes on, and how many brackets are open here."""

    def __init__(self, inside: re.Pattern[str]) -> None:
        self.inside = inside
        self.depth = 0


# Visual Basic takes typographic and full-width quotes for plain ones (its language specification, 1.3 and 1.6.4).
_VB_STRING = r'(?<=\$)(?P<interpolated>["“”＂])|(?<=["“”＂])(?P<string>[^"“”＂]*+(?:["“”＂]{2}[^"“”＂]*+)*+["“”＂]?)'
_VB_COMMENT = r"(?:(?<=['‘’＇])|(?<=[Rr])(?<![\w.\[][Rr])[Ee][Mm](?!\w))(?P<comment>[^\n\u2028\u2029]*+)"
_CS_PIECE = (
    r'(?<=")(?P<raw>"{2,}+)|(?<=\$)(?<!\$\$)(?P<dollars>\$*+"{3,}+)|(?<=[$@])(?:(?<=@)\$|(?<=\$)@)(?P<verbatim>")'
    r'|(?<=\$)(?P<interpolated>")'
    r'|(?<=@)(?P<quoted>"[^"]*+(?:""[^"]*+)*+"?)|(?<=")(?P<string>(?:[^"\\\n]|\\.)*+"?)'
    r"|(?<=')(?P<character>(?:[^'\\\n]|\\.)*+'?)|(?<=/)(?P<comment>/[^\n]*+|\*(?s:.*?)(?:\*/|\Z))"
)
_BRACKET = r"(?<=[({\[])(?P<open>)|(?<=[)}\]])(?P<close>)|(?<=:)(?P<format>)"

_GRAMMARS = {
    Language.VB: _Grammar(
        re.compile(rf"""[$"“”＂'‘’＇Rr](?:{_VB_STRING}|{_VB_COMMENT})"""),
        re.compile(rf"""[$"“”＂(){{}}\[\]:](?:{_VB_STRING}|{_BRACKET})"""),
    ),
    Language.CSHARP: _Grammar(
        re.compile(rf"""[$@"'/](?:{_CS_PIECE})"""), re.compile(rf"""[$@"'/(){{}}\[\]:](?:{_CS_PIECE}|{_BRACKET})""")
    ),
}
_WHOLE: dict[str | None, Kind] = {
    "string": Kind.STRING,
    "quoted": Kind.STRING,
    "character": Kind.STRING,
    "comment": Kind.COMMENT,
}
"""What a pattern takes to its end."""

_INSIDE = {
    (Language.VB, "interpolated"): re.compile(r'["“”＂]{2}|\{\{|(?P<hole>\{)|(?P<end>["“”＂])'),
    (Language.CSHARP, "verbatim"): re.compile(r'""|\{\{|(?P<hole>\{)|(?P<end>")'),
    (Language.CSHARP, "interpolated"): re.compile(r'\\.|\{\{|(?P<hole>\{)|(?P<end>["\n])'),
}


def pieces(text: str, language: Language) -> Iterator[Piece]:
    """Every comment and string of a script, in order. Code within an interpolated string is code."""
    grammar = _GRAMMARS[language]
    holes: list[_Hole] = []
    at: int | None = 0
    while at is not None:
        reading, at = (grammar.hole if holes else grammar.code).finditer(text, at), None
        for found in reading:
            what = found.lastgroup
            if what in _WHOLE:
                yield Piece(*found.span(), _WHOLE[what])
            elif what == "open":
                holes[-1].depth += 1
            elif what == "close" and holes[-1].depth:
                holes[-1].depth -= 1
            elif what != "format" or not holes[-1].depth:
                at = _end_of_string(found, language, holes)
                yield Piece(found.start(), at, Kind.STRING)
                break


def _end_of_string(found: re.Match[str], language: Language, holes: list[_Hole]) -> int:
    """Where the string ends that begins or goes on there, or where the next code in it begins."""
    what, text, at = str(found.lastgroup), found.string, found.end()
    if what in ("close", "format"):  # a format is text again; its closing brace says nothing there
        return _to_code(text, at, holes.pop().inside, holes)
    if what in ("raw", "dollars"):
        closing = found[0].lstrip("$")
        end = text.find(closing, at)
        return len(text) if end < 0 else end + len(closing)
    return _to_code(text, at, _INSIDE[language, what], holes)


def _to_code(text: str, at: int, inside: re.Pattern[str], holes: list[_Hole]) -> int:
    """Where an interpolated string ends, or where the next code in it begins."""
    while found := inside.search(text, at):
        at = found.end()
        if found.lastgroup == "hole":
            holes.append(_Hole(inside))
        if found.lastgroup:
            return at
    return len(text)
