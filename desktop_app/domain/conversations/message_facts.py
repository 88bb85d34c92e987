"""Facts about a message in the user's language, on screen, paper and in exported files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from desktop_app.domain.answering.chat_request import ON_DEVICE_ID
from desktop_app.domain.conversations.conversation import Message, MessageStatus, ModelChoice, Role
from desktop_app.domain.conversations.message_parts import (
    TEXT_ONLY,
    ChosenPages,
    DocumentPart,
    ImagePart,
    ReasoningPart,
    TextPart,
    ToolCallPart,
)
from desktop_app.domain.conversations.notices import NoticeCode, is_detail, notice
from desktop_app.domain.documents.collections import Passage
from desktop_app.domain.documents.document_sections import format_spans
from desktop_app.domain.graphemes import cut
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.domain.models.answering_model import is_same_model
from desktop_app.domain.tools.tool import (
    BAD_ARGUMENTS,
    EDIT_TOOL,
    NOTHING_FOUND,
    PROPOSED,
    SEARCH_TOOL,
    ToolCallState,
)
from desktop_app.domain.tools.tool_words import describe_call, tool_title
from desktop_app.i18n.formatting import counted_money, duration, moment, percent, size
from desktop_app.i18n.translation import N_, tr, tr_context, tr_plural

_MAX_REASON_CHARS: Final = 200
_MIN_CALL_S: Final = 1.0
"""Seconds. The time of a shorter call tells nobody anything."""
_MAX_NAMED_PAGES: Final = 12
_MAX_PARSED_CHARS: Final = 100_000
"""The most characters of JSON that is parsed, and of its indented form.

A megabyte of nested lists would take 20 s to indent, and become hundreds of megabytes.
"""

ENDINGS: Final[Mapping[MessageStatus, str]] = {
    MessageStatus.CANCELLED: N_("Stopped"),
    MessageStatus.INTERRUPTED: N_("Interrupted because Repartee closed"),
    MessageStatus.REFUSED: N_("Declined by the model"),
    MessageStatus.INCOMPLETE: N_("Incomplete"),
}
"""The footer of an answer that did not end as usual, by status; marked for translation."""

_EXPORT_ENDINGS: Final = {
    **ENDINGS,
    MessageStatus.STREAMING: N_("Still being written when this was exported"),
}
"""The same footers for exported files and paper, where an answer may still be unfinished."""

_MIN_SHOWN_S: Final = 0.1
"""Seconds. Shorter durations are shown as this one, not as "0.0 s"."""
_PROPOSED: Final = lazy_pattern(PROPOSED.replace("{}", r"(\d+)"))
_SUBJECT: Final = lazy_pattern(r"\s*(?:\*\*|#+ )(?P<subject>[^*\n]{3,80})")
"""A heading, or bold words, at the beginning of a summary of the reasoning."""


def ending_text(message: Message) -> str:
    """Return why an answer is incomplete, or that it is empty; "" for all other messages."""
    if message.status is MessageStatus.COMPLETE and message.role is Role.ASSISTANT:
        has_only_text = all(isinstance(part, TextPart | ReasoningPart) for part in message.parts)
        is_empty = has_only_text and not message.text.strip()
        return tr("The response is empty.") if is_empty else ""
    ending = ENDINGS.get(message.status)
    return tr(ending) if ending else ""


def is_explained(message: Message) -> bool:
    """Return True if an answer's error says how the answer ended."""
    explained = (MessageStatus.INTERRUPTED, MessageStatus.REFUSED, MessageStatus.INCOMPLETE)
    return message.status in explained and message.error is not None


def export_ending(message: Message) -> str:
    """Return why an exported or printed answer is incomplete; "" if it is complete.

    Also return "" if the error of the answer says why.
    """
    if is_explained(message):
        return ""
    ending = _EXPORT_ENDINGS.get(message.status)
    return tr(ending) if ending else ""


def heading_of(message: Message, name_of_model: Callable[[str], str]) -> str:
    """Return a heading with speaker and time of a message, for files, paper and copies."""
    return f"{_speaker(message, name_of_model)} · {moment(message.created_at)}"


