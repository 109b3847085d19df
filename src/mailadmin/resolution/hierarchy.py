"""The tiers asked for a context, in order: whom to ask is written here and nowhere else.

Source: help pages CostCentre.Hierarchy; KB 22347 for the web configuration, which stands in GLOBAL's place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..domain.governed import Organisation
from ..domain.keys import match_key
from ..domain.organisation import GLOBAL, Branch, Entity, WebConfiguration
from .provenance import Tier


class Place(NamedTuple):
    """Where a question is asked from: the rows its context names, as far as they exist."""

    branch: Branch | None
    entity: Entity | None
    web_configuration: WebConfiguration | None
    unknown: tuple[tuple[Tier, str], ...] = ()

    @classmethod
    def of(
        cls, organisation: Organisation, branch: str | None, entity: str | None, web_configuration: str | None
    ) -> Place:
        """The place named by these codes; a given entity goes before the branch's own."""
        at_branch = organisation.branches.get(match_key(branch)) if branch else None
        entity = entity or (at_branch.entity if at_branch else None)
        at_entity = organisation.entities.get(match_key(entity)) if entity else None
        web = organisation.web_configurations.get(match_key(web_configuration)) if web_configuration else None
        named = (
            (Tier.BRANCH, branch, at_branch),
            (Tier.ENTITY, entity, at_entity),
            (Tier.WEB_CONFIGURATION, web_configuration, web),
        )
        return cls(at_branch, at_entity, web, tuple((t, name) for t, name, row in named if name and row is None))


class Step(NamedTuple):
    """One tier of a path: its subject, the Cost Centre it names, and why it names none."""

    tier: Tier
    subject: str
    cost_centre: str
    reason: str = ""


def _row_step(tier: Tier, row: Branch | Entity | WebConfiguration | None) -> Step:
    if row is None:
        return Step(tier, "", "", f"no {tier} in this context")
    return Step(tier, row.code, row.cost_centre or "", "" if row.cost_centre else "names no cost centre")


def _global_step(place: Place) -> Step:
    web = place.web_configuration
    if web is not None and web.cost_centre:
        return Step(Tier.GLOBAL, GLOBAL, "", f"web configuration {web.code} puts {web.cost_centre} in its place")
    return Step(Tier.GLOBAL, GLOBAL, GLOBAL)


TIERS: tuple[tuple[Tier, Callable[[Place], Step]], ...] = (
    (Tier.BRANCH, lambda place: _row_step(Tier.BRANCH, place.branch)),
    (Tier.ENTITY, lambda place: _row_step(Tier.ENTITY, place.entity)),
    (Tier.WEB_CONFIGURATION, lambda place: _row_step(Tier.WEB_CONFIGURATION, place.web_configuration)),
    (Tier.GLOBAL, _global_step),
)
"""TABLE: the tiers of a Cost Centre service, the first that uses the service wins."""


def path(place: Place) -> Iterator[Step]:
    """The steps to ask, nearest first. A name that stands for nothing is said, not passed over in silence."""
    unknown = dict(place.unknown)
    for tier, step in TIERS:
        yield Step(tier, unknown[tier], "", f"there is no {tier} {unknown[tier]}") if tier in unknown else step(place)
