"""docs/coverage.md is held to the sources and to the tests: nothing is missing, and no test is promised in vain.

The phrases below are the sources' own, in their order: one for every heading of the release note, and one for every
sentence of the two pages.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from mailadmin.domain.legacy import OBSOLETED

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`([a-z0-9_/]+\.py)::(test_[a-z0-9_]+)`")

FINPOWER = (
    "Cost Centres; Email integration", "Important, before upgrading", "SMS in the New Messaging Interface",
    "Two supported email services", "NOTE, unattended", "SMTP", "Server Details", "leave as Auto if unsure",
    "SMTP Service User Name", "Sender Details", "SMTP: overridden on a per user basis",
    "SMTP: no user override", "Microsoft Exchange", "API permissions", "Tenant ID, Client ID, Client Secret, User Name",
    "Microsoft Exchange: overridden on a per user basis", "Composing an email", "Specifying the From address",
    "Messaging.Email.UpdateFrom, DENY by default", "NOTE, sent from the user account", "Email PDF", "Help, About",
    "Open for Edit", "Save as Draft", "NOTE, Microsoft Exchange is the only service with drafts",
    "Documents and Workflow Actions", "Task Manager 2", "Web Configurations", "Obsoleted Business Layer Properties",
    "Global Settings obsoleted", "User Settings obsoleted", "ISSupport obsoleted", "finWebConfig obsoleted",
    "HTML Widgets have been updated",
)  # fmt: skip
PORTAL = (
    "to configured Portal contacts", "As of version 93.6", "Data security is maintained",
    "button on the upper right", "If this button is not visible", "SMTP setup is required by an administrator",
    "relies on settings in that portal", "Advanced features such as Order Pad", "At a minimum, SMTP settings",
    "the Email Setup tab", "following walkthroughs", "the address that will be displayed", "this is the fallback",
    "This field is required", "as supplied by each feature-specific from address", "should be filled in",
    "SMTP service provider", "is typically required", "“secure connection” or “TLS”", "SMTP Server Name is required",
    "User Name", "Enable SSL",
)  # fmt: skip
MONITOR = (
    "calendar integration of activities", "E-mail method", "Client based, via Microsoft Outlook",
    "Server based, via Microsoft Exchange:", "Server based, via SMTP", "Server based, via Microsoft Exchange Online",
    "registered in Microsoft Entra ID", "E-mail address", "User name (Exchange)", "Password (Exchange)",
    "clicking the padlock button", "Send copy to own e-mail address", "No copy, Copy (CC), and Bcc",
    "only supported if you have selected a server based", "E-mail signature", "You can format the text",
    "copy an existing signature from Outlook", "the signature will not be carried over",
    "only works with methods that use the inbuilt",
)  # fmt: skip
SOURCES = {
    "## finPOWER Connect 6.00.02, KB 22347": FINPOWER,
    "## Customer Portal: user-initiated e-mail": PORTAL,
    "## Monitor ERP: a user's e-mail settings": MONITOR,
}


def rows_of(text: str) -> list[list[str]]:
    """The cells of every row of the tables in a text, without their heads."""
    lines = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[-1] != "proved by"]


def section(heading: str) -> str:
    """What stands under a heading, to the next of any kind."""
    return re.split(r"\n#+ ", PAGE.split(f"{heading}\n")[1])[0]


@cache
def functions_of(path: Path) -> frozenset[str]:
    return frozenset(one.name for one in ast.parse(path.read_text("utf-8")).body if isinstance(one, ast.FunctionDef))


@pytest.mark.parametrize("heading", SOURCES)
def test_every_heading_and_sentence_of_a_source_has_its_row(heading: str) -> None:
    said = [row[0] for row in rows_of(section(heading))]
    assert len(said) == len(SOURCES[heading])
    assert [phrase for phrase, words in zip(SOURCES[heading], said, strict=True) if phrase not in words] == []


def test_every_one_of_the_46_members_has_its_row_and_its_replacement() -> None:
    listed = [(name, replaced) for name, replaced, _ in rows_of(section("### The 46 members"))]
    assert listed == [(f"{member.owner}.{member.name}", member.replacement) for member in OBSOLETED]
    assert len(listed) == 46


def test_every_test_that_is_named_exists() -> None:
    named = sorted(set(NAMED.findall(PAGE)))
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / "tests" / path).is_file() or name not in functions_of(ROOT / "tests" / path)
    ]
    assert missing == []
    assert PAGE.count("::test_") == len(NAMED.findall(PAGE)), "a test is named in a form that is not read"


def test_every_row_names_a_test_or_says_that_it_is_not_built() -> None:
    bare = [row[0] for row in rows_of(PAGE) if not NAMED.search(row[-1]) and "not built" not in row[-1]]
    assert bare == []


def test_every_place_that_is_named_is_there() -> None:
    places = {place for row in rows_of(PAGE) for place in re.findall(r"`([a-z_]+/[a-z_0-9]*(?:\.py)?)`", row[1])}
    assert places
    assert [place for place in sorted(places) if not (ROOT / "src" / "mailadmin" / place).exists()] == []
