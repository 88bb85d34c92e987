"""Requests and replies against OpenAI's published OpenAPI description.

No server was asked: the description is a fixture (`tests/data/openapi`).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, product
from typing import Any

import pytest

from desktop_app.domain.answering.answer_form import AnswerGrammar, AnswerSchema, FormKind
from desktop_app.domain.answering.chat_request import (
    ChatRequest,
    FileData,
    ImageData,
    ProviderProfile,
    RequestMessage,
)
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.answering.reply import Reply, accumulate
from desktop_app.domain.answering.stream_events import Completed, Failed, Incomplete
from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import (
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCallPart,
)
from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode
from desktop_app.domain.errors import ContentFilteredError
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.network.origin import origin
from desktop_app.domain.tools.tool import ToolDefinition
from desktop_app.providers.apis import chat_completions, responses
from desktop_app.providers.apis.responses_stream import ResponsesReader
from desktop_app.providers.errors.error_body import ErrorBody
from desktop_app.providers.errors.error_replies import error_from
from desktop_app.providers.http.transport import data_url
from desktop_app.providers.jobs import embeddings, provider_compaction
from desktop_app.providers.jobs.batch_client import request_line
from desktop_app.tools.calls.hosted_tools import HostedTools, search_fields
from tests.unit.providers.openapi import alternatives, property_names, schemas, validator, value_of
from tests.unit.providers.samples import CATALOG, COMPATIBLE, OPENAI

PROFILES = (OPENAI, COMPATIBLE, replace(COMPATIBLE, models=("gpt-5.2",)))
MODELS = ("gpt-5.2", "gpt-5.2-pro", "gpt-6.1-sol", "gpt-6-luna", "gpt-4o", "any-model")
EFFORTS = (None, Effort.NONE, Effort.LOW, Effort.XHIGH, Effort.MAX)
FUNCTION = ToolDefinition("look", "Looks.", {"type": "object", "properties": {}})
STRICT = ToolDefinition(
    *("count", "Counts."),
    {"type": "object", "properties": {}, "required": [], "additionalProperties": False},
)


async def _stores() -> list[str]:
    return ["vs_1"]


async def _search() -> dict[str, Any]:
    return search_fields(["example.org"], "Austin, Texas, US")


HOSTED = tuple(tool.definition for tool in asyncio.run(HostedTools(_stores, _search).tools()))
TOOLS = ((), (FUNCTION, STRICT), (*HOSTED, FUNCTION))
FORMS: tuple[dict[str, Any], ...] = (
    {},
    {"schema": AnswerSchema("person", {"type": "object", "properties": {"a": {}}})},
    {"grammar": AnswerGrammar(FormKind.LARK, 'start: "a"')},
)


def histories(profile: ProviderProfile) -> Iterator[tuple[RequestMessage, ...]]:
    issuer = origin(profile.base_url)
    question = RequestMessage(Role.USER, (TextPart("Why?"),))
    yield (question,)
    image = ImageData("image/png", b"\x89PNG", "high")
    file = FileData("a.pdf", "application/pdf", b"%PDF")
    yield (RequestMessage(Role.USER, (file, TextPart("Why?"), image)),)
    thought = ReasoningPart("Hm.", "rs_1", "secret", issuer=issuer)
    details = ReasoningPart("", details='[{"type": "reasoning.text"}]', issuer=issuer)
    call = ToolCallPart("c1", "look", '{"a": 1}', result="one", extra_content="{}", issuer=issuer)
    custom = ToolCallPart("c2", "write", "free text", is_custom=True, result="two")
    broken = ToolCallPart("c3", "look", "{", round=1, result="three")
    answers: list[tuple[Any, ...]] = [
        (thought, TextPart("Let me see.", "commentary"), TextPart("42", "final_answer")),
        (thought, details, call, custom, broken, TextPart("So.")),
        (TextPart("I say "), RefusalPart("no.")),
        (thought, call),
        (call, ToolCallPart("c4", "look", "{}", round=1)),
    ]
    for parts in answers:
        yield (question, RequestMessage(Role.ASSISTANT, parts), question)


PARAMETERS = (
    GenerationParameters(),
    GenerationParameters(
        temperature=0.5, top_p=0.9, max_output_tokens=5, verbosity="low", stop=("a",), seed=3,
        reasoning_summary="auto", service_tier="flex", stream=False,
    ),
)  # fmt: skip


def sent(body: dict[str, Any]) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(json.dumps(body, default=data_url))
    return read


BATCHES = {Api.RESPONSES: "CreateResponse", Api.CHAT_COMPLETIONS: "CreateChatCompletionRequest"}


def check(schema: str, body: dict[str, Any]) -> None:
    """Check that a body fits a schema, and has no field that the schema lacks."""
    validator(schema).validate(body)
    assert body.keys() <= property_names(schema)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("model", MODELS)
def test_requests_fit_the_description(profile: ProviderProfile, model: str) -> None:
    info = CATALOG.info(model)
    checked = 0
    # What was said depends on efforts and tools, and not on the form and the parameters.
    for effort, tools, form, parameters, messages in chain(
        product(EFFORTS, TOOLS, FORMS, PARAMETERS, [next(histories(profile))]),
        product(EFFORTS, TOOLS, FORMS[:1], PARAMETERS[1:], histories(profile)),
    ):
        if "grammar" in form and tools:
            continue  # the service refuses both
        request = ChatRequest(
            *(model, messages), instructions="Be brief.", effort=effort, parameters=parameters,
            cache_key="c1", tools=tools, tool_choice="auto" if tools else "", **form,
        )  # fmt: skip
        body = sent(responses.body(request, info, profile))
        check("CreateResponse", body)
        assert body["store"] is False
        compacting = sent(provider_compaction.body(request, info, profile, frozenset()))
        validator("CompactResponseMethodPublicBody").validate(compacting)
        chat = sent(chat_completions.body(request, info, profile))
        check("CreateChatCompletionRequest", chat)
        for api, schema in BATCHES.items() if effort is None else ():
            line = json.loads(request_line("job-1", request, info, profile, api))
            check(schema, line["body"])
            assert not {"stream", "background", "stream_options", "n"} & set(line["body"])
        checked += 1
    assert checked > 100
    check("CreateEmbeddingRequest", embeddings.body(model, ["a", "b"]))


@pytest.mark.parametrize(
    "wrong", [{"store": "no"}, {"reasoning": {"effort": 3}}, {"input": 1}, {"max_tokens": 3}]
)
def test_the_description_refuses_wrong_requests(wrong: dict[str, Any]) -> None:
    right = {"model": "m", "input": "x", "stream": True}
    check("CreateResponse", right)
    with pytest.raises((ValueError, AssertionError)):
        check("CreateResponse", {**right, **wrong})


SHAPES = ((False, 0), (True, 0), (True, -1))
CREATED = {"type": "response.created", "response": {"id": "r", "model": "m"}}
COMPLETED = {"type": "response.completed", "response": {"id": "r", "status": "completed"}}


def read(*rows: object) -> Reply:
    """Return the reply to these events. One terminal event ends it."""
    reader = ResponsesReader("OpenAI", "https://a.example:443")
    reply = Reply()
    ends = 0
    for row in rows:
        for event in reader.read(json.dumps(row).encode()):
            reply = accumulate(reply, event)
            ends += isinstance(event, Completed | Incomplete | Failed)
    ends += len([e for e in reader.end() if isinstance(e, Completed | Incomplete | Failed)])
    assert ends == 1
    return reply


def kinds_in(reply: Reply, code: NoticeCode) -> str:
    said = [each for each in reply.notices if isinstance(each, AnswerNotice)]
    return "".join(str(dict(each.params)["kinds"]) for each in said if each.code is code)


EVENTS = alternatives("ResponseStreamEvent")
ITEMS = alternatives("OutputItem")
DELTA = {"type": "response.output_text.delta", "output_index": 7, "delta": "Hello."}


@pytest.mark.parametrize(("is_full", "at"), SHAPES)
def test_every_event_is_read_without_a_crash_and_costs_no_text(is_full: bool, at: int) -> None:
    assert len(EVENTS) > 50
    for schema in EVENTS:
        event = value_of(schema, full=is_full, at=at)
        assert event["type"]
        read(event)
        reply = read(CREATED, DELTA, event, COMPLETED)
        assert "Hello." in reply.text, event["type"]
        assert not kinds_in(reply, NoticeCode.KINDS_SKIPPED), "all of them are known"


SHOWN = {
    *("message", "reasoning", "function_call", "custom_tool_call", "web_search_call"),
    *("file_search_call", "code_interpreter_call", "image_generation_call"),
}


@pytest.mark.parametrize(("is_full", "at"), SHAPES)
def test_every_item_is_shown_or_named(is_full: bool, at: int) -> None:
    assert len(ITEMS) > 25
    named = set()
    for schema in ITEMS:
        item = value_of(schema, full=is_full, at=at)
        done = {"type": "response.output_item.done", "output_index": 0, "item": item}
        ended = {**COMPLETED, "response": {**COMPLETED["response"], "output": [item]}}  # type: ignore[dict-item]
        for rows in ([CREATED, done, COMPLETED], [CREATED, ended], [CREATED, done, ended]):
            named.add(kinds_in(read(*rows), NoticeCode.ITEMS_SKIPPED))
    assert not named & SHOWN
    assert {"mcp_call", "shell_call", "computer_call"} <= named


def test_unknown_kinds_are_named_in_the_details() -> None:
    new_event = {"type": "response.hologram.delta", "delta": "x"}
    new_item = {"type": "response.output_item.done", "item": {"type": "hologram_call"}}
    reply = read(CREATED, new_event, new_event, DELTA, new_item, COMPLETED)
    assert reply.text == "Hello."
    assert kinds_in(reply, NoticeCode.KINDS_SKIPPED) == "response.hologram.delta"
    assert kinds_in(reply, NoticeCode.ITEMS_SKIPPED) == "hologram_call"


def test_every_error_code_is_a_sentence_and_policies_are_a_filter() -> None:
    for code in schemas()["ResponseErrorCode"]["enum"]:
        error = error_from("OpenAI", ErrorBody("It says so.", code))
        assert error.what_happened
        assert isinstance(error, ContentFilteredError) is ("policy" in code)


def test_every_chunk_of_chat_completions_is_read() -> None:
    for is_full, at in SHAPES:
        chunk = value_of(schemas()["CreateChatCompletionStreamResponse"], full=is_full, at=at)
        reader = chat_completions.ChatCompletionsReader("OpenAI", "https://a.example:443")
        events = [*reader.read(json.dumps(chunk).encode()), *reader.end()]
        assert isinstance(events[-1], Completed | Incomplete | Failed)


def test_a_spoken_answer_is_its_transcript() -> None:
    reader = chat_completions.ChatCompletionsReader("OpenAI")
    message = {"content": None, "audio": {"id": "a", "data": "UklGRg==", "transcript": "Hello."}}
    choice = {"message": message, "finish_reason": "stop"}
    reply = Reply()
    for event in reader.read_whole({"id": "c", "choices": [choice]}):
        reply = accumulate(reply, event)
    assert reply.text == "Hello."
