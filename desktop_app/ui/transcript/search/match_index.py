"""How often words stand in each message of a conversation, and which match is the how manieth."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Count(NamedTuple):
    """How often the words stand in a message's reasoning and in its text."""

    reasoning: int
    text: int

    @property
    def total(self) -> int:
        """In all of it."""
        return self.reasoning + self.text


class Match(NamedTuple):
    """The match `number`, from 0, of a message."""

    message_id: str
    number: int


NOTHING = Count(0, 0)


class MatchIndex:
    """The counts by message, and their sums, which are added up once for all the steps between two
    changes: with ten thousand messages that takes milliseconds."""

    def __init__(self) -> None:
        self.order: Sequence[str] = ()
        self.counts: dict[str, Count] = {}
        self._ends: list[int] | None = None
        self._at: dict[str, int] = {}

    def begin(self, empty: Iterable[str]) -> None:
        """Nothing is known but that these messages hold none."""
        self.counts = dict.fromkeys(empty, NOTHING)
        self._ends = None

    def arrange(self, order: Sequence[str]) -> None:
        """The conversation is these messages, in this order."""
        self.order = order
        self._at = {key: at for at, key in enumerate(order)}
        self._ends = None

    def add(self, counts: Mapping[str, Count]) -> None:
        """So much has been counted."""
        self.counts.update(counts)
        self._ends = None

    @property
    def empty(self) -> set[str]:
        """The messages that surely hold none."""
        return {key for key, count in self.counts.items() if not count.total}

    def of(self, key: str) -> Count:
        """What has been counted in a message."""
        return self.counts.get(key, NOTHING)

    @property
    def total(self) -> int:
        """The matches counted in all messages."""
        ends = self._sums()
        return ends[-1] if ends else 0

    def number(self, place: Match) -> int:
        """Which match of all a place is, from 1; no more than there are."""
        at = self._at.get(place.message_id, len(self.order))
        before = self._sums()[at - 1] if at else 0
        return min(before + place.number + 1, self.total)

    def place(self, number: int) -> Match:
        """The match of this number, from 0."""
        ends = self._sums()
        at = bisect_right(ends, number)
        return Match(self.order[at], number - (ends[at - 1] if at else 0))

    def beside(self, place: Match | None, by: int) -> Match | None:
        """The match behind (1) or before (-1) a place; behind the last comes the first, and from
        nowhere the first or the last one."""
        if not self.total:
            return None
        is_there = place is not None and place.number < self.of(place.message_id).total
        if place is None or not is_there:
            return self.place(0 if by > 0 else self.total - 1)
        return self.place((self.number(place) - 1 + by) % self.total)

    def _sums(self) -> list[int]:
        if self._ends is None:
            known = self.counts
            self._ends = list(accumulate(sum(known.get(key, NOTHING)) for key in self.order))
        return self._ends
