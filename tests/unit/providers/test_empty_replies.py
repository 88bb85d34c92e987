"""An empty stream: a wrong address, a request that is too long, or the server's failure."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from desktop_app.domain.conversations.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.conversations.stream_events import Failed
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import Remedy
from desktop_app.domain.models.model_catalog import Api
from desktop_app.providers.http.connection_errors import ConnectionAttempt
from desktop_app.providers.provider_client import LARGE_REQUEST, ProviderClient
from tests.unit.providers.loopback import LoopbackServer, streams
from tests.unit.providers.samples import CATALOG, ask

SHORT, LONG = "Hello?", "word " * LARGE_REQUEST


@pytest.mark.parametrize(
    ("known", "text", "reason"),
    [
        (None, SHORT, Reason.EMPTY_REPLY),
        (None, LONG, Reason.EMPTY_REPLY),
        (Api.CHAT_COMPLETIONS, SHORT, Reason.EMPTY_ANSWER),
        (Api.CHAT_COMPLETIONS, LONG, Reason.CONVERSATION_TOO_LONG),
    ],
)
@pytest.mark.parametrize("body", [b"", b": ping\n\n"])
def test_an_address_that_has_answered_is_not_wrong(
    known: Api | None, text: str, reason: Reason, body: bytes
) -> None:
    async def main() -> None:
        async with LoopbackServer(*[streams(body)] * 4) as server:
            profile = ProviderProfile(
                "own", "Own", ProviderKind.COMPATIBLE, server.base_url, needs_key=False
            )
            client = ProviderClient(profile, None, CATALOG, known_api=known)
            async with aclosing(client.stream(ask(text, model="local"))) as events:
                last = [event async for event in events][-1]
            await client.aclose()
            assert isinstance(last, Failed)
            assert last.error.reason is reason

    asyncio.run(main())


@pytest.mark.parametrize(
    ("host", "port", "reason", "remedy"),
    [
        ("127.0.0.1", 11434, Reason.NOTHING_LISTENS, Remedy.START_OLLAMA),
        ("localhost", 18080, Reason.NOTHING_LISTENS, Remedy.START_SERVER),
        ("::1", 8080, Reason.NOTHING_LISTENS, Remedy.START_LLAMA_CPP),
        ("api.example", 443, Reason.NOT_REACHED, ""),
    ],
)
def test_a_stopped_local_server_is_named_with_its_port(
    host: str, port: int, reason: Reason, remedy: Remedy | str
) -> None:
    attempt = ConnectionAttempt("Own", host, port=port)
    error = attempt.connection_failed("All connection attempts failed", "").error
    assert (error.reason, error.remedy or "") == (reason, remedy)
    if reason is Reason.NOTHING_LISTENS:
        assert str(port) in error.what_happened


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("llama.cpp in the cellar", Remedy.START_LLAMA_CPP),
        ("LM Studio", Remedy.START_LM_STUDIO),
        ("My LiteLLM", Remedy.START_LITELLM),
    ],
)
def test_the_name_of_a_server_outweighs_its_port(name: str, remedy: Remedy) -> None:
    failed = ConnectionAttempt(name, "127.0.0.1", port=11434).connection_failed("refused", "")
    assert failed.error.remedy == remedy
