"""The Responses API: bodies, and streams written down by hand after the published types."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from desktop_app.domain import errors
from desktop_app.domain.answering.chat_request import ChatRequest, ImageData, ProviderProfile
from desktop_app.domain.answering.chat_request import RequestMessage as Said
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    Incomplete,
    Notice,
    StreamEvent,
    TextDelta,
    UsageReported,
)
from desktop_app.domain.conversations.conversation import MessageStatus, Role
from desktop_app.domain.conversations.message_parts import (
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCallPart,
)
from desktop_app.domain.cost import Usage
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.network.origin import origin
from desktop_app.providers.apis import responses
from desktop_app.providers.apis.responses_stream import ResponsesReader
from desktop_app.providers.http.transport import data_url
from tests.unit.providers.samples import CATALOG, COMETAPI, COMPATIBLE, OPENAI, ask, fold, terminals

# ---------------------------------------------------------------- bodies


def body(
    request: ChatRequest, profile=OPENAI, omit: frozenset[str] = frozenset()
) -> dict[str, Any]:
    made = responses.body(request, CATALOG.info(request.model), profile, omit)
    json.dumps(made, default=data_url)  # raises TypeError if it is not ready for JSON
    return made


def test_a_minimal_request_to_openai_has_only_required_fields() -> None:
    assert body(ask("Why?", effort=Effort.NONE, cache_key="c1", instructions="Be brief.")) == {
        "model": "gpt-5.2",
        "instructions": "Be brief.",
        "input": [{"role": "user", "content": "Why?"}],
        "reasoning": {"effort": "none"},
        "stream": True,
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": "c1",
    }


def test_a_compatible_server_is_told_to_store_nothing_whatever_the_model() -> None:
    plain = {
        "model": "qwen",
        "input": [{"role": "user", "content": "Why?"}],
        "stream": True,
        "store": False,
    }
    asked = ask("Why?", model="qwen", cache_key="c1")
    include = {"include": ["reasoning.encrypted_content"], "prompt_cache_key": "c1"}
    assert body(asked, COMPATIBLE) == plain | include
    assert body(asked, COMPATIBLE, frozenset(include)) == plain


def test_a_gateway_to_the_family_is_told_to_store_nothing() -> None:
    gateway = replace(COMPATIBLE, models=("gpt-5.2", "qwen"))
    request = ChatRequest("gpt-5.2", CONVERSATION, effort=Effort.LOW, cache_key="c1")
    assert body(request, gateway) == body(request, OPENAI)
    made = body(request, gateway)
    assert made["store"] is False
    assert made["prompt_cache_key"] == "c1"
    assert made["include"] == ["reasoning.encrypted_content"]
    assert any(item.get("encrypted_content") == "secret" for item in made["input"])
    refused = frozenset({"include", "prompt_cache_key"})
    left = body(request, gateway, refused)
    assert not refused & set(left)
    assert left["store"] is False


@pytest.mark.parametrize("effort", list(Effort))
@pytest.mark.parametrize("model", ["gpt-5.2", "gpt-5.2-chat-latest", "gpt-5.2-pro", "gpt-5-mini"])
def test_the_chosen_effort_is_sent_unless_it_is_known_to_be_refused(
    model: str, effort: Effort
) -> None:
    sent = body(ask(model=model, effort=effort)).get("reasoning")
    efforts = CATALOG.info(model).efforts
    assert efforts is not None
    assert sent == ({"effort": effort.value} if effort in efforts else None)


@pytest.mark.parametrize(
    ("model", "effort", "sent"),
    [
        ("gpt-5.2", Effort.NONE, True),
        ("gpt-5.2", None, True),  # its default is none
        ("gpt-5.2", Effort.LOW, False),
        ("gpt-5.2-chat-latest", Effort.MEDIUM, False),
        ("gpt-5.2-pro", Effort.HIGH, False),
        ("gpt-5-mini", None, False),
        ("unknown", Effort.LOW, True),
    ],
)
def test_temperature_and_top_p_are_sent_only_to_models_that_take_them(
    model: str, effort: Effort | None, sent: bool
) -> None:
    made = body(ask(model=model, effort=effort, temperature=0.0, top_p=0.5))
    settings = {name: made[name] for name in ("temperature", "top_p") if name in made}
    assert settings == ({"temperature": 0.0, "top_p": 0.5} if sent else {})


def test_settings_are_sent_unless_the_api_has_none_for_them() -> None:
    made = body(
        ask(
            effort=Effort.XHIGH,
            verbosity="low",
            reasoning_summary="detailed",
            max_output_tokens=5,
            service_tier="flex",
            stream=False,
            stop=("x",),
            presence_penalty=1.0,
            frequency_penalty=1.0,
            candidates=3,
        )
    )
    assert made["text"] == {"verbosity": "low"}
    assert made["reasoning"] == {"effort": "xhigh", "summary": "detailed"}
    assert made["max_output_tokens"] == 16, "less is refused"
    assert (made["service_tier"], made["stream"]) == ("flex", False)
    assert not {"stop", "presence_penalty", "frequency_penalty", "n", "stream_options"} & set(made)


def test_a_model_without_reasoning_gets_no_reasoning_fields() -> None:
    request = ask(model="m", effort=Effort.LOW, reasoning_summary="auto", verbosity="low")
    made = responses.body(request, ModelInfo("m", "M", efforts=(), takes_verbosity=False), OPENAI)
    assert not {"reasoning", "include", "text"} & set(made)
    assert made["store"] is False


CONVERSATION = (
    Said(Role.USER, (TextPart("one"), TextPart("document"))),
    Said(
        Role.ASSISTANT,
        (
            ReasoningPart("thought", "rs_1", "secret"),
            ReasoningPart("bare thought"),
            TextPart("two"),
            RefusalPart("no"),
            ToolCallPart("call_1", "f", "{}"),
        ),
    ),
    Said(Role.USER, (TextPart("three"), ImageData("image/png", b"\x89PNG", "high"))),
    Said(Role.ASSISTANT, (ReasoningPart("cut", "rs_2", "secret"),)),
    Said(Role.USER, ()),
)


def test_earlier_turns_are_replayed_with_their_encrypted_reasoning() -> None:
    assert body(ChatRequest("gpt-5.2", CONVERSATION), COMETAPI)["input"] == [
        {"role": "user", "content": "one\n\ndocument"},
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "thought"}],
            "encrypted_content": "secret",
        },
        {"role": "assistant", "content": "two\n\nno"},
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "three"},
                {
                    "type": "input_image",
                    "image_url": ImageData("image/png", b"\x89PNG", "high"),
                    "detail": "high",
                },
            ],
        },
    ]


@pytest.mark.parametrize(
    ("issuer", "to_compatible", "to_gateway"),
    [
        (origin(COMPATIBLE.base_url), True, True),
        ("https://other.example:443", False, False),
        ("", False, True),  # of an older version, which kept the reasoning of the family only
    ],
)
def test_reasoning_is_replayed_to_its_issuer_only(
    issuer: str, to_compatible: bool, to_gateway: bool
) -> None:
    answer = (ReasoningPart("", "rs_1", "secret", issuer=issuer), TextPart("two"))
    request = ChatRequest("m", (CONVERSATION[0], Said(Role.ASSISTANT, answer)))
    gateway = replace(COMPATIBLE, models=("gpt-5.2",))
    for profile, is_sent in ((COMPATIBLE, to_compatible), (gateway, to_gateway)):
        kinds = [item.get("type", "message") for item in body(request, profile)["input"]]
        assert kinds == ["message", *["reasoning"][:is_sent], "message"]


@pytest.mark.parametrize("profile", [OPENAI, COMPATIBLE])
def test_phases_are_sent_back_unless_the_server_refuses_them(profile: ProviderProfile) -> None:
    answer = (
        *(TextPart("Let me see.", "commentary"), ToolCallPart("c", "f", "{}", result="1")),
        *(TextPart("I have it.", "commentary"), TextPart("42", "final_answer")),
        RefusalPart("And no more."),
    )
    request = ChatRequest("m", (Said(Role.ASSISTANT, answer),))

    def sent(omit: frozenset[str]) -> list[Any]:
        said = [item for item in body(request, profile, omit)["input"] if "role" in item]
        content = [item["content"] for item in said]
        texts = [each if isinstance(each, str) else each[0]["text"] for each in content]
        return [(text, item.get("phase")) for text, item in zip(texts, said, strict=True)]

    words = ["Let me see.", "I have it.", "42", "And no more."]
    assert sent(frozenset()) == list(
        zip(words, ["commentary", "commentary", "final_answer", None], strict=True)
    )
    assert sent(frozenset({"phase"})) == [(each, None) for each in words]


def test_compatible_servers_get_earlier_answers_in_their_full_form() -> None:
    made = body(ChatRequest("m", CONVERSATION), COMPATIBLE)
    assert body(ChatRequest("m", CONVERSATION), COMPATIBLE) == made, "stable, ids too"
    answer = made["input"][1]
    assert answer.pop("id").startswith("msg_")
    assert answer == {
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [
            {"type": "output_text", "text": "two\n\nno", "annotations": [], "logprobs": []}
        ],
    }


def test_store_is_sent_as_chosen_and_reasoning_is_requested_too() -> None:
    request = ChatRequest("gpt-5.2", CONVERSATION, store=True, parameters=GenerationParameters())
    made = body(request)
    assert made["store"] is True
    assert made["include"] == ["reasoning.encrypted_content"]


# ---------------------------------------------------------------- streams


def read(*events: dict[str, Any] | str, end: bool = True) -> list[StreamEvent]:
    reader = ResponsesReader("OpenAI")
    out: list[StreamEvent] = []
    for event in events:
        out += reader.read((event if isinstance(event, str) else json.dumps(event)).encode())
    return out + (reader.end() if end else [])


def event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "sequence_number": 1, **fields}


CREATED = event("response.created", response={"id": "resp_1", "model": "gpt-5.2-2025-12-11"})
USAGE = {
    "input_tokens": 100,
    "input_tokens_details": {"cached_tokens": 80},
    "output_tokens": 50,
    "output_tokens_details": {"reasoning_tokens": 20},
    "total_tokens": 150,
}


def delta(text: str, at: int = 0, part: int = 0) -> dict[str, Any]:
    return event(
        "response.output_text.delta",
        item_id="msg_1",
        output_index=at,
        content_index=part,
        delta=text,
        obfuscation="xyzzy",
    )


def message(*texts: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []} for text in texts]
    return {"type": "message", "id": "msg_1", "role": "assistant", "content": content}


def completed(*output: dict[str, Any], **fields: Any) -> dict[str, Any]:
    response = {"id": "resp_1", "status": "completed", "output": list(output), **fields}
    return event("response.completed", response=response)


def test_all_events_of_a_complete_answer_are_read() -> None:
    events = read(
        CREATED,
        event("response.in_progress", response={"id": "resp_1"}),
        event("response.output_item.added", output_index=0, item={"type": "reasoning", "id": "rs"}),
        event("response.reasoning_summary_part.added", output_index=0, summary_index=0, part={}),
        event(
            "response.reasoning_summary_text.delta", output_index=0, summary_index=0, delta="First"
        ),
        event(
            "response.reasoning_summary_text.done", output_index=0, summary_index=0, text="First."
        ),
        event(
            "response.reasoning_summary_text.delta", output_index=0, summary_index=1, delta="Next."
        ),
        event(
            "response.output_item.done",
            output_index=0,
            item={
                "type": "reasoning",
                "id": "rs",
                "encrypted_content": "secret",
                "summary": [
                    {"type": "summary_text", "text": "First."},
                    {"type": "summary_text", "text": "Next."},
                ],
            },
        ),
        event("response.output_item.added", output_index=1, item={"type": "message", "id": "m"}),
        event("response.content_part.added", output_index=1, content_index=0, part={}),
        delta("Hel", 1),
        delta("lo", 1),
        event("response.output_text.annotation.added", output_index=1, annotation={}),
        event("response.output_text.done", output_index=1, content_index=0, text="Hello"),
        event(
            "response.content_part.done",
            output_index=1,
            content_index=0,
            part={"type": "output_text", "text": "Hello"},
        ),
        event("response.output_item.done", output_index=1, item=message("Hello")),
        completed(message("Hello"), usage=USAGE),
        "[DONE]",
        delta("after the end"),
    )
    reply = fold(events)
    assert reply.parts == (ReasoningPart("First.\n\nNext.", "rs", "secret"), TextPart("Hello"))
    assert reply.status is MessageStatus.COMPLETE
    assert reply.usage == Usage(100, 80, 50, 20)
    assert (reply.response_id, reply.model) == ("resp_1", "gpt-5.2-2025-12-11")
    assert terminals(events) == [Completed()]


@pytest.mark.parametrize(
    "events",
    [
        [delta("Hel"), delta("lo"), completed()],
        [delta("Hel"), event("response.output_text.done", text="Hello"), completed()],
        [event("response.output_text.done", text="Hello"), completed()],
        [event("response.output_item.done", item=message("Hel", "lo")), completed()],
        [delta("Hel"), event("response.output_item.done", item=message("Hello")), completed()],
        [completed({"type": "reasoning", "summary": []}, message("Hello"))],
        # the deltas' numbers do not fit the final output's
        [delta("Hello"), completed({"type": "reasoning", "summary": []}, message("Hello"))],
        [delta("Hello"), event("response.completed")],
        [delta("Hello"), event("response.done", response={"status": "completed"})],
        [delta("Hello"), event("response.done")],
        [event("response.done", response={"output": [message("Hello")]})],
        [delta("Hello"), event("response.output_item.done", item=message("Hello")), "[DONE]"],
    ],
)
def test_events_with_missing_fields_are_read(events: list[dict[str, Any]]) -> None:
    made = read(CREATED, *events)
    assert fold(made).text == "Hello"
    assert terminals(made) == [Completed()]


@pytest.mark.parametrize("is_numbered", [True, False])
@pytest.mark.parametrize("is_streamed", [True, False])
def test_each_message_is_a_text_of_its_own(is_numbered: bool, is_streamed: bool) -> None:
    cited = {"type": "url_citation", "url": "https://a.example/p", "title": "Page A"}
    items = [
        {**message("Let me check."), "phase": "commentary"},
        {**message("It is 42."), "phase": "final_answer"},
        {**message("Really.")},
    ]
    items[0]["content"][0]["annotations"] = [cited]
    rows: list[dict[str, Any]] = []
    for number, item in enumerate(items):
        at = {"output_index": number if is_numbered else 0}
        begun = {**item, "content": []}
        rows.append(event("response.output_item.added", item=begun, **at))
        letters = item["content"][0]["text"]
        rows += [event("response.output_text.delta", delta=each, **at) for each in letters]
        rows.append(event("response.output_item.done", item=item, **at))
    reply = fold(read(CREATED, *(rows if is_streamed else ()), completed(*items)))
    texts = tuple(part for part in reply.parts if isinstance(part, TextPart))
    assert len(reply.parts) == len(texts) + 1, "and the source"
    assert texts == (
        TextPart("Let me check.", "commentary"),
        TextPart("It is 42.", "final_answer"),
        TextPart("Really."),
    )


def test_the_type_may_be_in_the_event_field_only() -> None:
    reader = ResponsesReader("x")
    assert reader.read(b'{"delta": "a"}', "response.output_text.delta") == [TextDelta("a")]


@pytest.mark.parametrize(
    "events",
    [
        [],
        [CREATED],
        [CREATED, delta("Hel")],
        [CREATED, delta("Hel"), "[DONE]"],
        [CREATED, event("response.output_item.added", item={"type": "message"}), "[DONE]"],
    ],
)
def test_an_end_without_terminal_is_a_cut(events: list[dict[str, Any]]) -> None:
    (end,) = terminals(read(*events))
    assert isinstance(end, Failed)
    assert isinstance(end.error, errors.StreamCutError)


ERROR = {"code": "rate_limit_exceeded", "message": "Slow down.", "param": None}


@pytest.mark.parametrize("unreadable", ["{broken", "[" * 100_000])
def test_an_unreadable_event_is_skipped_and_counted(unreadable: str) -> None:
    whole = event("response.output_text.done", text="Hello")
    ended = event("response.completed", response={"status": "completed"})
    events = read(CREATED, delta("Hel"), unreadable, delta("o"), whole, ended)
    assert fold(events).text == "Helo"
    assert isinstance(events[-1], Completed)
    assert [str(e.text).count("(1)") for e in events if isinstance(e, Notice)] == [1]
    (end,) = terminals(read(unreadable))
    assert isinstance(end, Failed)
    assert isinstance(end.error, errors.UnexpectedReplyError)


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (event("error", **ERROR), errors.RateLimitedError),
        (event("error", error={"type": "tokens", **ERROR, "headers": {}}), errors.RateLimitedError),
        ({"error": ERROR}, errors.RateLimitedError),
        (event("error", code=None, message="Oh."), errors.ProviderFaultError),
        (event("error"), errors.ProviderFaultError),
        (
            event("response.failed", response={"status": "failed", "error": ERROR}),
            errors.RateLimitedError,
        ),
        (event("response.failed", response={}), errors.ProviderFaultError),
        (event("response.completed", response={"error": ERROR}), errors.RateLimitedError),
        (
            event("response.failed", response={"error": {"code": "server_error", "message": "x"}}),
            errors.ProviderFaultError,
        ),
        (
            event("error", error={"code": "context_length_exceeded", "message": "x"}),
            errors.ContextTooLongError,
        ),
        (event("response.cancelled", response={"status": "cancelled"}), errors.StreamCutError),
        (event("response.done", response={"status": "in_progress"}), errors.UnexpectedReplyError),
    ],
)
def test_errors_inside_a_stream_keep_the_text(
    sent: dict[str, Any] | str, kind: type[errors.ProviderError]
) -> None:
    events = read(CREATED, delta("Hel"), sent, delta("lo"))
    (end,) = terminals(events)
    assert isinstance(end, Failed)
    assert type(end.error) is kind
    assert fold(events).text == "Hel"


@pytest.mark.parametrize("reason", ["max_output_tokens", "content_filter"])
def test_an_incomplete_answer_has_its_reason(reason: str) -> None:
    response = {"status": "incomplete", "incomplete_details": {"reason": reason}, "usage": USAGE}
    events = read(delta("Hel"), event("response.incomplete", response=response))
    assert terminals(events) == [Incomplete(reason)]
    assert UsageReported(Usage(100, 80, 50, 20)) in events


def test_the_service_tier_is_reported() -> None:
    created = event("response.created", response={"id": "r", "service_tier": "auto"})
    response = {"status": "completed", "service_tier": "priority", "usage": USAGE}
    assert fold(read(created)).service_tier == "auto"
    whole = fold(read(created, delta("Hi"), event("response.completed", response=response)))
    assert whole.service_tier == "priority"
    response.pop("service_tier")
    kept = fold(read(created, delta("Hi"), event("response.completed", response=response)))
    assert kept.service_tier == "auto"


def test_deltas_of_a_refusal_become_one_part() -> None:
    events = read(
        event("response.refusal.delta", delta="I can"),
        event("response.refusal.done", refusal="I cannot."),
        completed(),
    )
    assert fold(events).parts == (RefusalPart("I cannot."),)


def test_tool_calls_take_name_and_id_from_their_item() -> None:
    call = {"type": "function_call", "id": "fc", "call_id": "call_1", "name": "f"}
    custom = {"type": "custom_tool_call", "id": "ct", "call_id": "call_2", "name": "g"}
    arguments = "response.function_call_arguments"
    events = read(
        event("response.output_item.added", output_index=0, item={**call, "arguments": ""}),
        event("response.output_item.added", output_index=1, item=custom),
        event(f"{arguments}.delta", output_index=0, delta='{"a"'),
        event("response.custom_tool_call_input.delta", output_index=1, delta="x"),
        event(f"{arguments}.delta", output_index=0, delta=":1"),
        event(f"{arguments}.done", output_index=0, arguments='{"a":1}'),
        event("response.custom_tool_call_input.done", output_index=1, input="xy"),
        event("response.output_item.done", output_index=0, item={**call, "arguments": '{"a":1}'}),
        event("response.output_item.done", output_index=1, item={**custom, "input": "xy"}),
        completed(),
    )
    assert fold(events).parts == (
        ToolCallPart("call_1", "f", '{"a":1}'),
        ToolCallPart("call_2", "g", "xy", is_custom=True),
    )


def test_reasoning_text_of_open_models_is_read_once() -> None:
    events = read(
        event("response.reasoning_text.delta", delta="Hm"),
        event("response.reasoning_text.done", text="Hm."),
        delta("Yes", 1),
        completed(),
    )
    assert fold(events).parts == (ReasoningPart("Hm."), TextPart("Yes"))


def test_unknown_and_uninteresting_events_are_ignored() -> None:
    kinds = ["response.web_search_call.searching", "response.audio.delta", "response.new", "", "x"]
    assert read(*(event(kind) for kind in kinds), "[]", "1", "null", '"a"', end=False) == []


@pytest.mark.parametrize("reply", [{}, [], None, {"object": "list", "status": "queued"}])
def test_a_json_value_that_is_no_reply_is_refused(reply: object) -> None:
    (end,) = terminals(ResponsesReader("x").read_whole(reply))
    assert isinstance(end, Failed)
    assert isinstance(end.error, errors.UnexpectedReplyError)
