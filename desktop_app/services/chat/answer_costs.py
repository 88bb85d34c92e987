"""Estimates and holds the costs of answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from decimal import Decimal
from functools import partial

from desktop_app.domain.answering.chat_request import ChatRequest
from desktop_app.domain.conversations.conversation import Draft
from desktop_app.domain.conversations.message_parts import Part, PassagesPart, chunked_documents
from desktop_app.domain.models.parameter_support import supports_candidates
from desktop_app.domain.spending.cost import FREE, Usage, cost_of
from desktop_app.services.answers.candidate_answers import (
    answer_holds,
    estimate_several,
    split_hold,
)
from desktop_app.services.chat.ask_settings import offers_background
from desktop_app.services.chat.send_context import SendContext
from desktop_app.services.spending.budget import Hold, PaidCalls
from desktop_app.services.spending.cost_estimate import Estimate, Estimator


class AnswerCosts:
    """The costs of answers, before they are known."""

    def __init__(self, calls: PaidCalls, estimator: Estimator) -> None:
        self._gateway = calls.gateway
        self._budget = calls.budget
        self._estimator = estimator

    async def estimate_all(
        self, estimate: Estimate, context: SendContext, attachments: Iterable[Part] = ()
    ) -> Estimate:
        """Return the estimate for all requested answers, from the `estimate` for one answer.

        Args:
            attachments: those of the question.

        Raises:
            StorageError: the store cannot be read.
        """
        resolved = context.resolved
        settings = context.settings
        count = settings.parameters.candidates
        if count == 1:
            return estimate
        learned_support = await self._gateway.learned_support(resolved.profile, resolved.model.id)
        uses_tools = settings.parameters.tools and resolved.model.takes_tools is not False
        is_separate = uses_tools or settings.has_grammar or chunked_documents(attachments)
        supports_several = supports_candidates(resolved.profile, resolved.model, learned_support)
        return estimate_several(estimate, count, at_once=supports_several and not is_separate)

    async def hold_input(
        self, context: SendContext, draft: Draft, passages: Sequence[PassagesPart] = ()
    ) -> list[Hold]:
        """Hold the input's cost. Return a hold for each answer, or one that all answers share.

        Answers that are requested separately have a hold each, so that an answer that ends makes
        room. A question that surely fits is counted only for a cap and a known price.

        Raises as `ChatService.begin`, if the model's window or the provider's cap has no room.
        """
        resolved = context.resolved
        purpose = context.purpose
        price = resolved.counted_price
        # The calls of several answers are held later: see `hold_calls`. The call of an answer
        # from documents in parts is held once their notes are taken.
        parts = draft.attachments or (context.path[-1].parts if context.path else ())
        is_in_parts = bool(chunked_documents(parts))
        is_held_later = context.settings.parameters.candidates > 1 or is_in_parts
        held_model = "" if is_held_later else _held_model(context)
        await self._budget.require_price(resolved.profile, resolved.model, price)
        needs_cost = self._budget.needs_cost(resolved.profile, price is not None)
        if self._estimator.is_sure_to_fit(context, draft) and not needs_cost:
            cost = Decimal(0) if price == FREE else None
            return [await self._budget.hold(resolved.profile, cost, held_model, purpose.value)]
        estimate = await self._estimator.for_sending().estimate(context, draft, passages=passages)
        self._estimator.require_fit(draft, estimate, resolved, may_compact=bool(context.path))
        estimate = await self.estimate_all(estimate, context, draft.attachments)
        tokens = estimate.input_tokens
        count = estimate.inputs
        cost = cost_of(price, Usage(input_tokens=tokens * count))
        hold = await self._budget.hold(resolved.profile, cost, held_model, purpose.value)
        if count == 1:
            return [hold]
        input_cost = cost_of(price, Usage(input_tokens=tokens))
        async with hold, AsyncExitStack() as undo:  # `hold` ends once each answer has its own
            holds = [await undo.enter_async_context(Hold()) for _ in range(count)]
            for answer_hold in holds:
                await self._budget.fill_hold(answer_hold, resolved.profile, input_cost)
            undo.pop_all()
        return holds

    async def hold_calls(
        self, input_holds: Sequence[Hold], request: ChatRequest, context: SendContext
    ) -> list[Hold]:
        """Return a hold for each answer, which combines those of its input and of its call.

        Answers of a shared request share the hold of one call; others have a call each. The input's
        hold of a single answer is also that of its call.
        If this process is killed, each running call counts as a call of unknown cost.
        """
        resolved = context.resolved
        count = context.settings.parameters.candidates
        if count == 1:
            return [*input_holds]
        cost = Decimal(0) if resolved.counted_price == FREE else None
        model = _held_model(context)
        hold_call = partial(self._budget.hold, resolved.profile, cost, model, context.purpose.value)
        if request.parameters.candidates > 1:
            return answer_holds(input_holds, split_hold(await hold_call(), count))
        async with AsyncExitStack() as undo:
            call_holds = [await undo.enter_async_context(await hold_call()) for _ in range(count)]
            undo.pop_all()
        return answer_holds(input_holds, call_holds)


def _held_model(context: SendContext) -> str:
    """Return the model for the hold; "" if a later process can resume the call."""
    is_resumable = context.settings.background and offers_background(context.resolved)
    return "" if is_resumable else context.resolved.model.id
