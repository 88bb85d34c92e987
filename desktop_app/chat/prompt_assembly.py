"""Builds the messages of a request from stored messages and attachments.

A document's text stands before the words of its message, in the same form on every turn. So the
beginning of the request stays the same, and the provider's cache can serve it. Documents and
passages are delimited: they stand between tags that they cannot close (see `prompt_delimiter.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from desktop_app.chat.attachments.code_files import GIVEN_TO_CODE
from desktop_app.chat.attachments.document_beginnings import beginning
from desktop_app.chat.attachments.file_attachments import deduplicate_messages, file_data, is_file
from desktop_app.chat.attachments.image_attachments import (
    ImageForm,
    image_name,
    page_name,
    with_generated_images,
)
from desktop_app.chat.passage_context import passages_block
from desktop_app.chat.send_context import OpenText
from desktop_app.domain.answering.chat_request import RequestMessage, RequestPart
from desktop_app.domain.answering.earlier_answers import simplified
from desktop_app.domain.answering.generation import Examples
from desktop_app.domain.conversations.answer_sources import unnamed_sources
from desktop_app.domain.conversations.compaction import CompactionKind, SentPath
from desktop_app.domain.conversations.conversation import (
    Draft,
    Message,
    MessageStatus,
    ModelChoice,
    Role,
)
from desktop_app.domain.conversations.message_parts import (
    CollectionPart,
    DocumentPart,
    ImagePart,
    Part,
    PassagesPart,
    ReasoningPart,
    RefusalPart,
    SourcesPart,
    TextPart,
    ToolCallPart,
)
from desktop_app.domain.documents.document_sections import chosen_text, format_spans
from desktop_app.domain.models.model_catalog import FileInputs
from desktop_app.domain.prompt_delimiter import PromptDelimiter, attribute, one_line
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.providers.ports import AttachmentSource
from desktop_app.tools.calls.call_results import sent_parts

CONTINUE = "Continue exactly where you stopped."
# A summary is sent as an exchange, because many servers refuse two user messages in a row.
SUMMARY_READ = "I have read the summary and go on from there."

# Longer texts are assembled outside the event loop.
LARGE_TEXT_CHARS = 1 << 20
# Messages assembled before other tasks get a turn; they take about 3 ms.
_ASSEMBLED_AT_ONCE = 200

READ_IN_PARTS = (
    "(Too large to be read at once. It was read in parts; the answer was made of notes on all of "
    "them.)"
)

REPEATED_DOCUMENT = (
    "(The same as “{name}” in an earlier message of this conversation, where it stands whole.)"
)


def document_block(part: DocumentPart, text: str, delimiter: PromptDelimiter) -> str:
    """Return the form of a document in a prompt; `text` is all of its text.

    Raises:
        DocumentError: the selected pages cannot be found in the text.
    """
    if part.for_code:
        return delimiter.wrap("document", GIVEN_TO_CODE, attribute("name", part.name))
    if part.by_tools:
        text = beginning(part, text)
    elif part.again_as:
        text = REPEATED_DOCUMENT.format(name=one_line(part.again_as))
    else:
        text = READ_IN_PARTS if part.in_parts else chosen_text(part, text)
    attributes = attribute("name", part.name)
    if part.chosen is not None:
        selection = f"{format_spans(part.chosen.spans)} of {part.chosen.of}"
        attributes += attribute(f"{part.chosen.unit}s", selection)
    elif part.pages:
        attributes += attribute("pages", str(part.pages))
    return delimiter.wrap("document", text, attributes)


async def sent_block(
    part: DocumentPart, attachments: AttachmentSource, delimiter: PromptDelimiter
) -> str:
    """Return the form of a stored document in a prompt.

    Raises:
        StorageError: the document's text is missing.
        DocumentError: the selected pages can no longer be found in the text.
    """
    text = await attachments.text(part.text_key)
    if len(text) < LARGE_TEXT_CHARS:
        return document_block(part, text, delimiter)
    return await asyncio.to_thread(document_block, part, text, delimiter)


def sent_text(part: DocumentPart, block: str, *, sees_images: bool) -> str:
    """Return all text that represents a document: its block and the names of its image pages."""
    names = [page_name(part, page.number) for page in part.image_pages] if sees_images else []
    return "\n\n".join([block, *names]) if names else block


def question_parts(draft: Draft, passages: Sequence[PassagesPart] = ()) -> tuple[Part, ...]:
    """Return the parts of a question: attachments, passages, then the words."""
    text = draft.text.strip()
    return (*draft.question_attachments, *passages, *((TextPart(text),) if text else ()))


def is_delimited(part: Part, files: FileInputs | None) -> bool:
    """Return True for passages, and for documents that are not sent as files.

    Args:
        files: the documents that the provider takes as files; None if it takes none.
    """
    if isinstance(part, DocumentPart):
        return not is_file(part, files)
    return isinstance(part, PassagesPart)


def has_delimited_parts(messages: Iterable[Message], files: FileInputs | None) -> bool:
    return any(is_delimited(part, files) for message in messages for part in message.sent_parts)


def is_first_delimited(
    part: DocumentPart | ImagePart,
    attached: Iterable[DocumentPart | ImagePart],
    earlier_messages: Iterable[Message],
    files: FileInputs | None,
) -> bool:
    """Return True if `part` is the first text between tags in a request.

    The request explains the delimiter just before `part` then.

    Args:
        attached: the parts of the question.
        earlier_messages: the messages before the question.
        files: the documents that the provider takes as files; None if it takes none.
    """
    first = next((candidate for candidate in attached if is_delimited(candidate, files)), None)
    return (
        first is not None
        and first.sha256 == part.sha256
        and not has_delimited_parts(earlier_messages, files)
    )


async def request_messages(
    path: Iterable[Message],
    attachments: AttachmentSource,
    delimiter: PromptDelimiter,
    image_form: ImageForm | None = None,
) -> tuple[RequestMessage, ...]:
    """Return the messages of `path` as they are sent.

    Answers without content are left out, and repeated documents are reduced to their names.
    Without `image_form`, images are reduced to their names and all documents are sent as text. The
    explanation of the delimiter stands before the first delimited text.

    Raises:
        StorageError, DocumentError: an attachment is missing or cannot be read.
    """
    messages_of_path = list(path)
    if image_form is not None:
        messages_of_path = with_generated_images(messages_of_path, image_form.model)
    path_messages = (replace(m, parts=m.sent_parts) for m in messages_of_path if has_content(m))
    files = image_form.files if image_form else None
    is_explained = False
    messages: list[RequestMessage] = []
    for number, message in enumerate(deduplicate_messages(path_messages, files), start=1):
        if number % _ASSEMBLED_AT_ONCE == 0:
            await asyncio.sleep(0)
        with_explanation = not is_explained and has_delimited_parts([message], files)
        is_explained = is_explained or with_explanation
        messages.append(
            await _request_message(
                message, attachments, delimiter, image_form, with_explanation=with_explanation
            )
        )
        if message.notices:
            messages = [*simplified(messages, message.notices)]
    return tuple(messages)


def summary_messages(summary: str, delimiter: PromptDelimiter) -> tuple[RequestMessage, ...]:
    """Return the messages that replace summarized messages."""
    text = (
        "This is a summary of our conversation so far; the messages themselves are left out.\n\n"
        + delimiter.wrap("summary", summary)
    )
    return (
        RequestMessage(Role.USER, (TextPart(text),)),
        RequestMessage(Role.ASSISTANT, (TextPart(SUMMARY_READ),)),
    )


async def sent_messages(
    sent_path: SentPath,
    attachments: AttachmentSource,
    delimiter: PromptDelimiter,
    image_form: ImageForm,
    recipient: ResolvedChoice,
) -> tuple[str, tuple[RequestMessage, ...]]:
    """Return the provider's own compaction, or "", and the messages sent with it."""
    path = []
    for message in sent_path.messages:
        if message.choice is not None and not _reads_reasoning(recipient, message.choice):
            parts = tuple(part for part in message.parts if not isinstance(part, ReasoningPart))
            message = replace(message, parts=parts)
        path.append(message)
    messages = await request_messages(path, attachments, delimiter, image_form)
    if sent_path.compaction is None:
        return "", messages
    if sent_path.compaction.kind is CompactionKind.PROVIDER:
        return sent_path.compaction.body, messages
    return "", (*summary_messages(sent_path.compaction.body, delimiter), *messages)


