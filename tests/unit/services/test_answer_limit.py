"""An answer that no model writes is kept up to a limit, and its reader is told."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from desktop_app.domain.conversations.chat_request import ChatRequest
from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.conversations.generation import GenerationParameters
from desktop_app.domain.conversations.stream_events import (
    Completed,
    Failed,
    OfCandidate,
    ReasoningDelta,
    StreamEvent,
    TextDelta,
    UsageReported,
)
from desktop_app.domain.errors import Kept, StreamCutError
from desktop_app.domain.spending.cost import Usage
from desktop_app.services.chat.candidate_answers import OneRequest
from desktop_app.services.chat.chat_service import AskSettings
from tests.helpers.scripted_provider import OneProvider, ScriptedProvider
from tests.unit.providers.samples import ask
from tests.unit.services.test_candidate_answers import CHAT
from tests.unit.services.test_chat_service import Room, with_room

MB = 1 << 20
USAGE = Usage(input_tokens=1000, output_tokens=200)
ENDED: list[StreamEvent] = [TextDelta("b"), UsageReported(USAGE), Completed()]


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize(
    ("deltas", "kept"),
    [
        ([TextDelta("a" * MB)] * 17, 16 * MB),
        ([TextDelta("a" * (20 * MB))], 16 * MB),
        ([TextDelta("🙂" * MB)] * 5, 4 * MB),
        ([TextDelta("é" * MB)] * 9, 85 << 16),  # three bytes each, in steps of 64 K
        ([ReasoningDelta("a" * MB)] * 10 + [TextDelta("a" * MB)] * 7, 6 * MB),
    ],
)
def test_it_ends_at_the_limit(tmp_path: Path, deltas: list[StreamEvent], kept: int) -> None:
    provider = ScriptedProvider([*deltas, *ENDED])

    async def test(room: Room) -> None:
        answer = await room.run(await room.begin("?"))
        assert (answer.status, len(answer.text)) == (MessageStatus.FAILED, kept)
        assert answer.error is not None
        assert answer.error.code == "reply_too_large"
        assert "grew beyond 16 MB; it was ended there." in answer.error.what_happened
        assert answer.error.kept == Kept.TEXT
        assert provider.closed == 1
        assert TextDelta("b") not in room.heard
        assert (await room.store.path(answer.conversation_id))[1] == answer

    with_room(tmp_path, provider, test)


def test_an_answer_of_the_limit_is_whole(tmp_path: Path) -> None:
    provider = ScriptedProvider([TextDelta("a" * (16 * MB - 1)), *ENDED])

    async def test(room: Room) -> None:
        answer = await room.run(await room.begin("?"))
        assert (answer.status, len(answer.text)) == (MessageStatus.COMPLETE, 16 * MB)

    with_room(tmp_path, provider, test)


@pytest.mark.attack("reply-bounds")
@pytest.mark.parametrize("is_cut", [False, True])
def test_a_command_hears_what_is_not_kept(tmp_path: Path, is_cut: bool) -> None:
    cut: list[StreamEvent] = [Failed(StreamCutError("The connection was cut."))]
    provider = ScriptedProvider([*[TextDelta("a" * MB)] * 20, *(cut if is_cut else ENDED)])

    async def test(room: Room) -> None:
        began = await room.begin("?")
        began.ends_when_full = False
        answer = await room.run(began)
        heard = sum(len(event.text) for event in room.heard if isinstance(event, TextDelta))
        assert heard == 20 * MB + (not is_cut)
        assert (answer.status, len(answer.text)) == (MessageStatus.FAILED, 16 * MB)
        assert answer.error is not None
        assert answer.error.code == ("stream_cut" if is_cut else "reply_too_large")
        assert answer.error.what_was_kept.startswith("The first 16 MB are kept;")
        assert answer.usage == (None if is_cut else USAGE)

    with_room(tmp_path, provider, test)


@pytest.mark.attack("reply-bounds")
def test_several_answers_share_the_limit(tmp_path: Path) -> None:
    megabyte: list[StreamEvent] = [TextDelta("a" * MB), OfCandidate(1, TextDelta("b" * MB))]
    late: list[StreamEvent] = [OfCandidate(1, Completed()), *ENDED]
    provider = ScriptedProvider([*megabyte * 8, TextDelta("a" * MB), *late])

    async def test(room: Room) -> None:
        settings = AskSettings(parameters=GenerationParameters(candidates=2))
        began = await room.begin("?", CHAT, settings=settings)
        first, second = await asyncio.gather(*map(room.run, (began, *began.beside)))
        assert (first.status, len(first.text)) == (MessageStatus.FAILED, 8 * MB)
        assert (second.status, len(second.text)) == (MessageStatus.COMPLETE, 8 * MB)

    with_room(tmp_path, provider, test)


class WatchedDelta(TextDelta):
    """A delta that can be referred to weakly."""


class WatchedProvider(ScriptedProvider):
    """Streams deltas of the first answer without holding on to them, then waits."""

    def __init__(self) -> None:
        super().__init__()
        self.alive: weakref.WeakSet[WatchedDelta] = weakref.WeakSet()

    async def stream(self, request: ChatRequest) -> AsyncIterator[StreamEvent]:
        for number in range(100):
            delta = WatchedDelta(f"{number}")
            self.alive.add(delta)
            yield delta
            await asyncio.sleep(0)
        yield OfCandidate(1, TextDelta("b"))
        self.holding.set()
        await self.release.wait()


@pytest.mark.attack("reply-bounds")
async def test_nothing_is_held_for_an_answer_that_has_ended() -> None:
    provider = WatchedProvider()
    together = OneRequest(OneProvider(provider), 2)
    first = (await together.gateway_of(0).provider(CHAT)).stream(ask())
    second = (await together.gateway_of(1).provider(CHAT)).stream(ask())
    waiting = asyncio.ensure_future(anext(second))
    assert isinstance(await anext(first), WatchedDelta)
    await cast(AsyncGenerator[StreamEvent, None], first).aclose()
    await provider.holding.wait()
    assert len(provider.alive) <= 2, "the one at hand and the one before"
    await waiting
    await cast(AsyncGenerator[StreamEvent, None], second).aclose()