def _speaker(message: Message, name_of_model: Callable[[str], str]) -> str:
    if message.role is Role.USER:
        return tr_context("speaker", "You")
    choice = message.choice
    if choice is None or not choice.model:
        return tr("Response")
    name = name_of_model(choice.model)
    if choice.effort is None:
        return name
    return tr("{model}, {effort}", model=name, effort=tr(choice.effort.label))


def answer_facts(
    message: Message, name_of_model: Callable[[str], str], *, with_effort: bool = True
) -> list[str]:
    """Return the known facts of an answer: variant or model, effort, tokens, cost, time."""
    return [*model_facts(message, name_of_model, with_effort=with_effort), *measured_facts(message)]


def model_facts(
    message: Message, name_of_model: Callable[[str], str], *, with_effort: bool = True
) -> list[str]:
    """Return what answered: variant or model, and effort."""
    facts: list[str] = []
    if message.choice is not None:
        choice = message.choice
        variant = choice.variant
        facts.append(variant.label if variant else name_of_model(choice.model))
        if model_fact := other_model_fact(choice, message.answered_by):
            facts.append(model_fact)
        if with_effort and choice.effort is not None:
            facts.append(tr(choice.effort.label))
    return facts


def measured_facts(message: Message) -> list[str]:
    """Return the known tokens, cost and time of an answer."""
    facts: list[str] = []
    if message.usage is not None:
        tokens = message.usage.input_tokens + message.usage.output_tokens
        facts.append(tr_plural("{count} token", "{count} tokens", tokens))
    if message.cost is not None:
        facts.append(cost_text(message, message.cost))
    if message.duration_s is not None:
        facts.append(duration(max(message.duration_s, _MIN_SHOWN_S)))
    return facts


def cost_text(answer: Message, cost: Decimal) -> str:
    """Return what an answer costs: ≥ if the price of a part is unknown, ≈ if it is estimated."""
    has_unknown, has_estimates = is_least_cost(answer), answer.cost_is_estimated
    text = counted_money(cost, has_unknown=has_unknown, has_estimates=has_estimates)
    return tr("{cost} estimated", cost=text) if answer.cost_is_estimated else text


def is_least_cost(answer: Message) -> bool:
    """Return True if an answer costs more than its `cost`."""
    return notice(NoticeCode.COST_AT_LEAST) in answer.notices


def other_model_fact(choice: ModelChoice, answered_by: str) -> str:
    """Name the model that answered; "" if it is the requested model or unknown."""
    if is_same_model(choice.model, answered_by):
        return ""
    return tr("answered by {model}", model=answered_by)


def written_on(message: Message) -> str:
    """Name the other computer that wrote a message of a shared library; "" for this one."""
    return tr("Written on {computer}", computer=message.computer) if message.computer else ""


def detail_lines(message: Message) -> list[str]:
    """Return what an answer took, as lines of a tooltip: in all, tokens by kind, speed.

    The speed is that of models on this computer: others also wait for a network and a queue.
    """
    lines = [" · ".join(measured_facts(message)), *token_facts(message)]
    choice, usage, seconds = message.choice, message.usage, message.duration_s
    if usage is not None and choice is not None and choice.provider_id == ON_DEVICE_ID and seconds:
        speed = round(usage.output_tokens / seconds)
        lines.append(tr("Speed: {count} tokens/s", count=speed))
    return [line for line in (*lines, written_on(message)) if line]


def token_facts(message: Message) -> list[str]:
    """Return an answer's tokens by kind, those that there are, and its other details."""
    details = [str(each) for each in message.notices if is_detail(each)]
    usage = message.usage
    if usage is None:
        return details
    facts = [tr_plural("Input: {count} token", "Input: {count} tokens", usage.input_tokens)]
    if usage.cached_tokens and usage.input_tokens:
        cached_share = percent(round(100 * usage.cached_tokens / usage.input_tokens))
        facts.append(tr("Cached share of the input: {share}", share=cached_share))
    facts.append(tr_plural("Output: {count} token", "Output: {count} tokens", usage.output_tokens))
    if usage.reasoning_tokens:
        count = usage.reasoning_tokens
        facts.append(tr_plural("Reasoning: {count} token", "Reasoning: {count} tokens", count))
    return facts + details


