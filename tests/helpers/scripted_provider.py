"""A provider that answers as it is told, at the seam that services.ports designs for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from desktop_app.domain.conversations.chat_request import ChatRequest, ProviderProfile
from desktop_app.domain.conversations.compaction import ProviderState
from desktop_app.domain.conversations.conversation import RemoteRun
from desktop_app.domain.conversations.stream_events import StreamEvent
from desktop_app.domain.errors import EndpointMissingError, ProviderError, UserFacingError
from desktop_app.domain.models.parameter_support import LearnedSupport
from desktop_app.domain.spending.cost import Usage


class ScriptedProvider:
    """Plays one script a request; `HOLD` in a script waits until `release` is set.

    No server for tests has /responses/compact, so this is the stub of it: `states` are what it
    answers, in order; without one it says that there is no such endpoint.

    Attributes:
        requests: what was asked, in order.
        compacted: what was to be compacted, in order.
        resumed, cancelled: the runs in the background that were.
        took: what is said of a run that was cancelled.
        closed: how many streams were closed, played to the end or not.
    """

    HOLD = "hold"

    def __init__(self, *scripts: Sequence[StreamEvent | str]) -> None:
        self._scripts = list(scripts)
        self.requests: list[ChatRequest] = []
        self.holding = asyncio.Event()
        self.release = asyncio.Event()
        self.closed = 0
        self.states: list[ProviderState | ProviderError] = []
        self.compacted: list[ChatRequest] = []
        self.resumed: list[RemoteRun] = []
        self.cancelled: list[RemoteRun] = []
        self.took: Usage | ProviderError | None = None

    def add(self, *script: StreamEvent | str) -> None:
        """One more script, after the others."""
        self._scripts.append(script)

    async def compact(self, request: ChatRequest) -> ProviderState:
        """The next state."""
        self.compacted.append(request)
        made = self.states.pop(0) if self.states else EndpointMissingError("No such endpoint.")
        if isinstance(made, ProviderError):
            raise made
        return made

    async def resume(self, run: RemoteRun) -> AsyncIterator[StreamEvent]:
        """The next script's events, of the run."""
        self.resumed.append(run)
        for event in self._scripts.pop(0):
            if isinstance(event, str):
                self.holding.set()
                await self.release.wait()
            else:
                yield event

    async def cancel(self, run: RemoteRun) -> Usage | None:
        """Took what `took` says, or could not be told."""
        self.cancelled.append(run)
        if isinstance(self.took, ProviderError):
            raise self.took
        return self.took

    async def stream(self, request: ChatRequest) -> AsyncIterator[StreamEvent]:
        """The next script's events."""
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
    """A gateway with one provider for every profile, or an error in its place."""

    def __init__(self, provider: ScriptedProvider | UserFacingError) -> None:
        self._provider = provider
        self.known = LearnedSupport()

    async def provider(self, _profile: ProviderProfile) -> ScriptedProvider:
        """The provider, or the error."""
        if isinstance(self._provider, UserFacingError):
            raise self._provider
        return self._provider

    async def learnt(self, _profile: ProviderProfile, _model: str) -> LearnedSupport:
        """What the test says that it has learnt."""
        return self.known


class WordCounter:
    """Counts words; knows whether it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def count(self, text: str, _profile: ProviderProfile) -> tuple[int, bool]:
        """Words of the text."""
        self.asked += 1
        return len(text.split()), True
