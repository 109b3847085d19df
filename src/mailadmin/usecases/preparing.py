"""Everything about a message decided before it travels: account, From, recipients, and why.

Law: permission, account and forced test mode are decided here, for a new message as for one that was kept.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import NamedTuple

from ..bootstrap import App
from ..domain.addresses import same_address
from ..domain.governed import Organisation
from ..domain.keys import match_key
from ..domain.messages import Message, Outgoing
from ..domain.permissions import UPDATE_FROM, RolePermission
from ..domain.settings import MESSAGE_ID_DOMAIN, PERMISSION_RULE, PermissionRule, Setting, SettingsInForce
from ..errors import BulkRefused, NotPermitted, UnknownName
from ..policy import recipients as policy
from ..policy.permission import Permitted, decide, said_of
from ..policy.sender import From, check_reply_to, decide_from
from ..resolution.provenance import Context, Resolution
from ..resolution.resolver import resolve
from ..storage import repository
from .accounts import Account, account_of


class Prepared(NamedTuple):
    """A message with everything decided and nothing sent: account, From, recipients, and why."""

    outgoing: Outgoing
    resolution: Resolution
    account: Account
    sender: From
    sends: bool
    note: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for beside the message: another From, another name beside it."""

    sender: str | None = None
    sender_name: str | None = None


def prepare(app: App, message: Message, context: Context, wish: Wish | None = None, *, id_: str = "") -> Prepared:
    """Decide everything about a message. Raises MailStopped, NotReady, NotPermitted, TestModeBlocked, GateRefused.

    `context.user` is who sends; a message of nobody in particular goes out as the account itself.
    """
    _refuse_bulk(message)
    wish = wish or Wish()
    with app.store.reading() as connection:
        sealer = app.sealer(connection)
        users = [match_key(context.user)] if context.user else []
        rows = repository.decided_on(connection, sealer, users)
    organisation = Organisation.of(rows)
    settings = SettingsInForce(row for row in rows if isinstance(row, Setting))
    policy.check_not_stopped(settings)
    resolution = resolve(_known(context, organisation), organisation)
    account = account_of(app, resolution, settings)
    roles = [row for row in rows if isinstance(row, RolePermission)]
    sender = _sender(organisation, context, wish, account, roles, settings)
    check_reply_to(message, sender)
    addressed = policy.in_test_mode(message, settings)
    domain = settings.get(MESSAGE_ID_DOMAIN) or sender.own.email.rpartition("@")[2]
    outgoing = Outgoing(
        message=addressed.message,
        sender=sender.address,
        message_id=f"<{id_ or uuid.uuid4().hex}@{domain}>",
        date=app.now(),
        recipients=addressed.message.recipients,
    )
    return Prepared(outgoing, resolution, account, sender, addressed.sends, addressed.note)


def _refuse_bulk(message: object) -> None:
    if not isinstance(message, Message):
        raise BulkRefused(
            "One message at a time, each sent by a person: bulk e-mail is not what Cost Centre accounts are for.",
            remedy="Use a mailing service; finPOWER's Task Manager 2 does not support bulk e-mail either (KB 22347).",
        )


def _known(context: Context, organisation: Organisation) -> Context:
    """The context with its user as kept. Raises UnknownName."""
    if not context.user:
        return context
    user = organisation.users.get(match_key(context.user))
    if user is None:
        raise UnknownName("user", context.user, remedy="mailadmin effective lists everybody.")
    return context._replace(user=user.user_id)


def _sender(
    organisation: Organisation,
    context: Context,
    wish: Wish,
    account: Account,
    roles: list[RolePermission],
    settings: SettingsInForce,
) -> From:
    user = organisation.users.get(match_key(context.user)) if context.user else None
    if user is not None:
        rule = PermissionRule(settings.get(PERMISSION_RULE))
        permitted = decide(user, UPDATE_FROM, said_of(UPDATE_FROM, roles), rule)
        return decide_from(account.own, wish.sender, wish.sender_name, permitted, user.user_id)
    if wish.sender is not None and not same_address(wish.sender, account.own.email):
        raise NotPermitted(f"Only a user may send as another address, by {UPDATE_FROM}.", remedy="Name the user.")
    nobody = Permitted(False, "nobody in particular is sending")
    return decide_from(account.own, None, wish.sender_name, nobody, "nobody")
