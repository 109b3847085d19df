"""Behind an address is whoever has it when asked alone, and whoever may change From to it; nobody else."""

from __future__ import annotations

from array import array
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from mailadmin.audit.access import Everybody, Judge, Question, Word, access
from mailadmin.audit.behind import Part, Reach, Reached, Senders
from mailadmin.domain.addresses import same_address
from mailadmin.domain.governed import Organisation, Row
from mailadmin.domain.keys import match_key
from mailadmin.domain.organisation import CostCentre, User
from mailadmin.domain.permissions import UPDATE_FROM, Decision, RolePermission
from mailadmin.domain.services import COST_CENTRE_SERVICES, Override, Service, ServiceKind
from mailadmin.domain.settings import PermissionRule
from mailadmin.resolution.encoded import Encoded
from mailadmin.resolution.explanation import reason
from mailadmin.resolution.population import population
from mailadmin.resolution.provenance import Context, Status
from mailadmin.resolution.resolver import resolve
from tests.unit.resolution import organisations
from tests.unit.resolution.organisations import people_of

SERVICES = (None, *COST_CENTRE_SERVICES)
ROLES = [
    RolePermission(role=role, permission_key=UPDATE_FROM, decision=d) for role, d in zip("AD", Decision, strict=True)
]


def senders(rows: list[Row]) -> Senders:
    organisation = Organisation.of(rows)
    people = people_of(rows)
    judged = access(Everybody.of(organisation.users.values()), UPDATE_FROM, ROLES, PermissionRule.DENY_WINS)
    return Senders(
        tuple(population(people, Context(service=service), organisation) for service in SERVICES),
        organisation.overrides,
        Encoded(tuple(judged.answers), array("I", judged.everybody.codes)),
    )


def one_by_one(rows: list[Row], address: str) -> list[Reach]:
    organisation = Organisation.of(rows)
    users = [user for _, user in sorted(organisation.users.items())]
    found = []
    for user in users:
        for service in SERVICES:
            answer = resolve(Context(user=user.user_id, service=service), organisation)
            if answer.status is Status.READY and same_address(answer.sender[1] or "", address):
                why = f"{answer.service}, {reason(answer)}"
                found.append(Reach("sends as it", user.user_id, Word.ALLOW, why))
                break
    for user in users:
        told = Judge(UPDATE_FROM, ROLES, PermissionRule.DENY_WINS).answer(Question.of(user))
        if told.decision is not Word.DENY:
            found.append(Reach("may change From to it", user.user_id, told.decision, f"{UPDATE_FROM}: {told.reason}"))
    return found


def with_roles(rows: list[Row], seed: int) -> list[Row]:
    chance = Random(seed)  # noqa: S311
    return [
        User(
            user_id=row.user_id,
            name=row.name,
            active=row.active,
            external=row.external,
            branch=row.branch,
            roles=tuple(chance.sample("ADX", chance.randrange(3))),
        )
        if isinstance(row, User)
        else row
        for row in rows
    ]


def addresses(rows: list[Row]) -> list[str]:
    """Every address that somebody entered, in other letters, and one nobody has."""
    names = ("sender_email", "mailbox", "email")
    entered = {address for row in rows for name in names if (address := getattr(row, name, None))}
    return [*sorted(entered), *sorted(address.swapcase() for address in entered), "nobody@kowhai.example"]


@given(st.one_of(organisations.rows(), organisations.crowds()), st.integers(0, 2**32))
def test_behind_an_address_is_whoever_has_it_when_asked_alone(rows: list[Row], seed: int) -> None:
    rows = with_roles(rows, seed)
    asked = senders(rows)
    for address in addresses(rows):
        assert list(asked.behind(address)) == one_by_one(rows, address)


SMTP = Service(
    cost_centre="GLOBAL",
    service=ServiceKind.SMTP,
    use_service=True,
    server="mail.kowhai.example",
    user_name="none",
    password="hmac:0123456789abcdef",
    sender_email="lending@kowhai.example",
)
SITE: list[Row] = [
    CostCentre(code="GLOBAL", default_service=ServiceKind.SMTP),
    SMTP,
    *(User(user_id=f"U{number}", name="") for number in range(5)),
    Override(cost_centre="GLOBAL", service=ServiceKind.SMTP, user_id="U3", sender_email="o'hara@bücher.example"),
]


def test_the_same_mailbox_in_other_letters_is_the_same() -> None:
    asked = senders(SITE)
    for written in ("O'Hara@BÜCHER.example.", "o'hara@xn--bcher-kva.example", " o'hara@bücher.example "):
        assert [row.subject for row in asked.behind(written)] == ["U3"]
    assert [row.subject for row in asked.behind("Lending@kowhai.EXAMPLE")] == ["U0", "U1", "U2", "U4"]
    assert list(asked.behind("hara@bücher.example")) == []


def test_rows_are_made_when_they_are_looked_at() -> None:
    made: list[int] = []

    def row(number: int) -> Reach:
        made.append(number)
        return Reach("", str(number), "", "")

    found = Reached((Part(range(10), row), Part(range(100, 1_000_000), row)))
    assert len(found) == 999_910
    assert [one.subject for one in found[8:12]] == ["8", "9", "100", "101"]
    assert (found[-1].subject, found[10].subject) == ("999999", "100")
    assert made == [8, 9, 100, 101, 999_999, 100]
    assert match_key(next(iter(found)).subject) == "0"


def test_an_answer_asks_for_distinct_answers_and_not_for_users() -> None:
    many: list[Row] = [*SITE[:2], *(User(user_id=f"U{number:05}", name="") for number in range(2_000))]
    found = senders(many).behind("lending@kowhai.example")
    assert len(found) == 2_000
    assert len(found.parts[0].numbers) == 2_000
