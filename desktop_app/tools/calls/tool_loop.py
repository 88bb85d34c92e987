"""The tool loop: asks, runs the calls that the model requests, and asks again with their results.

`tool_gateway` returns a gateway like any other; its caller sees only that an answer takes several
requests. An AnswerRun stores each ToolCallStep that `is_awaited` before it takes the next event: no
call runs, and no result is used, before the step is on disk.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from decimal import Decimal
from math import ceil
from typing import Final, cast

from desktop_app.budget.budget import Budget, Hold
from desktop_app.domain.answering.chat_request import (
    ChatRequest,
    ImageData,
    ProviderKind,
    RequestMessage,
    RequestPart,
)
from desktop_app.domain.answering.earlier_answers import is_simplified, simplified
from desktop_app.domain.answering.reply import Reply, accumulate
from desktop_app.domain.answering.stream_events import (
    Completed,
    Failed,
    Incomplete,
    Notice,
    RoundEnded,
    SourcesFound,
    StreamEvent,
)
from desktop_app.domain.conversations.answer_sources import ADDRESS
from desktop_app.domain.conversations.conversation import Role, next_passage_number
from desktop_app.domain.conversations.message_parts import (
    Part,
    ReasoningPart,
    RefusalPart,
    Source,
    TextPart,
    ToolCallPart,
    tool_calls,
)
from desktop_app.domain.cost import cost_of_calls
from desktop_app.domain.errors import UserFacingError, to_provider_error
from desktop_app.domain.prompt_delimiter import PromptDelimiter
from desktop_app.domain.spending_report import Purpose
from desktop_app.domain.tools.tool import (
    TOO_EXPENSIVE,
    TOO_LONG,
    TOO_MANY_ROUNDS,
    ToolCallState,
    ToolContext,
    ToolLimits,
)
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.providers.ports import Gateway, GatewayWrapper, Provider, ProviderWrapper
from desktop_app.tools.calls.call_results import sent_parts
from desktop_app.tools.calls.call_run import CallRun
from desktop_app.tools.calls.consent import ConsentBroker
from desktop_app.tools.calls.hosted_tools import hosted_cost
from desktop_app.tools.calls.tool_set import ToolSet

NO_MORE_CALLS: Final = "none"
"""The tool choice of the last request, so that the model answers with words."""

MAX_FREE_ROUNDS: Final = 400
"""Rounds that are not counted. A model may append the same sentence again and again."""
MAX_IMAGES: Final = 8
"""Images of results that a request has; the text of a result names all of them."""
_IMAGES_NOTE: Final = TextPart("[The images that the tools have returned]")
_CHARS_PER_TOKEN: Final = 3
"""Texts have three to five characters a token, so estimates are rather too high."""
_SENT_PART_TYPES: Final = (TextPart, ReasoningPart, RefusalPart, ToolCallPart)


@dataclass(frozen=True)
class LoopTask:
    """The inputs of the loop of one answer.

    Attributes:
        call_hold: holds each request; it ends as the answer's run records the request.
        choose: returns the tools again if a call may have added some; None if none can be added.
    """

    tools: ToolSet
    context: ToolContext
    resolved: ResolvedChoice
    delimiter: PromptDelimiter
    limits: ToolLimits
    call_hold: Hold
    consent: ConsentBroker
    budget: Budget
    tool_prices: Mapping[str, Decimal] = field(default_factory=dict)
    choose: Callable[[], Awaitable[ToolSet]] | None = None


def tool_gateway(gateway: Gateway, task: LoopTask) -> Gateway:
    """Return a gateway whose provider runs tools between its requests."""
    return GatewayWrapper(gateway, lambda _profile, provider: _LoopProvider(provider, task))


class _LoopProvider(ProviderWrapper):
    """A provider whose answers run tools between their requests."""

    def __init__(self, provider: Provider, task: LoopTask) -> None:
        super().__init__(provider)
        self._task = task

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent, None]:
        """Yield the events of all rounds; the last is the only terminal event."""
        task = self._task
        started_at = time.monotonic()
        reply = Reply()
        free_rounds, free_s = 0, 0.0
        images: list[ImageData] = []
        refused_parts = 0
        sources: dict[str, Source] = {}  # by address
        first_number = next_passage_number(task.context.messages)

        def cite(address: str, title: str) -> int:
            if not ADDRESS.fullmatch(address):
                return 0
            number = first_number + len(sources)
            return sources.setdefault(address, Source(number, address, title)).number

        context = task.context._replace(
            show_image=lambda media_type, data: images.append(ImageData(media_type, data)),
            cite=cite,
        )
        profile = task.resolved.profile
        is_on_device = profile.kind is ProviderKind.ON_DEVICE
        provider = "" if is_on_device else profile.name
        call_run = CallRun(task.tools, task.consent, context, provider)
        while True:
            round_at = time.monotonic()
            terminal_event: StreamEvent | None = None
            is_last = reply.round - free_rounds >= task.limits.rounds
            next_request = self._next_request(request, reply, images, refused_parts, is_last)
            async with aclosing(self._provider.stream(next_request)) as events:
                async for event in events:
                    if isinstance(event, Completed | Incomplete | Failed):
                        terminal_event = event
                        break
                    reply = accumulate(reply, event)
                    if isinstance(event, Notice) and is_simplified(event.text):
                        refused_parts = len(reply.parts)
                    yield event
            ended_reply = accumulate(reply, RoundEnded())
            calls = [
                call
                for call in tool_calls(ended_reply.parts)
                if call.round == reply.round and not call.is_hosted
            ]
            if not isinstance(terminal_event, Completed) or not calls:
                yield terminal_event or Completed()
                return
            if is_last:
                yield Incomplete(TOO_MANY_ROUNDS)
                return
            yield RoundEnded()
            spent_s = time.monotonic() - started_at - call_run.waited_s - free_s
            reply, last_reply = ended_reply, reply
            async with aclosing(call_run.run(calls, task.limits.seconds - spent_s)) as steps:
                async for step in steps:
                    reply = accumulate(reply, step)
                    yield step
            if sources:
                yield SourcesFound(tuple(sources.values()))
            request = await self._with_added_tools(request)
            call_run.tools = self._task.tools
            if free_rounds < MAX_FREE_ROUNDS and self._is_free(reply, last_reply.round):
                free_rounds += 1
                free_s += time.monotonic() - round_at
            spent_s = time.monotonic() - started_at - call_run.waited_s - free_s
            if reason := self._reached_limit(reply, spent_s):
                yield Incomplete(reason)
                return
            resolved = task.resolved
            cost = resolved.expected_cost(
                _input_tokens(request, reply, last_reply), request.parameters.max_output_tokens
            )
            try:  # the next request counts against the monthly cap
                next_hold = await task.budget.hold(
                    resolved.profile, cost, resolved.model.id, Purpose.ANSWER.value
                )
            except UserFacingError as error:
                yield Failed(to_provider_error(error))
                return
            task.call_hold.take_over(next_hold)

    async def _with_added_tools(self, request: ChatRequest) -> ChatRequest:
        """Return the request with the tools that servers have added since the last round."""
        if self._task.choose is None:
            return request
        known = self._task.tools.tools
        chosen = (await self._task.choose()).tools
        added = {name: chosen[name] for name in chosen if name not in known}
        self._task = replace(self._task, tools=ToolSet({**known, **added}))
        return replace(request, tools=(*request.tools, *ToolSet(added).definitions))

    def _is_free(self, reply: Reply, round_number: int) -> bool:
        """Return True if a round had only calls that are not limited, and one of them succeeded."""
        calls = [call for call in tool_calls(reply.parts) if call.round == round_number]
        tools = [self._task.tools.tools.get(call.name) for call in calls]
        is_limited = any(tool is None or tool.definition.is_limited for tool in tools)
        return not is_limited and any(call.state is ToolCallState.DONE for call in calls)

    def _next_request(
        self,
        request: ChatRequest,
        reply: Reply,
        images: Sequence[ImageData],
        refused_parts: int,
        is_last: bool,
    ) -> ChatRequest:
        """Return the next request with all rounds so far; the last request forbids calls.

        The newest images of results follow in a message of their own, which both APIs take.

        Args:
            refused_parts: the number of first parts that the provider takes in a simpler form only:
                see `domain/answering/earlier_answers.py`.
            is_last: whether the model has reached the limit of rounds.
        """
        if not reply.round:
            return request
        task = self._task
        earlier, so_far = (
            self._sent_answer(parts)
            for parts in (reply.parts[:refused_parts], reply.parts[refused_parts:])
        )
        earlier = simplified((*request.messages, *earlier), reply.notices)
        shown: tuple[RequestMessage, ...] = ()
        if images and task.resolved.model.sees_images is not False:
            shown = (RequestMessage(Role.USER, (_IMAGES_NOTE, *images[-MAX_IMAGES:])),)
        return replace(
            request,
            messages=(*earlier, *so_far, *shown),
            tool_choice=NO_MORE_CALLS if is_last else "auto",
        )

    def _sent_answer(self, parts: Sequence[Part]) -> tuple[RequestMessage, ...]:
        """Return parts of the answer as they are sent; () for none."""
        own = [part for part in parts if isinstance(part, _SENT_PART_TYPES)]
        sent = cast("tuple[RequestPart, ...]", tuple(sent_parts(own, self._task.delimiter)))
        return (RequestMessage(Role.ASSISTANT, sent),) if sent else ()

    def _reached_limit(self, reply: Reply, seconds: float) -> str:
        """Return why no other request may follow; "" if it may."""
        task = self._task
        if seconds >= task.limits.seconds:
            return TOO_LONG
        cost = cost_of_calls(task.resolved.counted_price, reply.usages)
        if task.limits.cost is None or cost is None:
            return ""
        spent = cost + hosted_cost(reply.calls, task.tool_prices)
        return TOO_EXPENSIVE if spent >= Decimal(str(task.limits.cost)) else ""


def _input_tokens(request: ChatRequest, reply: Reply, last_reply: Reply) -> int:
    """Estimate the tokens of the next request: the last input, its output and the results."""
    last_round = reply.round - 1
    result_characters = sum(len(c.result) for c in tool_calls(reply.parts) if c.round == last_round)
    if last_reply.round_usage is not None:
        usage = last_reply.usages[-1]
        known_tokens = usage.input_tokens + usage.output_tokens
        return known_tokens + ceil(result_characters / _CHARS_PER_TOKEN)
    texts = [request.instructions]
    texts += [p.text for m in request.messages for p in m.parts if isinstance(p, TextPart)]
    texts += [p.text for p in reply.parts if isinstance(p, TextPart | ReasoningPart)]
    characters = sum(map(len, texts)) + sum(
        len(call.arguments) + len(call.result) for call in tool_calls(reply.parts)
    )
    return ceil(characters / _CHARS_PER_TOKEN)
