"""What becomes of everybody: each kind by example, and the many counted as the few are judged."""

from __future__ import annotations

from dataclasses import replace
from secrets import token_hex
from typing import Any

import pytest
from hypothesis import event, given

from mailadmin.domain.governed import Organisation, Row
from mailadmin.domain.legacy import Method
from mailadmin.domain.organisation import GLOBAL, CostCentre
from mailadmin.domain.services import FIELD_NAMES, NOT_CAPTURED, Override, Security, Service, ServiceKind, Values
from mailadmin.migration.effects import Change, Effects, SubjectEffect, digest, headline
from mailadmin.migration.kinds import KINDS, Kind, comparable, kind_of
from mailadmin.migration.planning import effects_of
from mailadmin.migration.snapshot import Snapshot
from mailadmin.resolution.legacy import LegacySettings
from mailadmin.resolution.population import Person, legacy_population, population
from mailadmin.resolution.provenance import Context, Layer, Resolution
from tests.unit.migration.snapshots import planned, rows_after, snapshots
from tests.unit.resolution import organisations
from tests.unit.resolution.organisations import people_of

PASSWORD = f"hmac:{token_hex(8)}"
SMTP: dict[str, Any] = {
    "server": "smtp.example",
    "port": 587,
    "security": Security.START_TLS,
    "user_name": "lending",
    "password": PASSWORD,
    "sender_email": "info@kowhai.example",
}
EXCHANGE: dict[str, Any] = {
    "tenant_id": "tenant",
    "client_id": "client",
    "client_secret": PASSWORD,
    "mailbox": "info@kowhai.example",
}


def now(values: dict[str, Any] | None, service: ServiceKind | None = ServiceKind.SMTP) -> Resolution:
    """An answer under the rules in force with these values; None is no answer."""
    if values is None:
        return Resolution(Context(user="Ann"), None)
    layer = Layer("global cost centre", "GLOBAL", tuple(values.get(name) for name in FIELD_NAMES))
    return Resolution(Context(user="Ann"), service, base=layer)


def was(values: dict[str, Any] | None, method: Method = Method.SMTP) -> Resolution:
    """An answer under the rules before."""
    if values is None:
        return Resolution(Context(user="Ann"), None, method=method)
    service = {Method.SMTP: ServiceKind.SMTP, Method.EXCHANGE: ServiceKind.EXCHANGE}[method]
    layer = Layer("global settings", "", tuple(values.get(name) for name in FIELD_NAMES))
    return Resolution(Context(user="Ann"), service, base=layer, method=method)


