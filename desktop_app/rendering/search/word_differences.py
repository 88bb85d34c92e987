"""Finds the words that only one of several texts has."""

from __future__ import annotations

import re
from collections import deque
from difflib import Match, SequenceMatcher
from itertools import accumulate, combinations
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WORD: Final = re.compile(r"\w+")
MAX_COMPARED_WORDS: Final = 10_000
"""Words of each text that are compared: four texts of that length take 1.7 s."""
_MAX_STEPS: Final = 4_000_000
"""Pairs of equal words that are looked at for two texts: about 1 s.

Texts that repeat the same few words need many more. Words that are not reached count as different.
"""


def differing_words(texts: Sequence[Sequence[str]]) -> list[list[bool]]:
    """Return, for each word of each text, True if no other text has it at the same place.

    Words beyond MAX_COMPARED_WORDS count as different.

    >>> differing_words([["it", "is", "blue"], ["it", "was", "blue"]])
    [[False, True, False], [False, True, False]]
    """
    differs = [[True] * len(words) for words in texts]
    for i, j in combinations(range(len(texts)), 2):
        first = texts[i][:MAX_COMPARED_WORDS]
        second = texts[j][:MAX_COMPARED_WORDS]
        for start_in_i, start_in_j, size in _matching_blocks(first, second):
            differs[i][start_in_i : start_in_i + size] = [False] * size
            differs[j][start_in_j : start_in_j + size] = [False] * size
    return differs


def _matching_blocks(first: Sequence[str], second: Sequence[str]) -> Iterator[Match]:
    """Yield the blocks of `SequenceMatcher.get_matching_blocks`, until `_MAX_STEPS` are used up.

    A search takes a step for each word of its range in the first text, and a step for each
    occurrence of that word in the second text. Ranges are searched level by level, each before the
    ranges on both sides of its match, so that large matches come first.
    """
    matcher = SequenceMatcher(None, first, second)
    positions = matcher.b2j  # type: ignore[attr-defined]  # documented, but not in typeshed
    steps = [0, *accumulate(1 + len(positions.get(word, ())) for word in first)]
    ranges = deque([(0, len(first), 0, len(second))])
    steps_left = _MAX_STEPS
    while ranges and steps_left > 0:
        low, high, other_low, other_high = ranges.popleft()
        steps_left -= steps[high] - steps[low]
        match = matcher.find_longest_match(low, high, other_low, other_high)
        if match.size:
            yield match
            ranges.append((low, match.a, other_low, match.b))
            ranges.append((match.a + match.size, high, match.b + match.size, other_high))
