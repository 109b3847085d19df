"""Pasted signatures in Chromium: nothing runs and nothing is fetched, and they look as they did."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from mailadmin.policy.signatures import signature_of
from tests.browser.lab import Opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Open = Callable[..., Opened]

CORPUS = sorted((Path(__file__).parents[1] / "signatures").glob("*.html"))
SEEN = ("outlook", "outlook-web", "gmail", "apple-mail")
PICTURES = os.environ.get("MAILADMIN_SCREENSHOTS")
_PAGE = '<!doctype html><meta charset="utf-8"><body style="margin:12px;width:420px;background:#fff">{}</body>'

LOOKS = """() => [...document.querySelectorAll('b, i, u, a, li, td, font, span, img, p')]
  .filter(e => e.tagName === 'IMG' ? e.src.startsWith('data:') : e.textContent.trim())
  .map(e => { const s = getComputedStyle(e); const r = e.getBoundingClientRect();
    const words = e.tagName === 'IMG' ? 'picture' : e.textContent.trim().replace(/\\s+/g, ' ');
    return [e.tagName, words, s.color, s.backgroundColor, s.fontFamily, s.fontSize, s.fontWeight, s.fontStyle,
      s.textAlign, s.borderRight, s.marginTop, Math.round(r.width), Math.round(r.height)].join('|') })"""
"""Every visible element: its words, and how it is shown."""


class Shown:
    """HTML on a page of its own, with scripts allowed: what it ran, and what it asked for."""

    def __init__(self, chromium: Browser, html: str, picture: str = "", *, touched: bool = True) -> None:
        context = chromium.new_context(viewport={"width": 460, "height": 420})
        page = context.new_page()
        self.asked: list[str] = []
        page.on("request", lambda request: self._asked(request.url))
        page.route("**/*", lambda route: route.abort())
        page.on("dialog", lambda dialog: dialog.dismiss())
        page.set_content(_PAGE.format(html), wait_until="load")
        for element in page.query_selector_all("a, p, summary") if touched else ():
            element.dispatch_event("mouseover")
        self.ran = bool(page.evaluate("() => 'pwned' in window"))
        self.looks: list[Any] = page.evaluate(LOOKS)
        if PICTURES and picture:
            page.screenshot(path=f"{PICTURES}/{picture}.png")
        context.close()

    def _asked(self, url: str) -> None:
        if not url.startswith("data:"):  # a picture within the HTML asks nobody
            self.asked.append(url)


def pasted(name: str) -> str:
    return (CORPUS[0].parent / f"{name}.html").read_text(encoding="utf-8")


def test_the_samples_would_run_if_nothing_were_done(chromium: Browser) -> None:
    refreshing = '<meta http-equiv=refresh content="0;url=https://evil.test/">'
    assert refreshing in pasted("hostile-scripts")
    assert Shown(chromium, pasted("hostile-scripts").replace(refreshing, ""), touched=False).ran
    assert Shown(chromium, pasted("hostile-styles"), touched=False).asked != []
    assert Shown(chromium, pasted("hostile-pictures"), touched=False).asked != []


@pytest.mark.parametrize("name", [file.stem for file in CORPUS])
def test_a_cleaned_signature_runs_nothing_and_asks_nobody(chromium: Browser, name: str) -> None:
    shown = Shown(chromium, signature_of(pasted(name)).html, f"{name}-cleaned")
    assert (shown.ran, shown.asked) == (False, [])


@pytest.mark.parametrize("name", SEEN)
def test_it_looks_as_it_did(chromium: Browser, name: str) -> None:
    before = Shown(chromium, pasted(name), f"{name}-pasted")
    after = Shown(chromium, signature_of(pasted(name)).html)
    lost = [look for look in before.looks if look not in after.looks]
    assert lost == []
    assert len(before.looks) > 4


PASTE = """(box, html) => {
  const clipboard = new DataTransfer();
  clipboard.setData("text/html", html);
  box.dispatchEvent(new ClipboardEvent("paste", { clipboardData: clipboard, bubbles: true, cancelable: true }));
}"""


@pytest.mark.parametrize("kind", ["pages", "lab"])
def test_a_signature_is_pasted_with_its_looks(kind: str, opened: Open, request: pytest.FixtureRequest) -> None:
    found = opened(request.getfixturevalue(kind), "7-user-settings.ipynb")
    form = found.form("E-mail settings of users")
    form.get_by_label("User", exact=True).select_option(index=1)
    box = form.get_by_role("textbox", name="Signature, pasted")
    expect(box).to_be_visible()
    box.press_sequentially("typed")
    expect(box).to_have_text("")
    box.evaluate(PASTE, pasted("gmail") + "<script>parent.pwned = 1</script>")
    expect(form.get_by_text("As it is sent:")).to_be_visible()
    frame = form.frame_locator("iframe[title='The signature as it is sent']")
    expect(frame.locator("body")).not_to_be_empty()
    expect(box).to_have_text("")
    assert found.page.evaluate("window.pwned") is None
