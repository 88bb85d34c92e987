"""Gateways of answers: for several at once, with tools, or with documents read in parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from desktop_app.domain.answering.chat_request import ChatRequest, ProviderProfile
from desktop_app.domain.conversations.conversation import Message, ModelChoice
from desktop_app.domain.models.parameter_support import first_api, supports_candidates
from desktop_app.domain.tools.tool import ToolContext
from desktop_app.services.answers.candidate_answers import SharedRequest
from desktop_app.services.chat.request_builder import RequestSources
from desktop_app.services.chat.send_context import SendContext
from desktop_app.services.models.choice_resolution import ProviderModels, ResolvedChoice
from desktop_app.services.ports import Gateway
from desktop_app.services.spending.budget import Hold, PaidCalls
from desktop_app.services.tools.consent import ConsentBroker
from desktop_app.services.tools.tool_set import ToolCatalog

if TYPE_CHECKING:  # few questions have documents to read in parts
    from desktop_app.services.documents.chunked_reading import ChunkedReader


class ModelChoices:
    """Resolver of the user's choices of models.

    Args:
        models_of: returns the models of a provider.
        window_of: returns the context window of a model, in tokens, if a server has named it when
            it refused a request; None otherwise.
    """

    def __init__(
        self,
        models_of: Callable[[ProviderProfile], ProviderModels],
        window_of: Callable[[ProviderProfile, str], int | None] = lambda _profile, _model: None,
    ) -> None:
        self._models_of = models_of
        self._window_of = window_of
        self._providers_without_instant: set[str] = set()  # their ids

    def resolve(self, profile: ProviderProfile, choice: ModelChoice) -> ResolvedChoice:
        """Return the model and effort that serve `choice` at `profile` today."""
        return self._models_of(profile).resolve(
            choice,
            date.today(),  # noqa: DTZ011 — the user's day
            is_instant_gone=profile.id in self._providers_without_instant,
            window_of=self._window_of,
        )

    def retire_instant(self, profile: ProviderProfile, choice: ModelChoice) -> ResolvedChoice:
        """Mark Instant as not served by the provider. Return its stand-in."""
        self._providers_without_instant.add(profile.id)
        return self.resolve(profile, choice)

    def with_named_window(self, resolved: ResolvedChoice) -> ResolvedChoice:
        """Return the choice with the context window that a server has named in a refusal.

        A smaller known limit stays.
        """
        window = self._window_of(resolved.profile, resolved.model.id)
        known_limit = resolved.model.input_limit
        if window is None or (known_limit and known_limit <= window):
            return resolved
        model = replace(resolved.model, context_window=window, max_input=None)
        return replace(resolved, model=model)

    def tool_prices(self, resolved: ResolvedChoice) -> Mapping[str, Decimal]:
        """Return the prices of hosted tools at this provider."""
        multiplier = resolved.profile.price_multiplier
        prices = self._models_of(resolved.profile).catalog.hosted_tools
        return {name: price * multiplier for name, price in prices.items()}


class AnswerTools(NamedTuple):
    """The tools that answers may use: all of them, and the user's permission for their calls."""

    catalog: Callable[[], ToolCatalog]
    consent: ConsentBroker


class AnswerGateways:
    """Maker of the gateways that answers are streamed through."""

    def __init__(
        self, sources: RequestSources, calls: PaidCalls, models: ModelChoices, tools: AnswerTools
    ) -> None:
        self._sources = sources
        self._gateway = calls.gateway
        self._budget = calls.budget
        self._models = models
        self._consent = tools.consent

    @cached_property
    def chunked_reader(self) -> ChunkedReader:
        """Return the reader of documents in parts."""
        return self._sources.chunked_reader()

    async def choose(
        self, context: SendContext, request: ChatRequest
    ) -> tuple[list[Gateway], ChatRequest]:
        """Return a gateway per answer, and the request: for all answers at once, or for one.

        If documents are read in parts, each answer reads them in a request of its own.
        """
        count = request.parameters.candidates
        is_separate = context.documents or request.tools or request.grammar is not None
        if count > 1 and not is_separate and await self._may_support_candidates(context.resolved):
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
        context: SendContext,
        request: ChatRequest,
        answer: Message,
        call_hold: Hold,
    ) -> Gateway:
        """Return a gateway that also runs the tools and reads the documents in parts, if any.

        Args:
            call_hold: for the hold of the request for the answer; still empty.
        """
        question, resolved = context.question, context.resolved
        delimiter = await self._sources.delimiters.delimiter_for(question.conversation_id)
        if context.tools:
            from desktop_app.services.tools.tool_loop import LoopTask, ToolLoop  # rarely needed

            path = tuple(context.path)
            task = LoopTask(
                tools=context.tools,
                context=ToolContext(question.conversation_id, path, self._sources.attachments.text),
                resolved=resolved,
                delimiter=delimiter,
                limits=context.settings.limits,
                call_hold=call_hold,
                tool_prices=self._models.tool_prices(resolved),
            )
            gateway = ToolLoop(gateway, task, consent=self._consent, budget=self._budget)
        if context.documents:
            gateway = self.chunked_reader.reading_gateway(
                question=question,
                answer=answer,
                request=request,
                answering=resolved,
                delimiter=delimiter,
                gateway=gateway,
                answer_hold=call_hold,
                purpose=context.purpose,
            )
        return gateway
