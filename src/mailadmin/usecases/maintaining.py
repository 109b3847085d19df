"""Looking after a store: is it whole, can its secrets be read, and changing its key."""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import NamedTuple

from sqlalchemy import Connection, text

from .. import __version__
from ..bootstrap import App
from ..domain.governed import GOVERNED
from ..errors import KeyNeeded, Tampered
from ..migration.plan import Plan
from ..policy.calendar import Standing
from ..storage import audit_trail, books, calendar, contents, outbox, repository, sealing
from ..storage.keys import StoreKey, new_key
from ..storage.unit_of_work import SCHEMA_VERSION
from ..storage.vault import Vault
from .applying import check_anchor, check_store

BATCH = 500
"""Secrets put under the new key in one transaction."""


class Check(NamedTuple):
    """One thing looked at: `state` is ok, notice or problem."""

    check: str
    state: str
    found: str
    remedy: str = ""


Look = Callable[[App, Connection], Iterator[Check]]

OK, NOTICE, PROBLEM = "ok", "notice", "problem"
RESTORE = "Restore the store from a backup."


def doctor(app: App) -> list[Check]:
    """Look at store, rows, audit trail, runs, key and secrets, and versions; nothing is changed."""
    with app.store.reading() as connection:
        return [check for look in LOOKS for check in _looked(look, app, connection)]


def _looked(look: Look, app: App, connection: Connection) -> Iterator[Check]:
    """What a look finds; what it cannot get past is itself a problem."""
    try:
        yield from look(app, connection)
    except Tampered as error:
        yield Check(look.__name__.strip("_").replace("_", " "), PROBLEM, error.what, error.remedy)


def _engine(app: App, connection: Connection) -> Iterator[Check]:
    if connection.dialect.name != "sqlite":
        yield Check("database", OK, f"{connection.dialect.name} {connection.dialect.server_version_info}")
        return
    damage = [str(row[0]) for row in connection.execute(text("PRAGMA integrity_check")) if row[0] != "ok"]
    orphans = connection.execute(text("PRAGMA foreign_key_check")).all()
    found = "; ".join(damage + [f"{row[0]} refers to a missing row of {row[2]}" for row in orphans])
    remedy = RESTORE if found else ""
    yield Check("database", PROBLEM if found else OK, found or "SQLite finds no damage", remedy)


def _rows(app: App, connection: Connection) -> Iterator[Check]:
    sealer = app.sealer(connection)
    if sealer is None:
        yield Check("rows", NOTICE, "not checked: rows are sealed under a key that is not here", "mailadmin key create")
        return
    bad = list(sealing.unsealed_rows(connection, GOVERNED, sealer))
    for name in bad:
        yield Check("rows", PROBLEM, f"{name} is not as it was written", RESTORE)
    if not bad:
        yield Check("rows", OK, "every governed row is as it was written")


def _contents(app: App, connection: Connection) -> Iterator[Check]:
    if (sealer := app.sealer(connection)) is None:
        return
    kept = contents.kept(connection, sealer)
    odd = kept.odd_tables(connection) if kept.digests else []
    for table in odd:
        yield Check("contents", PROBLEM, f"a row of {table} is missing, stands twice, or was put back", RESTORE)
    if contents.sealed(connection, sealer) is None:
        found = "which rows there are is not sealed yet: nothing was applied since the store was upgraded"
        yield Check("contents", NOTICE, found, "The next applied plan seals it, and so does: mailadmin key rotate")
    elif not odd:
        yield Check("contents", OK, "every governed row is there, and no other")


def _trail(app: App, connection: Connection) -> Iterator[Check]:
    try:
        yield Check("audit trail", OK, f"{_whole_trail(app, connection)} entries, an unbroken chain")
    except KeyNeeded as error:
        yield Check("audit trail", NOTICE, f"not checked: {error.what}", error.remedy)
    except Tampered as error:
        yield Check("audit trail", PROBLEM, error.what, error.remedy)
    for seq, at, before in audit_trail.out_of_time(connection):
        found = f"entry {seq} is of {at}, the one before of {before}: the clock was set back"
        yield Check("clock", NOTICE, found, "Trust the order of the entries, not their times.")


def verify_trail(app: App, plan: Plan | None = None) -> int:
    """The number of entries of the audit trail.

    Raises Tampered where it was changed, does not fit the runs, or lacks the entry that was its last when `plan` was
    made; WrongStore for a plan of another store, KeyNeeded where the trail's key is not here.
    """
    with app.store.reading() as connection:
        count = _whole_trail(app, connection)
        if plan is not None:
            check_store(plan, repository.state(connection))
            check_anchor(connection, plan)
    return count


def _whole_trail(app: App, connection: Connection) -> int:
    sealer, key_id = app.sealer(connection), repository.state(connection).key_id
    if sealer is None and key_id is not None:
        raise KeyNeeded(f"The audit trail is sealed under key {key_id}…, which is not here.", remedy="Bring it back.")
    count = audit_trail.verify(connection, sealer.seal if sealer else None)
    of_plans = count - audit_trail.entries_of(connection, audit_trail.NO_PLAN)
    if (expected := books.operations_applied(connection)) != of_plans:
        raise Tampered(
            f"The audit trail has {of_plans} entries of plans, and the applied plans have {expected} operations: "
            f"after entry {count} entries were cut off, or before it some were added.",
            remedy=RESTORE,
        )
    return count


