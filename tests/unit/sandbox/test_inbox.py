"""What arrived is kept byte for byte, in order, and is there again next time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest

from mailadmin.domain.services import Security, ServiceKind
from mailadmin.errors import BadInput, UnknownName
from mailadmin.sandbox.inbox import DRAFTS, INBOX, SENT_ITEMS, Inbox, Received

RAW = b"Subject: =?utf-8?b?V8SBaGk=?=\r\n\r\n.\r\n..\r\n\xff\x00"


def received(**changed: object) -> Received:
    first = Received(
        via=ServiceKind.SMTP,
        security=Security.START_TLS,
        account="mere",
        sender="mere@kowhai.example",
        recipients=("aroha@client.example", "tama@client.example"),
        folder=INBOX,
        at=datetime(2026, 11, 22, 9, tzinfo=UTC),
        raw=RAW,
    )
    return replace(first, **changed)


def test_messages_are_numbered_in_the_order_of_arrival() -> None:
    inbox = Inbox()
    assert [inbox.add(received()).number for _ in range(3)] == [1, 2, 3]
    assert [message.number for message in inbox] == [1, 2, 3]
    assert (len(inbox), inbox.changes) == (3, 3)
    assert inbox[2] == received(number=2)
    assert inbox[2].headings().header("Subject") == "Wāhi"
    with pytest.raises(UnknownName, match="There is no message '4'"):
        inbox[4]


def test_a_draft_is_replaced_and_a_deleted_one_is_gone_and_no_number_comes_twice() -> None:
    inbox = Inbox()
    draft = inbox.add(received(folder=DRAFTS))
    inbox.add(received())
    inbox.change(replace(draft, folder=SENT_ITEMS))
    assert [(message.number, message.folder) for message in inbox] == [(1, SENT_ITEMS), (2, INBOX)]
    inbox.remove(2)
    assert [message.number for message in inbox] == [1]
    assert inbox.add(received()).number == 3


def test_a_folder_keeps_them_for_the_next_time(tmp_path: Path) -> None:
    first = Inbox(tmp_path / "inbox")
    for folder in (INBOX, DRAFTS, INBOX):
        first.add(received(folder=folder))
    first.remove(2)
    assert (tmp_path / "inbox" / "0001.eml").read_bytes() == RAW
    second = Inbox(tmp_path / "inbox")
    assert list(second) == list(first)
    assert second.add(received()).number == 4
    assert sorted(file.name for file in (tmp_path / "inbox").iterdir()) == [
        f"{number:04}.{kind}" for number in (1, 3, 4) for kind in ("eml", "json")
    ]


@pytest.mark.parametrize("facts", ["", "[]", "{}", '{"via": "FAX"}', '{"via": "SMTP", "security": "None"}'])
def test_a_folder_with_something_else_is_refused(tmp_path: Path, facts: str) -> None:
    (tmp_path / "0001.json").write_text(facts)
    with pytest.raises(BadInput, match=r"0001\.json does not tell of a message"):
        Inbox(tmp_path)


def test_an_export_writes_every_message_and_replaces_nothing(tmp_path: Path) -> None:
    inbox = Inbox()
    inbox.add(received())
    inbox.add(received(raw=b"second"))
    files = inbox.export(tmp_path / "out")
    assert [(file.name, file.read_bytes()) for file in files] == [("0001.eml", RAW), ("0002.eml", b"second")]
    (tmp_path / "out" / "0001.eml").unlink()
    with pytest.raises(BadInput, match=r"There is a file already: .*0002\.eml"):
        inbox.export(tmp_path / "out")
    assert not (tmp_path / "out" / "0001.eml").exists()


def test_somebody_can_wait_for_a_message() -> None:
    inbox = Inbox()
    sender = Thread(target=lambda: inbox.add(received()))
    sender.start()
    assert inbox.wait_until(lambda messages: len(messages) == 1) == [received(number=1)]
    sender.join()
    with pytest.raises(BadInput, match=r"holds 1 message\(s\), and not those waited for"):
        inbox.wait_until(lambda messages: len(messages) == 2, timeout=0)


def test_many_threads_lose_nothing(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)

    def send() -> None:
        for _ in range(25):
            inbox.add(received())

    senders = [Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert sorted(message.number for message in inbox) == list(range(1, 101))
    assert list(Inbox(tmp_path)) == list(inbox)
