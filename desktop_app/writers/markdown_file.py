"""Writes a conversation as Markdown: the shown path, each message under a heading."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from desktop_app.domain.code_fence import fenced
from desktop_app.domain.conversations.answer_sources import sources_markdown
from desktop_app.domain.conversations.conversation import Conversation, Message
from desktop_app.domain.conversations.message_facts import (
    attachment_caption,
    call_caption,
    export_ending,
    heading_of,
    sent_passages,
)
from desktop_app.domain.conversations.message_parts import ReasoningPart, ToolCallPart
from desktop_app.domain.conversations.written_text import WrittenText
from desktop_app.i18n.translation import tr
from desktop_app.markdown.parsing.parser import parser
from desktop_app.markdown.structured_answer import with_rendered_form

ModelName = Callable[[str], str]
_CODE_TOKENS: Final = ("fence", "code_block")
# Also matches escapes and code spans. Names have a limit because the search for the ends of 8,000
# unclosed names took 1.6 s.
_NAME_OR_CODE: Final = re.compile(r"\\.|(`+)(?!`).*?(?<!`)\1(?!`)|\[\^[^\]\s]{1,200}\]")


def to_markdown(
    conversation: Conversation,
    path: Iterable[Message],
    name_of_model: ModelName,
    texts: Iterable[WrittenText] = (),
) -> str:
    """Return the text of the file, at its end the texts beside the conversation."""
    return "".join(markdown_pieces(conversation, path, name_of_model, texts))


def markdown_pieces(
    conversation: Conversation,
    path: Iterable[Message],
    name_of_model: ModelName,
    texts: Iterable[WrittenText] = (),
) -> Iterator[str]:
    """Yield the text of the file in pieces."""
    yield f"# {conversation.title}"
    footnote_names: set[str] = set()
    for message in path:
        for piece in _write_message(message, name_of_model, footnote_names):
            yield f"\n\n{piece}"
    for text in texts:
        heading = tr("Text: {title}", title=text.title)
        yield f"\n\n## {heading}\n\n{_closed(unique_footnotes(text.accepted, footnote_names))}"
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
        yield _closed(unique_footnotes(answer.text, footnote_names))
    if listed := sources_markdown(message):
        yield listed
    for line in ending_lines(message):
        yield f"*{line}*"


def _closed(text: str) -> str:
    """Return a text whose last code block ends: it would take in the rest of the file."""
    if "```" in text or "~~~" in text:
        last = parser().parse(f"{text}\n\nend")[-1]  # the word belongs to an open block
        if last.type == "fence":
            return f"{text.removesuffix(chr(10))}\n{last.markup}"
    return text


def call_as_markdown(call: ToolCallPart) -> str:
    """Return a quote with a call, its arguments and its result."""
    blocks = [fenced(call.run_arguments, "json")]
    blocks += [fenced(text) for text in (call.result, call.for_user) if text]
    code = "\n\n".join(blocks)
    quote = "\n".join(f"> {line}".rstrip() for line in code.splitlines())
    return f"> *{call_caption(call)}*\n>\n{quote}"


def ending_lines(message: Message) -> list[str]:
    """Return the notices below an answer, how it ended, and its error."""
    lines = [str(notice) for notice in (*message.notices, export_ending(message)) if notice]
    return lines if message.error is None else [*lines, message.error.what_happened]


def unique_footnotes(text: str, used_names: set[str]) -> str:
    """Rename footnotes whose names are taken, and add the text's footnotes to `used_names`."""
    if "]:" not in text or "[^" not in text:
        return text
    tokens = parser().parse(text, {})
    labels = [t.meta["label"] for t in tokens if t.type == "footnote_reference_open"]
    names = {label: _free_name(label, used_names) for label in dict.fromkeys(labels)}
    if all(label == name for label, name in names.items()):
        return text
    code = [t.map for t in tokens if t.type in _CODE_TOKENS and t.map is not None]
    code_lines = {number for begin, end in code for number in range(begin, end)}
    names_by_mark = {f"[^{label}]": f"[^{name}]" for label, name in names.items()}
    lines = text.split("\n")
    for number in set(range(len(lines))) - code_lines:
        lines[number] = _NAME_OR_CODE.sub(
            lambda match: names_by_mark.get(match[0], match[0]), lines[number]
        )
    return "\n".join(lines)


def _free_name(label: str, used_names: set[str]) -> str:
    """Return the label, or a similar name if it is taken; add the result to `used_names`."""
    name = label
    number = 1
    while name.casefold() in used_names:
        number += 1
        name = f"{label}_{number}"
    used_names.add(name.casefold())
    return name
