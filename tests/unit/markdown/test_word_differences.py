"""Words that only one of several texts has."""

from __future__ import annotations

import random
from difflib import SequenceMatcher

from desktop_app.markdown.text_search import differing_words


def test_only_words_without_a_counterpart_differ() -> None:
    texts = ["the sky is blue".split(), "a sky is grey".split(), "the sky is".split()]
    assert differing_words(texts) == [
        [False, False, False, True],
        [True, False, False, True],
        [False, False, False],
    ]


def test_ordinary_texts_are_compared_to_the_end() -> None:
    chance = random.Random("words")
    words = [str(number) for number in range(300)]
    first = chance.choices(words, [1 / (number + 1) for number in range(300)], k=1500)
    second = [word if chance.random() < 0.8 else chance.choice(words) for word in first]
    differs = [[True] * len(first), [True] * len(second)]
    for i, j, size in SequenceMatcher(None, first, second).get_matching_blocks():
        differs[0][i : i + size] = differs[1][j : j + size] = [False] * size
    assert differing_words([first, second]) == differs
