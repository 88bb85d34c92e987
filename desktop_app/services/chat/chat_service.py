"""Starts answers: stores the question before it is sent, and the answer while it streams.

begin(…)   checks, then stores the question and its empty answers   → AnswerRun
run(…)     of the AnswerRun: see answer_run.py                      → the final answer
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import date
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

from desktop_app.domain import hints
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
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
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.conversations.notices import AnswerNotice, NoticeCode, NoticeText, notice
from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.models.model_catalog import ModelInfo
from desktop_app.domain.models.parameter_notices import model_notices
from desktop_app.domain.spending.cost import Usage, cost_of
from desktop_app.domain.spending.spending_report import Purpose
from desktop_app.domain.tools.tool import HOSTED_TOOLS
from desktop_app.i18n.translation import N_, tr
from desktop_app.services.answers.answer_ledger import AnswerLedger
from desktop_app.services.answers.answer_run import AnswerRun, PreparedAnswer, answering_choice
from desktop_app.services.answers.candidate_answers import answer_holds, split_hold
from desktop_app.services.chat.answer_costs import AnswerCosts
from desktop_app.services.chat.answer_gateways import AnswerGateways
from desktop_app.services.chat.ask_settings import AskSettings, accepted_parameters, with_form
from desktop_app.services.chat.prompt_assembly import question_parts
from desktop_app.services.chat.prompt_library import require_two_documents
from desktop_app.services.chat.request_builder import AnswerPlan, RequestBuilder
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
    require_image_input,
    unseen_images_notice,
)
from desktop_app.services.models.choice_resolution import ProviderModels, ResolvedChoice
from desktop_app.services.ports import (
    ChatAttachments,
    CompactionStorage,
    ImageSource,
    MessageStore,
    RequirementsLoader,
)
from desktop_app.services.prompt_delimiter import DelimiterFactory
from desktop_app.services.spending.budget import Hold, PaidCalls
from desktop_app.services.spending.cost_estimate import Estimator
from desktop_app.services.structured.answer_forms import form_notice
from desktop_app.services.tools.consent import ConsentBroker
from desktop_app.services.tools.hosted_tools import hosted_refusal
from desktop_app.services.tools.tool_set import ToolCatalog, ToolSet

if TYPE_CHECKING:  # few questions have documents to read in parts
    from desktop_app.services.documents.chunked_reading import ChunkedReader


class MessageSources(NamedTuple):
    """The sources of a request.

    Attributes:
        messages: the store of questions and answers.
        attachments: the texts of attached documents.
        images: attached images, scaled for a model.
        compactions: the compactions that replace the beginnings of long conversations.
        chunked_reader: returns the reader of documents that exceed a model's limit.
        load_requirements: returns the requirements of a prompt.
        passages: returns the finder of passages in collections.
    """

    messages: MessageStore
    attachments: ChatAttachments
    images: ImageSource
    compactions: CompactionStorage
    chunked_reader: Callable[[], ChunkedReader]
    load_requirements: RequirementsLoader
    passages: Callable[[], PassageSource] = NoCollections


class ChatService:
    """Service that checks questions, stores them and starts their answers.

    Args:
        window_of: returns the context window of a model, in tokens, if a server has named it when
            it refused a request; None otherwise.
    """

    def __init__(
        self,
        *,
        sources: MessageSources,
        calls: PaidCalls,
        estimator: Estimator,
        models_of: Callable[[ProviderProfile], ProviderModels],
        delimiters: DelimiterFactory,
        tools: Callable[[], ToolCatalog],
        consent: ConsentBroker,
        window_of: Callable[[ProviderProfile, str], int | None] = lambda _profile, _model: None,
    ) -> None:
        self.store = sources.messages
        self.compactions = sources.compactions
        self.load_requirements = sources.load_requirements
        self._make_chunked_reader = sources.chunked_reader
        self._passages = sources.passages
        self.gateway = calls.gateway
        self.budget = calls.budget
        self.spending = calls.spending
        self.estimator = estimator
        self.costs = AnswerCosts(self.gateway, self.budget, estimator)
        attachments = sources.attachments
        self._requests = RequestBuilder(
            attachments, sources.images, delimiters, sources.load_requirements
        )
        self._gateways = AnswerGateways(
            gateway=self.gateway,
            budget=self.budget,
            models_of=models_of,
            attachments=attachments,
            delimiters=delimiters,
            consent=consent,
            chunked_reader=lambda: self.chunked_reader,
        )
        self.attachments = attachments
        self._models_of = models_of
        self._window_of = window_of
        self._tools = tools
        self._providers_without_instant: set[str] = set()  # their ids

    @cached_property
    def chunked_reader(self) -> ChunkedReader:
        """Return the reader of documents in parts."""
        return self._make_chunked_reader()

    def resolve(self, profile: ProviderProfile, choice: ModelChoice) -> ResolvedChoice:
        """Return the model and effort that serve `choice` at `profile` today."""
        return self._models_of(profile).resolve(
            choice,
            date.today(),  # noqa: DTZ011 — the user's day
            is_instant_gone=profile.id in self._providers_without_instant,
            window_of=self._window_of,
        )

    def resolve_with(
        self, profile: ProviderProfile, choice: ModelChoice, settings: AskSettings
    ) -> ResolvedChoice:
        """Resolve `choice` in the service tier of the settings."""
        resolved = self.resolve(profile, choice)
        tier = accepted_parameters(settings.parameters, resolved).service_tier
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
        runs = await self._prepare(
            conversation, path, draft, profile=profile, settings=settings, purpose=purpose
        )
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
        requirements = await self.load_requirements(draft.template_id)
        earlier_parts = (part for message in path for part in message.sent_parts)
        require_two_documents(requirements, draft.attachments, earlier_parts)
        require_files(draft.attachments, path, resolved)
        require_image_input(without_files(draft.attachments, resolved.files), resolved.model)
        settings = await with_form(settings, requirements.form, resolved)
        context, tools = await self._send_context(conversation, path, resolved, settings)
        passages = await find_passages(self._passages, context, draft)
        holds = await self.costs.hold_input(
            context, draft, settings, passages=passages, purpose=purpose
        )
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
            conversation = replace(
                conversation, title=_first_title(question), title_is_automatic=True
            )
        plan = AnswerPlan(replace(context, path=[*path, question]), settings, purpose=purpose)
        return await self._prepare_runs(conversation, question, plan, tools, input_holds=holds)

    async def begin_another_answer(
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
        runs = await self._prepare_again(conversation, path, profile, settings, repairs=repairs)
        return await self._store(runs)

    async def begin_comparison(
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
                with_choice = replace(conversation, choice=choice)
                if draft is not None and not runs:
                    # The first choice also makes the question, which the others answer again.
                    new_runs = await self._prepare(
                        with_choice,
                        path,
                        draft,
                        profile=profile,
                        settings=settings.for_one_answer(),
                    )
                    path = [*path, *(run.question for run in new_runs if run.question)]
                else:
                    new_runs = await self._prepare_again(with_choice, path, profile, settings)
                undo.push_async_callback(new_runs[0].hold.release)  # the only new run
                runs += new_runs
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
        """Return the run of another answer to the last question of `path`, in a list of one.

        Nothing is stored.
        """
        settings = settings.for_one_answer()
        resolved = _require_model(self.resolve_with(profile, conversation.choice, settings))
        require_image_input(without_files(path[-1].parts, resolved.files), resolved.model)
        requirements = await self.load_requirements(path[-1].template_id)
        settings = await with_form(settings, requirements.form, resolved)
        context, tools = await self._send_context(conversation, path, resolved, settings)
        # With an empty draft, because the question is in the path already.
        holds = await self.costs.hold_input(context, Draft(), settings)
        plan = AnswerPlan(context, settings, repairs)
        return await self._prepare_runs(
            conversation, question=None, plan=plan, tools=tools, input_holds=holds
        )

    async def _send_context(
        self,
        conversation: Conversation,
        path: Sequence[Message],
        resolved: ResolvedChoice,
        settings: AskSettings,
    ) -> tuple[SendContext, ToolSet]:
        compactions = await self.compactions.load(conversation.id)
        tools = await self._chosen_tools(settings, resolved)
        context = SendContext(
            path=path,
            resolved=resolved,
            compactions=compactions,
            instructions=settings.counted_instructions,
            tools=tools.definitions,
            form=settings.answer_form,
        )
        return context, tools

    async def _prepare_runs(
        self,
        conversation: Conversation,
        question: Message | None,
        plan: AnswerPlan,
        tools: ToolSet,
        input_holds: Sequence[Hold],
    ) -> list[AnswerRun]:
        """Return runs, not stored yet, that answer the question of the plan.

        Args:
            question: the question if it is new; None for another answer to a stored question.
            input_holds: a hold for each answer, or one hold that all answers share.
        """
        resolved = plan.resolved
        settings = plan.settings
        async with AsyncExitStack() as undo:
            for hold in input_holds:
                undo.push_async_callback(hold.release)
            notices = _answer_notices(plan, tools)
            count = settings.parameters.candidates
            answers = [_empty_answer(plan.question, resolved, notices) for _ in range(count)]
            conversation = replace(conversation, leaf_id=answers[0].id, updated_at=now())
            require_reading_tools(plan.question.parts, tools.tools)
            request = await self._requests.build(plan, tools)
            gateways, request = await self._gateways.choose(plan, request)
            # Empty: the readers of documents and the tool loop fill them before later requests.
            call_holds = [Hold() for _ in answers]
            request_holds = input_holds
            if not plan.documents:  # notes come first, so the request is not sent yet
                request_holds = await self.costs.hold_calls(input_holds, request, plan)
            holds = answer_holds(request_holds, call_holds)
            for answer_hold in holds:
                undo.push_async_callback(answer_hold.release)
            gateways = [
                await self._gateways.wrap(
                    gateway, plan, request, tools=tools, answer=answer, call_hold=call_hold
                )
                for answer, gateway, call_hold in zip(answers, gateways, call_holds, strict=True)
            ]
            undo.pop_all()
        tool_prices = self._gateways.tool_prices(resolved)
        stand_in = partial(self._retire_instant, resolved.profile, conversation.choice)
        return [
            AnswerRun(
                PreparedAnswer(
                    conversation,
                    question,
                    answer,
                    resolved,
                    request,
                    gateway,
                    answer_hold,
                    settings.schema,
                    stand_in,
                    partial(self._reread_in_parts, conversation, plan, answer, tools),
                ),
                self.store,
                self.attachments,
                AnswerLedger(self.spending, plan.purpose, tool_prices),
            )
            for answer, gateway, answer_hold in zip(answers, gateways, holds, strict=True)
        ]

    async def _store(self, runs: Sequence[AnswerRun]) -> AnswerRun:
        """Store the empty answers of `runs`, and their question if it is new; return the first."""
        async with AsyncExitStack() as undo:
            for run in runs:
                undo.push_async_callback(run.hold.release)
            first_run = runs[0]
            answers = [run.answer for run in runs]
            await self.store.begin_turn(first_run.conversation, first_run.question, *answers)
            undo.pop_all()
        first_run.set_siblings(runs[1:])
        return first_run

    async def _reread_in_parts(
        self, conversation: Conversation, plan: AnswerPlan, answer: Message, tools: ToolSet
    ) -> PreparedAnswer | None:
        """Return the answer from documents read in parts; None if that is not possible.

        The server has refused the question as too long.

        Raises StorageError, DocumentError, SpendingCapError.
        """
        question = plan.question
        resolved = plan.resolved
        parts = tuple(
            replace(part, in_parts=True) if isinstance(part, DocumentPart) else part
            for part in question.parts
        )
        if parts == question.parts:
            return None  # there are no documents, or they are read in parts already
        # Only the models of compatible servers have windows that a refusal must show.
        if resolved.profile.kind is not ProviderKind.COMPATIBLE:
            return None
        if plan.settings.grammar is not None:
            return None  # the notes would not follow the grammar
        question = replace(question, parts=parts)
        path = (*plan.context.path[:-1], question)
        context = replace(plan.context, path=path, resolved=self._with_named_window(resolved))
        plan = replace(plan, context=context)
        call_hold = Hold()
        request = (await self._requests.build(plan, tools)).for_one_answer()
        gateway = await self._gateways.wrap(
            self.gateway, plan, request, tools=tools, answer=answer, call_hold=call_hold
        )
        count = await self.estimator.context_tokens(context)
        cost = cost_of(resolved.counted_price, Usage(input_tokens=count.tokens))
        hold = await self.budget.hold(resolved.profile, cost)
        (answer_hold,) = split_hold(hold, 1, [call_hold])  # releases both
        return PreparedAnswer(
            conversation, question, answer, resolved, request, gateway, answer_hold
        )

    def _with_named_window(self, resolved: ResolvedChoice) -> ResolvedChoice:
        """Return the choice with the context window that a server has named in a refusal.

        A smaller known limit stays.
        """
        window = self._window_of(resolved.profile, resolved.model.id)
        known_limit = resolved.model.input_limit
        if window is None:
            return resolved
        if known_limit and known_limit <= window:
            return resolved
        model = replace(resolved.model, context_window=window, max_input=None)
        return replace(resolved, model=model)

    async def with_tools_and_form(
        self, context: SendContext, settings: AskSettings, template_id: str = ""
    ) -> SendContext:
        """Return the context with the tools and the form of the answer, to estimate a cost.

        No server of tools is started: the tools are those that it listed last.

        Args:
            template_id: the template of the question, which may have a form.

        Raises:
            UserFacingError: the template or the form cannot be used.
        """
        requirements = await self.load_requirements(template_id)
        settings = await with_form(settings, requirements.form, context.resolved)
        tools = await self._chosen_tools(settings, context.resolved, starts_servers=False)
        return replace(context, tools=tools.definitions, form=settings.answer_form)

    async def _chosen_tools(
        self, settings: AskSettings, resolved: ResolvedChoice, *, starts_servers: bool = True
    ) -> ToolSet:
        names = settings.parameters.tools
        if not names or resolved.model.takes_tools is False:
            return ToolSet()
        refused_names = tuple(n for n in names if n in HOSTED_TOOLS and hosted_refusal(n, resolved))
        tool_set = await self._tools().choose(
            [name for name in names if name not in refused_names], starts_servers=starts_servers
        )
        return replace(tool_set, missing=(*tool_set.missing, *refused_names))

    def _retire_instant(self, profile: ProviderProfile, choice: ModelChoice) -> ResolvedChoice:
        """Mark Instant as not served by the provider. Return its stand-in."""
        self._providers_without_instant.add(profile.id)
        return self.resolve(profile, choice)


def _answer_notices(plan: AnswerPlan, tools: ToolSet) -> Sequence[NoticeText]:
    """Return the notices of a new answer; some may be empty."""
    resolved = plan.resolved
    settings = plan.settings
    messages = plan.context.sent.messages
    missing_names = ", ".join(tools.missing)
    return (
        resolved.notice,
        unseen_images_notice(messages, resolved.model),
        text_notice(messages, resolved),
        beginning_notice(messages),
        *_parameter_notices(settings, resolved),
        notice(NoticeCode.TOOLS_MISSING, names=missing_names) if missing_names else "",
        *_unsupported_notices(settings, resolved.model),
        form_notice(settings.answer_form),
        notice(NoticeCode.REPAIRED) if plan.repairs else "",
    )


def _unsupported_notices(settings: AskSettings, model: ModelInfo) -> list[NoticeText]:
    """Return notices on tools and a schema that the model is known not to support."""
    unsupported: list[str] = []
    if settings.parameters.tools and model.takes_tools is False:
        unsupported.append("tools")
    if settings.schema is not None and model.takes_schema is False:
        unsupported.append("schema")
    return [
        notice(NoticeCode.SETTING_NOT_SUPPORTED, setting=name, model=model.name)
        for name in unsupported
    ]


def _require_model(resolved: ResolvedChoice) -> ResolvedChoice:
    """Return the choice. Raises IllegalChoiceError if it has no model."""
    if not resolved.model.id:
        profile = resolved.profile
        hint = (
            N_("Choose one in the model menu, or set OPENAI_MODEL or AZURE_OPENAI_DEPLOYMENT.")
            if profile.from_environment
            else hints.TYPE_MODEL
        )
        raise IllegalChoiceError(
            N_("{provider} has no default model."), hint=hint, provider=profile.short_name
        )
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
        notices=tuple(filter(None, notices)),
    )


def _parameter_notices(settings: AskSettings, resolved: ResolvedChoice) -> list[AnswerNotice]:
    parameters = settings.parameters
    accepted = accepted_parameters(parameters, resolved)
    return model_notices(
        parameters,
        accepted,
        settings.requested,
        resolved.profile,
        info=resolved.model,
        effort=resolved.effort,
    )
