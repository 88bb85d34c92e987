"""The share of a conversation's input that a provider's prompt cache can serve.

The server reports as cached the longest prefix that a request's input shares with an earlier
request of the same `prompt_cache_key`, as real servers could. Characters represent tokens.
"""

from __future__ import annotations

import asyncio
import json
import os.path
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from desktop_app.chat.send_context import AskSettings
from desktop_app.domain.conversations.conversation import Draft, Message
from desktop_app.domain.conversations.message_parts import Attachment, DocumentPart
from desktop_app.domain.models.model_catalog import Api
from tests.integration.providers.asking import Asker, asker_of, event
from tests.unit.providers.loopback import LoopbackServer, Received, streams

TEXT = "The quick brown fox jumps over the lazy dog, again and again. " * 100
# The length of the JSON after the last message's text. The next request has more messages there.
CLOSING = len('"}]}]]')
ANSWER = "It is a pangram, and it says so at some length. " * 20


class CachingServer:
    """A scripted server that reports cached input. `inputs` and `cached` are in characters."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._seen: dict[str, list[str]] = {}
        self.inputs: list[int] = []
        self.cached: list[int] = []

    async def script(self, request: Received, writer: asyncio.StreamWriter) -> None:
        """Answer a request."""
        body = request.json
        # The model and the instructions stand before the input, as they do at the provider.
        said = [body["model"], body.get("instructions"), body.get("input", body.get("messages"))]
        text = json.dumps(said)
        earlier = self._seen.setdefault(body["prompt_cache_key"], [])
        common = (len(os.path.commonprefix([text, one])) for one in earlier)  # noqa: RUF071 — characters are meant
        cached = max(common, default=0)
        earlier.append(text)
        self.inputs.append(len(text))
        self.cached.append(cached)
        await streams(self._answer(len(text), cached))(request, writer)

    def _answer(self, tokens: int, cached: int) -> bytes:
        if self._api is Api.CHAT_COMPLETIONS:
            details: dict[str, Any] = {"prompt_tokens_details": {"cached_tokens": cached}}
            usage = {"prompt_tokens": tokens, "completion_tokens": 9, **details}
            choice = {"delta": {"content": ANSWER}, "finish_reason": "stop"}
            chunks = event({"choices": [choice]}) + event({"choices": [], "usage": usage})
            return chunks + b"data: [DONE]\n\n"
        reasoning = {"type": "reasoning", "id": f"rs_{tokens}", "encrypted_content": "x" * 400}
        message = {"type": "message", "content": [{"type": "output_text", "text": ANSWER}]}
        usage = {"input_tokens": tokens, "input_tokens_details": {"cached_tokens": cached}}
        response = {"status": "completed", "output": [reasoning, message], "usage": usage}
        return event({"type": "response.completed", "response": response})


async def attached(asker: Asker, text: str, name: str) -> DocumentPart:
    data = text.encode()
    part = DocumentPart(sha256(data).hexdigest(), name, "text/plain", len(data), tokens=9)
    await asker.attachments.add(data, Attachment(part.sha256, name, "text/plain", text, tokens=9))
    return part


async def conversation(asker: Asker) -> list[Message]:
    """Run six turns: two documents, an edit and a second answer among them."""
    asker.settings = AskSettings(instructions="Answer in short sentences.")
    report = await attached(asker, TEXT, "report.txt")
    path = await asker.ask(Draft("What is this?", (report,)), [])
    path = await asker.ask(Draft("And why?"), path)
    notes = await attached(asker, TEXT[::-1], "notes.txt")
    path = await asker.ask(Draft("Compare it with these notes.", (notes,)), path)
    path = await asker.ask(Draft("Shorter."), path)
    path = await asker.ask(Draft("Shorter, and in French."), path[:-2])  # the last, edited
    again = await asker.chat.begin(
        asker.conversation, path[:-1], None, asker.profile, asker.settings
    )
    await again.run(asker.listen, lambda _: None)
    return [*path, again.answer]


@pytest.mark.parametrize("api", Api)
async def test_requests_begin_with_the_input_of_earlier_requests(api: Api, tmp_path: Path) -> None:
    server = CachingServer(api)

    async with (
        LoopbackServer(server.script) as loopback,
        asker_of(tmp_path, loopback.base_url, api=api) as asker,
    ):
        path = await conversation(asker)
        assert {r.json["prompt_cache_key"] for r in loopback.requests} == {asker.conversation.id}
        requests = loopback.requests
    assert len(requests) == 6

    inputs, cached = server.inputs, server.cached
    assert cached[0] == 0
    for turn in (1, 2, 3):
        assert cached[turn] >= inputs[turn - 1] - CLOSING, "all that was sent before is cached"
    assert cached[4] > inputs[2] - CLOSING, "all before the edited question is cached"
    assert inputs[4] - cached[4] < len("Shorter, and in French.") + CLOSING
    assert cached[5] == inputs[5], "the same question again"
    assert sum(cached) / sum(inputs) > 0.5
    used = [message.usage for message in path if message.usage is not None]
    assert [usage.cached_tokens for usage in used[-2:]] == cached[4:], "the answers' usage"


async def test_another_conversation_has_a_key_of_its_own(tmp_path: Path) -> None:
    server = CachingServer(Api.RESPONSES)
    async with (
        LoopbackServer(server.script) as loopback,
        asker_of(tmp_path, loopback.base_url, api=Api.RESPONSES) as asker,
    ):
        await asker.ask(Draft("Why?"), [])
        asker.conversation = replace(asker.conversation, id="another")
        await asker.ask(Draft("Why?"), [])
        keys = [request.json["prompt_cache_key"] for request in loopback.requests]
        assert len(set(keys)) == 2
        assert all(0 < len(key) <= 64 for key in keys)