def image_pages_fact(part: DocumentPart) -> str:
    """Name a document's image pages, as sent or skipped; "" for none."""
    # With TEXT_ONLY, `image_pages` is empty; these are the pages that another detail would send.
    pages = replace(part, detail="auto").image_pages
    if not pages:
        return ""
    numbers = ", ".join(str(page.number) for page in pages[:_MAX_NAMED_PAGES])
    if len(pages) > _MAX_NAMED_PAGES:
        numbers += " …"
    if part.detail == TEXT_ONLY:
        return tr("Pages without text are skipped: {pages}", pages=numbers)
    return tr("Pages without text are sent as images: {pages}", pages=numbers)


def reasoning_title(reasoning: str, seconds: float | None, *, is_thinking: bool = False) -> str:
    """Return a title such as `Thought for 9.3 s: Which failures are safe to repeat`.

    The subject is left out if it is unknown. The time is left out if it is unknown or below a
    second, and while the model is still thinking.
    """
    subject = _subject_of(reasoning)
    if is_thinking:
        # "Thinking" is also a variant, whose name is not translated.
        if subject:
            return tr("Thinking: {subject}", subject=subject)
        return tr_context("reasoning", "Thinking")
    if seconds is None or seconds < 1:
        return tr("Thought: {subject}", subject=subject) if subject else tr("Thought")
    duration_text = duration(seconds)
    if subject:
        return tr("Thought for {duration}: {subject}", duration=duration_text, subject=subject)
    return tr("Thought for {duration}", duration=duration_text)


def call_line(call: ToolCallPart, *, is_streaming: bool) -> str:
    """Return `Searched your conversations for “contract” · 3 found` for a tool call."""
    state = call.state
    name, arguments = call.display_name, call.run_arguments
    is_done = state is ToolCallState.DONE
    text = describe_call(name, arguments, is_done=is_done).text
    # In an ended answer, the first two states mean that the call never ran, as their texts say.
    is_waiting = state in (ToolCallState.REQUESTED, ToolCallState.ALLOWED) and is_streaming
    facts = [f"{text}…" if is_waiting or state is ToolCallState.RUNNING else text]
    if state is ToolCallState.RUNNING:  # its progress
        facts += filter(None, [" ".join(call.result.split())])
    elif state is ToolCallState.FAILED and call.result.strip():
        if call.result.startswith(BAD_ARGUMENTS):  # its words are for the model
            facts.append(tr("The model’s arguments don’t fit the tool."))
        else:
            line = " ".join(call.result[: 2 * _MAX_REASON_CHARS].split())
            reason = cut(line, _MAX_REASON_CHARS)
            facts.append(tr("Failed: {reason}", reason=reason))
    elif not is_done and not is_waiting:
        facts.append(tr(state.text))
    elif is_done and name == SEARCH_TOOL:
        facts.append(_found_fact(call.result))
    if call.edited:
        facts.append(tr("Arguments changed"))
    if call.seconds is not None and call.seconds >= _MIN_CALL_S:
        facts.append(duration(call.seconds))
    return " · ".join(facts)


def edits_line(calls: Sequence[ToolCallPart], *, is_streaming: bool) -> str:
    """Return `Proposed 3 changes to the text · 1 didn’t fit the text` for calls of EDIT_TOOL."""
    proposed = wanted = 0
    for call in calls:
        if call.state in (ToolCallState.DONE, ToolCallState.FAILED):
            counts = _PROPOSED.match(call.result)
            is_done = call.state is ToolCallState.DONE
            proposed += int(counts[1]) if counts else is_done
            wanted += int(counts[2]) if counts else 1
    facts = [
        tr_plural(
            "Proposed {count} change to the text", "Proposed {count} changes to the text", proposed
        )
        if proposed
        else tool_title(EDIT_TOOL)
    ]
    is_running = is_streaming and not all(call.state.has_ended for call in calls)
    if is_running:
        facts[0] += "…"
    elif not proposed and not wanted:
        facts.append(tr("No change"))
    if missed := wanted - proposed:
        facts.append(
            tr_plural("{count} didn’t fit the text", "{count} didn’t fit the text", missed)
        )
    return " · ".join(facts)


def _found_fact(result: str) -> str:
    if result == NOTHING_FOUND:
        return tr("Nothing found")
    count = len(result.splitlines())
    return tr_plural("{count} found", "{count} found", count)


