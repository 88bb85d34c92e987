"""Writes a conversation as Markdown: the shown path, each message under a heading."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from desktop_app.domain.code_fence import fenced
from desktop_app.domain.conversations.conversation import Conversation, Message
from desktop_app.domain.conversations.message_facts import (
    attachment_caption,
    call_caption,
    export_ending,
    heading_of,
    sent_passages,
)
from desktop_app.domain.conversations.message_parts import ReasoningPart, ToolCallPart
from desktop_app.exchange.writers.footnotes import unique_footnotes
from desktop_app.i18n.translation import tr
from desktop_app.markdown.parsing.parser import parser
from desktop_app.markdown.structured_answer import with_rendered_form

ModelName = Callable[[str], str]


def to_markdown(
    conversation: Conversation, path: Iterable[Message], name_of_model: ModelName
) -> str:
    """Return the text of the file."""
    return "".join(markdown_pieces(conversation, path, name_of_model))


def markdown_pieces(
    conversation: Conversation, path: Iterable[Message], name_of_model: ModelName
) -> Iterator[str]:
    """Yield the text of the file in pieces."""
    yield f"# {conversation.title}"
    footnote_names: set[str] = set()
    for message in path:
        for piece in _write_message(message, name_of_model, footnote_names):
            yield f"\n\n{piece}"
    yield "\n"


def _write_message(
    message: Message, name_of_model: ModelName, footnote_names: set[str]
) -> Iterator[str]:
    yield f"## {heading_of(message, name_of_model)}"
    for attached in message.attachments:
        yield attachment_caption(attached)
    sources = [f"[{passage.number}] {passage.source}" for passage in sent_passages(message)]
    if sources:
        source_list = "\n".join(f"- {source}" for source in sources)
        heading = tr("Passages:")
        yield f"{heading}\n\n{source_list}"
    for part in message.parts:
        if isinstance(part, ReasoningPart) and part.text.strip():
            thought = unique_footnotes(part.text.strip(), footnote_names)
            quote = "\n".join(f"> {line}".rstrip() for line in thought.splitlines())
            yield f"> *{tr('Reasoning')}*\n>\n{quote}"
        elif isinstance(part, ToolCallPart):
            yield call_as_markdown(part)
    answer = with_rendered_form(message, as_text=True)
    if answer.text:
        yield _close_fence(unique_footnotes(answer.text, footnote_names))
    for line in ending_lines(message):
        yield f"*{line}*"


def call_as_markdown(call: ToolCallPart) -> str:
    """Return a quote with a call, its arguments and its result."""
    blocks = [fenced(call.run_arguments, "json")]
    blocks += [fenced(call.result)] if call.result else []
    code = "\n\n".join(blocks)
    quote = "\n".join(f"> {line}".rstrip() for line in code.splitlines())
    return f"> *{call_caption(call)}*\n>\n{quote}"


def ending_lines(message: Message) -> list[str]:
    """Return the notices below an answer, how it ended, and its error."""
    lines = [str(notice) for notice in (*message.notices, export_ending(message)) if notice]
    return lines if message.error is None else [*lines, message.error.what_happened]


def _close_fence(text: str) -> str:
    """Close an open code block at the end, which would turn the rest of the file into code."""
    if "```" not in text and "~~~" not in text:
        return text
    # A word after the text belongs to a code block that is still open.
    last = parser().parse(f"{text}\n\nend")[-1]
    return f"{text.removesuffix(chr(10))}\n{last.markup}" if last.type == "fence" else text
