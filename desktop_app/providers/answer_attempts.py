"""Requests answers until one comes: with retries, another API, or without refused parameters.

A setting that the server refuses is left out and reported. The API of a compatible server is
learned from the first message itself: see negotiation.py.
"""

from __future__ import annotations

import asyncio
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
from desktop_app.providers.apis.event_reader import EventReader
from desktop_app.providers.apis.negotiation import Negotiation
from desktop_app.providers.apis.responses_stream import ResponsesReader
from desktop_app.providers.errors import error_replies
from desktop_app.providers.http.http_reply import ReplyReading
from desktop_app.providers.http.retries import AttemptError, failed_attempt
from desktop_app.providers.http.silence import SilenceWatch
from desktop_app.providers.jobs.background_run import BackgroundRun, RunTimes
from desktop_app.providers.models.model_listing import info_at
from desktop_app.providers.server_memory import ServerMemory
from desktop_app.providers.template_check import TemplateCheck

if TYPE_CHECKING:
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
        run_times: RunTimes,
        suspended_s: Callable[[], float],
        template: TemplateCheck | None = None,
    ) -> None:
        self._transport = transport
        self.profile = profile
        self._catalog = catalog
        self._memory = memory
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
        body: dict[str, Any] | None = None
        while True:
            negotiation.requests += 1
            try:
                if body is None:
                    body = negotiation.body()
                    polls = 0  # while the server loads its model
                    if self._template is not None:
                        await self._template.require_rendering(body)
                source = self._reply_events(negotiation, body)
                if negotiation.request.background and negotiation.api is Api.RESPONSES:
                    source = self.background_run().begin(responses.PATH, body)
                # llama-cpp-python aborts an answer at the next request.
                is_exclusive = self._transport.server is ServerKind.LLAMA_CPP_PYTHON
                turn = self._one_at_a_time if is_exclusive else nullcontext()
                async with turn, aclosing(source) as events:
                    async for event in events:
                        if isinstance(event, Started):
                            for each in (*held, *negotiation.on_opened()):
                                yield each
                            held.clear()
                        elif isinstance(event, _CONTENT_DELTAS):
                            self._memory.record_api(negotiation.api)
                        yield event
                return
            except AttemptError as failed:
                refusal = failed.error
                if isinstance(refusal, errors.ModelLoadingError):
                    negotiation.requests -= 1
                    wait = failed.wait_s(polls)
                    polls += 1
                else:
                    wait = failed.wait_s(negotiation.requests - 1)
                if wait is not None:
                    yield StatusChanged(wait, status_of(refusal))
                    await asyncio.sleep(wait)
                    continue
                if not isinstance(refusal, _ADAPTABLE):
                    raise refusal from failed
            except _ADAPTABLE as error:
                refusal = error
            held += negotiation.adapt(refusal)
            body = None

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

    def _watch(self, cut_s: float | None = None, *, may_cut: bool = True) -> SilenceWatch:
        limits = replace(self._transport.timeouts.silence, cut=cut_s)
        return SilenceWatch(self.profile.name, limits, self._suspended_s, may_cut=may_cut)

    async def _reply_events(
        self, negotiation: Negotiation, body: Mapping[str, Any]
    ) -> AsyncGenerator[StreamEvent, None]:
        """Yield the events of the reply; an empty stream is requested again as a whole.

        llama-cpp-python ends the stream of a request that it refuses, and says why only to a
        request that does not stream.

        Raises:
            AttemptError, ProviderError: the request failed.
        """
        api = negotiation.api
        is_responses = api is Api.RESPONSES
        path = responses.PATH if is_responses else chat_completions.PATH
        reader_type = ResponsesReader if is_responses else ChatCompletionsReader
        watch = self._watch()
        error: errors.ProviderError | None = None  # the meaning of the empty stream
        while True:
            reader = reader_type(self.profile.name, origin(self.profile.base_url))
            reader.sent = body
            reading = ReplyReading(self._transport.post(path, body), watch)
            answer = _Answer(self.profile, reader, reading)
            has_begun = False
            try:
                events = reading.events(answer.read, answer.read_json, answer.end)
                async with aclosing(events):
                    async for event in events:
                        if not (has_begun or isinstance(event, StatusChanged)):
                            has_begun = True
                            yield Started(request_id=reading.request_id)
                        match event:
                            case Completed() | Incomplete():
                                try:
                                    await reading.drain()
                                finally:  # the end has come, even if Stop comes meanwhile
                                    yield event
                            case Failed(failure) if not failure.request_id:
                                yield Failed(failure.copy_with(request_id=reading.request_id))
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


class _Answer:
    """The meaning of one reply. Its first event may say that there is no answer."""

    def __init__(
        self, profile: ProviderProfile, reader: EventReader, reading: ReplyReading
    ) -> None:
        self._provider = profile.name
        self._may_be_empty = profile.kind is ProviderKind.COMPATIBLE
        self._reader = reader
        self._reading = reading
        self._has_begun = False

    def read(self, data: bytes, name: str) -> list[StreamEvent]:
        """Return the events of server-sent data. Raises _EmptyStreamError, AttemptError."""
        events = self._reader.read(data, name)
        if events and not self._has_begun:
            self._has_begun = True
            match events:
                # vLLM sends [DONE] alone if it fails before the first token.
                case [Failed(errors.StreamCutError())] if self._may_be_empty:
                    raise _EmptyStreamError
                case [Failed(error)] if error.status == 200:
                    raise _refused_at_once(error)
        return events

    def read_json(self, value: object) -> list[StreamEvent]:
        """Return the events of a whole reply. Raises AttemptError."""
        error = error_replies.error_in_reply(
            self._provider, value, self._reading.request_id, self._reader.sent
        )
        if error is not None:
            raise _refused_at_once(error)
        return self._reader.read_whole(value)

    def end(self, cut: errors.StreamCutError | None) -> list[StreamEvent]:
        """Return the last events. Raises _EmptyStreamError; `cut` if the answer is incomplete."""
        if cut is None and not self._reading.has_events and self._may_be_empty:
            raise _EmptyStreamError
        ending = self._reader.end()
        if cut is not None and (not ending or isinstance(ending[-1], Failed)):
            raise cut
        return ending


def _refused_at_once(error: errors.ProviderError) -> AttemptError:
    """Return the failed attempt of a reply with status 200 that is nothing but an error."""
    return failed_attempt(error, 200, {}, str(error.params.get("words", "")))
