"""Chat Completions: bodies, and chunks as the various servers send them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain import errors
from desktop_app.domain.answering.answer_form import AnswerSchema, SchemaFormat
from desktop_app.domain.answering.chat_request import ChatRequest, ImageData
from desktop_app.domain.answering.chat_request import RequestMessage as Said
from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    ImageArrived,
    Incomplete,
    Notice,
    Started,
    StreamEvent,
)
from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import (
    ReasoningPart,
    RefusalPart,
    Source,
    SourcesPart,
    TextPart,
    ToolCallPart,
)
from desktop_app.domain.cost import Usage
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.tools.tool import ToolDefinition
from desktop_app.providers.apis import chat_completions
from desktop_app.providers.apis.chat_completions import ChatCompletionsReader
from desktop_app.providers.http.transport import data_url
from tests.unit.providers.samples import CATALOG, COMETAPI, COMPATIBLE, OPENAI, ask, fold, terminals

# ---------------------------------------------------------------- bodies


def body(
    request: ChatRequest, profile=COMPATIBLE, omit: frozenset[str] = frozenset()
) -> dict[str, Any]:
    info = CATALOG.info(request.model)
    made = chat_completions.body(request, info, profile, omit)
    json.dumps(made, default=data_url)  # raises TypeError if it is not ready for JSON
    return made


def test_a_minimal_request_to_a_compatible_server_has_only_required_fields() -> None:
    assert body(ask("Why?", model="m", instructions="Be brief.", cache_key="c")) == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Why?"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_openai_is_sent_the_effort_at_top_level_and_told_not_to_store() -> None:
    made = body(ask(effort=Effort.NONE, verbosity="high", cache_key="c"), OPENAI)
    assert (made["reasoning_effort"], made["verbosity"]) == ("none", "high")
    assert (made["store"], made["prompt_cache_key"]) == (False, "c")


def test_stream_options_are_sent_only_with_streaming() -> None:
    made = body(ask(stream=False))
    assert made["stream"] is False
    assert "stream_options" not in made


@pytest.mark.parametrize(
    ("profile", "omit", "name"),
    [
        (OPENAI, set(), "max_completion_tokens"),
        (COMETAPI, set(), "max_completion_tokens"),
        (COMPATIBLE, set(), "max_completion_tokens"),  # the family's models refuse the other
        (replace(COMPATIBLE, max_tokens_field="n_predict"), set(), "n_predict"),
        (COMPATIBLE, {"max_completion_tokens"}, "max_tokens"),
        (OPENAI, {"max_completion_tokens"}, "max_tokens"),
    ],
)
def test_the_token_limit_has_the_name_that_the_server_takes(
    profile: Any, omit: set[str], name: str
) -> None:
    made = body(ask(max_output_tokens=7), profile, frozenset(omit))
    assert made[name] == 7
    names = {"max_tokens", "max_completion_tokens", "n_predict"}
    assert names & set(made) == {name}


@pytest.mark.parametrize(
    ("model", "effort", "sent"),
    [
        ("gpt-5.2", Effort.NONE, True),
        ("gpt-5.2", Effort.HIGH, False),
        ("gpt-5-mini", Effort.LOW, False),
        ("unknown", None, True),
    ],
)
def test_sampling_penalties_and_stop_are_sent_only_to_models_that_take_them(
    model: str, effort: Effort | None, sent: bool
) -> None:
    chosen: dict[str, Any] = {
        "temperature": 0.0,
        "top_p": 0.5,
        "presence_penalty": 0.0,
        "frequency_penalty": -1.0,
    }
    made = body(ask(model=model, effort=effort, stop=("a", "b"), **chosen))
    expected = {**chosen, "stop": ["a", "b"]} if sent else {}
    assert {name: made[name] for name in (*chosen, "stop") if name in made} == expected


def test_text_is_sent_as_plain_text_and_images_in_a_list() -> None:
    messages = (
        Said(Role.USER, (TextPart("a"), TextPart("b"))),
        Said(
            Role.ASSISTANT, (ReasoningPart("r", "id", "e"), TextPart("c"), ToolCallPart("", "", ""))
        ),
        Said(Role.ASSISTANT, (ReasoningPart("only"),)),
        Said(Role.USER, (TextPart("d"), image := ImageData("image/gif", b"GIF", "original"))),
        Said(Role.USER, (low := replace(image, detail="low"),)),
    )
    picture = {"url": image, "detail": "auto"}
    assert body(ChatRequest("m", messages))["messages"] == [
        {"role": "user", "content": "a\n\nb"},
        {"role": "assistant", "content": "c"},
        {
            "role": "user",
            "content": [{"type": "text", "text": "d"}, {"type": "image_url", "image_url": picture}],
        },
        {
            "role": "user",
            "content": [{"type": "image_url", "image_url": {"url": low, "detail": "low"}}],
        },
    ]


_SCHEMA = {
    "type": "object",
    "properties": {"q": {"type": "string"}},
    "required": ["q"],
    "additionalProperties": False,
}
FIND = ToolDefinition("find", "Finds.", _SCHEMA)
_FOUND = {"name": "find", "description": "Finds.", "parameters": _SCHEMA}


def test_functions_are_strict_for_servers_that_know_it() -> None:
    request = ChatRequest("gpt-5.2", (), tools=(FIND,), tool_choice="find")
    named = {"type": "function", "function": {"name": "find"}}
    known, other = body(request, OPENAI), body(request, COMPATIBLE)
    assert known["tools"] == [{"type": "function", "function": {**_FOUND, "strict": True}}]
    assert other["tools"] == [{"type": "function", "function": _FOUND}]
    assert known["tool_choice"] == other["tool_choice"] == named
    assert known["parallel_tool_calls"] is True
    assert "parallel_tool_calls" not in other


@pytest.mark.parametrize("choice", ["auto", "none", "required"])
def test_a_tool_choice_without_a_name_is_sent_unchanged(choice: str) -> None:
    request = ChatRequest("gpt-5.2", (), tools=(FIND,), tool_choice=choice)
    assert body(request, OPENAI)["tool_choice"] == choice


def test_calls_precede_their_results_and_text_follows_them() -> None:
    parts = (
        TextPart("First."),
        ToolCallPart("1", "find", '{"q": "a"}', result="found"),
        ToolCallPart("2", "run", "ls", is_custom=True, result="files"),
        ToolCallPart("3", "find", "{}"),
        TextPart("Last."),
    )
    request = ChatRequest("gpt-5.2", (Said(Role.ASSISTANT, parts),))
    assert body(request, OPENAI)["messages"] == [
        {
            "role": "assistant",
            "content": "First.",
            "tool_calls": [
                {
                    "id": "1",
                    "type": "function",
                    "function": {"name": "find", "arguments": '{"q": "a"}'},
                },
                {"id": "2", "type": "custom", "custom": {"name": "run", "input": "ls"}},
            ],
        },
        {"role": "tool", "tool_call_id": "1", "content": "found"},
        {"role": "tool", "tool_call_id": "2", "content": "files"},
        {"role": "assistant", "content": "Last."},
    ]


# ---------------------------------------------------------------- streams


def read(*chunks: dict[str, Any] | str, end: bool = True) -> list[StreamEvent]:
    reader = ChatCompletionsReader("My server")
    out: list[StreamEvent] = []
    for chunk in chunks:
        out += reader.read((chunk if isinstance(chunk, str) else json.dumps(chunk)).encode())
    return out + (reader.end() if end else [])


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c1", "object": "chat.completion.chunk", "model": "m", "choices": [choice]}


USAGE = {
    "prompt_tokens": 100,
    "prompt_tokens_details": {"cached_tokens": 80},
    "completion_tokens": 50,
    "completion_tokens_details": {"reasoning_tokens": 20},
}
LAST = {"id": "c1", "choices": [], "usage": USAGE}


def test_an_answer_ends_at_done() -> None:
    events = read(
        chunk(role="assistant", content=""),
        chunk(content="Hel"),
        chunk(content="lo", refusal=None),
        chunk("stop"),
        LAST,
        "[DONE]",
        chunk(content="after the end"),
    )
    reply = fold(events)
    assert reply.text == "Hello"
    assert reply.usage == Usage(100, 80, 50, 20)
    assert (reply.response_id, reply.model) == ("c1", "m")
    assert terminals(events) == [Completed()]
    assert events[0] == Started("c1", "m")


@pytest.mark.parametrize(
    "chunks",
    [
        [chunk(content="Hello"), chunk("stop")],  # no [DONE]
        [chunk(content="Hello"), "[DONE]"],  # no reason
        [chunk("stop", content="Hello"), " [DONE] "],
        [chunk(content="Hello", reasoning=None), chunk("stop"), {"choices": None, "usage": None}],
        [
            chunk(content=[{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]),
            "[DONE]",
        ],
        [{"choices": [{"message": {"content": "Hello"}, "finish_reason": "eos"}]}],
    ],
)
def test_chunks_with_missing_fields_are_read(chunks: list[dict[str, Any] | str]) -> None:
    events = read(*chunks)
    assert fold(events).text == "Hello"
    assert terminals(events) == [Completed()]


@pytest.mark.parametrize(
    ("reason", "said"), [("length", "max_output_tokens"), ("content_filter", "content_filter")]
)
def test_reasons_for_an_incomplete_answer_have_the_names_of_the_responses_api(
    reason: str, said: str
) -> None:
    assert terminals(read(chunk(content="Hel"), chunk(reason), "[DONE]")) == [Incomplete(said)]


def test_a_chunk_after_the_reason_keeps_it() -> None:
    last = {**chunk(), "usage": USAGE}  # some servers send the usage with an empty delta
    events = read(chunk(content="Hel"), chunk("length"), last, "[DONE]")
    assert terminals(events) == [Incomplete("max_output_tokens")]


@pytest.mark.parametrize("chunks", [[], [chunk(content="Hel")], ["[DONE]"], [chunk(), "[DONE]"]])
def test_an_end_without_a_finish_reason_is_a_cut(chunks: list[dict[str, Any] | str]) -> None:
    (end,) = terminals(read(*chunks))
    assert isinstance(end, Failed)
    assert isinstance(end.error, errors.StreamCutError)


@pytest.mark.parametrize("unreadable", ["{broken", "[" * 100_000])
def test_an_unreadable_event_is_skipped_and_counted(unreadable: str) -> None:
    ended = chunk("stop")
    events = read(chunk(content="Hel"), unreadable, chunk(content="lo"), ended)
    assert fold(events).text == "Hello"
    assert isinstance(events[-1], Completed)
    (said,) = (event.text for event in events if isinstance(event, Notice))
    assert "(1)" in str(said)
    comment = read(": PROCESSING", chunk(content="Hi"), ended)
    assert not any(isinstance(event, Notice) for event in comment)
    (end,) = terminals(read(unreadable))
    assert isinstance(end, Failed)
    assert isinstance(end.error, errors.UnexpectedReplyError)


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        ({"error": {"message": "Oh.", "type": "server_error"}}, errors.ProviderFaultError),
        (
            {"object": "error", "message": "Oh.", "type": "x", "code": 500},
            errors.ProviderFaultError,
        ),
        ({"error": {"message": "Slower.", "type": "None", "code": "429"}}, errors.RateLimitedError),
        (
            [{"error": {"code": 503, "message": "Oh.", "status": "UNAVAILABLE"}}],
            errors.ProviderFaultError,
        ),
        ({"type": "error", "error": {"type": "overloaded_error"}}, errors.ProviderFaultError),
    ],
)
def test_errors_inside_a_stream_keep_the_text(sent: Any, kind: type[errors.ProviderError]) -> None:
    events = read(chunk(content="Hel"), sent, chunk(content="lo"))
    (end,) = terminals(events)
    assert isinstance(end, Failed)
    assert type(end.error) is kind
    assert fold(events).text == "Hel"


@pytest.mark.parametrize(
    ("sent", "usage"),
    [
        ({"usage": {"prompt_tokens": "12", "completion_tokens": "3"}}, Usage(12, 0, 3, 0)),
        ({"x_groq": {"usage": {"prompt_tokens": 12, "completion_tokens": 3}}}, Usage(12, 0, 3, 0)),
        (
            {"choices": [{"delta": {}, "usage": {"prompt_tokens": 12, "completion_tokens": 3}}]},
            Usage(12, 0, 3, 0),
        ),
        ({"usage": {"prompt_tokens": "many", "completion_tokens": "9" * 11}}, None),
        ({"usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}}, None),
        ({"usage": None}, None),
    ],
)
def test_usage_is_read_in_odd_forms(sent: dict[str, Any], usage: Usage | None) -> None:
    assert fold(read(chunk("stop", content="Hel"), {**chunk(), **sent}, "[DONE]")).usage == usage


@pytest.mark.parametrize(
    "delta",
    [
        {"reasoning_content": "Hm"},
        {"reasoning": "Hm"},
        {"reasoning": "Hm", "reasoning_content": "Hm"},
    ],
)
def test_reasoning_is_read_once_under_either_name(delta: dict[str, str]) -> None:
    events = read(chunk(**delta), chunk(**delta), chunk("stop", content="Yes"))
    assert fold(events).parts == (ReasoningPart("HmHm"), TextPart("Yes"))


def test_reasoning_in_parts_of_the_content_is_read() -> None:
    thinking = [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}]
    text = [{"type": "text", "text": "Yes"}]
    events = read(chunk(content=thinking), chunk(content=[*thinking, *text]), chunk("stop"))
    assert fold(events).parts == (ReasoningPart("HmHm"), TextPart("Yes"))


def test_a_last_chunk_with_the_whole_answer_adds_nothing() -> None:
    whole = {"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}
    assert fold(read(chunk(content="Hel"), chunk(content="lo"), whole)).text == "Hello"
    assert fold(read(whole)).text == "Hello"
    pieces = [{"choices": [{"message": {"content": text}}]} for text in ("Hel", "lo")]
    assert fold(read(*pieces, "[DONE]")).text == "Hello"
    assert fold(read(chunk(reasoning="Hm"), whole)).text == "Hello"


def test_deltas_of_a_refusal_become_one_part() -> None:
    events = read(chunk(refusal="I "), chunk("stop", refusal="cannot."))
    assert fold(events).parts == (RefusalPart("I cannot."),)


def call(arguments: str = "", **fields: Any) -> dict[str, Any]:
    return {"function": {"arguments": arguments, **fields.pop("function", {})}, **fields}


def test_parallel_tool_calls_are_told_apart_by_index() -> None:
    events = read(
        chunk(tool_calls=[call(index=0, id="c0", type="function", function={"name": "f"})]),
        chunk(tool_calls=[call("{", index=0), call(index=1, id="c1", function={"name": "g"})]),
        chunk(tool_calls=[call("[]", index=1), call("}", index=0, id="", type=None)]),
        chunk("tool_calls"),
    )
    assert fold(events).parts == (ToolCallPart("c0", "f", "{}"), ToolCallPart("c1", "g", "[]"))


def test_only_the_first_candidate_is_read() -> None:
    choices = [{"index": i, "delta": {"content": str(i)}, "finish_reason": "stop"} for i in (0, 1)]
    assert fold(read({"choices": choices})).text == "0"


def test_images_in_answers_are_read_once_and_no_address_is_fetched() -> None:
    def image(address: str) -> dict[str, Any]:
        return {"type": "image_url", "image_url": {"url": address}}

    png = "data:image/png;base64,iVBORw0KGgo="
    events = read(
        chunk(content="Here.", images=[image(png)]),
        chunk(images=[image(png), image("https://a.example/b.png"), image("data:image/png,x")]),
        chunk(content=[{"type": "image_url", "image_url": "data:image/webp;base64,UklGRg=="}]),
        chunk("stop"),
    )
    images = [event.image for event in events if isinstance(event, ImageArrived)]
    assert images == [b"\x89PNG\r\n\x1a\n", b"RIFF"]
    assert terminals(events) == [Completed()]
    reply = {"choices": [{"message": {"content": "", "images": [image(png)]}}]}
    (found,) = (
        event
        for event in ChatCompletionsReader("x").read_whole(reply)
        if isinstance(event, ImageArrived)
    )
    assert found.image == images[0]


def test_images_of_an_answer_are_limited() -> None:
    images = [{"image_url": {"url": f"data:image/png;base64,{n:04}"}} for n in range(20)]
    events = read(chunk(images=images), chunk("stop"))
    assert len([event for event in events if isinstance(event, ImageArrived)]) == 16


def test_images_are_requested_from_a_model_that_makes_them() -> None:
    asked = replace(ask(), wants_images=True)
    assert body(asked)["modalities"] == ["image", "text"]
    assert "modalities" not in body(asked, OPENAI)
    assert "modalities" not in body(asked, omit=frozenset({"modalities"}))
    assert "modalities" not in body(ask())


@pytest.mark.parametrize("reply", [{}, [], None, {"choices": []}, {"choices": "x"}])
def test_a_json_value_that_is_no_reply_is_refused(reply: object) -> None:
    (end,) = terminals(ChatCompletionsReader("x").read_whole(reply))
    assert isinstance(end, Failed)
    assert isinstance(end.error, errors.UnexpectedReplyError)


SCHEMA = AnswerSchema("s", {"type": "object", "properties": {}})


@pytest.mark.parametrize(
    ("strictest", "sent"),
    [
        (
            SchemaFormat.JSON_SCHEMA,
            {"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA.schema}},
        ),
        (SchemaFormat.JSON_OBJECT, {"type": "json_object", "schema": SCHEMA.schema}),
        (SchemaFormat.PROMPT, None),
    ],
)
def test_a_schema_is_sent_in_its_format_or_in_the_prompt(
    strictest: SchemaFormat, sent: object
) -> None:
    schema = replace(SCHEMA, strictest=strictest)
    made = body(replace(ask(model="other", instructions="Be brief."), schema=schema))
    assert made.get("response_format") == sent
    instructions = made["messages"][0]["content"]
    assert instructions.startswith("Be brief.")
    assert ('"properties": {}' in instructions) is (strictest >= SchemaFormat.JSON_OBJECT)


def page(address: str, title: str = "") -> dict[str, Any]:
    return {"type": "url_citation", "url_citation": {"url": address, "title": title}}


A, B = "https://a.example/", "https://b.example/"


@pytest.mark.parametrize(
    ("text", "fields", "annotations", "sources"),
    [
        ("It rains.", {}, [page(B, "B"), page(A, "A"), page(A)],
         [Source(1, B, "B", True), Source(2, A, "A", True)]),
        # Perplexity: the marks in the text are places in this list.
        ("It rains.[2]", {"citations": [A, B, "x"]}, [], [Source(1, A), Source(2, B)]),
        ("It rains.[2]", {"citations": [A, B], "search_results": [{"url": B, "title": "B"}]}, [],
         [Source(1, A), Source(2, B, "B")]),
        ("It rains.", {"citations": [A]}, [page(A, "A")], [Source(1, A, "A", True)]),
        ("It rains.", {"citations": 7}, [page("ftp://a.example")], None),
    ],
)  # fmt: skip
def test_pages_that_a_server_names_are_the_sources_of_the_answer(
    text: str, fields: dict[str, Any], annotations: list[Any], sources: list[Source] | None
) -> None:
    answer = fold(
        read({**chunk(content=text), **fields}, chunk("stop", annotations=annotations), "[DONE]")
    )
    assert answer.text == text
    found = [part.sources for part in answer.parts if isinstance(part, SourcesPart)]
    assert found == ([] if sources is None else [tuple(sources)])


_PAGE = {"type": "url_citation", "url": "https://a.b"}
_CHOICES = st.sampled_from(
    [
        *({"delta": {"content": "a"}}, {"delta": {"content": "b", "role": "assistant"}}),
        *({"delta": {"content": ""}}, {"delta": {"content": "c", "reasoning_content": "think"}}),
        *({"delta": {"reasoning_content": "more"}}, {"delta": {"content": "d", "refusal": "no"}}),
        *({"delta": {"content": "e"}, "usage": {"prompt_tokens": 3}}, {"message": {"content": ""}}),
        {"delta": {"content": "g"}, "finish_reason": "stop"},
        {"delta": {"content": "h", "annotations": [_PAGE]}},
    ]
)
_FIELDS = st.sampled_from(
    [{"id": "1", "model": "m"}, {}, {"usage": {"completion_tokens": 2}}, {"error": {"code": "x"}}]
)


@given(st.lists(st.tuples(_CHOICES, _FIELDS), max_size=8))
def test_chunks_that_differ_in_their_text_alone_are_read_as_others(
    chunks: list[tuple[dict[str, object], dict[str, object]]],
) -> None:
    alike, others = ChatCompletionsReader("x"), ChatCompletionsReader("x")
    for number, (choice, fields) in enumerate(chunks):
        chunk = {**fields, "choices": [choice]}
        found = alike.read(json.dumps(chunk).encode())
        expected = others.read(json.dumps({**chunk, "created": number}).encode())
        assert repr(found) == repr(expected)
    assert repr(alike.end()) == repr(others.end())
