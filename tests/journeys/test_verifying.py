"""From a store to what works and what does not: the right accounts, the right people, and how they stand afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailadmin.bootstrap import App
from mailadmin.domain.services import NOT_CAPTURED, ServiceKind
from mailadmin.errors import BadInput, UnknownName
from mailadmin.interchange.configuration import DocumentFormat
from mailadmin.providers.ladder import Result, Rung
from mailadmin.resolution.population import population
from mailadmin.resolution.provenance import Context, Status
from mailadmin.storage import repository
from mailadmin.usecases import configuring, keeping, migrating, switching, verifying
from mailadmin.usecases.accounts import account_of
from mailadmin.usecases.verifying import Standing
from tests.cli import SAMPLE, Desk
from tests.sites import configure, rows, site

SMTP, EXCHANGE = ServiceKind.SMTP, ServiceKind.EXCHANGE
ANN = Context(user="ann")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    found = site(tmp_path)
    yield found
    found.close()


@pytest.fixture
def company(tmp_path: Path) -> Iterator[App]:
    """The sample company, migrated."""
    import mailadmin

    found = mailadmin.connect(tmp_path / "mailadmin.db", environment={}, actor="tester")
    keeping.create_key(found)
    plan = migrating.make_plan(found, migrating.take_snapshot(found, SAMPLE / "kowhai-csv"))
    migrating.apply(found, plan, plan.confirmation)
    yield found
    found.close()


def climbing(result: Result) -> verifying.Climbing:
    return lambda _profile, _sender: (Rung("login", result),)


def test_an_account_is_there_once_with_everybody_who_sends_by_it(app: App) -> None:
    found = verifying.subjects(app)
    assert [(s.name, s.sender, s.users) for s in found] == [
        ("lending@kowhai.example at mail.kowhai.example", "eve@kowhai.example", ("eve",)),
        ("lending@kowhai.example at mail.kowhai.example", "lending@kowhai.example", ("ann", "bob", "cia")),
    ]
    assert len({s.login for s in found}) == 1


def test_every_service_adds_those_somebody_could_use(app: App) -> None:
    found = verifying.subjects(app, every_service=True)
    assert [(s.service, s.users) for s in found] == [
        (EXCHANGE, ("ann", "bob", "cia", "dan", "eve")),
        (SMTP, ("eve",)),
        (SMTP, ("ann", "bob", "cia")),
    ]


def test_accounts_of_a_user_come_with_everybody_else_who_sends_by_them(app: App) -> None:
    (found,) = verifying.subjects(app, users=["BOB"])
    assert found.users == ("ann", "bob", "cia")
    assert verifying.subjects(app, users=["dan"]) == []
    assert verifying.subjects(app, cost_centre="off") == []
    assert len(verifying.subjects(app, cost_centre="global")) == 2


def test_names_that_stand_for_nothing_are_refused(app: App) -> None:
    with pytest.raises(UnknownName, match="nobody"):
        verifying.subjects(app, users=["ann", "nobody"])
    with pytest.raises(UnknownName, match="NOWHERE"):
        verifying.subjects(app, cost_centre="NOWHERE")
    with pytest.raises(BadInput, match="no fault 'gremlins'"):
        verifying.verify_in_sandbox(app, {"gremlins": 1})


def test_a_password_that_was_never_read_is_one_account_that_says_so(app: App, tmp_path: Path) -> None:
    server = ('server = "other.example"', 'user_name = "u"', f'password = "{NOT_CAPTURED}"')
    changed = ("[[services]]", 'cost_centre = "OFF"', 'service = "SMTP"', "use_service = true", *server)
    sender = ('sender_email = "off@kowhai.example"',)
    people = ("[[users]]", 'user_id = "fay"', 'name = "Fay"', 'branch = "QUIET"')
    configure(app, tmp_path, rows(*people, *changed, *sender))
    found = verifying.verify(app, verifying.subjects(app, cost_centre="OFF"))
    assert [(v.subject.name, v.subject.users, v.broken and v.broken.name) for v in found] == [
        ("SMTP of OFF", ("dan", "fay"), "settings")
    ]


def test_the_subjects_are_the_accounts_everybody_sends_by_one_by_one(company: App) -> None:
    with company.store.reading() as connection:
        organisation, people = repository.everybody(connection, company.sealer(connection))
    settings = switching.in_force(company)
    expected: dict[str, list[str]] = {}
    for answer in population(people, Context(), organisation):
        if answer.status is Status.READY:
            account = account_of(company, answer, settings)
            expected.setdefault(account.profile_hash, []).append(answer.context.user or "")
    found = {s.account.profile_hash: list(s.users) for s in verifying.subjects(company) if s.account}
    assert {key: sorted(users) for key, users in found.items()} == {k: sorted(users) for k, users in expected.items()}
    assert sum(map(len, found.values())) == 186


def test_an_account_stands_as_it_was_last_seen_for_a_week(app: App) -> None:
    answer = configuring.explain(app, ANN)
    assert verifying.standing(app, answer) == Standing("never verified")
    start = datetime(2026, 11, 23, 9, tzinfo=UTC)
    _at(app, start)
    for result, word in ((Result.FAILED, "failed"), (Result.WARNING, "verified"), (Result.PASSED, "verified")):
        verifying.verify(app, verifying.subjects(app), climbing=climbing(result))
        assert verifying.standing(app, answer) == Standing(word, "2026-11-23T09:00:00+00:00")
    assert str(verifying.standing(app, answer)) == "verified, tried on 2026-11-23"
    _at(app, start + verifying.FRESH)
    assert verifying.standing(app, answer).word == "verified"
    _at(app, start + verifying.FRESH + timedelta(seconds=1))
    assert verifying.standing(app, answer).word == "stale"


def _at(app: App, moment: datetime) -> None:
    object.__setattr__(app, "clock", lambda: moment)


def test_an_account_that_was_changed_was_never_verified(app: App) -> None:
    verifying.verify(app, verifying.subjects(app), climbing=climbing(Result.PASSED))
    plan = configuring.plan_secret(app, "GLOBAL", SMTP, "password", "another password")
    migrating.apply(app, plan, plan.confirmation)
    assert verifying.standing(app, configuring.explain(app, ANN)) == Standing("never verified")


def test_an_answer_without_an_account_was_never_verified(app: App) -> None:
    assert verifying.standing(app, configuring.explain(app, Context(user="dan"))) == Standing("never verified")


def test_the_same_faults_strike_the_same_accounts_and_nothing_is_kept_or_sent(app: App) -> None:
    before = configuring.export_configuration(app, DocumentFormat.TOML)
    faults = {"bad-login": 1, "refused-sender": 1}
    once, again = (verifying.verify_in_sandbox(app, faults) for _ in range(2))
    told = [[(v.subject.name, v.subject.users, v.broken and v.broken.name) for v in found] for found in (once, again)]
    assert told[0] == told[1]
    assert told[0] == [
        ("mailbox lending@kowhai.example", ("ann", "bob", "cia", "dan", "eve"), "token"),
        ("lending@kowhai.example at localhost", ("eve",), "sender"),
        ("lending@kowhai.example at localhost", ("ann", "bob", "cia"), None),
    ]
    assert {v.result for v in verifying.verify_in_sandbox(app)} == {Result.PASSED}
    assert configuring.export_configuration(app, DocumentFormat.TOML) == before
    assert verifying.standing(app, configuring.explain(app, ANN)) == Standing("never verified")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    found = site(tmp_path)
    configure(
        found,
        tmp_path,
        rows(
            *("[[services]]", 'cost_centre = "GLOBAL"', 'service = "SMTP"', "use_service = true"),
            *('server = "smtp.office365.com"', 'user_name = "no authentication"', 'sender_email = "a@kowhai.example"'),
            *("[[overrides]]", 'cost_centre = "GLOBAL"', 'service = "SMTP"', 'user_id = "eve"'),
            *('server = "smtp.office365.com"', 'user_name = "eve"', f'password = "{NOT_CAPTURED}"'),
            *("[[overrides]]", 'cost_centre = "GLOBAL"', 'service = "SMTP"', 'user_id = "bob"'),
            'server = "localhost"',
        ),
    )
    found.close()
    return desk


def test_the_command_says_what_breaks_for_whom_and_what_will_end(desk: Desk) -> None:
    said = desk("verify", "--user", "eve")
    assert "GLOBAL [1]" in " ".join(said.out.split())
    assert "settings" in said.out
    assert "1 account(s): 1 failed." in said.out
    assert "[1] User name and password for SMTP in Exchange Online end" in said.error
    assert "Source: Microsoft 365 message centre MC786329" in said.error


def test_files_have_every_rung_with_the_facts_beside_it(desk: Desk) -> None:
    rows = desk("verify", "--user", "eve", "--format", "csv").rows()
    assert [(row["rung"], row["rung_result"]) for row in rows][:2] == [("settings", "failed"), ("DNS", "not reached")]
    assert all("read on 2026-11-22" in row["advisories"] for row in rows)
    assert desk("verify", "--user", "eve", "--format", "json").json()[0]["remedy"] == "Enter it: mailadmin secret set"


def test_check_ends_with_one_where_an_account_does_not_work(desk: Desk) -> None:
    assert "1 account(s) do not work" in desk("verify", "--user", "eve", "--check", code=1).error
    assert "Nobody is ready to send" in desk("verify", "--user", "dan").error
