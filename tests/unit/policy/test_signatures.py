"""Signatures as people paste them: nothing alive in what is sent, the looks kept, and what was taken out is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.domain.governed import Organisation
from mailadmin.domain.messages import Address, Attachment, Message
from mailadmin.domain.preferences import MailPreference
from mailadmin.domain.services import ServiceKind
from mailadmin.errors import BadInput
from mailadmin.policy import signatures
from mailadmin.policy.composition import with_pictures_as_parts
from mailadmin.policy.signatures import signature_in_force, signature_of
from mailadmin.policy.styles import kept, rules_of
from tests.widget_state import Markup

CORPUS = sorted((Path(__file__).parents[2] / "signatures").glob("*.html"))
NAMES = [file.stem for file in CORPUS]
LIVE = {
    *("script", "iframe", "object", "embed", "form", "input", "button", "link", "meta", "base", "style", "svg", "math"),
    *("template", "video", "audio", "source", "picture", "noscript", "xmp", "title", "body", "select", "textarea"),
}
FETCHES = re.compile(
    r"\b(?:src|srcset|background|poster|lowsrc|dynsrc)\s*=\s*\"(?!data:image/(?:png|jpeg|gif|webp);)", re.I
)
RUNS = re.compile(r"javascript:|vbscript:|expression\(|@import|url\(|pwned|data:text|svg\+xml", re.I)


def cleaned(name: str) -> signatures.Signature:
    return signature_of((CORPUS[0].parent / f"{name}.html").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_in_a_signature_is_alive(name: str) -> None:
    found = cleaned(name)
    markup = Markup(found.html)
    assert markup.tags & LIVE == set()
    assert [attribute for attribute in markup.attributes if attribute.startswith("on")] == []
    assert (FETCHES.findall(found.html), RUNS.findall(found.html), RUNS.findall(found.text)) == ([], [], [])
    assert "<!--" not in found.html
    assert "mso-" not in found.html


@pytest.mark.parametrize("name", NAMES)
def test_cleaning_again_changes_nothing_and_takes_nothing_out(name: str) -> None:
    once = cleaned(name)
    assert signature_of(once.html) == (once.html, once.text, ())


@pytest.mark.parametrize(
    ("name", "looks"),
    [
        (
            "outlook",
            ["font-size: 11.0pt", "margin: 0cm", "color: #166046", "border-right: solid #166046 1.5pt", "#0563C1"],
        ),
        ("outlook", ['width="140"', "width: 247.5pt", 'alt="Kowhai Lending"', 'width="120"', "text-align: justify"]),
        ("outlook-web", ["background-color: rgb(255, 255, 0)", "&quot;Segoe UI&quot;", 'colspan="2"', "<sup>2</sup>"]),
        ("gmail", ['face="georgia, serif"', 'color="#351c75"', "padding: 6px 10px", "<u>Loans</u>"]),
        ("apple-mail", ["font-family: Menlo", "letter-spacing: 2px", "border-top: 1px solid", "<blockquote"]),
    ],
)
def test_looks_are_kept(name: str, looks: list[str]) -> None:
    html = cleaned(name).html
    assert [look for look in looks if look not in html] == []


BROKEN = ("<![<![", "<a ", "<!--", "<!d", "<a b='", "</", "<p style='", "&", "<style>@{", "<svg>", "<b", "]]>", "x")
LIVELY = ("<script>pwned</script>", "<img src=x onerror=pwned>", "<a href='javascript:pwned'>", "<p onclick='pwned'>")


@given(st.lists(st.sampled_from((*BROKEN, *LIVELY)), max_size=8))
def test_whatever_is_pasted_is_taken_and_nothing_of_it_is_alive(parts: list[str]) -> None:
    found = signature_of("".join(parts))
    markup = Markup(found.html)
    assert markup.tags & LIVE == set()
    assert [name for name in markup.attributes if name.startswith("on")] == []
    assert "javascript:" not in "".join(re.findall(r'href="[^"]*"', found.html))


TAKEN_OUT = {
    "apple-mail": (),
    "gmail": ("a picture from the web, of ci3.example",),
    "outlook": (),
    "outlook-web": ("a picture that is not here: file:///C:/Users/sione/AppData/Roaming/Microsoft/Signatures/",),
    "hostile-styles": ("a background that would be fetched (10x)", "a script"),
}


@pytest.mark.parametrize("name", sorted(TAKEN_OUT))
def test_what_is_taken_out_is_told(name: str) -> None:
    assert cleaned(name).taken_out == TAKEN_OUT[name]


def test_every_tracker_and_every_odd_picture_is_told() -> None:
    told = "\n".join(cleaned("hostile-pictures").taken_out)
    assert "a picture nobody sees, from track.test: it tells who opens a message (3x)" in told
    assert "a picture from the web, of track.test (2x)" in told
    assert "a picture of a kind that is not sent (PNG, JPEG, GIF and WebP are) (2x)" in told
    assert "a picture that is none, or is damaged" in told


def test_the_plain_text_says_who_and_where() -> None:
    assert cleaned("outlook").text == (
        "Ngā mihi\n\nKowhai Lending\n\nJane Taylor\n\nLending Manager\n\nT +64 9 555 0100 | jane@kowhai.example\n\n"
        "www.kowhai.example (https://www.kowhai.example/)\n\n"
        "This message is for whom it is addressed to & nobody else."
    )


def test_pictures_from_the_web_stay_where_they_are_allowed_and_trackers_do_not() -> None:
    html = '<img src="https://d.test/logo.png" width="90"><img src="https://d.test/t.gif" width="1">'
    found = signature_of(html, web_pictures=True)
    assert found.html == '<img src="https://d.test/logo.png" width="90">'
    assert found.taken_out == ("a picture nobody sees, from d.test: it tells who opens a message",)


def test_a_signature_too_large_for_every_message_is_refused() -> None:
    picture = "data:image/gif;base64," + "R0lGODlh" + "A" * (signatures.MOST_BYTES // 3 * 4)
    with pytest.raises(BadInput, match="travel with every message"):
        signature_of(f'<img src="{picture}">')
    with pytest.raises(BadInput, match="characters"):
        signature_of("x" * (signatures.MOST_CHARACTERS + 1))


def test_outlook_is_not_given_it() -> None:
    organisation = Organisation.of([MailPreference(user_id="Ann", signature_html="<b>Ann</b>")])
    assert signature_in_force(organisation, "ann", ServiceKind.SMTP) == "<b>Ann</b>"
    assert signature_in_force(organisation, "ann", ServiceKind.OUTLOOK) == ""
    assert signature_in_force(organisation, "bob", ServiceKind.SMTP) == ""
    assert signature_in_force(organisation, None, ServiceKind.SMTP) == ""


# --- styles


@pytest.mark.parametrize(
    ("style", "left"),
    [
        ("color:RED;Font-Size:12PT", "color: RED; font-size: 12PT"),
        ("position:fixed;top:0", ""),
        ("display:none;color:red", "color: red"),
        ("background:url(x)", ""),
        ("background:u\\72l(x)", ""),
        ("background:/*;*/url(x);color:red", "color: red"),
        ('font-family:"a;color:red"', ""),
        ("width:calc(1px + 2px);color:rgb(1,2,3)", "width: calc(1px + 2px); color: rgb(1,2,3)"),
        ("color:var(--x)", ""),
        ("color", ""),
    ],
)
def test_only_looks_stay_of_a_style(style: str, left: str) -> None:
    assert kept(style) == left


@given(st.text(alphabet="abcurl(:;)'\"\\/*@{}- #", max_size=40))
def test_nothing_left_of_a_style_can_fetch(noise: str) -> None:
    left = kept(f"color:red;{noise};background:url({noise});{noise}")
    assert "url(" not in left.lower()
    assert kept(left) == left


def test_rules_about_tags_and_classes_are_read_the_weightier_later() -> None:
    sheet = "@import 'x'; @media print { p {color: blue} } p.A, li#b {color: red} .A:hover {color: pink} p {margin: 0}"
    assert rules_of(sheet) == [("p", "", "margin: 0"), ("p", "A", "color: red")]


# --- pictures as parts


GIF = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


def letter(html: str, *files: Attachment) -> Message:
    return Message(to=(Address("a@kowhai.example"),), html=html, attachments=files)


def test_a_picture_within_the_html_travels_once_as_a_part() -> None:
    found = with_pictures_as_parts(
        letter(f'<img src="data:image/gif;base64,{GIF}">\n<img src="data:image/gif;base64,{GIF}">')
    )
    [picture] = found.attachments
    assert (picture.name, picture.media_type, picture.content[:4]) == ("picture-1.gif", "image/gif", b"GIF8")
    assert found.html == f'<img src="cid:{picture.content_id}">\n<img src="cid:{picture.content_id}">'


@pytest.mark.parametrize(
    "html",
    ["<p>x</p>", '<img src="cid:logo">', '<img src="data:image/svg+xml;base64,AAAA">', "data:image/gif;base64,AA"],
)
def test_anything_else_stays_as_it_is(html: str) -> None:
    assert with_pictures_as_parts(letter(html)) == letter(html)


def test_it_is_done_once() -> None:
    once = with_pictures_as_parts(letter(f'<img src="data:image/gif;base64,{GIF}">'))
    assert with_pictures_as_parts(once) == once
    assert with_pictures_as_parts(letter(f'<img src="data:image/gif;base64,{GIF}">', *once.attachments)) == once
