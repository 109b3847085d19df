"""What holds of every answer, in every organisation."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import event, given
from hypothesis import strategies as st

from mailadmin.domain.governed import Key, Organisation, Row, key_of, table_of
from mailadmin.domain.keys import match_key
from mailadmin.domain.organisation import GLOBAL, CostCentre, Entity, User, WebConfiguration
from mailadmin.domain.preferences import MailPreference
from mailadmin.domain.services import FIELD_NAMES, FIELDS, Override, Service, Unit
from mailadmin.resolution.explanation import explain, reason
from mailadmin.resolution.legacy import LegacySettings, legacy_resolve
from mailadmin.resolution.population import legacy_population, population
from mailadmin.resolution.provenance import Context, Resolution, Status, Tier
from mailadmin.resolution.resolver import resolve
from tests.unit.resolution import organisations
from tests.unit.resolution.organisations import USERS, WEBS, people_of, secret, server

SERVER, PASSWORD = FIELD_NAMES.index("server"), FIELD_NAMES.index("password")
Asked = tuple[Context, ...]
Rows = list[Row]


def told(answer: Resolution) -> tuple[object, ...]:
    """All that a table, a plan or a sender looks at."""
    return (
        answer.service,
        answer.status,
        answer.values,
        answer.origins,
        answer.missing,
        answer.remarks,
        answer.choices,
        answer.sender,
    )


def in_force(answer: Resolution) -> tuple[object, ...]:
    """What mail goes out with."""
    return answer.service, answer.status, answer.values, answer.origins, answer.missing, answer.winner


def answers(rows: Rows, contexts: Asked) -> list[Resolution]:
    organisation = Organisation.of(rows)
    return [resolve(context, organisation) for context in contexts]


def by_name(rows: Rows) -> dict[tuple[str, Key], Row]:
    return {(table_of(row), key_of(row)): row for row in rows}


# --- which answer -------------------------------------------------------------------------------------------------


@given(organisations.rows(), organisations.questions())
def test_every_question_has_an_answer_with_a_status_and_a_reason(rows: Rows, contexts: Asked) -> None:
    for answer in answers(rows, contexts):
        event(str(answer.status))
        assert answer.status in Status
        assert reason(answer)
        assert explain(answer)
        assert sum(asked.won for asked in answer.asked) <= 1


@given(organisations.rows(), organisations.questions(), organisations.seeds)
def test_the_order_of_rows_makes_no_difference(rows: Rows, contexts: Asked, seed: int) -> None:
    shuffled = list(rows)
    Random(seed).shuffle(shuffled)  # noqa: S311
    first = answers(rows, contexts)
    assert answers(rows, contexts) == first
    assert answers(shuffled, contexts) == first


def naive_winner(rows: dict[tuple[str, Key], Row], context: Context) -> tuple[Tier, str] | None:
    """The tiers as the documents tell them, in the plainest words."""

    def part(table: str, code: str | None, name: str) -> str | None:
        row = rows.get((table, (match_key(code),))) if code else None
        return getattr(row, name) if row else None

    branch = context.branch or part("users", context.user, "branch")
    entity = context.entity or part("branches", branch, "entity")
    web = part("web_configurations", context.web_configuration, "cost_centre")
    last = (Tier.WEB_CONFIGURATION, web) if web else (Tier.GLOBAL, GLOBAL)
    for tier, code in (
        (Tier.BRANCH, part("branches", branch, "cost_centre")),
        (Tier.ENTITY, part("entities", entity, "cost_centre")),
        last,
    ):
        if code and part("cost_centres", code, "active"):
            page = rows.get(("services", (match_key(code), match_key(str(context.service)))))
            if isinstance(page, Service) and page.use_service:
                return tier, page.cost_centre
    return None


@given(organisations.rows(), organisations.contexts())
def test_the_winner_is_the_first_tier_that_uses_the_service(rows: Rows, contexts: Asked) -> None:
    named = by_name(rows)
    for answer in answers(rows, tuple(context for context in contexts if context.service)):
        winner, expected = answer.winner, naive_winner(named, answer.context)
        event(str(expected and expected[0]))
        assert (winner and (winner.tier, winner.cost_centre)) == expected


_ABOVE: dict[Tier, tuple[type[Row], ...]] = {
    Tier.BRANCH: (Entity, WebConfiguration),
    Tier.ENTITY: (WebConfiguration,),
    Tier.WEB_CONFIGURATION: (),
    Tier.GLOBAL: (),
}


@given(organisations.rows(), organisations.contexts())
def test_a_tier_further_up_never_changes_an_answer_found_below_it(rows: Rows, contexts: Asked) -> None:
    for before in answers(rows, tuple(context for context in contexts if context.service)):
        if before.winner is None or before.service is None:
            continue
        above, centre = _ABOVE[before.winner.tier], before.winner.cost_centre
        changed: Rows = [replace(row, cost_centre="NEW") if isinstance(row, above) else row for row in rows]
        new = Service(cost_centre="NEW", service=before.service, use_service=True, server="new", mailbox="new")
        changed += [CostCentre(code="NEW"), new]
        if centre != GLOBAL:
            changed = [row for row in changed if not (isinstance(row, Service) and row.cost_centre == GLOBAL)]
        (after,) = answers(changed, (before.context,))
        assert in_force(after) == in_force(before)


@given(organisations.rows(preferences=False), organisations.contexts())
def test_without_the_override_the_answer_is_the_cost_centres(rows: Rows, contexts: Asked) -> None:
    with_overrides = answers(rows, contexts)
    without = answers([row for row in rows if not isinstance(row, Override)], contexts)
    nobodys = tuple(answer.context._replace(user=None) for answer in with_overrides)
    for mine, bare, anybody in zip(with_overrides, without, answers(rows, nobodys), strict=True):
        assert in_force(bare) == in_force(anybody)
        if mine.own is None:
            assert in_force(mine) == in_force(bare)


@given(organisations.rows(), organisations.contexts())
def test_overrides_of_inactive_and_external_users_never_count(rows: Rows, contexts: Asked) -> None:
    barred: Rows = [replace(row, active=False) if isinstance(row, User) else row for row in rows]
    known = {key_of(row)[0] for row in barred if isinstance(row, User)}
    for answer in answers(barred, contexts):
        if answer.context.user and match_key(answer.context.user) in known:
            assert not any(origin.startswith("user override") for origin in answer.origins)


# --- what an answer holds -----------------------------------------------------------------------------------------


@given(organisations.rows(preferences=False), organisations.contexts())
def test_every_value_is_the_one_in_the_row_its_origin_names(rows: Rows, contexts: Asked) -> None:
    named = by_name(rows)
    for answer in answers(rows, contexts):
        for name, value, origin in zip(FIELD_NAMES, answer.values, answer.origins, strict=True):
            assert (value is None) == (origin == "")
            if origin in ("", "default"):
                continue
            label, _, code = origin.removesuffix(")").partition(" (")
            key = (match_key(code), match_key(str(answer.service)))
            mine = label == "user override"
            place = ("overrides", (*key, match_key(answer.context.user or ""))) if mine else ("services", key)
            event(label)
            assert value == getattr(named[place], name)


@given(organisations.rows(), organisations.questions())
def test_fields_of_one_unit_come_from_one_place(rows: Rows, contexts: Asked) -> None:
    for answer in answers(rows, contexts):
        for unit in Unit:
            places = {o for f, o in zip(FIELDS, answer.origins, strict=True) if f.unit is unit} - {"", "default"}
            assert len(places) <= 1


def places_of(rows: Rows) -> dict[str, str]:
    """Every place at which a server and a password may have been entered, by either, with whose it is."""
    found = {"portal SHOP": ""}
    for row in rows:
        match row:
            case Service():
                found[f"{row.cost_centre} {row.service}"] = ""
            case Override():
                found[f"{row.cost_centre} {row.service} {row.user_id}"] = row.user_id
            case MailPreference():
                found[f"preference {row.user_id}"] = row.user_id
    return found


@given(organisations.rows(), organisations.questions())
def test_no_password_meets_a_server_it_was_not_entered_for(rows: Rows, contexts: Asked) -> None:
    """A user's own password without a server of its own was entered for the server behind it; never the other way."""
    places = places_of(rows)
    servers, secrets = {server(place): place for place in places}, {secret(place): place for place in places}
    for answer in answers(rows, contexts):
        if answer.values[SERVER] is None or answer.values[PASSWORD] is None:
            continue
        host, password = servers[answer.values[SERVER]], secrets[answer.values[PASSWORD]]
        user = places[password]
        behind = "preference " if password.startswith("preference ") else password.removesuffix(f" {user}")
        event("own password" if host != password else "both from one place")
        assert host in (password, behind)
        assert match_key(user) in ("", match_key(answer.context.user or ""))


