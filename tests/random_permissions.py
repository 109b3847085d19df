"""Random organisations to ask who may what in: the same for the same seed."""

import random
from collections.abc import Iterator
from typing import NamedTuple

from tests.permission_oracle import KEY, Person, Row

LEVELS = ("Administrator", "Normal", "Read Only", "User Administrator")


class Organisation(NamedTuple):
    people: tuple[Person, ...]
    key: str
    rows: tuple[Row, ...]
    rule: str


def organisations(count: int, seed: int) -> Iterator[Organisation]:
    """Random organisations: roles and keys in any case, roles without rows, tables without rows."""
    chance = random.Random(seed)  # noqa: S311
    for _ in range(count):
        roles = [f"Role{n}" for n in range(chance.randrange(1, 6))]
        keys = [KEY, "Account.Add", "Messaging.Email.UpdateFr0m"]
        rows = [
            (_anyhow(chance, role), _anyhow(chance, key), chance.choice(("Allow", "Deny")))
            for role in roles
            for key in keys
            if chance.random() < 0.5
        ]
        people = [
            Person(
                chance.choices(LEVELS, (1, 6, 2, 1))[0],
                chance.random() < 0.9,
                chance.random() < 0.1,
                chance.random() < 0.2,
                tuple(_anyhow(chance, role) for role in chance.sample(roles, chance.randrange(len(roles) + 1))),
            )
            for _ in range(chance.randrange(1, 8))
        ]
        chosen = [] if chance.random() < 0.1 else rows
        rule = chance.choice(("deny wins", "allow wins"))
        yield Organisation(tuple(people), _anyhow(chance, chance.choices(keys, (8, 1, 1))[0]), tuple(chosen), rule)


def _anyhow(chance: random.Random, name: str) -> str:
    return chance.choice((name, name, name.upper(), name.lower()))
