"""Records the requests of an answer, and the tools that the provider ran for it, in the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Final, NamedTuple

from desktop_app.budget.budget import Hold
from desktop_app.budget.ledger import Ledger
from desktop_app.chat.answers.answer_measures import AnswerTiming
from desktop_app.domain.answering.reply import MAX_ITEMS, Reply
from desktop_app.domain.answering.stream_events import RoundEnded, StreamEvent
from desktop_app.domain.conversations.conversation import Message, MessageStatus, now
from desktop_app.domain.conversations.notices import NoticeCode, NoticeText, notice
from desktop_app.domain.cost import (
    CallUsage,
    CountedCost,
    Price,
    Received,
    Usage,
    cost_of_calls,
    counted_cost,
)
from desktop_app.domain.errors import BILLABLE_ERRORS, SpendingCapError
from desktop_app.domain.spending_report import Call, CallPerformance, Purpose
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.tools.calls.hosted_tools import hosted_cost

NO_PRICES: Final[Mapping[str, Decimal]] = MappingProxyType({})
_ORDINARY_TIER: Final = "default"


class _Billing(NamedTuple):
    """What a reply is billed at: the price that counts, and the tier as it is recorded.

    Attributes:
        is_certain: False if the provider may bill another price.
    """

    price: Price | None
    tier: str
    is_certain: bool


class EarlierProcess(NamedTuple):
    """The times and the fees, in US dollars, that another process recorded of an answer."""

    timing: AnswerTiming
    fees: Decimal


class AnswerLedger:
    """The entries of an answer in the ledger.

    The methods `record_…` add entries and raise StorageError. Their parameters are `reply`, the
    reply so far, and `answer`, the answer as it is stored.

    Attributes:
        timing: the times of the answer.
        hold: of the answer's requests. A request without usage counts at least what was held.

    Args:
        earlier: the process that started the answer, if another one.
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
        *,
        hold: Hold | None = None,
        earlier: EarlierProcess | None = None,
    ) -> None:
        self._spending = spending
        self.resolved = resolved
        self._purpose = purpose
        self._tool_prices = tool_prices
        self.timing = AnswerTiming() if earlier is None else earlier.timing
        self.hold = hold or Hold()
        self._is_resumed = earlier is not None  # so that the ledger may have a lost call
        self._round_usage: Usage | None = None  # the usage of the request that ended last
        self._round_received = Received()
        self._rounds: list[CountedCost] = []  # the recorded requests, without the last
        self._fees_recorded = (
            Decimal(0) if earlier is None else earlier.fees
        )  # of hosted tools, in US dollars

    def cost(self, reply: Reply) -> Decimal | None:
        """Return the US dollars of requests and the provider's tools; None if not yet certain."""
        billing = self._billing(reply)
        cost = cost_of_calls(billing.price, reply.usages)
        if cost is None or not reply.usages:
            return None
        is_stated = all(
            isinstance(u, CallUsage) and u.stated_cost is not None for u in reply.usages
        )
        return cost + self._fees(reply) if billing.is_certain or is_stated else None

    def final_cost(self, reply: Reply, status: MessageStatus, *, is_sent: bool) -> CountedCost:
        """Return the US dollars of an answer that has ended with `status`, estimated if need be."""
        last = self._last_request(reply, status, is_sent=is_sent)
        requests = self._rounds if last is None else [*self._rounds, last]
        if not any(request.is_estimated for request in requests):
            return CountedCost(self.cost(reply))
        total = sum((request.amount or Decimal(0) for request in requests), Decimal(0))
        return CountedCost(total + self._fees(reply), is_estimated=True)

    def notices(self, reply: Reply) -> tuple[NoticeText, ...]:
        """Return the reply's notices, and those of a higher cost and of calls left out."""
        price = self._billing(reply).price
        has_unknown_round = reply.is_uncounted and not all(r.is_estimated for r in self._rounds)
        is_partly_unknown = has_unknown_round or (
            price is not None and any(map(price.lacks_part_of, reply.usages))
        )
        notices = reply.notices
        if self.cost(reply) is not None and is_partly_unknown:
            notices = (*notices, notice(NoticeCode.COST_AT_LEAST))
        if reply.left_out:
            count, limit = str(len(reply.left_out)), str(MAX_ITEMS)
            notices = (*notices, notice(NoticeCode.CALLS_LEFT_OUT, count=count, limit=limit))
        return notices

    def observe(self, event: StreamEvent, reply: Reply) -> None:
        """Measure an event that `reply` does not contain yet."""
        self.timing.observe(event)
        if isinstance(event, RoundEnded):
            self._round_usage = reply.round_usage
            self._round_received = reply.received

    def price(self, reply: Reply) -> Price | None:
        """Return the price that counts against the limit; None if it is unknown."""
        return self._billing(reply).price

    async def record_call(self, reply: Reply, answer: Message, *, is_sent: bool) -> None:
        """Record the last request, and the fees that are not recorded yet.

        There are these cases:

        * The provider reported usage: the cost is that of the usage.
        * It reported none, but may bill the request: the cost is zero if the model is free,
          otherwise what was held, or unknown if nothing was.
        * The request cannot be billed: the cost is zero if it was sent and failed, otherwise
          nothing is recorded.

        Args:
            is_sent: the request was sent.
        """
        cost = self._last_request(reply, answer.status, is_sent=is_sent)
        if cost is None:
            return
        # If either write fails, the caller repeats both. So the fees come first: `record_fees`
        # leaves out what is recorded already, `_add_request` would add the request again.
        await self.record_fees(reply, answer)
        usage = reply.round_usage and reply.received.counted(reply.round_usage)
        await self._add_request(reply, answer, usage, cost)

    def _last_request(
        self, reply: Reply, status: MessageStatus, *, is_sent: bool
    ) -> CountedCost | None:
        usage = reply.round_usage
        # Under a limit, a request that was cut or stopped before its first byte counts, too.
        is_open = is_sent and self.hold.is_active and self.hold.cost is not None
        was_cut = status is MessageStatus.CANCELLED or isinstance(reply.error, BILLABLE_ERRORS)
        can_be_billed = usage is not None or reply.may_be_billed or (is_open and was_cut)
        # The spending cap stops a round before it is sent, so no request failed.
        has_failed = reply.error is not None and reply.error.code != SpendingCapError.code
        if not can_be_billed and not (is_sent and has_failed):
            return None
        return self._request_cost(reply, usage, reply.received, is_billed=can_be_billed)

    def _request_cost(
        self, reply: Reply, usage: Usage | None, received: Received, *, is_billed: bool = True
    ) -> CountedCost:
        billing = self._billing(reply)
        return counted_cost(
            billing.price,
            usage,
            self.hold.cost,
            is_billed=is_billed,
            is_certain=billing.is_certain,
            received=received,
        )

    def _billing(self, reply: Reply) -> _Billing:
        """Return what a reply is billed at.

        A cheaper tier counts only if it was requested, or if it is the ordinary one. Another model
        counts the price of the requested one, unless that is certain for any model.
        """
        named = "" if reply.service_tier == "auto" else reply.service_tier  # the account decides
        requested = self.resolved.service_tier or ""
        asked = self.resolved
        is_certain = asked.has_certain_price_for(reply.model)
        billed = replace(asked, service_tier=named or requested or None)
        if named not in ("", requested, _ORDINARY_TIER) and _is_cheaper(
            billed.counted_price, asked.counted_price
        ):
            billed, is_certain = asked, False
        price = billed.counted_price
        return _Billing(price, named or requested, is_certain and price == billed.price)

    def _fees(self, reply: Reply) -> Decimal:
        return hosted_cost(reply.calls, self._tool_prices)

    async def record_round(self, reply: Reply, answer: Message) -> None:
        """Record the request of the round that has ended, unless it was recorded before.

        Call it if the answer continues with another round. `reply` is already in that next round,
        so the usage is the one that `observe` kept when the round ended.
        """
        if len(self._rounds) >= reply.round:
            return
        usage, received = self._round_usage, self._round_received
        cost = self._request_cost(reply, usage, received)
        await self._add_request(reply, answer, usage and received.counted(usage), cost)
        self._rounds.append(cost)

    async def record_fees(self, reply: Reply, answer: Message, *, ended_only: bool = False) -> None:
        """Record the cost of the provider's tools, as far as it is not recorded yet.

        Call it during a request, too: the fees are then recorded even if the process is killed
        before the end.

        Args:
            ended_only: leave out the calls that still run, because they may fail.
        """
        calls = [call for call in reply.calls if call.state.has_ended or not ended_only]
        fees = hosted_cost(calls, self._tool_prices)
        if fees > self._fees_recorded:
            cost = fees - self._fees_recorded
            await self._spending.add(self._make_entry(answer, Purpose.TOOLS, cost))
            self._fees_recorded = fees

    async def _add_request(
        self, reply: Reply, answer: Message, usage: Usage | None, cost: CountedCost
    ) -> None:
        price = self._billing(reply).price
        if price is not None and usage is not None and price.lacks_part_of(usage):
            # The ledger has no "at least": the unknown rest is a call of unknown cost.
            await self._spending.add(self._make_entry(answer, self._purpose, None))
        is_only_round = not reply.round  # otherwise tools ran during the time of the answer
        # The request of a round has ended well, and the answer continues with the next round. The
        # retries, which are those of all rounds, are recorded with the last request.
        has_more = answer.status is MessageStatus.STREAMING
        performance = CallPerformance(
            effort=self.resolved.effort.value if self.resolved.effort else "",
            tier=self._billing(reply).tier,
            outcome=(MessageStatus.COMPLETE if has_more else answer.status).value,
            retries=0 if has_more else self.timing.retries,
            first_token_s=self.timing.first_token_s if is_only_round else None,
            duration_s=answer.duration_s if is_only_round else None,
        )
        entry = self._make_entry(answer, self._purpose, cost.amount)
        add = self._spending.add_resumed if self._is_resumed else self._spending.add
        await add(
            entry._replace(
                usage=usage or Usage(), performance=performance, is_estimated=cost.is_estimated
            ),
            self.hold,
        )

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


def _is_cheaper(price: Price | None, than: Price | None) -> bool:
    """Return True if a price may be less than another in some part."""
    if price is None or than is None:
        return than is not None
    return price.input < than.input or price.output < than.output