@given(organisations.legacy_settings(), st.sampled_from((*USERS, None)), st.sampled_from((None, *WEBS)))
def test_no_old_password_meets_a_server_it_was_not_entered_for(
    legacy: LegacySettings, user: str | None, web: str | None
) -> None:
    answer = legacy_resolve(Context(user=user, web_configuration=web), legacy)
    host, password = answer.values[SERVER], answer.values[PASSWORD]
    if host is not None and password is not None:
        places = ("everybody", *USERS, *(f"web {code}" for code in WEBS))
        assert [host] == [server(place) for place in places if secret(place) == password]


@given(organisations.rows(), organisations.questions())
def test_a_default_is_the_standard_port_or_automatic_security_of_a_server(rows: Rows, contexts: Asked) -> None:
    for answer in answers(rows, contexts):
        for name, value, origin in zip(FIELD_NAMES, answer.values, answer.origins, strict=True):
            if origin == "default":
                assert (name, value) in (("port", 0), ("security", "Auto"))
                assert answer.values[SERVER] is not None


@given(organisations.rows(), organisations.questions())
def test_ready_means_that_every_required_field_has_a_value(rows: Rows, contexts: Asked) -> None:
    for answer in answers(rows, contexts):
        values = dict(zip(FIELD_NAMES, answer.values, strict=True))
        lacking = {f.name for f in FIELDS if answer.service in f.required and values[f.name] is None}
        if values["user_name"] == "no authentication":
            lacking.discard("password")
        if answer.status is Status.READY:
            assert lacking == set()
        if answer.status is Status.INCOMPLETE:
            assert set(answer.missing) == lacking != set()


