"""Messages sent by a process that is killed again and again: `python -m tests.kill_sending --messages 600 --seed 1`.

What arrived is counted at the server, which is a process of its own and keeps the Message-ID of everything it accepted;
nothing is taken from our own word. Prints one JSON line: kills, doubles, lost, misreported, unknown.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import mailadmin
from mailadmin.bootstrap import App
from mailadmin.domain.messages import Address, Message
from mailadmin.errors import MailFailed
from mailadmin.resolution.provenance import Context
from mailadmin.storage import outbox
from mailadmin.storage.outbox import BY_MACHINE, State
from mailadmin.usecases import configuring, keeping, migrating, reconciling, sending

CONFIGURATION = """\
format = "mailadmin-configuration/1"
cost_centres = [{{ code = "GLOBAL", default_service = "SMTP" }}]
users = [{{ user_id = "ann", name = "Ann" }}]

[[services]]
cost_centre = "GLOBAL"
service = "SMTP"
use_service = true
server = "127.0.0.1"
port = {port}
security = "None"
user_name = "no authentication"
sender_email = "ann@kowhai.example"
"""


def serve(listener: socket.socket, accepted: Path) -> None:
    """Take every message, keep its id before saying so, and answer slowly enough to be interrupted anywhere."""
    chance = random.Random(0)  # noqa: S311 - delays, no secret
    with accepted.open("a", encoding="ascii") as book:
        while True:
            connection, _ = listener.accept()
            with connection:
                try:
                    for message_id in _conversation(connection, chance):
                        book.write(f"{message_id}\n")
                        book.flush()
                except OSError:
                    continue


def _conversation(connection: socket.socket, chance: random.Random) -> Iterator[str]:
    lines = connection.makefile("rb")

    def say(text: str) -> None:
        time.sleep(chance.random() * 0.002)
        connection.sendall(f"{text}\r\n".encode())

    say("220 counting")
    while line := lines.readline():
        verb = line[:4].upper()
        if verb == b"DATA":
            say("354 go on")
            message_id = ""
            while (text := lines.readline()) not in {b".\r\n", b""}:
                if text.lower().startswith(b"message-id:"):
                    message_id = text.split(b":", 1)[1].strip().decode()
            if not text:
                return
            yield message_id
            say("250 accepted")
        elif verb == b"QUIT":
            say("221 bye")
            return
        else:
            say("250 yes")


def work(store: Path, messages: int, round_: int) -> None:
    """Send every message that was not begun, and what may be tried again; one round of many."""
    app = _open(store, round_)
    begun = {entry.subject: entry for entry in reconciling.messages(app)}
    for number in range(messages):
        entry = begun.get(f"message {number}")
        try:
            if entry is None:
                letter = Message(to=(Address("client@d.test"),), subject=f"message {number}", text="Hello.\n")
                sending.send(app, letter, Context(user="ann"))
            elif entry.state in BY_MACHINE:
                sending.send_kept(app, entry.id)
        except MailFailed:
            continue
    app.close()


def _open(store: Path, round_: int) -> App:
    """Each round is an hour later: whoever was sending is believed to be gone."""
    return mailadmin.connect(store, environment={}, clock=lambda: datetime.now(UTC) + timedelta(hours=round_))


def run(folder: Path, messages: int, seed: int) -> dict[str, int]:
    """Kill and start again until everything was begun; then count at the server."""
    chance = random.Random(seed)  # noqa: S311 - delays, no secret
    listener = socket.create_server(("127.0.0.1", 0))
    accepted, store = folder / "accepted", folder / "mailadmin.db"
    accepted.touch()
    server = _forked(lambda: serve(listener, accepted))
    app = mailadmin.connect(store, environment={})
    keeping.create_key(app)
    (folder / "site.toml").write_text(CONFIGURATION.format(port=listener.getsockname()[1]), encoding="utf-8")
    plan = configuring.plan_import(app, folder / "site.toml")
    migrating.apply(app, plan, plan.confirmation)
    app.close()
    kills = round_ = 0
    while True:
        round_ += 1
        worker = _forked(lambda: work(store, messages, round_))  # noqa: B023 - forked at once
        time.sleep(chance.random() * 0.12)
        ended, _ = os.waitpid(worker, os.WNOHANG)
        if ended:
            break
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)
        kills += 1
    work(store, messages, round_ + 1)
    counted = Counter(accepted.read_text(encoding="ascii").split())
    os.kill(server, signal.SIGKILL)
    os.waitpid(server, 0)
    listener.close()
    app = _open(store, round_ + 2)
    with app.store.reading() as connection:
        entries = outbox.entries(connection, None)
    app.close()
    return {"kills": kills, **_judged(entries, counted, messages)}


def _judged(entries: list[outbox.Entry], accepted: Counter[str], messages: int) -> dict[str, int]:
    states = {entry.message_id: entry.state for entry in entries}
    arrived = {message_id for message_id in accepted if message_id in states}
    may_have = {State.SENT, State.UNKNOWN, State.SENDING}
    return {
        "messages": len({entry.subject for entry in entries}),
        "wanted": messages,
        "accepted": sum(accepted.values()),
        "doubles": sum(count - 1 for count in accepted.values()) + len(entries) - len({e.subject for e in entries}),
        "lost": sum(state is State.SENT and name not in arrived for name, state in states.items()),
        "misreported": sum(states[name] not in may_have for name in arrived) + len(accepted) - len(arrived),
        "unknown": sum(state is State.UNKNOWN for state in states.values()),
    }


def _forked(what: Callable[[], None]) -> int:
    """A child that shares what was imported; it ends without cleaning up after its parent."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        what()
        code = 0
    finally:
        os._exit(code)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(json.dumps(run(Path(folder), given.messages, given.seed)) + "\n")


if __name__ == "__main__":
    main()
