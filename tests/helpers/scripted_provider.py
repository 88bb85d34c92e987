"""A scripted provider that implements the interface in providers.ports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

from desktop_app.domain.answering.chat_request import ChatRequest, ProviderProfile
from desktop_app.domain.answering.stream_events import StreamEvent
from desktop_app.domain.conversations.compaction import ProviderState
from desktop_app.domain.conversations.conversation import RemoteRun
from desktop_app.domain.cost import Usage
from desktop_app.domain.errors import EndpointMissingError, ProviderError, UserFacingError
from desktop_app.domain.models.parameter_support import LearnedSupport
from desktop_app.domain.models.token_counts import CountMethod, TokenCount


class ScriptedProvider:
    """A provider that plays a script per request. `HOLD` in a script waits for `release`.

    It also stubs /responses/compact, which no published test server has. It returns `states` in
    order, and raises EndpointMissingError if none is left.

    Attributes:
        requests: the chat requests, in order.
        compacted: the compaction requests, in order.
        resumed, cancelled: the background runs that were resumed or canceled.
        cancel_result: the result of `cancel`: a usage, None, or an error to raise.
        closed: the number of closed streams, finished or not.
    """

    HOLD = "hold"

    def __init__(self, *scripts: Sequence[StreamEvent | str]) -> None:
        self._scripts = list(scripts)
        self.requests: list[ChatRequest] = []
        self.holding = asyncio.Event()
        self.release = asyncio.Event()
        self.closed = 0
        self.states: list[ProviderState | ProviderError | str] = []
        self.compacted: list[ChatRequest] = []
        self.resumed: list[RemoteRun] = []
        self.cancelled: list[RemoteRun] = []
        self.cancel_result: Usage | ProviderError | None = None

    def add(self, *script: StreamEvent | str) -> None:
        """Append a script."""
        self._scripts.append(script)

    async def compact(self, request: ChatRequest) -> ProviderState:
        """Return the next state."""
        self.compacted.append(request)
        made = self.states.pop(0) if self.states else EndpointMissingError("No such endpoint.")
        if isinstance(made, str):
            self.holding.set()
            await self.release.wait()
            return await self.compact(request)
        if isinstance(made, ProviderError):
            raise made
        return made

    async def resume(self, run: RemoteRun) -> AsyncGenerator[StreamEvent, None]:
        """Yield the events of the next script for a background run."""
        self.resumed.append(run)
        for event in self._scripts.pop(0):
            if isinstance(event, str):
                self.holding.set()
                await self.release.wait()
            else:
                yield event

    async def cancel(self, run: RemoteRun) -> Usage | None:
        """Return `cancel_result`, or raise it if it is an error."""
        self.cancelled.append(run)
        if isinstance(self.cancel_result, ProviderError):
            raise self.cancel_result
        return self.cancel_result

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        """Yield the events of the next script."""
        self.requests.append(request)
        try:
            for step in self._scripts.pop(0):
                if isinstance(step, str):
                    self.holding.set()
                    await self.release.wait()
                else:
                    yield step
        finally:
            self.closed += 1


class OneProvider:
    """A gateway with the same provider, or the same error, for every profile."""

    def __init__(self, provider: ScriptedProvider | UserFacingError) -> None:
        self._provider = provider
        self.known = LearnedSupport()

    async def provider(self, _profile: ProviderProfile) -> ScriptedProvider:
        """Return the provider or raise the error."""
        if isinstance(self._provider, UserFacingError):
            raise self._provider
        return self._provider

    async def learned_support(self, _profile: ProviderProfile, _model: str) -> LearnedSupport:
        """Return the test's `known`."""
        return self.known


class WordCounter:
    """A token counter that counts words and records its calls."""

    def __init__(self) -> None:
        self.asked = 0

    async def count(
        self, text: str, _profile: ProviderProfile, _model: str = "", *, may_ask: bool = False
    ) -> TokenCount:
        """Return the number of words, as an exact count."""
        self.asked += 1
        return TokenCount(len(text.split()), is_exact=True)

    def method(self, _profile: ProviderProfile, _model: str, *, is_exact: bool) -> CountMethod:
        """Return that the tokenizer was used."""
        return CountMethod.TOKENIZER if is_exact else CountMethod.GUESSED

    def tokenizer_rate(self, _profile: ProviderProfile, _model: str) -> float | None:
        """Return None, because words are counted exactly."""
        return None
