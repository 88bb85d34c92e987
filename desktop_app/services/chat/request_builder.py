"""Builds the requests of answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from desktop_app.domain.answering.chat_request import ChatRequest
from desktop_app.domain.conversations.message_parts import tool_calls
from desktop_app.services.chat.ask_settings import accepted_parameters, offers_background
from desktop_app.services.chat.prompt_assembly import example_turns, sent_messages
from desktop_app.services.chat.send_context import SendContext
from desktop_app.services.collections.passage_context import NoCollections, PassageSource
from desktop_app.services.documents.image_attachments import ImageForm
from desktop_app.services.documents.summary_grammar import grammar_for
from desktop_app.services.ports import (
    ChatAttachments,
    CompactionStorage,
    ImageSource,
    MessageStore,
    RequirementsLoader,
)
from desktop_app.services.prompt_delimiter import DelimiterFactory, PromptDelimiter
from desktop_app.services.structured.answer_forms import repair_turn
from desktop_app.services.tools.tool_set import ToolSet

if TYPE_CHECKING:  # few questions have documents to read in parts
    from desktop_app.services.documents.chunked_reading import ChunkedReader


@dataclass(frozen=True)
class RequestSources:
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
    images: ImageSource
    compactions: CompactionStorage
    load_requirements: RequirementsLoader
    delimiters: DelimiterFactory
    chunked_reader: Callable[[], ChunkedReader]
    passages: Callable[[], PassageSource] = NoCollections

    async def build_request(self, context: SendContext) -> ChatRequest:
        """Return the request for all answers. Raises StorageError, DocumentError."""
        question = context.question
        resolved = context.resolved
        settings = context.settings
        delimiter = await self.delimiters.delimiter_for(question.conversation_id)
        image_form = ImageForm(resolved.model, self.images, resolved.files)
        requirements = await self.load_requirements(question.template_id)
        state, messages = await sent_messages(
            context.sent, self.attachments, delimiter, image_form, provider_id=resolved.profile.id
        )
        repair_messages = repair_turn(context.repairs) if context.repairs else ()
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
        return _with_tools(request, context.tools, delimiter)


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
