"""From messages and attachments to what is sent.

A document's text stands before the words of the message it came with, in the same form on every
turn, so that the beginning of the request stays the same and the provider's cache can serve it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from desktop_app.domain.chat_request import RequestMessage, RequestPart
from desktop_app.domain.compaction import CompactionKind, SentPath
from desktop_app.domain.conversation import Draft, Message, MessageStatus, Role
from desktop_app.domain.parts import (
    CollectionPart,
    DocumentPart,
    ImagePart,
    Part,
    PassagesPart,
    ReasoningPart,
    RefusalPart,
    TextPart,
)
from desktop_app.domain.sections import chosen_text, format_spans
from desktop_app.services.files import file_data, is_file
from desktop_app.services.passages import passages_block
from desktop_app.services.pictures import Sight, named, page_name
from desktop_app.services.ports import AttachmentSource
from desktop_app.services.repeats import once

CONTINUE = "Continue exactly where you stopped."
# A summary is sent as an exchange of its own: many servers refuse two questions in a row.
SUMMARY_READ = "I have read the summary and go on from there."

# Characters that are put together away from the event loop.
LARGE = 1 << 20

READ_IN_PARTS = "(Too large to be read at once. It was read in parts; the answer was made of notes on all of them.)"

SENT_BEFORE = (
    "(The same as “{name}” in an earlier message of this conversation, where it stands whole.)"
)


def document_block(part: DocumentPart, text: str) -> str:
    """A document as it stands in a prompt; `text` is all of it.

    Raises:
        DocumentError: the pages that were chosen cannot be told apart in it.
    """
    if part.again_as:
        text = SENT_BEFORE.format(name=part.again_as)
    else:
        text = READ_IN_PARTS if part.in_parts else chosen_text(part, text)
    pages = f' pages="{part.pages}"' if part.pages else ""
    if part.chosen is not None:
        which = format_spans(part.chosen.spans)
        pages = f' {part.chosen.unit}s="{which} of {part.chosen.of}"'
    name = part.name.replace('"', "'")
    return f'<document name="{name}"{pages}>\n{text.strip()}\n</document>'


async def sent_block(part: DocumentPart, attachments: AttachmentSource) -> str:
    """A kept document as it stands in a prompt.

    Raises:
        StorageError, DocumentError: it is gone, or its pages cannot be told apart any more.
    """
    text = await attachments.text(part.sha256)
    if len(text) < LARGE:
        return document_block(part, text)
    return await asyncio.to_thread(document_block, part, text)


def sent_text(part: DocumentPart, block: str, *, sees: bool) -> str:
    """All the words that stand for a document in a request: its block, and what names its pictures."""
    names = [page_name(part, page.number) for page in part.seen_pages] if sees else []
    return "\n\n".join([block, *names]) if names else block


def question_parts(draft: Draft, found: Sequence[PassagesPart] = ()) -> tuple[Part, ...]:
    """The parts of a question: what was attached, what was found for it, then the words."""
    text = draft.text.strip()
    return (*draft.of_this_question, *found, *((TextPart(text),) if text else ()))


async def request_messages(
    path: Iterable[Message], attachments: AttachmentSource, sight: Sight | None = None
) -> tuple[RequestMessage, ...]:
    """The messages of `path` as they are sent; answers that never began are left out, and a document
    that comes again is named. Without `sight` pictures are named only, and every document is its
    text.

    Raises:
        StorageError, DocumentError: an attachment is gone or cannot be read any more.
    """
    sent = [message for message in path if has_words(message)]
    read = once(sent, sight.files if sight else None)
    return tuple([await _request_message(message, attachments, sight) for message in read])


def summary_messages(summary: str) -> tuple[RequestMessage, ...]:
    """What stands for the messages that a summary was made of."""
    words = (
        "This is a summary of our conversation so far; the messages themselves are left out.\n\n"
        f"<summary>\n{summary.strip()}\n</summary>"
    )
    return (
        RequestMessage(Role.USER, (TextPart(words),)),
        RequestMessage(Role.ASSISTANT, (TextPart(SUMMARY_READ),)),
    )


async def sent_messages(
    sent: SentPath, attachments: AttachmentSource, sight: Sight
) -> tuple[str, tuple[RequestMessage, ...]]:
    """The provider's state ("" where there is none) and the messages that go with it."""
    messages = await request_messages(sent.messages, attachments, sight)
    if sent.compaction is None:
        return "", messages
    if sent.compaction.kind is CompactionKind.PROVIDER:
        return sent.compaction.body, messages
    return "", (*summary_messages(sent.compaction.body), *messages)


def has_words(message: Message) -> bool:
    """Whether a message is sent at all: an answer that never began is not."""
    if message.role is Role.USER:
        return True
    return message.status is not MessageStatus.STREAMING and any(
        isinstance(part, TextPart | RefusalPart) and part.text for part in message.parts
    )


async def _request_message(
    message: Message, attachments: AttachmentSource, sight: Sight | None
) -> RequestMessage:
    parts: list[RequestPart] = []
    for part in message.parts:
        match part:
            case DocumentPart() if sight and is_file(part, sight.files):
                parts.append(await file_data(part, attachments))
            case DocumentPart():
                parts.append(TextPart(await sent_block(part, attachments)))
                parts += await sight.pages(part) if sight else ()
            case ImagePart():
                parts.append(await sight.shown(part) if sight else named(part))
            case PassagesPart():
                parts.append(TextPart(passages_block(part)))
            case CollectionPart():
                pass  # it stands in drafts alone
            case ReasoningPart() if not part.encrypted:
                pass  # a bare summary is for people; only encrypted reasoning can be replayed
            case _:
                parts.append(part)
    return RequestMessage(message.role, _joined(parts))


def _joined(parts: Sequence[RequestPart]) -> tuple[RequestPart, ...]:
    """Neighbouring texts as one: servers for plain text take a single string only."""
    joined: list[RequestPart] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, TextPart) and isinstance(last, TextPart):
            joined[-1] = TextPart(f"{last.text}\n\n{part.text}")
        else:
            joined.append(part)
    return tuple(joined)
