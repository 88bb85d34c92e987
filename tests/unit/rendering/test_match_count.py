"""Words are counted without rendering exactly as often as they are shown."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from desktop_app.rendering.incremental.block_stream import render
from desktop_app.rendering.search import match_count
from desktop_app.rendering.search.match_count import count_in_markdown
from desktop_app.rendering.search.text_search import count_in, may_hold, sought, texts_of

DATA = Path(__file__).parents[2] / "data" / "markdown"
EXAMPLES = [
    str(example["markdown"])
    for name in ("commonmark-0.31.2.json", "gfm-extensions.json")
    for example in json.loads((DATA / name).read_text())
]
WORDS = (
    *("foo", "needle", "x", "1", "12", "a", "of", "table", "bar", "url", "title", "e", "image"),
    *("foo bar", "foo needle", "shown", "amp", "link", "uri", "*", "https", "com", "привет"),
)
PIECES = [
    *("foo bar needle", "**nee**dle", "ne`ed`le", "it's foo, needle.", "foo\nneedle", "foo\\bar"),
    *("[needle](https://a.b/needle)", "![needle](https://a.b/needle)", "a[foo](u)needle"),
    *(
        "`[needle](https://a.b/needle)`",
        "$[needle](https://a.b/needle)$",
        "[foo]",
        "[foo]: /needle",
    ),
    *("- [x] foo", "1. foo\n   ```foo\n   needle\n   ```", "```foo needle\nneedle\n\nfoo\n```"),
    *("| foo | needle |\n|--|--|\n| foo | x | needle |", "| foo | needle |\n|--|--|\n| foo | x |"),
    *("> needle\n> ```\n> foo", "- foo\n\n      needle", "text[^foo]", "[^foo]: needle", "$$ foo"),
    *(
        "$$\nfoo\n```\n$$",
        "\\[ foo",
        "foo &amp; &nbsp; needle",
        "&#110;eedle",
        "ne\\edle",
        "é ÉÀ foo",
    ),
    *("https://needle.com/foo", "www.foo.com/needle", "foo@needle.com", "<foo:needle.com>"),
    *(
        "  ```\n  foo",
        "   ~~~ needle",
        "~~~\nfoo\n~~~",
        "``foo` needle``",
        "x\u202efoo",
        "привет мир",
    ),
    *(
        "12. foo 12",
        "\tfoo",
        "    needle",
        "[foo.com](https://needle.com/foo)",
        "http://user@foo.com/",
    ),
    *("- - - foo", ">>> needle", "- foo\n  - needle\n    - x", "foo\n===", "# foo #", "---"),
]


def shown(source: str, words: str) -> int:
    return count_in(texts_of(render(source)), words) if may_hold(source, words) else 0


@pytest.mark.parametrize("seed", range(4))
def test_what_is_counted_is_what_is_shown(seed: int) -> None:
    chance = random.Random(seed)
    ends = ("\n", "\n\n", "\n\n", "\n\n\n", " ", "\n  ", "\n\n  ", "\r\n\r\n", "\n> ")
    for _ in range(250):
        known = PIECES if chance.random() < 0.6 else EXAMPLES
        pieces = [chance.choice(known) + chance.choice(ends) for _ in range(chance.randint(1, 6))]
        source = "".join(pieces)
        for word in map(sought, chance.sample(WORDS, 3)):
            assert count_in_markdown(source, word) == shown(source, word), (source, word)


def test_most_answers_are_not_rendered() -> None:
    match_count._shown_texts.cache_clear()
    source = (
        "A **needle** in [the docs](https://example.com/needle), and a `needle`.\n\n"
        "1. Run it:\n2. A needle.\n\n```py\nneedle = '[needle](x)'\n\nneedle()\n```\n\n"
        "| needle | b |\n|---|---|\n| 1 | needle |\n\n> A needle, array[0], and 2 * 3.\n"
    )
    assert count_in_markdown(source, "needle") == 9
    assert match_count._shown_texts.cache_info().misses == 0
    assert count_in_markdown(source, "example") == 0, "that stands in the link's target alone"


def test_words_with_marks_of_emphasis_in_them_are_counted() -> None:
    assert count_in_markdown("A foo_bar, needle.", sought("foo_bar, n")) == 1
    assert count_in_markdown("Where $foo_1$, needle.", sought("foo_1, n")) == 1
