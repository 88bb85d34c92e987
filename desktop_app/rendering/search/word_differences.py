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
    for one, other in combinations(range(len(texts)), 2):
        first, second = texts[one][:MAX_COMPARED_WORDS], texts[other][:MAX_COMPARED_WORDS]
        for i, j, size in SequenceMatcher(None, first, second).get_matching_blocks():
            differs[one][i : i + size] = differs[other][j : j + size] = [False] * size
    return differs
