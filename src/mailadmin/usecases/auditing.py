"""Who may, since when and by whose change, who did, and whether the mail system agrees.

Law: what is said of the past comes from the audit trail, which is verified first; where it is broken, nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from ..audit import access as judging
from ..audit import gates, history
from ..audit.access import Access, Everybody, Holder
from ..audit.gates import AccountOf, RightsComparison
from ..audit.history import AccessChange, Site
from ..bootstrap import App
from ..domain.addresses import same_address
from ..domain.governed import Row
from ..domain.keys import match_key
from ..domain.organisation import User
from ..domain.permissions import PERMISSION_KEYS, UPDATE_FROM, RolePermission
from ..domain.profiles import ExchangeProfile, SmtpProfile
from ..domain.settings import PermissionRule
from ..errors import BadInput, NotPermitted, UnknownName
from ..interchange.uploads import Uploads
from ..migration.directory import rows_of
from ..migration.snapshot import Snapshot
from ..providers.ladder import Result
from ..storage import audit_trail, outbox, repository, verifications
from ..storage.outbox import Entry, State
from . import journalling, maintaining
from .accounts import Account
from .migrating import load_snapshot
from .verifying import Subject

Taken = Snapshot | str | Path
"""A snapshot, or its file or id."""

Exports = Sequence[str | Path] | Uploads
"""Exports of Exchange: files, or the bytes of uploaded ones by name."""


def keys(app: App) -> tuple[str, ...]:
    """Every permission key that can be asked for: those roles say something about, and those whose default is known."""
    with app.store.reading() as connection:
        rows = repository.rows(connection, app.sealer(connection), ("role_permissions",)).values()
    said = [row.permission_key for row in rows if isinstance(row, RolePermission)]
    return tuple(key for _, key in sorted({match_key(key): key for key in (*said, *PERMISSION_KEYS)}.items()))


def access(
    app: App,
    key: str = UPDATE_FROM,
    *,
    at: date | None = None,
    rule: PermissionRule | None = None,
    snapshot: Taken | None = None,
) -> Access:
    """Everybody's answer for a key: now, at the end of a day (UTC), or of a snapshot; by the site's rule, or another.

    Raises BadInput for a blank key and for a day before the store's first entry, Tampered.
    """
    if not key.strip():
        raise BadInput("No permission key was named.", remedy=f"Such as {UPDATE_FROM}.")
    if snapshot is not None:
        if at is not None:
            raise BadInput("A snapshot is of its own day.", remedy="Leave out --at, or name an older snapshot.")
        taken = _taken(app, snapshot)
        site, as_of = _noted(taken, rule), taken.taken_at
        everybody = site.everybody
    elif at is not None:
        with _past(app) as (connection, site):
            _check_day(connection, at)
            for deed in audit_trail.deeds(connection, history.TABLES, audit_trail.last_of_day(connection, at)):
                site.undo(deed)
        everybody, as_of = site.everybody, at.isoformat()
    else:
        with app.store.reading() as connection:
            everybody, rows = _present(app, connection)
        site, as_of = Site.of(_NOBODY, rows), app.clock().date().isoformat()
    return judging.access(everybody, key, list(site.roles.values()), rule or site.rule, as_of)


_NOBODY = Everybody.of(())


def _present(app: App, connection: Connection) -> tuple[Everybody, Iterable[Row]]:
    sealer = app.sealer(connection)
    rows = repository.rows(connection, sealer, ("role_permissions", "settings")).values()
    return repository.everybody_asking(connection, sealer), rows


@contextmanager
def _past(app: App) -> Iterator[tuple[Connection, Site]]:
    """The site as it is, and the verified trail to walk it back along. Raises Tampered, KeyNeeded."""
    maintaining.verify_trail(app)
    with app.store.reading() as connection:
        yield connection, Site.of(*_present(app, connection))


def _check_day(connection: Connection, day: date) -> None:
    first = audit_trail.first_day(connection)
    if first is None or day < first:
        when = f"has its first entry on {first.isoformat()}" if first else "has no entry yet"
        raise BadInput(
            f"The store {when}: who might do what on {day.isoformat()} is not known here.",
            remedy="Ask a snapshot of that time: --snapshot FILE",
        )


def _taken(app: App, snapshot: Taken) -> Snapshot:
    return snapshot if isinstance(snapshot, Snapshot) else load_snapshot(app, snapshot)


def _noted(taken: Snapshot, rule: PermissionRule | None) -> Site:
    """The site a snapshot tells of."""
    site = Site.of(_NOBODY, (row for row in rows_of(taken) if not isinstance(row, User)))
    site.users = {match_key(user.user_id): history.Asker.of(user) for user in rows_of(taken) if isinstance(user, User)}
    if rule is not None:
        site.rule = rule
    return site


class Since(NamedTuple):
    """One user's answer, and the change that made it what it is; None where the trail knows of none."""

    holder: Holder
    change: AccessChange | None


def since(app: App, user: str, key: str = UPDATE_FROM, *, rule: PermissionRule | None = None) -> Since:
    """One user's answer with its path, and since when it is so, which under another `rule` it never was.

    Raises UnknownName, Tampered, KeyNeeded.
    """
    with _past(app) as (connection, site):
        which = match_key(user)
        if which not in site.users:
            raise UnknownName("user", user, remedy="mailadmin audit permission lists everybody.")
        asker = site.users[which]
        if rule is not None and rule is not site.rule:
            judge = judging.Judge(key, list(site.roles.values()), rule)
            return Since(Holder(asker.user_id, asker.name, *judge.answer(asker.question)), None)
        holder = Holder(asker.user_id, asker.name, *site.judge(key).answer(asker.question))
        walked = history.walk(site, audit_trail.deeds(connection, history.TABLES), key, which)
        return Since(holder, next(walked, None))


