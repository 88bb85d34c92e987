"""Requests answers until one comes: with retries, another API, or without refused parameters.

A setting that the server refuses is left out and reported. The API of a compatible server is
learned from the first message itself: see negotiation.py.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import replace
from typing import Any, Final

from desktop_app.domain.answering.answer_status import status_of
from desktop_app.domain.answering.chat_request import ChatRequest, ProviderProfile
from desktop_app.domain.answering.stream_events import (
    CandidateEvent,
    ReasoningDelta,
    RefusalDelta,
    Started,
    StatusChanged,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
)
from desktop_app.domain.conversations.conversation import RemoteRun
from desktop_app.domain.errors import EndpointMissingError, RefusedParameterError
from desktop_app.domain.models.model_catalog import Api, ModelCatalog, ModelInfo
from desktop_app.domain.models.model_listing import info_at
from desktop_app.domain.models.server_kind import ServerKind
from desktop_app.providers.apis import chat_completions, responses
from desktop_app.providers.apis.answer_requests import AnswerRequests
from desktop_app.providers.apis.negotiation import LearnedFacts, Negotiation
from desktop_app.providers.http.retries import AttemptError
from desktop_app.providers.http.silence import SilenceLimits, SilenceWatch
from desktop_app.providers.http.transport import Transport
from desktop_app.providers.jobs.background_run import BackgroundRun, RunTimes

_CONTENT_DELTAS: Final = (TextDelta, ReasoningDelta, RefusalDelta, ToolCallDelta)


def _is_content(event: StreamEvent) -> bool:
    return isinstance(event.event if isinstance(event, CandidateEvent) else event, _CONTENT_DELTAS)


class AnswerAttempts:
    """Attempts to get answers from one provider; several answers can be requested at a time.

    Args:
        facts: the facts known about the server; attempts add to them.
        suspended_s: returns the seconds that the computer has slept.
    """

    def __init__(
        self,
        transport: Transport,
        profile: ProviderProfile,
        catalog: ModelCatalog,
        facts: LearnedFacts,
        silence: SilenceLimits,
        run_times: RunTimes,
        suspended_s: Callable[[], float],
    ) -> None:
        self._transport = transport
        self._profile = profile
        self._catalog = catalog
        self._facts = facts
        self._silence = silence
        self._run_times = run_times
        self._suspended_s = suspended_s
        self._requests = AnswerRequests(transport, profile, facts)
        self._one_at_a_time = asyncio.Semaphore()

    async def events(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        """Yield the answer, after retries with another API or without refused parameters.

        Raises:
            ProviderError: the answer failed before its terminal event.
        """
        info = info_at(self._profile, request.model, self._catalog)
        negotiation = Negotiation(request, info, self._profile, self._facts)
        for notice in negotiation.begin():
            yield notice
        while True:
            try:
                async with aclosing(self._attempts(negotiation, info)) as events:
                    async for event in events:
                        if isinstance(event, Started):
                            for notice in negotiation.on_opened():
                                yield notice
                        yield event
                return
            except (EndpointMissingError, RefusedParameterError) as refusal:
                for notice in negotiation.adapt(refusal):
                    yield notice

    def background_run(self, run: RemoteRun | None = None) -> BackgroundRun:
        """Return a background run, by default a new one."""
        return BackgroundRun(
            self._profile.name,
            self._transport,
            new_watch=lambda may_cut: self._watch(self._run_times.max_silence, may_cut=may_cut),
            times=self._run_times,
            run=run,
        )

    async def _attempts(
        self, negotiation: Negotiation, info: ModelInfo
    ) -> AsyncGenerator[StreamEvent, None]:
        """Yield the answer through the API that is to be tried now, repeating failed requests.

        Raises:
            ProviderError: the last attempt failed.
        """
        api = negotiation.api
        adapter = responses if api is Api.RESPONSES else chat_completions
        body = adapter.body(negotiation.request, info, self._profile, negotiation.omitted_fields)
        in_background = negotiation.request.background and api is Api.RESPONSES
        for attempt in itertools.count():
            try:
                if in_background:
                    source = self.background_run().begin(adapter.PATH, body)
                else:
                    source = self._watched_reply(api, adapter.PATH, body)
                async with self._request_lock, aclosing(source) as events:
                    async for event in events:
                        if _is_content(event):
                            self._facts.record_api(api)
                        yield event
                return
            except AttemptError as failed:
                wait = failed.wait_s(attempt)
                if wait is None:
                    raise failed.error from failed
                yield StatusChanged(wait, status_of(failed.error))
                await asyncio.sleep(wait)

    @property
    def _request_lock(self) -> AbstractAsyncContextManager[None]:
        """Return the lock of a request: llama-cpp-python aborts an answer at the next request."""
        is_exclusive = self._transport.server is ServerKind.LLAMA_CPP_PYTHON
        return self._one_at_a_time if is_exclusive else nullcontext()

    def _watch(self, cut_s: float | None = None, *, may_cut: bool = True) -> SilenceWatch:
        limits = replace(self._silence, cut=cut_s)
        return SilenceWatch(self._profile.name, limits, self._suspended_s, may_cut=may_cut)

    def _watched_reply(
        self, api: Api, path: str, body: Mapping[str, Any]
    ) -> AsyncGenerator[StreamEvent, None]:
        watch = self._watch()
        return watch.events_of(self._requests.events(api, path, body, watch.end_silence))
