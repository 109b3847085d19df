"""Whole random organisations and legacy settings: small enough to read, mixed enough to hold every rule at once.

Every server and every password names the place it was entered at. An organisation grows from one number, not from
hundreds of hypothesis's draws: those favour the plain, and the plain holds no surprise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from random import Random
from typing import Any, TypeVar

from hypothesis import strategies as st

from mailadmin.domain.governed import Row, key_of
from mailadmin.domain.keys import match_key
from mailadmin.domain.legacy import Kind, Owner, members_of
from mailadmin.domain.organisation import GLOBAL, Branch, CostCentre, Entity, User, WebConfiguration
from mailadmin.domain.portals import FeatureSender, Portal
from mailadmin.domain.preferences import EmailMethod, MailPreference
from mailadmin.domain.services import (
    COST_CENTRE_SERVICES,
    FIELDS,
    NO_AUTHENTICATION,
    Override,
    Security,
    Service,
    ServiceKind,
    Unit,
)
from mailadmin.resolution.legacy import LegacySettings
from mailadmin.resolution.population import Person
from mailadmin.resolution.provenance import Context

CENTRES = (GLOBAL, "AKL", "wlg", "Åuto")
ENTITIES = ("KFL", "kal")
BRANCHES = ("B1", "b2", "ＢＲ３")
WEBS = ("CUSTOMER", "Staff")
USERS = ("Ann", "bOB", "İpek", "00")
PORTALS = ("SHOP",)
NOWHERE = "NOWHERE"

T = TypeVar("T")


def secret(place: str) -> str:
    """The fingerprint of the secret entered at a place: the same place, the same secret."""
    return "hmac:" + hashlib.sha256(f"secret of {place}".encode()).hexdigest()[:16]


def server(place: str) -> str:
    """The server entered at a place."""
    return f"server of {place}"


class Dice:
    """Chance, from one number."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311

    def mostly(self) -> bool:
        """True four times in five."""
        return self.random.random() < 0.8

    def one(self, things: Iterable[T]) -> T:
        """Any of these."""
        return self.random.choice(list(things))

    def some(self, things: Iterable[T]) -> list[T]:
        """Each of these, or not."""
        return [thing for thing in things if self.random.random() < 0.5]

    def reference(self, names: Sequence[str]) -> str | None:
        """One of these names, also in another case, one that stands for nothing, or none."""
        return self.one([*names, *(name.swapcase() for name in names), NOWHERE, None])

    def twins(self) -> list[Callable[[], Dice]]:
        """Two sorts of people: those of a sort have values in the same places, each other ones."""
        return [partial(Dice, self.random.randrange(2**64)) for _ in range(2)]

    def settings(self, place: str, service: ServiceKind) -> dict[str, Any]:
        """Settings of one service as somebody may have entered them: everything, nothing, or anything between."""
        if service is ServiceKind.EXCHANGE:
            values: dict[str, Any] = {
                "tenant_id": f"tenant of {place}",
                "client_id": f"client of {place}",
                "client_secret": secret(place),
                "mailbox": f"mailbox@{place}",
            }
        else:
            values = {
                "server": server(place),
                "port": self.one((587, 465, 25, 0)),
                "security": self.one(Security),
                "user_name": f"account of {place}",
                "password": secret(place),
                "sender_name": f"Sender of {place}",
                "sender_email": f"sender@{place}",
            }
        match self.one(("all", "all", "units", "fields", "no authentication", "blank")):
            case "units":
                units = self.some(Unit)
                kept = {f.name for f in FIELDS if f.unit in units}
            case "fields":
                kept = set(self.some(values))
            case "no authentication" if service is not ServiceKind.EXCHANGE:
                values["user_name"] = NO_AUTHENTICATION
                kept = values.keys() - {"password"}
            case "blank":
                kept = set()
            case _:
                kept = set(values)
        return {name: value for name, value in values.items() if name in kept}

    def preference(self, user: str) -> MailPreference:
        """E-mail settings of a user, or of the system."""
        smtp = self.settings(f"preference {user}", ServiceKind.SMTP)
        exchange = self.settings(f"preference {user}", ServiceKind.EXCHANGE)
        return MailPreference(
            user_id=user,
            method=self.one((None, *EmailMethod)),
            email=smtp.get("sender_email"),
            use_ssl=self.one((None, True, False)),
            **{name: smtp[name] for name in ("server", "port", "user_name", "password") if name in smtp},
            **{name: exchange[name] for name in ("tenant_id", "client_id", "client_secret") if name in exchange},
        )

    def portal(self, code: str) -> Portal:
        """A portal, a feature of which may have a From of its own."""
        smtp = self.settings(f"portal {code}", ServiceKind.SMTP)
        return Portal(
            code=code,
            default_from=smtp.get("sender_email"),
            override_from=self.mostly(),
            smtp_server=smtp.get("server"),
            smtp_port=smtp.get("port"),
            user_name=smtp.get("user_name"),
            password=smtp.get("password"),
            enable_ssl=self.mostly(),
            senders=tuple(FeatureSender(feature=f, address=f"{f}@{code}") for f in self.some(("order_pad",))),
        )

    def rows(self, preferences: bool) -> list[Row]:
        """The rows of an organisation in no particular order, every row of a key once."""
        services = (None, *COST_CENTRE_SERVICES)
        centres = [code for code in CENTRES if code == GLOBAL or self.mostly()]
        found: list[Row] = [
            CostCentre(code=code, active=code == GLOBAL or self.mostly(), default_service=self.one(services))
            for code in centres
        ]
        found += [Entity(code=code, cost_centre=self.reference(CENTRES)) for code in ENTITIES if self.mostly()]
        found += [
            Branch(code=code, entity=self.one((*ENTITIES, NOWHERE)), cost_centre=self.reference(CENTRES))
            for code in BRANCHES
            if self.mostly()
        ]
        found += [
            WebConfiguration(code=code, cost_centre=self.reference(CENTRES), default_service=self.one(services))
            for code in WEBS
        ]
        pages = [(centre, service) for centre in centres for service in COST_CENTRE_SERVICES]
        found += [
            Service(cost_centre=c, service=s, use_service=self.mostly(), **self.settings(f"{c} {s}", s))
            for c, s in pages
            if self.mostly()
        ]
        users = [user for user in USERS if self.mostly()]
        alike = self.twins()
        for user in users:
            twin = self.one(alike)()
            found.append(
                User(
                    user_id=user,
                    name=user,
                    active=twin.mostly(),
                    external=not twin.mostly(),
                    branch=twin.reference(BRANCHES),
                )
            )
            own = twin.some(pages) if twin.mostly() else []
            found += [
                Override(cost_centre=c, service=s, user_id=user, **twin.settings(f"{c} {s} {user}", s)) for c, s in own
            ]
        found += [self.portal(code) for code in PORTALS]
        found += [self.preference(user) for user in self.some(("", *users)) if preferences]
        self.random.shuffle(found)
        return found

    def crowd(self) -> list[Row]:
        """A dozen users of one branch whose own values are present alike and, out of few, now equal and now not."""
        centre = CostCentre(code=GLOBAL, default_service=ServiceKind.SMTP)
        page = Service(cost_centre=GLOBAL, service=ServiceKind.SMTP, use_service=True, **self._of_few())
        users = [f"U{number}" for number in range(12)]
        own = [
            Override(cost_centre=GLOBAL, service=ServiceKind.SMTP, user_id=user, **self._of_few())
            for user in users
            if self.mostly()
        ]
        return [centre, page, *own, *(User(user_id=user, name=user) for user in users)]

    def _of_few(self) -> dict[str, Any]:
        free = self.one((True, False))
        values = {
            "server": self.one("abc"),
            "port": self.one((465, 587)),
            "security": self.one((Security.SSL_ON_CONNECT, Security.START_TLS)),
            "user_name": NO_AUTHENTICATION if free else self.one("uvw"),
            "password": None if free else self.one((None, secret("a"), secret("b"), secret("c"))),
            "sender_email": self.one("xyz"),
        }
        return values if self.mostly() else {"sender_email": values["sender_email"]}

    def crowd_before(self) -> LegacySettings:
        """The settings of before of such a dozen."""

        def noted() -> dict[str, object]:
            few = self._of_few()
            names = {"server": "Server", "port": "Port", "user_name": "UserId", "password": "Password"}
            found = {f"EmailSmtp{old}": few[new] for new, old in names.items() if few.get(new) is not None}
            if found.get("EmailSmtpUserId") == NO_AUTHENTICATION:
                del found["EmailSmtpUserId"]
            return {**found, "EmailSmtpEnableSsl": self.mostly(), "EmailSmtpSenderEmailAddress": few["sender_email"]}

        preferences = {
            f"u{n}": {**noted(), "EmailUseGlobalSettings": not self.mostly()} for n in range(12) if self.mostly()
        }
        settings = {name: value for name, value in noted().items() if "Sender" not in name}
        return LegacySettings(settings=settings, preferences=preferences)

    def members(self, owner: Owner, place: str) -> dict[str, object]:
        """Values of an owner's members as noted at a place; what is not set is not there."""
        found: dict[str, object] = {}
        share = self.one((0.5, 0.9, 1))
        for name, member in members_of(owner).items():
            if member.is_resolved or self.random.random() > share:
                continue
            if member.kind is Kind.FLAG:
                found[name] = self.one((True, False))
            elif member.kind is Kind.PORT:
                found[name] = self.one((0, 25, 465, 587))
            elif member.secret:
                found[name] = secret(place)
            else:
                found[name] = server(place) if name == "EmailSmtpServer" else f"{name} of {place}"
        return found

    def legacy_settings(self) -> LegacySettings:
        """Settings of before: of the site, of some users, of some web configurations."""
        alike = self.twins()
        return LegacySettings(
            settings=self.members(Owner.GLOBAL, "everybody"),
            preferences={
                match_key(user): self.one(alike)().members(Owner.USER, user) for user in USERS if self.mostly()
            },
            web_configurations={match_key(code): self.members(Owner.WEB, f"web {code}") for code in self.some(WEBS)},
        )


