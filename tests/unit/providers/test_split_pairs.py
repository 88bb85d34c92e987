"""Surrogate pairs that a server splits between two deltas become one character."""

from __future__ import annotations

import json
from functools import reduce

import pytest

from desktop_app.domain.answering.reply import Reply, accumulate
from desktop_app.domain.answering.stream_events import Completed, StreamEvent
from desktop_app.domain.conversations.message_parts import (
    Part,
    ReasoningPart,
    RefusalPart,
    TextPart,
    tool_calls,
)
from desktop_app.providers.apis.chat_completions import ChatCompletionsReader
from desktop_app.providers.apis.responses_stream import ResponsesReader

SPLIT = [
    (["a\ud83d", "\ude00b"], "a\U0001f600b"),
    (["\ud83d", "\ude00", "\ud83d", "\ude01"], "\U0001f600\U0001f601"),
    (["\ud83d", "", "\ude00"], "\U0001f600"),
    (["a\ud83d\ude00\ud83d", "\ude01"], "a\U0001f600\U0001f601"),
    (["a\ud83d", "b"], "a\ufffdb"),
    (["a\ud83d", "\ud83d", "\ude00"], "a\ufffd\U0001f600"),
    (["a", "\ude00b"], "a\ufffdb"),
    (["a\ud83d"], "a\ufffd"),
    (["\ud83d\ud83d\ude00\ude00"], "\ufffd\U0001f600\ufffd"),
]


def data(event: dict[str, object]) -> bytes:
    return json.dumps(event).encode()


def parts_of(events: list[StreamEvent]) -> tuple[Part, ...]:
    assert [event for event in events if isinstance(event, Completed)] == events[-1:]
    return reduce(accumulate, events, Reply()).parts


@pytest.mark.parametrize(("deltas", "text"), SPLIT)
@pytest.mark.parametrize(
    ("field", "part"),
    [("content", TextPart), ("reasoning", ReasoningPart), ("refusal", RefusalPart)],
)
def test_chat_completions_joins_pairs(
    field: str, part: type[TextPart | ReasoningPart | RefusalPart], deltas: list[str], text: str
) -> None:
    reader = ChatCompletionsReader("x")
    events: list[StreamEvent] = []
    for delta in deltas:
        events += reader.read(data({"choices": [{"index": 0, "delta": {field: delta}}]}))
    events += reader.read(b"[DONE]")
    assert parts_of(events) == (part(text),)


@pytest.mark.parametrize(("deltas", "text"), SPLIT)
@pytest.mark.parametrize("repeats", [False, True])
def test_responses_joins_pairs(deltas: list[str], text: str, repeats: bool) -> None:
    reader = ResponsesReader("x")
    events: list[StreamEvent] = []
    for delta in deltas:
        events += reader.read(data({"type": "response.output_text.delta", "delta": delta}))
    if repeats:
        whole = "".join(deltas)
        events += reader.read(data({"type": "response.output_text.done", "text": whole}))
    done = {"status": "completed", "output": []}
    events += reader.read(data({"type": "response.completed", "response": done}))
    assert parts_of(events) == (TextPart(text),)


@pytest.mark.parametrize(("deltas", "text"), SPLIT)
def test_chat_completions_joins_pairs_in_arguments(deltas: list[str], text: str) -> None:
    reader = ChatCompletionsReader("x")
    events: list[StreamEvent] = []
    for delta in deltas:
        for index in (0, 1):  # parallel calls have a text each
            call = {"index": index, "id": f"c{index}", "function": {"arguments": delta}}
            chunk: dict[str, object] = {"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}
            events += reader.read(data(chunk))
    parts = parts_of([*events, *reader.read(b"[DONE]")])
    assert [call.arguments for call in tool_calls(parts)] == [text, text]
