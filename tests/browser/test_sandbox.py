"""The sandbox's page as a person meets it: in Chromium, wide, narrow, dark, by keyboard, with hostile mail in it."""

from __future__ import annotations

import base64
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest

from mailadmin.sandbox.faults import Fault
from mailadmin.sandbox.inbox import DRAFTS
from mailadmin.sandbox.listener import Listener, Reply
from mailadmin.sandbox.server import Sandbox
from tests.browser.test_report import NARROW, WIDE, serious
from tests.unit.interchange.test_reports_hostile import MARKUP
from tests.unit.sandbox.test_inbox import received

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
HOSTILE = (
    '<p>Kia ora <a href="https://elsewhere.test/">portal</a></p><img src="cid:logo" alt="Kowhai">'
    '<img src="https://elsewhere.test/pixel.png" alt="tracker"><script>parent.document.title = "taken"</script>'
    '<svg onload="alert(1)"></svg><p onclick="alert(1)">p</p><style>@import "https://elsewhere.test/x.css";</style>'
    '<form action="/faults/slow/on" method="post"><button>Prize</button></form>'
    '<meta http-equiv="refresh" content="0;url=https://elsewhere.test/"><base href="https://elsewhere.test/">'
)


@pytest.fixture
def browser(chromium: Browser) -> Browser:
    return chromium


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as started:
        yield started


class Opened:
    """A page, and everything it did that this page should not do."""

    def __init__(self, browser: Browser, url: str, **context: Any) -> None:
        self.context = browser.new_context(**{"viewport": WIDE} | context)
        self.context.set_default_timeout(10_000)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(url)

    def elsewhere(self, sandbox: Sandbox) -> list[str]:
        """What was asked for outside the sandbox."""
        return [url for url in self.requests if not url.startswith((sandbox.page_url, "data:", "about:"))]


def statement(html: str = HOSTILE, subject: str = "Your statement for November is ready") -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = "Kowhai Finance <accounts@kowhai.example>", "Aroha Smith <aroha@client.example>"
    message["Subject"] = subject
    message.set_content("Kia ora\n")
    message.add_alternative(html, subtype="html")
    message.get_payload()[1].add_related(PIXEL, "image", "png", cid="<logo>")  # type: ignore[union-attr,index]
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="Tauākī November.pdf")
    return message.as_bytes()


