"""Runs the program's own small tasks: short texts by a small model of the same provider.

Every call is priced and recorded in the ledger with its purpose. Nothing is stored at the provider,
no reasoning is summarized, and no model is used that is known to cost more than the
conversation's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Final

from desktop_app.budget.budget import Hold, PaidCalls
from desktop_app.budget.ledger import Ledger
from desktop_app.chat.answers.answer_measures import AnswerLimit, AnswerTiming
from desktop_app.domain import hints
from desktop_app.domain.answering.chat_request import ChatRequest, ProviderProfile, RequestMessage
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.answering.reply import Reply, accumulate
from desktop_app.domain.answering.stream_events import StreamEvent
from desktop_app.domain.conversations.conversation import MessageStatus, Role, now
from desktop_app.domain.conversations.message_parts import TextPart, last_text, text_of
from desktop_app.domain.cost import CallCost, Received, Usage, counted_cost
from desktop_app.domain.errors import ContentFilteredError, ModelNotFoundError, ProviderError
from desktop_app.domain.models.answering_model import is_same_model
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.spending_report import Call, CallPerformance, Purpose
from desktop_app.domain.value import Value
from desktop_app.i18n.translation import N_
from desktop_app.providers.models.choice_resolution import (
    MAX_MODEL_NAME_CHARS,
    ProviderModels,
    ResolvedChoice,
)

# For holds. Most tokens have more bytes than this, so holds are too large rather than too small.
BYTES_PER_TOKEN: Final = 3
_MOST_TIMES_DEARER: Final = 5
"""A small model that ends soon is used only if all others are this many times as expensive."""


class SmallTask(Value, frozen=True):
    """A task for a small model.

    Attributes:
        answering: the model that answers the conversation; the small model costs no more.
        conversation_id: the conversation in the ledger's entry of each call; "" for none.
        message_id: the message in the ledger's entry of each call; "" for none.
    """

    purpose: Purpose
    answering: ResolvedChoice
    conversation_id: str = ""
    message_id: str = ""


class SmallReply:
    """A reply that is held in memory, and fails if it exceeds MAX_ANSWER_BYTES.

    Attributes:
        reply: the reply as received so far.
        cost: the US dollars of the call, once they are recorded; None if they are unknown.
    """

    def __init__(self, provider: str) -> None:
        self._limit = AnswerLimit(provider)
        self._timing = AnswerTiming()
        self.reply = Reply()
        self.cost: Decimal | None = None

    def add(self, event: StreamEvent) -> None:
        self._timing.observe(event)
        self.reply = accumulate(self.reply, self._limit.check(event))

    @property
    def text(self) -> str:
        """Return the last message so far, without outer spaces: others are commentary."""
        return last_text(self.reply.parts).strip()

    @property
    def error(self) -> ProviderError | None:
        """Return the error; None if the text is complete, or was cut at a limit."""
        reply = self.reply
        if reply.error is None and reply.status is MessageStatus.REFUSED:
            message = (
                N_("The provider’s content filter stopped the response.")
                if reply.incomplete_reason
                else N_("The model declined.")
            )
            return ContentFilteredError(
                message, hint=hints.RETRY_CHANGED, details=text_of(reply.parts)
            )
        return reply.error

    @property
    def is_billed(self) -> bool:
        """Return True if the provider may bill the call."""
        return self.reply.usage is not None or self.reply.may_be_billed

    def performance(self, resolved: ResolvedChoice) -> CallPerformance:
        """Return the performance of the call, which counts as canceled if it has not ended."""
        status = self.reply.status
        if status is MessageStatus.STREAMING:
            status = MessageStatus.CANCELLED
        return CallPerformance(
            effort=resolved.effort.value if resolved.effort else "",
            tier=self.reply.service_tier or resolved.service_tier or "",
            outcome=status.value,
            retries=self._timing.retries,
            first_token_s=self._timing.first_token_s,
            duration_s=self._timing.elapsed_s,
        )


class UtilityModel:
    """Requests for short texts to small models."""

    def __init__(
        self, calls: PaidCalls, models_of: Callable[[ProviderProfile], ProviderModels]
    ) -> None:
        self.calls = calls
        self._models_of = models_of
        # The ids of a provider, and of a model that it does not have.
        self._missing_models: set[tuple[str, str]] = set()

    def model_for(self, purpose: Purpose, answering: ResolvedChoice) -> ResolvedChoice:
        """Return the model for a task in a conversation that `answering` answers.

        This is the cheapest small model that the provider serves, unless it costs more. One that
        ends soon is left out if another costs not five times as much.

        Otherwise this is `answering` with the task's effort. If the model does not support that
        effort, it gets its least; if its efforts are not known, its effort stays.
        """
        models = self._models_of(answering.profile)
        job = models.catalog.small_job(purpose.value)
        # All small models of the catalog are of the GPT family.
        small_models = job.models if models.profile.serves_gpt_family else ()
        today = date.today()  # noqa: DTZ011 — the user's day
        choices: list[tuple[bool, Decimal, ResolvedChoice]] = []
        for model_id in small_models:
            info = models.info(model_id)
            small_choice = models.choice_of(
                info, _supported_effort(info, job.effort), variant=info.variant
            )
            availability = models.availability(info, today)
            is_missing = (models.profile.id, model_id) in self._missing_models
            is_usable = availability.is_served and not is_missing
            if is_usable and not _is_dearer(small_choice, answering):
                cost = _usual_cost(small_choice)
                choices.append((availability.ends_soon, cost, small_choice))
        if choices:
            most = _MOST_TIMES_DEARER * min(cost for _, cost, _ in choices)
            *_, choice = min(
                (each for each in choices if each[1] <= most), key=lambda each: each[:2]
            )
            return choice
        effort = answering.effort
        if answering.model.efforts is not None:
            effort = _supported_effort(answering.model, job.effort)
        return replace(
            answering,
            variant=None,
            effort=effort,
            notice="",
            warning="",
            files=None,
            service_tier=None,
        )

    def choice_of_variant(self, profile: ProviderProfile, variant: Variant) -> ResolvedChoice:
        models = self._models_of(profile)
        return models.choice_of(models.for_variant(variant), variant=variant)

    async def ask(
        self, task: SmallTask, instructions: str, text: str, *, max_output_tokens: int
    ) -> str:
        """Return a short text without outer spaces; a text cut at a limit counts as complete.

        Raises:
            SpendingCapError: the provider's monthly cap would be exceeded; nothing was sent.
            UserFacingError: there is no key, the provider failed, or the model declined.
        """
        while True:
            resolved = self.model_for(task.purpose, task.answering)
            request = ChatRequest(
                model=resolved.model.id,
                messages=(RequestMessage(Role.USER, (TextPart(text),)),),
                instructions=instructions,
                effort=resolved.effort,
                parameters=GenerationParameters(max_output_tokens=max_output_tokens),
            )
            size_bytes = len((instructions + text).encode("utf-8", "surrogatepass"))
            cost = resolved.expected_cost(size_bytes // BYTES_PER_TOKEN, max_output_tokens)
            provider = await self.calls.gateway.provider(resolved.profile)
            reply = await paid_reply(self.calls, task, resolved, cost, provider.stream(request))
            error = reply.error
            if error is None:
                return reply.text
            is_small = resolved.model != task.answering.model
            if not is_small or not isinstance(error, ModelNotFoundError):
                raise error
            # The next round chooses another model.
            self._missing_models.add((resolved.profile.id, resolved.model.id))


async def paid_reply(
    calls: PaidCalls,
    task: SmallTask,
    resolved: ResolvedChoice,
    cost: CallCost | None,
    events: AsyncGenerator[StreamEvent, None],
    listen: Callable[[StreamEvent], object] = lambda _event: None,
    keep: Callable[[SmallReply], Awaitable[object]] | None = None,
) -> SmallReply:
    """Return the reply that `events` make up. Its cost is held before, and recorded after it.

    Args:
        keep: stores a reply that has ended, also if the task is canceled meanwhile: it is paid for.
    """
    reply = SmallReply(resolved.profile.name)

    async def record() -> None:
        reply.cost = await record_call(
            calls.spending,
            task,
            resolved,
            reply.reply.round_usage,
            performance=reply.performance(resolved),
            hold=hold,
            answered_by=reply.reply.model,
            is_billed=reply.is_billed,
            received=reply.reply.received,
        )

    async def end() -> None:
        await record()
        if keep is not None:
            await keep(reply)

    async with await calls.budget.hold(
        resolved.profile, cost, resolved.model.id, task.purpose.value
    ) as hold:
        try:
            async with aclosing(events):
                async for event in events:
                    listen(event)
                    reply.add(event)
        except asyncio.CancelledError:
            if reply.is_billed:
                await asyncio.shield(record())
            raise
        await asyncio.shield(end())
    return reply


async def record_call(
    spending: Ledger,
    task: SmallTask,
    resolved: ResolvedChoice,
    usage: Usage | None,
    *,
    performance: CallPerformance,
    hold: Hold,
    answered_by: str = "",
    is_billed: bool = True,
    received: Received,
) -> Decimal | None:
    """Record a call of a task in the ledger, without usage if the provider reported none.

    Return its US dollars; None if they are unknown.

    Args:
        hold: what the call holds.
        answered_by: the model that the reply names; "" for none.
        received: what came of the reply.
        is_billed: False if the provider refused the call, or was not reached.
    """
    answered_by = answered_by[:MAX_MODEL_NAME_CHARS]
    is_asked_model = is_same_model(resolved.model.id, answered_by)
    cost = counted_cost(
        resolved.counted_price,
        usage,
        hold.cost,
        is_billed=is_billed,
        is_certain=resolved.has_certain_price_for(answered_by),
        received=received,
    )
    await spending.add(
        Call(
            provider_id=resolved.profile.id,
            model=resolved.model.id if is_asked_model else answered_by,
            usage=received.counted(usage) if usage else Usage(),
            cost=cost.amount,
            is_estimated=cost.is_estimated,
            purpose=task.purpose.value,
            conversation_id=task.conversation_id or None,
            message_id=task.message_id or None,
            at=now(),
            performance=performance,
        ),
        hold,
    )
    return cost.amount


def _is_dearer(small: ResolvedChoice, answering: ResolvedChoice) -> bool:
    """Return True if the small model may cost more than the model `answering`."""
    small_price = small.price
    # Small tasks are sent without a service tier, so ordinary prices are compared.
    answering_price = replace(answering, service_tier=None).price
    if small_price is None or answering_price is None:
        return small_price is None  # a model of unknown price is not known to cost less
    return small_price.input > answering_price.input or small_price.output > answering_price.output


def _usual_cost(small: ResolvedChoice) -> Decimal:
    """Return the cost of a small task of usual size: it reads ten times what it writes."""
    assert small.price is not None  # `_is_dearer` is True of an unknown price
    return small.price.cost(Usage(1_000, 0, 100))


def _supported_effort(info: ModelInfo, preferred: Effort | None) -> Effort | None:
    """Return the preferred effort, else the model's least; None if no efforts are known."""
    if not info.efforts:
        return None
    return preferred if preferred in info.efforts else info.efforts[0]
