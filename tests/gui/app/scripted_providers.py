"""Stand-ins for the gateway and all providers, whose answers a test sends piece by piece."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from desktop_app.domain import errors
from desktop_app.domain.answering.chat_request import ChatRequest, ProviderProfile
from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    Incomplete,
    StreamEvent,
    TextDelta,
    UsageReported,
)
from desktop_app.domain.conversations.compaction import ProviderState
from desktop_app.domain.cost import Usage
from desktop_app.domain.models.model_facts import ModelFacts
from desktop_app.domain.models.parameter_support import LearnedSupport
from desktop_app.providers.gateway.provider_registry import ProviderRegistry
from desktop_app.providers.jobs.vectors import Vector
from desktop_app.providers.models.model_listing import ModelListing
from desktop_app.providers.models.model_listings import ModelListings
from tests.helpers.scripted_provider import WordCounter

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend
    from desktop_app.documents.token_counting import ProviderTokenCounter
    from desktop_app.providers.gateway.provider_gateway import ProviderGateway

NOT_LISTED = errors.NetworkError("There is no list of models.")
TERMINAL = (Completed, Incomplete, Failed)


class Turn:
    """A request and its running answer."""

    def __init__(self, request: ChatRequest, profile: ProviderProfile) -> None:
        self.request = request
        self.profile = profile
        self.closed = False
        self._events: asyncio.Queue[StreamEvent] = asyncio.Queue()

    @property
    def asked(self) -> str:
        """Return the text of the last message in the request."""
        parts = self.request.messages[-1].parts
        return "\n".join(part.text for part in parts if hasattr(part, "text"))

    def give(self, *events: StreamEvent) -> None:
        """Send events."""
        for event in events:
            self._events.put_nowait(event)

    def say(self, text: str) -> None:
        """Send more of the answer."""
        self.give(TextDelta(text))

    def end(self, text: str = "", used: int = 1_000) -> None:
        """Send the rest of the answer and its end, with the input tokens that it used."""
        if text:
            self.say(text)
        usage = Usage(input_tokens=used, output_tokens=200, reasoning_tokens=50)
        self.give(UsageReported(usage), Completed())

    def fail(self, error: errors.ProviderError) -> None:
        """End the answer with an error."""
        self.give(Failed(error))

    async def events(self) -> AsyncGenerator[StreamEvent, None]:
        try:
            while True:
                event = await self._events.get()
                yield event
                if isinstance(event, TERMINAL):
                    return
        finally:
            self.closed = True


class ScriptedProviders:
    """All providers in one; `turns` are the requests so far, in order."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.learnt = LearnedSupport()
        self.on_models: Callable[[ProviderProfile], object] = lambda _profile: None
        # No server for tests has /responses/compact, so this is a stub of it.
        self.compacts = False
        self.compacted: list[ChatRequest] = []
        self.states: asyncio.Queue[ProviderState] = asyncio.Queue()
        self.models_of: dict[str, tuple[str | ModelFacts, ...] | errors.UserFacingError] = {}


class ScriptedClient:
    """The provider that the gateway opens."""

    def __init__(self, providers: ScriptedProviders, profile: ProviderProfile) -> None:
        self._providers = providers
        self._profile = profile

    def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        turn = Turn(request, self._profile)
        self._providers.turns.append(turn)
        return turn.events()

    async def embed(self, _model: str, texts: Sequence[str]) -> tuple[list[Vector], int]:
        """Return vectors that are all equal."""
        return [Vector.from_values([1.0, 0.0]) for _ in texts], 10 * len(texts)

    async def compact(self, request: ChatRequest) -> ProviderState:
        self._providers.compacted.append(request)
        made = await self._providers.states.get() if self._providers.compacts else None
        if made is None:
            raise errors.EndpointMissingError("There is no such endpoint.")
        return made

    async def listing(self) -> ModelListing:
        self._providers.on_models(self._profile)
        found = self._providers.models_of.get(self._profile.id, NOT_LISTED)
        if isinstance(found, errors.UserFacingError):
            raise found
        models = tuple(ModelFacts(m) if isinstance(m, str) else m for m in found)
        return ModelListing(self._profile.base_url, models, datetime.now(UTC))


class ScriptedGateway:
    """Stand-in for backend.gateway.provider_gateway.ProviderGateway."""

    def __init__(self, providers: ScriptedProviders) -> None:
        self._providers = providers

    async def provider(self, profile: ProviderProfile) -> ScriptedClient:
        return ScriptedClient(self._providers, profile)

    async def batches(self, profile: ProviderProfile) -> ScriptedClient:
        return ScriptedClient(self._providers, profile)

    async def downloads(self, _profile: ProviderProfile) -> ScriptedClient:
        raise errors.NetworkError("There is nothing to download.")

    async def learned_support(self, _profile: ProviderProfile, _model: str) -> LearnedSupport:
        return self._providers.learnt

    async def load(self) -> None:
        """Do nothing."""

    def window_of(self, _profile: ProviderProfile, _model: str) -> int | None:
        return None

    async def aclose(self) -> None:
        """Do nothing."""


def use_providers(backend: Backend, providers: ScriptedProviders) -> None:
    """Have a backend that is not open yet ask scripted providers."""
    backend.gateway = cast("ProviderGateway", ScriptedGateway(providers))
    backend.counter = cast("ProviderTokenCounter", WordCounter())
    backend.listings = ModelListings(backend.database, backend.gateway)
    backend.providers = ProviderRegistry(
        backend.settings,
        backend.vault,
        backend.catalog,
        backend.listings,
        backend.local_models,
        backend.providers.environment_profiles,
    )
