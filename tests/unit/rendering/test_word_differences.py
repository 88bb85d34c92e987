"""Words that only one of several texts has."""

from __future__ import annotations

from desktop_app.rendering.search.word_differences import differing_words


def test_only_words_without_a_counterpart_differ() -> None:
    texts = ["the sky is blue".split(), "a sky is grey".split(), "the sky is".split()]
    assert differing_words(texts) == [
        [False, False, False, True],
        [True, False, False, True],
        [False, False, False],
    ]
