"""Everybody's answers as a table are the answers one by one, told as cells."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailadmin.domain.governed import Organisation, Row
from mailadmin.resolution.columns import EFFECTIVE, LEGACY, NO_ROWS, columns, joined, line, names
from mailadmin.resolution.legacy import LegacySettings, legacy_resolve
from mailadmin.resolution.population import legacy_population, population
from mailadmin.resolution.provenance import Context
from mailadmin.resolution.resolver import resolve
from tests.unit.resolution import organisations
from tests.unit.resolution.organisations import people_of


@given(organisations.rows(), organisations.templates())
def test_the_table_shows_the_answers_one_by_one(rows: list[Row], template: Context) -> None:
    organisation, people = Organisation.of(rows), people_of(rows)
    one_by_one = [resolve(template._replace(user=person.user_id), organisation) for person in people]
    found = columns(population(people, template, organisation))
    assert list(found) == [(answer.context.user, *line(answer)) for answer in one_by_one]


@given(organisations.crowds(), organisations.crowds_before())
def test_every_line_of_people_nearly_alike_is_that_of_the_answer(rows: list[Row], legacy: LegacySettings) -> None:
    now = population(people_of(rows), Context(), Organisation.of(rows))
    before = legacy_population(people_of(rows), legacy)
    assert list(columns(now)) == [(answer.context.user, *line(answer)) for answer in now]
    assert list(columns(before, LEGACY)) == [(answer.context.user, *line(answer, LEGACY)) for answer in before]


@given(organisations.rows(), organisations.legacy_settings())
def test_the_legacy_table_shows_the_answers_one_by_one(rows: list[Row], legacy: LegacySettings) -> None:
    people = people_of(rows)
    one_by_one = [legacy_resolve(Context(user=person.user_id), legacy) for person in people]
    found = columns(legacy_population(people, legacy), LEGACY)
    assert list(found) == [(answer.context.user, *line(answer, LEGACY)) for answer in one_by_one]


@given(organisations.rows(), organisations.templates())
def test_an_encoded_column_stands_for_its_cells(rows: list[Row], template: Context) -> None:
    found = columns(population(people_of(rows), template, Organisation.of(rows)))
    encoded = [[column.values[code] for code in column.codes] for _, column in found.encoded()]
    assert encoded == [list(cells) for cells in zip(*found.lines, strict=True)] or not found.lines
    assert all(len(set(column.values)) == len(column.values) for _, column in found.encoded())


@given(organisations.rows(), st.lists(organisations.templates(), max_size=3))
def test_joined_tables_stand_one_after_the_other(rows: list[Row], templates: list[Context]) -> None:
    organisation, people = Organisation.of(rows), people_of(rows)
    found = [columns(population(people, template, organisation)) for template in templates]
    assert list(joined(found)) == [row for table in found for row in table]
    assert joined(found).names == names()
    assert joined([]) == NO_ROWS


def test_the_columns_stand_in_the_order_of_the_files() -> None:
    assert names(EFFECTIVE)[:8] == (
        "branch", "web_configuration", "service", "cost_centre", "tier", "status", "server", "server_origin",
    )  # fmt: skip
    assert names(LEGACY)[:3] == ("web_configuration", "status", "method")
    assert {"enable_ssl", "refresh_token_origin"} <= set(names(LEGACY))
