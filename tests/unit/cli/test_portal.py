"""mailadmin portal …: as a person types it, in a folder of its own, what arrives looked at in the sandbox."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import mailadmin
from mailadmin.bootstrap import App
from mailadmin.domain.profiles import Secret
from mailadmin.errors import MailAdminError, Refused
from mailadmin.interchange.configuration import DocumentFormat
from mailadmin.sandbox.faults import Fault
from mailadmin.sandbox.pdf import one_page
from mailadmin.storage.outbox import State
from mailadmin.usecases import configuring, maintaining, portal, portal_settings, reconciling, sending
from mailadmin.usecases.sandboxing import Playing, sandboxed
from tests.canaries import canary, exported, found_in
from tests.cli import Desk
from tests.sites import configure

READY = ("--default-from", "shop@kowhai.example", "--smtp-server", "smtp.kowhai.example", "--enable-ssl")
TO = ("--business-partner", "C20000", "--to", "aroha@harbour-bakery.example")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    found = Desk(tmp_path)
    found("key", "create")
    return found


@pytest.fixture
def app(desk: Desk) -> Iterator[App]:
    opened = mailadmin.connect(desk.store, environment={}, actor="tester")
    portal_settings.practise(opened)
    yield opened
    opened.close()


@pytest.fixture
def playing(app: App) -> Iterator[Playing]:
    with sandboxed(app) as found:
        yield found


def status(desk: Desk, *words: str) -> list[dict[str, str]]:
    return desk("portal", "status", *words, "--format", "csv").rows()


def test_a_portal_is_made_and_status_says_what_is_missing(desk: Desk) -> None:
    assert "no portal yet" in desk("portal", "status").error
    desk("portal", "set", "CUST", "--smtp-server", "smtp.kowhai.example")
    (one,) = status(desk)
    assert (one["portal"], one["email_button"], one["missing"]) == (
        "CUST",
        "hidden",
        "Default 'From' Address for email",
    )
    desk("portal", "status", "--check", code=1)
    desk("portal", "set", "cust", *READY)
    assert [(one["email_button"], one["warnings"]) for one in status(desk, "CUST", "--check")] == [("shown", "")]


def test_a_portal_already_so_is_not_written_again(desk: Desk) -> None:
    desk("portal", "set", "CUST", *READY)
    assert desk("portal", "set", "CUST", *READY).out == "Portal CUST is so already.\n"


def test_every_setting_shows_and_a_blank_one_takes_it_away(desk: Desk) -> None:
    desk("portal", "set", "CUST", *READY, "--override", "--port", "465", "--feature", "order_pad=orders@kowhai.example")
    said = desk("portal", "status", "CUST").out
    for words in ("shop@kowhai.example", "465", "orders@kowhai.example", "not set", "Enable SSL"):
        assert words in said
    desk("portal", "set", "CUST", "--feature", "order_pad=", "--no-override", "--port", "0", "--default-from", "")
    said = desk("portal", "status", "CUST").out
    assert "orders@kowhai.example" not in said
    assert "standard" in said
    assert status(desk)[0]["missing"] == "Default 'From' Address for email"


def test_everything_wrong_is_told_at_once_and_nothing_is_written(desk: Desk) -> None:
    wrong = ("--default-from", "x", "--smtp-server", "https://x/", "--feature", "order_pad=a@b.test, c@d.test")
    error = desk("portal", "set", "CUST", *wrong, code=2).error
    for words in ("Default 'From' Address", "SMTP Server Name", "From of order_pad"):
        assert words in error
    assert status(desk) == []


@pytest.mark.parametrize("words", [("--feature", "order_pad"), ("--feature", "=x@y.test"), ("--port", "70000")])
def test_what_is_no_setting_is_refused(desk: Desk, words: tuple[str, str]) -> None:
    desk("portal", "set", "CUST", *READY, *words, code=2)
    assert status(desk) == []


def test_the_password_is_typed_and_cleared_with_what_it_was_entered_for(desk: Desk) -> None:
    secret = canary()
    desk("portal", "set", "CUST", *READY, "--user-name", "shop")
    assert status(desk)[0]["missing"] == "Password"
    said = desk("portal", "set", "CUST", "--ask-password", typed=f"{secret}\n{secret}\n")
    assert found_in((said.out + said.error).encode()) == set()
    assert status(desk)[0]["email_button"] == "shown"
    for words in (
        ("--default-from", "other@kowhai.example"),
        ("--override",),
        ("--feature", "order_pad=o@kowhai.example"),
    ):
        desk("portal", "set", "CUST", *words)
        assert status(desk)[0]["email_button"] == "shown"
    for words in (
        ("--smtp-server", "smtp.elsewhere.example"),
        ("--port", "465"),
        ("--no-enable-ssl",),
        ("--user-name", "x"),
    ):
        assert "The password is cleared" in desk("portal", "set", "CUST", *words).error
        assert status(desk)[0]["missing"] == "Password"
        desk("portal", "set", "CUST", "--ask-password", typed=f"{secret}\n{secret}\n")
        assert status(desk)[0]["email_button"] == "shown"


def test_there_is_no_way_to_give_a_password_as_an_argument(desk: Desk) -> None:
    desk("portal", "set", "CUST", *READY, "--password", "word", code=2)
    desk("portal", "set", "CUST", *READY, "--ask-password", "word", code=2)


def test_a_password_needs_the_stores_key(tmp_path: Path) -> None:
    Desk(tmp_path)("portal", "set", "CUST", *READY, "--ask-password", typed="pw\npw\n", code=3)


def test_a_portal_is_removed_and_the_run_taken_back(desk: Desk) -> None:
    desk("portal", "set", "CUST", *READY)
    assert "rollback 2" in desk("portal", "remove", "cust").out
    assert status(desk) == []
    desk("portal", "remove", "CUST", code=2)
    desk("rollback", "2", "--out", desk.file("back.json"))
    desk("apply", desk.file("back.json"), "--confirm", json.loads(desk.file("back.json").read_text())["plan_hash"][:8])
    assert [one["portal"] for one in status(desk)] == ["CUST"]


def test_contacts_that_are_not_offered_say_why(desk: Desk, app: App) -> None:
    found = {row["name"]: row for row in desk("portal", "contacts", "c20000", "--format", "csv").rows()}
    assert {name: row["standing"] for name, row in found.items()} == {
        "Aroha Smith": "offered",
        "Ben Tamihana": "offered",
        "Carla Gone": "not offered",
        "Dan Twice": "not offered",
    }
    assert found["Carla Gone"]["why"] == "the contact is not active"
    assert "no contacts" in desk("portal", "contacts", "C99999").error


def a_pdf(folder: Path) -> Path:
    file = folder / "4711 final (2).pdf"
    file.write_bytes(one_page("Invoice", []))
    return file


def test_a_document_is_sent_under_its_own_name(desk: Desk, app: App, playing: Playing) -> None:
    asked = ("portal", "send", "--portal", "CUSTOMER", *TO, "--bcc", "ben@harbour-bakery.example")
    named = ("--kind", "invoice", "--number", "47/11", "--attach", a_pdf(desk.folder))
    dry = desk(*asked, *named, "--dry-run").out
    assert "Subject: Invoice 47/11" in dry
    assert list(playing.sandbox.inbox) == []
    (row,) = {row["state"]: row for row in desk(*asked, *named, "--format", "csv").rows()}.values()
    assert (row["state"], row["from"]) == ("SENT", "documents@kowhai.example")
    (received,) = playing.sandbox.inbox
    reading = received.reading()
    assert set(received.recipients) == {"aroha@harbour-bakery.example", "ben@harbour-bakery.example"}
    assert (reading.header("Subject"), [part.name for part in reading.parts]) == (
        "Invoice 47/11",
        ["Invoice 47-11.pdf"],
    )
    assert "ben@" not in received.raw.decode(errors="replace")


def test_what_is_refused_ends_with_3_and_leaves_a_line(desk: Desk, app: App, playing: Playing) -> None:
    asked = ("portal", "send", "--subject", "x", "--business-partner", "C20000")
    assert "evil@x.test" in desk(*asked, "--portal", "CUSTOMER", "--to", "evil@x.test", code=3).error
    assert (
        "Default 'From'" in desk(*asked, "--portal", "EMPLOYEE", "--to", "aroha@harbour-bakery.example", code=3).error
    )
    desk(*asked, "--portal", "CUSTOMER", "--to", "Aroha <aroha@harbour-bakery.example>", code=2)
    desk(*asked, "--portal", "NONE", "--to", "aroha@harbour-bakery.example", code=2)
    assert list(playing.sandbox.inbox) == []


def test_only_a_pdf_is_a_document(desk: Desk, app: App, playing: Playing) -> None:
    asked = ("portal", "send", "--portal", "CUSTOMER", *TO, "--kind", "order", "--number", "1")
    other = desk.file("x.pdf")
    other.write_bytes(b"MZ")
    desk(*asked, "--attach", other, code=2)
    desk(*asked, code=2)
    desk("portal", "send", "--portal", "CUSTOMER", *TO, "--kind", "letter", code=2)


def test_an_order_placed_comes_from_the_order_pads_address(desk: Desk, app: App, playing: Playing) -> None:
    desk("portal", "notify", "order-placed", "--portal", "CUSTOMER", *TO, code=2)
    desk("portal", "notify", "order-placed", "--portal", "CUSTOMER", *TO, "--number", "1042 {x}")
    (received,) = playing.sandbox.inbox
    reading = received.reading()
    assert (received.sender, reading.header("Subject")) == ("orders@kowhai.example", "Order 1042 {x} has been placed")


def reset(desk: Desk, link: str, *words: str, code: int = 0) -> str:
    said = desk("portal", "notify", "password-reset", "--portal", "CUSTOMER", *TO, *words, typed=f"{link}\n", code=code)
    return said.out + said.error


def a_link() -> str:
    """A link with a secret in it that no encoding changes, so that it is found wherever it stands."""
    return f"https://portal.kowhai.example/reset?token={secrets.token_hex(6)}"


def kept_in(folder: Path, link: str) -> list[str]:
    """The store's files in which the link stands."""
    return [file.name for file in folder.iterdir() if file.is_file() and link[-12:].encode() in file.read_bytes()]


