"""Three gates before a changed From: permission here, consent of the application in Entra, the right in Exchange.

Laws: nobody is matched by guessing: a trustee that fits nobody, or several, is a finding; what was not exported is
unknown, and never missing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from ..domain.addresses import comparable
from ..domain.keys import match_key
from .access import Access, Word

SEND_AS = "Send As"
SEND_ON_BEHALF = "Send on Behalf"


class MailboxRight(NamedTuple):
    """One right of an export: on which mailbox or group, for whom, as written there."""

    mailbox: str
    trustee: str
    right: str


class Mailbox(NamedTuple):
    """One mailbox or group of an export: its address, and everything it is called."""

    address: str
    names: tuple[str, ...]


RIGHTS = (SEND_AS, SEND_ON_BEHALF)


class Exported(NamedTuple):
    """What the exports say; `kinds` are the rights they were exported for."""

    rights: tuple[MailboxRight, ...]
    mailboxes: tuple[Mailbox, ...]
    kinds: frozenset[str]
    notes: tuple[str, ...] = ()

    @property
    def none(self) -> str:
        """What is said where no right was found."""
        missing = [right for right in RIGHTS if right not in self.kinds]
        return f"unknown: {' and '.join(missing)} not exported" if missing else "none"


class AccountOf(NamedTuple):
    """The mailbox users' mail goes out by ('' where nobody is known to), and the consent its application has."""

    mailbox: str
    users: tuple[str, ...]
    consent: str


class Mismatch(StrEnum):
    """Where the gates do not agree."""

    NOT_THERE = "may here, not there"
    NOT_HERE = "there, not here"
    NEVER_USED = "never used"
    OTHER_MAILBOX = "right of another mailbox"
    NOBODY = "trustee fits nobody"
    SEVERAL = "trustee fits several"
    NO_MAILBOX = "mailbox fits none, or several"


REMEDIES: Mapping[Mismatch, str] = {
    Mismatch.NOT_THERE: "Exchange refuses the message (Send As denied): grant the right, or take the permission away.",
    Mismatch.NOT_HERE: "Take the right away in Exchange, or grant the permission: outside finPOWER it can be used.",
    Mismatch.NEVER_USED: "Ask whether it is still needed.",
    Mismatch.OTHER_MAILBOX: "Grant the right to the mailbox the mail goes out by.",
    Mismatch.NOBODY: "A group, somebody outside, or several names in one cell: export them by address, with ; between.",
    Mismatch.SEVERAL: "Export the trustees by address (PrimarySmtpAddress): who is meant cannot be told.",
    Mismatch.NO_MAILBOX: "Give an export with PrimarySmtpAddress beside: Get-Mailbox, Get-DistributionGroup.",
}
"""TABLE: every mismatch, and what to do about it."""


class RightsRow(NamedTuple):
    """The gates for one user and one From ('' where there is none): `used` counts messages with that From."""

    user_id: str
    sender: str
    permission: str
    consent: str
    right: str
    used: int
    finding: str


class RightsFinding(NamedTuple):
    """What does not fit: which mismatch, whom and what it is about, and what to do."""

    kind: str
    subject: str
    finding: str
    remedy: str


class RightsComparison(NamedTuple):
    """The gates side by side, by user and From; every mismatch; and what was noted of the exports."""

    rows: tuple[RightsRow, ...]
    findings: tuple[RightsFinding, ...]
    notes: tuple[str, ...] = ()


Uses = Iterable[tuple[str, str]]
"""User id and From of every message whose From was changed."""


def compare(
    access: Access, emails: Mapping[str, str], accounts: Sequence[AccountOf], exported: Exported, used: Uses
) -> RightsComparison:
    """The gates for everybody who passes one of them. `emails` go by user id."""
    directory = _Directory(access, emails, accounts, exported.mailboxes)
    findings: list[RightsFinding] = []
    held: dict[tuple[str, str], set[tuple[str, bool]]] = defaultdict(set)
    for right in exported.rights:
        sender, problem = directory.address_of(right.mailbox)
        if problem is not None:
            findings.append(_finding(problem, right.mailbox, f"{right.right} on {right.mailbox} for {right.trustee}"))
            continue
        users, problem = directory.users_of(right.trustee)
        if problem is not None:
            findings.append(_finding(problem, right.trustee, f"{right.right} on {sender}"))
        for user, goes_out in users:
            held[user, comparable(sender)].add((right.right, goes_out))
    uses = Counter((user, comparable(sender)) for user, sender in used)
    places = held.keys() | uses.keys()
    rows = [_row(directory, exported, place, held.get(place, set()), uses[place]) for place in places]
    with_any = {user for user, _ in places}
    rows += [
        _row(directory, exported, (user, ""), set(), 0)
        for user, word in directory.words.items()
        if word is Word.ALLOW and user not in with_any
    ]
    ordered = sorted(rows, key=lambda row: (match_key(row.user_id), row.sender))
    findings += [
        _finding(kind, row.user_id, f"From {row.sender or 'any other than the own'}: permission {row.permission}, "
                 f"right {row.right}, used {row.used} times")
        for row in ordered
        for kind in map(Mismatch, row.finding.split("; ") if row.finding else ())
    ]  # fmt: skip
    order = list(Mismatch)
    findings.sort(key=lambda f: (order.index(Mismatch(f.kind)), match_key(f.subject), f.finding))
    return RightsComparison(tuple(ordered), tuple(dict.fromkeys(findings)), exported.notes)


