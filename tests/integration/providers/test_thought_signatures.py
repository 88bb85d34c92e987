"""Gemini's signatures of thoughts, in the shape of its endpoint for OpenAI's Chat Completions.

Each call has no index and comes whole, and the first call of a round has
`extra_content.google.thought_signature` (`vertex` at Vertex AI). Gemini 3 refuses the call's result
without it, and another server cannot use it. Sources: Google's documentation of thought signatures,
recordings in trackers of other clients. Not tried against Google's server.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from desktop_app.chat.send_context import AskSettings
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.conversations.conversation import Conversation, Draft, Message
from desktop_app.domain.conversations.message_parts import tool_calls
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
    folder: Path, server: LoopbackServer, path: list[Message], conversation: Conversation | None
) -> tuple[Conversation, list[Message]]:
    async def count(arguments: Any) -> str:
        return f"counted {arguments['n']}"

    catalog = ToolCatalog([Source(count=count)])
    api = Api.CHAT_COMPLETIONS
    async with asker_of(folder, server.base_url, api=api, tools=lambda: catalog) as asker:
        asker.conversation = conversation or asker.conversation
        asker.settings = AskSettings(parameters=GenerationParameters(tools=("count",)))
        await asker.ask(Draft("How many?"), path)
        return asker.conversation, await stored_path(folder, asker.conversation.id)


async def _asks(folder: Path, *servers: LoopbackServer) -> Sequence[Message]:
    """Ask each server in turn, in one conversation and with the stored path."""
    path: list[Message] = []
    conversation = None
    for server in servers:
        conversation, path = await _ask(folder, server, path, conversation)
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