OLD_SMTP = {**SMTP, "security": True}
OLD_EXCHANGE = {**EXCHANGE, "client_secret": NOT_CAPTURED}
SECRETLESS = {**EXCHANGE, "client_secret": None}
SENDERLESS = {**SMTP, "sender_email": None}


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (was(OLD_SMTP), now(SMTP), Kind.SAME),
        (was({**OLD_SMTP, "port": None}), now({**SMTP, "port": 0}), Kind.SAME),
        (was({**OLD_SMTP, "security": None}), now({**SMTP, "security": Security.NONE}), Kind.SAME),
        (was({**OLD_SMTP, "port": 465}), now({**SMTP, "port": 465, "security": Security.SSL_ON_CONNECT}), Kind.SAME),
        (was({**OLD_SMTP, "sender_email": None}), now(SENDERLESS), Kind.SAME),
        (was(OLD_SMTP), now(SENDERLESS), Kind.STOPS),
        (was(OLD_SMTP), now(None), Kind.STOPS),
        (was(None, Method.MAILTO), now(None), Kind.STOPS),
        (was(OLD_SMTP), now({**SMTP, "password": None}), Kind.NEEDS_INPUT),
        (was(OLD_EXCHANGE, Method.EXCHANGE), now(SECRETLESS, ServiceKind.EXCHANGE), Kind.NEEDS_INPUT),
        (was(OLD_SMTP), now(SECRETLESS, ServiceKind.EXCHANGE), Kind.STOPS),
        (was(OLD_SMTP), now({**SENDERLESS, "password": None}), Kind.STOPS),
        (was(None, Method.NONE), now(SMTP), Kind.STARTS),
        (was({**OLD_SMTP, "sender_email": None}), now(SMTP), Kind.STARTS),
        (was(OLD_SMTP), now(EXCHANGE, ServiceKind.EXCHANGE), Kind.SERVICE),
        (was(None, Method.MAILTO), now(SMTP), Kind.SERVICE),
        (was(OLD_SMTP), now({**SMTP, "server": "other.example", "user_name": "x"}), Kind.SERVER),
        (was(OLD_SMTP), now({**SMTP, "port": 25}), Kind.SERVER),
        (was(OLD_SMTP), now({**SMTP, "security": Security.AUTO}), Kind.SERVER),
        (was(OLD_SMTP), now({**SMTP, "user_name": "x", "sender_email": "y@z"}), Kind.ACCOUNT),
        (was(OLD_SMTP), now({**SMTP, "password": f"hmac:{token_hex(8)}"}), Kind.ACCOUNT),
        (now(EXCHANGE, ServiceKind.EXCHANGE), now({**EXCHANGE, "mailbox": "x@y"}, ServiceKind.EXCHANGE), Kind.ACCOUNT),
        (was(OLD_SMTP), now({**SMTP, "sender_email": "other@kowhai.example"}), Kind.SENDER),
        (was(OLD_SMTP), now({**SMTP, "sender_name": "Kōwhai"}), Kind.SENDER),
        (was(None, Method.NONE), now(SENDERLESS), Kind.OTHER),
        (was({**OLD_SMTP, "sender_email": None}), now({**SENDERLESS, "server": "x"}), Kind.OTHER),
    ],
)  # fmt: skip
def test_each_kind(before: Resolution, after: Resolution, kind: Kind) -> None:
    assert kind_of(before, after) is kind


def test_every_kind_has_an_example_above() -> None:
    (mark,) = test_each_kind.pytestmark  # type: ignore[attr-defined]
    assert {kind for *_, kind in mark.args[1]} == set(Kind)


def edited(rows: list[Row], seed: int) -> list[Row]:
    """The rows after somebody changed a field here and there."""
    dice = organisations.Dice(seed)
    fields = ("server", "port", "security", "user_name", "sender_name", "sender_email", "mailbox")
    new = {**dict.fromkeys(fields, "new"), "port": 2525, "security": Security.AUTO}

    def touched(row: Row) -> Row:
        if not isinstance(row, Service | Override) or dice.mostly():
            return row
        name = dice.one(fields)
        return replace(row, **{name: new[name]}) if name != "user_name" or row.password else row

    return [touched(row) for row in rows]


@given(organisations.rows(preferences=False), organisations.seeds, organisations.templates())
def test_the_kinds_of_many_are_those_of_each(rows: list[Row], seed: int, template: Context) -> None:
    people = people_of(rows)
    before, after = Organisation.of(rows), Organisation.of(edited(rows, seed))
    both = Effects(population(people, template, before), population(people, template, after), ())
    for kind in both.kinds():
        event(kind)
    assert both.kinds() == [kind_of(was, now) for was, now in zip(both.before, both.after, strict=True)]


@given(organisations.legacy_settings(), organisations.rows(preferences=False))
def test_the_kinds_of_many_are_those_of_each_against_the_settings_of_before(
    legacy: LegacySettings, after: list[Row]
) -> None:
    people = people_of(after)
    both = Effects(legacy_population(people, legacy), population(people, Context(), Organisation.of(after)), ())
    assert both.kinds() == [kind_of(was, now) for was, now in zip(both.before, both.after, strict=True)]


@given(organisations.crowds(), organisations.crowds())
def test_the_kinds_of_people_nearly_alike_are_those_of_each(before: list[Row], after: list[Row]) -> None:
    people = people_of(after)
    was, now = (population(people, Context(), Organisation.of(rows)) for rows in (before, after))
    both = Effects(was, now, ())
    assert both.kinds() == [kind_of(*pair) for pair in zip(was, now, strict=True)]
    assert Effects(now, was, ()).kinds() == [kind_of(*pair) for pair in zip(now, was, strict=True)]


