"""Obsoleted members in scripts: found wherever they stand, for what they are (FI-40)."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.domain.legacy import OBSOLETED
from mailadmin.interchange.script_lexing import Kind, Language, pieces
from mailadmin.interchange.script_sieve import may_name_a_member
from mailadmin.interchange.scripts import NOT_SHOWN, Use, language_of, uses_in

MARKED = Path(__file__).parents[2] / "marked"
MOST = 100_000
EVERY_NAME = sorted({member.name for member in OBSOLETED})
MARK = re.compile("«([^ »]+) ([^»]+)»")


def unmarked(name: str) -> tuple[str, list[tuple[int, str, str, str]]]:
    """A script, and what is marked in it: offset, kind, owner (? for any) and the name that stands there."""
    parts = MARK.split((MARKED / name).read_text(encoding="utf-8"))
    text, marks = parts[0], []
    for kind, owner, after in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        named = re.match(r"\w+", after)
        assert named, after
        marks.append((len(text), kind, owner, named[0]))
        text += after
    return text, marks


def found_in(text: str, language: Language) -> list[tuple[int, str, str, str]]:
    """The same of what is found."""
    begins = [0, *(m.end() for m in re.finditer("\n", text))]
    return [
        (
            begins[use.line - 1] + use.column - 1,
            str(use.kind),
            "?" if " or " in use.owner_hint else use.owner_hint,
            text[begins[use.line - 1] + use.column - 1 :][: len(use.member)],
        )
        for use in uses_in(text, language, MOST)
    ]


@pytest.mark.parametrize(("name", "language"), [("messages.vb", Language.VB), ("messages.cs", Language.CSHARP)])
def test_everything_marked_is_found_and_nothing_else(name: str, language: Language) -> None:
    text, marks = unmarked(name)
    assert found_in(text, language) == marks
    assert len(marks) > 20


def uses(text: str, language: Language = Language.VB) -> list[Use]:
    return uses_in(text, language, MOST)


def only(text: str, language: Language = Language.VB) -> Use:
    (use,) = uses(text, language)
    return use


@pytest.mark.parametrize("member", OBSOLETED, ids=lambda member: f"{member.owner}.{member.name}")
def test_every_member_is_found_whatever_its_case_and_passes_the_sieve(member: object) -> None:
    name, owner = member.name, member.owner  # type: ignore[attr-defined]
    for written in (name, name.upper(), name.lower(), name.swapcase()):
        text = f"x = {owner}.{written}"
        use = only(text)
        assert (use.member, use.owner_hint, use.replacement) == (name, owner, member.replacement)  # type: ignore[attr-defined]
        for encoding in ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"):
            assert may_name_a_member(text.encode(encoding))


def test_the_sieve_lets_nothing_else_through() -> None:
    assert not may_name_a_member(b"Dim Email As String = Client.EmailAddress : SmtpServer = Message.CreateProvider()")


def test_a_member_that_only_one_owner_has_is_of_that_owner() -> None:
    assert only("x = y.EmailSmtpOverride").owner_hint == "finWebConfig"
    assert only("x = finSettings.EmailSmtpOverride").owner_hint == "finWebConfig"


def test_where_the_owner_is_not_told_every_replacement_is() -> None:
    use = only("x = y.EmailSmtpPort")
    assert use.owner_hint == "finSettings or finSettingsUser or finWebConfig"
    assert use.replacement == (
        "Cost Centre, SMTP: Port; Cost Centre, user override of SMTP: Port; "
        "Cost Centre of the Web Configuration, SMTP: Port"
    )


@pytest.mark.parametrize(
    "text",
    [
        'a = finSettings.EmailSmtpPassword & "hunter2"',
        "' password hunter2, was in EmailSmtpPassword",
        '{"EmailSmtpServer": "x", "EmailExchangeRefreshToken": "hunter2"}',
        "<EmailSmtpPassword>hunter2</EmailSmtpPassword> <EmailSmtpServer/>",
    ],
)
def test_a_line_that_names_a_secret_is_not_shown(text: str) -> None:
    for language in Language:
        assert {use.text for use in uses(text, language)} == {NOT_SHOWN}


def test_what_is_shown_is_escaped_and_short() -> None:
    use = only("x" * 500 + "\x1b[31m\u202e finSettings.EmailSmtpServer \x07" + "y" * 500)
    assert (use.text[:2], use.text[-2:]) == ("…x", "y…")
    assert "\\x1b[31m\\u202e finSettings.EmailSmtpServer \\x07" in use.text
    assert len(use.text) < 200


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_are_counted_as_editors_count_them(ending: str) -> None:
    lines = ["", "x = finSettings.EmailSmtpPort", "", "  y = finSettings.EmailSmtpPort ' EmailSmtpPort"]
    found = [(use.line, use.column, use.text) for use in uses(ending.join(lines))]
    shown = lines[3].strip()
    assert found == [(2, 17, lines[1]), (4, 19, shown), (4, 35, shown)]


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ('<script>x = &quot;a&quot; &amp; finSettings.EmailSmtpServer</script>', 45),
        ("<code><![CDATA[finSettings.EmailSmtpServer]]></code>", 28),
        ('{"code": "Dim x\\nEmailSmtpServer = 1"}', 18),
        ('{"code": "\\u0022EmailSmtpServer"}', 17),
        ("finSettings.EmailSmtpServer,mail.kowhai.example", 13),
    ],
)  # fmt: skip
def test_in_other_text_it_is_found_as_text(text: str, column: int) -> None:
    use = only(text, Language.TEXT)
    assert (use.kind, use.column) == (Kind.TEXT, column)


@pytest.mark.parametrize(
    ("suffix", "text", "language"),
    [
        (".VB", "", Language.VB),
        (".cs", "", Language.CSHARP),
        (".xml", "End Sub", Language.TEXT),
        (".txt", "a\n  End Function\n", Language.VB),
        ("", "option strict off", Language.VB),
        (".txt", "The End Function of history", Language.TEXT),
    ],
)
def test_the_language_is_told_by_name_or_statements(suffix: str, text: str, language: Language) -> None:
    assert language_of(suffix, text) is language


def test_of_too_many_the_first_are_found() -> None:
    assert [use.line for use in uses_in("x.EmailSmtpPort\n" * 9, Language.VB, 3)] == [1, 2, 3]


# --- an independent reader of VB, slow and plain ------------------------------------------------------------------

QUOTES, MARKS = '"“”＂', "'‘’＇"
REM = re.compile(r"rem(?!\w)", re.IGNORECASE)


def slow_kinds(text: str) -> list[str]:
    """What every character of a script is: c(ode), s(tring) or r(emark); read one by one."""
    kinds = ["c"] * len(text)
    holes: list[int] = []
    state, i = "code", 0

    def take(kind: str, count: int = 1) -> None:
        nonlocal i
        kinds[i : i + count] = [kind] * len(kinds[i : i + count])
        i += count

    while i < len(text):
        here, after = text[i], text[i + 1 : i + 2]
        if state == "code":
            word = REM.match(text, i)
            if here == "$" and after and after in QUOTES:
                take("s", 2)
                state = "interpolated"
            elif here in QUOTES:
                take("s")
                state = "string"
            elif not holes and (here in MARKS or (word and not re.match(r"[\w.\[]", text[i - 1] if i else ""))):
                while i < len(text) and text[i] not in "\n\u2028\u2029":
                    take("r")
            elif holes and here in "([{":
                holes[-1] += 1
                take("c")
            elif holes and here in ")]}" and holes[-1]:
                holes[-1] -= 1
                take("c")
            elif holes and (here in ")]}" or (here == ":" and not holes[-1])):
                holes.pop()
                take("s")
                state = "interpolated"
            else:
                take("c")
        elif here in QUOTES and after and after in QUOTES:
            take("s", 2)
        elif here in QUOTES:
            take("s")
            state = "code"
        elif state == "interpolated" and here == after == "{":
            take("s", 2)
        elif state == "interpolated" and here == "{":
            take("s")
            holes.append(0)
            state = "code"
        else:
            take("s")
    return kinds


def quick_kinds(text: str) -> list[str]:
    kinds = ["c"] * len(text)
    for piece in pieces(text, Language.VB):
        length = piece.end - piece.start
        kinds[piece.start : piece.end] = ["r" if piece.kind is Kind.COMMENT else "s"] * length
    return kinds


FRAGMENTS = [
    '"', '""', '$"', "{", "}", "{{", "}}", "'", "REM ", "rem", ".Rem", "[Rem]", "x", " ", "\n", ":", "(", ")", "[", "]",
    "EmailSmtpServer", ".", "“", "”", "‘", "$", "_", "\r\n", ",",
]  # fmt: skip


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join))
def test_pieces_are_those_of_a_plain_reader(text: str) -> None:
    assert "".join(quick_kinds(text)) == "".join(slow_kinds(text))


def test_pieces_of_the_marked_script_are_those_of_a_plain_reader() -> None:
    text, _ = unmarked("messages.vb")
    assert quick_kinds(text) == slow_kinds(text)


@given(st.lists(st.sampled_from([*FRAGMENTS, '"""', "@", "/*", "*/", "//", "\\", "'"]), max_size=60).map("".join))
def test_pieces_are_in_order_whatever_the_text(text: str) -> None:
    for language in (Language.VB, Language.CSHARP):
        at = 0
        for piece in pieces(text, language):
            assert at <= piece.start < piece.end <= len(text)
            at = piece.end


@given(st.lists(st.sampled_from([*FRAGMENTS, *EVERY_NAME, "finSettings", "With ", "End With", " As "])).map("".join))
def test_every_name_is_found_once_in_every_language(text: str) -> None:
    plain = [m.start() for m in re.finditer(rf"(?<!\w)(?:{'|'.join(EVERY_NAME)})(?!\w)", text, re.IGNORECASE)]
    for language in Language:
        assert [place[0] for place in found_in(text, language)] == plain


def test_mutated_scripts_are_read_without_a_word() -> None:
    dice = random.Random(40)  # noqa: S311
    text, _ = unmarked("messages.vb")
    for number in range(200):
        mutated = list(text)
        for _ in range(dice.randint(1, 30)):
            at = dice.randrange(len(mutated))
            mutated[at : at + dice.choice((0, 1, 5))] = dice.choice([*FRAGMENTS, "\0", "\ud800", "\u2028", "ß"])
        changed = "".join(mutated)
        for language in Language:
            assert len(uses(changed, language)) > 50
        if number % 20 == 0:  # plain is slow
            assert quick_kinds(changed) == slow_kinds(changed)
