"""Tool calls that are hard to tell apart, and characters that are split between deltas."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import pytest

from desktop_app.domain.answering.chat_request import ChatRequest, RequestMessage
from desktop_app.domain.answering.reply import Reply, accumulate
from desktop_app.domain.answering.stream_events import (
    Completed,
    RoundEnded,
    StreamEvent,
    ToolCallDelta,
)
from desktop_app.domain.conversations.conversation import MessageStatus, Role
from desktop_app.domain.conversations.message_parts import (
    Part,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCallPart,
    tool_calls,
)
from desktop_app.providers.apis import chat_completions, responses
from desktop_app.providers.apis.chat_completions import ChatCompletionsReader
from desktop_app.providers.apis.redacted_answer import RedactedAnswer
from desktop_app.providers.apis.responses_stream import ResponsesReader
from desktop_app.providers.http.redaction import Redactor
from tests.unit.providers.samples import CATALOG, OPENAI, fold

ONE, TWO = '{"n":1}', '{"n":2}'
BOTH = [("f", ONE), ("f", TWO)]
Row = dict[str, Any]


def calls_of(reply: Reply) -> list[tuple[str, str]]:
    assert reply.status is MessageStatus.COMPLETE
    return [(call.name, call.arguments) for call in tool_calls(reply.parts)]


def through_chat_completions(*deltas: Row) -> Reply:
    reader = ChatCompletionsReader("OpenAI")
    chunks: list[Row] = [{"choices": [{"delta": delta}]} for delta in deltas]
    chunks.append({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    events = [event for each in chunks for event in reader.read(json.dumps(each).encode())]
    return fold([*events, *reader.end()])


def piece(arguments: Any, name: str | None = "f", **fields: Any) -> Row:
    return {**fields, "function": {"name": name, "arguments": arguments}}


@pytest.mark.parametrize(
    "deltas",
    [
        # Gemini: no index, and an empty id or none.
        [[piece(ONE, id=""), piece(TWO, id="")]],
        [[piece(ONE)], [piece(TWO)]],
        # Every call is number 0.
        [[piece(ONE, index=0, id="a")], [piece(TWO, index=0, id="b")]],
        [[piece(ONE, index=0, id="a"), piece(TWO, index=0, id="b")]],
        [[piece(ONE, index=0)], [piece(TWO, index=0)]],
        # No index; the pieces of a call follow each other.
        [[piece("", id="a")], [piece(ONE, None)], [piece("", id="b")], [piece(TWO, None)]],
        # The name, or a new id, comes with every piece.
        [[piece(text, index=0, id="a")] for text in ("", ONE[:3], ONE[3:])]
        + [[piece(TWO, index=1, id="b")]],
        [[piece("", index=0, id="a")], [piece(ONE, None, index=0, id="b")], [piece(TWO, index=1)]],
        [[piece("", index=0)], [piece(ONE, index=0)], [piece(TWO, index=0)]],
        [[piece("", index=0, id="a")], [piece(ONE, None, index=0)]]
        + [[piece(TWO[:3], index=0, id="b")], [piece(TWO[3:], None, index=0)]],
        [[piece(text, index=0)] for text in ("", '{"n":', "1", "}")] + [[piece(TWO, index=1)]],
    ],
)
def test_calls_of_chat_completions_stay_apart(deltas: list[list[Row]]) -> None:
    assert calls_of(through_chat_completions(*({"tool_calls": row} for row in deltas))) == BOTH


def test_the_field_that_came_before_tool_calls_is_read() -> None:
    deltas: list[Row] = [{"function_call": {"name": "f", "arguments": ""}}]
    deltas += [{"function_call": {"arguments": text}} for text in (ONE[:3], ONE[3:])]
    assert calls_of(through_chat_completions(*deltas)) == BOTH[:1]
    both = {"tool_calls": [piece(ONE)], "function_call": {"name": "f", "arguments": ONE}}
    assert calls_of(through_chat_completions(both)) == BOTH[:1]


def test_arguments_that_come_as_an_object_are_kept() -> None:
    reply = through_chat_completions({"tool_calls": [piece({"n": 1}), piece({"n": [2]})]})
    assert calls_of(reply) == [("f", '{"n": 1}'), ("f", '{"n": [2]}')]
    item = {"type": "function_call", "call_id": "a", "name": "f", "arguments": {"n": 1}}
    reply = through_responses({"type": "response.output_item.done", "item": item})
    assert calls_of(reply) == [("f", '{"n": 1}')]


@pytest.mark.parametrize(
    "reason",
    [
        *("SAFETY", "PROHIBITED_CONTENT", "refusal", "content_filter"),
        *("content_filtered", "guardrail_intervened"),
    ],
)
def test_other_names_of_a_filter_are_a_refusal(reason: str) -> None:
    reader = ChatCompletionsReader("Own")
    chunk = {"choices": [{"delta": {"content": "Half"}, "finish_reason": reason}]}
    reply = fold([*reader.read(json.dumps(chunk).encode()), *reader.end()])
    assert (reply.status, reply.incomplete_reason) == (MessageStatus.REFUSED, "content_filter")


def through_responses(*events: Row, output: Sequence[Row] = ()) -> Reply:
    reader = ResponsesReader("OpenAI")
    response = {"status": "completed", "output": list(output)}
    rows = [*events, {"type": "response.completed", "response": response}]
    return fold([event for row in rows for event in reader.read(json.dumps(row).encode())])


def events_of(arguments: str, *, has_ids: tuple[str, ...] = (), **place: Any) -> list[Row]:
    ids = {"id": f"fc_{arguments}", "call_id": f"call_{arguments}"}
    item = {"type": "function_call", "name": "f", **{name: ids[name] for name in has_ids}}
    owner = {"item_id": ids["id"]} if "id" in has_ids else {}
    kind = "response.function_call_arguments"
    return [
        {"type": "response.output_item.added", "item": item, **place},
        {"type": f"{kind}.delta", "delta": arguments[:3], **owner, **place},
        {"type": f"{kind}.delta", "delta": arguments[3:], **owner, **place},
        {"type": f"{kind}.done", "arguments": arguments, **owner, **place},
        {"type": "response.output_item.done", "item": {**item, "arguments": arguments}, **place},
    ]


@pytest.mark.parametrize("has_ids", [("id",), ("call_id",), ("id", "call_id")])
@pytest.mark.parametrize("place", [{}, {"output_index": 0}])
def test_calls_of_responses_without_numbers_stay_apart(
    has_ids: tuple[str, ...], place: Row
) -> None:
    one, two = (events_of(text, has_ids=has_ids, **place) for text in (ONE, TWO))
    assert calls_of(through_responses(*one, *two)) == BOTH
    assert calls_of(through_responses(one[0], one[-1], two[0], two[-1])) == BOTH
    assert calls_of(through_responses(one[-1], two[-1])) == BOTH
    assert calls_of(through_responses(*one[:3], *two[:3])) == BOTH


def test_calls_that_only_the_whole_response_has_are_read() -> None:
    items = [events_of(text, has_ids=("call_id",))[-1]["item"] for text in (ONE, TWO)]
    said = {"type": "response.output_text.delta", "delta": "I look."}
    assert calls_of(through_responses(said, output=items)) == BOTH
    streamed = events_of(ONE, has_ids=("call_id",))
    assert calls_of(through_responses(*streamed, output=items[:1])) == BOTH[:1]


def test_each_call_gets_an_id_that_every_api_takes() -> None:
    reply = Reply()
    for at, call_id in enumerate(["", "a" * 65, "b" * 64, "b" * 64]):
        reply = accumulate(reply, ToolCallDelta(at, ONE, call_id, "f"))
    found = [call.call_id for call in tool_calls(accumulate(reply, RoundEnded()).parts)]
    assert found == ["call_0_0", "call_0_1", "b" * 64, "call_0_3"]


@pytest.mark.parametrize(
    ("name", "arguments", "sent"),
    [
        ("f", '{"n": 1}', ("f", '{"n": 1}')),
        ("f", "", ("f", "{}")),
        ("f", " ", ("f", "{}")),
        ("f", "[1]", ("f", '{"invalid": "[1]"}')),
        ("f", "null", ("f", '{"invalid": "null"}')),
        ("\x1b[31m f.ü", "{", ("__31m_f__", '{"invalid": "{"}')),
        ("", "{}", ("unknown", "{}")),
        ("x" * 100, "y" * 3000, ("x" * 64, json.dumps({"invalid": "y" * 2000}))),
    ],
)
def test_a_call_is_sent_again_as_every_server_takes_it(
    name: str, arguments: str, sent: tuple[str, str]
) -> None:
    call = ToolCallPart("c", name, arguments, result="No.")
    said = RequestMessage(Role.ASSISTANT, (call,))
    request = ChatRequest("gpt-5.2", (said,))
    info = CATALOG.info("gpt-5.2")
    item = responses.body(request, info, OPENAI)["input"][0]
    assert (item["name"], item["arguments"]) == sent
    (function,) = chat_completions.body(request, info, OPENAI)["messages"][0]["tool_calls"]
    assert (function["function"]["name"], function["function"]["arguments"]) == sent


@pytest.mark.parametrize(
    ("extra", "issuer"),
    [
        ("{", "https://api.example:443"),  # an imported conversation may have any text
        ("[" * 100_000, "https://api.example:443"),
        ('{"a": 1}', ""),
        ('{"a": 1}', "https://other.example:443"),
    ],
)
def test_data_with_calls_that_are_invalid_or_of_another_server_are_not_sent(
    extra: str, issuer: str
) -> None:
    call = ToolCallPart("1", "f", "{}", result="x", extra_content=extra, issuer=issuer)
    request = ChatRequest("m", (RequestMessage(Role.ASSISTANT, (call,)),))
    sent = chat_completions.body(request, CATALOG.info("m"), OPENAI)["messages"][0]["tool_calls"]
    assert sent == [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    own = replace(call, extra_content='{"a": 1}', issuer="https://api.example:443")
    request = ChatRequest("m", (RequestMessage(Role.ASSISTANT, (own,)),))
    sent = chat_completions.body(request, CATALOG.info("m"), OPENAI)["messages"][0]["tool_calls"]
    assert sent[0]["extra_content"] == {"a": 1}


def test_details_of_reasoning_go_only_to_the_server_that_sent_them() -> None:
    for issuer, sent in (("https://api.example:443", [1]), ("https://other.example:443", None)):
        thought = ReasoningPart("", details="[1]", issuer=issuer)
        said = RequestMessage(Role.ASSISTANT, (thought, TextPart("x")))
        body = chat_completions.body(ChatRequest("m", (said,)), CATALOG.info("m"), OPENAI)
        assert body["messages"][0].get("reasoning_details") == sent


SPLIT = [
    (["a\ud83d", "\ude00b"], "a\U0001f600b"),
    (["\ud83d", "\ude00", "\ud83d", "\ude01"], "\U0001f600\U0001f601"),
    (["\ud83d", "", "\ude00"], "\U0001f600"),
    (["a\ud83d\ude00\ud83d", "\ude01"], "a\U0001f600\U0001f601"),
    (["a\ud83d", "b"], "a\ufffdb"),
    (["a\ud83d"], "a\ufffd"),
    (["a\ud83d", "\ud83d", "\ude00"], "a\ufffd\U0001f600"),
    (["a", "\ude00b"], "a\ufffdb"),
    (["\ud83d\ud83d\ude00\ude00"], "\ufffd\U0001f600\ufffd"),
]


def data(event: dict[str, object]) -> bytes:
    return json.dumps(event).encode()


def parts_of(events: list[StreamEvent]) -> tuple[Part, ...]:
    assert [event for event in events if isinstance(event, Completed)] == events[-1:]
    answer = RedactedAnswer(Redactor)
    joined = (whole for event in events for whole in answer.feed(event))
    return reduce(accumulate, joined, Reply()).parts


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
