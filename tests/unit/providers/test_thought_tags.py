"""Reasoning that a server leaves in the text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import pytest

from desktop_app.domain.answering.reply import Reply, accumulate
from desktop_app.domain.answering.stream_events import (
    Completed,
    Incomplete,
    ReasoningDelta,
    RoundEnded,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
)
from desktop_app.domain.conversations.message_parts import ReasoningPart, TextPart
from desktop_app.providers.apis.thought_tags import ThoughtSplitter

ENDS = (Completed(), Incomplete("length"))


def split(events: Sequence[StreamEvent]) -> Reply:
    splitter = ThoughtSplitter()
    passed = [each for event in events for each in splitter.feed(event)]
    return reduce(accumulate, passed, Reply())


def words(reply: Reply) -> tuple[str, str]:
    """Return the reasoning and the text."""
    thoughts = [part.text for part in reply.parts if isinstance(part, ReasoningPart)]
    texts = [part.text for part in reply.parts if isinstance(part, TextPart)]
    return "".join(thoughts), "".join(texts)


def in_pieces(text: str, size: int) -> list[StreamEvent]:
    return [TextDelta(text[start : start + size]) for start in range(0, len(text), size)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("text", "thought", "answer"),
    [
        ("<think>\nWeighing it.\n</think>\n\nForty-two.", "Weighing it.", "Forty-two."),
        ("\n <Think>Hm.</THINK>Yes.", "Hm.", "Yes."),
        ("<|channel>thought\nHm.\n<channel|>Yes.", "Hm.", "Yes."),
        ("<thinking>a < b </thinking> Yes.", "a < b", "Yes."),
        ("<thought>Hm.</thought>Yes.", "Hm.", "Yes."),
        ("<reasoning>Hm.</reasoning>Yes.", "Hm.", "Yes."),
        ("<seed:think>Hm.</seed:think>Yes.", "Hm.", "Yes."),
        ("[THINK]Hm.[/THINK]Yes.", "Hm.", "Yes."),
        ("◁think▷Hm.◁/think▷Yes.", "Hm.", "Yes."),
        ("<|begin_of_thought|>Hm.<|end_of_thought|>Yes.", "Hm.", "Yes."),
        ("<|START_THINKING|>Hm.<|END_THINKING|>Yes.", "Hm.", "Yes."),
        ("<think>\n\n</think>\n\nYes.", "", "Yes."),
        ("<think>One.</think>\n<think>Two.</think>Yes.", "One.Two.", "Yes."),
        # Another spelling does not close it.
        ("<think>a</thinking>b</think>c", "a</thinking>b", "c"),
        # The opening tag is in the prompt.
        ("Weighing it.\n</think>\n\nForty-two.", "Weighing it.", "Forty-two."),
        ("Weighing it.</think>Forty-two.", "Weighing it.", "Forty-two."),
        ("</think>\n\nYes.", "", "Yes."),
        ("Weighing it.\n</think>", "Weighing it.", ""),
        ("```\ncode\n```\nso\n</think>\nYes.", "```\ncode\n```\nso", "Yes."),
        # Harmony
        (
            "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>"
            "Yes.<|return|>",
            "Hm.",
            "Yes.",
        ),
        ("<|channel|>commentary to=f <|message|>Hm.<|end|>Yes.", "Hm.", "Yes."),
        ("<|channel|>final <|constrain|>json<|message|>{}", "", "{}"),
    ],
)  # fmt: skip
def test_reasoning_in_tags_is_reasoning(text: str, thought: str, answer: str, size: int) -> None:
    for end in ENDS:
        assert words(split([*in_pieces(text, size), end])) == (thought, answer)


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_reasoning_alone_is_the_answer(size: int) -> None:
    unclosed = "<think>Never closed </thin"
    thought = "Never closed </thin"
    assert words(split([*in_pieces(unclosed, size), Completed()])) == (thought, thought)
    assert words(split([*in_pieces(unclosed, size), Incomplete("length")])) == (thought, "")
    by_server = [ReasoningDelta("It is"), ReasoningDelta(" four."), TextDelta("\n"), Completed()]
    assert words(split(by_server)) == ("It is four.", "\nIt is four.")
    call = ToolCallDelta(0, "{}", "c", "f")
    assert words(split([ReasoningDelta("I call."), call, Completed()])) == ("I call.", "")


@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.parametrize(
    "text",
    [
        "The tag <think> opens, and </think> closes.",
        "`<think>` opens and `a</think>b` closes.",
        "```xml\n<think>\nHm.\n</think>\n```\nDone.",
        "~~~\nHm.\n</think>\n~~~",
        "First:\n\n<think>\nHm.\n</think>\n\nDone.",
        "Write “</think>”, or (</think>), or </think>. Done.",
        "<thin and <b>bold</b>",
        "  indented\n",
        "<|channel|> is a token",
        "<",
        "a <",
        "  ",
    ],
)
def test_quoted_tags_stay_text(text: str, size: int) -> None:
    for end in ENDS:
        assert words(split([*in_pieces(text, size), end])) == ("", text)


def test_held_text_comes_before_a_call() -> None:
    reply = split([TextDelta("<"), ToolCallDelta(0, "{}", "c", "look"), Completed()])
    assert words(reply) == ("", "<")
    assert isinstance(reply.parts[0], TextPart)


def test_text_of_earlier_rounds_stays_text() -> None:
    first = reduce(accumulate, [TextDelta("First."), RoundEnded()], Reply())
    splitter = ThoughtSplitter()
    events = [
        each
        for event in (TextDelta("Hm.\n</think>\n\nYes."), Completed())
        for each in splitter.feed(event)
    ]
    assert words(reduce(accumulate, events, first)) == ("Hm.", "First.Yes.")
