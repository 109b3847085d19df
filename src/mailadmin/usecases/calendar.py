"""Activities in calendars: who is ready, entering and changing them, taking them out, and what stands where.

Laws: what a calendar is told is kept before it is told, so that a UID is never lost and nothing is entered twice;
stopped mail and forced test mode count here as for messages; one activity that fails keeps no other back. Sources:
Monitor ERP, "Export activities to calendar program by default"; RFC 5546.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

from ..bootstrap import App
from ..domain.activities import Activity
from ..domain.governed import Organisation
from ..domain.keys import match_key
from ..domain.messages import Address, Message, unique
from ..domain.organisation import User
from ..domain.preferences import SYSTEM, MailPreference
from ..domain.profiles import ExchangeProfile, SmtpProfile
from ..domain.settings import CALENDAR_BY_SMTP, Setting, SettingsInForce
from ..errors import MailAdminError, Refused, ServiceRefused, UnknownName, Unsupported
from ..policy import readiness, recipients
from ..policy.calendar import Act, Known, Standing, Step, step_of
from ..policy.readiness import Readiness
from ..policy.recipients import Forced
from ..providers.graph_calendar import GraphCalendar, event_resource, transaction_of
from ..providers.invitations import Method, invitation, times_in_words
from ..providers.registry import provider_for
from ..resolution.provenance import Context, Resolution
from ..resolution.resolver import resolve
from ..storage import audit_trail, repository
from ..storage import calendar as book
from . import sending
from .accounts import Account, account_of

MakeCalendar = Callable[[ExchangeProfile], GraphCalendar]


class UserStanding(NamedTuple):
    """A user, how the user's activities would reach a calendar, and what is missing before they can."""

    user: User
    answer: Resolution
    readiness: Readiness


class Told(NamedTuple):
    """What became of an activity: what was done, under which sequence, where, and in words; or what went wrong."""

    activity: Activity
    act: Act
    sequence: int
    account: str
    words: str
    problem: MailAdminError | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """What activities are decided on: the site as it is kept at one moment."""

    organisation: Organisation
    settings: SettingsInForce
    known: dict[str, Known]
    lineage: str

    def standing(self, user_id: str) -> UserStanding:
        """A user's readiness. Raises UnknownName."""
        user = self.organisation.users.get(match_key(user_id))
        if user is None:
            raise UnknownName("user", user_id, remedy="mailadmin calendar status lists everybody.")
        answer = resolve(Context(user=user.user_id), self.organisation)
        allowed = self.settings.is_on(CALENDAR_BY_SMTP)
        return UserStanding(
            user, answer, readiness.of_calendar(user, answer, self.preference(user), invitations=allowed)
        )

    def preference(self, user: User) -> MailPreference:
        """A user's e-mail settings with the system's behind them."""
        mine = self.organisation.preferences.get(match_key(user.user_id), MailPreference())
        system = self.organisation.preferences.get(SYSTEM, MailPreference())
        own = {f.name: v for f in fields(mine) if (v := getattr(mine, f.name)) is not None}
        return replace(system, **own)


def _site(app: App) -> Site:
    with app.store.reading() as connection:
        sealer = app.sealer(connection)
        rows = repository.rows(connection, sealer).values()
        known = book.every(connection, sealer.seal if sealer else None)
        lineage = repository.state(connection).lineage
    return Site(Organisation.of(rows), SettingsInForce(r for r in rows if isinstance(r, Setting)), known, lineage)


def standings(app: App) -> list[UserStanding]:
    """Every user and whether the user's activities can stand in a calendar, by user id."""
    site = _site(app)
    return [site.standing(user.user_id) for _, user in sorted(site.organisation.users.items())]


def entries(app: App) -> list[Known]:
    """What stands in calendars, and what did, by activity."""
    return list(_site(app).known.values())


def enter(
    app: App,
    activities: Iterable[Activity],
    *,
    dry_run: bool = False,
    calendar: MakeCalendar = GraphCalendar,
    provider: sending.MakeProvider = provider_for,
) -> Iterator[Told]:
    """Bring activities into the calendars of whoever is responsible, one by one; says of each what became of it.

    Raises MailStopped, TestModeBlocked before any.
    """
    site = _site(app)
    recipients.check_not_stopped(site.settings)
    way = Way(app, site, recipients.forced(site.settings), calendar, provider, dry_run=dry_run)
    return (way.bring(activity) for activity in activities)


def cancel(
    app: App,
    named: str,
    *,
    dry_run: bool = False,
    calendar: MakeCalendar = GraphCalendar,
    provider: sending.MakeProvider = provider_for,
) -> Told:
    """Take an activity out of the calendar it stands in. Raises UnknownName, and what went wrong."""
    known = _site(app).known.get(match_key(named))
    if known is None or known.document is None:
        raise UnknownName("entered activity", named, remedy="mailadmin calendar lists them.")
    activity = replace(Activity.of(json.loads(known.document)), cancelled=True)
    [told] = enter(app, [activity], dry_run=dry_run, calendar=calendar, provider=provider)
    if told.problem is not None:
        raise told.problem
    return told


