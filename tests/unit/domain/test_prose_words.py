"""Words of a draft that are checked for spelling."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.prose_words import (
    MAX_LINE_CHARS,
    fence_after,
    next_misspelled,
    script_of,
    words_of_line,
)


def words(line: str) -> list[str]:
    return [word.text for word in words_of_line(line)]


def test_words_keep_their_apostrophes_and_marks() -> None:
    assert words("Don’t say it's **bold**, Häuser-Bau!") == [
        *("Don’t", "say", "it's", "bold", "Häuser", "Bau")
    ]


@pytest.mark.parametrize(
    "line",
    [
        *("`wrld`", "``a ` wrld``", "https://wrld.example/teh", "www.wrld.nl", "wrld@teh.org"),
        *("/wrld", "./teh/wrld", r"C:\wrld", "@wrld", "#teh", "$WRLD", "<wrld>", "--wrld"),
        *("snake_wrld", "camelWrld", "WRLD", "wrld2", "2wrld", "wrld()", "teh.wrld"),
        *("x-2wrld", "wrld2-x", "+2wrld"),
        *("中文字", "人々", "Wrldは素晴らしい"),
        "a" * (MAX_LINE_CHARS + 1),
    ],
)
def test_code_and_addresses_have_no_words(line: str) -> None:
    assert words(line) == []


def test_words_keep_the_marks_of_their_script() -> None:
    assert words("हिन्दी, كِتَابٌ. می‌خواهم") == ["हिन्दी", "كِتَابٌ", "می‌خواهم"]
    assert [script_of(word) for word in ("हिन्दी", "слово", "Häuser")] == [
        *("DEVANAGARI", "CYRILLIC", "LATIN")
    ]


def test_positions_are_those_of_qt() -> None:
    assert words_of_line("😀 wrld")[0].start == 3  # the smiley takes two units
    assert [word.start for word in words_of_line('a "wrld-teh"')] == [3, 8]


@given(st.text(max_size=80))
def test_words_have_their_position_in_the_line(line: str) -> None:
    units = line.encode("utf-16-le", "surrogatepass")
    for word in words_of_line(line):
        assert units[2 * word.start : 2 * word.end].decode("utf-16-le") == word.text


def test_a_fence_ends_with_one_of_its_length() -> None:
    assert fence_after("~~~", "") == "~~~"
    assert fence_after("```", "~~~") == "~~~"
    assert fence_after("```", "````") == "````"
    assert fence_after("`````", "````") == ""
    assert fence_after("```  ", "```") == ""


def test_a_fence_with_other_text_does_not_end_code() -> None:
    assert fence_after("```python", "```") == "```"
    assert fence_after("~~~ x", "~~~") == "~~~"


def test_code_between_backticks_on_one_line_opens_no_fence() -> None:
    assert fence_after("```code``` and more", "") == ""
    assert fence_after("~~~ with `code`", "") == "~~~"


def misspelled(words: Iterable[str]) -> set[str]:
    return {"wrld", "teh"} & set(words)


def test_the_next_misspelled_word_wraps_and_skips_code() -> None:
    text = "the wrld\n```\nteh\n```\n😀 teh end"
    first = next_misspelled(text, 0, misspelled)
    assert first == ("wrld", 4)
    assert next_misspelled(text, 8, misspelled) == first
    second = next_misspelled(text, 9, misspelled)
    assert second == ("teh", 24)
    assert next_misspelled(text, 28, misspelled) == first
    assert next_misspelled("all right", 0, misspelled) is None