def _runs(app: App, connection: Connection) -> Iterator[Check]:
    serial, runs = repository.state(connection).serial, books.runs(connection)
    whole = [run.run for run in runs] == list(range(1, serial + 1))
    found = f"{len(runs)} applied plan(s), serial {serial}"
    yield Check("runs", OK if whole else PROBLEM, found, "" if whole else RESTORE)


def _outbox(app: App, connection: Connection) -> Iterator[Check]:
    sealer = app.sealer(connection)
    entries = outbox.entries(connection, sealer.seal if sealer else None)
    told = audit_trail.messages_told_of(connection)
    known = {f"message {entry.id}" for entry in entries}
    ended = {f"message {entry.id}" for entry in entries if entry.state in outbox.FINISHED}
    for name in sorted((told - known) | (ended - told)):
        what = "is gone from the outbox" if name in told else "has no entry in the audit trail"
        yield Check("outbox", PROBLEM, f"{name} {what}", RESTORE)
    unknown = sum(entry.state is outbox.State.UNKNOWN for entry in entries)
    if unknown:
        found = f"of {unknown} message(s) nobody knows whether they were sent"
        yield Check("outbox", NOTICE, found, "mailadmin outbox reconcile")
    yield Check("outbox", OK, f"{len(entries)} message(s), each as it was written")


def _calendar(app: App, connection: Connection) -> Iterator[Check]:
    sealer = app.sealer(connection)
    known = calendar.every(connection, sealer.seal if sealer else None).values()
    if begun := [one.activity for one in known if one.standing is Standing.ENTERING]:
        found = f"of activities {', '.join(begun)} it is not known whether their calendar was told"
        yield Check("calendar", NOTICE, found, "Enter them again: mailadmin calendar enter FILE")
    if known:
        yield Check("calendar", OK, f"{len(known)} activities, each as it was written")


def _secrets(app: App, connection: Connection) -> Iterator[Check]:
    state, keys = repository.state(connection), app.places.all()
    sealer, key = app.sealer(connection), app.key(connection)
    if state.key_id is None:
        yield Check("key", NOTICE, "the store has no key: nothing is sealed, no secret is kept", "mailadmin key create")
    elif key is None or sealer is None:
        found = f"key {state.key_id}… is not here: secrets cannot be read, seals are not checked"
        yield Check("key", PROBLEM, found, "Bring the key back.")
        for location in books.secret_locations(connection):
            yield Check("secret", NOTICE, f"{location} cannot be read without its key")
    else:
        vault = Vault(connection, state.lineage, keys, key, sealer)
        yield Check("key", OK, f"key {key.id}…")
        for location in vault.unreadable():
            yield Check("secret", PROBLEM, f"{location} cannot be read", "Enter it again: mailadmin secret set")
        if others := vault.under_other_keys():
            yield Check("secret", NOTICE, f"{others} secret(s) are under an older key", "mailadmin key rotate")


def _versions(app: App, connection: Connection) -> Iterator[Check]:
    parts = [f"mailadmin {__version__}", f"schema {SCHEMA_VERSION}", f"Python {platform.python_version()}"]
    parts += [f"SQLite {sqlite3.sqlite_version}", f"SQLAlchemy {version('sqlalchemy')}"]
    yield Check("versions", OK, ", ".join(parts))


LOOKS: tuple[Look, ...] = (_engine, _rows, _contents, _trail, _runs, _outbox, _calendar, _secrets, _versions)
"""TABLE: what the doctor looks at, in order."""


class Rotation(NamedTuple):
    """A finished change of keys."""

    old: str
    new: str
    secrets: int


def rotate_key(app: App, progress: Callable[[str], None] | None = None) -> Rotation:
    """Put every secret under a new key and drop the old one; interrupted anywhere, it goes on when called again.

    The new key is kept before the old one first (the first key found is the one to change to); the old one goes when no
    secret is under it any more. Fingerprints and seals do not change: the sealer is only encrypted anew. Raises
    KeyNeeded where the present key is not here, or its place cannot be written (keys in the environment are changed
    there: the new one first).
    """
    with app.store.reading() as connection:
        state = repository.state(connection)
    keys = list(app.places.all().values())
    old = next((key for key in keys if key.id == state.key_id), None)
    if old is None:
        raise KeyNeeded("The store's key is not here, so it cannot be changed.", remedy="Bring it back first.")
    new = keys[0]
    if len(keys) == 1:
        new = new_key()
        app.places.keep([new, old])
    moved = 0
    while batch := _renew(app, new):
        moved += batch
        if progress:
            progress(f"{moved} secrets")
    with app.store.writing() as connection:
        vault = _vault(app, connection, new)
        while batch := vault.renew(BATCH):  # entered since, under the old key
            moved += batch
        sealing.wrap_sealer(connection, new, vault.sealer)
        sealing.seal_contents(connection, new, vault.sealer)
    app.places.keep([new])
    return Rotation(old.id, new.id, moved)


def _renew(app: App, new: StoreKey) -> int:
    with app.store.writing() as connection:
        return _vault(app, connection, new).renew(BATCH)


def _vault(app: App, connection: Connection, new: StoreKey) -> Vault:
    sealer = app.writer_sealer(connection)
    if sealer is None:
        raise KeyNeeded("The store has no key that could be changed.", remedy="mailadmin key create")
    return Vault(connection, repository.state(connection).lineage, app.places.all(), new, sealer)
