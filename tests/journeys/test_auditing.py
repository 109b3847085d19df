"""An auditor's questions from beginning to end: who may, since when, by whose change, who did; does Exchange agree."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

import mailadmin
from mailadmin.audit.access import Question
from mailadmin.audit.history import Turn
from mailadmin.bootstrap import App
from mailadmin.domain.messages import Address, Message
from mailadmin.domain.organisation import User
from mailadmin.domain.permissions import UPDATE_FROM
from mailadmin.domain.settings import PERMISSION_RULE, PermissionRule
from mailadmin.errors import BadInput, NotPermitted, Tampered, UnknownName
from mailadmin.resolution.provenance import Context
from mailadmin.storage import repository
from mailadmin.usecases import auditing, keeping, migrating, reaching, sending, switching
from mailadmin.usecases.preparing import Wish
from tests.cli import SAMPLE, Desk
from tests.permission_oracle import Person, oracle
from tests.sites import CONFIGURATION, configure, permission, rows, site

FIRST = date(2026, 11, 2)


class Clock:
    """The day it is at the site."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 2, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@contextmanager
def week(folder: Path) -> Iterator[tuple[App, Clock]]:
    """A site on Monday; Tuesday mia denies clerks, Wednesday noa turns the rule round, Thursday ann becomes a clerk."""
    clock = Clock()
    with closing(mailadmin.connect(folder / "mailadmin.db", environment={}, clock=clock, actor="ida")) as app:
        keeping.create_key(app)
        configure(app, folder, CONFIGURATION)
    for actor, document in (
        ("mia", rows(*permission("Clerks", "Deny"))),
        ("noa", None),
        ("mia", rows("[[users]]", 'user_id = "ann"', 'name = "Ann"', 'roles = ["Clerks", "Managers"]',
                     *permission("Managers", "Allow"))),
    ):  # fmt: skip
        clock.now += timedelta(days=1)
        with closing(mailadmin.connect(folder / "mailadmin.db", environment={}, clock=clock, actor=actor)) as app:
            if document is not None:
                configure(app, folder, document)
            else:
                plan = switching.plan_setting(app, PERMISSION_RULE, PermissionRule.ALLOW_WINS)
                migrating.apply(app, plan, plan.confirmation)
    with closing(mailadmin.connect(folder / "mailadmin.db", environment={}, clock=clock, actor="ida")) as app:
        yield app, clock


def holders(app: App, at: date | None = None) -> list[str]:
    return [holder.user_id for holder in auditing.access(app, at=at).holders()]


def test_every_day_of_the_past_is_answered_from_the_trail(tmp_path: Path) -> None:
    with week(tmp_path) as (app, _):
        days = [holders(app, FIRST + timedelta(days=n)) for n in range(5)]
        assert days == [["bob"], [], [], ["ann"], ["ann"]]
        assert holders(app) == ["ann"]
        assert auditing.access(app, at=FIRST).rule is PermissionRule.DENY_WINS
        with pytest.raises(BadInput, match="first entry on 2026-11-02: who might do what on 2026-11-01 is not known"):
            auditing.access(app, at=FIRST - timedelta(days=1))


def test_changes_are_told_with_day_actor_and_what_was_changed(tmp_path: Path) -> None:
    with week(tmp_path) as (app, _):
        found = auditing.changes(app, date(2026, 11, 3), date(2026, 11, 30))
        assert [(c.at[:10], c.actor, c.user_id, c.change, c.what) for c in found] == [
            ("2026-11-03", "mia", "bob", Turn.LOST, "role Clerks: Allow -> Deny"),
            ("2026-11-03", "mia", "cia", Turn.OTHER, "role Clerks: Allow -> Deny"),
            ("2026-11-05", "mia", "ann", Turn.GAINED,
             "user ann: roles none -> Clerks|Managers; role Managers: nothing said -> Allow"),
        ]  # fmt: skip
        assert auditing.changes(app, date(2026, 11, 4), date(2026, 11, 4)) == ()
        told = auditing.since(app, "ANN")
        assert told.holder.path[-1] == f"role_permissions: Managers / {UPDATE_FROM} / Allow"
        assert told.change == found[-1]
        with pytest.raises(UnknownName):
            auditing.since(app, "nobody")
        with pytest.raises(BadInput, match="is before"):
            auditing.changes(app, date(2026, 11, 4), date(2026, 11, 3))


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE audit_trail SET actor = 'eve' WHERE seq = 3",
        "DELETE FROM audit_trail WHERE seq = (SELECT max(seq) FROM audit_trail)",
    ],
)
def test_nothing_is_said_of_the_past_where_the_trail_is_broken(tmp_path: Path, harm: str) -> None:
    with week(tmp_path) as (app, _):
        with app.store.writing() as connection:
            connection.execute(text(harm))
        for ask in (
            lambda: auditing.access(app, at=FIRST),
            lambda: auditing.changes(app, FIRST, FIRST),
            lambda: auditing.since(app, "bob"),
            lambda: auditing.use(app),
        ):
            with pytest.raises(Tampered):
                ask()