def _reads_reasoning(recipient: ResolvedChoice, answering: ModelChoice) -> bool:
    """Return True if the recipient can read the reasoning of an answer.

    Only the provider that sent it can. OpenAI's models read that of each other. At a gateway, each
    model may be another company's.
    """
    profile = recipient.profile
    is_same_model = answering.model == recipient.model.id
    return answering.provider_id == profile.id and (
        is_same_model or profile.kind.takes_openai_fields
    )


def has_content(message: Message) -> bool:
    """Return True for a question, or an ended answer with text or an ended tool call."""
    if message.role is Role.USER:
        return True
    return message.status is not MessageStatus.STREAMING and any(
        (isinstance(part, TextPart | RefusalPart) and part.text)
        or (isinstance(part, ToolCallPart) and part.state.has_ended)
        for part in message.parts
    )


async def _request_message(
    message: Message,
    attachments: AttachmentSource,
    delimiter: PromptDelimiter,
    image_form: ImageForm | None,
    *,
    with_explanation: bool,
) -> RequestMessage:
    files = image_form.files if image_form else None
    parts: list[RequestPart] = []
    for part in message.parts:
        if with_explanation and is_delimited(part, files):
            parts.append(TextPart(delimiter.explanation))
            with_explanation = False
        match part:
            case DocumentPart() if is_file(part, files):
                parts.append(await file_data(part, attachments))
            case DocumentPart():
                parts.append(TextPart(await sent_block(part, attachments, delimiter)))
                if image_form:
                    parts += await image_form.pages(part)
            case ImagePart():
                parts.append(await image_form.sendable(part) if image_form else image_name(part))
            case PassagesPart():
                parts.append(TextPart(passages_block(part, delimiter)))
            case CollectionPart() | SourcesPart():
                pass  # collections occur only in drafts, and the cited sources follow the text
            case ReasoningPart() if not part.has_data:
                pass  # a plain summary is for the user; only encrypted reasoning can be sent again
            case _:
                parts.append(part)
    if sources := unnamed_sources(message):
        last_part = parts[-1] if parts else None
        phase = last_part.phase if isinstance(last_part, TextPart) else ""
        parts.append(TextPart(sources, phase))
    joined: list[RequestPart] = []  # adjacent texts, because some servers accept a single string
    for each in sent_parts(parts, delimiter):
        last = joined[-1] if joined else None
        match last, each:
            case TextPart(text, phase), TextPart(more, phase_of_more) if phase == phase_of_more:
                joined[-1] = TextPart(f"{text}\n\n{more}", phase)
            case _:
                joined.append(each)
    return RequestMessage(message.role, tuple(joined))


def text_block(open_text: OpenText, delimiter: PromptDelimiter) -> str:
    """Return the text that is open beside a conversation as requests contain it."""
    block = delimiter.wrap("text", open_text.text)
    return "\n\n".join((open_text.introduction, delimiter.explanation, block))


def with_open_text(messages: Sequence[RequestMessage], block: str) -> tuple[RequestMessage, ...]:
    """Return messages whose last one begins with the text that is open beside them."""
    *earlier, question = messages
    match question.parts:
        case (TextPart(words), *others):
            parts: Sequence[RequestPart] = (TextPart(f"{block}\n\n{words}"), *others)
        case _:
            parts = (TextPart(block), *question.parts)
    return (*earlier, replace(question, parts=tuple(parts)))


def example_turns(examples: Examples) -> Iterator[RequestMessage]:
    """Yield the messages of pairs of a question and its ideal answer."""
    for question, answer in examples:
        yield RequestMessage(Role.USER, (TextPart(question),))
        yield RequestMessage(Role.ASSISTANT, (TextPart(answer),))
