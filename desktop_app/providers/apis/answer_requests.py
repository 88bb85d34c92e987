"""Requests one answer through one API, and yields the events of the reply.

A reply may be a stream, or one JSON value. An empty stream is requested again as a whole.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final

from desktop_app.domain import hints
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    Incomplete,
    Started,
    StreamEvent,
)
from desktop_app.domain.errors import (
    ContextTooLongError,
    EndpointMissingError,
    ProviderError,
    ProviderFaultError,
    ServerTroubleError,
    StreamCutError,
)
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.network.origin import origin
from desktop_app.i18n.translation import N_
from desktop_app.providers.apis.candidate_stream import CandidatesReader
from desktop_app.providers.apis.chat_completions import ChatCompletionsReader
from desktop_app.providers.apis.event_reader import EventReader
from desktop_app.providers.apis.negotiation import LearnedFacts
from desktop_app.providers.apis.responses_stream import ResponsesReader
from desktop_app.providers.errors import error_replies
from desktop_app.providers.http.retries import AttemptError

if TYPE_CHECKING:
    from desktop_app.providers.http.reply.http_reply import HttpReply
    from desktop_app.providers.http.transport import Transport

SMALL_REQUEST_CHARS: Final = 4_000
"""A request of so few characters fits into a window of 2,048 tokens."""


def _is_cut(events: Sequence[StreamEvent]) -> bool:
    """Return True if the only event is that the stream was cut."""
    match events:
        case [Failed(StreamCutError())]:
            return True
    return False


class _EmptyStreamError(Exception):
    """A reply with status 200 and no event except the end."""


class AnswerRequests:
    """Requests for answers to one server.

    Args:
        facts: the facts known about the server; requests add to them.
    """

    def __init__(self, transport: Transport, profile: ProviderProfile, facts: LearnedFacts) -> None:
        self._transport = transport
        self._profile = profile
        self._facts = facts

    async def events(
        self, api: Api, path: str, body: Mapping[str, Any], on_bytes: Callable[[], None]
    ) -> AsyncGenerator[StreamEvent, None]:
        """Yield the events of the reply; an empty stream is requested again as a whole.

        llama-cpp-python ends the stream of a request that it refuses, and says why only to a
        request that does not stream.
        """
        try:
            async with aclosing(self._one_reply(api, path, body, on_bytes)) as events:
                async for event in events:
                    yield event
            return
        except _EmptyStreamError as empty:
            error = self._empty_reply_error(api, body)
            tries_other_api = api is Api.RESPONSES and isinstance(error, EndpointMissingError)
            if tries_other_api or not body["stream"]:
                raise error from empty
        unstreamed = {**body, "stream": False}
        unstreamed.pop("stream_options", None)
        try:
            async with aclosing(self._one_reply(api, path, unstreamed, on_bytes)) as events:
                async for event in events:
                    yield event
        except _EmptyStreamError as empty:
            raise error from empty
        except AttemptError as failed:
            is_vague = isinstance(failed.error, ServerTroubleError)
            if isinstance(failed.error, EndpointMissingError) or (
                is_vague and isinstance(error, ContextTooLongError)
            ):
                raise error from failed
            raise

    async def _one_reply(
        self, api: Api, path: str, body: Mapping[str, Any], on_bytes: Callable[[], None]
    ) -> AsyncGenerator[StreamEvent, None]:
        """Yield the events of one reply, a stream or a JSON value. Raises _EmptyStreamError."""
        async with self._transport.post(path, body, on_bytes) as reply:
            reader = self._new_reader(api, body.get("n", 1))
            is_json = await reply.is_json()
            source = (
                self._whole_reply(reply, reader) if is_json else self._streamed_reply(reply, reader)
            )
            has_started = False
            async with aclosing(source) as events:
                async for event in events:
                    if not has_started:
                        has_started = True
                        yield Started(request_id=reply.request_id)
                    if isinstance(event, Failed) and not event.error.request_id:
                        event = Failed(event.error.copy_with(request_id=reply.request_id))
                    if isinstance(event, Completed | Incomplete):
                        await reply.drain()
                    if isinstance(event, Completed) and not reader.has_all_answers:
                        self._facts.add_refusals(body["model"], frozenset({"candidates"}))
                    yield event

    def _new_reader(self, api: Api, count: int) -> EventReader:
        if api is Api.RESPONSES:
            return ResponsesReader(self._profile.name)
        if count > 1:
            return CandidatesReader(self._profile.name, count)
        return ChatCompletionsReader(self._profile.name, origin(self._profile.base_url))

    async def _streamed_reply(
        self, reply: HttpReply, reader: EventReader
    ) -> AsyncGenerator[StreamEvent, None]:
        has_events = False
        try:
            async with aclosing(reply.events(reader.read)) as received:
                async for events in received:
                    # vLLM sends [DONE] alone if it fails before the first token.
                    if not has_events and self._may_be_empty and _is_cut(events):
                        raise _EmptyStreamError
                    has_events = True
                    for event in events:
                        yield event
                    if reader.is_finished:
                        return
        except StreamCutError:
            ending = reader.end()
            if isinstance(ending[-1], Failed):
                raise
            for event in ending:  # the finish reason had come: the answer is complete
                yield event
            return
        if not has_events and self._may_be_empty:
            raise _EmptyStreamError
        for event in reader.end():
            yield event

    @property
    def _may_be_empty(self) -> bool:
        """Return True if the server may reply with an empty stream: see `events`."""
        return self._profile.kind is ProviderKind.COMPATIBLE

    def _empty_reply_error(self, api: Api, body: Mapping[str, Any]) -> ProviderError:
        """Return the error of a reply with status 200 and no event.

        Hosts without the endpoint reply like this. The endpoint exists if the profile names this
        API, or if content has come through it. The endpoint of Chat Completions also exists if any
        request to the address has been answered.
        """
        facts = self._facts
        may_be_wrong_address = facts.is_learning_api and not facts.is_known(api)
        if may_be_wrong_address and (api is Api.RESPONSES or not facts.has_answered):
            return EndpointMissingError(
                N_("The base URL of {provider} returned an empty response."),
                hint=hints.CHECK_ADDRESS,
                provider=self._profile.name,
            )
        if len(str(body.get("messages", body.get("input", "")))) > SMALL_REQUEST_CHARS:
            return ContextTooLongError(
                N_("The conversation exceeds the model’s context window."),
                hint=N_("Remove an attachment, start a new conversation, or choose another model."),
            )
        return ProviderFaultError(
            N_("{provider} ended the response before it began."),
            hint=hints.RETRY_LATER,
            provider=self._profile.name,
        )

    async def _whole_reply(
        self, reply: HttpReply, reader: EventReader
    ) -> AsyncGenerator[StreamEvent, None]:
        def read(value: object) -> list[StreamEvent]:
            error = error_replies.error_in_reply(self._profile.name, value, reply.request_id)
            if error is not None:
                raise error
            return reader.read_whole(value)

        for event in await reply.json(read):
            yield event
