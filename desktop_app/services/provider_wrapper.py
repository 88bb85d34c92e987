"""A gateway and a provider that forward calls to those that they wrap."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

from desktop_app.domain.answering.chat_request import ChatRequest, ProviderProfile
from desktop_app.domain.answering.stream_events import StreamEvent
from desktop_app.domain.conversations.compaction import ProviderState
from desktop_app.domain.conversations.conversation import RemoteRun
from desktop_app.domain.models.parameter_support import LearnedSupport
from desktop_app.domain.spending.cost import Usage
from desktop_app.services.ports import Gateway, Provider


class GatewayWrapper:
    """A gateway that wraps the providers of another gateway."""

    def __init__(
        self, gateway: Gateway, wrap: Callable[[ProviderProfile, Provider], Provider]
    ) -> None:
        self._gateway = gateway
        self._wrap = wrap

    async def provider(self, profile: ProviderProfile) -> Provider:
        """Return a wrapped provider. Raises UserFacingError."""
        return self._wrap(profile, await self._gateway.provider(profile))

    async def learned_support(self, profile: ProviderProfile, model: str) -> LearnedSupport:
        """Return what earlier requests to a model have shown. Raises StorageError."""
        return await self._gateway.learned_support(profile, model)


class ProviderWrapper:
    """A provider that forwards all calls except `stream`, which subclasses define."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def resume(self, run: RemoteRun) -> AsyncGenerator[StreamEvent, None]:
        """Yield the answer of a background run from its start."""
        return self._provider.resume(run)

    async def cancel(self, run: RemoteRun) -> Usage | None:
        """Cancel a background run. Return its usage; None if unknown. Raises ProviderError."""
        return await self._provider.cancel(run)

    async def compact(self, request: ChatRequest) -> ProviderState:
        """Return the conversation as the provider's compacted state. Raises ProviderError."""
        return await self._provider.compact(request)
