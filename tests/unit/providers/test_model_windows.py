"""Context windows as servers report them, invalid windows, and additional requests."""

from __future__ import annotations

from typing import Any

import pytest

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.providers.http.provider_access import ProviderAccess
from desktop_app.providers.http.transport import Timeouts
from desktop_app.providers.models.model_windows import MAX_WINDOW, MIN_WINDOW, window_of
from desktop_app.providers.provider_client import ProviderClient
from tests.helpers.blocking import blocking
from tests.helpers.secrets import key_for
from tests.unit.providers.loopback import LoopbackServer, Script, replies, stalls
from tests.unit.providers.samples import CATALOG


@pytest.mark.parametrize(
    ("server", "row", "window"),
    [
        ("vLLM, SGLang", {"owned_by": "vllm", "root": "m", "max_model_len": 32768}, 32768),
        ("llama.cpp", {"meta": {"n_vocab": 49152, "n_ctx": 4096, "n_ctx_train": 131072}}, 4096),
        ("an older llama.cpp", {"meta": {"n_ctx_train": 8192}}, 8192),
        ("LM Studio", {"max_context_length": 131072, "loaded_context_length": 4096}, 4096),
        ("LM Studio, not loaded", {"state": "not-loaded", "max_context_length": 32768}, 32768),
        (
            "OpenRouter",
            {"context_length": 200000, "top_provider": {"context_length": 128000}},
            128000,
        ),
        (
            "OpenRouter",
            {"context_length": 1000000, "top_provider": {"context_length": None}},
            1000000,
        ),
        ("LiteLLM", {"max_input_tokens": 128000, "max_output_tokens": 16384}, 128000),
        ("Groq", {"context_window": 131072, "active": True, "max_completion_tokens": 8192}, 131072),
        ("Mistral", {"max_context_length": 32768, "capabilities": {"vision": False}}, 32768),
        ("Together", {"context_length": 16384, "type": "chat"}, 16384),
        ("OpenAI, CometAPI", {"object": "model", "created": 1, "owned_by": "openai"}, None),
    ],
)
def test_the_window_is_read_in_the_list_of_each_server(
    server: str, row: dict[str, Any], window: int | None
) -> None:
    assert window_of({"id": "m", **row}) == window, server


@pytest.mark.parametrize(
    "value",
    [
        0,
        -1,
        -8192,
        1,
        MIN_WINDOW - 1,
        MAX_WINDOW + 1,
        10**30,
        1e300,
        "8192",
        "",
        None,
        True,
        [8192],
        {},
    ],
)
def test_implausible_windows_are_ignored(value: object) -> None:
    assert window_of({"max_model_len": value}) is None
    assert window_of({"meta": {"n_ctx": value, "n_ctx_train": 8192}}) == 8192
    assert window_of({"top_provider": {"context_length": value}, "context_length": 512}) == 512
    assert window_of({"meta": value, "top_provider": value}) is None


@blocking
async def fetch_windows(
    *scripts: Script, kind: ProviderKind = ProviderKind.COMPATIBLE, timeouts: Timeouts | None = None
) -> tuple[Any, Any]:
    """Return the windows in a listing and the requested paths."""

    async with LoopbackServer(*scripts) as server:
        profile = ProviderProfile("box", "Box", kind, server.base_url)
        client = ProviderClient(
            ProviderAccess(profile, key_for(profile.base_url, "key")), CATALOG, timeouts=timeouts
        )
        listing = await client.listing()
        await client.aclose()
        paths = [request.path for request in server.requests]
        return {model.id: model.window for model in listing.models}, paths


def model_list_reply(*rows: dict[str, Any]) -> Script:
    return replies(200, {"object": "list", "data": list(rows)})


LLAMA = {"id": "m", "owned_by": "llamacpp", "meta": {"n_ctx_train": 131072}}
STUDIO = {"id": "m", "owned_by": "organization_owner"}
OLLAMA = {"id": "m:latest", "owned_by": "library"}
LITELLM = {"id": "m", "created": 1677610602, "owned_by": "openai"}
LM_STUDIO = {
    "data": [
        {"id": "m", "state": "loaded", "max_context_length": 131072, "loaded_context_length": 4096},
        {"id": "other", "max_context_length": "many"},
    ]
}
DEPLOYMENTS = {
    "data": [
        {"model_name": "m", "model_info": {"max_input_tokens": 128000, "max_tokens": 4096}},
        {"model_name": "m", "model_info": {"max_input_tokens": 8000}},
        {"model_name": "n", "model_info": {"max_input_tokens": None}},
    ]
}


@pytest.mark.parametrize(
    ("row", "path", "reply", "window"),
    [
        (LLAMA, "/props", {"default_generation_settings": {"n_ctx": 4096}}, 4096),
        (LLAMA, "/props", {"default_generation_settings": {"n_ctx": 0}}, 131072),
        (LLAMA, "/props", [], 131072),
        (STUDIO, "/api/v0/models", LM_STUDIO, 4096),
        (STUDIO, "/api/v0/models", {"models": []}, None),
        (OLLAMA, "/api/ps", {"models": [{"name": "m:latest", "context_length": 4096}]}, 4096),
        (OLLAMA, "/api/ps", {"models": []}, None),
        (LITELLM, "/model/info", DEPLOYMENTS, 8000),
    ],
)
def test_a_separate_path_for_windows_is_requested_once(
    row: dict[str, Any], path: str, reply: object, window: int | None
) -> None:
    found, paths = fetch_windows(model_list_reply(row), replies(200, reply))
    assert found == {row["id"]: window}
    assert paths == ["/v1/models", path]


FAILURES = {
    "missing": replies(404, {"error": "no"}),
    "key": replies(401, {}),
    "page": replies(200, b"<html>", kind="text/html"),
    "cut": replies(200, b"{"),
    "moved": replies(302, b"", location="http://elsewhere.example/"),
    "silent": stalls(),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failed_request_for_windows_leaves_the_listing_unchanged(failure: str) -> None:
    timeouts = Timeouts(windows=0.2)
    found, _ = fetch_windows(model_list_reply(LLAMA), FAILURES[failure], timeouts=timeouts)
    assert found == {"m": 131072}


@pytest.mark.parametrize(
    "rows",
    [
        ({"id": "m", "owned_by": "llamacpp", "meta": {"n_ctx": 4096, "n_ctx_train": 8192}},),
        ({"id": "m", "owned_by": "vllm", "max_model_len": 8192},),
        ({"id": "m", "owned_by": "someone"},),
        (LITELLM, {"id": "n", "created": 1700000000}),
        (),
    ],
)
def test_other_servers_get_no_second_request(rows: tuple[dict[str, Any], ...]) -> None:
    assert fetch_windows(model_list_reply(*rows))[1] == ["/v1/models"]
