"""A name server of our own on 127.0.0.1: it answers what a test says, and remembers what it was asked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

SERVFAIL, SILENCE = "SERVFAIL", "SILENCE"

Zone = Mapping[str, str | tuple[bytes | str, ...]]
"""By name: TXT records, `CNAME name`, SERVFAIL or SILENCE. What is not there is NXDOMAIN."""


class NameServer:
    """The zone it serves, and every name it was asked for."""

    def __init__(self, zone: Zone) -> None:
        self.zone: Zone = {name.lower(): content for name, content in zone.items()}
        self.asked: list[str] = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.05)
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.stopped = threading.Event()

    def serve(self) -> None:
        while not self.stopped.is_set():
            try:
                wire, sender = self.socket.recvfrom(4096)
            except TimeoutError:
                continue
            if (answer := self.answer(dns.message.from_wire(wire))) is not None:
                self.socket.sendto(answer.to_wire(), sender)

    def answer(self, query: dns.message.Message) -> dns.message.Message | None:
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        self.asked.append(name)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        content = self.zone.get(name)
        while isinstance(content, str) and content.startswith("CNAME "):
            target = content.removeprefix("CNAME ")
            answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "CNAME", f"{target}."))
            name, content = target, self.zone.get(target)
        if content == SILENCE:
            return None
        if content == SERVFAIL:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif content is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif content and question.rdtype == dns.rdatatype.TXT:
            answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "TXT", *map(_quoted, content)))
        return answer


def _quoted(text: bytes | str) -> str:
    """A TXT record in presentation form, any byte of it, in strings of at most 255."""
    raw = text.encode() if isinstance(text, str) else text
    parts = [raw[i : i + 255] for i in range(0, len(raw), 255)] or [b""]
    return " ".join('"' + "".join(f"\\{byte:03d}" for byte in part) + '"' for part in parts)


@contextmanager
def serving(zone: Zone) -> Iterator[NameServer]:
    """The server, as long as it is needed."""
    server = NameServer(zone)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.stopped.set()
        thread.join()
        server.socket.close()
