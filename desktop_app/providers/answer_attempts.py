"""Requests answers until one comes: with retries, another API, or without refused parameters.

A setting that the server refuses is left out and reported. The API of a compatible server is
learned from the first message itself: see negotiation.py.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from desktop_app.domain import errors, hints
from desktop_app.domain.answering.answer_status import status_of
from desktop_app.domain.answering.chat_request import ChatRequest, ProviderKind, ProviderProfile
from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    Incomplete,
    ReasoningDelta,
    RefusalDelta,
    Started,
    StatusChanged,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
)
from desktop_app.domain.conversations.conversation import RemoteRun
from desktop_app.domain.models.model_catalog import Api, ModelCatalog
from desktop_app.domain.models.model_facts import ServerKind
from desktop_app.domain.network.origin import origin
from desktop_app.i18n.translation import N_
from desktop_app.providers.apis import chat_completions, responses
from desktop_app.providers.apis.chat_completions import ChatCompletionsReader
from desktop_app.providers.apis.event_reader import EventReader, joined_texts
from desktop_app.providers.apis.negotiation import Negotiation
from desktop_app.providers.apis.responses_stream import ResponsesReader
from desktop_app.providers.errors import error_replies
from desktop_app.providers.http.retries import AttemptError, failed_attempt
from desktop_app.providers.http.silence import SilenceLimits, SilenceWatch
from desktop_app.providers.jobs.background_run import BackgroundRun, RunTimes
from desktop_app.providers.models.model_listing import info_at
from desktop_app.providers.server_memory import ServerMemory
from desktop_app.providers.template_check import TemplateCheck

if TYPE_CHECKING:
    from desktop_app.providers.http.http_reply import HttpReply
    from desktop_app.providers.http.transport import Transport


_ADAPTABLE: Final = (
    errors.EndpointMissingError,
    errors.RefusedParameterError,
    errors.RequestRefusedError,
)
_CONTENT_DELTAS: Final = (TextDelta, ReasoningDelta, RefusalDelta, ToolCallDelta)


SMALL_REQUEST_CHARS: Final = 4_000
"""A request of so few characters fits into a window of 2,048 tokens."""


class _EmptyStreamError(Exception):
    """A reply with status 200 and no event except the end."""


class AnswerAttempts:
    """Attempts to get answers from one provider.

    Args:
        memory: the facts known about the server; attempts add to them.
        template: checks the chat template of a model file first.
        suspended_s: returns the seconds that the computer has slept.
    """

    def __init__(
        self,
        transport: Transport,
        profile: ProviderProfile,
        catalog: ModelCatalog,
        memory: ServerMemory,
        silence: SilenceLimits,
        run_times: RunTimes,
        suspended_s: Callable[[], float],
        template: TemplateCheck | None = None,
    ) -> None:
        self._transport = transport
        self.profile = profile
        self._catalog = catalog
        self._memory = memory
        self._silence = silence
        self._run_times = run_times
        self._suspended_s = suspended_s
        self._template = template
        self._one_at_a_time = asyncio.Semaphore()

    async def events(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        """Yield the answer, after retries with another API or without refused parameters.

        Raises:
            ProviderError: the answer failed before its terminal event.
        """
        info = info_at(self.profile, request.model, self._catalog)
        negotiation = Negotiation(request, info, self.profile, self._memory)
        for notice in negotiation.begin():
            yield notice
        held: list[StreamEvent] = []  # what an answer went without, until there is one
        while True:
            try:
                async with aclosing(self._attempts(negotiation)) as events:
                    async for event in events:
                        if isinstance(event, Started):
                            for each in (*held, *negotiation.on_opened()):
                                yield each
                            held.clear()
                        yield event
                return
            except _ADAPTABLE as refusal:
                held += negotiation.adapt(refusal)

    def background_run(self, run: RemoteRun | None = None) -> BackgroundRun:
        """Return a background run, by default a new one."""
        return BackgroundRun(
            self.profile.name,
            self._transport,
            new_watch=lambda may_cut: self._watch(self._run_times.max_silence, may_cut=may_cut),
            times=self._run_times,
            run=run,
            issuer=origin(self.profile.base_url),
        )

    async def _attempts(self, negotiation: Negotiation) -> AsyncGenerator[StreamEvent, None]:
        """Yield the answer through the API that is to be tried now, repeating failed requests.

        Raises:
            ProviderError: the last attempt failed.
        """
        api = negotiation.api
        path = responses.PATH if api is Api.RESPONSES else chat_completions.PATH
        body = negotiation.body()
        in_background = negotiation.request.background and api is Api.RESPONSES
        if self._template is not None:
            await self._template.require_rendering(body)
        for polls in itertools.count():
            negotiation.requests += 1
            try:
                # llama-cpp-python aborts an answer at the next request.
                is_exclusive = self._transport.server is ServerKind.LLAMA_CPP_PYTHON
                async with self._one_at_a_time if is_exclusive else nullcontext():
                    if in_background:
                        source = self.background_run().begin(path, body)
                    else:
                        watch = self._watch()  # its clock starts now, not in the queue
                        source = watch.events_of(
                            self._reply_events(negotiation, path, body, watch.end_silence)
                        )
                    async with aclosing(source) as events:
                        async for event in events:
                            if isinstance(event, _CONTENT_DELTAS):
                                self._memory.record_api(api)
                            yield event
                return
            except AttemptError as failed:
                if isinstance(failed.error, errors.ModelLoadingError):
                    negotiation.requests -= 1
                    wait = failed.wait_s(polls)
                else:
                    wait = failed.wait_s(negotiation.requests - 1)
                if wait is None:
                    raise failed.error from failed
                yield StatusChanged(wait, status_of(failed.error))
                await asyncio.sleep(wait)

    def _watch(self, cut_s: float | None = None, *, may_cut: bool = True) -> SilenceWatch:
        limits = replace(self._silence, cut=cut_s)
        return SilenceWatch(self.profile.name, limits, self._suspended_s, may_cut=may_cut)

    async def _reply_events(
        self,
        negotiation: Negotiation,
        path: str,
        body: Mapping[str, Any],
        on_bytes: Callable[[], None],
    ) -> AsyncGenerator[StreamEvent, None]:
        """Yield the events of the reply; an empty stream is requested again as a whole.

        llama-cpp-python ends the stream of a request that it refuses, and says why only to a
        request that does not stream.
        """
        api = negotiation.api
        reader_type = ResponsesReader if api is Api.RESPONSES else ChatCompletionsReader
        issuer = origin(self.profile.base_url)
        error: errors.ProviderError | None = None  # the meaning of the empty stream
        while True:
            reader: EventReader = reader_type(self.profile.name, issuer)
            reader.sent = body
            try:
                async with self._transport.post(path, body, on_bytes) as reply:
                    has_started = False
                    async with aclosing(self._batches_of(reply, reader)) as batches:
                        async for events in batches:
                            if events and not has_started:
                                has_started = True
                                yield Started(request_id=reply.request_id)
                            for event in joined_texts(events):
                                match event:
                                    case Completed() | Incomplete():
                                        try:
                                            await reply.drain()
                                        finally:  # the end has come, even if Stop comes meanwhile
                                            yield event
                                    case Failed(failure) if not failure.request_id:
                                        yield Failed(failure.copy_with(request_id=reply.request_id))
                                    case _:
                                        yield event
                return
            except _EmptyStreamError as empty:
                if error is not None:
                    raise error from empty
                error = self._empty_reply_error(api, body)
                is_missing = isinstance(error, errors.EndpointMissingError)
                if (is_missing and api is Api.RESPONSES) or not body["stream"]:
                    raise error from empty
                negotiation.requests += 1
                body = {**body, "stream": False}
                body.pop("stream_options", None)
            except AttemptError as failed:
                is_vague = isinstance(failed.error, errors.ServerTroubleError)
                is_explained = isinstance(failed.error, errors.EndpointMissingError) or (
                    is_vague and isinstance(error, errors.ContextTooLongError)
                )
                if error is not None and is_explained:
                    raise error from failed
                raise

    async def _batches_of(
        self, reply: HttpReply, reader: EventReader
    ) -> AsyncGenerator[list[StreamEvent], None]:
        """Yield the events of one reply, a stream or a JSON value. Raises _EmptyStreamError."""
        if await reply.is_json():

            def read(value: object) -> list[StreamEvent]:
                error = error_replies.error_in_reply(
                    self.profile.name, value, reply.request_id, reader.sent
                )
                if error is not None:
                    raise _refused_at_once(error)
                return reader.read_whole(value)

            yield await reply.json(read)
            return
        has_events = False
        try:
            async with aclosing(reply.events(reader.read)) as received:
                async for events in received:
                    # vLLM sends [DONE] alone if it fails before the first token.
                    if not has_events and self._may_be_empty:
                        match events:
                            case [Failed(errors.StreamCutError())]:
                                raise _EmptyStreamError
                    if not has_events:
                        match events:
                            case [Failed(error)] if error.status == 200:
                                raise _refused_at_once(error)
                    has_events = True
                    yield events
                    if reader.is_finished:
                        return
        except errors.StreamCutError:
            ending = reader.end()
            if isinstance(ending[-1], Failed):
                raise
            yield ending  # the finish reason had come: the answer is complete
            return
        if not has_events and self._may_be_empty:
            raise _EmptyStreamError
        yield reader.end()

    @property
    def _may_be_empty(self) -> bool:
        """Return True if the server may reply with an empty stream: see `_reply_events`."""
        return self.profile.kind is ProviderKind.COMPATIBLE

    def _empty_reply_error(self, api: Api, body: Mapping[str, Any]) -> errors.ProviderError:
        """Return the error of a reply with status 200 and no event.

        Hosts without the endpoint reply like this. The endpoint exists if the profile names this
        API, or if content has come through it. The endpoint of Chat Completions also exists if any
        request to the address has been answered.
        """
        memory = self._memory
        may_be_wrong_address = memory.is_learning_api and memory.api is not api
        if may_be_wrong_address and (api is Api.RESPONSES or not memory.has_answered):
            return errors.EndpointMissingError(
                N_("The base URL of {provider} returned an empty response."),
                hint=hints.CHECK_ADDRESS,
                provider=self.profile.name,
            )
        if len(str(body.get("messages", body.get("input", "")))) > SMALL_REQUEST_CHARS:
            return errors.ContextTooLongError(
                N_("The conversation exceeds the model’s context window."), hint=hints.SHORTEN
            )
        return errors.ProviderFaultError(
            N_("{provider} ended the response before it began."),
            hint=hints.RETRY_LATER,
            provider=self.profile.name,
        )


def _refused_at_once(error: errors.ProviderError) -> AttemptError:
    """Return the failed attempt of a reply with status 200 that is nothing but an error."""
    return failed_attempt(error, 200, {}, str(error.params.get("words", "")))
