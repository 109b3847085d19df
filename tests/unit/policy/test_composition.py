"""What is written and what is sent of it: cleaned HTML, plain text with its links, the signature beneath."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.policy.composition import body_of, cleaned, plain_text
from tests.widget_state import Markup

LIVE = {"script", "iframe", "object", "embed", "form", "input", "button", "link", "meta", "base", "style", "svg"}


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("One<br>Two", "One\nTwo"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("<h1>Title</h1>words  and\n more", "Title\n\nwords and more"),
        ('<a href="https://d.test/x">here</a>', "here (https://d.test/x)"),
        ('<a href="https://d.test/x">https://d.test/x</a>', "https://d.test/x"),
        ('<a href="mailto:a@d.test">a@d.test</a>', "a@d.test"),
        ('<a href="javascript:x()">here</a>', "here"),
        ('<img src="cid:logo" alt="Kowhai"> Lending', "Kowhai Lending"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\n\nc"),
        ("1 &lt; 2 &amp; 3", "1 < 2 & 3"),
        ("<script>alert(1)</script>x<style>p{}</style>", "x"),
        ("", ""),
    ],
)
def test_plain_text_says_what_the_html_says(html: str, text: str) -> None:
    assert plain_text(html) == text


@pytest.mark.parametrize(
    "html",
    [
        '<img src="data:text/html,x">',
        '<a href="data:text/html,x">x</a>',
        '<img src="data:image/svg+xml;base64,AAAA">',
        '<img src=" data:text/html,x">',
    ],
)
def test_data_is_let_through_as_a_picture_only(html: str) -> None:
    assert "data:" not in cleaned(html)


def test_pictures_by_cid_from_the_web_and_within_stay() -> None:
    html = '<img src="cid:logo"><img src="https://d.test/p.png"><img src="data:image/png;base64,AAAA">'
    assert cleaned(html) == html


@given(st.text(st.characters(codec="utf-8"), max_size=60), st.sampled_from(sorted(LIVE)))
def test_nothing_that_runs_or_asks_is_left_and_cleaning_again_changes_nothing(text: str, tag: str) -> None:
    link = f"<a href='javascript:x'>{text}</a>"
    once = cleaned(f"<p onclick=x>{text}</p><{tag} src=x onload=alert(1)>{text}</{tag}>{link}")
    found = Markup(once)
    assert (found.tags & LIVE, [name for name in found.attributes if name.startswith("on")]) == (set(), [])
    assert "'javascript:" not in once
    assert cleaned(once) == once


def test_a_signature_stands_beneath_both_bodies() -> None:
    assert body_of("Hello.\n", signature="<b>Ann</b>") == ("Hello.\n\n-- \nAnn\n", None)
    assert body_of("<p>Hello.</p>", is_html=True, signature="<b>Ann</b>") == (
        "Hello.\n\n-- \nAnn\n",
        "<p>Hello.</p>\n<div><b>Ann</b></div>",
    )
    assert body_of("Hello.") == ("Hello.\n", None)
