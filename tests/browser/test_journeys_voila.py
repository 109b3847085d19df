"""Whole tasks as pages: an analyst writes a message and sees it arrive; an auditor hands in the evidence."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.lab import Opened, Served

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

Open = Callable[..., Opened]

SENDER = "JTaylor6"

SLOW = 60_000
"""Milliseconds for a step in which everybody is asked, on a busy machine."""


def chosen(form: Locator, user: str) -> None:
    """Let somebody send, found by the id."""
    form.get_by_label("Find a person").fill(user)
    form.get_by_label("Find a person").press("Enter")
    expect(form.get_by_text("is chosen.")).to_be_visible()


def test_an_analyst_composes_previews_sends_and_sees_it_in_the_inbox(opened: Open, pages: Served) -> None:
    found = opened(pages, "5-compose.ipynb")
    form = found.form("Write a message")
    chosen(form, SENDER)
    form.get_by_label("Address", exact=True).fill("aroha@client.example")
    form.get_by_role("button", name="Add", exact=True).click()
    expect(form.get_by_text("1 added")).to_be_visible()
    form.get_by_label("Subject").fill("Your statement for November")
    form.get_by_label("Format").select_option("HTML")
    form.get_by_label("Message", exact=True).fill("<p>Kia ora <b>Aroha</b></p><script>parent.taken = 1</script>")
    form.get_by_label("Message", exact=True).press("Tab")
    preview = form.frame_locator("iframe[title='Preview of the message']")
    expect(preview.get_by_text("Kia ora Aroha")).to_be_visible()
    form.get_by_role("button", name="Check without sending").click()
    expect(form.get_by_text("would send").first).to_be_visible()
    form.get_by_role("button", name="Send", exact=True).click()
    expect(form.get_by_text("accepted for every recipient").first).to_be_visible()
    inbox = found.form("Sandbox inbox")
    expect(inbox.get_by_role("cell", name="Your statement for November")).to_be_visible()
    expect(inbox.get_by_role("cell", name="aroha@client.example")).to_be_visible()
    outbox = found.form("Outbox")
    expect(outbox.get_by_role("cell", name="Your statement for November").first).to_be_visible()
    assert found.page.evaluate("window.taken") is None


def test_wrong_input_is_said_where_it_stands_when_composing(opened: Open, pages: Served) -> None:
    found = opened(pages, "5-compose.ipynb")
    form = found.form("Write a message")
    form.get_by_label("Address", exact=True).fill("a@b.example, c@d.example")
    form.get_by_role("button", name="Add", exact=True).click()
    expect(form.get_by_role("alert").first).to_be_visible()
    form.get_by_label("Address", exact=True).fill("")
    form.get_by_label("Find a person").fill("nobody at all")
    form.get_by_label("Find a person").press("Enter")
    expect(form.get_by_text("Nobody's user id or name holds this.")).to_be_visible()
    form.get_by_role("button", name="Send", exact=True).click()
    # At the field, and at the foot.
    expect(form.get_by_text("There is nobody to send it to.")).to_have_count(2)


def test_wrong_input_is_said_where_it_stands_at_the_start(opened: Open, pages: Served) -> None:
    found = opened(pages, "0-start.ipynb")
    form = found.form("Where am I?")
    form.get_by_label("Store", exact=True).fill("")
    form.get_by_role("button", name="Open or create this store").click()
    expect(form.get_by_text("Name a file.")).to_be_visible()
    (pages.folder / "letter.txt").write_text("This is not a store. " * 100)
    form.get_by_label("Store", exact=True).fill("letter.txt")
    form.get_by_role("button", name="Open or create this store").click()
    expect(form.get_by_role("alert")).to_contain_text("letter.txt")


def test_wrong_input_is_said_where_it_stands_when_taking_a_snapshot(opened: Open, pages: Served) -> None:
    found = opened(pages, "1-snapshot.ipynb")
    form = found.form("Take a snapshot of the old settings")
    form.get_by_label("Path", exact=True).fill("nowhere/at/all")
    form.get_by_role("button", name="Take the snapshot").click()
    expect(form.get_by_role("alert").first).to_contain_text("cannot be read: No such file or directory.")
    form.get_by_label("Path", exact=True).fill("")
    form.get_by_role("button", name="Take the snapshot").click()
    expect(form.get_by_text("Name a folder or a file.")).to_be_visible()


def test_wrong_input_is_said_where_it_stands_when_configuring(opened: Open, pages: Served) -> None:
    found = opened(pages, "4-configure.ipynb")
    form = found.form("Configure e-mail services")
    form.get_by_label("Page").select_option("SMTP")
    server = form.get_by_label("Server", exact=True)
    server.fill("smtp.example.com:587")
    server.press("Tab")
    expect(form.get_by_text("The port goes into its own field.")).to_be_visible()
    sender = form.get_by_label("Sender e-mail", exact=True)
    sender.fill("not an address")
    sender.press("Tab")
    expect(form.get_by_role("alert")).to_have_count(2)
    server.fill("smtp.example.com")
    server.press("Tab")
    expect(form.get_by_role("alert")).to_have_count(1)


def onward(page: Page, label: str, *, at_most: int = 40) -> None:
    """Press Tab until the control with this label has the focus, and can be seen to have it."""
    for _ in range(at_most):
        page.keyboard.press("Tab")
        if page.evaluate(_NAME_IN_FOCUS).strip() == label:
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", label
            return
    raise AssertionError(f"Tab does not lead to {label!r}")


_NAME_IN_FOCUS = """() => {
  const one = document.activeElement;
  return one.labels && one.labels.length ? one.labels[0].innerText : one.innerText || "";
}"""


def test_a_message_is_sent_by_keyboard_alone(opened: Open, pages: Served) -> None:
    found = opened(pages, "5-compose.ipynb")
    form = found.form("Write a message")
    keys = found.page.keyboard
    onward(found.page, "Find a person")
    keys.type(SENDER)
    keys.press("Enter")
    expect(form.get_by_text("is chosen.")).to_be_visible()
    onward(found.page, "Address")
    keys.type("aroha@client.example")
    onward(found.page, "Add")
    keys.press("Enter")
    expect(form.get_by_text("aroha@client.example").first).to_be_visible()
    onward(found.page, "Subject")
    keys.type("By keyboard")
    onward(found.page, "Message")
    keys.type("Kia ora")
    onward(found.page, "Send")
    keys.press("Enter")
    inbox = found.form("Sandbox inbox")
    expect(inbox.get_by_role("cell", name=re.compile("By keyboard"))).to_be_visible()


def test_an_auditor_finds_a_holder_and_exports_the_report(opened: Open, pages: Served, tmp_path: Path) -> None:
    found = opened(pages, "3-audit.ipynb")
    form = found.form("Audit: who may change From, and what ought not to be so")
    expect(form.get_by_text("400 users; 114 ALLOW, 286 DENY.")).to_be_visible()
    search = form.get_by_label("Search", exact=True)
    search.fill("Pde244")
    search.press("Enter")
    expect(form.get_by_role("cell", name="Pde244", exact=True)).to_be_visible()
    form.get_by_label("Look at").select_option(index=1)
    expect(form.get_by_text("role_permissions").first).to_be_visible()
    form.get_by_role("button", name="Report", exact=True).click()
    folder = form.get_by_label("Folder", exact=True)
    folder.fill("")
    folder.press("Tab")
    form.get_by_role("button", name="Write the report").click()
    expect(form.get_by_text("Name a folder.")).to_be_visible()
    folder.fill(str(tmp_path / "evidence"))
    folder.press("Tab")
    form.get_by_role("button", name="Write the report").click()
    expect(form.get_by_text("The report is written")).to_be_visible(timeout=SLOW)
    form.get_by_role("button", name="Verify the report").click()
    expect(form.get_by_text("files, as they were made.")).to_be_visible(timeout=SLOW)
    form.get_by_role("button", name="Look at it").click()
    page = form.frame_locator("iframe[title='The report']")
    expect(page.get_by_role("heading", name="E-mail permission audit")).to_be_visible()
    written = {file.name for file in (tmp_path / "evidence").iterdir()}
    assert written >= {"audit.html", "audit.xlsx", "audit.json", "manifest.json"}
