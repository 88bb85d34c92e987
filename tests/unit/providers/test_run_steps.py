"""The steps of a background run in simulated time, with a transport that plays a script."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from desktop_app.domain import errors
from desktop_app.domain.answering.answer_status import status_text
from desktop_app.domain.answering.stream_events import (
    RunAdvanced,
    Started,
    StatusChanged,
    StreamEvent,
    TextDelta,
)
from desktop_app.domain.conversations.conversation import RemoteRun
from desktop_app.providers.http.redaction import Redactor
from desktop_app.providers.http.retries import AttemptError
from desktop_app.providers.http.silence import SilenceLimits, SilenceWatch
from desktop_app.providers.http.transport import Transport
from desktop_app.providers.jobs.background_run import BackgroundRun, RunTimes
from tests.helpers.fragment import Fragment
from tests.helpers.simulated_time import in_simulated_time

TIMES = RunTimes(max_silence=40, poll=5, queued=300, unreachable=91, longest_pause=30)
LIMITS = SilenceLimits(40, 60, 20, 1_000, cut=40)
RUN = RemoteRun("r 1")
PATH = "responses/r%201"


class Reply:
    """A reply: JSON, or the data of its events, with pauses and errors between."""

    def __init__(self, body: object, received: int = 1) -> None:
        self._body = body
        self.received = received
        self.request_id = "req"
        self.on_bytes: Callable[[], None] = lambda: None
        self.redactor = Redactor([])
        self.drain_s = 1.0
        self.is_drained = False

    async def is_json(self) -> bool:
        return not isinstance(self._body, list)

    async def json(self, read: Callable[[Any], Any]) -> Any:
        with ThreadPoolExecutor() as pool:  # as if the reply were large
            return pool.submit(read, self._body).result()

    async def pieces(self, _max_bytes: int) -> AsyncGenerator[bytes, None]:
        assert isinstance(self._body, list)
        for each in self._body:
            if isinstance(each, int | float):
                await asyncio.sleep(each)
            elif isinstance(each, Exception):
                raise each
            else:
                self.on_bytes()
                yield f"event: {each['type']}\ndata: {json.dumps(each)}\n\n".encode()
        self.is_drained = True


class Script:
    """A transport that plays replies and errors in order, and notes when it is asked for what."""

    def __init__(self, *replies: object) -> None:
        self._replies = list(replies)
        self.asked: list[tuple[float, str]] = []

    def _next(self, path: str) -> Reply:
        self.asked.append((round(asyncio.get_running_loop().time(), 3), path))
        reply = self._replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, Reply) else Reply(reply)

    @asynccontextmanager
    async def post(self, path: str, _body: object) -> AsyncIterator[Reply]:
        yield self._next(path)

    async def get_json(self, path: str, read: Callable[[Any], Any]) -> Any:
        return await self._next(path).json(read)


def numbered(number: int, kind: str, **more: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", "sequence_number": number, **more}


def delta(number: int, text: str) -> dict[str, Any]:
    return numbered(number, "output_text.delta", delta=text, output_index=0, content_index=0)


def state(status: str, **more: Any) -> dict[str, Any]:
    return {"id": "r 1", "status": status, "model": "m", **more}


WHOLE = state(
    "completed",
    output=[
        {
            "type": "message",
            "id": "msg",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "ab", "annotations": []}],
        }
    ],
    usage={"input_tokens": 1, "output_tokens": 2},
)
CREATED = numbered(0, "created", response={"id": "r 1", "model": "m"})
ENDED = numbered(3, "completed", response=WHOLE)
STREAM = [CREATED, delta(1, "a"), delta(2, "b"), ENDED]


def refusal(
    status: int | None, kind: type[errors.ProviderError] = errors.ProviderError
) -> AttemptError:
    return AttemptError(kind("is having problems", details="d", status=status, request_id="q"))


@in_simulated_time
async def follow_run(
    *replies: object, begins: bool = False, times: RunTimes = TIMES
) -> tuple[Script, list[tuple[float, StreamEvent]], BaseException | None]:
    """Follow a run. Return what was asked, the events with their times, and the error."""
    script, loop = Script(*replies), asyncio.get_running_loop()
    loop.set_debug(True)  # refuses calls from other threads
    made = BackgroundRun(
        "P",
        cast("Transport", script),
        lambda may_cut: SilenceWatch("P", LIMITS, lambda: 0.0, may_cut=may_cut),
        times,
        None if begins else RUN,
    )
    events = made.begin("responses", {}) if begins else made.follow()
    found: list[tuple[float, StreamEvent]] = []
    try:
        async for event in events:
            found.append((round(loop.time(), 3), event))  # noqa: PERF401 — before a failure
    except (errors.ProviderError, AttemptError) as error:
        return script, found, error
    return script, found, None


def texts(events: Sequence[tuple[float, StreamEvent]]) -> str:
    return "".join(event.text for _, event in events if isinstance(event, TextDelta))


def reasons(events: Sequence[tuple[float, StreamEvent]]) -> list[tuple[float, float, str]]:
    return [
        (at, e.seconds, status_text(e.status)) for at, e in events if isinstance(e, StatusChanged)
    ]


# ---------------------------------------------------------------- one connection


def test_a_silent_connection_is_given_up_once_the_run_has_a_name() -> None:
    script, events, error = follow_run([*STREAM[:2], 60, delta(2, "never")], WHOLE, begins=True)
    assert (error, texts(events)) == (None, "ab")
    assert [at for at, _ in script.asked] == [0, 40]
    reply = Reply([60, *STREAM])
    _, events, error = follow_run(reply, begins=True)
    assert (error, texts(events)) == (None, "ab"), "without a name it is waited for"
    assert reply.is_drained


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (
            Reply(
                [
                    errors.StreamCutError(
                        "The connection to {provider} was lost before the response finished.",
                        hint="Try again, but you may be charged twice.",
                    )
                ]
            ),
            errors.StreamCutError,
        ),
        (Reply([], received=0), errors.EndpointMissingError),
        (refusal(400), AttemptError),
    ],
)
def test_a_run_without_an_id_is_not_followed(reply: object, kind: type[Exception]) -> None:
    script, events, error = follow_run(reply, begins=True)
    assert isinstance(error, kind)
    assert (len(script.asked), events) == (1, [])


def test_a_reply_in_json_is_the_run_or_its_state() -> None:
    script, events, error = follow_run(WHOLE, begins=True)
    assert (error, texts(events), len(script.asked)) == (None, "ab", 1)
    script, events, error = follow_run(state("queued"), WHOLE, begins=True)
    assert (error, texts(events)) == (None, "ab")
    assert script.asked == [(0, "responses"), (0, PATH)]
    assert events[:2] == [(0, Started("r 1", "m", "req")), (0, RunAdvanced(RUN))]
    _, _, error = follow_run({"error": {"message": "No.", "code": "x"}}, begins=True)
    assert isinstance(error, errors.ProviderError)


# ---------------------------------------------------------------- following


def test_a_run_is_polled_until_it_ends() -> None:
    script, events, error = follow_run(state("in_progress"), state("in_progress"), WHOLE)
    assert (error, texts(events)) == (None, "ab")
    assert script.asked == [(0, PATH), (5, PATH), (10, PATH)]
    said = "Running at P. Checked every 5 s."
    assert reasons(events) == [(0, 0, said), (5, 0, said)]


def test_a_run_that_stays_in_the_queue_may_never_begin() -> None:
    queued = [state("queued")] * 64
    _, events, error = follow_run(*queued, state("in_progress"), state("queued"), WHOLE)
    assert error is None
    said = reasons(events)
    assert said[59] == (295.0, 0.0, "Queued at P. Checked every 5 s.")
    late = "Queued at P for 5 min. It may never start: stop it and try again."
    assert [each[2] for each in said[60:]] == [
        *[late] * 4,
        "Running at P. Checked every 5 s.",
        "Queued at P. Checked every 5 s.",
    ]


# ---------------------------------------------------------------- out of reach


def test_an_unreachable_provider_is_tried_with_growing_pauses() -> None:
    gone = AttemptError(
        errors.NetworkError(
            "Couldn’t connect to {provider} at {host}.",
            hint="Check the network connection, then try again.",
        )
    )
    script, events, error = follow_run(*[gone] * 6, WHOLE)
    assert (error, texts(events)) == (None, "ab")
    assert [at for at, _ in script.asked] == [0, 1, 3, 7, 15, 31, 61]
    words = "Can’t reach P. The response continues there."
    assert reasons(events) == [
        *((0, 1, words), (1, 2, words), (3, 4, words), (7, 8, words), (15, 16, words)),
        (31, 30, words),
    ]
    # Another success begins again.
    script, _, error = follow_run(gone, gone, state("queued"), gone, WHOLE)
    assert error is None
    assert [at for at, _ in script.asked] == [0, 1, 3, 8, 9]


@pytest.mark.parametrize(
    ("asked", "waits"), [(7.0, 7.0), (0.0, 0.0), (45.0, 45.0), (300.0, 120.0), (None, 1.0)]
)
def test_the_wait_that_the_provider_asks_for_is_kept(asked: float | None, waits: float) -> None:
    error = errors.RateLimitedError(
        "{provider} is limiting requests.",
        hint="Wait a moment, then try again.",
        status=429,
        provider="P",
    )
    busy = AttemptError(error, requested_wait_s=asked)
    script, _, ended_by = follow_run(busy, WHOLE)
    assert ended_by is None
    assert [at for at, _ in script.asked] == [0, waits]


@pytest.mark.parametrize(
    ("failed", "kind", "attempts"),
    [
        (refusal(400), errors.ProviderError, 1),
        (refusal(499), errors.ProviderError, 1),
        (refusal(404), errors.RunLostError, 1),
        (refusal(404, errors.NetworkError), errors.RunLostError, 1),
        (refusal(401, errors.AuthenticationError), errors.AuthenticationError, 1),
        (refusal(None, errors.AuthenticationError), errors.AuthenticationError, 1),
        # These pass, until the provider is out of reach for too long.
        (refusal(None), errors.ProviderError, 8),
        (refusal(399), errors.ProviderError, 8),
        (refusal(401), errors.ProviderError, 8),
        (refusal(403), errors.ProviderError, 8),
        (refusal(408), errors.ProviderError, 8),
        (refusal(429, errors.RateLimitedError), errors.RateLimitedError, 8),
        (refusal(500), errors.ProviderError, 8),
        (refusal(502, errors.NetworkError), errors.NetworkError, 8),
    ],
)
def test_some_errors_end_a_run(
    failed: AttemptError, kind: type[errors.ProviderError], attempts: int
) -> None:
    script, _, error = follow_run(*[failed] * 9)
    assert type(error) is kind
    assert isinstance(error, errors.ProviderError)
    assert len(script.asked) == attempts
    if kind is errors.RunLostError:
        assert (error.message, error.params, error.details, error.status, error.request_id) == (
            *(Fragment("This response expired at"), {"provider": "P"}, "d", 404, "q"),
        )
    else:
        assert error is failed.error


@pytest.mark.parametrize(
    "odd",
    [
        errors.StreamCutError(
            "The connection to {provider} was lost before the response finished.",
            hint="Try again, but you may be charged twice.",
        ),
        errors.UnexpectedReplyError(
            "{provider} sent an invalid response.",
            hint="Try again, or check the base URL in {provider_page}.",
        ),
    ],
)
def test_a_poll_that_fails_is_repeated(odd: errors.ProviderError) -> None:
    script, events, error = follow_run(odd, WHOLE)
    assert (error, texts(events)) == (None, "ab")
    assert [at for at, _ in script.asked] == [0, 1]