@given(organisations.crowds_before(), organisations.crowds())
def test_the_kinds_of_people_nearly_alike_are_those_of_each_against_the_settings_of_before(
    legacy: LegacySettings, after: list[Row]
) -> None:
    people = people_of(after)
    was, now = legacy_population(people, legacy), population(people, Context(), Organisation.of(after))
    for kind in Effects(was, now, ()).kinds():
        event(kind)
    assert Effects(was, now, ()).kinds() == [kind_of(*pair) for pair in zip(was, now, strict=True)]


def own(user: str, **values: Any) -> Override:
    return Override(cost_centre=GLOBAL, service=ServiceKind.SMTP, user_id=user, **{**SMTP, **values})


def everybody(*rows: Row, **values: Any) -> Organisation:
    page = Service(cost_centre=GLOBAL, service=ServiceKind.SMTP, use_service=True, **{**SMTP, **values})
    return Organisation.of([CostCentre(code=GLOBAL, default_service=ServiceKind.SMTP), page, *rows])


PEOPLE = [Person(user, user) for user in "abc"]


def test_whoever_keeps_a_value_of_their_own_is_told_from_whoever_changes_it() -> None:
    before = everybody(own("a", server="1"), own("b", server="2"), own("c", server="2"))
    after = everybody(own("a", server="1"), own("b", server="2"), own("c", server="3"))
    both = Effects(population(PEOPLE, Context(), before), population(PEOPLE, Context(), after), ())
    assert both.kinds() == [Kind.SAME, Kind.SAME, Kind.SERVER]


class Unread(dict[int, Values]):
    """Own values that nobody may look at."""

    def __getitem__(self, position: int) -> Values:
        raise AssertionError(position)

    def get(self, position: int, default: object = None) -> Any:
        raise AssertionError(position)


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        ({"server": "other.example"}, Kind.SERVER),
        ({"user_name": "x", "sender_name": "Kōwhai"}, Kind.ACCOUNT),
        ({"sender_email": "other@kowhai.example", "sender_name": "Kōwhai"}, Kind.SENDER),
        ({}, Kind.SENDER),
        ({"password": None}, Kind.NEEDS_INPUT),
        ({"sender_email": None}, Kind.STOPS),
    ],
)
def test_own_values_are_looked_at_only_where_they_decide(page: dict[str, Any], kind: Kind) -> None:
    named = (Override(cost_centre=GLOBAL, service=ServiceKind.SMTP, user_id=u, sender_name=u) for u in "abc")
    was, now = (population(PEOPLE, Context(), site) for site in (everybody(*named), everybody(**page)))
    unread = Effects(replace(was, own=Unread(was.own)), now, ())
    assert was.own
    assert unread.kinds() == [kind_of(*pair) for pair in zip(was, now, strict=True)] == [kind] * 3


def before(**ports: int) -> LegacySettings:
    """Users with servers of their own, alike but for the port."""
    values = {
        "EmailUseGlobalSettings": False,
        "EmailSmtpServer": SMTP["server"],
        "EmailSmtpEnableSsl": True,
        "EmailSmtpUserId": "lending",
        "EmailSmtpPassword": PASSWORD,
        "EmailSmtpSenderEmailAddress": SMTP["sender_email"],
    }
    return LegacySettings(preferences={user: {**values, "EmailSmtpPort": port} for user, port in ports.items()})


def test_what_enable_ssl_meant_depends_on_everybodys_own_port() -> None:
    ports = dict(zip("abc", (25, 465, 587), strict=True))
    after = everybody(own("a", port=25), *(own(u, port=ports[u], security=Security.SSL_ON_CONNECT) for u in "bc"))
    both = Effects(legacy_population(PEOPLE, before(**ports)), population(PEOPLE, Context(), after), ())
    assert both.kinds() == [Kind.SAME, Kind.SAME, Kind.SERVER]


def test_an_own_port_decides_about_security_where_nobody_has_values_of_their_own_after() -> None:
    was = legacy_population(PEOPLE, before(a=465, b=587, c=25))
    both = Effects(was, population(PEOPLE, Context(), everybody()), ())
    assert both.kinds() == [Kind.SERVER, Kind.SAME, Kind.SERVER]


