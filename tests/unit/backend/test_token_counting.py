"""Tokens are counted by the tokenizer, by the server, or by learned ratios."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from desktop_app.backend.gateway.token_counting import ProviderTokenCounter, TokenLearning
from desktop_app.domain.answering.chat_request import (
    FAMILY_MODEL,
    ChatRequest,
    ProviderKind,
    ProviderProfile,
    RequestMessage,
)
from desktop_app.domain.conversations.conversation import Role
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import DocumentError, NetworkError
from desktop_app.domain.models.token_rates import (
    GUESSED_SHARE,
    LEARNED_SHARE,
    OPENAI_RATES,
    USUAL_RATES,
    CountMethod,
    TextKind,
    TokenRates,
)
from desktop_app.storage.settings.token_rate_store import TokenRateStore
from tests.unit.providers.samples import CATALOG, COMPATIBLE, ask
from tests.unit.providers.samples import OPENAI as AT_OPENAI
from tests.unit.storage.samples import opened

SERVER = replace(COMPATIBLE, base_url="http://server/v1")
DEVICE = replace(COMPATIBLE, id="device", kind=ProviderKind.ON_DEVICE)
GATEWAY = replace(SERVER, id="gateway", models=(FAMILY_MODEL,))
KIND = TextKind.PROSE
ONE_AND_A_HALF: Any = pytest.approx(1.5)
KEY = (SERVER.id, SERVER.base_url, "llama")


class Worker:
    """Counts ten tokens a character, but one in `token_mix`, and records the texts of mixes."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.is_broken = False

    async def token_mix(self, text: str) -> Mapping[TextKind, int]:
        if self.is_broken:
            raise DocumentError(Reason.DOCUMENT_DAMAGED)
        self.read.append(text)
        return {KIND: len(text)}

    async def count_tokens(self, text: str) -> int:
        return 10 * len(text)


class Server:
    """The gateway to a server with a counter, and its only client."""

    def __init__(self) -> None:
        self.count: int | None = None
        self.asked: list[tuple[str, str]] = []
        self.is_lost = False

    async def provider(self, _profile: object) -> Server:
        if self.is_lost:
            raise NetworkError(Reason.NOT_REACHED)
        return self

    async def count_tokens(self, model: str, text: str) -> int | None:
        self.asked.append((model, text))
        return self.count


class Local:
    """The on-device model."""

    async def count_tokens(self, text: str) -> int:
        return 100 * len(text)


@asynccontextmanager
async def counting(folder: Path) -> AsyncIterator[Any]:
    """Yield a counter with its parts."""
    async with opened(folder / "store.sqlite3") as database:
        worker, server = Worker(), Server()
        store: Any = TokenRateStore(database)
        learning = TokenLearning(store, worker, CATALOG)  # type: ignore[arg-type]
        counter = ProviderTokenCounter(worker, Local(), server, learning)  # type: ignore[arg-type]
        await learning.load()
        yield SimpleNamespace(
            worker=worker, server=server, store=store, learning=learning, counter=counter
        )
        await learning.finish_learning()


async def test_each_kind_of_provider_has_a_counter_of_its_own(tmp_path: Path) -> None:
    async with counting(tmp_path) as parts:
        count = parts.counter.count
        assert await count("", SERVER, "llama", may_ask=True) == (0, True)
        assert await count("abc", DEVICE, "x") == (300, True)
        assert await count("abc", AT_OPENAI, "gpt-5.2") == (30, True)
        assert await count("abc", SERVER, "gpt-5.2", may_ask=True) == (30, False)
        assert await count("abc", GATEWAY, "gpt-5.2", may_ask=True) == (30, True)
        assert await count("a" * 10, SERVER, "llama") == (11, False)
        assert parts.server.asked == []


async def test_a_server_that_counts_is_asked_once(tmp_path: Path) -> None:
    async with counting(tmp_path) as parts:
        count, parts.server.count = parts.counter.count, 900
        text = "a" * 600
        assert await count(text, SERVER, "llama") == (660, False)
        for _ in range(2):
            assert await count(text, SERVER, "llama", may_ask=True) == (900, True)
        assert await count(text, SERVER, "llama") == (900, True)
        assert parts.server.asked == [("llama", text)]
        # The rate is learned for other texts of this model at this server.
        assert parts.learning.rates_of(SERVER, "llama") == TokenRates({KIND: ONE_AND_A_HALF})
        assert await count("b" * 10, SERVER, "llama") == (15, False)
        assert await count("b" * 10, SERVER, "mistral") == (11, False)
        assert parts.worker.read == [text, "b" * 10]


async def test_a_server_without_a_counter_or_a_connection_leaves_the_estimate(
    tmp_path: Path,
) -> None:
    async with counting(tmp_path) as parts:
        assert await parts.counter.count("a" * 10, SERVER, "llama", may_ask=True) == (11, False)
        parts.server.is_lost = True
        assert await parts.counter.count("b" * 10, SERVER, "llama", may_ask=True) == (11, False)
        assert parts.learning.revision == 0


