"""A message while it is written: how it would go out and what stands in its way, and a kept one opened again.

Law: what is shown before pressing send is advice; sending decides everything again.
"""

from __future__ import annotations

from dataclasses import replace
from mimetypes import guess_type
from pathlib import Path
from typing import NamedTuple

from ..bootstrap import App
from ..domain.addresses import same_address
from ..domain.governed import Organisation
from ..domain.messages import Address, Attachment, Message
from ..domain.organisation import Branch, WebConfiguration
from ..domain.preferences import CopyToSelf
from ..domain.services import ServiceKind
from ..errors import BadInput, MailAdminError, Refused
from ..policy import copies, recipients
from ..policy.permission import Permitted
from ..policy.signatures import signature_in_force
from ..providers.capabilities import Ability
from ..providers.registry import provider_for
from ..resolution.provenance import Context, Resolution, Status
from ..storage import directory, outbox, repository
from ..storage.directory import Listed
from ..storage.outbox import Entry, State
from . import journalling
from .accounts import Account, account_of
from .configuring import effective
from .preparing import Ground, Wish, ground_of
from .sending import as_written, context_of
from .verifying import Standing, standing

MOST_LISTED = 20
"""As many users as a person looks through; whoever is not among them is searched for more closely."""


class Copy(NamedTuple):
    """The copy to one's own address that is added when a message is sent."""

    how: CopyToSelf
    to: Address


class Prospect(NamedTuple):
    """How a message would go out as of now. `account` and what goes with it are None where none can be used.

    `problems` is everything that stands in the way, `note` what forced test mode does; `signature` is HTML.
    """

    resolution: Resolution
    permitted: Permitted
    account: Account | None = None
    ability: Ability | None = None
    standing: Standing | None = None
    problems: tuple[MailAdminError, ...] = ()
    note: str = ""
    signature: str = ""
    copy: Copy | None = None


def prospect(app: App, context: Context) -> Prospect:
    """What there is to know before a message is sent. Raises UnknownName for a user who is not there."""
    ground = ground_of(app, context)
    resolution, user = ground.resolve(context), ground.user(context)
    problems: list[MailAdminError] = []
    account, note = None, ""
    try:
        recipients.check_not_stopped(ground.settings)
    except MailAdminError as error:
        problems.append(error)
    try:
        note = recipients.forced(ground.settings).note
    except MailAdminError as error:
        problems.append(error)
    try:
        account = account_of(app, resolution, ground.settings)
    except MailAdminError as error:
        problems.append(error)
    if account is not None and account.profile.service is ServiceKind.OUTLOOK:
        note = "; ".join(filter(None, (note, copies.BY_OUTLOOK.removesuffix("."))))
    return Prospect(
        resolution,
        ground.may_change_from(user),
        account,
        provider_for(account.profile).ability if account else None,
        standing(app, resolution) if account else None,
        tuple(problems),
        note,
        signature_in_force(ground.organisation, context.user, resolution.service),
        _copy(ground, context, account) if account else None,
    )


def _copy(ground: Ground, context: Context, account: Account) -> Copy | None:
    how = copies.copy_wanted(ground.organisation, context.user)
    if how is CopyToSelf.NO_COPY or account.profile.service is ServiceKind.OUTLOOK:
        return None
    return Copy(how, copies.own_address(ground.organisation, context.user, account.own))


def users(app: App, wanted: str) -> list[Listed]:
    """The first users whose id or name holds this text."""
    with app.store.reading() as connection:
        return directory.users_like(connection, wanted, MOST_LISTED)


def user(app: App, user_id: str) -> Listed | None:
    """The user of an id, if there is one."""
    with app.store.reading() as connection:
        return directory.user_named(connection, user_id)


def somebody_ready(app: App) -> str | None:
    """The first user, by id, whose mail would go out; for trying things out."""
    (everybody,) = effective(app, attended=True)
    return next((answer.context.user for answer in everybody if answer.status is Status.READY), None)


def how_many_users(app: App) -> int:
    """The number of users: whether a search among them takes its time."""
    with app.store.reading() as connection:
        return directory.how_many(connection)


class Places(NamedTuple):
    """Where a message can be sent from besides the sender's own place."""

    branches: tuple[Branch, ...]
    web_configurations: tuple[WebConfiguration, ...]


def places(app: App) -> Places:
    """Every branch and web configuration, by code."""
    with app.store.reading() as connection:
        rows = repository.rows(connection, app.sealer(connection), ("branches", "web_configurations"))
    found = Organisation.of(row for _, row in sorted(rows.items()))
    return Places(tuple(found.branches.values()), tuple(found.web_configurations.values()))


def attachment_of(file: Path, *, inline: bool = False) -> Attachment:
    """A file as it travels with a message; inline, the HTML shows it as `cid:<file name>`. Raises BadInput."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}.", remedy="Nothing was sent.") from error
    kind = guess_type(file.name)[0] or "application/octet-stream"
    return Attachment(file.name, content, kind, file.name if inline else None)


def report_of(place: Path) -> list[Attachment]:
    """The PDFs of a report's folder, or one file of it. Raises BadInput where there is none."""
    files = sorted(place.glob("*.pdf")) if place.is_dir() else [place]
    if not files:
        raise BadInput(f"There is no PDF in {place}.", remedy="Write the report with its PDF first, or name a file.")
    return [attachment_of(file) for file in files]


class Reopened(NamedTuple):
    """A kept message to be written on; `have_it` got it already and are left out of it.

    `draft_stays` says that its draft stands in the mailbox, where only a person can delete it.
    """

    entry: Entry
    message: Message
    context: Context
    wish: Wish
    have_it: tuple[str, ...] = ()
    draft_stays: bool = False


def reopened(app: App, named: str) -> Reopened:
    """A kept message opened for edit; what is sent of it then is a new version, by `send(…, replaces=…)`.

    Raises Refused where it went out, may have gone out, or is a portal's; DraftChanged where it is not as written.
    """
    journalling.recover(app)
    with app.store.reading() as connection:
        entry = outbox.entry_of(connection, named, journalling.seal_of(app, connection))
        files = outbox.files_of(connection, entry)
    if entry.state not in {*outbox.SENDABLE, State.FAILED}:
        raise Refused(
            f"Message {entry.id[:8]} cannot be edited, it is {entry.state}: {outbox.STATES[entry.state]}.",
            remedy="Find out first what became of it." if entry.state is State.UNKNOWN else "Write it anew.",
        )
    context = context_of(entry)
    if context.portal is not None:
        raise Refused(f"Message {entry.id[:8]} is a portal's.", remedy="It is written in the portal, or given up.")
    message = as_written(app, entry, files)
    have_it = tuple(status.email for status in entry.recipients if status.accepted)

    def waiting(people: tuple[Address, ...]) -> tuple[Address, ...]:
        return tuple(one for one in people if one.email not in have_it)

    own = same_address(entry.sender_email, entry.own_email)
    return Reopened(
        entry,
        replace(message, to=waiting(message.to), cc=waiting(message.cc), bcc=waiting(message.bcc)),
        context,
        Wish(None if own else entry.sender_email, entry.sender_name),
        have_it,
        entry.remote_id is not None,
    )