def test_a_link_to_set_a_password_is_sent_and_neither_shown_nor_kept(desk: Desk, app: App, playing: Playing) -> None:
    link = a_link()
    shown = reset(desk, link)
    (received,) = playing.sandbox.inbox
    assert link in (received.reading().text or "")
    assert (link in shown, kept_in(desk.folder, link)) == (False, [])
    assert received.sender == "portal@kowhai.example"


@pytest.mark.parametrize("fault", [Fault.GREYLISTED, Fault.REFUSED_RECIPIENT, Fault.LOST_REPLY, Fault.BAD_LOGIN])
def test_a_link_that_is_not_accepted_at_once_is_given_up(desk: Desk, app: App, playing: Playing, fault: Fault) -> None:
    playing.sandbox.faults.switch_on(fault, times=1)
    link = a_link()
    with suppress(MailAdminError):
        portal.password_reset(app, "CUSTOMER", "C20000", Secret(lambda: link), "aroha@harbour-bakery.example")
    (entry,) = reconciling.messages(app)
    assert entry.state in {State.CANCELLED, State.FAILED, State.UNKNOWN}
    assert (entry.message, kept_in(desk.folder, link)) == (None, [])
    with pytest.raises(Refused):
        sending.send_kept(app, entry.id)
    with pytest.raises(Refused):
        reconciling.decide(app, entry.id, reconciling.Verdict.SEND_AGAIN)
    assert [one.state for one in reconciling.messages(app)] == [entry.state]
    assert [check.found for check in maintaining.doctor(app) if check.state == maintaining.PROBLEM] == []


