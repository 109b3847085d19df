"""Overrides: those that count for nobody, and those that would lead a password astray."""

from __future__ import annotations

from collections.abc import Iterator

from ...domain.governed import OwnSettings
from ...domain.organisation import without_overrides
from ...domain.services import ServiceKind, Unit
from ...resolution.population import Person
from ...resolution.provenance import units_given
from ..accounts import code_of
from ..facts import Facts
from ..findings import Seen
from .cost_centres import answering
from .rule import COST_CENTRES, HIGH, LOW, MEDIUM, Rule


def ignored_override(facts: Facts) -> Iterator[Seen]:
    """Overrides of users whose overrides do not count."""
    for person, own in _overrides(facts):
        if bar := without_overrides(person.active, person.external):
            yield Seen(_name(facts, person, own), f"is ignored: {bar}")


def server_without_credentials(facts: Facts) -> Iterator[Seen]:
    """Overrides that name another server and leave user name and password to the Cost Centre."""
    for person, own in _overrides(facts):
        given = units_given(own.values, ServiceKind(own.service))
        if Unit.SERVER in given and Unit.CREDENTIALS not in given:
            server = "another server" if not without_overrides(person.active, person.external) else "a server"
            yield Seen(_name(facts, person, own), f"names {server} and no credentials, so the user cannot send by it")


def override_nobody_reaches(facts: Facts) -> Iterator[Seen]:
    """Overrides in a Cost Centre that is never asked, or does not use that service."""
    answers = answering(facts)
    for person, own in _overrides(facts):
        if (own.cost_centre, own.service) not in answers:
            centre = code_of(facts.organisation, own.cost_centre)
            yield Seen(
                _name(facts, person, own), f"never counts: cost centre {centre} answers nobody for {own.service}"
            )


def _overrides(facts: Facts) -> Iterator[tuple[Person, OwnSettings]]:
    for key, person in facts.owners.items():
        for own in facts.organisation.overrides.get(key, ()):
            yield person, own


def _name(facts: Facts, person: Person, own: OwnSettings) -> str:
    return f"{code_of(facts.organisation, own.cost_centre)} / {own.service} / {person.user_id}"


RULES: tuple[Rule, ...] = (
    Rule(
        "ignored-override",
        MEDIUM,
        "An override of an inactive or external user",
        "The grid of overrides lists active users who are not external; this one is hidden there, password and all.",
        COST_CENTRES,
        "Take the override away.",
        ignored_override,
    ),
    Rule(
        "server-without-credentials",
        HIGH,
        "An override changes the server and not the credentials",
        "The Cost Centre's password was entered for another host and is not sent to this one: the user cannot send.",
        "domain decision: a stored password never goes to a host it was not entered for",
        "Enter user name and password in the override, or 'no authentication', or take the server out of it.",
        server_without_credentials,
    ),
    Rule(
        "unreached-override",
        LOW,
        "An override where nobody is answered",
        "Its Cost Centre is never asked for that service, so that it changes nothing.",
        COST_CENTRES,
        "Take the override away, or enter it where the user is answered.",
        override_nobody_reaches,
    ),
)