def fill(sandbox: Sandbox) -> None:
    """An inbox of one message of each kind, and a fault that is on."""
    sandbox.inbox.add(received(account="mere.ngata@kowhai.example"))
    sandbox.inbox.add(received(folder=DRAFTS, raw=statement()))
    sandbox.inbox.add(received(account="", raw=statement(subject="x" * 90)))
    sandbox.faults.switch_on(Fault.THROTTLED, 7, times=2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("window", [WIDE, NARROW], ids=["wide", "narrow"])
def test_axe_finds_no_serious_fault_and_nothing_sticks_out(
    browser: Browser, sandbox: Sandbox, window: dict[str, int], scheme: str
) -> None:
    found = Opened(browser, sandbox.page_url, viewport=window, color_scheme=scheme, bypass_csp=True)
    for path in ("", "faults", "addresses", "messages/1", "messages/2", "?search=nobody", "messages/9"):
        if path == "faults":
            fill(sandbox)
        found.page.goto(f"{sandbox.page_url}{path}")
        for details in found.page.locator("details").all():
            details.evaluate("one => one.open = true")
        assert found.page.evaluate("document.documentElement.scrollWidth") <= window["width"], path
        assert serious(found.page) == [], path
    assert [text for text in found.complaints if "404" not in text] == []
    found.context.close()


def test_what_arrives_is_announced_and_shown_when_asked_for(browser: Browser, sandbox: Sandbox) -> None:
    from playwright.sync_api import expect

    found = Opened(browser, sandbox.page_url)
    expect(found.page.get_by_role("heading", name="Nothing has arrived yet")).to_be_visible()
    with smtplib.SMTP("localhost", sandbox.ports.plain) as client:
        client.sendmail("mere@kowhai.example", "aroha@client.example", b"Subject: Kia ora\r\n\r\ntext\r\n")
    news = found.page.get_by_role("status")
    expect(news).to_be_visible(timeout=10_000)
    news.get_by_role("link", name="Show it").click()
    found.page.get_by_role("link", name="Kia ora").click()
    expect(found.page.get_by_role("heading", name="Kia ora")).to_be_visible()
    assert found.page.locator("pre").inner_text() == "text\n"
    assert (found.complaints, found.elsewhere(sandbox)) == ([], [])
    found.context.close()


def test_a_message_with_html_is_shown_and_does_nothing(browser: Browser, sandbox: Sandbox) -> None:
    sandbox.inbox.add(received(raw=statement()))
    found = Opened(browser, f"{sandbox.page_url}messages/1")
    frame = found.page.frame_locator("iframe")
    assert frame.locator("p").first.inner_text() == "Kia ora portal"
    assert frame.get_by_alt_text("Kowhai").evaluate("one => [one.complete, one.naturalWidth]") == [True, 1]
    assert frame.get_by_alt_text("tracker").evaluate("one => one.naturalWidth") == 0
    frame.get_by_role("link", name="portal").click()
    found.page.get_by_text("As plain text").click()
    assert found.page.locator("pre").inner_text() == "Kia ora\n"
    assert found.page.url == f"{sandbox.page_url}messages/1"
    assert found.page.title() == "Your statement for November is ready · Sandbox"
    assert len(found.context.pages) == 1
    assert found.elsewhere(sandbox) == []
    assert [text for text in found.complaints if "sandboxed" not in text] == []
    assert sandbox.faults.on() == {}
    found.context.close()


def test_files_are_downloaded_under_their_names(browser: Browser, sandbox: Sandbox) -> None:
    sandbox.inbox.add(received(raw=statement()))
    found = Opened(browser, f"{sandbox.page_url}messages/1")
    for link, name, content in (
        ("Tauākī November.pdf", "Tauākī November.pdf", b"%PDF"),
        ("Download as .eml", "0001.eml", statement()),
    ):
        with found.page.expect_download() as download:
            found.page.get_by_role("link", name=link).click()
        assert download.value.suggested_filename == name
        assert len(download.value.path().read_bytes()) == len(content)
    found.context.close()


def test_a_fault_is_switched_on_and_off(browser: Browser, sandbox: Sandbox) -> None:
    found = Opened(browser, f"{sandbox.page_url}faults")
    card = found.page.get_by_role("region", name="Throttled", exact=True)
    card.get_by_label("Seconds to wait").fill("9")
    card.get_by_label("Times").fill("3")
    card.get_by_role("button", name="Switch on").click()
    assert "Seconds to wait: 9. Strikes 3 more times." in card.inner_text()
    assert sandbox.faults.on()[Fault.THROTTLED] == (9, 3, 1.0)
    assert found.page.get_by_role("navigation").first.inner_text().split("\n")[2] == "Faults1 on"
    card.get_by_role("button", name="Switch off").click()
    assert sandbox.faults.on() == {}
    assert (found.complaints, found.elsewhere(sandbox)) == ([], [])
    found.context.close()


def test_another_page_can_neither_switch_nor_frame_nor_read(browser: Browser, sandbox: Sandbox) -> None:
    fill(sandbox)
    url = sandbox.page_url
    html = f"""<form method=post action="{url}faults/slow/on"><button>Prize</button></form><iframe src="{url}"></iframe>
      <script>window.read = fetch("{url}messages/1").then(() => "read", () => "refused")</script>"""
    other = Listener(lambda request: Reply(200, html.encode(), {"Content-Type": "text/html"}))
    other.start()
    try:
        found = Opened(browser, f"http://localhost:{other.port}/")
        assert found.page.evaluate("window.read") == "refused"
        assert found.page.frames[1].evaluate("document.body.innerText.includes('Inbox')") is False
        found.page.get_by_role("button", name="Prize").click()
        assert found.page.locator("body").inner_text() == "Only this page itself can switch anything."
        assert set(sandbox.faults.on()) == {Fault.THROTTLED}
        found.context.close()
    finally:
        other.stop()


def test_everything_can_be_reached_by_keyboard(browser: Browser, sandbox: Sandbox) -> None:
    fill(sandbox)
    found = Opened(browser, sandbox.page_url)
    reached = []
    for _ in range(10):
        found.page.keyboard.press("Tab")
        reached.append(found.page.evaluate("document.activeElement.innerText || document.activeElement.id"))
    assert reached == [
        "Skip to the content",
        "Inbox",
        "Portal",
        "Faults1 on",
        "Addresses",
        "search",
        "Search",
        "x" * 90,
        "Your statement for November is ready",
        "Wāhi",
    ]
    row = found.page.locator("tbody tr").last
    assert row.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"
    found.page.keyboard.press("Enter")
    found.page.wait_for_url("**/messages/1")
    found.context.close()


def test_without_javascript_everything_is_there(browser: Browser, sandbox: Sandbox) -> None:
    fill(sandbox)
    found = Opened(browser, sandbox.page_url, java_script_enabled=False)
    assert found.page.locator("tbody tr").count() == 3
    found.page.get_by_label("Search").fill("november")
    found.page.get_by_role("button", name="Search").click()
    assert found.page.locator("tbody tr").count() == 1
    found.page.get_by_role("link", name="Faults").click()
    found.page.get_by_role("button", name="Switch off").click()
    assert sandbox.faults.on() == {}
    found.context.close()


def test_hostile_words_do_nothing(browser: Browser, sandbox: Sandbox) -> None:
    for text in MARKUP:
        words = text.encode("utf-8", "replace").decode()
        raw = f"Subject: {' '.join(words.splitlines())}\r\n\r\n{words}".encode()
        sandbox.inbox.add(received(account=words, sender=words, recipients=(words,), raw=raw))
    found = Opened(browser, sandbox.page_url)
    assert found.page.locator("tbody tr").count() == len(MARKUP)
    for path in ("", *(f"messages/{message.number}" for message in sandbox.inbox)):
        found.page.goto(f"{sandbox.page_url}{path}")
        made = "img, object, embed, svg, iframe, [onload], [onerror], script:not([src='/page.js'])"
        assert found.page.evaluate(f'document.querySelectorAll("{made}").length') == 0
    assert (found.complaints, found.elsewhere(sandbox)) == ([], [])
    found.context.close()
