"""A portal's user reaches contacts of the own business partner and nobody else: counted at the receiving server."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

import mailadmin
from mailadmin.bootstrap import App
from mailadmin.domain.messages import Attachment
from mailadmin.errors import GateRefused, NotPermitted, NotReady, RecipientNotContact, UnknownName
from mailadmin.resolution.provenance import Context
from mailadmin.sandbox.faults import Fault
from mailadmin.sandbox.inbox import Received
from mailadmin.storage import outbox
from mailadmin.storage.outbox import State
from mailadmin.storage.tables import AUDIT_TRAIL
from mailadmin.usecases import keeping, maintaining, portal, sending
from mailadmin.usecases.portal import Letter
from mailadmin.usecases.preparing import Wish
from mailadmin.usecases.sandboxing import Playing, sandboxed
from tests.sites import configure, rows

PORTAL = (
    "[[portals]]",
    'code = "CUST"',
    'default_from = "shop@kowhai.example"',
    'smtp_server = "mail.kowhai.example"',
    "enable_ssl = true",
    "override_from = true",
    "[[portals.senders]]",
    'feature = "order_pad"',
    'address = "orders@kowhai.example"',
)
BARE = ("[[portals]]", 'code = "BARE"', 'smtp_server = "mail.kowhai.example"')
PEOPLE = (
    ("C20000", "Aroha", "aroha@client.example", True),
    ("C20000", "Ben", "ben@client.example", True),
    ("C20000", "Gone", "gone@client.example", False),
    ("C20000", "Twice", "aroha@client.example, evil@x.test", True),
    ("C30000", "Other", "other@else.example", True),
)
PDF = Attachment("Invoice 4711.pdf", b"%PDF-1.4 invoice", "application/pdf")


def contacts() -> tuple[str, ...]:
    lines: list[str] = []
    for partner, name, email, active in PEOPLE:
        lines += ["[[contacts]]", f'business_partner = "{partner}"', f'name = "{name}"', f'email = "{email}"']
        lines += [f"active = {str(active).lower()}"]
    return tuple(lines)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    opened = mailadmin.connect(tmp_path / "mailadmin.db", environment={}, actor="tester")
    keeping.create_key(opened)
    configure(opened, tmp_path, rows(*PORTAL, *BARE, *contacts()))
    yield opened
    opened.close()


@pytest.fixture
def playing(app: App, tmp_path: Path) -> Iterator[Playing]:
    with sandboxed(app) as found:
        yield found


def letter(*to: str, **others: tuple[str, ...]) -> Letter:
    given = {"to": to or ("aroha@client.example",)} | others
    return Letter(subject="Invoice 4711", text="Attached.\n", attachments=(PDF,), **given)  # type: ignore[arg-type]


def arrived(playing: Playing) -> list[Received]:
    return list(playing.sandbox.inbox)


def reached(playing: Playing) -> set[str]:
    return {recipient for received in arrived(playing) for recipient in received.recipients}


def refusals(app: App) -> list[str]:
    query = select(AUDIT_TRAIL.c.after).where(AUDIT_TRAIL.c.action == "refuse").order_by(AUDIT_TRAIL.c.seq)
    with app.store.reading() as connection:
        return [json.loads(after)["error"] for after in connection.execute(query).scalars()]


def test_a_document_reaches_contacts_in_every_place_from_the_portals_address(app: App, playing: Playing) -> None:
    sent = portal.send(app, "cust", "c20000", letter(cc=("ben@client.example",), reply_to=("ben@client.example",)))
    assert (sent.entry.state, sent.entry.sender_email) == (State.SENT, "shop@kowhai.example")
    (received,) = arrived(playing)
    assert set(received.recipients) == {"aroha@client.example", "ben@client.example"}
    assert b"Invoice 4711.pdf" in received.raw
    assert sent.entry.context == {
        "portal": "cust",
        "feature": "user_initiated",
        "business_partner": "c20000",
    }


def test_a_feature_sends_from_its_own_address_by_the_same_path(app: App, playing: Playing) -> None:
    assert portal.send(app, "CUST", "C20000", letter(), feature="order_pad").entry.sender_email == (
        "orders@kowhai.example"
    )
    assert portal.send(app, "CUST", "C20000", letter(), feature="password_reset").entry.sender_email == (
        "shop@kowhai.example"
    )
    with pytest.raises(RecipientNotContact):
        portal.send(app, "CUST", "C20000", letter("evil@x.test"), feature="password_reset")
    assert reached(playing) == {"aroha@client.example"}


def test_a_portal_that_is_not_configured_sends_nothing_and_says_what_is_missing(app: App, playing: Playing) -> None:
    with pytest.raises(NotReady, match="Default 'From' Address"):
        portal.send(app, "BARE", "C20000", letter())
    with pytest.raises(UnknownName, match="NONE"):
        portal.send(app, "NONE", "C20000", letter())
    assert [(one.portal.code, one.readiness.ready) for one in portal.portals(app)] == [("BARE", False), ("CUST", True)]
    assert portal.standing(app, "cust").readiness.warnings[0].startswith("Override is ticked")
    assert arrived(playing) == []


def test_the_engine_checks_whoever_asks_it(app: App, playing: Playing) -> None:
    message = letter("evil@x.test").message()
    with pytest.raises(RecipientNotContact):
        sending.send(app, message, Context(portal="CUST", business_partner="C20000"))
    with pytest.raises(NotReady, match="one business partner"):
        sending.send(app, message, Context(portal="CUST"))
    for wish in (Wish("ceo@kowhai.example"), Wish(None, "The Chairman")):
        with pytest.raises(NotPermitted):
            sending.send(app, letter().message(), Context(portal="CUST", business_partner="C20000"), wish)
    assert arrived(playing) == []
    assert refusals(app) == ["RecipientNotContact", "NotPermitted", "NotPermitted"]


def test_a_contact_taken_away_before_a_kept_message_goes_is_not_reached_au_43(
    app: App, tmp_path: Path, playing: Playing
) -> None:
    playing.sandbox.faults.switch_on(Fault.GREYLISTED, times=1)
    kept = portal.send(app, "CUST", "C20000", letter()).entry
    assert kept.state is State.RETRY
    gone = ("[[contacts]]", 'business_partner = "C20000"', 'name = "Aroha"', 'email = "aroha@client.example"')
    configure(app, tmp_path, rows(*gone, "active = false"))
    with pytest.raises(RecipientNotContact):
        sending.send_kept(app, kept.id)
    with app.store.reading() as connection:
        assert outbox.entry_of(connection, kept.id, app.seal()).state is State.HELD
    assert arrived(playing) == []
    configure(app, tmp_path, rows(*gone))
    assert sending.send_kept(app, kept.id).entry.state is State.SENT
    assert reached(playing) == {"aroha@client.example"}


FOREIGN = "evil@x.test"
KNOWN = "aroha@client.example"
TRICKS = (
    FOREIGN,
    "gone@client.example",
    "other@else.example",
    "aroha@client.example, evil@x.test",
    f"{KNOWN},{FOREIGN}",
    f"{KNOWN};{FOREIGN}",
    f'"{KNOWN}" <{FOREIGN}>',
    f"{KNOWN} <{FOREIGN}>",
    f"<{KNOWN}>",
    f"Group: {KNOWN}, {FOREIGN};",
    f"{KNOWN}({FOREIGN})",
    "aroha(a)@client.example",
    f"{KNOWN}\n{FOREIGN}",
    f"{KNOWN}\r\nBcc: {FOREIGN}",
    f"{KNOWN}\0{FOREIGN}",
    "undisclosed-recipients:;",
    "=?utf-8?q?evil=40x.test=3E=00?=aroha@client.example",
    '"evil@x.test "@client.example',
    "evil%x.test@client.example",
    "x.test!evil@client.example",
    "aroha+evil@client.example",
    "aroha@client.example.x.test",
    "aroha@client.example@x.test",
    "aroha@[192.0.2.1]",
    "аroha@client.example",
    "aroha@cliеnt.example",
    "aroha@xn--clint-3ve.example",
    "aroha\u200b@client.example",
    "\u202earoha@client.example",
    "ａroha@client.example",
    "aroha@client。example.x.test",
    "aroha@.client.example",
    "aroha..x@client.example",
    "aroha@client.example..x.test",
    "@x.test:aroha@client.example",
    "aroha @client.example",
    "",
    " ",
    "aroha",
    "@client.example",
    "mailto:evil@x.test",
    f"{KNOWN}?bcc={FOREIGN}",
    f"{KNOWN}%0ABcc:{FOREIGN}",
    "postmaster",
    "evil@x.test\t",
    "A" * 65 + "@client.example",
)
"""Ways to name somebody who is no contact of C20000."""


def attempts(number: int, seed: int) -> Iterator[Letter]:
    """Letters that each name somebody foreign once, among contacts, in any place."""
    chance = random.Random(seed)  # noqa: S311
    for _ in range(number):
        trick = chance.choice(TRICKS)
        if chance.random() < 0.3:
            trick = trick.replace("evil", chance.choice(("Evil", "e.vil", "evil" * 3))).swapcase()
        place = chance.choice(("to", "cc", "bcc", "reply_to"))
        given: dict[str, tuple[str, ...]] = {"to": (KNOWN,)}
        given[place] = (*given.get(place, ()), *chance.sample(("ben@client.example", KNOWN), 1), trick)
        yield letter(**given)


def test_of_a_thousand_attempts_none_reaches_a_foreign_recipient_au_37_to_au_41(app: App, playing: Playing) -> None:
    outcomes = {"refused": 0}
    for attempt in attempts(1000, seed=20000):
        with pytest.raises((GateRefused, RecipientNotContact)):
            portal.send(app, "CUST", "C20000", attempt)
        outcomes["refused"] += 1
    assert arrived(playing) == []
    assert (outcomes, len(refusals(app))) == ({"refused": 1000}, 1000)
    portal.send(app, "CUST", "C20000", letter())
    assert reached(playing) == {KNOWN}
    assert [check.found for check in maintaining.doctor(app) if check.state == maintaining.PROBLEM] == []
