"""Finds the words that only one of several texts has."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from itertools import combinations
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

WORD: Final = re.compile(r"\w+")
MAX_COMPARED_WORDS: Final = 10_000
"""Words of each text that are compared: four texts of that length take 1.7 s."""


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
        matcher = SequenceMatcher(None, first, second)
        for start_in_i, start_in_j, size in matcher.get_matching_blocks():
            differs[i][start_in_i : start_in_i + size] = [False] * size
            differs[j][start_in_j : start_in_j + size] = [False] * size
    return differs
