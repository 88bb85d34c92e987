"""A background run: an answer that the provider makes even if nobody is connected.

If its stream breaks, the run is polled until it ends, and the missing part of the answer is taken
from the complete response: nothing is asked, or billed, a second time. Source: OpenAI's guide to
background mode; see `responses.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import msgspec

from desktop_app.domain import errors, hints
from desktop_app.domain.answering.answer_status import (
    AnswerStatus,
    Status,
    StatusCode,
    answer_status,
    status_of,
)
from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    Incomplete,
    RunAdvanced,
    Started,
    StatusChanged,
    StreamEvent,
)
from desktop_app.domain.conversations.conversation import RemoteRun
from desktop_app.domain.cost import Usage
from desktop_app.i18n.translation import N_
from desktop_app.providers.apis import responses
from desktop_app.providers.apis.event_reader import usage_of
from desktop_app.providers.apis.responses_stream import ResponsesReader
from desktop_app.providers.errors import error_replies
from desktop_app.providers.http import json_fields
from desktop_app.providers.http.http_reply import ReplyReading
from desktop_app.providers.http.retries import MAX_WAIT_S, AttemptError
from desktop_app.providers.http.silence import SilenceWatch
from desktop_app.providers.http.transport import Transport

_RUNNING_STATUSES: Final = ("queued", "in_progress")


@dataclass(frozen=True)
class RunTimes:
    """The time limits of a background run, in seconds.

    Attributes:
        max_silence: the longest silence of a stream, after which the run is polled.
        poll: the time between two polls.
        queued: the time in the queue after which the user is told that the run may never begin.
        unreachable: the time without an accepted reply (status 200) after which the run is given
            up.
        longest_pause: the longest time between two attempts to reach the provider, unless it asks
            for a longer one.
        cancel: the longest time that a request to cancel may take.
    """

    max_silence: float = 40.0
    poll: float = 5.0
    queued: float = 300.0
    unreachable: float = 1800.0
    longest_pause: float = 30.0
    cancel: float = 10.0


class BackgroundRun:
    """One background run, from its request or its id to its end.

    Args:
        new_watch: returns a `SilenceWatch` for one connection; called with the watch's `may_cut`.
        run: the run to follow; None for a new run.
        issuer: the origin of the provider, which its reasoning is kept for.
    """

    def __init__(
        self,
        provider: str,
        transport: Transport,
        new_watch: Callable[[bool], SilenceWatch],
        times: RunTimes,
        run: RemoteRun | None = None,
        issuer: str = "",
    ) -> None:
        self._provider = provider
        self._transport = transport
        self._new_watch = new_watch
        self._times = times
        self._reader = ResponsesReader(provider, issuer, is_background=True)
        self._id = run.response_id if run is not None else ""
        self._is_announced = False  # RunAdvanced has been yielded
        self._loop = asyncio.get_running_loop()
        self._reached_at = self._loop.time()
        self._queued_at: float | None = None

    async def begin(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[StreamEvent, None]:
        """Send the request and follow the run to its end.

        Raises:
            AttemptError: the request was refused or failed before an answer; a provider that got
                it may run it nevertheless, under an unknown id.
            ProviderError: the run was lost or given up, the connection broke before the run had
                an id, or a reply is empty, unreadable or too large.
        """
        # A run without an id cannot be found again, so its silent connection is not cut, except
        # after the computer has slept.
        watch = self._new_watch(False)
        reading = ReplyReading(self._transport.post(path, body), watch)

        def read_json(value: object) -> list[StreamEvent]:
            self._is_announced = True  # in the events of a run that goes on
            return self._read_response(value, reading.request_id)

        def end(cut: errors.StreamCutError | None) -> list[StreamEvent]:
            if cut is not None and not self._id:
                raise cut
            if cut is None and not reading.received:
                # Some hosts without the endpoint answer 200 with an empty body.
                raise errors.EndpointMissingError(
                    N_("The base URL of {provider} returned an empty response."),
                    hint=hints.CHECK_ADDRESS,
                    provider=self._provider,
                )
            return [] if self._id else self._reader.end()

        events = reading.events(self._reader.read, read_json, end)
        async with aclosing(events):
            async for event in events:
                try:
                    if isinstance(event, Completed | Incomplete):
                        await reading.drain()
                finally:  # the end has come, even if Stop comes meanwhile
                    yield self._annotate(event, reading.request_id)
                if self._id and not self._is_announced:
                    self._is_announced = True
                    watch.enable_cut()
                    yield RunAdvanced(RemoteRun(self._id))
        async with aclosing(self.follow()) as polled:
            async for event in polled:
                yield event

    def _annotate(self, event: StreamEvent, request_id: str) -> StreamEvent:
        """Note the id of the run that an event names. Return the event with the request's id."""
        if isinstance(event, Started):
            self._id = event.response_id or self._id
            return msgspec.structs.replace(event, request_id=request_id)
        if isinstance(event, Failed) and not event.error.request_id:
            return Failed(event.error.copy_with(request_id=request_id))
        return event

    async def follow(self) -> AsyncGenerator[StreamEvent, None]:
        """Poll the run until it has ended, and yield what its stream lacked.

        Raises:
            ProviderError: the run was lost or given up, or a reply is unreadable or too large.
        """
        failures = 0
        while not self._reader.is_finished:
            wait_s = self._times.poll
            try:
                try:
                    events = await self._transport.get_json(run_path(self._id), self._read_response)
                except (errors.StreamCutError, errors.UnexpectedReplyError) as error:
                    raise AttemptError(error) from error
                for event in events:
                    yield self._annotate(event, "")
                failures = 0
            except AttemptError as failed:
                wait_s = self._retry_delay_s(failed, failures)
                failures += 1
                status: Status = answer_status(StatusCode.RUN_UNREACHED, provider=self._provider)
                if failed.error.status is not None:
                    status = status_of(failed.error, N_("The response continues there."))
                yield StatusChanged(wait_s, status)
            if not self._reader.is_finished:
                await asyncio.sleep(wait_s)

    def _read_response(self, value: object, request_id: str = "") -> list[StreamEvent]:
        self._reached_at = self._loop.time()
        error = error_replies.error_in_reply(self._provider, value, request_id)
        if error is not None:
            raise error
        self._id = json_fields.name(value, "id") or self._id
        status = json_fields.text(value, "status")
        if status not in _RUNNING_STATUSES or not self._id:
            return self._reader.read_whole(value)
        model = json_fields.name(value, "model")
        return [
            Started(self._id, model),
            RunAdvanced(RemoteRun(self._id)),
            StatusChanged(0, self._running_status(status)),
        ]

    def _running_status(self, api_status: str) -> AnswerStatus:
        """Return the status of a run that the provider calls "queued" or "in_progress"."""
        now = self._loop.time()
        is_queued = api_status == "queued"
        since = now if self._queued_at is None or not is_queued else self._queued_at
        self._queued_at = since if is_queued else None
        waited_s = now - since
        if waited_s >= self._times.queued:
            minutes = max(round(waited_s / 60), 1)
            code = StatusCode.RUN_QUEUED_LONG
            return answer_status(code, provider=self._provider, minutes=minutes)
        code = StatusCode.RUN_QUEUED if is_queued else StatusCode.RUN_STARTED
        seconds = round(self._times.poll)
        return answer_status(code, provider=self._provider, seconds=seconds)

    # -- if the provider cannot be reached

    def _retry_delay_s(self, failed: AttemptError, failures: int) -> float:
        """Return how long to wait before the next attempt.

        Raises:
            ProviderError: another attempt is pointless.
        """
        error = failed.error
        if error.status == 404:
            raise errors.RunLostError(
                N_("This response expired at {provider} after about 10 minutes."),
                hint=hints.RETRY_BILLED,
                details=error.details,
                status=404,
                api_code=error.api_code,
                request_id=error.request_id,
                provider=self._provider,
            ) from failed
        is_given_up = self._loop.time() - self._reached_at >= self._times.unreachable
        if is_given_up or isinstance(error, errors.AuthenticationError) or _is_refusal(error):
            raise error from failed
        if failed.requested_wait_s is not None:
            return min(failed.requested_wait_s, MAX_WAIT_S)
        # The exponent is limited, because 2.0 ** 1024 overflows.
        return min(2.0 ** min(failures, 30), self._times.longest_pause)


def run_path(response_id: str) -> str:
    """Return the path of a run. The id comes from the provider and must not be read as a path."""
    return f"{responses.PATH}/{quote(response_id, safe='')}"


def _is_refusal(error: errors.ProviderError) -> bool:
    """Return True for a lasting 4xx status, but not for a refused key, a timeout or a limit."""
    status = error.status
    if status is None or not 400 <= status < 500 or status in (401, 403, 408):
        return False
    return not isinstance(error, errors.NetworkError | errors.RateLimitedError)


async def cancel(transport: Transport, run: RemoteRun, times: RunTimes) -> Usage | None:
    """Cancel a run. Return its token usage; None if the provider does not report it.

    Raises:
        ProviderError: the provider could not be reached, or refused.
    """
    try:
        async with asyncio.timeout(times.cancel):
            async with transport.post(f"{run_path(run.response_id)}/cancel", {}) as reply:
                usage = await reply.json(lambda value: json_fields.mapping(value, "usage"))
    except AttemptError as failed:
        raise failed.error from failed
    except TimeoutError as exc:
        raise errors.NetworkError(
            N_("The provider didn’t respond in time."), hint=N_("Try again later.")
        ) from exc
    return usage_of(usage)
