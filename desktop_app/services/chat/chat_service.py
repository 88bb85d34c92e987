"""Starts answers: stores the question before it is sent, and the answer while it streams.

begin(…)   checks, then stores the question and its empty answers   → AnswerRun
run(…)     of the AnswerRun: see answer_run.py                      → the final answer
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

from desktop_app.domain.answering.answer_form import AnswerGrammar
from desktop_app.domain.answering.chat_request import ChatRequest, ProviderKind, ProviderProfile
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.conversations.compaction import SentPath
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    Message,
    MessageStatus,
    ModelChoice,
    Role,
    new_id,
    now,
    title_from,
)
from desktop_app.domain.conversations.message_parts import (
    DocumentPart,
    Part,
    PassagesPart,
    chunked_documents,
    tool_calls,
)
from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode, NoticeText, notice
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.models.parameter_notices import model_notices
from desktop_app.domain.models.parameter_support import (
    first_api,
    refused_by_every_api,
    supports_candidates,
    without_refused,
)
from desktop_app.domain.remedy import Remedy
from desktop_app.domain.spending.cost import FREE, Usage, cost_of
from desktop_app.domain.spending.spending_report import Purpose
from desktop_app.domain.tools.tool import HOSTED_TOOLS, ToolLimits
from desktop_app.domain.tools.tool_context import ToolContext
from desktop_app.i18n.translation import tr
from desktop_app.services.answers.answer_ledger import AnswerLedger
from desktop_app.services.answers.answer_run import AnswerRun, AnswerStores, answering_choice
from desktop_app.services.answers.candidate_answers import (
    SharedRequest,
    answer_holds,
    estimate_several,
    split_hold,
)
from desktop_app.services.answers.message_limit import MAX_MESSAGE_BYTES, MIN_SHARE_BYTES
from desktop_app.services.answers.prepared_request import (
    PreparedRequest,
    RequestFallbacks,
    RereadQuestion,
)
from desktop_app.services.chat.ask_settings import AskSettings
from desktop_app.services.chat.background_offer import offers_background
from desktop_app.services.chat.prompt_assembly import example_turns, question_parts, sent_messages
from desktop_app.services.chat.prompt_library import require_two_documents
from desktop_app.services.chat.send_context import SendContext
from desktop_app.services.collections.passage_context import (
    NoCollections,
    PassageSource,
    find_passages,
)
from desktop_app.services.documents.document_beginnings import (
    beginning_notice,
    require_reading_tools,
)
from desktop_app.services.documents.file_attachments import (
    require_files,
    text_notice,
    without_files,
)
from desktop_app.services.documents.image_attachments import (
    ImageForm,
    require_image_input,
    unseen_images_notice,
)
from desktop_app.services.documents.summary_grammar import grammar_for
from desktop_app.services.fence import Fence, Fences
from desktop_app.services.models.choice_resolution import ProviderModels, ResolvedChoice
from desktop_app.services.ports import (
    ChatAttachments,
    CompactionStorage,
    Gateway,
    MessageStore,
    NeedsOf,
    PictureSource,
)
from desktop_app.services.spending.budget import Hold, PaidCalls
from desktop_app.services.spending.cost_estimate import Estimate, Estimator
from desktop_app.services.structured.form_notices import form_notice, repair_turn
from desktop_app.services.structured.form_support import require_grammar_support
from desktop_app.services.tools.consent import ConsentBroker
from desktop_app.services.tools.hosted_tools import hosted_refusal
from desktop_app.services.tools.tool_set import ToolCatalog, ToolSet

if TYPE_CHECKING:  # few questions have documents to read in parts
    from desktop_app.services.documents.chunked_reading import ChunkedReader

# Tokens. A small model that repeats itself would continue to the end of its window. The command
# Continue extends an answer that this limit has cut.
MAX_OUTPUT_ON_DEVICE = 1024


class MessageSources(NamedTuple):
    """The sources of a request.

    Attributes:
        messages: the store of questions and answers.
        attachments: the texts of attached documents.
        pictures: attached images, scaled for a model.
        compactions: the compactions that replace the beginnings of long conversations.
        chunked_reader: returns the reader of documents that exceed a model's limit.
        passages: returns the finder of passages in collections.
    """

    messages: MessageStore
    attachments: ChatAttachments
    pictures: PictureSource
    compactions: CompactionStorage
    chunked_reader: Callable[[], ChunkedReader]
    passages: Callable[[], PassageSource] = NoCollections


class ChatService:
    """Service that checks questions, stores them and starts their answers.

    Args:
        window_of: returns the window of a model, in tokens, that a server's refusal has named; None
            if none has.
    """

    def __init__(
        self,
        *,
        sources: MessageSources,
        calls: PaidCalls,
        estimator: Estimator,
        models_of: Callable[[ProviderProfile], ProviderModels],
        fences: Fences,
        tools: Callable[[], ToolCatalog],
        consent: ConsentBroker,
        needs_of: NeedsOf,
        window_of: Callable[[ProviderProfile, str], int | None] = lambda _profile, _model: None,
    ) -> None:
        self.store = sources.messages
        self.compactions = sources.compactions
        self._make_chunked_reader = sources.chunked_reader
        self.attachments = sources.attachments
        self.pictures = sources.pictures
        self.gateway, self.budget, self.spending = calls
        self.estimator = estimator
        self._models_of = models_of
        self._fences = fences
        self._tools, self._consent = tools, consent
        self._passages = sources.passages
        self.needs_of = needs_of
        self._window_of = window_of
        self._without_instant: set[str] = set()

    @property
    def answer_stores(self) -> AnswerStores:
        """Return the stores of answers."""
        return AnswerStores(self.store, self.attachments.answers)

    @cached_property
    def chunked_reader(self) -> ChunkedReader:
        """Return the reader of documents in parts."""
        return self._make_chunked_reader()

    def resolve(self, profile: ProviderProfile, choice: ModelChoice) -> ResolvedChoice:
        """Return the model and effort that serve `choice` at `profile` today."""
        return self._models_of(profile).resolve(
            choice,
            date.today(),  # noqa: DTZ011 — the user's day
            instant_gone=profile.id in self._without_instant,
            window_of=self._window_of,
        )

    async def estimate_all_answers(
        self,
        estimate: Estimate,
        resolved: ResolvedChoice,
        settings: AskSettings,
        attachments: Iterable[Part] = (),
    ) -> Estimate:
        """Return the estimate for all requested answers, from the `estimate` for one answer.

        Args:
            attachments: those of the question.

        Raises StorageError.
        """
        count = settings.parameters.candidates
        if count == 1:
            return estimate
        learned = await self.gateway.learned_support(resolved.profile, resolved.model.id)
        uses_tools = settings.parameters.tools and resolved.model.takes_tools is not False
        is_separate = uses_tools or settings.has_grammar or chunked_documents(attachments)
        supports_several = supports_candidates(resolved.profile, resolved.model, learned)
        return estimate_several(estimate, count, at_once=supports_several and not is_separate)

    async def _may_support_candidates(self, resolved: ResolvedChoice) -> bool:
        """Return True unless the server is known to give one answer per request.

        If the API is unknown, a single request finds it out; several requests would repeat that.
        """
        learned = await self.gateway.learned_support(resolved.profile, resolved.model.id)
        is_unknown = first_api(resolved.profile, resolved.model, learned.api) is None
        return is_unknown or supports_candidates(resolved.profile, resolved.model, learned)

    def resolve_with(
        self, profile: ProviderProfile, choice: ModelChoice, settings: AskSettings
    ) -> ResolvedChoice:
        """Resolve `choice` in the service tier of the settings."""
        resolved = self.resolve(profile, choice)
        tier = _accepted_parameters(settings.parameters, resolved).service_tier
        return replace(resolved, service_tier=tier)

    async def begin(
        self,
        conversation: Conversation,
        path: Sequence[Message],
        draft: Draft,
        profile: ProviderProfile,
        settings: AskSettings,
        purpose: Purpose = Purpose.ANSWER,
    ) -> AnswerRun:
        """Store the question and its empty answers after `path`; nothing is sent yet.

        Returns:
            The first answer; the others, if several are requested, are its `siblings`.

        Raises:
            IllegalChoiceError, DocumentError, SpendingCapError, StorageError: nothing was stored or
                sent. One possible reason is that no model is chosen.
        """
        runs = await self._prepare(conversation, path, draft, profile, settings, purpose)
        return await self._store(runs)

    async def _prepare(
        self,
        conversation: Conversation,
        path: Sequence[Message],
        draft: Draft,
        profile: ProviderProfile,
        settings: AskSettings,
        purpose: Purpose = Purpose.ANSWER,
    ) -> list[AnswerRun]:
        """Return the runs that answer a new question; nothing is stored. Raises as `begin`."""
        resolved = _require_model(self.resolve_with(profile, conversation.choice, settings))
        needs = await self.needs_of(draft.template_id)
        require_two_documents(needs, draft.attachments, (p for m in path for p in m.sent_parts))
        require_files(draft.attachments, path, resolved)
        require_image_input(without_files(draft.attachments, resolved.files), resolved.model)
        settings = await _with_form(settings, needs.form, resolved)
        compactions = await self.compactions.load(conversation.id)
        context = SendContext(path, resolved, compactions, settings.counted_instructions)
        found = await find_passages(self._passages, context, draft)
        holds = await self._hold_cost(context, draft, settings, found, purpose)
        question = Message(
            id=new_id(),
            conversation_id=conversation.id,
            parent_id=path[-1].id if path else None,
            role=Role.USER,
            status=MessageStatus.COMPLETE,
            parts=question_parts(draft, found),
            created_at=now(),
            choice=conversation.choice,
            template_id=draft.template_id,
        )
        titled = replace(conversation, draft=draft.after_sending)
        if not titled.title:
            titled = replace(titled, title=_first_title(question), title_is_automatic=True)
        context = replace(context, path=[*path, question])
        return await self._prepare_runs(titled, context, question, settings, holds, purpose=purpose)

    async def begin_again(
        self,
        conversation: Conversation,
        path: Sequence[Message],
        profile: ProviderProfile,
        settings: AskSettings,
        *,
        repairs: Message | None = None,
    ) -> AnswerRun:
        """Store another empty answer to the last question of `path`; earlier answers stay.

        Args:
            repairs: an answer that does not match its schema; the model gets it with the reason.

        Raises as `begin`.
        """
        return await self._store(
            await self._prepare_again(conversation, path, profile, settings, repairs)
        )

    async def begin_compared(
        self,
        conversation: Conversation,
        path: Sequence[Message],
        draft: Draft | None,
        choices: Sequence[tuple[ProviderProfile, ModelChoice]],
        settings: AskSettings,
    ) -> AnswerRun:
        """Store a question, and an empty answer to it by each of several choices.

        The answers are versions of one another.

        Args:
            draft: the question; None for the last one of `path`.
            choices: the provider and the choice for each answer.

        Returns:
            The first answer; the others are its `siblings`.

        Raises as `begin`: one of the answers is refused, and nothing was stored or sent.
        """
        runs: list[AnswerRun] = []
        async with AsyncExitStack() as undo:
            for profile, choice in choices:
                asking = replace(conversation, choice=choice)
                if draft is not None and not runs:
                    made = await self._prepare(
                        asking, path, draft, profile, settings.for_one_answer()
                    )
                    path = [*path, *(run.question for run in made if run.question)]
                else:
                    made = await self._prepare_again(asking, path, profile, settings)
                undo.push_async_callback(made[0].hold.release)
                runs += made
            undo.pop_all()
        return await self._store(runs)

    async def _prepare_again(
        self,
        conversation: Conversation,
        path: Sequence[Message],
        profile: ProviderProfile,
        settings: AskSettings,
        repairs: Message | None = None,
    ) -> list[AnswerRun]:
        """Return the run of another answer to the last question of `path`; nothing is stored."""
        settings = settings.for_one_answer()
        resolved = _require_model(self.resolve_with(profile, conversation.choice, settings))
        require_image_input(without_files(path[-1].parts, resolved.files), resolved.model)
        needs = await self.needs_of(path[-1].template_id)
        settings = await _with_form(settings, needs.form, resolved)
        compactions = await self.compactions.load(conversation.id)
        context = SendContext(path, resolved, compactions, settings.counted_instructions)
        holds = await self._hold_cost(context, Draft(), settings)
        return await self._prepare_runs(conversation, context, None, settings, holds, repairs)

    async def _hold_cost(
        self,
        context: SendContext,
        draft: Draft,
        settings: AskSettings,
        found: Sequence[PassagesPart] = (),
        purpose: Purpose = Purpose.ANSWER,
    ) -> list[Hold]:
        """Hold the input's cost. Return a hold for each answer, or one that all answers share.

        Answers that are requested separately have a hold each, so that an answer that ends makes
        room. A question that surely fits is counted only for a cap and a known price.

        Raises as `begin`, if the model's window or the provider's cap has no room.
        """
        resolved = context.resolved
        price = resolved.counted_price
        # The calls of several answers are held later: see `_combined_holds`. The call of an answer
        # from documents in parts is held once their notes are taken.
        question = draft.attachments or (context.path[-1].parts if context.path else ())
        is_in_parts = bool(chunked_documents(question))
        is_held_later = settings.parameters.candidates > 1 or is_in_parts
        held_model = "" if is_held_later else _held_model(resolved, settings)
        await self.budget.require_price(resolved.profile, resolved.model, price)
        needs_cost = self.budget.needs_cost(resolved.profile, price is not None)
        if self.estimator.is_sure_to_fit(context, draft) and not needs_cost:
            cost = Decimal(0) if price == FREE else None
            return [await self.budget.hold(resolved.profile, cost, held_model, purpose.value)]
        estimate = await self.estimator.at_sending().estimate(context, draft, found=found)
        self.estimator.require_room(draft, estimate, resolved, may_compact=bool(context.path))
        estimate = await self.estimate_all_answers(estimate, resolved, settings, draft.attachments)
        tokens, count = estimate.input_tokens, estimate.inputs
        cost = cost_of(price, Usage(input_tokens=tokens * count))
        hold = await self.budget.hold(resolved.profile, cost, held_model, purpose.value)
        if count == 1:
            return [hold]
        async with hold, AsyncExitStack() as undo:
            holds = [await undo.enter_async_context(Hold()) for _ in range(count)]
            for each in holds:
                share = cost_of(price, Usage(input_tokens=tokens))
                await self.budget.hold_for(each, resolved.profile, share)
            undo.pop_all()
        return holds

    async def _prepare_runs(
        self,
        conversation: Conversation,
        context: SendContext,
        question: Message | None,
        settings: AskSettings,
        input_holds: Sequence[Hold],
        repairs: Message | None = None,
        purpose: Purpose = Purpose.ANSWER,
    ) -> list[AnswerRun]:
        """Return runs, not stored yet, that answer the last question of the context's path."""
        path, resolved, sent = context.path, context.resolved, context.sent
        count = settings.parameters.candidates
        async with AsyncExitStack() as undo:
            for hold in input_holds:
                undo.push_async_callback(hold.release)
            content_notices = (
                unseen_images_notice(sent.messages, resolved.model),
                text_notice(sent.messages, resolved),
                beginning_notice(sent.messages),
            )
            tools = await self._chosen_tools(settings, resolved)
            notices = (
                resolved.notice,
                *content_notices,
                *_parameter_notices(settings, resolved),
                _missing_tools_notice(tools),
                *_unsupported_notices(settings, resolved.model),
                form_notice(settings.schema or settings.grammar),
                notice(NoticeCode.REPAIRED) if repairs else "",
            )
            answers = [_empty_answer(path[-1], resolved, notices) for _ in range(count)]
            conversation = replace(conversation, leaf_id=answers[0].id, updated_at=now())
            require_reading_tools(path[-1].parts, tools.tools)
            fence = await self._fences.fence_of(conversation.id)
            request = await self._request(sent, path[-1], resolved, settings, fence, repairs)
            request = _with_tools(request, tools, fence)
            documents = chunked_documents(path[-1].parts)
            gateways, request = await self._gateways(
                resolved, request, reads_in_parts=bool(documents)
            )
            call_holds = [Hold() for _ in answers]
            if documents:
                shares = input_holds
            else:
                shares = await self._combined_holds(
                    input_holds, request, resolved, settings, purpose
                )
            holds = answer_holds(shares, call_holds)
            for share in holds:
                undo.push_async_callback(share.release)
            if tools:
                loop = (tools, path, resolved, fence, settings.limits)
                gateways = [
                    self._with_tool_loop(gateway, *loop, call_hold)
                    for gateway, call_hold in zip(gateways, call_holds, strict=True)
                ]
            if documents:
                reading = (request, resolved, fence)
                gateways = [
                    self.chunked_reader.reading_gateway(
                        path[-1], answer, *reading, gateway, call_hold, purpose
                    )
                    for answer, gateway, call_hold in zip(
                        answers, gateways, call_holds, strict=True
                    )
                ]
            undo.pop_all()
        tool_prices = self._tool_prices(resolved)
        return [
            AnswerRun(
                conversation,
                question,
                answer,
                PreparedRequest(request, resolved, gateway, share),
                stores=self.answer_stores,
                ledger=AnswerLedger(self.spending, purpose, tool_prices),
                fallbacks=RequestFallbacks(
                    partial(self._retire_instant, resolved.profile, conversation.choice),
                    partial(
                        self._reread_in_parts, context, answer, settings, tools, repairs, purpose
                    ),
                ),
                schema=settings.schema,
            )
            for answer, gateway, share in zip(answers, gateways, holds, strict=True)
        ]

    async def _combined_holds(
        self,
        input_holds: Sequence[Hold],
        request: ChatRequest,
        resolved: ResolvedChoice,
        settings: AskSettings,
        purpose: Purpose,
    ) -> list[Hold]:
        """Return a hold for each answer, which combines those of its input and of its call.

        Answers of a shared request share the hold of one call; others have a call each. The input's
        hold of a single answer is also that of its call.
        If this process is killed, each running call counts as a call of unknown cost.
        """
        count = settings.parameters.candidates
        if count == 1:
            return [*input_holds]
        cost = Decimal(0) if resolved.counted_price == FREE else None
        call = (resolved.profile, cost, _held_model(resolved, settings), purpose.value)
        if request.parameters.candidates > 1:
            return answer_holds(input_holds, split_hold(await self.budget.hold(*call), count))
        async with AsyncExitStack() as undo:
            call_holds = [
                await undo.enter_async_context(await self.budget.hold(*call)) for _ in range(count)
            ]
            undo.pop_all()
        return answer_holds(input_holds, call_holds)

    async def _store(self, runs: Sequence[AnswerRun]) -> AnswerRun:
        """Store the empty answers of `runs`, and their question if it is new; return the first."""
        async with AsyncExitStack() as undo:
            for run in runs:
                undo.push_async_callback(run.hold.release)
                run.limit.set_max_bytes(max(MAX_MESSAGE_BYTES // len(runs), MIN_SHARE_BYTES))
            first, answers = runs[0], [run.answer for run in runs]
            await self.store.begin_turn(first.conversation, first.question, *answers)
            undo.pop_all()
        first.set_siblings(runs[1:])
        return first

    async def _request(
        self,
        sent: SentPath,
        question: Message,
        resolved: ResolvedChoice,
        settings: AskSettings,
        fence: Fence,
        repairs: Message | None,
    ) -> ChatRequest:
        """Return the request for `question`. Raises StorageError, DocumentError."""
        image_form = ImageForm(resolved.model, self.pictures, resolved.files)
        needs = await self.needs_of(question.template_id)
        state, messages = await sent_messages(
            sent, self.attachments, fence, image_form, resolved.profile.id
        )
        return ChatRequest(
            model=resolved.model.id,
            messages=(
                *example_turns(settings.examples),
                *messages,
                *(repair_turn(repairs) if repairs else ()),
            ),
            instructions=settings.instructions,
            effort=resolved.effort,
            parameters=_accepted_parameters(settings.parameters, resolved),
            cache_key=question.conversation_id,
            state=state,
            store=resolved.profile.keeps_at_provider,
            background=settings.background and offers_background(resolved),
            schema=None if resolved.model.takes_schema is False else settings.schema,
            grammar=settings.grammar or grammar_for(needs, question.parts, resolved),
            wants_images=bool(resolved.model.makes_images),
            requested=settings.requested,
        )

    async def _gateways(
        self, resolved: ResolvedChoice, request: ChatRequest, *, reads_in_parts: bool
    ) -> tuple[list[Gateway], ChatRequest]:
        """Return a gateway per answer, and the request: for all answers at once, or for one.

        Args:
            reads_in_parts: each answer reads the documents by itself, in a request of its own.
        """
        count = request.parameters.candidates
        is_separate = reads_in_parts or request.tools or request.grammar is not None
        if count > 1 and not is_separate and await self._may_support_candidates(resolved):
            together = SharedRequest(self.gateway, count)
            return [together.gateway_of(number) for number in range(count)], request
        return [self.gateway] * count, request.for_one_answer()

    async def _reread_in_parts(
        self,
        context: SendContext,
        answer: Message,
        settings: AskSettings,
        tools: ToolSet,
        repairs: Message | None,
        purpose: Purpose,
    ) -> RereadQuestion | None:
        """Return the question with its documents read in parts; None if that is not possible.

        The server has refused the question as too long.

        Raises StorageError, DocumentError, SpendingCapError.
        """
        question, resolved = context.path[-1], context.resolved
        parts = tuple(
            replace(part, in_parts=True) if isinstance(part, DocumentPart) else part
            for part in question.parts
        )
        if parts == question.parts or resolved.profile.kind is not ProviderKind.COMPATIBLE:
            return None
        if settings.grammar is not None:
            return None  # the notes would not follow the grammar
        question = replace(question, parts=parts)
        resolved = self._with_named_window(resolved)
        path = (*context.path[:-1], question)
        context = replace(context, path=path, resolved=resolved)
        fence = await self._fences.fence_of(question.conversation_id)
        request = await self._request(context.sent, question, resolved, settings, fence, repairs)
        request, gateway = _with_tools(request.for_one_answer(), tools, fence), self.gateway
        call_hold = Hold()
        if tools:
            loop = (tools, path, resolved, fence, settings.limits, call_hold)
            gateway = self._with_tool_loop(gateway, *loop)
        gateway = self.chunked_reader.reading_gateway(
            question, answer, request, resolved, fence, gateway, call_hold, purpose
        )
        tokens, _ = await self.estimator.context_tokens(context)
        cost = cost_of(resolved.counted_price, Usage(input_tokens=tokens))
        hold = await self.budget.hold(resolved.profile, cost)
        return RereadQuestion(question, request, gateway, *split_hold(hold, 1, [call_hold]))

    def _with_named_window(self, resolved: ResolvedChoice) -> ResolvedChoice:
        """Return the choice with the window that a server's refusal has named.

        A smaller known window stays.
        """
        window = self._window_of(resolved.profile, resolved.model.id)
        known = resolved.model.input_limit
        if window is None or (known and known <= window):
            return resolved
        model = replace(resolved.model, context_window=window, max_input=None)
        return replace(resolved, model=model)

    async def _chosen_tools(self, settings: AskSettings, resolved: ResolvedChoice) -> ToolSet:
        names = settings.parameters.tools if resolved.model.takes_tools is not False else ()
        if not names:
            return ToolSet()
        refused = tuple(n for n in names if n in HOSTED_TOOLS and hosted_refusal(n, resolved))
        found = await self._tools().choose([name for name in names if name not in refused])
        return replace(found, missing=(*found.missing, *refused))

    def _tool_prices(self, resolved: ResolvedChoice) -> Mapping[str, Decimal]:
        """Return the prices of hosted tools at this provider."""
        multiplier = resolved.profile.price_multiplier
        prices = self._models_of(resolved.profile).catalog.hosted_tools
        return {name: price * multiplier for name, price in prices.items()}

    def _with_tool_loop(
        self,
        gateway: Gateway,
        tools: ToolSet,
        path: Sequence[Message],
        resolved: ResolvedChoice,
        fence: Fence,
        limits: ToolLimits,
        call_hold: Hold,
    ) -> Gateway:
        from desktop_app.services.tools.tool_loop import LoopTask, ToolLoop  # rarely needed

        tool_context = ToolContext(path[-1].conversation_id, tuple(path), self.attachments.text)
        prices = self._tool_prices(resolved)
        task = LoopTask(tools, tool_context, resolved, fence, limits, call_hold, prices)
        return ToolLoop(gateway, task, consent=self._consent, budget=self.budget)

    def _retire_instant(self, profile: ProviderProfile, choice: ModelChoice) -> ResolvedChoice:
        """Mark Instant as not served by the provider. Return its stand-in."""
        self._without_instant.add(profile.id)
        return self.resolve(profile, choice)


def _with_tools(request: ChatRequest, tools: ToolSet, fence: Fence) -> ChatRequest:
    """Return the request with tools, and with the explanation of the fence around results.

    With tools it does not run in the background, because nobody could approve the calls.
    """
    has_results = any(tool_calls(message.parts) for message in request.messages)
    if not tools and not has_results:
        return request
    instructions = "\n\n".join(text for text in (request.instructions, fence.explanation) if text)
    return replace(
        request,
        instructions=instructions,
        tools=tools.definitions,
        tool_choice="auto" if tools else "",
        background=request.background and not tools,
    )


async def _with_form(
    settings: AskSettings, prompt_form: str, resolved: ResolvedChoice
) -> AskSettings:
    """Return the settings with the schema or grammar of the prompt, else of the conversation.

    Settings that already have a schema or a grammar stay as they are.

    Raises:
        IllegalChoiceError: the schema or grammar is invalid, or cannot be sent.
    """
    if settings.schema is not None or settings.grammar is not None:
        return settings
    from desktop_app.services.structured.requested_form import chosen_form  # rarely needed

    form = await chosen_form(prompt_form, settings.parameters.form)
    if isinstance(form, AnswerGrammar):
        if settings.parameters.tools:
            raise IllegalChoiceError(Reason.GRAMMAR_WITH_TOOLS)
        require_grammar_support(form, resolved)
        return replace(settings, grammar=form)
    return settings if form is None else replace(settings, schema=form)


def _missing_tools_notice(tools: ToolSet) -> NoticeText:
    if not tools.missing:
        return ""
    return notice(NoticeCode.TOOLS_MISSING, names=", ".join(tools.missing))


def _unsupported_notices(settings: AskSettings, model: ModelInfo) -> list[NoticeText]:
    """Return notices on tools and a schema that the model is known not to support."""
    refused = {
        "tools": settings.parameters.tools and model.takes_tools is False,
        "schema": settings.schema is not None and model.takes_schema is False,
    }
    return [
        notice(NoticeCode.SETTING_NOT_SUPPORTED, setting=name, model=model.name)
        for name, is_refused in refused.items()
        if is_refused
    ]


def _require_model(resolved: ResolvedChoice) -> ResolvedChoice:
    """Return the choice. Raises IllegalChoiceError if it has no model."""
    if not resolved.model.id:
        profile = resolved.profile
        remedy = Remedy.SET_MODEL if profile.from_environment else Remedy.TYPE_MODEL
        raise IllegalChoiceError(Reason.NO_MODEL_KNOWN, remedy=remedy, provider=profile.short_name)
    return resolved


def _first_title(question: Message) -> str:
    names = ", ".join(part.name for part in question.attachments)
    return title_from(names or question.text) or tr("New conversation")


def _empty_answer(
    question: Message, resolved: ResolvedChoice, notices: Sequence[NoticeText]
) -> Message:
    return Message(
        id=new_id(),
        conversation_id=question.conversation_id,
        parent_id=question.id,
        role=Role.ASSISTANT,
        status=MessageStatus.STREAMING,
        parts=(),
        created_at=now(),
        choice=answering_choice(resolved),
        notices=tuple(notice for notice in notices if notice),
    )


def _held_model(resolved: ResolvedChoice, settings: AskSettings) -> str:
    """Return the model for the hold; "" if a later process can resume the call."""
    is_resumable = settings.background and offers_background(resolved)
    return "" if is_resumable else resolved.model.id


def _parameter_notices(settings: AskSettings, resolved: ResolvedChoice) -> list[AnswerNotice]:
    parameters = settings.parameters
    sent = _accepted_parameters(parameters, resolved)
    return model_notices(
        parameters, sent, settings.requested, resolved.profile, resolved.model, resolved.effort
    )


def _accepted_parameters(
    parameters: GenerationParameters, resolved: ResolvedChoice
) -> GenerationParameters:
    """Return the parameters that the model accepts, with its limit on the output.

    The panel shows refused parameters as disabled, with the reason.
    """
    # Parameters that depend on the API are removed when its request is built.
    refused = refused_by_every_api(resolved.profile, resolved.model, resolved.effort)
    parameters = without_refused(parameters, refused)
    limit, ceiling = parameters.max_output_tokens, resolved.model.max_output
    if resolved.profile.kind is ProviderKind.ON_DEVICE and not limit:
        limit = MAX_OUTPUT_ON_DEVICE
    if limit and ceiling:
        limit = min(limit, ceiling)
    return replace(parameters, max_output_tokens=limit)
