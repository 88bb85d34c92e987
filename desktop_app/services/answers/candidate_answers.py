"""Several answers to the same question, each stored as a message of its own.

With Chat Completions, a single request returns all answers; its input is billed once. The API calls
them candidates, and this module separates them. With other APIs, each answer has its own request.
If a server sends fewer answers than requested, the missing answers are requested separately, with a
notice under each.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from decimal import Decimal
from typing import Final

import msgspec

from desktop_app.domain.answering.answer_status import StatusCode, answer_status
from desktop_app.domain.answering.chat_request import ChatRequest
from desktop_app.domain.answering.stream_events import (
    CandidateEvent,
    Completed,
    Failed,
    Incomplete,
    Notice,
    Started,
    StatusChanged,
    StreamEvent,
    UsageReported,
    UsageShared,
)
from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode, notice
from desktop_app.domain.spending.cost import UsageScope
from desktop_app.services.ports import Gateway, Provider
from desktop_app.services.provider_wrapper import GatewayWrapper, ProviderWrapper
from desktop_app.services.spending.budget import Hold
from desktop_app.services.spending.cost_estimate import Estimate

_COMMON_EVENTS: Final = (Notice, StatusChanged, Failed)
"""Events of the request that concern every answer."""
_MAX_WAITING_EVENTS: Final = 16
"""Events that wait for a reader before the stream pauses.

The number is small, because one delta can have 256 K characters.
"""
_TERMINAL_EVENTS: Final = (Completed, Incomplete, Failed)
COUNTED_WITH_FIRST: Final = notice(NoticeCode.COST_WITH_FIRST)


def shared_usage_notice(count: int) -> AnswerNotice:
    """Return the notice for the first of several answers to the same request."""
    return notice(NoticeCode.COST_OF_ALL, count=str(count))


def separate_request_notice(provider: str) -> AnswerNotice:
    """Return the notice for an answer that had to be requested separately."""
    return notice(NoticeCode.ASKED_SEPARATELY, provider=provider)


def estimate_several(estimate: Estimate, answers: int, *, at_once: bool) -> Estimate:
    """Return the estimate for all answers, from the `estimate` for one answer.

    Args:
        at_once: one request asks for all answers, so its input is billed once.
    """
    inputs = 1 if at_once else answers
    return estimate._replace(
        input_cost=_multiply(estimate.input_cost, inputs),
        longest_answer_cost=_multiply(estimate.longest_answer_cost, answers),
        answers=answers,
        inputs=inputs,
    )


def _multiply(cost: Decimal | None, count: int) -> Decimal | None:
    return None if cost is None else cost * count


def split_hold(hold: Hold, count: int, call_holds: Sequence[Hold] = ()) -> list[Hold]:
    """Split `hold` among `count` answers; the answer that ends last releases it.

    Args:
        call_holds: for each answer, the hold of its call, or its share of a common call's hold. It
            is released with the answer's share of `hold`.
    """
    running = set(range(count))
    if not call_holds:
        call_holds = [Hold() for _ in range(count)]  # which hold nothing
    return [
        _HoldShare(hold, running=running, number=number, call_hold=call_hold)
        for number, call_hold in enumerate(call_holds)
    ]


def answer_holds(input_holds: Sequence[Hold], call_holds: Sequence[Hold]) -> list[Hold]:
    """Return a hold for each answer, from the hold of its call and that of its input.

    Args:
        input_holds: a hold for each answer, or one hold that all answers share.
    """
    if len(input_holds) == 1:
        return split_hold(input_holds[0], len(call_holds), call_holds)
    # Each answer is the only one that shares its input's hold.
    return [
        _HoldShare(input_hold, running={0}, number=0, call_hold=call_hold)
        for input_hold, call_hold in zip(input_holds, call_holds, strict=True)
    ]


class _HoldShare(Hold):
    """The share of one answer in a hold for several.

    Args:
        running: the numbers of the answers that have not ended. All shares have the same set.
        number: the number of this share's answer.
        call_hold: the hold of the answer's call, or a share of it.
    """

    def __init__(
        self, common_hold: Hold, *, running: set[int], number: int, call_hold: Hold
    ) -> None:
        super().__init__()
        self._common_hold = common_hold
        self._running = running
        self._number = number
        self._call_hold = call_hold

    async def release(self) -> None:
        """End this answer's share."""
        await self._call_hold.release()
        self._running.discard(self._number)
        if not self._running:
            await self._common_hold.release()


class SharedRequest:
    """A request that several answers share; each has its own gateway to it."""

    def __init__(self, gateway: Gateway, count: int) -> None:
        self._gateway = gateway
        self._count = count
        self._shared: dict[str, _SharedStream] = {}

    def gateway_of(self, number: int) -> Gateway:
        """Return the gateway for an answer, counted from 0."""
        return GatewayWrapper(
            self._gateway,
            lambda profile, provider: _CandidateProvider(self, provider, profile.name, number),
        )

    def shared_stream(self, provider: Provider, request: ChatRequest) -> _SharedStream:
        """Return the stream of the shared request, which the first caller opens.

        Answers by a stand-in model share a second request, because a request names one model.
        """
        if request.model not in self._shared:
            self._shared[request.model] = _SharedStream(provider, request, self._count)
        return self._shared[request.model]


