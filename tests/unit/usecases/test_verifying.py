"""Many accounts at once: who waits for whom, what a refused login spares the others, and what is said of them all."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Event, Lock
from typing import Any

import pytest

from mailadmin import connect
from mailadmin.bootstrap import App
from mailadmin.domain.messages import Address
from mailadmin.domain.profiles import MailProfile, SmtpProfile
from mailadmin.domain.services import Security, ServiceKind
from mailadmin.errors import KeyNeeded
from mailadmin.providers.ladder import RUNGS, Result, Rung
from mailadmin.usecases import verifying
from mailadmin.usecases.accounts import Account
from mailadmin.usecases.turns import AT_ONCE
from mailadmin.usecases.verifying import Subject, Verified, findings, verify
from tests.scripted import scripted

SMTP = ServiceKind.SMTP
PASSED, FAILED, NOT_REACHED, WARNING = Result.PASSED, Result.FAILED, Result.NOT_REACHED, Result.WARNING


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    found = connect(tmp_path / "store.db", environment={}, actor="tester")
    yield found
    found.close()


def subject(number: int, *, login: int | None = None, server: str = "localhost", **parts: Any) -> Subject:
    """An account of one user, with a login of its own unless it shares one."""
    profile = SmtpProfile(
        **({"server": server, "port": 25, "security": Security.NONE, "user_name": None, "password": None} | parts)
    )
    account = Account(profile, Address(f"u{number}@kowhai.example"), "GLOBAL", f"hash {number}")
    shared = number if login is None else login
    return Subject(SMTP, "GLOBAL", account, None, (f"u{number}",), shared, server, signs_in=True)


def rungs(broken: str = "", result: Result = FAILED) -> tuple[Rung, ...]:
    names = RUNGS[SMTP]
    if not broken:
        return tuple(Rung(name, PASSED) for name in names)
    place = names.index(broken)
    above = [Rung(name, NOT_REACHED if result is FAILED else PASSED) for name in names[place + 1 :]]
    odd = Rung(broken, result, meaning=f"{broken} is odd", remedy=f"Mend {broken}.")
    return (*[Rung(name, PASSED) for name in names[:place]], odd, *above)


class Climbed:
    """Stands in for the ladder: breaks where told, by the From, and remembers who was tried."""

    def __init__(self, **broken: str) -> None:
        self.broken = broken
        self.tried: list[str] = []

    def __call__(self, profile: MailProfile, sender: str) -> tuple[Rung, ...]:
        who = sender.partition("@")[0]
        self.tried.append(who)
        return rungs(self.broken.get(who, ""))


def test_results_come_in_the_order_asked_with_progress_for_each(app: App) -> None:
    told: list[tuple[int, int]] = []
    wanted = [subject(n) for n in range(200)]
    found = verify(app, wanted, progress=lambda done, of: told.append((done, of)), climbing=Climbed())
    assert [v.subject for v in found] == wanted
    assert told == [(n, 200) for n in range(1, 201)]


def test_nobody_waits_for_those_that_hang(app: App) -> None:
    """Ten hang until everybody else is through: were anybody behind them, nobody would ever be."""
    others_through = Event()

    def climbing(profile: SmtpProfile, sender: str) -> tuple[Rung, ...]:
        return rungs() if profile.server == "localhost" or others_through.wait(30) else rungs("DNS")

    def progress(done: int, _of: int) -> None:
        if done == 190:
            others_through.set()

    wanted = [subject(n, server="hangs.test" if n % 20 == 0 else "localhost") for n in range(200)]
    found = verify(app, wanted, progress=progress, climbing=climbing)
    assert {v.result for v in found} == {PASSED}


@contextmanager
def silent() -> Iterator[int]:
    """A server that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        yield listening.getsockname()[1]


def test_of_two_hundred_accounts_ten_hang_and_cost_their_own_deadline_alone(app: App) -> None:
    told: list[int] = []
    with silent() as hangs, scripted() as polite:
        wanted = [
            subject(n, port=hangs, deadline=1.0) if n % 20 == 0 else subject(n, port=polite.port, deadline=60.0)
            for n in range(200)
        ]
        found = verify(app, wanted, progress=lambda done, _of: told.append(done))
        assert sum(len(heard.messages) for heard in polite.finished()) == 0
    assert [v.subject for v in found] == wanted
    assert told == list(range(1, 201))
    failed = [v for v in found if v.result is FAILED]
    assert [v.subject.users for v in failed] == [(f"u{n}",) for n in range(0, 200, 20)]
    assert {(v.broken and v.broken.name, v.broken and v.broken.meaning) for v in failed} == {
        ("greeting", "banner: localhost did not answer in time.")
    }


def test_a_login_that_was_refused_is_not_tried_again_by_its_other_senders(app: App) -> None:
    climbed = Climbed(u0="login")
    found = verify(app, [subject(n, login=7) for n in range(5)], climbing=climbed)
    assert climbed.tried == ["u0"]
    assert [v.broken and v.broken.name for v in found] == ["login"] * 5


