"""Cost Centres: which are named, which answer, and where nobody answers at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ...domain.keys import match_key
from ...domain.organisation import is_global
from ...domain.services import COST_CENTRE_SERVICES, SECRET_FIELDS, ServiceKind, Unit
from ...resolution.provenance import Context, Resolution, Status, is_blank, units_given
from ...resolution.resolver import resolve
from ..accounts import code_of
from ..facts import Facts
from ..findings import Seen
from .rule import COST_CENTRES, HIGH, KB_22347, LOW, MEDIUM, Rule


def no_default_service(facts: Facts) -> Iterator[Seen]:
    """Where unattended mail has no service: users by branch, and web configurations."""
    yield from _where(facts, Status.NO_DEFAULT_SERVICE, "have no default service when nobody is there to choose")
    for web in facts.organisation.web_configurations.values():
        answer = resolve(Context(web_configuration=web.code), facts.organisation)
        if answer.status is Status.NO_DEFAULT_SERVICE:
            yield Seen(f"web configuration {web.code}", "has no default service when nobody is there to choose")


def nobody_uses_service(facts: Facts) -> Iterator[Seen]:
    """Where a service is chosen by rule and nobody on the path uses it."""
    yield from _where(facts, Status.NO_SERVICE, "are given a default service that no cost centre on their path uses")


def _where(facts: Facts, status: Status, words: str) -> Iterator[Seen]:
    counted: dict[str, int] = defaultdict(int)
    for answer, users in facts.answers:
        if answer.status is status:
            counted[_place(answer)] += users
    for place, count in counted.items():
        yield Seen(place, f"{count} user(s) {words}")


def _place(answer: Resolution) -> str:
    return f"branch {answer.context.branch}" if answer.context.branch else "users without a branch"


def ticked_but_blank(facts: Facts) -> Iterator[Seen]:
    """Services that are ticked with every field blank: a stop for whoever comes there."""
    stopped: dict[str, int] = defaultdict(int)
    for answer, users in facts.answers:
        if answer.status is Status.DISABLED and answer.winner:
            stopped[f"{match_key(answer.winner.cost_centre)} / {answer.service}"] += users
    for (centre, kind), settings in facts.organisation.services.items():
        if settings.use_service and is_blank(settings.values, ServiceKind(kind)):
            count = stopped[f"{centre} / {kind}"]
            words = f"and stops {count} user(s) from sending" if count else "and stops whoever comes there"
            yield Seen(f"{code_of(facts.organisation, centre)} / {kind}", f"is ticked with every field blank, {words}")


def incomplete_service(facts: Facts) -> Iterator[Seen]:
    """Services that lack a required value for somebody; secrets and what withholds them have rules of their own."""
    missing: dict[str, tuple[set[str], int]] = {}
    for answer, users in facts.answers:
        lacking = set(answer.missing) - set(SECRET_FIELDS)
        if answer.status is Status.INCOMPLETE and answer.winner and lacking and not _withheld(answer):
            name = f"{answer.winner.cost_centre} / {answer.service}"
            fields, count = missing.get(name, (set(), 0))
            missing[name] = fields | lacking, count + users
    for name, (fields, count) in missing.items():
        yield Seen(name, f"lacks {', '.join(sorted(fields))} for {count} user(s), who cannot send")


def _withheld(answer: Resolution) -> bool:
    given = units_given(answer.own.values, answer.service) if answer.own and answer.service else frozenset()
    return Unit.SERVER in given and Unit.CREDENTIALS not in given


def inactive_cost_centre(facts: Facts) -> Iterator[Seen]:
    """Branches, entities and web configurations that name a Cost Centre that is passed over."""
    for subject, code in _namings(facts):
        found = facts.organisation.cost_centre(code)
        if found is not None and not found.active:
            yield Seen(subject, f"names cost centre {found.code}, which is inactive and passed over")


def unknown_place(facts: Facts) -> Iterator[Seen]:
    """Names that stand for nothing: Cost Centres, entities of branches, branches of users."""
    organisation = facts.organisation
    for subject, code in _namings(facts):
        if organisation.cost_centre(code) is None:
            yield Seen(subject, f"names cost centre {code}, which does not exist")
    for branch in organisation.branches.values():
        if match_key(branch.entity) not in organisation.entities:
            yield Seen(f"branch {branch.code}", f"names entity {branch.entity}, which does not exist")
    lost: dict[str, tuple[str, int]] = {}
    for answer, users in facts.answers:
        branch_code = answer.context.branch
        if branch_code and match_key(branch_code) not in organisation.branches:
            name, count = lost.get(match_key(branch_code), (branch_code, 0))
            lost[match_key(branch_code)] = name, count + users
    for name, count in lost.values():
        yield Seen(f"branch {name}", f"does not exist, and {count} user(s) belong to it")


def _namings(facts: Facts) -> Iterator[tuple[str, str]]:
    organisation = facts.organisation
    for kind, rows in (
        ("branch", organisation.branches),
        ("entity", organisation.entities),
        ("web configuration", organisation.web_configurations),
    ):
        for row in rows.values():
            if row.cost_centre:
                yield f"{kind} {row.code}", row.cost_centre


def unreachable_cost_centre(facts: Facts) -> Iterator[Seen]:
    """Active Cost Centres with a service in use that nothing names, so that nobody ever comes there."""
    named = {match_key(code) for _, code in _namings(facts)}
    used = {centre for (centre, _), settings in facts.organisation.services.items() if settings.use_service}
    for key, row in facts.organisation.cost_centres.items():
        if row.active and key in used and key not in named and not is_global(row.code):
            yield Seen(row.code, "is named by no branch, entity or web configuration")


def shadowed_cost_centre(facts: Facts) -> Iterator[Seen]:
    """Services of a Cost Centre that is named, and always decided before."""
    organisation = facts.organisation
    named = {match_key(code) for _, code in _namings(facts)}
    winners = answering(facts)
    for (centre, kind), settings in organisation.services.items():
        row = organisation.cost_centre(centre)
        if settings.use_service and centre in named and row and row.active and (centre, kind) not in winners:
            yield Seen(f"{row.code} / {kind}", "is never used: whoever names it is answered by a cost centre before it")


def answering(facts: Facts) -> set[tuple[str, str]]:
    """Cost Centre and service of every answer that can be given on the desktop or the web."""
    organisation = facts.organisation
    branches = (None, *(row.code for row in organisation.branches.values()))
    webs = [None, *(row.code for row in organisation.web_configurations.values())]
    found = set()
    for service in COST_CENTRE_SERVICES:
        for branch in branches:
            for web in webs:
                answer = resolve(Context(branch=branch, web_configuration=web, service=service), organisation)
                if answer.winner:
                    found.add((match_key(answer.winner.cost_centre), str(service)))
    return found


RULES: tuple[Rule, ...] = (
    Rule(
        "no-default-service",
        HIGH,
        "No default service for unattended use",
        "Nobody is there to choose, so every unattended message is refused.",
        KB_22347,
        "Choose a default e-mail service in GLOBAL, or in the Cost Centre of the branch.",
        no_default_service,
    ),
    Rule(
        "nobody-uses-service",
        HIGH,
        "The default service is used by nobody",
        "The service is chosen by rule, and no Cost Centre on the path has Use Service ticked for it.",
        COST_CENTRES,
        "Tick Use Service in a Cost Centre on the path, or choose another default service.",
        nobody_uses_service,
    ),
    Rule(
        "incomplete-service",
        HIGH,
        "A required value is missing",
        "A ticked service is a stop, complete or not: nobody further up is asked, and these users cannot send.",
        COST_CENTRES,
        "Enter what is missing, in the Cost Centre or in the users' overrides.",
        incomplete_service,
    ),
    Rule(
        "ticked-but-blank",
        MEDIUM,
        "Ticked, and blank",
        "Use Service with every field blank is a stop: nobody further up is asked. Often it was only begun.",
        COST_CENTRES,
        "Fill the service in or untick it; where it is off on purpose, accept this finding.",
        ticked_but_blank,
    ),
    Rule(
        "inactive-cost-centre",
        MEDIUM,
        "An inactive Cost Centre is named",
        "It is passed over, so that mail goes out by another account than whoever reads the branch expects.",
        COST_CENTRES,
        "Name an active Cost Centre, or none.",
        inactive_cost_centre,
    ),
    Rule(
        "unknown-place",
        MEDIUM,
        "A name stands for nothing",
        "What is not there is passed over, so that mail goes out by another account than expected.",
        COST_CENTRES,
        "Correct the name, or take over what is missing.",
        unknown_place,
    ),
    Rule(
        "unreachable-cost-centre",
        LOW,
        "Nobody ever comes to this Cost Centre",
        "An account nobody uses still has a password somebody can use.",
        COST_CENTRES,
        "Name it where it belongs, or make it inactive.",
        unreachable_cost_centre,
    ),
    Rule(
        "shadowed-cost-centre",
        LOW,
        "A service that is always decided before",
        "It is named, and whoever names it is answered by a Cost Centre nearer to them.",
        COST_CENTRES,
        "Untick Use Service here, or in the Cost Centre that is asked before.",
        shadowed_cost_centre,
    ),
)
