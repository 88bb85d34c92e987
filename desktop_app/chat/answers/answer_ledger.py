"""Records the requests of an answer, and the tools that the provider ran for it, in the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from desktop_app.chat.answers.answer_measures import AnswerTiming
from desktop_app.domain.answering.reply import Reply
from desktop_app.domain.answering.stream_events import RoundEnded, StreamEvent
from desktop_app.domain.conversations.conversation import Message, MessageStatus, now
from desktop_app.domain.conversations.message_parts import tool_calls
from desktop_app.domain.conversations.notices import NoticeCode, NoticeText, notice
from desktop_app.domain.cost import Usage, call_cost, cost_of_calls
from desktop_app.domain.errors import SpendingCapError
from desktop_app.domain.spending_report import Call, CallPerformance, Purpose
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.spending.ledger import Ledger
from desktop_app.tools.calls.hosted_tools import hosted_cost

NO_PRICES: Final[Mapping[str, Decimal]] = MappingProxyType({})


class AnswerLedger:
    """The entries of an answer in the ledger.

    The methods `record_…` add entries and raise StorageError. Their parameters are `reply`, the
    reply so far, and `answer`, the answer as it is stored.

    Attributes:
        timing: the times of the answer.

    Args:
        resolved: the model that is asked; a stand-in may replace it before anything is recorded.
        purpose: of the answer's requests.
        tool_prices: the price in US dollars of a call of each tool that the provider runs.
    """

    def __init__(
        self,
        spending: Ledger,
        resolved: ResolvedChoice,
        purpose: Purpose = Purpose.ANSWER,
        tool_prices: Mapping[str, Decimal] = NO_PRICES,
        timing: AnswerTiming | None = None,
        fees_recorded: Decimal = Decimal(0),
    ) -> None:
        self._spending = spending
        self.resolved = resolved
        self._purpose = purpose
        self._tool_prices = tool_prices
        self.timing = timing or AnswerTiming()
        self._round_usage: Usage | None = None  # the usage of the request that ended last
        self._rounds_recorded = 0
        self._fees_recorded = fees_recorded  # of hosted tools, in US dollars

    def cost(self, reply: Reply) -> Decimal | None:
        """Return the US dollars of requests and the provider's tools; None if unknown."""
        cost = cost_of_calls(_billed_choice(self.resolved, reply).price, reply.usages)
        if cost is None or not reply.usages:
            return None
        return cost + hosted_cost(tool_calls(reply.parts), self._tool_prices)

    def notices(self, reply: Reply) -> tuple[NoticeText, ...]:
        """Return the reply's notices, and one if the answer costs more than `cost`."""
        price = _billed_choice(self.resolved, reply).price
        is_partly_unknown = reply.is_uncounted or (
            price is not None and any(map(price.lacks_part_of, reply.usages))
        )
        if self.cost(reply) is None or not is_partly_unknown:
            return reply.notices
        return (*reply.notices, notice(NoticeCode.COST_AT_LEAST))

    def observe(self, event: StreamEvent, reply: Reply) -> None:
        """Measure an event that `reply` does not contain yet."""
        self.timing.observe(event)
        if isinstance(event, RoundEnded):
            self._round_usage = reply.round_usage

    async def record_call(self, reply: Reply, answer: Message, *, is_sent: bool) -> None:
        """Record the last request, and the fees that are not recorded yet.

        There are these cases:

        * The provider reported usage: the cost is that of the usage.
        * It reported none, but may bill the request: the cost is zero if the model is free,
          otherwise unknown.
        * The request cannot be billed: the cost is zero if it was sent and failed, otherwise
          nothing is recorded.

        Args:
            is_sent: the request was sent.
        """
        usage = reply.round_usage
        can_be_billed = usage is not None or reply.may_be_billed
        # The spending cap stops a round before it is sent, so no request failed.
        has_failed = reply.error is not None and reply.error.code != SpendingCapError.code
        if not can_be_billed and not (is_sent and has_failed):
            return
        price = self.resolved.price
        has_free_model = price is not None and price.is_free
        if usage is None and has_free_model:
            has_cost = False
        else:
            has_cost = can_be_billed
        # If either write fails, the caller repeats both. So the fees come first: `record_fees`
        # leaves out what is recorded already, `_add_request` would add the request again.
        await self.record_fees(reply, answer)
        await self._add_request(reply, answer, usage, is_billed=has_cost)

    async def record_round(self, reply: Reply, answer: Message) -> bool:
        """Record the request of the round that has ended. Return False if it was recorded before.

        Call it if the answer continues with another round. `reply` is already in that next round,
        so the usage is the one that `observe` kept when the round ended.
        """
        if self._rounds_recorded >= reply.round:
            return False
        await self._add_request(reply, answer, self._round_usage)
        self._rounds_recorded += 1
        return True

    async def record_fees(self, reply: Reply, answer: Message, *, ended_only: bool = False) -> None:
        """Record the cost of the provider's tools, as far as it is not recorded yet.

        Call it during a request, too: the fees are then recorded even if the process is killed
        before the end.

        Args:
            ended_only: leave out the calls that still run, because they may fail.
        """
        all_calls = tool_calls(reply.parts)
        calls = [call for call in all_calls if call.state.has_ended or not ended_only]
        fees = hosted_cost(calls, self._tool_prices)
        if fees > self._fees_recorded:
            cost = fees - self._fees_recorded
            await self._spending.add(self._make_entry(answer, Purpose.TOOLS, cost))
            self._fees_recorded = fees

    async def _add_request(
        self, reply: Reply, answer: Message, usage: Usage | None, *, is_billed: bool = True
    ) -> None:
        billed_choice = _billed_choice(self.resolved, reply)
        price = billed_choice.counted_price
        cost = call_cost(price, usage, is_billed=is_billed)
        if is_billed and price is not None and usage is not None and price.lacks_part_of(usage):
            # The ledger has no "at least": the unknown rest is a call of unknown cost.
            await self._spending.add(self._make_entry(answer, self._purpose, None))
        is_only_round = not reply.round  # otherwise tools ran during the time of the answer
        # The request of a round has ended well, and the answer continues with the next round. The
        # retries, which are those of all rounds, are recorded with the last request.
        has_more = answer.status is MessageStatus.STREAMING
        performance = CallPerformance(
            effort=billed_choice.effort.value if billed_choice.effort else "",
            tier=billed_choice.service_tier or "",
            outcome=(MessageStatus.COMPLETE if has_more else answer.status).value,
            retries=0 if has_more else self.timing.retries,
            first_token_s=self.timing.first_token_s if is_only_round else None,
            duration_s=answer.duration_s if is_only_round else None,
        )
        entry = self._make_entry(answer, self._purpose, cost)
        await self._spending.add(entry._replace(usage=usage or Usage(), performance=performance))

    def _make_entry(self, answer: Message, purpose: Purpose, cost: Decimal | None) -> Call:
        return Call(
            provider_id=self.resolved.profile.id,
            model=self.resolved.model.id,
            usage=Usage(),
            cost=cost,
            purpose=purpose.value,
            conversation_id=answer.conversation_id,
            message_id=answer.id,
            at=now(),
        )


def _billed_choice(resolved: ResolvedChoice, reply: Reply) -> ResolvedChoice:
    """Return the choice with the reply's service tier, or the requested tier if none.

    If another model answered, the choice keeps its price only if the price is certain.
    """
    tier = reply.service_tier
    if tier == "auto":
        tier = ""  # it leaves the tier to the account, and so does not name the tier that answered
    answered_choice = resolved.with_reply_model(reply.model)
    return replace(answered_choice, service_tier=tier or answered_choice.service_tier)