def test_a_server_that_hangs_is_asked_once_for_a_login(app: App) -> None:
    climbed = Climbed(u0="greeting")
    verify(app, [subject(n, login=n % 2) for n in range(6)], climbing=climbed)
    assert sorted(climbed.tried) == ["u0", "u1", "u3", "u5"]


def test_a_from_that_was_refused_says_nothing_about_the_others(app: App) -> None:
    climbed = Climbed(u0="sender", u2="recipient")
    found = verify(app, [subject(n, login=7) for n in range(4)], climbing=climbed)
    assert climbed.tried == ["u0", "u1", "u2", "u3"]
    assert [v.broken and v.broken.name for v in found] == ["sender", None, "recipient", None]


def test_accounts_that_sign_in_alike_are_never_tried_at_the_same_time(app: App) -> None:
    busy, lock, most = [0], Lock(), [0]
    second = Event()

    def climbing(_profile: MailProfile, sender: str) -> tuple[Rung, ...]:
        with lock:
            busy[0] += 1
            most[0] = max(most[0], busy[0])
        second.wait(0.01)
        with lock:
            busy[0] -= 1
        return rungs()

    verify(app, [subject(n, login=7) for n in range(20)], climbing=climbing)
    assert most == [1]


def test_what_climbing_raises_is_raised(app: App) -> None:
    def climbing(_profile: MailProfile, _sender: str) -> tuple[Rung, ...]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        verify(app, [subject(1)], climbing=climbing)


def test_settings_that_make_no_account_break_before_the_first_rung(app: App) -> None:
    refused = KeyNeeded("A password was never read.", remedy="Enter it.")
    climbed = Climbed()
    (found,) = verify(app, [subject(1)._replace(account=None, refused=refused)], climbing=climbed)
    assert climbed.tried == []
    assert found.broken == Rung("settings", FAILED, meaning="A password was never read.", remedy="Enter it.")
    assert [rung.name for rung in found.rungs] == ["settings", *RUNGS[SMTP]]


def test_a_service_nobody_here_sends_by_is_told_as_such(app: App) -> None:
    ews = subject(1, server="outlook.office365.com")._replace(
        service=ServiceKind.EXCHANGE_SERVER, account=None, refused=KeyNeeded("Nothing is sent by it from here.")
    )
    (found,) = verify(app, [ews], climbing=Climbed())
    assert [rung.name for rung in found.rungs] == ["settings", *RUNGS[ServiceKind.EXCHANGE_SERVER]]
    assert [a.id for a in ews.advisories] == ["ews-exchange-online-blocked", "ews-exchange-online-end"]


def test_advisories_stand_with_the_accounts_they_concern() -> None:
    there = subject(1, server="smtp.office365.com")
    assert [a.id for a in there.advisories] == ["smtp-auth-exchange-online"]
    assert [a.since for a in there.advisories] == [date(2026, 12, 31)]
    assert there._replace(signs_in=False).advisories == ()
    assert subject(1, server="smtp.kowhai.example").advisories == ()


def test_nothing_to_verify_is_nothing(app: App) -> None:
    assert verify(app, []) == []


def verified(number: int, broken: str = "", result: Result = FAILED, users: tuple[str, ...] = ()) -> Verified:
    who = subject(number)
    return Verified(who._replace(users=users or who.users), "2026-11-23T09:00:00+00:00", rungs(broken, result))


def test_findings_put_the_worst_and_what_concerns_most_users_first() -> None:
    found = [
        verified(1),
        verified(2, "TLS", WARNING),
        verified(3, "sender", users=("a",)),
        verified(4, "login", users=("b", "c")),
        verified(5, "login", users=("c", "D")),
    ]
    assert [(f.result, f.odd and f.odd.name, f.accounts, f.users) for f in findings(found)] == [
        (FAILED, "login", 2, ("b", "c", "D")),
        (FAILED, "sender", 1, ("a",)),
        (WARNING, "TLS", 1, ("u2",)),
        (PASSED, None, 1, ("u1",)),
    ]


def test_a_broken_rung_is_looked_at_before_one_that_creaks() -> None:
    both = replace(verified(1, "login"), rungs=(*rungs("TLS", WARNING)[:4], *rungs("login")[4:]))
    assert both.result is FAILED
    assert both.odd == both.broken
    assert both.odd is not None
    assert both.odd.name == "login"


def test_a_deadline_is_given_to_every_account_that_is_one() -> None:
    given = list(verifying.with_deadline([subject(1), subject(2)._replace(account=None)], 3.0))
    assert [s.account and s.account.profile.deadline for s in given] == [3.0, None]


# --- servers that hang


def late(rung: str) -> tuple[Rung, ...]:
    """A climb that ended at its deadline."""
    return tuple(r._replace(late=True) if r.result is FAILED else r for r in rungs(rung))