# --- everybody at once --------------------------------------------------------------------------------------------


@given(organisations.rows(), organisations.templates())
def test_the_population_equals_the_answers_one_by_one(rows: Rows, template: Context) -> None:
    organisation, people = Organisation.of(rows), people_of(rows)
    everybody = population(people, template, organisation)
    one_by_one = [resolve(template._replace(user=person.user_id), organisation) for person in people]
    assert list(map(told, everybody)) == list(map(told, one_by_one))
    assert list(map(reason, everybody)) == list(map(reason, one_by_one))
    assert [answer.context for answer in everybody] == [answer.context for answer in one_by_one]


@given(organisations.rows(preferences=True), organisations.templates())
def test_the_population_explains_itself_as_the_answers_one_by_one(rows: Rows, template: Context) -> None:
    organisation, people = Organisation.of(rows), people_of(rows)
    one_by_one = [resolve(template._replace(user=person.user_id), organisation) for person in people]
    assert list(map(explain, population(people, template, organisation))) == list(map(explain, one_by_one))


@given(organisations.rows(), organisations.legacy_settings())
def test_the_legacy_population_equals_the_answers_one_by_one(rows: Rows, legacy: LegacySettings) -> None:
    people = people_of(rows)
    everybody = list(legacy_population(people, legacy))
    one_by_one = [legacy_resolve(Context(user=person.user_id), legacy) for person in people]
    assert [answer.method for answer in everybody] == [answer.method for answer in one_by_one]
    assert [answer.context for answer in everybody] == [answer.context for answer in one_by_one]
    assert list(map(told, everybody)) == list(map(told, one_by_one))


@given(organisations.rows(), organisations.legacy_settings())
def test_the_legacy_population_explains_itself_as_the_answers_one_by_one(rows: Rows, legacy: LegacySettings) -> None:
    people = people_of(rows)
    one_by_one = [legacy_resolve(Context(user=person.user_id), legacy) for person in people]
    assert list(map(explain, legacy_population(people, legacy))) == list(map(explain, one_by_one))


@given(organisations.crowds(), organisations.crowds_before())
def test_people_nearly_alike_are_told_apart(rows: Rows, legacy: LegacySettings) -> None:
    organisation, people = Organisation.of(rows), people_of(rows)
    now = [resolve(Context(user=person.user_id), organisation) for person in people]
    before = [legacy_resolve(Context(user=person.user_id), legacy) for person in people]
    assert list(map(told, population(people, Context(), organisation))) == list(map(told, now))
    assert list(map(told, legacy_population(people, legacy))) == list(map(told, before))


@given(organisations.rows(preferences=False))
def test_a_question_is_answered_once_for_all_who_ask_it(rows: Rows) -> None:
    bare = [row for row in rows if not isinstance(row, Override)]
    everybody = population(people_of(bare), Context(), Organisation.of(bare))
    assert len(everybody.answers) == len({person.branch for person in everybody.people})
    assert dict(everybody.own) == {}