ASKED_BY_PEOPLE = tuple(
    Context(user=user, branch=branch, entity=entity, web_configuration=web, service=service, attended=attended)
    for user in (*USERS, "aNN", "nobody", None)
    for branch, entity in ((None, None), ("b2", None), ("B1", "KAL"), (None, "kfl"), (NOWHERE, NOWHERE))
    for web in (None, "customer", "Staff", NOWHERE)
    for service in (None, *COST_CENTRE_SERVICES)
    for attended in (False, True)
)
ASKED_OF_PORTALS = tuple(
    Context(portal=portal, feature=feature) for portal in ("shop", NOWHERE) for feature in (None, "ORDER_PAD", "other")
)
TEMPLATES = tuple(dict.fromkeys(context._replace(user=None) for context in ASKED_BY_PEOPLE))

seeds = st.integers(0, 2**64)


def rows(*, preferences: bool | None = None) -> st.SearchStrategy[list[Row]]:
    """The rows of an organisation; e-mail preferences are in use, are not, or are now and then."""

    def grown(seed: int) -> list[Row]:
        dice = Dice(seed)
        return dice.rows(preferences if preferences is not None else not dice.mostly())

    return seeds.map(grown)


def legacy_settings() -> st.SearchStrategy[LegacySettings]:
    """Settings of before."""
    return seeds.map(lambda seed: Dice(seed).legacy_settings())


def crowds() -> st.SearchStrategy[list[Row]]:
    """Rows of an organisation of many who are nearly alike."""
    return seeds.map(lambda seed: Dice(seed).crowd())


def crowds_before() -> st.SearchStrategy[LegacySettings]:
    """What such a crowd had before."""
    return seeds.map(lambda seed: Dice(seed).crowd_before())


def contexts() -> st.SearchStrategy[tuple[Context, ...]]:
    """A handful of questions, asked by known and unknown people, and by nobody in particular."""
    return seeds.map(lambda seed: tuple(Dice(seed).random.sample(ASKED_BY_PEOPLE, 25)))


def questions() -> st.SearchStrategy[tuple[Context, ...]]:
    """A handful of questions, portals included."""
    return contexts().map(lambda asked: (*asked, *ASKED_OF_PORTALS))


def templates() -> st.SearchStrategy[Context]:
    """Questions that can be asked for everybody: attended, by service, from a web configuration, at a branch."""
    return st.sampled_from(TEMPLATES)


def people_of(found: list[Row]) -> list[Person]:
    """Everybody, by match key."""
    users = {key_of(row)[0]: row for row in found if isinstance(row, User)}
    return [Person.of(key, users[key]) for key in sorted(users)]
