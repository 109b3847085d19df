"""Findings of an audit: the facts gathered once, the rules asked, what somebody answers for marked as such.

Law: what cannot be read is unknown and said to be so, by a note of the run or by a finding; it is never fine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from .. import __version__
from ..audit import rules as table
from ..audit.access import access
from ..audit.accounts import Account, accounts_of
from ..audit.domains import DomainRecords, FromDomain, from_domains
from ..audit.facts import DOMAINS, PERMISSIONS, SECRETS, WIDGETS, Answered, Facts, SecretTrouble, Tried
from ..audit.findings import Findings
from ..audit.runs import FindingsRun
from ..audit.widgets import check_widgets
from ..bootstrap import App, advisories
from ..domain.acceptances import Acceptance
from ..domain.governed import GOVERNED, Row, key_of, name_of, table_of
from ..domain.permissions import UPDATE_FROM, RolePermission
from ..domain.portals import Contact
from ..domain.profiles import ExchangeProfile
from ..domain.services import COST_CENTRE_SERVICES, is_captured
from ..domain.settings import DNS_RESOLVER, PERMISSION_RULE, PermissionRule, Setting, SettingsInForce
from ..errors import WrongStore
from ..interchange.files import read_json, write_bytes_privately
from ..resolution.population import People, Person, Population, population
from ..resolution.provenance import Context
from ..storage import directory, repository, verifications
from ..storage.vault import Vault, location_of, missing_from_vault
from ..storage.verifications import Kept
from .migrating import load_snapshot
from .subjects import Subject, subjects_among


class Dns(NamedTuple):
    """How the DNS is asked: a resolver as address:port ('' for the setting's), DKIM selectors, seconds for it all."""

    resolver: str = ""
    selectors: tuple[str, ...] = ()
    deadline: float = 20.0


def findings(
    app: App,
    *,
    as_of: date,
    dns: Dns | None = None,
    rules: Iterable[str] | None = None,
    snapshot: str | Path | None = None,
) -> Findings:
    """Everything the rules (by id; all for None) find, in the store as it is, judged by the dates of a day.

    Without `dns` the DNS is not asked, without `snapshot` (file or id) widgets are not known, and the run says so.
    Raises UnknownName for a rule or snapshot that is not there, Tampered.
    """
    asked = table.chosen(rules)
    facts = gather(app, as_of, dns)
    return table.examine(facts if snapshot is None else _with_widgets(app, facts, snapshot), asked)


def save(app: App, found: Findings, file: str | Path) -> FindingsRun:
    """Write a run, sealed where there is a key, to compare others with. Raises BadInput."""
    with app.store.reading() as connection:
        state = repository.state(connection)
    run = FindingsRun(lineage=state.lineage, anchor=state.anchor, tool_version=__version__, findings=found)
    run = run.sealed(app.seal())
    write_bytes_privately(Path(file), run.document())
    return run


def load(app: App, file: str | Path) -> FindingsRun:
    """A saved run. Raises BadInput, Tampered, and WrongStore for a run of another store."""
    run = FindingsRun.of(read_json(Path(file)), str(file), app.seal())
    with app.store.reading() as connection:
        lineage = repository.state(connection).lineage
    if run.lineage != lineage:
        raise WrongStore(f"{file} is a run of another store.", remedy="Name that store: mailadmin --store URL")
    return run


_SMALL = ("role_permissions", "contacts", "settings", "exceptions")


def gather(app: App, as_of: date, dns: Dns | None = None) -> Facts:
    """What the rules look at. Raises Tampered."""
    with app.store.reading() as connection:
        sealer = app.sealer(connection)
        organisation, people = repository.everybody(connection, sealer)
        # The seals of all users were checked just now, in this very transaction: once is enough for a million.
        everybody = repository.everybody_asking(connection, None)
        known = verifications.every(connection)
        rows = list(repository.rows(connection, sealer, _SMALL).values())
        secrets, secrets_unknown = _secrets(app, connection)
        owners = _owners(people, organisation.overrides)
        accounts = tuple(accounts_of(organisation, owners))
        addressees = directory.addressees(connection, {account.sender for account in accounts if account.user})
    settings = SettingsInForce(row for row in rows if isinstance(row, Setting))
    permissions = tuple(row for row in rows if isinstance(row, RolePermission))
    unknown = {SECRETS: secrets_unknown} if secrets_unknown else {}
    if not permissions or not everybody:
        unknown[PERMISSIONS] = "What roles may is not known: no role permissions, or no users, were taken over."
    unknown[WIDGETS] = "Which widgets the site has is not known: no snapshot was named (--snapshot)."
    if dns is None:
        unknown[DOMAINS] = "What the DNS says of the From domains is not known: it was not asked (--dns)."
    return Facts(
        as_of=as_of,
        organisation=organisation,
        settings=settings,
        permissions=permissions,
        access=access(everybody, UPDATE_FROM, permissions, PermissionRule(settings.get(PERMISSION_RULE))),
        contacts=tuple(row for row in rows if isinstance(row, Contact)),
        accounts=accounts,
        answers=tuple(_answered(population(people, Context(), organisation))),
        owners=owners,
        addressees=addressees,
        secrets=secrets,
        verifications=tuple(_tried(subjects_among(app, organisation, people, settings, _SERVICES), known)),
        advisories=advisories(),
        domains=_domains(accounts, settings, dns) if dns else (),
        acceptances=tuple(row for row in rows if isinstance(row, Acceptance)),
        unknown=unknown,
    )


def _with_widgets(app: App, facts: Facts, snapshot: str | Path) -> Facts:
    rows = load_snapshot(app, snapshot).tables.get("widgets")
    known = {what: why for what, why in facts.unknown.items() if what != WIDGETS}
    if rows is None:
        return replace(
            facts, unknown={**known, WIDGETS: f"Which widgets the site has is not known: {snapshot} has none."}
        )
    return replace(facts, unknown=known, widgets=check_widgets(rows))


def _answered(found: Population) -> Iterator[Answered]:
    """Every distinct answer that is somebody's, and how many users it is the answer for."""
    return (Answered(found.answers[code], users) for code, users in sorted(Counter(found.codes).items()))


def _owners(people: People, overrides: Mapping[str, object]) -> dict[str, Person]:
    return {people.keys[place]: people[place] for place in people.among(overrides.keys())}


_SERVICES = (None, *COST_CENTRE_SERVICES)


def _tried(subjects: Iterable[Subject], known: Mapping[str, Kept]) -> Iterator[Tried]:
    """Every account people send by, and what was last seen of it."""
    for subject in subjects:
        if subject.service not in COST_CENTRE_SERVICES:
            continue  # the person's own Outlook, and a server of one's own, are tried by nobody here
        account = subject.account
        at, _, rungs = known.get(account.profile_hash, ("", "", [])) if account else ("", "", [])
        profile = account.profile if account else None
        yield Tried(
            subject.service,
            subject.cost_centre or "e-mail preference",
            subject.name,
            len(set(subject.users)),
            profile.client_id if isinstance(profile, ExchangeProfile) else "",
            at,
            tuple((str(name), str(result), str(meaning)) for name, result, _, _, meaning, _ in rungs),
        )


_WITH_SECRETS = tuple(name for name, governed in GOVERNED.items() if governed.secrets)


def _secrets(app: App, connection: Connection) -> tuple[tuple[SecretTrouble, ...], str]:
    """The places whose secret cannot be used, or why that cannot be told."""
    rows = repository.rows(connection, app.sealer(connection), _WITH_SECRETS).values()
    places = {place: (row, secret) for row in rows for place, secret in _places(row)}
    if not places:
        return (), ""
    key, sealer = app.key(connection), app.sealer(connection)
    if key is None or sealer is None:
        return (), "Whether secrets can be read is not known: the store's key is not here."
    vault = Vault(connection, repository.state(connection).lineage, app.places.all(), key, sealer)
    missing = missing_from_vault(connection, {place: secret for place, (_, secret) in places.items()})
    troubles = {place: "cannot be read" for place in vault.unreadable() if place in places}
    troubles |= dict.fromkeys(missing, "is not in the vault")
    found = {
        SecretTrouble(name_of(places[place][0]), f"{place.rpartition('/')[2]} {why}") for place, why in troubles.items()
    }
    return tuple(sorted(found)), ""


def _places(row: Row) -> Iterator[tuple[str, str]]:
    """Where a row keeps secrets: their locations and fingerprints."""
    name = table_of(row)
    for field in GOVERNED[name].secrets:
        if is_captured(secret := getattr(row, field)):
            yield location_of(name, key_of(row), field), secret


def _domains(accounts: Iterable[Account], settings: SettingsInForce, dns: Dns) -> tuple[DomainRecords, ...]:
    """What the DNS says of every From domain; where it cannot be asked, each is unknown."""
    domains = from_domains(accounts)
    if not (resolver := dns.resolver or settings.get(DNS_RESOLVER)):
        return _all_unknown(domains, f"no resolver is set (mailadmin settings set {DNS_RESOLVER} ADDRESS)")
    try:
        from ..providers import dns_records
    except ImportError as error:
        return _all_unknown(domains, f"{error.name} is not installed (mailadmin with its extra dns)")
    return dns_records.read(domains, resolver, dns.selectors, dns.deadline)


def _all_unknown(domains: Iterable[FromDomain], why: str) -> tuple[DomainRecords, ...]:
    return tuple(DomainRecords(domain, unknown=(why,)) for domain in domains)
