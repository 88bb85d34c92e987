"""Arguments of tool calls that arrive in pieces, cut anywhere: both APIs give the same call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.answering.reply import Reply
from desktop_app.domain.answering.stream_events import StreamEvent
from desktop_app.domain.conversations.message_parts import ToolCallPart, tool_calls
from desktop_app.providers.apis.chat_completions import ChatCompletionsReader
from desktop_app.providers.apis.responses_stream import ResponsesReader
from tests.unit.providers.samples import fold

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
arguments = st.dictionaries(st.text(max_size=6), values, max_size=3)


def pieces_of(text: str) -> Iterator[list[str]]:
    """Yield the text cut at every boundary, then into single characters."""
    for at in range(len(text) + 1):
        yield [text[:at], text[at:]]
    yield list(text)


def through_responses(calls: list[list[str]], *, sends_rest: bool) -> Reply:
    reader, events = ResponsesReader("OpenAI"), list[StreamEvent]()
    for at, pieces in enumerate(calls):
        item = {"type": "function_call", "call_id": f"c{at}", "name": "f"}
        rows: list[dict[str, Any]] = [{"type": "response.output_item.added", "item": item}]
        kind = "response.function_call_arguments"
        rows += [{"type": f"{kind}.delta", "delta": piece} for piece in pieces]
        if sends_rest:
            whole = "".join(pieces)
            rows.append({"type": f"{kind}.done", "arguments": whole})
            done = {**item, "arguments": whole}
            rows.append({"type": "response.output_item.done", "item": done})
        for row in rows:
            events += reader.read(json.dumps({**row, "output_index": at}).encode())
    return fold(events)


def through_chat_completions(calls: list[list[str]]) -> Reply:
    reader, events = ChatCompletionsReader("OpenAI"), list[StreamEvent]()
    for at, pieces in enumerate(calls):
        named = {"id": f"c{at}", "type": "function", "function": {"name": "f", "arguments": ""}}
        rows: list[dict[str, Any]] = [named, *({"function": {"arguments": p}} for p in pieces)]
        for row in rows:
            delta = {"tool_calls": [{**row, "index": at}]}
            chunk = {"choices": [{"index": 0, "delta": delta}]}
            events += reader.read(json.dumps(chunk).encode())
    return fold(events)


def calls_of(reply: Reply) -> list[tuple[str, str, str]]:
    return [(c.call_id, c.name, c.arguments) for c in tool_calls(reply.parts)]


@given(arguments, arguments)
def test_arguments_cut_at_every_boundary_give_the_same_calls(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    one, other = json.dumps(first, ensure_ascii=False), json.dumps(second)
    wanted = [("c0", "f", one), ("c1", "f", other)]
    for pieces in pieces_of(one):
        calls = [pieces, [other]]
        assert calls_of(through_responses(calls, sends_rest=True)) == wanted
        assert calls_of(through_responses(calls, sends_rest=False)) == wanted
        assert calls_of(through_chat_completions(calls)) == wanted


def test_a_call_without_arguments_is_read_with_empty_ones() -> None:
    for reply in (through_responses([[]], sends_rest=True), through_chat_completions([[]])):
        assert tool_calls(reply.parts) == (ToolCallPart("c0", "f", ""),)