@given(snapshots(), snapshots(captured=False))
def test_the_kinds_of_a_migration_are_those_of_each(captured: Snapshot, hidden: Snapshot) -> None:
    for snapshot in (captured, hidden):
        effects = effects_of({}, rows_after(planned(snapshot)), snapshot.legacy())
        kinds = effects.kinds()
        for kind in kinds:
            event(kind)
        assert kinds == [kind_of(was, now) for was, now in zip(effects.before, effects.after, strict=True)]
        assert [effect.kind for effect in effects.users()] == kinds
        assert sum(effects.summary().values()) == len(list(effects))


@given(snapshots())
def test_the_rows_of_an_effect_agree_with_its_kind(snapshot: Snapshot) -> None:
    for effect in effects_of({}, rows_after(planned(snapshot)), snapshot.legacy()):
        rows = list(effect.rows())
        assert [row.field for row in rows[:2]] == ["service", "status"]
        assert "hmac:" not in str(rows)
        changed = {row.field for row in rows if row.change is not Change.SAME}
        assert all(row.reason for row in rows)
        if effect.kind is Kind.SAME:
            assert changed - {name for name in FIELD_NAMES if name in effect.after.missing} == set()
        else:
            assert changed


def rows_of(before: Resolution, after: Resolution) -> dict[str, tuple[str, str, Change]]:
    effect = SubjectEffect("Ann", "", kind_of(before, after), before, after)
    return {row.field: (row.before, row.after, row.change) for row in effect.rows()}


def test_every_change_of_a_field() -> None:
    after = {**SMTP, "port": 25, "password": f"hmac:{token_hex(8)}", "sender_name": "Kōwhai", "sender_email": None}
    assert rows_of(was({**OLD_SMTP, "user_name": "lending"}), now(after)) == {
        "service": ("SMTP", "SMTP", Change.SAME),
        "status": ("ready", "incomplete", Change.CHANGED),
        "server": ("smtp.example", "smtp.example", Change.SAME),
        "port": ("587", "25", Change.CHANGED),
        "security": ("StartTls", "StartTls", Change.SAME),
        "user_name": ("lending", "lending", Change.SAME),
        "password": ("set", "changed (hidden)", Change.CHANGED),
        "sender_name": ("", "Kōwhai", Change.GAINED),
        "sender_email": ("info@kowhai.example", "", Change.NEEDS_INPUT),
    }


def test_what_is_lost_with_the_service() -> None:
    rows = rows_of(was(OLD_SMTP), now(None))
    assert rows["service"] == ("SMTP", "", Change.LOST)
    assert rows["password"] == ("set", "not set", Change.LOST)


def test_old_values_are_compared_in_the_words_of_the_new() -> None:
    values = dict(zip(FIELD_NAMES, comparable(was({**OLD_SMTP, "port": None})), strict=True))
    assert (values["port"], values["security"]) == (0, Security.START_TLS)
    assert comparable(now(SMTP)) == now(SMTP).values


def test_the_summary_counts_every_kind_and_the_headline_tells_those_there_are() -> None:
    nobody = population([], Context(), Organisation.of([]))
    assert Effects(nobody, nobody, ()).summary() == dict.fromkeys(KINDS, 0)
    counted = {**dict.fromkeys(KINDS, 0), Kind.SAME: 312, Kind.SERVER: 41, Kind.STOPS: 9}
    assert headline(counted) == "312 same, 9 stop sending, 41 change server"
    assert headline(dict.fromkeys(KINDS, 0)) == "nobody is concerned"


def test_a_digest_changes_with_anything_in_force() -> None:
    answers = [
        now(SMTP),
        now({**SMTP, "port": 25}),
        now({**SMTP, "password": None}),
        now(EXCHANGE, ServiceKind.EXCHANGE),
    ]
    assert len({digest(answer) for answer in answers}) == len(answers)
    assert digest(now(SMTP)) == digest(now(SMTP).of("Bob", None))


@given(snapshots())
def test_a_promise_is_a_digest_for_everybody(snapshot: Snapshot) -> None:
    effects = effects_of({}, rows_after(planned(snapshot)), snapshot.legacy())
    promised = effects.promise()
    assert len(promised) == len(list(effects))
    assert {name.partition("/")[0] for name in promised} <= {"user", "web"}
