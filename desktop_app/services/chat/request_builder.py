"""Builds the requests of answers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from desktop_app.domain.answering.chat_request import ChatRequest
from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.conversations.message_parts import (
    DocumentPart,
    chunked_documents,
    tool_calls,
)
from desktop_app.domain.spending.spending_report import Purpose
from desktop_app.services.chat.ask_settings import AskSettings, accepted_parameters
from desktop_app.services.chat.background_offer import offers_background
from desktop_app.services.chat.prompt_assembly import example_turns, sent_messages
from desktop_app.services.chat.send_context import SendContext
from desktop_app.services.documents.image_attachments import ImageForm
from desktop_app.services.documents.summary_grammar import grammar_for
from desktop_app.services.models.choice_resolution import ResolvedChoice
from desktop_app.services.ports import AttachmentSource, ImageSource, RequirementsLoader
from desktop_app.services.prompt_delimiter import DelimiterFactory, PromptDelimiter
from desktop_app.services.structured.answer_forms import repair_turn
from desktop_app.services.tools.tool_set import ToolSet


@dataclass(frozen=True)
class AnswerPlan:
    """A question, and how it is answered.

    Attributes:
        context: the conversation, whose last message is the question.
        repairs: an answer that does not match its schema; the model gets it with the reason. None
            for a usual answer.
        purpose: the purpose of the requests in the ledger.
    """

    context: SendContext
    settings: AskSettings
    repairs: Message | None = None
    purpose: Purpose = Purpose.ANSWER

    @property
    def question(self) -> Message:
        """Return the question."""
        return self.context.path[-1]

    @property
    def resolved(self) -> ResolvedChoice:
        """Return the model that answers."""
        return self.context.resolved

    @property
    def documents(self) -> tuple[DocumentPart, ...]:
        """Return the documents of the question that are read in chunks."""
        return chunked_documents(self.question.parts)


class RequestBuilder:
    """Builder of requests from conversations."""

    def __init__(
        self,
        attachments: AttachmentSource,
        images: ImageSource,
        delimiters: DelimiterFactory,
        load_requirements: RequirementsLoader,
    ) -> None:
        self._attachments = attachments
        self._images = images
        self._delimiters = delimiters
        self._load_requirements = load_requirements

    async def build(self, plan: AnswerPlan, tools: ToolSet) -> ChatRequest:
        """Return the request for all answers. Raises StorageError, DocumentError."""
        question = plan.question
        resolved = plan.resolved
        settings = plan.settings
        delimiter = await self._delimiters.delimiter_for(question.conversation_id)
        image_form = ImageForm(resolved.model, self._images, resolved.files)
        requirements = await self._load_requirements(question.template_id)
        state, messages = await sent_messages(
            plan.context.sent,
            self._attachments,
            delimiter,
            image_form,
            provider_id=resolved.profile.id,
        )
        repair_messages = repair_turn(plan.repairs) if plan.repairs else ()
        request = ChatRequest(
            model=resolved.model.id,
            messages=(*example_turns(settings.examples), *messages, *repair_messages),
            instructions=settings.instructions,
            effort=resolved.effort,
            parameters=accepted_parameters(settings.parameters, resolved),
            cache_key=question.conversation_id,
            state=state,
            store=resolved.profile.keeps_at_provider,
            background=settings.background and offers_background(resolved),
            schema=None if resolved.model.takes_schema is False else settings.schema,
            grammar=settings.grammar or grammar_for(requirements, question.parts, resolved),
            wants_images=bool(resolved.model.makes_images),
            requested=settings.requested,
        )
        return _with_tools(request, tools, delimiter)


def _with_tools(request: ChatRequest, tools: ToolSet, delimiter: PromptDelimiter) -> ChatRequest:
    """Return the request with tools, and with the explanation of the delimiter around results.

    With tools it does not run in the background, because nobody could approve the calls.
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
        background=request.background and not tools,
    )
