"""Keeps the number of matches per message, and maps the number of a match to its message."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class MatchCount(NamedTuple):
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


NO_MATCHES = MatchCount(0, 0)


class MatchIndex:
    """The number of matches by message, with running totals.

    The totals are cached, because adding them up takes milliseconds for 10,000 messages.
    """

    def __init__(self) -> None:
        self.order: Sequence[str] = ()
        self.counts: dict[str, MatchCount] = {}
        self._ends: list[int] | None = None
        self._indices: dict[str, int] = {}

    def reset_counts(self, ids_without_match: Iterable[str]) -> None:
        """Discard all counts, except that these messages are known to have no match."""
        self.counts = dict.fromkeys(ids_without_match, NO_MATCHES)
        self._ends = None

    def set_order(self, order: Sequence[str]) -> None:
        """Set the order of the conversation's messages."""
        self.order = order
        self._indices = {key: index for index, key in enumerate(order)}
        self._ends = None

    def add_counts(self, counts: Mapping[str, MatchCount]) -> None:
        """Add the counts of some messages."""
        self.counts.update(counts)
        self._ends = None

    @property
    def ids_without_match(self) -> set[str]:
        """Return the messages that are known to have no match."""
        return {key for key, count in self.counts.items() if not count.total}

    def count_of(self, key: str) -> MatchCount:
        """Return the counts of a message."""
        return self.counts.get(key, NO_MATCHES)

    @property
    def total(self) -> int:
        """Return the number of matches in all messages."""
        ends = self._running_totals()
        return ends[-1] if ends else 0

    def number_of(self, match: Match) -> int:
        """Return the number of a match among all, from 1; at most the total."""
        index = self._indices.get(match.message_id, len(self.order))
        matches_above = self._running_totals()[index - 1] if index else 0
        return min(matches_above + match.number + 1, self.total)

    def match_at(self, number: int) -> Match:
        """Return the match with this number among all, from 0."""
        ends = self._running_totals()
        index = bisect_right(ends, number)
        return Match(self.order[index], number - (ends[index - 1] if index else 0))

    def neighbor(self, match: Match | None, direction: int) -> Match | None:
        """Return the match after (1) or before (-1) `match`, wrapping around.

        If `match` is None or gone, return the first or the last match. Return None if there are no
        matches.
        """
        if not self.total:
            return None
        exists = match is not None and match.number < self.count_of(match.message_id).total
        if match is None or not exists:
            return self.match_at(0 if direction > 0 else self.total - 1)
        return self.match_at((self.number_of(match) - 1 + direction) % self.total)

    def _running_totals(self) -> list[int]:
        if self._ends is None:
            self._ends = list(accumulate(self.count_of(key).total for key in self.order))
        return self._ends