def test_a_dry_run_of_a_link_shows_and_keeps_none(desk: Desk, app: App, playing: Playing) -> None:
    link = a_link()
    shown = reset(desk, link, "--dry-run")
    assert (link in shown, kept_in(desk.folder, link), list(playing.sandbox.inbox)) == (False, [], [])


@pytest.mark.parametrize(
    "wrong", ["http://x.test/a", "javascript:alert(1)", "https:///path", "https://x.test/a b", "x.test"]
)
def test_what_is_no_https_address_is_refused_unsaid(desk: Desk, app: App, playing: Playing, wrong: str) -> None:
    said = reset(desk, wrong, code=2)
    assert ("no address to set a password at" in said, wrong in said) == (True, False)
    assert list(playing.sandbox.inbox) == []


def test_portals_and_contacts_come_back_from_their_document(desk: Desk, app: App, tmp_path: Path) -> None:
    text = configuring.export_configuration(app, DocumentFormat.TOML)
    portal_settings.remove(app, "CUSTOMER")
    configure(app, tmp_path, text)
    assert configuring.export_configuration(app, DocumentFormat.TOML) == text
    assert portal.standing(app, "CUSTOMER").portal == portal_settings.PRACTICE[0]


def test_a_document_that_moves_a_portal_leaves_its_password_behind(desk: Desk, app: App, tmp_path: Path) -> None:
    desk("portal", "set", "CUSTOMER", "--ask-password", typed="pw-1\npw-1\n")
    text = configuring.export_configuration(app, DocumentFormat.TOML)
    configure(app, tmp_path, text.replace("mail.kowhai.example", "mail.elsewhere.example"))
    found = portal.standing(app, "CUSTOMER")
    assert (found.portal.smtp_server, found.portal.password) == ("mail.elsewhere.example", None)


def test_a_snapshots_portals_and_contacts_are_taken_over(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    export = exported(tmp_path / "export")
    export.mkdir()
    (export / "portals.csv").write_text(
        "code,default_from,override_from,smtp_server,smtp_port,user_name,password,enable_ssl,from_order_pad\n"
        "CUST,shop@k.example,Yes,smtp.k.example,587,shop,pw,Yes,orders@k.example\n"
    )
    (export / "contacts.csv").write_text("business_partner,name,email,active\nC1,Ann,ann@c.example,Yes\n")
    desk.migrate(export)
    (one,) = status(desk)
    assert one["email_button"] == "shown"
    assert [row["standing"] for row in desk("portal", "contacts", "C1", "--format", "csv").rows()] == ["offered"]
