"""Starts answers: stores the question before it is sent, and the answer while it streams.

begin(…)   checks, then stores the question and its empty answers   → AnswerRun
run(…)     of the AnswerRun: see answer_run.py                      → the final answer
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from decimal import Decimal
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from desktop_app.budget.budget import HeldCall, Hold, PaidCalls
from desktop_app.chat.answer_forms import form_notice, require_summarizer
from desktop_app.chat.answers.answer_ledger import AnswerLedger
from desktop_app.chat.answers.answer_run import AnswerRun, PreparedAnswer, answering_choice
from desktop_app.chat.attachments.code_files import code_files, require_code_interpreter
from desktop_app.chat.attachments.document_beginnings import beginning_notice, require_reading_tools
from desktop_app.chat.attachments.file_attachments import require_files, text_notice, without_files
from desktop_app.chat.attachments.image_attachments import (
    ImageForm,
    edits_image,
    require_image_input,
    unseen_images_notice,
)
from desktop_app.chat.attachments.image_scaling import ImageScaler
from desktop_app.chat.conversation_store import CompactionStore
from desktop_app.chat.cost_estimate import Estimator, TypicalAnswers, typical_tokens
from desktop_app.chat.passage_context import PassageSource, find_passages
from desktop_app.chat.prompt_assembly import (
    example_turns,
    question_parts,
    sent_messages,
    text_block,
    with_open_text,
)
from desktop_app.chat.send_context import (
    AskSettings,
    SendContext,
    accepted_parameters,
    raised_effort,
    runs_in_background,
    with_form,
)
from desktop_app.domain import hints
from desktop_app.domain.answering.chat_request import ChatRequest, ProviderProfile
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
    Part,
    PassagesPart,
    chunked_documents,
    tool_calls,
)
from desktop_app.domain.conversations.notices import NoticeCode, NoticeText, notice
from desktop_app.domain.cost import FREE, CallCost
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.models.parameter_support import model_notices
from desktop_app.domain.prompt import SUMMARY
from desktop_app.domain.prompt_delimiter import DelimiterFactory, PromptDelimiter
from desktop_app.domain.remembered_note import notes_text
from desktop_app.domain.spending_report import Purpose
from desktop_app.domain.tools.tool import (
    HOSTED_TOOLS,
    OWN_SEARCH,
    WEB_SEARCH,
    WEB_TOOLS,
    ToolContext,
)
from desktop_app.domain.value import Value
from desktop_app.i18n.translation import N_, tr
from desktop_app.providers.models.choice_resolution import ModelChoices, ResolvedChoice
from desktop_app.providers.ports import ChatAttachments, Gateway, MessageStore, RequirementsLoader
from desktop_app.tools.calls.consent import ConsentBroker
from desktop_app.tools.calls.hosted_tools import hosted_refusal
from desktop_app.tools.calls.tool_set import ToolCatalog, ToolSet

if TYPE_CHECKING:  # few questions have documents to read in parts
    from desktop_app.chat.attachments.chunked_reading import ChunkedReader


class RequestSources(Value, frozen=True):
    """The sources of what a request contains.

    Attributes:
        messages: the store of questions and answers.
        attachments: the texts of attached documents.
        images: attached images, scaled for a model.
        compactions: the compactions that replace the beginnings of long conversations.
        load_requirements: returns the requirements of a prompt.
        delimiters: makes the tags around untrusted text.
        chunked_reader: returns the reader of documents that exceed a model's limit.
        passages: returns the finder of passages in collections.
    """

    messages: MessageStore
    attachments: ChatAttachments
    images: ImageScaler
    compactions: CompactionStore
    load_requirements: RequirementsLoader
    delimiters: DelimiterFactory
    chunked_reader: Callable[[], ChunkedReader]
    passages: Callable[[], PassageSource | None] | None = None

    async def build_request(self, context: SendContext) -> ChatRequest:
        """Return the request for all answers. Raises StorageError, DocumentError."""
        question = context.question
        resolved = context.resolved
        settings = context.settings
        delimiter = await self.delimiters.delimiter_for(question.conversation_id)
        image_form = ImageForm(resolved.model, self.images, resolved.files)
        state, messages = await sent_messages(
            context.sent, self.attachments, delimiter, image_form, recipient=resolved
        )
        if (beside := settings.open_text) is not None:
            messages = with_open_text(messages, text_block(beside, delimiter))
        request = ChatRequest(
            model=resolved.model.id,
            messages=(*example_turns(settings.examples), *messages),
            instructions=settings.sent_instructions,
            effort=resolved.effort,
            parameters=accepted_parameters(settings.parameters, resolved),
            cache_key=question.conversation_id,
            state=state,
            store=resolved.profile.keeps_at_provider,
            background=runs_in_background(settings, resolved),
            schema=None if resolved.model.takes_schema is False else settings.schema,
            grammar=settings.grammar,
            wants_images=bool(resolved.model.makes_images),
            edits_image=edits_image(context.path),
            code_files=await code_files(
                context.sent.messages, self.attachments, context.tools.tools
            ),
            requested=settings.requested,
        )
        return _with_tools(request, context.tools, delimiter)


class _PricedQuestion(NamedTuple):
    """A question before anything is held, stored or sent.

    Attributes:
        question: None if it was stored before.
        context: with the question as the last message of its path.
        calls: one for each answer.
    """

    conversation: Conversation
    question: Message | None
    context: SendContext
    calls: Sequence[HeldCall]


class ChatService:
    """Service that checks questions, stores them and starts their answers.

    Args:
        models: resolves choices, and knows what calls of hosted tools cost.
        tools: all tools that answers may use; `consent` asks the user for permission.
    """

    def __init__(
        self,
        *,
        sources: RequestSources,
        calls: PaidCalls,
        estimator: Estimator,
        models: ModelChoices,
        tools: Callable[[], ToolCatalog],
        consent: ConsentBroker,
    ) -> None:
        self.sources = sources
        self.calls = calls
        self.estimator = estimator
        self.models = models
        self._tools = tools
        self._consent = consent

    @cached_property
    def chunked_reader(self) -> ChunkedReader:
        return self.sources.chunked_reader()

    def resolve(self, profile: ProviderProfile, choice: ModelChoice) -> ResolvedChoice:
        """Return the model and effort that serve `choice` at `profile` today."""
        return self.models.resolve(profile, choice)

    def resolve_with(
        self, profile: ProviderProfile, choice: ModelChoice, settings: AskSettings
    ) -> ResolvedChoice:
        """Resolve `choice` in the service tier and at the least effort of the settings."""
        resolved = self.resolve(profile, choice)
        if settings.least_effort is not None and resolved.model.has_efforts:
            effort = raised_effort(choice.effort, settings.least_effort)
            resolved = self.resolve(profile, replace(choice, effort=effort))
        tier = accepted_parameters(settings.parameters, resolved).service_tier
        return replace(resolved, service_tier=tier)

    async def begin(
        self,
        conversation: Conversation,
        path: Sequence[Message],
        draft: Draft | None,
        profile: ProviderProfile,
        settings: AskSettings,
        purpose: Purpose = Purpose.ANSWER,
        *,
        compared: Sequence[tuple[ProviderProfile, ModelChoice]] = (),
        passages: Sequence[PassagesPart] | None = None,
    ) -> AnswerRun:
        """Store the question and its empty answers after `path`; nothing is sent yet.

        Args:
            draft: the question; None for another answer to the last one of `path`.
            compared: the provider and the choice for each of several answers, which are versions
                of one another; () for the conversation's own choice.
            passages: those that are sent with the draft; None searches for them.

        Returns:
            The first answer; the others, if several are requested, are its `siblings`.

        Raises:
            IllegalChoiceError, DocumentError, SpendingCapError, StorageError: nothing was stored or
                sent. One possible reason is that no model is chosen.
        """
        asked: list[_PricedQuestion] = []
        if not compared:
            asked = [
                await self._price(conversation, path, draft, profile, settings, purpose, passages)
            ]
        for answering_profile, choice in compared:
            priced = await self._price(
                replace(conversation, choice=choice),
                path,
                draft,
                answering_profile,
                settings.for_one_answer(),
                purpose,
            )
            asked.append(priced)
            if priced.question is not None:  # the others answer it again
                path, draft = priced.context.path, None
        holds = await self.calls.budget.hold_all([call for each in asked for call in each.calls])
        runs: list[AnswerRun] = []
        async with AsyncExitStack() as undo:
            for hold in holds:
                undo.push_async_callback(hold.release)
            remaining = iter(holds)
            for each in asked:
                own = [next(remaining) for _ in each.calls]
                runs += await self._prepare_runs(each, own)
            first_run = await self._store(runs)
            undo.pop_all()
        return first_run

    async def _price(
        self,
        conversation: Conversation,
        path: Sequence[Message],
        draft: Draft | None,
        profile: ProviderProfile,
        settings: AskSettings,
        purpose: Purpose,
        passages: Sequence[PassagesPart] | None = None,
    ) -> _PricedQuestion:
        """Return a draft, or the last question of `path`, and the costs to hold for its answers.

        Nothing is stored or held. Raises as `begin`.
        """
        resolved = self.resolve_with(profile, conversation.choice, settings)
        if not resolved.model.id:
            hint = (
                N_("Choose one in the model menu, or set OPENAI_MODEL or AZURE_OPENAI_DEPLOYMENT.")
                if profile.from_environment
                else hints.TYPE_MODEL
            )
            raise IllegalChoiceError(
                N_("{provider} has no default model."), hint=hint, provider=profile.short_name
            )
        parts: Sequence[Part]
        if draft is None:
            settings = settings.for_one_answer()
            parts, template_id = path[-1].parts, path[-1].template_id
        else:
            parts, template_id = draft.attachments, draft.template_id
            require_files(draft.attachments, path, resolved)
        if template_id == SUMMARY or chunked_documents(parts):
            require_summarizer(resolved)
        require_image_input(without_files(parts, resolved.files), resolved.model)
        requirements = await self.sources.load_requirements(template_id)
        settings = await with_form(settings, requirements.form, resolved)
        compactions = await self.sources.compactions.load(conversation.id)
        tools = await self._chosen_tools(settings, resolved)
        context = SendContext(path, resolved, compactions, settings, tools, purpose)
        if draft is None:  # the question is in the path already
            calls = await self._calls_to_hold(context, Draft())
            return _PricedQuestion(conversation, None, context, calls)
        if passages is None:
            passages = await find_passages(self.sources.passages, context, draft)
        calls = await self._calls_to_hold(context, draft, passages)
        question = Message(
            id=new_id(),
            conversation_id=conversation.id,
            parent_id=path[-1].id if path else None,
            role=Role.USER,
            status=MessageStatus.COMPLETE,
            parts=question_parts(draft, passages),
            created_at=now(),
            choice=conversation.choice,
            template_id=draft.template_id,
        )
        conversation = replace(conversation, draft=draft.after_sending)
        if not conversation.title:
            names = ", ".join(part.name for part in question.attachments)
            title = title_from(names or question.text) or tr("New conversation")
            conversation = replace(conversation, title=title, title_is_automatic=True)
        context = replace(context, path=[*path, question])
        return _PricedQuestion(conversation, question, context, calls)

    async def _calls_to_hold(
        self, context: SendContext, draft: Draft, passages: Sequence[PassagesPart] = ()
    ) -> list[HeldCall]:
        """Return the call of each answer with its cost, as it is to be held.

        A question that surely fits is counted only for a cap and a known price.

        Raises as `begin`, if the model's window has no room, or its price is unknown.
        """
        resolved = context.resolved
        candidates = context.settings.parameters.candidates
        budget = self.calls.budget
        price = resolved.counted_price
        # The call of an answer from documents in parts is held once their notes are taken.
        parts = draft.attachments or (context.path[-1].parts if context.path else ())
        model = "" if chunked_documents(parts) else resolved.model.id
        await budget.require_price(resolved.profile, resolved.model, price)
        needs_cost = budget.needs_cost(resolved.profile, price is not None)
        if self.estimator.is_sure_to_fit(context, draft) and not needs_cost:
            cost = CallCost.fixed(Decimal(0)) if price == FREE else None
        else:
            estimate = await self.estimator.for_sending().estimate(
                context, draft, passages=passages
            )
            self.estimator.require_fit(draft, estimate, resolved, may_compact=bool(context.path))
            parameters = accepted_parameters(context.settings.parameters, resolved)
            limit = parameters.max_output_tokens
            typical: TypicalAnswers = {}
            if needs_cost:
                typical = await self.calls.spending.typical_answers(resolved.profile.id)
            cost = resolved.expected_cost(
                estimate.input_tokens, limit, typical_tokens(resolved, typical, limit)
            )
            if cost is not None and not model:  # it is not sent beside its notes
                cost = cost._replace(most=cost.usual)
        # A later process can resume a background run, and then knows its cost.
        is_resumable = runs_in_background(context.settings, resolved)
        return [
            HeldCall(
                resolved.profile,
                cost,
                model,
                context.purpose.value,
                message_id=new_id() if is_resumable else None,
            )
            for _ in range(candidates)
        ]

    async def _gateway(
        self, context: SendContext, request: ChatRequest, answer: Message, hold: Hold
    ) -> Gateway:
        """Return a gateway that also runs the tools and reads the documents in parts, if any.

        Args:
            hold: of the answer; the tools and the notes add their later requests to it.
        """
        question, resolved = context.question, context.resolved
        gateway = self.calls.gateway
        delimiter = await self.sources.delimiters.delimiter_for(question.conversation_id)
        if context.tools:
            from desktop_app.tools.calls.tool_loop import LoopTask, tool_gateway

            path = tuple(context.path)
            grows = any(name.endswith("/*") for name in context.settings.parameters.tools)
            task = LoopTask(
                tools=context.tools,
                context=ToolContext(question.conversation_id, path, self.sources.attachments.text),
                resolved=resolved,
                delimiter=delimiter,
                limits=context.settings.limits,
                call_hold=hold,
                consent=self._consent,
                budget=self.calls.budget,
                tool_prices=self.models.tool_prices(resolved, context.settings.parameters),
                choose=partial(self._chosen_tools, context.settings, resolved) if grows else None,
            )
            gateway = tool_gateway(gateway, task)
        if context.documents:
            from desktop_app.chat.attachments.note_taking import ReadingTask

            reading = ReadingTask(
                chunked_documents(question.parts),
                prompt=question.text,
                note_taker=self.chunked_reader.limited_note_taker(resolved),
                instructions=request.instructions,
                parameters=request.parameters,
                conversation_id=question.conversation_id,
                message_id=answer.id,
                delimiter=delimiter,
                answerer=resolved,
                answer_hold=hold,
                purpose=context.purpose,
                remembered=notes_text(context.settings.notes),
            )
            gateway = self.chunked_reader.gateway_for(reading, gateway)
        return gateway

    async def _prepare_runs(
        self, priced: _PricedQuestion, holds: Sequence[Hold]
    ) -> list[AnswerRun]:
        """Return a run for each hold, not stored yet, that answers the question."""
        conversation, question, context, calls = priced
        resolved = context.resolved
        answers = [
            Message(
                id=call.message_id or new_id(),
                conversation_id=conversation.id,
                parent_id=context.question.id,
                role=Role.ASSISTANT,
                status=MessageStatus.STREAMING,
                parts=(),
                created_at=now(),
                choice=answering_choice(resolved),
                notices=tuple(filter(None, _answer_notices(context))),
            )
            for call in calls
        ]
        conversation = replace(conversation, leaf_id=answers[0].id, updated_at=now())
        require_reading_tools(context.question.parts, context.tools.tools)
        require_code_interpreter(context.question.parts, context.tools.tools)
        request = await self.sources.build_request(context)
        gateways = [
            await self._gateway(context, request, answer, hold)
            for answer, hold in zip(answers, holds, strict=True)
        ]
        tool_prices = self.models.tool_prices(resolved, context.settings.parameters)
        return [
            AnswerRun(
                PreparedAnswer(
                    conversation,
                    question,
                    answer,
                    resolved,
                    request,
                    gateway,
                    hold,
                    context.settings.schema,
                    partial(self.models.retire_instant, resolved.profile, conversation.choice),
                ),
                self.sources.messages,
                self.sources.attachments,
                AnswerLedger(
                    self.calls.spending, resolved, context.purpose, tool_prices, hold=hold
                ),
            )
            for answer, gateway, hold in zip(answers, gateways, holds, strict=True)
        ]

    async def _store(self, runs: Sequence[AnswerRun]) -> AnswerRun:
        """Store the empty answers of `runs`, and their question if it is new; return the first."""
        first_run, *siblings = runs
        await self.sources.messages.begin_turn(
            first_run.conversation, first_run.question, *(run.answer for run in runs)
        )
        first_run.siblings = siblings
        return first_run

    async def with_tools_and_form(self, context: SendContext, template_id: str = "") -> SendContext:
        """Return the context with the tools and the form of the answer, to estimate a cost.

        No server of tools is started: the tools are those that it listed last.

        Args:
            template_id: the template of the question, which may have a form.

        Raises:
            UserFacingError: the template or the form cannot be used.
        """
        requirements = await self.sources.load_requirements(template_id)
        settings = await with_form(context.settings, requirements.form, context.resolved)
        tools = await self._chosen_tools(settings, context.resolved, starts_servers=False)
        return replace(context, settings=settings, tools=tools)

    async def _chosen_tools(
        self, settings: AskSettings, resolved: ResolvedChoice, *, starts_servers: bool = True
    ) -> ToolSet:
        names = settings.parameters.tools
        if resolved.model.takes_tools is False:
            return ToolSet()
        own_tools = ToolSet()
        if settings.open_text is not None and settings.grammar is None:
            own_tools = settings.open_text.tools
        if not names:
            return own_tools
        refused_names = [n for n in names if n in HOSTED_TOOLS and hosted_refusal(n, resolved)]
        offered_names = [name for name in names if name not in refused_names]
        if WEB_SEARCH in refused_names:  # the search that the user has set up replaces it
            own_search = await self._tools().choose((OWN_SEARCH,), starts_servers=False)
            if own_search:
                refused_names.remove(WEB_SEARCH)
                offered_names += [name for name in WEB_TOOLS if name not in offered_names]
        tool_set = await self._tools().choose(offered_names, starts_servers=starts_servers)
        tools = {**tool_set.tools, **own_tools.tools}
        return ToolSet(tools, missing=(*tool_set.missing, *refused_names))


def _answer_notices(context: SendContext) -> Sequence[NoticeText]:
    """Return the notices of a new answer; some may be empty."""
    resolved, model = context.resolved, context.resolved.model
    settings, parameters = context.settings, context.settings.parameters
    messages = context.sent.messages
    missing_names = ", ".join(context.tools.missing)
    ignored_settings = {
        "tools": parameters.tools and model.takes_tools is False,
        "schema": settings.schema is not None and model.takes_schema is False,
    }
    return (
        resolved.notice,
        unseen_images_notice(messages, model),
        text_notice(messages, resolved),
        beginning_notice(messages),
        *model_notices(
            parameters,
            accepted_parameters(parameters, resolved),
            settings.requested,
            resolved.profile,
            info=model,
            effort=resolved.effort,
        ),
        notice(NoticeCode.TOOLS_MISSING, names=missing_names) if missing_names else "",
        *(
            notice(NoticeCode.SETTING_NOT_SUPPORTED, setting=name, model=model.name)
            for name, is_ignored in ignored_settings.items()
            if is_ignored
        ),
        form_notice(settings.answer_form),
        notice(NoticeCode.NOTES_SENT, ids=" ".join(note.id for note in settings.notes))
        if settings.notes
        else "",
    )


def _with_tools(request: ChatRequest, tools: ToolSet, delimiter: PromptDelimiter) -> ChatRequest:
    """Return the request with tools, and with the explanation of the delimiter around results.

    With tools that run here it does not run in the background, because nobody could approve the
    calls.
    """
    # Earlier answers may have results, although no tool is chosen now.
    has_results = any(tool_calls(message.parts) for message in request.messages)
    if not tools and not has_results:
        return request
    instructions = "\n\n".join(
        text for text in (request.instructions, delimiter.explanation) if text
    )
    return replace(
        request,
        instructions=instructions,
        tools=tools.definitions,
        tool_choice="auto" if tools else "",
        background=request.background and all(each.hosted for each in tools.definitions),
    )