def call_caption(call: ToolCallPart) -> str:
    """Return the caption of a call on paper and in files: `Tool: Calculate · Done · 0.1 s`."""
    facts = [tr("Tool: {name}", name=tool_title(call.display_name)), tr(call.state.text)]
    if call.seconds is not None:
        facts.append(duration(max(call.seconds, _MIN_SHOWN_S)))
    return " · ".join(facts)


def _subject_of(reasoning: str) -> str:
    """Return the subject with which a summary of the reasoning begins; "" if it has none."""
    match = _SUBJECT.match(reasoning)
    return match["subject"].strip() if match else ""


def argument_lines(arguments: str) -> list[str]:
    """Return the lines of a call's arguments, indented if they are JSON and not too long."""
    indented = indent_json(arguments)
    if indented is None:
        return arguments.splitlines() or [""]
    return indented.split("\n")  # JSON strings may contain other line breaks


def indent_json(text: str) -> str | None:
    """Return JSON indented; None if it is not JSON, or longer than `_MAX_PARSED_CHARS`."""
    if len(text) > _MAX_PARSED_CHARS:
        return None
    pieces: list[str] = []
    length = 0
    try:
        for piece in json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(json.loads(text)):
            pieces.append(piece)
            length += len(piece)
            if length > _MAX_PARSED_CHARS:
                return None
    except (ValueError, RecursionError):
        return None
    return "".join(pieces)


def attachment_facts(part: DocumentPart | ImagePart) -> list[str]:
    """Return the known facts: an image's size, or a document's pages and tokens."""
    if isinstance(part, ImagePart):
        return [f"{part.width} × {part.height}"] if part.dimensions else []
    pages = pages_fact(part)
    facts = [pages] if pages else []
    if part.sent_tokens is not None:
        facts.append(token_count(part.sent_tokens, is_exact=True))
    return facts


def made_facts(part: DocumentPart | ImagePart) -> list[str]:
    """Return the facts about a file that came with an answer: its size in pixels, or in bytes."""
    return attachment_facts(part) if isinstance(part, ImagePart) else [size(part.size)]


def token_count(tokens: int, *, is_exact: bool) -> str:
    """Return a number of tokens, marked with ≈ if it is an estimate."""
    if is_exact:
        return tr_plural("{count} token", "{count} tokens", tokens)
    return tr_plural("≈ {count} token", "≈ {count} tokens", tokens)


def pages_fact(part: DocumentPart) -> str:
    """Describe the number or choice of a document's pages, and how many are sent as images.

    Returns "" if the format has no pages.
    """
    if part.chosen is not None:
        pages = _chosen_pages(part.chosen)
    elif part.pages is None:
        return ""
    else:
        pages = tr_plural("{count} page", "{count} pages", part.pages)
    if not part.image_pages:
        return pages
    return tr_plural(
        "{pages}, {count} as image",
        "{pages}, {count} as images",
        len(part.image_pages),
        pages=pages,
    )


def _chosen_pages(pages: ChosenPages) -> str:
    """Describe a choice of sections: `pages 3–10, 15 of 52`."""
    count = pages.count
    values: dict[str, str | int] = {"numbers": format_spans(pages.spans, "–"), "total": pages.of}
    if pages.unit == "slide":
        return tr_plural(
            "slide {numbers} of {total}", "slides {numbers} of {total}", count, **values
        )
    if pages.unit == "sheet":
        return tr_plural(
            "sheet {numbers} of {total}", "sheets {numbers} of {total}", count, **values
        )
    if pages.unit == "chapter":
        return tr_plural(
            "chapter {numbers} of {total}", "chapters {numbers} of {total}", count, **values
        )
    return tr_plural("page {numbers} of {total}", "pages {numbers} of {total}", count, **values)


def attachment_line(part: DocumentPart | ImagePart) -> str:
    """Return the name and the facts of an attachment, for HTML files and paper."""
    return "\u2003".join((part.name, *attachment_facts(part)))


def attachment_caption(part: DocumentPart | ImagePart) -> str:
    """Return `Attached: lease.pdf, 3 pages` for Markdown files and copies."""
    pages = pages_fact(part) if isinstance(part, DocumentPart) else ""
    if pages:
        return tr("Attached: {name}, {pages}", name=part.name, pages=pages)
    return tr("Attached: {name}", name=part.name)


def sent_passages(message: Message) -> list[Passage]:
    return [passage for part in message.passage_parts for passage in part.passages]