def _finding(kind: Mismatch, subject: str, what: str) -> RightsFinding:
    return RightsFinding(kind, subject, what, REMEDIES[kind])


def _row(
    directory: _Directory, exported: Exported, place: tuple[str, str], held: set[tuple[str, bool]], used: int
) -> RightsRow:
    user, sender = place
    word = directory.words.get(user)
    right = " and ".join(sorted({name for name, _ in held})) or exported.none
    found = []
    if word is Word.ALLOW and not held and exported.kinds.issuperset(RIGHTS):
        found.append(Mismatch.NOT_THERE)
    if held and word is Word.DENY:
        found.append(Mismatch.NOT_HERE)
    if held and not any(goes_out for _, goes_out in held):
        found.append(Mismatch.OTHER_MAILBOX)
    if held and word is Word.ALLOW and not used:
        found.append(Mismatch.NEVER_USED)
    permission = str(word) if word else "no such user"
    return RightsRow(user, sender, permission, directory.consent.get(user, "unknown"), right, used, "; ".join(found))


class _Directory:
    """Who and what is meant by the names of an export."""

    def __init__(
        self, access: Access, emails: Mapping[str, str], accounts: Sequence[AccountOf], mailboxes: Iterable[Mailbox]
    ) -> None:
        people = access.everybody
        decided = [answer.decision for answer in access.answers]
        self.words = dict(zip(people.user_ids, map(decided.__getitem__, people.codes), strict=True))
        self.consent = {user: account.consent for account in accounts for user in account.users}
        known = [(account, comparable(account.mailbox)) for account in accounts if account.mailbox]
        self._mailbox_of = {user: mailbox for account, mailbox in known for user in account.users}
        self._by_email: dict[str, set[str]] = defaultdict(set)
        for user, email in emails.items():
            self._by_email[comparable(email)].add(user)
        self._by_mailbox: dict[str, set[str]] = defaultdict(set)
        for user, goes_out_by in self._mailbox_of.items():
            self._by_mailbox[goes_out_by].add(user)
        self._by_name: dict[str, set[str]] = defaultdict(set)
        for user, name in zip(people.user_ids, people.names, strict=True):
            self._by_name[match_key(name)].add(user)
        self._addresses: dict[str, set[str]] = defaultdict(set)
        for mailbox in mailboxes:
            for name in mailbox.names:
                self._addresses[match_key(name)].add(comparable(mailbox.address))

    def address_of(self, name: str) -> tuple[str, Mismatch | None]:
        """The address of a mailbox or group, by whatever it is called."""
        for called in _called(name):
            addresses = self._addresses.get(match_key(called), set())
            if len(addresses) == 1:
                return next(iter(addresses)), None
            if addresses:
                return "", Mismatch.NO_MAILBOX
        return (comparable(name), None) if "@" in name else ("", Mismatch.NO_MAILBOX)

    def users_of(self, trustee: str) -> tuple[list[tuple[str, bool]], Mismatch | None]:
        """The users a trustee is, each with whether their mail goes out by its mailbox; or why nobody is."""
        address, problem = self.address_of(trustee)
        if problem is None:
            mine, theirs = self._by_email.get(address, set()), self._by_mailbox.get(address, set())
            if len(mine) > 1 and not theirs:
                return [], Mismatch.SEVERAL
            if mine or theirs:
                return [(user, user in theirs or user not in self._mailbox_of) for user in sorted(mine | theirs)], None
        for called in _called(trustee):
            users = self._by_name.get(match_key(called), set())
            if len(users) > 1:
                return [], Mismatch.SEVERAL
            if users:
                return [(user, user not in self._mailbox_of) for user in users], None
        return [], Mismatch.NOBODY


def _called(name: str) -> tuple[str, ...]:
    """A name, and the end of it where it is a path (`kowhai.example/Users/Jane Taylor`)."""
    end = name.rpartition("/")[2]
    return (name, end) if end and end != name else (name,)
