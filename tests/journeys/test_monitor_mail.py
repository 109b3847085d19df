"""People of Monitor ERP send: by their Exchange server, or by an Outlook of their own; by commands, as they would."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from email import policy
from email.parser import BytesParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mailadmin.providers import ews
from tests.canaries import exported
from tests.certificates import authority
from tests.cli import Desk
from tests.ews_endpoint import MAILBOX, USER, EwsEndpoint, answer, honest, lost, running

USERS = (
    ("user_id", "name", "email"),
    ("ANNA", "Anna", "anna.directory@kowhai.example"),
    ("OLAF", "Olaf", "olaf@kowhai.example"),
    ("OLGA", "Olga", "olga.directory@kowhai.example"),
    ("NEMO", "Nemo", ""),
)


@pytest.fixture
def server() -> Iterator[EwsEndpoint]:
    with running() as endpoint:
        yield endpoint


@pytest.fixture
def desk(tmp_path: Path, server: EwsEndpoint, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A site that sends by Outlook, but for Anna, who has an account at the Exchange server."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ews, "POLLS", (0.0,))
    source = tmp_path / "export"
    source.mkdir()
    preferences = (
        ("user_id", "method", "email", "user_name", "password", "server", "port", "use_ssl", "copy_to_self"),
        ("", "outlook", "", "", "", "", "", "", "CC"),
        ("ANNA", "exchange server", MAILBOX, USER, server.password, "localhost", server.port, "true", "Bcc"),
        ("OLGA", "", "olga@kowhai.example", "", "", "", "", "", ""),
    )
    for name, rows in (("users", USERS), ("mail_preferences", preferences)):
        with exported(source / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
    found = Desk(tmp_path)
    found.migrate(source)
    authorities = tmp_path / "authorities.pem"
    authorities.write_bytes(authority().cert_pem.bytes())
    found("settings", "set", "exchange.ca_file", authorities)
    return found


def letter(user: str, *more: str | Path) -> tuple[str | Path, ...]:
    return ("send", "--user", user, "--to", "ann@client.example", "--subject", "Order 7", "--text", "Kia ora", *more)


def states(desk: Desk) -> list[str]:
    return [row["state"] for row in desk("outbox", "--format", "csv").rows()]


def test_by_the_exchange_server_with_the_copy_to_the_own_address(desk: Desk, server: EwsEndpoint) -> None:
    said = desk(*letter("ANNA", "--format", "csv")).rows()
    assert {row["state"] for row in said} == {"SENT"}
    assert {row["saved_in"] for row in said} == {f"Sent Items of {MAILBOX}"}
    (mail,) = server.sent
    assert mail.addresses("ToRecipients") + mail.addresses("BccRecipients") == ["ann@client.example", MAILBOX]
    assert f"<{mail.message_id.strip('<>')}>" == said[0]["message_id"]


def test_a_draft_is_kept_there_and_sent_later(desk: Desk, server: EwsEndpoint) -> None:
    desk("draft", *letter("ANNA")[1:])
    (row,) = desk("outbox", "--format", "csv").rows()
    assert (row["state"], len(server.in_folder("drafts"))) == ("DRAFT", 1)
    desk("send", "--draft-id", row["id"])
    assert (states(desk), len(server.sent)) == (["SENT"], 1)


def test_what_nobody_can_tell_is_reconciled_by_looking_into_the_mailbox(desk: Desk, server: EwsEndpoint) -> None:
    server.plan("SendItem", lost(honest))
    server.plan("FindItem", answer(503))
    assert "UNKNOWN" in desk(*letter("ANNA"), code=4).error
    assert (states(desk), len(server.sent)) == (["UNKNOWN"], 1)
    assert "found in Sent Items" in " ".join(desk("outbox", "reconcile").out.split())
    assert (states(desk), len(server.sent)) == (["SENT"], 1)


def test_everybodys_account_is_verified_with_its_reason(desk: Desk, server: EwsEndpoint) -> None:
    rows = desk("verify", "--all", "--format", "csv").rows()
    assert {(row["service"], row["result"]) for row in rows if row["service"] == "EXCHANGE_SERVER"} <= {
        ("EXCHANGE_SERVER", "passed"),
        ("EXCHANGE_SERVER", "warning"),
    }
    (outlook,) = (row for row in rows if row["service"] == "OUTLOOK")
    assert (outlook["users"], outlook["result"], outlook["rung_result"]) == ("3", "passed", "not needed")
    assert "nothing of it can be verified from here" in outlook["meaning"]
    assert (server.items, server.operations()) == ({}, ["ConvertId", "GetFolder"])
    server.password = "changed"
    found = desk("verify", "--user", "ANNA", "--format", "csv").rows()
    assert [row["rung"] for row in found if row["rung_result"] == "failed"] == ["login"]


def test_outlook_is_handed_a_file_and_the_person_is_told(desk: Desk) -> None:
    said = desk(*letter("OLAF"))
    told = " ".join((said.out + said.error).split())
    assert "HANDED OVER" in told
    assert "no copy goes to the own address, and the signature kept here is not carried over" in told
    found = BytesParser(policy=policy.default).parsebytes((desk.folder / "Order 7.eml").read_bytes())
    assert (found["X-Unsent"], found["To"], found["Cc"], found["From"]) == ("1", "ann@client.example", None, None)
    (row,) = desk("outbox", "--format", "csv").rows()
    assert (row["state"], row["from"]) == ("HANDED OVER", "olaf@kowhai.example")


def test_the_file_and_the_link_are_a_choice(desk: Desk) -> None:
    desk(*letter("OLGA", "--eml", "mine.eml"))
    assert (desk.folder / "mine.eml").exists()
    assert "is there already" in desk(*letter("OLGA", "--eml", "mine.eml"), code=2).error
    (row,) = desk(*letter("OLGA", "--mailto", "--format", "csv")).rows()
    assert (urlsplit(row["saved_in"]).path, row["from"]) == ("ann@client.example", "olga@kowhai.example")
    desk("settings", "set", "outlook.gets", "mailto")
    (row,) = desk(*letter("OLAF", "--format", "csv")).rows()
    assert row["saved_in"].startswith("mailto:ann@client.example?subject=Order%207&body=Kia%20ora")
    assert "not both" in desk(*letter("OLAF", "--eml", "x.eml", "--mailto"), code=2).error
    assert "sends by itself" in desk(*letter("ANNA", "--eml", "x.eml"), code=3).error
    assert states(desk) == ["HANDED OVER"] * 3


def test_a_dry_run_shows_what_would_be_handed_over_and_writes_nothing(desk: Desk) -> None:
    assert "X-Unsent: 1" in desk(*letter("OLAF", "--dry-run")).out
    assert "mailto:ann@client.example" in desk(*letter("OLAF", "--dry-run", "--mailto")).out
    assert list(desk.folder.glob("*.eml")) == []


def test_what_outlook_cannot_do_from_here_is_refused(desk: Desk) -> None:
    assert "No e-mail address of NEMO" in desk(*letter("NEMO"), code=3).error
    assert "save as draft" in desk("draft", *letter("OLAF")[1:], code=3).error
    desk("mail", "stop", "--because", "a copy for testing")
    desk(*letter("OLAF"), code=3)
    assert list(desk.folder.glob("*.eml")) == []