def test_the_sample_company_equals_the_oracle_from_store_and_snapshot(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.migrate()
    folder = SAMPLE / "kowhai-csv"
    texts = [(folder / f"{table}.csv").read_text("utf-8-sig") for table in ("users", "roles")]
    users, roles = (list(csv.DictReader(io.StringIO(table))) for table in texts)
    said = tuple((row["role"], row["permission_key"], row["decision"]) for row in roles)
    expected = {}
    for row in users:
        flags = [row["active"] == "True", row.get("locked_out") == "True", row["external"] == "True"]
        names = tuple(name for name in row["roles"].split(";") if name)
        expected[row["user_id"]] = oracle(Person(row["level"], *flags, names), UPDATE_FROM, said, "deny wins")
    for words in ((), ("--snapshot", desk.file("before.json"))):
        found = desk("audit", "permission", *words, "--format", "csv").rows()
        assert {row["user_id"]: row["decision"] for row in found} == expected
        assert list(found[0])[:9] == [
            "user_id", "name", "level", "active", "decision", "reason", "roles_allow", "roles_deny", "conflict",
        ]  # fmt: skip
    only = desk("audit", "permission", "--only", "conflicts", "--format", "csv").rows()
    assert {row["conflict"] for row in only} == {"yes"}
    other = desk("audit", "permission", "--rule", "allow wins", "--format", "csv").rows()
    changed = {row["user_id"] for row in other if expected[row["user_id"]] != row["decision"]}
    assert changed == {row["user_id"] for row in only}


def test_a_snapshot_without_roles_says_unknown_and_two_are_compared(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for name, table in (
        ("full", "role,permission_key,decision\nClerks,Messaging.Email.UpdateFrom,Allow\n"),
        ("bare", ""),
    ):
        export = tmp_path / name
        export.mkdir()
        (export / "users.csv").write_text("user_id,name,level,roles\nann,Ann,Normal,Clerks\nbob,Bob,Administrator,\n")
        (export / "roles.csv").write_text(table or "role,permission_key,decision\n")
        desk("snapshot", "take", export, "--out", desk.file(f"{name}.json"))
    found = desk("audit", "permission", "--snapshot", desk.file("bare.json"), "--format", "csv").rows()
    assert [(row["user_id"], row["decision"]) for row in found] == [("ann", "UNKNOWN"), ("bob", "ALLOW")]
    words = "--from", desk.file("full.json"), "--to", desk.file("bare.json"), "--format", "csv"
    (change,) = desk("audit", "changes", *words).rows()
    assert (change["user_id"], change["change"], change["after"], change["actor"]) == ("ann", "lost", "UNKNOWN", "")


def test_use_tells_who_sent_as_whom_allowed_by_what_and_who_was_refused(tmp_path: Path) -> None:
    message = Message(to=(Address("you@example.com"),), subject="Test", text="It works.")
    with closing(site(tmp_path)) as app:
        assert auditing.use(app) == ()
        sending.send(app, message, Context(user="bob"), Wish("sales@kowhai.example"), dry_run=True)
        sending.send(app, message, Context(user="bob"), dry_run=True)
        with pytest.raises(NotPermitted):
            sending.send(app, message, Context(user="ann"), Wish("sales@kowhai.example"), dry_run=True)
        allowed, refused = sorted(auditing.use(app), key=lambda used: used.outcome, reverse=True)
    assert (allowed.user_id, allowed.actor, allowed.sender, allowed.own) == (
        "bob", "tester", "sales@kowhai.example", "lending@kowhai.example",
    )  # fmt: skip
    assert (allowed.outcome, allowed.allowed_by) == ("would send", f"{UPDATE_FROM}: role Clerks allows")
    assert (refused.user_id, refused.outcome) == ("ann", "refused")
    assert "ann may not send as sales@kowhai.example" in refused.refused


def test_the_three_gates_side_by_side(tmp_path: Path) -> None:
    with closing(site(tmp_path)):
        pass
    desk = Desk(tmp_path)
    (tmp_path / "sendas.csv").write_text(
        '#TYPE Selected\n"Identity","Trustee","AccessRights"\n"sales@kowhai.example","Bob","SendAs"\n'
        '"sales@kowhai.example","lending@kowhai.example","SendAs"\n"sales@kowhai.example","Strangers","SendAs"\n'
    )
    (tmp_path / "behalf.csv").write_text('"PrimarySmtpAddress","GrantSendOnBehalfTo"\n"sales@kowhai.example",""\n')
    files = desk.file("sendas.csv"), desk.file("behalf.csv")
    found = {row["user_id"]: row for row in desk("audit", "rights", *files, "--format", "csv").rows()}
    assert (found["bob"]["permission"], found["bob"]["right"], found["bob"]["finding"]) == (
        "ALLOW",
        "Send As",
        "never used",
    )
    assert (found["ann"]["permission"], found["ann"]["finding"]) == ("DENY", "there, not here")
    assert found["ann"]["consent"] == "not needed (SMTP)"
    told = desk("audit", "rights", *files, "--findings", "--check", "--format", "csv", code=1)
    assert "Strangers: trustee fits nobody" in told.error
    assert "1. there, not here: 3" in desk("audit", "rights", *files).out


def test_the_other_way_round_from_a_user_and_from_an_address(tmp_path: Path) -> None:
    with closing(site(tmp_path)) as app:
        mine = reaching.reach(app, "EVE")
        assert ("key", UPDATE_FROM, "DENY") in [found[:3] for found in mine]
        assert ("account", "service chosen by rule, on the desktop", "SMTP of GLOBAL, From eve@kowhai.example") in [
            found[:3] for found in mine
        ]
        behind = reaching.reach(app, "Lending@kowhai.example")
        assert [found.subject for found in behind if found.kind == "sends as it"] == ["ann", "bob", "cia", "dan", "eve"]
        assert [found.subject for found in behind if found.kind == "may change From to it"] == ["bob"]
        with pytest.raises(UnknownName):
            reaching.reach(app, "nobody")


def test_one_user_is_told_the_whole_path_and_since_when(tmp_path: Path) -> None:
    with closing(site(tmp_path)):
        pass
    said = Desk(tmp_path)("audit", "permission", "--user", "cia").out.splitlines()
    assert said[:2] == ["cia, Cia: DENY", "because: role Trainees denies"]
    assert f"  role_permissions: Trainees / {UPDATE_FROM} / Deny" in said
    assert any(line.startswith("since: ") and ", by tester, entry " in line for line in said)
    Desk(tmp_path)("audit", "permission", "--user", "cia", "--at", "2026-11-01", code=2)


def test_what_is_read_by_column_equals_the_rows_and_each_is_as_it_was_written(tmp_path: Path) -> None:
    with closing(site(tmp_path)) as app:
        with app.store.reading() as connection:
            found = repository.everybody_asking(connection, app.sealer(connection))
            users = [row for row in repository.rows(connection, None, ("users",)).values() if isinstance(row, User)]
        assert [*map(found.questions.__getitem__, found.codes)] == [
            Question.of(user) for user in sorted(users, key=lambda user: user.user_id)
        ]
        assert list(found.user_ids) == sorted(user.user_id for user in users)
        with app.store.writing() as connection:
            connection.execute(text("UPDATE users SET level = 'Administrator' WHERE user_id = 'ann'"))
        with pytest.raises(Tampered, match="users ann"):
            auditing.access(app)