def changes(
    app: App, since: date | Taken, until: date | Taken, key: str = UPDATE_FROM, *, rule: PermissionRule | None = None
) -> tuple[AccessChange, ...]:
    """Whose answer changed from the beginning of a day to the end of another, oldest first; or between two snapshots.

    `rule` is the one snapshots are judged by: they do not hold it. Raises BadInput, Tampered.
    """
    if isinstance(since, date) and isinstance(until, date):
        if until < since:
            raise BadInput(f"{until.isoformat()} is before {since.isoformat()}.", remedy="Exchange the two.")
        return _changes_of_trail(app, since, until, key)
    if isinstance(since, date) or isinstance(until, date):
        raise BadInput("A day and a snapshot cannot be compared.", remedy="Give two days, or two snapshots.")
    before, after = (_noted(_taken(app, snapshot), rule) for snapshot in (since, until))
    return tuple(history.between(before, after, key))


def _changes_of_trail(app: App, since: date, until: date, key: str) -> tuple[AccessChange, ...]:
    with _past(app) as (connection, site):
        _check_day(connection, until)
        last = audit_trail.last_of_day(connection, until)
        first = audit_trail.last_of_day(connection, since - timedelta(days=1))
        for deed in (deeds := list(audit_trail.deeds(connection, history.TABLES, first))):
            if deed.seq > last:
                site.undo(deed)
        found = list(history.walk(site, [deed for deed in deeds if deed.seq <= last], key))
    return tuple(reversed(found))


class Use(NamedTuple):
    """One message whose From was changed, or was to be: when, who, as whom, allowed by what, and what became of it.

    `actor` pressed send; `outcome` is the state of the outbox, or `refused`, and `refused` then says why. A message
    refused when it was first to go out has no id, and its `refused` names the From.
    """

    at: str
    user_id: str
    actor: str
    sender: str
    own: str
    allowed_by: str
    outcome: str
    refused: str
    message: str


def use(app: App) -> tuple[Use, ...]:
    """Every message whose From was changed, oldest first, and every one refused because it was not allowed.

    Taken from the outbox and the audit trail: what is gone from the one stands in the other. Raises Tampered.
    """
    maintaining.verify_trail(app)
    with app.store.reading() as connection:
        entries = outbox.entries(connection, journalling.seal_of(app, connection))
        trail = list(audit_trail.mail(connection))
    kept = {entry.id for entry in entries}
    found = [_use_of(entry) for entry in entries if not same_address(entry.sender_email, entry.own_email)]
    gone = {told.object.partition(" ")[2]: told for told in trail if told.about.get("from_changed")}
    for message in gone.keys() - kept:
        at, actor, _, about = gone[message]
        parties = about["user"], actor, about["from"], about["own"], about["reason"]
        found.append(Use(at, *parties, f"{about['state']}; gone from the outbox", "", message))
    for at, actor, what, about in trail:
        if what == audit_trail.REFUSAL and about.get("error") == NotPermitted.__name__:
            found.append(Use(at, about["user"], actor, "", "", "", "refused", about["reason"], ""))
    return tuple(sorted(found, key=lambda used: (used.at, used.message, used.user_id, used.refused)))


def _use_of(entry: Entry) -> Use:
    return Use(
        entry.created_at,
        entry.user_id,
        entry.created_by,
        entry.sender_email,
        entry.own_email,
        entry.sender_reason,
        str(entry.state),
        entry.note if entry.state is State.HELD else "",
        entry.id,
    )


def rights(app: App, files: Exports, key: str = UPDATE_FROM) -> RightsComparison:
    """Set permission, consent and the mailbox rights in Exchange exports side by side.

    Raises SourceRejected with every problem of the files.
    """
    from ..interchange.mailbox_rights import read_mailbox_rights
    from . import verifying

    given = list(files.values()) if isinstance(files, Mapping) else []
    exported = read_mailbox_rights([Path(file) for file in files], given)
    accounts = [_account_at(app, subject) for subject in verifying.subjects(app)]
    with app.store.reading() as connection:
        emails = repository.emails(connection, app.sealer(connection))
    return gates.compare(
        access(app, key), emails, accounts, exported, [(u.user_id, u.sender) for u in use(app) if u.sender]
    )


def _account_at(app: App, subject: Subject) -> AccountOf:
    """The mailbox of an account, and what its last verification saw of the consent of its application."""
    match subject.account:
        case Account(profile=ExchangeProfile() as profile, profile_hash=profile_hash):
            with app.store.reading() as connection:
                known = verifications.kept(connection, profile_hash)
            return AccountOf(profile.mailbox, subject.users, _consent(known))
        case Account(profile=SmtpProfile() as profile):
            name = profile.user_name or ""
            return AccountOf(name if "@" in name else "", subject.users, "not needed (SMTP)")
        case _:
            return AccountOf("", subject.users, "unknown")


def _consent(known: verifications.Kept | None) -> str:
    if known is None:
        return "unknown: never verified"
    at, _, rungs = known
    result = next((str(rung[1]) for rung in rungs if rung[0] == "roles"), str(Result.NOT_REACHED))
    return f"{_CONSENT.get(Result(result), 'unknown')}, seen on {at[:10]}"


_CONSENT = {Result.PASSED: "given", Result.WARNING: "in doubt", Result.FAILED: "not given"}
"""What the rung `roles` says of the consent."""
