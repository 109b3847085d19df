"""Thirteen stages and four ways to fail at each: what is known of the message (SM-72 to SM-75)."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mailadmin.domain.messages import Attachment
from mailadmin.domain.services import Security
from mailadmin.errors import (
    MailFailed,
)
from mailadmin.providers import smtp_session
from tests.canaries import canary
from tests.letters import outgoing, to
from tests.scripted import Act, Scripted, scripted

STAGES = {
    "banner": "banner",
    "EHLO": "EHLO",
    "STARTTLS": "STARTTLS",
    "TLS": "TLS",
    "EHLO after TLS": "EHLO after TLS",
    "AUTH": "AUTH",
    "MAIL FROM": "MAIL",
    "RCPT TO": "RCPT TO:<first@d.test>",
    "RCPT TO, the last": "RCPT TO:<last@d.test>",
    "DATA": "DATA",
    "message": "message",
    "end of message": "end of message",
    "QUIT": "QUIT",
}
"""What a session calls its stages, and what the script does."""

TWO = outgoing(to=to("first@d.test", "last@d.test"))
BIG = outgoing(to=TWO.message.to, attachments=(Attachment("big.bin", bytes(12_000_000)),))
"""More than the buffers between two sockets hold: sent only to a server that reads."""

CLOSING = (b"421 4.3.2 closing\r\n", Act.FIN)


def came_to(stage: str, server: Scripted, **account: Any) -> tuple[str, str, str]:
    """The error, the stage it names, and what is known; or that the message was delivered."""
    try:
        said = server.send(BIG if stage == "message" else TWO, canary(), **account).said
    except MailFailed as error:
        return type(error).__name__, error.stage, error.outcome.value
    return "delivered", "", said


def named(stage: str) -> str:
    return stage.removesuffix(", the last")


EXPECTED: dict[str, tuple[str, str, str]] = {
    **{stage: ("ConnectionClosed", named(stage), "retry") for stage in STAGES},
    "end of message": ("ConnectionClosed", "end of message", "unknown"),
    "QUIT": ("delivered", "", "250 2.0.0 queued as 1"),
}
"""What a closed or reset connection comes to."""

EXPECTED_CLOSING: dict[str, tuple[str, str, str]] = {
    **{stage: ("ServiceRefused", named(stage), "retry") for stage in STAGES},
    "STARTTLS": ("TlsRequired", "STARTTLS", "retry"),
    "TLS": ("TlsFailed", "TLS", "retry"),
    "AUTH": ("AuthFailed", "AUTH", "retry"),
    "message": EXPECTED["message"],
    "QUIT": EXPECTED["QUIT"],
}
"""What 421 comes to (RFC 5321 3.8)."""

MODES = {
    "STARTTLS": (False, {}, set()),
    "TLS at once": (True, {}, {"STARTTLS", "EHLO after TLS"}),
    "in the clear": (False, {"security": Security.NONE}, {"STARTTLS", "TLS", "EHLO after TLS"}),
}


IN_EVERY_MODE = [
    pytest.param(stage, implicit, account, id=f"{mode}, {stage}")
    for mode, (implicit, account, without) in MODES.items()
    for stage in STAGES
    if stage not in without
]


@pytest.mark.parametrize(("stage", "implicit", "account"), IN_EVERY_MODE)
def test_the_connection_is_closed(stage: str, implicit: bool, account: dict[str, Any]) -> None:
    """SM-73"""
    with scripted({STAGES[stage]: Act.FIN}, implicit=implicit) as server:
        found = came_to(stage, server, **account)
    # A handshake that ends early is an error of TLS or of the connection, as it comes.
    assert found in {EXPECTED[stage], ("TlsFailed", "TLS", "retry") if stage == "TLS" else EXPECTED[stage]}


@pytest.mark.parametrize(("stage", "implicit", "account"), IN_EVERY_MODE)
def test_the_connection_is_reset(stage: str, implicit: bool, account: dict[str, Any]) -> None:
    """SM-74"""
    with scripted({STAGES[stage]: Act.RST}, implicit=implicit) as server:
        found = came_to(stage, server, **account)
    # The first bytes can be lost while the connection is still being made.
    assert found in {EXPECTED[stage], ("MailFailed", "connect", "retry") if stage == "banner" else EXPECTED[stage]}


@pytest.mark.parametrize(("stage", "implicit", "account"), IN_EVERY_MODE)
def test_the_server_is_closing(stage: str, implicit: bool, account: dict[str, Any]) -> None:
    """SM-75"""
    with scripted({STAGES[stage]: CLOSING}, implicit=implicit) as server:
        assert came_to(stage, server, **account) == EXPECTED_CLOSING[stage]


@pytest.mark.parametrize("mode", MODES)
def test_the_server_hangs(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """SM-72: at every stage at once, because each waits for its deadline."""
    monkeypatch.setattr(smtp_session, "FINAL_REPLY_SECONDS", 3.0)
    implicit, account, without = MODES[mode]
    stages = [stage for stage in STAGES if stage not in without]

    def hung(stage: str) -> tuple[str, str, str]:
        with scripted({STAGES[stage]: Act.HANG}, implicit=implicit) as server:
            return came_to(stage, server, deadline=3.0, **account)

    with ThreadPoolExecutor(len(stages)) as threads:
        found = dict(zip(stages, threads.map(hung, stages), strict=True))
    timeout = {stage: ("StageTimeout", at, known) for stage, (_, at, known) in EXPECTED.items()}
    assert found == {stage: timeout[stage] for stage in stages} | {"QUIT": EXPECTED["QUIT"]}


@pytest.mark.parametrize("act", [Act.FIN, Act.RST, CLOSING, b"garbage\r\n"], ids=["FIN", "RST", "421", "garbage"])
def test_no_socket_is_left_open(act: Any) -> None:
    """Not even where collecting garbage would close it."""
    gc.collect()
    gc.disable()
    try:
        before = set(Path("/proc/self/fd").iterdir())
        for stage, step in STAGES.items():
            if stage != "message":
                with scripted({step: act}) as server:
                    came_to(stage, server)
        assert set(Path("/proc/self/fd").iterdir()) == before
    finally:
        gc.enable()