@dataclass(frozen=True, slots=True)
class Way:
    """How activities reach calendars at this moment."""

    app: App
    site: Site
    forced: Forced
    calendar: MakeCalendar
    provider: sending.MakeProvider
    dry_run: bool

    def bring(self, activity: Activity) -> Told:
        """Do what is to be done about one activity."""
        try:
            return self._bring(activity)
        except MailAdminError as error:
            return Told(activity, Act.LEAVE_OUT, 0, "", error.what, error)

    def _bring(self, activity: Activity) -> Told:
        known = self.site.known.get(activity.key)
        whose = known.user_id if known and activity.cancelled else activity.responsible
        standing = self.site.standing(whose) if whose else None
        step = step_of(activity, known, standing.readiness if standing else Readiness())
        if step.act in {Act.LEAVE_OUT, Act.NOTHING} or standing is None:
            return Told(activity, step.act, step.sequence, known.account if known else "", step.reason)
        account = account_of(self.app, standing.answer, self.site.settings)
        profile = account.profile
        if not isinstance(profile, ExchangeProfile | SmtpProfile):
            raise Unsupported(readiness.ON_PREMISES, remedy="Use Exchange Online, or SMTP with invitations.")
        if step.act is not Act.ENTER and known is not None:
            _check_same_place(known, account)
        if self.dry_run or not self.forced.sends:
            words = "would be done" if self.dry_run else "forced test mode: nothing is entered"
            return Told(activity, step.act, step.sequence, account.profile.account, words)
        began = self._begun(activity, known, step, standing.user, account)
        done, words = self._tell(activity, began, step, standing.user, profile, account.own)
        self._keep(done, str(step.act))
        return Told(activity, step.act, step.sequence, account.profile.account, words)

    def _begun(self, activity: Activity, known: Known | None, step: Step, user: User, account: Account) -> Known:
        """What is kept before a calendar hears of it."""
        domain = account.own.email.rpartition("@")[2]
        uid = known.uid if known else f"{uuid.uuid5(uuid.UUID(self.site.lineage), activity.key)}@{domain}"
        anew = step.act is Act.ENTER
        began = Known(
            activity=known.activity if known else activity.id,
            uid=uid,
            user_id=user.user_id,
            service=str(account.profile.service),
            account=account.profile.account,
            remote_id=None if anew or known is None else known.remote_id,
            sequence=step.sequence,
            content_hash=activity.content_hash,
            standing=Standing.ENTERING,
            updated_at=self.app.now(),
            document=json.dumps(activity.document, ensure_ascii=False, sort_keys=True),
        )
        self._keep(began)
        return began

    def _tell(
        self,
        activity: Activity,
        began: Known,
        step: Step,
        user: User,
        profile: ExchangeProfile | SmtpProfile,
        organizer: Address,
    ) -> tuple[Known, str]:
        """Tell the calendar; what is known then, and in words."""
        gone = step.act is Act.CANCEL
        if isinstance(profile, ExchangeProfile):
            remote_id, words = self._event(activity, began, step, profile)
        else:
            remote_id, words = None, self._invite(activity, began, step, user, organizer)
        done = replace(
            began,
            standing=Standing.CANCELLED if gone else Standing.ENTERED,
            document=None if gone else began.document,
            remote_id=remote_id,
            updated_at=self.app.now(),
        )
        return done, words

    def _event(self, activity: Activity, began: Known, step: Step, profile: ExchangeProfile) -> tuple[str | None, str]:
        calendar = self.calendar(profile)
        if step.act is Act.CANCEL:
            gone = began.remote_id is None or not calendar.cancel(began.remote_id)
            return None, "it was gone already" if gone else "taken out"
        attendees = activity.attendees
        if attendees and self.forced.only is not None:
            attendees = (self.forced.only,)
        event = event_resource(activity, attendees)
        if step.act is Act.CHANGE and began.remote_id is not None:
            try:
                return calendar.change(event, began.remote_id), "changed"
            except ServiceRefused as error:
                if error.code != 404:
                    raise
        entered = calendar.enter(event, transaction_of(began.uid, began.sequence))
        return entered, "entered" if step.act is Act.ENTER else "entered anew: somebody had deleted it"

    def _invite(self, activity: Activity, began: Known, step: Step, user: User, organizer: Address) -> str:
        method = Method.CANCEL if step.act is Act.CANCEL else Method.REQUEST
        own = self.site.preference(user).email or user.email
        people = unique((*((Address(own, user.name),) if own else (organizer,)), *activity.attendees))
        file = invitation(activity, began.uid, began.sequence, organizer, people, self.app.clock(), method)
        lines = [times_in_words(activity), activity.location, "", activity.description]
        message = Message(
            to=people,
            subject=f"{_SUBJECTS[step.act]}: {activity.subject}",
            text="\n".join(line for line in lines if line or activity.description).strip() + "\n",
            attachments=(file,),
        )
        sent = sending.send(self.app, message, Context(user=user.user_id), provider=self.provider)
        return f"message {sent.entry.id[:8]}: {sent.entry.state}"

    def _keep(self, known: Known, done: str = "") -> None:
        """Keep what is known; what was done, with a line in the audit trail."""
        told: dict[str, Any] = {
            name: getattr(known, name) for name in ("uid", "user_id", "service", "account", "sequence")
        }
        with self.app.store.writing() as connection:
            sealer = self.app.writer_sealer(connection)
            seal = sealer.seal if sealer else None
            book.keep(connection, known, seal)
            if done:
                line = audit_trail.Entry(done, f"activity {known.activity}", None, told)
                audit_trail.record_mail(connection, line, at=self.app.now(), actor=self.app.actor, seal=seal)
        self.site.known[match_key(known.activity)] = known


_SUBJECTS = {Act.ENTER: "Invitation", Act.CHANGE: "Changed", Act.CANCEL: "Cancelled"}


def _check_same_place(known: Known, account: Account) -> None:
    """Raise Refused where an activity stands in another place than it would be told to now."""
    if (known.service, known.account) != (str(account.profile.service), account.profile.account):
        raise Refused(
            f"Activity {known.activity} stands in the calendar of {known.account} ({known.service}), and would now go "
            f"by {account.profile.account} ({account.profile.service}).",
            remedy="Put the e-mail method back, cancel it there, and enter it anew.",
        )