class Late(Climbed):
    """Waits in vain where it would break."""

    def __call__(self, profile: MailProfile, sender: str) -> tuple[Rung, ...]:
        return tuple(r._replace(late=r.result is FAILED) for r in super().__call__(profile, sender))


def test_of_a_login_that_got_in_two_wait_for_their_deadline_and_the_others_are_told_as_not_tried(app: App) -> None:
    climbed = Late(**dict.fromkeys(("u1", "u3", "u4", "u5"), "sender"))
    found = verify(app, [subject(n, login=7) for n in range(7)], climbing=climbed)
    assert climbed.tried == ["u0", "u1", "u2", "u3"]
    assert [v.tried for v in found] == [True] * 4 + [False] * 3
    assert [v.result for v in found] == [PASSED, FAILED, PASSED, FAILED, FAILED, FAILED, FAILED]
    assert {v.rungs for v in found if not v.tried} == {
        (
            *[Rung(name, NOT_REACHED) for name in RUNGS[SMTP][:5]],
            Rung("sender", FAILED, meaning="not tried; others waited in vain: sender is odd", remedy="Mend sender."),
            Rung("recipient", NOT_REACHED),
        )
    }


def test_of_a_server_that_never_answers_the_rest_is_told_as_not_tried(app: App) -> None:
    wanted = [subject(n, server="good.test" if n == 0 else "dead.test") for n in range(AT_ONCE + 11)]
    climbed = Late(**{f"u{n}": "greeting" for n in range(1, AT_ONCE + 11)})
    found = verify(app, wanted, climbing=climbed)
    assert len(climbed.tried) == 1 + AT_ONCE
    assert [v.result for v in found] == [PASSED, *[FAILED] * (AT_ONCE + 10)]
    assert len([v for v in found if not v.tried]) == 10
    assert {(f.accounts, f.odd and f.odd.meaning) for f in findings(found) if f.result is FAILED} == {
        (AT_ONCE, "greeting is odd"),
        (10, "not tried; others waited in vain: greeting is odd"),
    }


def test_what_was_not_tried_leaves_what_was_seen_before(app: App) -> None:
    wanted = [subject(n, login=7) for n in range(3)]
    verify(app, wanted, climbing=Climbed())
    verify(app, wanted, climbing=Late(**dict.fromkeys(("u0", "u1"), "recipient")))
    assert standings(app, wanted) == ["failed", "failed", "verified"]


def standings(app: App, wanted: list[Subject]) -> list[str]:
    return [verifying.standing_of(app, one.account).word for one in wanted if one.account]


def test_a_from_that_makes_no_account_says_nothing_about_the_others_of_its_login(app: App) -> None:
    bad = subject(0, login=7)._replace(account=None, refused=KeyNeeded("This From is none."))
    found = verify(app, [bad, subject(1, login=7)], climbing=Climbed())
    assert [v.result for v in found] == [FAILED, PASSED]


def test_those_that_hang_give_their_places_to_others(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as there are places wait, at servers of their own, for one that is asked for after them."""
    monkeypatch.setattr(verifying, "HANGS_AFTER", 0.01)
    last = Event()

    def climbing(_profile: MailProfile, sender: str) -> tuple[Rung, ...]:
        if sender.startswith(f"u{AT_ONCE}@"):
            last.set()
        return rungs() if last.wait(30) else late("greeting")

    found = verify(app, [subject(n, server=f"s{n}.test") for n in range(AT_ONCE + 1)], climbing=climbing)
    assert {v.result for v in found} == {PASSED}


@pytest.mark.parametrize("stop", [KeyboardInterrupt, TimeoutError])
def test_whoever_stops_it_does_not_wait_and_what_was_seen_is_kept(app: App, stop: type[BaseException]) -> None:
    """Were those waited for that hang, they would have been let go already."""
    release, let_go = Event(), Event()

    def climbing(profile: SmtpProfile, _sender: str) -> tuple[Rung, ...]:
        if profile.server == "hangs.test" and release.wait(30):
            let_go.set()
        return rungs()

    def progress(done: int, _of: int) -> None:
        if done == 3:
            raise stop

    wanted = [subject(n, server="hangs.test" if n < 5 else "localhost") for n in range(8)]
    with pytest.raises(stop):
        verify(app, wanted, progress=progress, climbing=climbing)
    assert not let_go.is_set()
    assert standings(app, wanted) == ["never verified"] * 5 + ["verified"] * 3
    release.set()
    assert let_go.wait(30)


def test_what_climbing_raises_leaves_what_was_seen(app: App) -> None:
    def climbing(_profile: MailProfile, sender: str) -> tuple[Rung, ...]:
        if sender.startswith("u1@"):
            raise ZeroDivisionError
        return rungs()

    wanted = [subject(n, login=7) for n in range(3)]
    with pytest.raises(ZeroDivisionError):
        verify(app, wanted, climbing=climbing)
    assert standings(app, wanted) == ["verified", "never verified", "never verified"]
