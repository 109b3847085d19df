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
from tests.campaign import Counters
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


def closed(stage: str) -> set[tuple[str, str, str]]:
    """A handshake that ends early is an error of TLS or of the connection, as it comes."""
    return {EXPECTED[stage], *([("TlsFailed", "TLS", "retry")] if stage == "TLS" else [])}


def reset(stage: str) -> set[tuple[str, str, str]]:
    """The first bytes can be lost while the connection is still being made."""
    return {EXPECTED[stage], *([("MailFailed", "connect", "retry")] if stage == "banner" else [])}


def closing(stage: str) -> set[tuple[str, str, str]]:
    return {EXPECTED_CLOSING[stage]}


ACTS = {"FIN": (Act.FIN, closed), "RST": (Act.RST, reset), "421": (CLOSING, closing)}
"""What the server does, and what it may come to."""


def met(act: Any, stage: str, implicit: bool, account: dict[str, Any]) -> tuple[str, str, str]:
    with scripted({STAGES[stage]: act}, implicit=implicit) as server:
        return came_to(stage, server, **account)


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(("stage", "implicit", "account"), IN_EVERY_MODE)
def test_the_connection_ends(act: str, stage: str, implicit: bool, account: dict[str, Any]) -> None:
    """SM-73, SM-74, SM-75"""
    done, right = ACTS[act]
    assert met(done, stage, implicit, account) in right(stage)


def hung(mode: str) -> tuple[dict[str, tuple[str, str, str]], dict[str, tuple[str, str, str]]]:
    """What a server that hangs comes to, and should; at every stage at once, because each waits for its deadline."""
    implicit, account, without = MODES[mode]
    stages = [stage for stage in STAGES if stage not in without]

    def one(stage: str) -> tuple[str, str, str]:
        return met(Act.HANG, stage, implicit, {"deadline": 3.0, **account})

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(len(stages)) as threads:
        patch.setattr(smtp_session, "FINAL_REPLY_SECONDS", 3.0)
        found = dict(zip(stages, threads.map(one, stages), strict=True))
    timeout = {stage: ("StageTimeout", at, known) for stage, (_, at, known) in EXPECTED.items()}
    return found, {stage: timeout[stage] for stage in stages} | {"QUIT": EXPECTED["QUIT"]}


@pytest.mark.parametrize("mode", MODES)
def test_the_server_hangs(mode: str) -> None:
    """SM-72"""
    found, expected = hung(mode)
    assert found == expected


def survive(counters: Counters) -> None:
    """Every stage, every way to fail, every mode of security: for the campaign, with its denominators."""
    for param in IN_EVERY_MODE:
        stage, implicit, account = param.values
        for name, (act, right) in ACTS.items():
            with counters.case():
                counters.equal(met(act, stage, implicit, account) in right(stage), True, f"{param.id}, {name}")
    for mode in MODES:
        found, expected = hung(mode)
        for stage in expected:
            with counters.case():
                counters.equal(found[stage], expected[stage], f"{mode}, {stage}, hang")


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
