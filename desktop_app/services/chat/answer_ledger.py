"""Records the requests of an answer, and the tools that the provider ran for it, in the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from desktop_app.domain.conversations.conversation import Message, now
from desktop_app.domain.conversations.message_parts import ToolCallPart
from desktop_app.domain.spending.cost import Usage
from desktop_app.domain.spending.spending_report import Call, CallPerformance, Purpose
from desktop_app.services.chat.choice_resolution import ResolvedChoice
from desktop_app.services.ports import SpendingBook
from desktop_app.services.tools.hosted_tools import hosted_cost

NO_PRICES: Final[Mapping[str, Decimal]] = MappingProxyType({})


class AnswerLedger:
    """The lines of an answer in the ledger.

    Args:
        purpose: of the answer's requests.
        tool_prices: the price in US dollars of a call of each tool that the provider runs.
    """

    def __init__(
        self,
        spending: SpendingBook,
        answer: Message,
        purpose: Purpose = Purpose.ANSWER,
        tool_prices: Mapping[str, Decimal] = NO_PRICES,
    ) -> None:
        self._spending, self._answer, self._purpose = spending, answer, purpose
        self._tool_prices = tool_prices
        self._fees_recorded = Decimal(0)

    def tool_fees(self, calls: Iterable[ToolCallPart]) -> Decimal:
        """Return the cost of the calls that the provider ran, in US dollars."""
        return hosted_cost(calls, self._tool_prices)

    async def add_request(
        self,
        asked: ResolvedChoice,
        usage: Usage | None,
        cost: Decimal | None,
        performance: CallPerformance,
    ) -> None:
        """Record a request, without usage if the provider reported none. Raises StorageError."""
        line = self._line(asked, self._purpose, cost)
        await self._spending.add(line._replace(usage=usage or Usage(), performance=performance))

    async def add_tool_fees(self, asked: ResolvedChoice, calls: Iterable[ToolCallPart]) -> None:
        """Record the cost of the calls that is not recorded yet. Raises StorageError."""
        fees = self.tool_fees(calls)
        if fees > self._fees_recorded:
            await self._spending.add(self._line(asked, Purpose.TOOLS, fees - self._fees_recorded))
            self._fees_recorded = fees

    def _line(self, asked: ResolvedChoice, purpose: Purpose, cost: Decimal | None) -> Call:
        return Call(
            provider_id=asked.profile.id,
            model=asked.model.id,
            usage=Usage(),
            cost=cost,
            purpose=purpose.value,
            conversation_id=self._answer.conversation_id,
            message_id=self._answer.id,
            at=now(),
        )
