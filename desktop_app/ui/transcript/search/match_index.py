"""Counts matches per message, and maps the number of a match to its message."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Count(NamedTuple):
    """The number of matches in a message's reasoning and in its text."""

    reasoning: int
    text: int

    @property
    def total(self) -> int:
        """Return the number of matches in the whole message."""
        return self.reasoning + self.text


class Match(NamedTuple):
    """Match `number`, counted from 0, of a message."""

    message_id: str
    number: int


NOTHING = Count(0, 0)


class MatchIndex:
    """The number of matches by message, with cached running totals.

    Adding up the totals takes milliseconds for 10,000 messages, so they are kept until a count
    changes.
    """

    def __init__(self) -> None:
        self.order: Sequence[str] = ()
        self.counts: dict[str, Count] = {}
        self._ends: list[int] | None = None
        self._at: dict[str, int] = {}

    def begin(self, empty: Iterable[str]) -> None:
        """Discard all counts; only the messages in `empty` are known to have no match."""
        self.counts = dict.fromkeys(empty, NOTHING)
        self._ends = None

    def arrange(self, order: Sequence[str]) -> None:
        """Set the order of the conversation's messages."""
        self.order = order
        self._at = {key: at for at, key in enumerate(order)}
        self._ends = None

    def add(self, counts: Mapping[str, Count]) -> None:
        """Add the counts of some messages."""
        self.counts.update(counts)
        self._ends = None

    @property
    def empty(self) -> set[str]:
        """Return the messages that are known to have no match."""
        return {key for key, count in self.counts.items() if not count.total}

    def of(self, key: str) -> Count:
        """Return the counts of a message."""
        return self.counts.get(key, NOTHING)

    @property
    def total(self) -> int:
        """Return the number of matches in all messages."""
        ends = self._sums()
        return ends[-1] if ends else 0

    def number(self, place: Match) -> int:
        """Return the number of a match among all, from 1; at most the total."""
        at = self._at.get(place.message_id, len(self.order))
        before = self._sums()[at - 1] if at else 0
        return min(before + place.number + 1, self.total)

    def place(self, number: int) -> Match:
        """Return the match with this number among all, from 0."""
        ends = self._sums()
        at = bisect_right(ends, number)
        return Match(self.order[at], number - (ends[at - 1] if at else 0))

    def beside(self, place: Match | None, by: int) -> Match | None:
        """Return the next (1) or the previous (-1) match, wrapping around.

        Without a current match, return the first or the last one. None if there are no matches.
        """
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
