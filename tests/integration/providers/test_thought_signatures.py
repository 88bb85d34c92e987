"""Reasoning that belongs to its server: signatures, OpenRouter's details, encrypted items.

Gemini's signatures have the shape of its endpoint for OpenAI's Chat Completions.

Each call has no index and comes whole, and the first call of a round has
`extra_content.google.thought_signature` (`vertex` at Vertex AI). Gemini 3 refuses the call's result
without it, and another server cannot use it. Sources: Google's documentation of thought signatures,
recordings in trackers of other clients. Not tried against Google's server. OpenRouter puts the same
data, and Claude's thinking, into `reasoning_details`. Sources: its documentation of reasoning
tokens, threads of its users. Not tried there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from desktop_app.chat.send_context import AskSettings
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.conversations.conversation import Conversation, Draft, Message
from desktop_app.domain.conversations.message_parts import ReasoningPart, tool_calls
from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode
from desktop_app.domain.models.model_catalog import Api
from desktop_app.tools.calls.tool_set import ToolCatalog
from tests.helpers.tools import Source
from tests.integration.providers.asking import asker_of, event, stored_path
from tests.unit.providers.loopback import LoopbackServer, Received, replies, streams

FIRST: dict[str, Any] = {"google": {"thought_signature": "EjQKMgEMOdbHJCh+/\u00e9=="}}
SECOND: dict[str, Any] = {"vertex": {"thought_signature": "AY89a18"}, "other": [1]}


def _calls(*calls: dict[str, Any]) -> bytes:
    delta = {"role": "assistant", "tool_calls": calls}
    return event({"id": "g", "choices": [{"delta": delta, "finish_reason": "tool_calls"}]})


def _call(number: int, **fields: Any) -> dict[str, Any]:
    function = {"name": "count", "arguments": json.dumps({"n": number})}
    return {"id": f"call{number}", "type": "function", "function": function, **fields}


ROUND_1 = streams(_calls(_call(1, extra_content=FIRST), _call(2)), b"data: [DONE]\n\n")
ROUND_2 = replies(
    200,
    {
        "id": "g",
        "choices": [
            {
                "message": {"content": None, "tool_calls": [_call(3, extra_content=SECOND)]},
                "finish_reason": "tool_calls",
            }
        ],
    },
)
ANSWER = streams(
    event({"id": "g", "choices": [{"delta": {"content": "Three."}, "finish_reason": "stop"}]}),
    b"data: [DONE]\n\n",
)


def _sent_content(request: Received) -> list[Any]:
    """Return the `extra_content` of each call in a request, None for those without."""
    messages = request.json["messages"]
    return [call.get("extra_content") for said in messages for call in said.get("tool_calls", ())]


async def _ask(
    folder: Path,
    server: LoopbackServer,
    path: list[Message],
    conversation: Conversation | None,
    api: Api,
) -> tuple[Conversation, list[Message]]:
    async def count(arguments: Any) -> str:
        return f"counted {arguments['n']}"

    catalog = ToolCatalog([Source(count=count)])
    async with asker_of(folder, server.base_url, api=api, tools=lambda: catalog) as asker:
        asker.conversation = conversation or asker.conversation
        asker.settings = AskSettings(parameters=GenerationParameters(tools=("count",)))
        await asker.ask(Draft("How many?"), path)
        return asker.conversation, await stored_path(folder, asker.conversation.id)


async def _asks(
    folder: Path, *servers: LoopbackServer, api: Api = Api.CHAT_COMPLETIONS
) -> Sequence[Message]:
    """Ask each server in turn, in one conversation and with the stored path."""
    path: list[Message] = []
    conversation = None
    for server in servers:
        conversation, path = await _ask(folder, server, path, conversation, api)
    return path


async def test_signatures_go_back_to_the_server_that_sent_them_only(tmp_path: Path) -> None:
    async with LoopbackServer(ROUND_1, ROUND_2, ANSWER) as gemini, LoopbackServer(ANSWER) as other:
        path = await _asks(tmp_path, gemini, gemini, other)
    assert [_sent_content(request) for request in gemini.requests] == [
        [],
        [FIRST, None],
        [FIRST, None, SECOND],
        [FIRST, None, SECOND],  # the next question
    ]
    assert [_sent_content(request) for request in other.requests] == [[None, None, None]]
    calls = tool_calls(path[1].parts)
    assert [bool(call.issuer) for call in calls] == [True, False, True]


THOUGHT = {"type": "reasoning.text", "format": "anthropic-claude-v1", "index": 0}
DETAILS = [
    {**THOUGHT, "text": "One, two", "signature": "SIG"},
    {"type": "reasoning.encrypted", "data": "SIGX", "id": "call1", "index": 1},
]
PIECES: tuple[dict[str, Any], ...] = (
    {"reasoning_details": [{**THOUGHT, "text": "One,"}]},
    {"reasoning_details": [{**THOUGHT, "text": " two"}]},
    {"tool_calls": [_call(1)]},
    {"reasoning_details": [{**THOUGHT, "signature": "SIG"}, DETAILS[1]]},
)


def _sent_details(request: Received) -> list[Any]:
    said = [each for each in request.json["messages"] if each["role"] == "assistant"]
    return [each.get("reasoning_details") for each in said]


def _round(*deltas: dict[str, Any]) -> Any:
    chunks = [event({"id": "o", "choices": [{"delta": delta}]}) for delta in deltas]
    end = event({"id": "o", "choices": [{"delta": {}, "finish_reason": "tool_calls"}]})
    return streams(*chunks, end, b"data: [DONE]\n\n")


async def test_details_go_back_to_the_server_that_sent_them_only(tmp_path: Path) -> None:
    async with LoopbackServer(_round(*PIECES), ANSWER) as router, LoopbackServer(ANSWER) as other:
        path = await _asks(tmp_path, router, router, other)
    assert [_sent_details(request) for request in router.requests] == [
        [],
        [DETAILS],
        [DETAILS, None],  # the next question
    ]
    assert [_sent_details(request) for request in other.requests] == [[None, None, None]]
    thought = next(part for part in path[1].parts if isinstance(part, ReasoningPart))
    assert thought.text == "One, two", "shown as thoughts, because there is no `reasoning`"


GEMINI_REFUSES = (
    "Gemini models require OpenRouter reasoning details to be preserved in each request. "
    "Function call is missing a thought_signature in functionCall parts."
)


async def test_a_conversation_goes_on_after_refused_calls_and_fails_first_only_once(
    tmp_path: Path,
) -> None:
    refusal = replies(400, {"error": {"message": GEMINI_REFUSES, "code": 400}})
    own = streams(event({"id": "g", "choices": [{"delta": {"tool_calls": [_call(7)]}}]}), event(
        {"id": "g", "choices": [{"delta": PIECES[3], "finish_reason": "tool_calls"}]}
    ))  # fmt: skip
    async with (
        LoopbackServer(_round(PIECES[2]), ANSWER) as other,
        LoopbackServer(refusal, own, ANSWER) as gemini,
    ):
        path = await _asks(tmp_path, other, gemini, gemini)
    # Refused, with the earlier call as a text, with the own call and its signature, the next turn.
    assert len(gemini.requests) == 4
    sent = [
        [call["id"] for said in request.json["messages"] for call in said.get("tool_calls", ())]
        for request in gemini.requests
    ]
    assert sent == [["call1"], [], ["call7"], []]
    assert _sent_details(gemini.requests[2])[-1] == PIECES[3]["reasoning_details"]
    assert "counted 1" in str(gemini.requests[1].json["messages"])
    assert "counted 7" in str(gemini.requests[3].json["messages"])
    assert {each.code for each in path[3].notices if isinstance(each, AnswerNotice)} == {
        NoticeCode.CALLS_AS_TEXT
    }


def _item_events(*items: dict[str, Any]) -> Any:
    response = {"id": "r", "status": "completed", "output": items}
    return streams(event({"type": "response.completed", "response": response}))


def _reasoning(name: str) -> dict[str, Any]:
    return {"type": "reasoning", "id": name, "summary": [], "encrypted_content": f"secret {name}"}


def _message(text: str) -> dict[str, Any]:
    return {"type": "message", "content": [{"type": "output_text", "text": text}]}


def _sent_reasoning(request: Received) -> list[str]:
    return [item["id"] for item in request.json["input"] if item.get("type") == "reasoning"]


FOLLOWING = "Item 'rs_2' of type 'reasoning' was provided without its required following item."


async def test_reasoning_beside_a_hosted_call_is_not_sent_back(tmp_path: Path) -> None:
    searched = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {}}
    first = _item_events(_reasoning("rs_1"), searched, _reasoning("rs_2"), _message("Found."))
    second = _item_events(_reasoning("rs_3"), _message("Two."))
    async with LoopbackServer(first, second) as server:
        await _asks(tmp_path, server, server, server, api=Api.RESPONSES)
    assert [_sent_reasoning(request) for request in server.requests] == [[], [], ["rs_3"]]


async def test_refused_reasoning_is_left_out_of_every_later_turn(tmp_path: Path) -> None:
    first = _item_events(_reasoning("rs_1"), _reasoning("rs_2"), _message("One."))
    refusal = replies(400, {"error": {"message": FOLLOWING, "type": "invalid_request_error"}})
    second = _item_events(_reasoning("rs_3"), _message("Two."))
    third = _item_events(_reasoning("rs_4"), _message("Three."))
    async with LoopbackServer(first, refusal, second, third) as server:
        path = await _asks(tmp_path, server, server, server, server, api=Api.RESPONSES)
    sent = [_sent_reasoning(request) for request in server.requests]
    assert sent == [[], ["rs_1", "rs_2"], [], [], ["rs_4"]]
    assert [message.text for message in path[1::2]] == ["One.", "Two.", "Three.", "Three."]
