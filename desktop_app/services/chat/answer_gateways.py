"""Gateways of answers: for several at once, with tools, or with documents read in parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from desktop_app.domain.answering.chat_request import ChatRequest, ProviderProfile
from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.models.parameter_support import first_api, supports_candidates
from desktop_app.domain.tools.tool_context import ToolContext
from desktop_app.services.answers.candidate_answers import SharedRequest
from desktop_app.services.chat.request_builder import AnswerPlan
from desktop_app.services.models.choice_resolution import ProviderModels, ResolvedChoice
from desktop_app.services.ports import AttachmentSource, Gateway
from desktop_app.services.prompt_delimiter import DelimiterFactory
from desktop_app.services.spending.budget import Budget, Hold
from desktop_app.services.tools.consent import ConsentBroker
from desktop_app.services.tools.tool_set import ToolSet

if TYPE_CHECKING:  # few questions have documents to read in parts
    from desktop_app.services.documents.chunked_reading import ChunkedReader


class AnswerGateways:
    """Maker of the gateways that answers are streamed through.

    Args:
        chunked_reader: returns the reader of documents that exceed a model's limit.
    """

    def __init__(
        self,
        gateway: Gateway,
        budget: Budget,
        models_of: Callable[[ProviderProfile], ProviderModels],
        attachments: AttachmentSource,
        delimiters: DelimiterFactory,
        consent: ConsentBroker,
        chunked_reader: Callable[[], ChunkedReader],
    ) -> None:
        self._gateway = gateway
        self._budget = budget
        self._models_of = models_of
        self._attachments = attachments
        self._delimiters = delimiters
        self._consent = consent
        self._chunked_reader = chunked_reader

    async def choose(
        self, plan: AnswerPlan, request: ChatRequest
    ) -> tuple[list[Gateway], ChatRequest]:
        """Return a gateway per answer, and the request: for all answers at once, or for one.

        If documents are read in parts, each answer reads them in a request of its own.
        """
        count = request.parameters.candidates
        is_separate = plan.documents or request.tools or request.grammar is not None
        if count > 1 and not is_separate and await self._may_support_candidates(plan.resolved):
            shared_request = SharedRequest(self._gateway, count)
            return [shared_request.gateway_of(number) for number in range(count)], request
        return [self._gateway] * count, request.for_one_answer()

    async def _may_support_candidates(self, resolved: ResolvedChoice) -> bool:
        """Return True unless the server is known to give one answer per request.

        If the API is unknown, a single request finds it out; several requests would repeat that.
        """
        learned_support = await self._gateway.learned_support(resolved.profile, resolved.model.id)
        is_unknown = first_api(resolved.profile, resolved.model, learned_support.api) is None
        return is_unknown or supports_candidates(resolved.profile, resolved.model, learned_support)

    async def wrap(
        self,
        gateway: Gateway,
        plan: AnswerPlan,
        request: ChatRequest,
        tools: ToolSet,
        answer: Message,
        call_hold: Hold,
    ) -> Gateway:
        """Return a gateway that also runs the tools and reads the documents in parts, if any.

        Args:
            call_hold: for the hold of the request for the answer; still empty.
        """
        question, resolved = plan.question, plan.resolved
        delimiter = await self._delimiters.delimiter_for(question.conversation_id)
        if tools:
            from desktop_app.services.tools.tool_loop import LoopTask, ToolLoop  # rarely needed

            path = tuple(plan.context.path)
            task = LoopTask(
                tools=tools,
                context=ToolContext(question.conversation_id, path, self._attachments.text),
                resolved=resolved,
                delimiter=delimiter,
                limits=plan.settings.limits,
                call_hold=call_hold,
                tool_prices=self.tool_prices(resolved),
            )
            gateway = ToolLoop(gateway, task, consent=self._consent, budget=self._budget)
        if plan.documents:
            gateway = self._chunked_reader().reading_gateway(
                question=question,
                answer=answer,
                request=request,
                answering=resolved,
                delimiter=delimiter,
                gateway=gateway,
                answer_hold=call_hold,
                purpose=plan.purpose,
            )
        return gateway

    def tool_prices(self, resolved: ResolvedChoice) -> Mapping[str, Decimal]:
        """Return the prices of hosted tools at this provider."""
        multiplier = resolved.profile.price_multiplier
        prices = self._models_of(resolved.profile).catalog.hosted_tools
        return {name: price * multiplier for name, price in prices.items()}
