"""Tokens are counted by the tokenizer or by the server, or estimated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desktop_app.documents.token_counting import ProviderTokenCounter
from desktop_app.domain.answering.chat_request import FAMILY_MODEL, ProviderKind, ProviderProfile
from desktop_app.domain.errors import NetworkError
from desktop_app.domain.models.token_counts import CountMethod
from tests.helpers.stored_gateway import gateway_over
from tests.unit.providers.samples import CATALOG, COMPATIBLE
from tests.unit.providers.samples import OPENAI as AT_OPENAI
from tests.unit.storage.samples import opened

SERVER = replace(COMPATIBLE, base_url="http://server/v1")
DEVICE = replace(COMPATIBLE, id="device", kind=ProviderKind.ON_DEVICE)
GATEWAY = replace(SERVER, id="gateway", models=(FAMILY_MODEL,))


class Texts:
    """The worker, which counts ten tokens a character."""

    async def count_tokens(self, text: str) -> int:
        return 10 * len(text)


class Server:
    """The gateway to a server with a counter, and its only client."""

    def __init__(self, count: int | None = None, *, is_lost: bool = False) -> None:
        self._count, self._is_lost = count, is_lost
        self.asked: list[tuple[str, str]] = []

    async def provider(self, _profile: object) -> Server:
        if self._is_lost:
            raise NetworkError(
                "Couldn’t connect to {provider} at {host}.",
                hint="Check the network connection, then try again.",
            )
        return self

    def is_ready(self, _profile: object) -> bool:
        return True

    async def count_tokens(self, model: str, text: str) -> int | None:
        self.asked.append((model, text))
        return self._count


def counter_at(server: Server) -> ProviderTokenCounter:
    parts: Any = (Texts(), server, CATALOG)
    return ProviderTokenCounter(*parts)


async def test_each_kind_of_provider_has_a_counter_of_its_own() -> None:
    server = Server()
    count = counter_at(server).count
    assert await count("", SERVER, "llama", may_ask=True) == (0, True)
    assert await count("abc", AT_OPENAI, "gpt-5.2") == (30, True)
    assert await count("abc", SERVER, "gpt-5.2", may_ask=True) == (30, False)
    assert await count("abc", GATEWAY, "gpt-5.2", may_ask=True) == (30, True)
    assert await count("abc", GATEWAY, "llama") == (36, False)
    assert await count("abc", SERVER, "llama") == (36, False)
    assert server.asked == []


async def test_a_server_that_counts_is_asked_only_before_sending() -> None:
    server = Server(7)
    counter = counter_at(server)
    assert await counter.count("abc", SERVER, "llama") == (36, False)
    assert await counter.count("abc", SERVER, "llama", may_ask=True) == (7, True)
    assert await counter.count("abc", DEVICE, "smollm2") == (7, True)
    assert server.asked == [("llama", "abc"), ("smollm2", "abc")]


@pytest.mark.parametrize("server", [Server(), Server(is_lost=True)])
async def test_a_server_without_a_counter_or_a_connection_leaves_the_estimate(
    server: Server,
) -> None:
    assert await counter_at(server).count("abc", SERVER, "llama", may_ask=True) == (36, False)
    assert await counter_at(server).count("abc", DEVICE, "smollm2") == (36, False)


@pytest.mark.parametrize(
    ("profile", "model", "rate", "method"),
    [
        (AT_OPENAI, "gpt-5.2", None, CountMethod.TOKENIZER),
        (DEVICE, "x", None, CountMethod.TOKENIZER),
        (GATEWAY, "gpt-5.2", None, CountMethod.TOKENIZER),
        (SERVER, "gpt-5.2", 1.0, CountMethod.SERVER),
        (SERVER, "llama", 1.2, CountMethod.SERVER),
    ],
)
def test_the_method_of_a_count_is_returned(
    profile: ProviderProfile, model: str, rate: float | None, method: CountMethod
) -> None:
    counter = counter_at(Server())
    assert counter.tokenizer_rate(profile, model) == rate
    assert counter.method(profile, model, is_exact=True) is method
    assert counter.method(profile, model, is_exact=False) is CountMethod.GUESSED


async def test_a_window_that_a_server_named_is_known_at_the_next_start(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        first = gateway_over(database)
        memory = await first._load_memory(SERVER)
        memory.record_window("llama", 2048)
        assert first.window_of(SERVER, "llama") == 2048
        await first.aclose()
        later = gateway_over(database)
        await later.load()
        assert later.window_of(SERVER, "llama") == 2048
        assert later.window_of(SERVER, "mistral") is None
        assert later.window_of(GATEWAY, "llama") is None
        await later.aclose()
