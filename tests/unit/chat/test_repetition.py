"""Repetitions of local models: which texts are stopped, and which are not."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.chat.answers.answer_measures import (
    MAX_COUNTED,
    MIN_CHARS,
    MIN_EQUAL_ITEMS,
    MIN_PLAIN_CHARS,
    MIN_REPEATS,
    RepetitionStop,
    is_repetitive,
)
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.answering.stream_events import Incomplete, ReasoningDelta, TextDelta
from desktop_app.domain.conversations.conversation import REPEATED
from desktop_app.providers.gateway.environment_profiles import ON_DEVICE, OPENAI
from tests.helpers.examples import examples

REPOSITORY = Path(__file__).parents[3]
OLLAMA = ProviderProfile("o", "Ollama", ProviderKind.COMPATIBLE, "http://localhost:11434/v1")
SENTENCE = "The key of the cellar is again added to the stadium.\n"
WORDS = st.text(st.characters(categories=("L",)), min_size=2, max_size=12)


def stopped_at(text: str, profile: ProviderProfile = ON_DEVICE, step: int = 5) -> int | None:
    """Return the position at which a streamed text is stopped; None if it is not."""
    stop = RepetitionStop(profile)
    for start in range(0, len(text), step):
        event = stop.check(TextDelta(text[start : start + step]))
        if event == Incomplete(REPEATED):
            return start
    return None


@given(unit=st.lists(WORDS, min_size=1, max_size=60).map(" ".join), beginning=st.text(max_size=500))
@settings(max_examples=examples(200))
def test_a_repeated_unit_is_stopped_wherever_it_begins(unit: str, beginning: str) -> None:
    text = beginning.replace("```", "").replace("~~~", "") + f"\n{unit}\n" * 2_000
    stopped = stopped_at(text[:40_000], step=50)
    needed = max(MIN_CHARS, MIN_REPEATS * (len(unit) + 2))
    assert stopped is not None
    assert stopped <= len(beginning) + needed + 300


@given(words=st.lists(WORDS, min_size=5, max_size=400, unique=True))
@settings(max_examples=examples(200))
def test_texts_whose_parts_differ_are_not_stopped(words: list[str]) -> None:
    forms = [
        "\n".join(f"{number}. {word}" for number, word in enumerate(words, 1)),
        "\n".join(f"| {word} | yes | 0 | 0 | 0 | yes |" for word in words),
        json.dumps([{"name": word, "tags": [], "active": True} for word in words], indent=2),
        "\n".join(f"{word} in the rain,\nand the rain, the rain, the rain.\n" for word in words),
        "```python\n" + "\n".join(f"self.assertTrue(is_{word})" for word in words) + "\n```",
    ]
    for form in forms:
        assert stopped_at(form, step=100) is None


@pytest.mark.parametrize(
    "pattern",
    [
        *("*.md", "desktop_app/*.md", "desktop_app/chat/*.py", "resources/*.toml"),
        *("resources/help/**/*.md", "tests/data/*.md", "tests/data/markdown/*"),
        *("tests/data/corpus/expected/*.txt", "tests/data/retrieval/**/*.md"),
    ],
)
def test_texts_of_people_are_not_stopped(pattern: str) -> None:
    for file in REPOSITORY.glob(pattern):
        text = file.read_text("utf-8", "replace")[:60_000]
        assert stopped_at(text, step=500) is None, file
        for end in range(500, min(len(text), 5_000), 500):  # whichever limit ends it
            assert not is_repetitive(text[:end], is_at_end=True) or "```" in text[:end], (file, end)


TIPS = (
    "1. Establish a consistent sleep routine, go to bed and wake up at the same time, 2. Avoid "
    "heavy meals and caffeine, 3. Maintain a healthy diet, 4. Exercise regularly, 5. Limit screen "
    "time before bedtime, 6. Sleep with a partner, 7. Avoid alcohol, 8. Avoid using electronic "
    "devices in the bedroom, 9. Don't smoke, 10. Limit alcohol, 11. Limit caffeine, 12. Avoid "
    "heavy metals, 13. Sleep well, "
)
"""The beginning of an answer by SmolLM2 that then counted on to 212."""
COUNT = " ".join(f"{number}." for number in range(14, 213))


def test_a_list_that_goes_on_as_a_count_is_stopped() -> None:
    stopped = stopped_at(TIPS + COUNT)
    assert stopped is not None
    assert stopped < len(TIPS) + 250
    assert not is_repetitive(TIPS, is_at_end=True)
    for separator in (", ", "\n", " ", "; "):
        count_ = separator.join(map(str, range(1, MAX_COUNTED + 100)))
        assert stopped_at(TIPS + count_, step=50) is not None
        assert stopped_at(separator.join(map(str, range(1, 101)))) is None  # it was asked for


def test_an_answer_that_ends_at_its_limit_in_a_loop_is_not_to_be_continued() -> None:
    length = Incomplete("max_output_tokens")
    for end, expected in ((COUNT[:100], Incomplete(REPEATED)), ("14. Read a book.", length)):
        stop = RepetitionStop(ON_DEVICE)
        stop.check(TextDelta(TIPS + end))
        assert stop.check(length) == expected


@given(
    sentences=st.lists(
        st.lists(WORDS, min_size=5, max_size=12).map(" ".join), min_size=2, max_size=4, unique=True
    ),
    order=st.lists(st.integers(0, 3), min_size=250, max_size=250),
)
@settings(max_examples=examples(200))
def test_sentences_that_return_in_any_order_are_stopped(
    sentences: list[str], order: list[int]
) -> None:
    text = " ".join(f"{sentences[number % len(sentences)]}." for number in order)
    assert stopped_at(text, step=50) is not None


@pytest.mark.parametrize(
    "line",
    ["| Day {n} | yes | yes | no | yes |", "{n}, {p}, {q},", "Day {n}: rain, {p} mm, wind {q}"],
)
def test_tables_and_lists_of_numbers_are_not_stopped(line: str) -> None:
    lines = [line.format(n=n, p=n * n % 97, q=n * 7 % 89) for n in range(1, 200)]
    assert stopped_at("\n".join(lines), step=50) is None


@pytest.mark.parametrize(
    ("unit", "chars", "before"),
    [
        (SENTENCE, MIN_CHARS, ""),
        ("0, 0, 0,\n", MIN_PLAIN_CHARS, ""),
        ("0", MIN_PLAIN_CHARS, ""),
        ("-", MIN_PLAIN_CHARS, ""),
        (SENTENCE, MIN_PLAIN_CHARS, "```python\nimport os\n"),
        (SENTENCE, MIN_CHARS, "```python\nimport os\n```\n"),
    ],
)
def test_the_least_repetition_depends_on_words_and_code(unit: str, chars: int, before: str) -> None:
    repeated = unit * (2 * chars // len(unit))
    stopped = stopped_at(before + repeated, step=10)
    assert stopped is not None
    assert chars - 20 <= stopped - len(before) <= chars + 220
    assert stopped_at(before + repeated[: chars - 10]) is None


def test_numbered_items_are_a_repetition_once_there_are_enough() -> None:
    items = [f"{number}. antelope\n" for number in range(1, 200)]
    assert not is_repetitive("1. cat\n2. dog\n" + "".join(items[2 : MIN_EQUAL_ITEMS + 1]))
    assert is_repetitive("1. cat\n2. dog\n" + "".join(items[2 : MIN_EQUAL_ITEMS + 2]))
    assert stopped_at("".join(items)) is not None


@pytest.mark.parametrize("separator", ["\n", " ", ", "])
@pytest.mark.parametrize(
    ("item", "is_loop"),
    [
        ("Row {n}.", False),
        ("Row {n}) yes", False),
        ("See row {n}.", False),
        ("On day {n}. rain", False),
        ("{n}.", True),
        ("{n}. Sleep well.", True),
        ("{n}) Row", None),  # in a line only, it may be the end of the item before
    ],
)
def test_counting_is_a_loop_but_rows_that_were_asked_for_are_not(
    item: str, is_loop: bool | None, separator: str
) -> None:
    stopped = stopped_at(separator.join(item.format(n=n) for n in range(1, 201)), step=50)
    if is_loop is None:
        is_loop = separator != " "
    assert (stopped is not None) is is_loop


def test_a_refrain_between_verses_is_no_repetition() -> None:
    refrain = "Rain, rain, go away,\ncome again another day.\n" * 3
    verses = (f"Verse {number} tells of the day {number * 7}.\n{refrain}" for number in range(40))
    assert stopped_at("".join(verses)) is None


def test_only_local_models_are_watched() -> None:
    text = SENTENCE * 100
    assert stopped_at(text, OPENAI) is None
    assert stopped_at(text, ON_DEVICE) is not None
    assert stopped_at(text, OLLAMA) is not None


def test_reasoning_and_answer_are_watched_apart() -> None:
    stop = RepetitionStop(OLLAMA)
    half = SENTENCE * (MIN_CHARS // len(SENTENCE) - 6)
    assert stop.check(ReasoningDelta(half)) == ReasoningDelta(half)
    assert stop.check(TextDelta(half)) == TextDelta(half)
    loop = (stop.check(ReasoningDelta(SENTENCE)) for _ in count())
    assert Incomplete(REPEATED) in (next(loop) for _ in range(100))