async def test_a_text_is_split_by_rates_unless_it_is_counted_exactly(tmp_path: Path) -> None:
    async with counting(tmp_path) as parts:
        for profile in (AT_OPENAI, DEVICE, GATEWAY):
            assert await parts.counter.split_rates("abc", profile, "gpt-5.2") is None
        assert await parts.counter.split_rates("abc", SERVER, "gpt-5.2") == (
            OPENAI_RATES,
            GUESSED_SHARE,
        )
        assert await parts.counter.split_rates("abc", GATEWAY, "llama") == (
            USUAL_RATES,
            GUESSED_SHARE,
        )
        await parts.learning.learn(GATEWAY, "gpt-5.2", "a" * 600, 1200)
        rates, share = await parts.counter.split_rates("abc", GATEWAY, "gpt-5.2")
        assert (rates[KIND], share) == (pytest.approx(2.0), LEARNED_SHARE)


def request(*texts: str, **changes: Any) -> ChatRequest:
    messages = tuple(RequestMessage(Role.USER, (TextPart(text),)) for text in texts)
    asked = replace(ask(model="llama", instructions="i"), messages=messages)
    return replace(asked, **changes)


ONE: Any = pytest.approx(1.0)
TWO: Any = pytest.approx(2.0)
LONG = ("a" * 300, "b" * 297)


@pytest.mark.parametrize(
    ("texts", "tokens", "window", "expected", "is_read"),
    [
        (LONG, 1200, 4096, TokenRates({KIND: TWO}, 4096), True),
        (("a" * 298,), 300, 0, TokenRates({KIND: ONE}), True),
        (("a" * 298,), 299, 0, TokenRates(), False),
        (LONG, 299, 4096, TokenRates(window=4096), False),
    ],
)
async def test_a_request_teaches_its_rate_and_window(
    tmp_path: Path,
    texts: tuple[str, ...],
    tokens: int,
    window: int,
    expected: TokenRates,
    is_read: bool,
) -> None:
    async with counting(tmp_path) as parts:
        parts.learning.learn_in_background(SERVER, request(*texts), tokens, window)
        await parts.learning.finish_learning()
        assert parts.learning.rates_of(SERVER, "llama") == expected
        assert parts.learning.window_of(SERVER, "llama") == expected.window
        assert await parts.store.all() == ({KEY: expected} if expected != TokenRates() else {})
        changes = bool(expected.rates) + bool(expected.window)
        assert (parts.learning.revision, parts.counter.revision) == (changes, changes)
        assert parts.worker.read == (["\n".join(("i", *texts))] if is_read else [])


async def test_rates_are_loaded_and_equal_ones_are_not_saved_again(tmp_path: Path) -> None:
    async with counting(tmp_path) as parts:
        parts.learning.learn_in_background(SERVER, request(), 0, 4096)
        parts.learning.learn_in_background(SERVER, request(), 0, 4096)
        await parts.learning.finish_learning()
        assert parts.learning.revision == 1
        later = TokenLearning(parts.store, parts.worker, CATALOG)
        await later.load()
        assert later.window_of(SERVER, "llama") == 4096
        assert later.rates_of(SERVER, "mistral") == later.rates_of(GATEWAY, "llama") == TokenRates()


@pytest.mark.parametrize(
    ("length", "tokens", "is_cut", "is_read"),
    [(2000, 400, True, True), (1998, 400, False, False), (2000, 799, False, False)],
)
async def test_a_long_text_of_few_tokens_was_cut(
    tmp_path: Path, length: int, tokens: int, is_cut: bool, is_read: bool
) -> None:
    async with counting(tmp_path) as parts:
        asked = request("a" * (length - 2))
        assert await parts.learning.is_cut(asked, tokens) is is_cut
        assert bool(parts.worker.read) is is_read


@pytest.mark.parametrize(
    ("profile", "model", "is_exact", "is_learned", "method"),
    [
        (AT_OPENAI, "gpt-5.2", True, False, CountMethod.TOKENIZER),
        (SERVER, "llama", True, True, CountMethod.SERVER),
        (SERVER, "llama", False, True, CountMethod.LEARNED),
        (SERVER, "llama", False, False, CountMethod.GUESSED),
    ],
)
async def test_the_method_of_a_count_is_returned(
    tmp_path: Path,
    profile: ProviderProfile,
    model: str,
    is_exact: bool,
    is_learned: bool,
    method: CountMethod,
) -> None:
    async with counting(tmp_path) as parts:
        if is_learned:
            await parts.learning.learn(SERVER, "llama", "a" * 600, 900)
        assert parts.counter.method(profile, model, is_exact=is_exact) is method
