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
from ..domain.organisation import User
from ..domain.permissions import UPDATE_FROM, RolePermission
from ..domain.portals import Contact
from ..domain.settings import MESSAGE_ID_DOMAIN, PERMISSION_RULE, PermissionRule, Setting, SettingsInForce
from ..errors import BulkRefused, NotPermitted, NotReady, UnknownName
from ..policy import composition, copies, readiness
from ..policy import recipients as policy
from ..policy.permission import Permitted, decide, said_of
from ..policy.sender import From, check_reply_to, decide_from
from ..resolution.provenance import Context, Resolution
from ..resolution.resolver import resolve
from ..storage import repository
from .accounts import Account, account_of


class Prepared(NamedTuple):
    """A message with everything decided and nothing sent: account, From, recipients, and why.

    `message` is what is kept of it: as it was written, with the copy to the own address.
    """

    message: Message
    outgoing: Outgoing
    resolution: Resolution
    account: Account
    sender: From
    sends: bool
    note: str


@dataclass(frozen=True, slots=True)
class Ground:
    """What everything about a message is decided on: the site as it is kept at one moment."""

    organisation: Organisation
    settings: SettingsInForce
    roles: tuple[RolePermission, ...]
    contacts: tuple[Contact, ...]

    def user(self, context: Context) -> User | None:
        """Who sends. Raises UnknownName."""
        if not context.user:
            return None
        user = self.organisation.users.get(match_key(context.user))
        if user is None:
            raise UnknownName("user", context.user, remedy="mailadmin effective lists everybody.")
        return user

    def resolve(self, context: Context) -> Resolution:
        """Which account, and why. Raises UnknownName."""
        user = self.user(context)
        return resolve(context._replace(user=user.user_id) if user else context, self.organisation)

    def may_change_from(self, user: User | None) -> Permitted:
        """Whether whoever sends may send as another address."""
        if user is None:
            return Permitted(False, "nobody in particular is sending")
        rule = PermissionRule(self.settings.get(PERMISSION_RULE))
        return decide(user, UPDATE_FROM, said_of(UPDATE_FROM, self.roles), rule)


def ground_of(app: App, context: Context) -> Ground:
    """The ground for whoever sends."""
    with app.store.reading() as connection:
        users = [match_key(context.user)] if context.user else []
        rows = repository.decided_on(connection, app.sealer(connection), users, contacts=context.portal is not None)
    return Ground(
        Organisation.of(rows),
        SettingsInForce(row for row in rows if isinstance(row, Setting)),
        tuple(row for row in rows if isinstance(row, RolePermission)),
        tuple(row for row in rows if isinstance(row, Contact)),
    )


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
    ground = ground_of(app, context)
    settings = ground.settings
    policy.check_not_stopped(settings)
    if context.portal is not None:
        _check_portal(message, context, ground)
    resolution = ground.resolve(context)
    account = account_of(app, resolution, settings)
    sender = _sender(ground, context, wish or Wish(), account)
    if context.portal is None:
        check_reply_to(message, sender)
    if context.portal is None and not id_:
        copy = copies.copy_wanted(ground.organisation, context.user)
        own = copies.own_address(ground.organisation, context.user, account.own)
        message = copies.with_copy(message, own, copy, account.profile.service)
    message = composition.with_pictures_as_parts(message)
    addressed = policy.in_test_mode(message, settings)
    domain = settings.get(MESSAGE_ID_DOMAIN) or sender.own.email.rpartition("@")[2]
    outgoing = Outgoing(
        message=addressed.message,
        sender=sender.address,
        message_id=f"<{id_ or uuid.uuid4().hex}@{domain}>",
        date=app.now(),
        recipients=addressed.message.recipients,
    )
    return Prepared(message, outgoing, resolution, account, sender, addressed.sends, addressed.note)


def _check_portal(message: Message, context: Context, ground: Ground) -> None:
    """Raise NotReady where the portal cannot send, RecipientNotContact for anybody but its partner's contacts."""
    portal = ground.organisation.portals.get(match_key(context.portal or ""))
    if portal is None:
        raise UnknownName("portal", context.portal or "", remedy="mailadmin portal status lists them.")
    if missing := readiness.of_portal(portal).missing:
        raise NotReady(
            f"Portal {portal.code} sends no e-mail: {', '.join(missing)} is missing.",
            remedy="Fill it in: in the portal's form, or with `mailadmin portal set`.",
        )
    if not context.business_partner:
        raise NotReady("A portal writes about one business partner.", remedy="Name it: --business-partner CODE.")
    policy.check_contacts(message, context.business_partner, ground.contacts)


def _refuse_bulk(message: object) -> None:
    if not isinstance(message, Message):
        raise BulkRefused(
            "One message at a time, each sent by a person: bulk e-mail is not what Cost Centre accounts are for.",
            remedy="Use a mailing service; finPOWER's Task Manager 2 does not support bulk e-mail either (KB 22347).",
        )


def _sender(ground: Ground, context: Context, wish: Wish, account: Account) -> From:
    user = ground.user(context) if context.portal is None else None
    if user is not None:
        return decide_from(account.own, wish.sender, wish.sender_name, ground.may_change_from(user), user.user_id)
    if wish.sender is not None and not same_address(wish.sender, account.own.email):
        raise NotPermitted(f"Only a user may send as another address, by {UPDATE_FROM}.", remedy="Name the user.")
    if context.portal is not None and wish.sender_name not in (None, "", account.own.name):
        raise NotPermitted(f"Portal {context.portal} sends under its own name alone.", remedy="Leave the name out.")
    return decide_from(account.own, None, wish.sender_name, ground.may_change_from(None), "nobody")
