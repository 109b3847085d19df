"""Who may be behind a From address: those whose mail has it by itself, and those who may change From to it.

Laws: an address is looked up among distinct answers, however many users share them; what is said of a user is put into
words when it is looked at (law, tested with hypothesis: nobody is missing whose answer, asked alone, has this From).
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain, compress
from typing import NamedTuple, overload

from ..domain.addresses import comparable, same_address
from ..domain.governed import OwnSettings
from ..domain.permissions import UPDATE_FROM
from ..domain.services import FIELD_NAMES, ServiceKind, Values
from ..resolution.encoded import Encoded
from ..resolution.explanation import reason
from ..resolution.population import Population
from ..resolution.provenance import Resolution, Status
from .access import Answer, Word


class Reach(NamedTuple):
    """One thing somebody may, or one person who may be behind an address: of what kind, what, the answer, and why."""

    kind: str
    subject: str
    answer: str
    why: str


class Part(NamedTuple):
    """Some of the rows: the numbers of what they are about, and the row of a number."""

    numbers: Sequence[int]
    row: Callable[[int], Reach]


@dataclass(frozen=True)
class Reached(Sequence[Reach]):
    """Rows that are made when somebody looks at them."""

    parts: tuple[Part, ...]

    def __len__(self) -> int:
        return sum(len(part.numbers) for part in self.parts)

    @overload
    def __getitem__(self, at: int) -> Reach: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Reach]: ...
    def __getitem__(self, at: int | slice) -> Reach | Sequence[Reach]:
        if isinstance(at, slice):
            return [self[place] for place in range(*at.indices(len(self)))]
        place = range(len(self))[at]
        for numbers, row in self.parts:
            if place < len(numbers):
                return row(numbers[place])
            place -= len(numbers)
        raise IndexError(at)

    def __iter__(self) -> Iterator[Reach]:
        return chain.from_iterable(map(row, numbers) for numbers, row in self.parts)


@dataclass(frozen=True)
class Senders:
    """Everybody's mail by each of several services, and everybody's answer for the permission to change From.

    The populations are of the same people in the same order, and so are the codes of `may`.
    """

    populations: tuple[Population, ...]
    overrides: Mapping[str, Sequence[OwnSettings]]
    may: Encoded[Answer]

    def behind(self, address: str) -> Reached:
        """Everybody who sends as this address, then everybody who may change From to it."""
        return Reached((self._sending_as(address), self._changing))

    def _sending_as(self, address: str) -> Part:
        wanted = comparable(address)
        having = [found.get(wanted, ()) for found in self._codes_by_sender]
        shared = [_first(map(lambda code, codes: code in codes, alike, having)) for alike in self._asked.values]
        own = {place: by for place in self._with_own.get(_near(address), ()) if (by := self._by(place, address)) >= 0}
        codes = self._asked.codes
        numbers = _places(codes, [by >= 0 for by in shared])
        if own:
            numbers = array("I", sorted({*numbers, *own}))

        @cache
        def of_all_alike(by: int, code: int) -> str:
            return _why(self.populations[by].answers[code])

        def row(place: int) -> Reach:
            by = own[place] if place in own else shared[codes[place]]
            found = self.populations[by]
            why = _why(found[place]) if place in found.own else of_all_alike(by, found.codes[place])
            return Reach("sends as it", self._user_ids[place], Word.ALLOW, why)

        return Part(numbers, row)

    def _by(self, place: int, address: str) -> int:
        """The first service by which somebody sends as an address, by number; -1 for none."""
        senders = (_sender(found.answers[found.codes[place]], found.own.get(place)) for found in self.populations)
        return _first(same_address(sender, address) if sender else False for sender in senders)

    @property
    def _user_ids(self) -> Sequence[str]:
        return self.populations[0].people.user_ids

    @cached_property
    def _asked(self) -> Encoded[tuple[int, ...]]:
        """Everybody's answers by each service together, each such set of answers once."""
        return Encoded.of(zip(*[found.codes for found in self.populations], strict=True))

    @cached_property
    def _codes_by_sender(self) -> list[dict[str, set[int]]]:
        """The answers with a From, by service; without those whose From is of each user's own."""
        return [_codes_by_sender(found) for found in self.populations]

    @cached_property
    def _with_own(self) -> dict[str, list[int]]:
        """Whose own values hold an address like this anywhere."""
        people = self.populations[0].people
        found: dict[str, list[int]] = defaultdict(list)
        for place in people.among(self.overrides.keys()):
            owned = (own.values[i] for own in self.overrides[people.keys[place]] for i in _ADDRESSES.values())
            for address in {_near(value) for value in owned if value}:
                found[address].append(place)
        return dict(found)

    @cached_property
    def _changing(self) -> Part:
        """Those who may change From, or of whom it is not known."""
        told = [(answer.decision, f"{UPDATE_FROM}: {answer.reason}") for answer in self.may.values]
        those = [answer.decision is not Word.DENY for answer in self.may.values]
        codes = self.may.codes

        def row(place: int) -> Reach:
            return Reach("may change From to it", self._user_ids[place], *told[codes[place]])

        return Part(_places(codes, those), row)


_ADDRESSES = {
    kind: FIELD_NAMES.index("mailbox" if kind is ServiceKind.EXCHANGE else "sender_email") for kind in ServiceKind
}
"""Where among the values of a service its From stands."""


def _places(codes: Sequence[int], wanted: Sequence[bool]) -> array[int]:
    """Where the codes stand that are wanted."""
    return array("I", compress(range(len(codes)), map(wanted.__getitem__, codes)) if any(wanted) else ())


def _from(answer: Resolution) -> int | None:
    """Where among the values of an answer its From stands; None where mail cannot go out."""
    if answer.service is None or answer.status is not Status.READY:
        return None
    return _ADDRESSES[answer.service]


def _sender(answer: Resolution, own: Values | None) -> str | None:
    """The From of whoever shares an answer and has these values of their own in it."""
    at = _from(answer)
    if at is None:
        return None
    sender: str | None = (own if own is not None and at in answer.merged.personal else answer.values)[at]
    return sender


def _codes_by_sender(population: Population) -> dict[str, set[int]]:
    of_own = {population.codes[place] for place in population.own}
    found: dict[str, set[int]] = defaultdict(set)
    for code, answer in enumerate(population.answers):
        at = _from(answer)
        if at is not None and answer.values[at] and not (code in of_own and at in answer.merged.personal):
            found[comparable(answer.values[at])].add(code)
    return dict(found)


def _why(answer: Resolution) -> str:
    return f"{answer.service}, {reason(answer)}"


def _near(address: str) -> str:
    """What texts that name the same mailbox have in common, and others may, too: quickly found."""
    return address.strip().rpartition("@")[0].lower()


def _first(holds: Iterable[bool]) -> int:
    """The number of the first that holds; -1 where none does."""
    return next((number for number, held in enumerate(holds) if held), -1)
