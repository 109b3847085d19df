"""What is in force, for whom and why; and changing it, always by a plan that is shown before it is applied."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..bootstrap import App
from ..domain.governed import Organisation, Row, key_of, name_of, table_of
from ..domain.keys import match_key, unprintable, visible
from ..domain.organisation import is_global
from ..domain.services import FIELDS, SECRET_FIELDS, Override, Service, ServiceKind
from ..errors import BadInput, KeyNeeded, UnknownName
from ..interchange import configuration
from ..interchange.configuration import DocumentFormat
from ..interchange.files import write_privately
from ..migration import planning
from ..migration.operations import Operation
from ..migration.plan import Plan
from ..resolution.population import Population, population
from ..resolution.provenance import Context, Resolution
from ..resolution.resolver import resolve
from ..storage import repository
from ..storage.vault import location_of, missing_from_vault
from .migrating import base_of, written

EVERY_WEB_CONFIGURATION = "all"


def effective(
    app: App,
    *,
    web_configuration: str | None = None,
    branch: str | None = None,
    service: ServiceKind | None = None,
    attended: bool = False,
) -> list[Population]:
    """Everybody's settings for one question, or for each web configuration where that is `all`.

    By default: on the desktop, at the own branch, service chosen by rule, unattended. Raises UnknownName.
    """
    with app.store.reading() as connection:
        organisation, people = repository.everybody(connection, app.sealer(connection))
    _check_names(organisation, branch, web_configuration)
    webs: Iterable[str | None] = [web_configuration]
    if web_configuration == EVERY_WEB_CONFIGURATION:
        webs = [row.code for _, row in sorted(organisation.web_configurations.items())]
    template = Context(branch=branch, service=service, attended=attended)
    return [population(people, template._replace(web_configuration=web), organisation) for web in webs]


def explain(app: App, context: Context) -> Resolution:
    """One context's answer with its whole proof. Raises UnknownName for a user, branch, … that is not there."""
    if context.user and unprintable(context.user):
        raise UnknownName("user", visible(context.user), remedy="A name holds nothing invisible.")
    with app.store.reading() as connection:
        users = [match_key(context.user)] if context.user else []
        organisation = repository.organisation(connection, app.sealer(connection), users)
    user = organisation.users.get(match_key(context.user)) if context.user else None
    if context.user and user is None:
        raise UnknownName("user", context.user, remedy="mailadmin effective lists everybody.")
    if context.portal and match_key(context.portal) not in organisation.portals:
        raise UnknownName("portal", context.portal)
    _check_names(organisation, context.branch, context.web_configuration)
    return resolve(context._replace(user=user.user_id) if user else context, organisation)


def _check_names(organisation: Organisation, branch: str | None, web_configuration: str | None) -> None:
    if branch and match_key(branch) not in organisation.branches:
        raise UnknownName("branch", branch)
    known = {*organisation.web_configurations, EVERY_WEB_CONFIGURATION}
    if web_configuration and match_key(web_configuration) not in known:
        raise UnknownName("web configuration", web_configuration)


def export_configuration(app: App, form: DocumentFormat, *, out: str | Path | None = None) -> str:
    """The whole configuration as a document; secrets as their fingerprints."""
    with app.store.reading() as connection:
        text = configuration.write(repository.rows(connection, app.sealer(connection)).values(), form)
    if out is not None:
        write_privately(Path(out), text)
    return text


def plan_import(app: App, file: str | Path, *, remove_missing: bool = False, out: str | Path | None = None) -> Plan:
    """The plan that brings the store to a configuration document. Changes nothing.

    With `remove_missing`, rows of the document's tables that it does not name are removed; otherwise left alone.
    Raises SourceRejected with every problem, KeyNeeded where a secret's fingerprint is not known here.
    """
    document = configuration.read(Path(file))
    target = {(table_of(row), key_of(row)): row for row in document.rows()}
    with app.store.reading() as connection:
        current = repository.rows(connection, app.sealer(connection))
        unknown = missing_from_vault(
            connection,
            {
                location_of(table, key, column): fingerprint
                for (table, key), row in target.items()
                for column, fingerprint in Operation(table, None, row).secrets
            },
        )
        if unknown:
            raise KeyNeeded(
                f"{len(unknown)} secret(s) of the document were never entered here: {', '.join(sorted(unknown))}.",
                remedy="Leave them out of the document and enter them: mailadmin secret set",
            )
        named = {table for table, _ in target}
        remove = [place for place in current if remove_missing and place[0] in named and place not in target]
        plan = planning.plan_change(
            target, current, base_of(app, repository.state(connection)), remove=[p for p in remove if not _is_global(p)]
        )
    return written(plan.sealed(app.seal()), out)


def _is_global(place: tuple[str, tuple[str, ...]]) -> bool:
    """GLOBAL is always there: a document that does not name it does not remove it."""
    table, key = place
    return table == "cost_centres" and is_global(key[0])


def plan_secret(
    app: App,
    cost_centre: str,
    service: ServiceKind,
    field: str,
    secret: str,
    *,
    user: str | None = None,
) -> Plan:
    """Put a secret into the vault, and make the plan that uses it in a Cost Centre's service or a user's override.

    Raises UnknownName where there is no such row, BadInput for a field that holds no secret, KeyNeeded without a key.
    """
    if field not in SECRET_FIELDS:
        raise BadInput(f"{field} is not a secret.", remedy=f"Secrets are: {', '.join(SECRET_FIELDS)}.")
    if service not in next(f for f in FIELDS if f.name == field).services:
        raise BadInput(f"{service} has no {field}.")
    wanted: Row = (
        Override(cost_centre=cost_centre, service=service, user_id=user)
        if user
        else Service(cost_centre=cost_centre, service=service)
    )
    place = table_of(wanted), key_of(wanted)
    with app.store.writing() as connection:
        vault = app.vault(connection, "keep a secret")
        state, current = repository.state(connection), repository.rows(connection, app.sealer(connection))
        standing: Any = current.get(place)
        if standing is None:
            raise UnknownName("service or override", name_of(wanted), remedy="mailadmin export shows what there is.")
        location = location_of(*place, field)
        fingerprint = vault.keep({location: secret})[location]
        changed = replace(standing, **{field: fingerprint})
        plan = planning.plan_change({place: changed}, current, base_of(app, state))
    return plan.sealed(app.seal())
