"""The makers that can be added by name, against servers that do what their documentation says."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from desktop_app.domain.answering.stream_events import Completed
from desktop_app.domain.models.variants import Effort
from desktop_app.providers.http.request_secrets import ProviderAccess
from desktop_app.providers.models.model_menu import chat_models
from desktop_app.providers.provider_client import ProviderClient
from desktop_app.settings.server_presets import MAKERS, ServerPreset, key_page, profile_from
from tests.helpers.secrets import key_for
from tests.unit.providers.loopback import LoopbackServer, Received, replies
from tests.unit.providers.samples import CATALOG, ask

KEY = "sk-0123456789"
CHAT = {"choices": [{"message": {"content": "Yes."}, "finish_reason": "stop"}]}
RESPONSE = {
    "id": "r",
    "object": "response",
    "status": "completed",
    "output": [{"type": "message", "content": [{"type": "output_text", "text": "Yes."}]}],
}
LISTS: dict[str, tuple[list[dict[str, Any]], tuple[str, ...]]] = {
    "anthropic": (
        [{"type": "model", "id": "claude-opus-5-5", "created_at": "2026-10-01T00:00:00Z"}],
        ("claude-opus-5-5",),
    ),
    "google": (
        [
            {"id": f"models/{name}", "object": "model", "owned_by": "google"}
            for name in ("gemini-3.8-flash", "gemini-embedding-2", "imagen-5", "aqa")
        ],
        ("gemini-3.8-flash",),
    ),
    "mistral": (
        [
            {"id": "mistral-medium-latest", "capabilities": {"completion_chat": True}},
            {"id": "mistral-embed", "capabilities": {"completion_chat": False}},
        ],
        ("mistral-medium-latest",),
    ),
    "groq": (
        [
            {"id": "openai/gpt-oss-120b", "active": True, "context_window": 131072},
            {"id": "whisper-large-v3", "active": True, "context_window": 448},
        ],
        ("openai/gpt-oss-120b",),
    ),
    "deepseek": ([{"id": "deepseek-flash", "owned_by": "deepseek"}], ("deepseek-flash",)),
    "xai": ([{"id": "grok-5"}, {"id": "grok-imagine-image"}], ("grok-5",)),
}
"""The rows of each maker's list of models, and the ids of those that can chat."""
PATHS = {
    "anthropic": "/v1/chat/completions",
    "google": "/v1beta/openai/chat/completions",
    "mistral": "/v1/chat/completions",
    "groq": "/openai/v1/responses",
    "deepseek": "/chat/completions",
    "xai": "/v1/responses",
}
ROOTS = {
    maker: path.removesuffix("/responses").removesuffix("/chat/completions")
    for maker, path in PATHS.items()
}
MISTRAL_REFUSAL = {
    "object": "error",
    "message": {
        "detail": [
            {
                "type": "enum",
                "loc": ["body", "reasoning_effort"],
                "msg": "Input should be 'high' or 'none'",
                "input": "medium",
                "ctx": {"expected": "'high' or 'none'"},
            }
        ]
    },
    "type": "invalid_request_error",
}


async def answer(maker: str, request: Received, writer: asyncio.StreamWriter) -> None:
    """Answer as the maker does: to requests with its headers, its paths and its efforts."""
    headers = request.headers
    if maker == "anthropic" and request.method == "GET":
        is_let_in = headers.get("x-api-key") == KEY and "anthropic-version" in headers
    else:
        is_let_in = headers.get("authorization") == f"Bearer {KEY}"
    body: object = RESPONSE if request.path.endswith("/responses") else CHAT
    status = 200
    if not is_let_in:
        status, body = 401, {"error": {"message": "x-api-key header is required"}}
    elif request.path == ROOTS[maker] + "/models":
        body = {"object": "list", "data": LISTS[maker][0]}
    elif request.path != PATHS[maker]:
        status, body = 404, {"error": {"message": "Not Found"}}
    elif maker == "mistral" and request.json.get("reasoning_effort") not in (None, "none", "high"):
        status, body = 422, MISTRAL_REFUSAL
    await replies(status, body)(request, writer)


@pytest.mark.parametrize("preset", MAKERS, ids=lambda preset: preset.key)
async def test_a_maker_lists_and_answers(preset: ServerPreset) -> None:
    async def script(request: Received, writer: asyncio.StreamWriter) -> None:
        await answer(preset.key, request, writer)

    assert key_page(preset.base_url).startswith("https://")
    async with LoopbackServer(script) as server:
        here = server.base_url.removesuffix("/v1") + preset.address.path
        profile = replace(profile_from(preset), base_url=here)
        client = ProviderClient(ProviderAccess(profile, key_for(here, KEY)), CATALOG)
        models = chat_models(CATALOG, await client.listing())
        assert models == LISTS[preset.key][1]
        question = ask(model=models[0], effort=Effort.MEDIUM)
        events = [event async for event in client.stream(question)]
        await client.aclose()
    assert isinstance(events[-1], Completed)
    sent = server.requests[-1].json
    effort = sent.get("reasoning_effort") or sent["reasoning"]["effort"]
    assert effort == ("high" if preset.key == "mistral" else "medium")
