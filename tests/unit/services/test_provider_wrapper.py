"""Gateways and providers that pass on the calls that they do not change."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from desktop_app.backend.environment_profiles import OPENAI
from desktop_app.domain.answering.chat_request import ChatRequest, ProviderProfile
from desktop_app.domain.answering.stream_events import Completed, StreamEvent, TextDelta
from desktop_app.domain.conversations.compaction import ProviderState
from desktop_app.domain.conversations.conversation import RemoteRun
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.parameter_support import LearnedSupport
from desktop_app.domain.spending.cost import Usage
from desktop_app.services.ports import Provider
from desktop_app.services.provider_wrapper import GatewayWrapper, ProviderWrapper

REQUEST = ChatRequest("m", ())
RUN = RemoteRun("resp_1", 1)
STATE = ProviderState("[]", Usage(1))
SUPPORT = LearnedSupport(Api.RESPONSES)


class Inner:
    """A provider, and the gateway to it."""

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        assert request is REQUEST
        yield TextDelta("a")

    async def resume(self, run: RemoteRun) -> AsyncGenerator[StreamEvent, None]:
        assert run is RUN
        yield TextDelta("b")
        yield Completed()

    async def cancel(self, run: RemoteRun) -> Usage | None:
        assert run is RUN
        return Usage(2)

    async def compact(self, request: ChatRequest) -> ProviderState:
        assert request is REQUEST
        return STATE

    async def provider(self, profile: ProviderProfile) -> Provider:
        assert profile is OPENAI
        return self

    async def learned_support(self, profile: ProviderProfile, model: str) -> LearnedSupport:
        assert (profile, model) == (OPENAI, "m")
        return SUPPORT


class Louder(ProviderWrapper):
    """A wrapper that adds an event to each answer."""

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        async for event in self._provider.stream(request):
            yield event
        yield Completed()


async def test_calls_that_are_not_changed_are_passed_on() -> None:
    wrapped: list[ProviderProfile] = []

    def wrap(profile: ProviderProfile, provider: Provider) -> Provider:
        wrapped.append(profile)
        return Louder(provider)

    gateway = GatewayWrapper(Inner(), wrap)
    assert await gateway.learned_support(OPENAI, "m") is SUPPORT
    provider = await gateway.provider(OPENAI)
    assert wrapped == [OPENAI]
    assert [event async for event in provider.stream(REQUEST)] == [TextDelta("a"), Completed()]
    assert [event async for event in provider.resume(RUN)] == [TextDelta("b"), Completed()]
    assert await provider.cancel(RUN) == Usage(2)
    assert await provider.compact(REQUEST) is STATE