class _CandidateProvider(ProviderWrapper):
    """A provider that streams one of the shared answers."""

    def __init__(self, shared: SharedRequest, provider: Provider, name: str, number: int) -> None:
        super().__init__(provider)
        self._shared = shared
        self._name = name  # of the provider
        self._number = number

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        stream = self._shared.shared_stream(self._provider, request)
        has_ended = False
        async with aclosing(stream.events_of(self._number)) as events:
            async for event in events:
                has_ended = has_ended or isinstance(event, _TERMINAL_EVENTS)
                yield event
        if has_ended:
            return
        yield Notice(separate_request_notice(self._name))
        async with aclosing(self._provider.stream(request.for_one_answer())) as events:
            async for event in events:
                yield event


class _SharedStream:
    """A stream with several readers, closed once it has none."""

    def __init__(self, provider: Provider, request: ChatRequest, count: int) -> None:
        self._stream = provider.stream(request)
        self._queues: dict[int, asyncio.Queue[StreamEvent | None]] = {
            number: asyncio.Queue() for number in range(count)
        }  # by the number of the answer; None: the stream has ended
        self._started_numbers = {0}  # the numbers of the answers that have begun
        self._has_reported_queued = False
        self._reader_numbers: set[int] = set()
        self._event_taken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def events_of(self, number: int) -> AsyncGenerator[StreamEvent, None]:
        """Yield the events of an answer.

        If the server did not send that answer, no event is terminal.
        """
        if self._task is None:
            self._task = asyncio.create_task(self._dispatch_all())
        self._reader_numbers.add(number)
        try:
            queue = self._queues[number]
            while (event := await queue.get()) is not None:  # None: the stream has ended
                self._event_taken.set()
                yield event
                if isinstance(event, _TERMINAL_EVENTS):
                    return
        finally:
            del self._queues[number]  # otherwise its further events would fill the memory
            self._reader_numbers.discard(number)
            self._event_taken.set()
            if not self._reader_numbers:
                self._task.cancel()
                with suppress(asyncio.CancelledError):
                    await self._task

    async def _dispatch_all(self) -> None:
        try:
            async with aclosing(self._stream) as events:
                async for event in events:
                    self._dispatch(event)
                    await self._wait_for_readers()
        finally:
            self._broadcast(None)

    async def _wait_for_readers(self) -> None:
        """Wait until no reader is far behind, for example while it writes to disk."""
        while any(self._queues[n].qsize() >= _MAX_WAITING_EVENTS for n in self._reader_numbers):
            self._event_taken.clear()
            await self._event_taken.wait()

    def _dispatch(self, event: StreamEvent) -> None:
        if isinstance(event, CandidateEvent):
            self._dispatch_candidate(event)
        elif isinstance(event, Started):
            self._put(0, event)
            # The other answers get no id: with it, an answer that the server never began would
            # count as a call of its own.
            for number in self._queues.keys() - {0}:
                self._put(number, msgspec.structs.replace(event, response_id=""))
        elif isinstance(event, _COMMON_EVENTS):
            if isinstance(event, Failed):
                # The ledger needs a single entry for the request: that of the first answer.
                for number in self._queues.keys() - self._started_numbers:
                    self._put(number, UsageShared(UsageScope.FIRST))
            self._broadcast(event)
        else:  # an event of the first answer, which comes outside of a CandidateEvent
            if isinstance(event, UsageReported) and len(self._started_numbers) > 1:
                self._put(0, UsageShared(UsageScope.ALL))
                self._put(0, Notice(shared_usage_notice(len(self._started_numbers))))
            self._put(0, event)
            self._report_queued()

    def _report_queued(self) -> None:
        """Report once, when the first answer arrives alone, that the others wait for its end."""
        if self._has_reported_queued:
            return
        self._has_reported_queued = True
        for number in self._queues.keys() - self._started_numbers:
            self._put(number, StatusChanged(0, answer_status(StatusCode.QUEUED)))

    def _dispatch_candidate(self, event: CandidateEvent) -> None:
        number = event.number
        if number not in self._queues:
            return
        if number not in self._started_numbers:
            self._started_numbers.add(number)
            # The notice comes first, because the stream may break off before the end.
            self._put(number, UsageShared(UsageScope.FIRST))
            self._put(number, Notice(COUNTED_WITH_FIRST))
        self._put(number, event.event)

    def _broadcast(self, event: StreamEvent | None) -> None:
        for queue in self._queues.values():
            queue.put_nowait(event)

    def _put(self, number: int, event: StreamEvent) -> None:
        if number in self._queues:
            self._queues[number].put_nowait(event)
