"""A message handed to the person's own mail program: a file others can open, a link nothing can be smuggled into."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from dataclasses import replace
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import mailparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.domain.messages import Address, Attachment, Importance, Outgoing
from mailadmin.domain.profiles import OutlookProfile, SmtpProfile
from mailadmin.domain.services import Security
from mailadmin.errors import BadInput, GateRefused, Unsupported
from mailadmin.policy.copies import BY_OUTLOOK
from mailadmin.providers.mime import to_unsent
from mailadmin.providers.outlook import LONGEST_LINK, OutlookProvider, file_name, handing_over, mailto
from tests.engines import missing
from tests.letters import Kept, outgoing, to

OWN = Address("anna@kowhai.example")
PROFILE = OutlookProfile(own=OWN.email)
LINK = replace(PROFILE, mailto=True)
PICTURE = b"\x89PNG\r\n\x1a\n picture"


def letter(**parts: Any) -> Outgoing:
    return outgoing(sender=OWN, **parts)


def rich() -> Outgoing:
    return letter(
        to=(Address("ann@example.com", "Ann Kōwhai"),),
        cc=to("cc@example.com"),
        bcc=to("hidden@example.com"),
        subject="Statement for Māui & Sons",
        text="Dear Ann",
        html='<p>Dear Ann <img src="cid:logo@x"></p>',
        attachments=(
            Attachment("Statement ē.pdf", b"%PDF-1.7 content", "application/pdf"),
            Attachment("logo.png", PICTURE, "image/png", "logo@x"),
        ),
        importance=Importance.HIGH,
    )


def parsed(content: bytes) -> EmailMessage:
    found = BytesParser(policy=policy.default).parsebytes(content)
    assert isinstance(found, EmailMessage)
    return found


# --- the file


def test_the_file_is_unsent_and_leaves_to_outlook_what_is_outlooks() -> None:
    found = parsed(to_unsent(rich()))
    assert (found["X-Unsent"], found["Bcc"], found["Importance"]) == ("1", "hidden@example.com", "high")
    assert [found[name] for name in ("From", "Sender", "Date", "Message-ID")] == [None] * 4


def test_pythons_email_reads_what_was_written() -> None:
    found = parsed(to_unsent(rich()))
    assert (found["To"], found["Cc"]) == ("Ann Kōwhai <ann@example.com>", "cc@example.com")
    assert found["Subject"] == "Statement for Māui & Sons"
    assert [part.get_filename() for part in found.iter_attachments()] == ["Statement ē.pdf"]
    html, text = found.get_body(("html",)), found.get_body(("plain",))
    assert html is not None
    assert text is not None
    assert (html.get_content(), text.get_content()) == ('<p>Dear Ann <img src="cid:logo@x"></p>', "Dear Ann")
    pictures = [part.get_payload(decode=True) for part in found.walk() if part["Content-ID"] == "<logo@x>"]
    assert pictures == [PICTURE]


def test_mail_parser_reads_what_was_written() -> None:
    found = mailparser.parse_from_bytes(to_unsent(rich()))
    assert (found.to, found.bcc) == ([("Ann Kōwhai", "ann@example.com")], [("", "hidden@example.com")])
    assert found.subject == "Statement for Māui & Sons"
    assert sorted(one["filename"] for one in found.attachments) == ["Statement ē.pdf", "logo.png"]
    assert found.text_plain == ["Dear Ann"]


def test_a_mail_program_of_debian_opens_it_as_a_draft_and_sends_it(tmp_path: Path) -> None:
    if (mutt := shutil.which("mutt")) is None:
        missing("mutt")
        return
    (tmp_path / "letter.eml").write_bytes(to_unsent(rich()))
    program = tmp_path / "sendmail"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/recipients\ncat > {tmp_path}/sent\n')
    program.chmod(0o700)
    settings = (f"sendmail={program}", "copy=no", f"from={OWN.email}", "charset=utf-8")
    subprocess.run(
        [mutt, "-n", *(word for setting in settings for word in ("-e", f"set {setting}")), "-H", "letter.eml"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"},
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
        check=True,
    )
    assert (tmp_path / "recipients").read_text().split()[1:] == [
        "ann@example.com",
        "cc@example.com",
        "hidden@example.com",
    ]
    found = parsed((tmp_path / "sent").read_bytes())
    assert found["Subject"] == "Statement for Māui & Sons"
    assert found["To"] == "Ann Kōwhai <ann@example.com>"
    assert OWN.email in found["From"]
    assert [(part.get_filename(), part.get_content()) for part in found.iter_attachments()] == [
        ("Statement ē.pdf", b"%PDF-1.7 content")
    ]


def test_a_file_is_written_for_its_owner_alone_and_none_is_overwritten(tmp_path: Path) -> None:
    written = []
    for _ in range(3):
        journal = Kept()
        delivery = OutlookProvider(PROFILE, tmp_path).send(rich(), journal)
        assert (journal.told, delivery.warnings) == (["sending"], (BY_OUTLOOK,))
        assert {status.code for status in delivery.recipients} == {0}
        written.append(Path(delivery.handed_over or ""))
    name = "Statement for Māui Sons"
    assert [file.name for file in written] == [f"{name}.eml", f"{name} (2).eml", f"{name} (3).eml"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in written} == {0o600}
    assert {file.read_bytes() for file in written} == {to_unsent(rich())}


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Statement", "Statement.eml"),
        ("", "message.eml"),
        ("../../etc/passwd", "etc passwd.eml"),
        ("a/b\\c:d*e?f", "a b c d e f.eml"),
        ("...", "message.eml"),
        ("CON", "_CON.eml"),
        ("Rechnung für Käufer №7", "Rechnung für Käufer 7.eml"),
        ("x" * 500, f"{'x' * 60}.eml"),
    ],
)
def test_a_file_is_named_after_its_subject_safe_on_every_system(subject: str, expected: str) -> None:
    assert file_name(subject) == expected


def test_a_file_that_is_there_or_in_no_folder_is_refused_before_anything_is_kept(tmp_path: Path) -> None:
    there = tmp_path / "there.eml"
    there.write_text("mine")
    with pytest.raises(BadInput, match="is there already"):
        handing_over(as_link=False, place=there)
    with pytest.raises(BadInput, match="There is no folder"):
        handing_over(as_link=False, place=tmp_path / "nowhere" / "letter.eml")
    assert there.read_text() == "mine"


def test_a_file_that_came_about_in_the_meantime_is_not_overwritten(tmp_path: Path) -> None:
    place = tmp_path / "letter.eml"
    provider = handing_over(as_link=False, place=place)(PROFILE)
    place.write_text("mine")
    with pytest.raises(BadInput, match="is there already"):
        provider.send(rich(), Kept())
    assert place.read_text() == "mine"


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    link = tmp_path / "link.eml"
    link.symlink_to(tmp_path / "nowhere" / "target.eml")
    with pytest.raises(BadInput, match="is there already"):
        OutlookProvider(PROFILE, link).send(rich(), Kept())
    with pytest.raises(BadInput, match="cannot be written"):
        OutlookProvider(PROFILE, tmp_path / "nowhere" / "letter.eml").send(rich(), Kept())
    assert sorted(tmp_path.iterdir()) == [link]


def test_only_outlook_hands_over() -> None:
    smtp = SmtpProfile(server="mail.example", port=25, security=Security.AUTO, user_name=None, password=None)
    with pytest.raises(Unsupported, match="SMTP sends by itself"):
        handing_over(as_link=True)(smtp)


def test_another_from_is_for_outlook_to_choose() -> None:
    with pytest.raises(Unsupported, match="sends as whoever presses Send"):
        OutlookProvider(PROFILE).ready(outgoing(sender=Address("other@kowhai.example")))


# --- the link


def as_read(link: str) -> dict[str, str]:
    """What a mail program makes of a link: To, and the fields after the question mark."""
    parts = urlsplit(link)
    assert parts.scheme == "mailto"
    fields = {name: value for name, (value,) in parse_qs(parts.query.replace("+", "%2B"), strict_parsing=True).items()}
    return {"to": unquote(parts.path), **fields}


def test_a_link_carries_recipients_subject_and_text() -> None:
    wanted = letter(
        to=to("ann@example.com", "o'neil+tag@example.com"),
        cc=to("cc@example.com"),
        bcc=to("hidden@example.com"),
        subject="50% off & more?",
        text="Kia ora,\n1 + 1 = 2 #1\n",
    )
    delivery = OutlookProvider(LINK).send(wanted, Kept())
    assert as_read(delivery.handed_over or "") == {
        "to": "ann@example.com,o'neil+tag@example.com",
        "cc": "cc@example.com",
        "bcc": "hidden@example.com",
        "subject": "50% off & more?",
        "body": "Kia ora,\r\n1 + 1 = 2 #1\r\n",
    }
    assert delivery.handed_over == mailto(wanted)


_NICE = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), max_size=40)


@given(subject=_NICE, text=_NICE | st.just("a\nBcc: foreign@example.com\n\n&bcc=foreign@example.com"))
def test_no_text_becomes_a_header(subject: str, text: str) -> None:
    try:
        wanted = letter(subject=subject, text=text)
    except GateRefused:
        return
    link = mailto(wanted)
    assert all("!" <= c <= "~" for c in link)
    expected = {"to": "ann@example.com", "subject": wanted.message.subject, "body": text.replace("\n", "\r\n")}
    assert as_read(link) == {name: value for name, value in expected.items() if value}


@pytest.mark.parametrize(
    ("parts", "lacking"),
    [
        ({"attachments": (Attachment("a.txt", b"x"),)}, "attachments"),
        ({"html": "<b>x</b>"}, "HTML body"),
        ({"reply_to": to("reply@example.com")}, "reply-to"),
        ({"importance": Importance.HIGH}, "importance"),
    ],
)
def test_what_a_link_cannot_carry_is_said(parts: dict[str, Any], lacking: str) -> None:
    with pytest.raises(Unsupported, match=f"Outlook cannot do: {lacking}"):
        OutlookProvider(LINK).ready(letter(**parts))


def test_a_link_windows_would_cut_is_refused() -> None:
    whole = len(mailto(letter(text="")))
    fits = letter(text="x" * (LONGEST_LINK - whole - len("&body=")))
    assert OutlookProvider(LINK).ready(fits) == mailto(fits)
    with pytest.raises(Unsupported, match="too long for Windows"):
        OutlookProvider(LINK).ready(letter(text=f"{fits.message.text}x"))
