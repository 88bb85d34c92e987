"""Facts shown beside a message, in the user's language.

`domain.conversations.message_facts` has those of exported files, which are in English.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.domain.conversations.message_facts import short_arguments, subject_of
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart, ToolCallPart
from desktop_app.domain.documents.document_sections import format_spans
from desktop_app.domain.models.answering_model import is_same_model
from desktop_app.domain.tools.call_state import ToolCallState
from desktop_app.i18n.formatting import duration, money
from desktop_app.i18n.translation import N_, tr, tr_context, tr_plural

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.domain.conversations.message_parts import ChosenPages

_SHORTEST_S = 0.1
_CALL_STATES = {
    ToolCallState.REQUESTED: N_("Not run"),
    ToolCallState.ALLOWED: N_("Allowed"),
    ToolCallState.RUNNING: N_("Running"),
    ToolCallState.DONE: N_("Done"),
    ToolCallState.FAILED: N_("Failed"),
    ToolCallState.DENIED: N_("Denied"),
    ToolCallState.INTERRUPTED: N_("Interrupted"),
}


def answer_facts(message: Message, name_of_model: Callable[[str], str]) -> list[str]:
    """Return the known facts of an answer: variant or model, effort, tokens, cost, time."""
    facts: list[str] = []
    if message.choice is not None:
        choice = message.choice
        variant = choice.variant
        facts.append(variant.label if variant else name_of_model(choice.model))
        if message.answered_by and not is_same_model(choice.model, message.answered_by):
            facts.append(tr("answered by {model}", model=message.answered_by))
        if choice.effort is not None:
            facts.append(tr(choice.effort.label))
    if message.usage is not None:
        tokens = message.usage.input_tokens + message.usage.output_tokens
        facts.append(tr_plural("{count} token", "{count} tokens", tokens))
    if message.cost is not None:
        facts.append(money(message.cost))
    if message.duration_s is not None:
        facts.append(duration(max(message.duration_s, _SHORTEST_S)))
    return facts


def reasoning_title(reasoning: str, seconds: float | None, *, thinking: bool = False) -> str:
    """Return `Thought for 9.3 s: Which failures are safe to repeat`, as far as known.

    The subject is the title that a summary of the reasoning begins with.
    """
    subject = subject_of(reasoning)
    if thinking:
        # "Thinking" is a variant, too, whose name is the same in all languages.
        return (
            tr("Thinking: {subject}", subject=subject)
            if subject
            else tr_context("reasoning", "Thinking")
        )
    if seconds is None or seconds < 1:
        return tr("Thought: {subject}", subject=subject) if subject else tr("Thought")
    took = duration(seconds)
    if subject:
        return tr("Thought for {duration}: {subject}", duration=took, subject=subject)
    return tr("Thought for {duration}", duration=took)


def call_line(call: ToolCallPart, *, is_streaming: bool) -> str:
    """Return `calculator(expression: 1 + 2) · Done · 0.1 s` for a tool call."""
    facts = [f"{call.shown_name}({short_arguments(call.run_arguments)})"]
    if call.state is ToolCallState.REQUESTED and is_streaming:
        facts.append(tr("Requested"))
    else:
        facts.append(tr(_CALL_STATES[call.state]))
    if call.edited:
        facts.append(tr("Arguments changed"))
    if call.seconds is not None:
        facts.append(duration(max(call.seconds, _SHORTEST_S)))
    return " · ".join(facts)


def attachment_facts(part: DocumentPart | ImagePart) -> list[str]:
    """Return the size or the pages and the tokens of an attachment, as far as known."""
    if isinstance(part, ImagePart):
        return [f"{part.width} × {part.height}"] if part.dimensions else []
    facts = [pages] if (pages := pages_fact(part)) else []
    if part.sent_tokens is not None:
        facts.append(token_count(part.sent_tokens, is_exact=part.tokens_exact))
    return facts


def token_count(tokens: int, *, is_exact: bool) -> str:
    """Return a number of tokens in words, marked if it is an estimate."""
    if is_exact:
        return tr_plural("{count} token", "{count} tokens", tokens)
    return tr_plural("≈ {count} token", "≈ {count} tokens", tokens)


def pages_fact(part: DocumentPart) -> str:
    """Describe a document's pages, or those that are sent, and how many go as images.

    Returns "" if the format has no pages.
    """
    if part.chosen is not None:
        pages = _chosen_pages(part.chosen)
    elif part.pages is None:
        return ""
    else:
        pages = tr_plural("{count} page", "{count} pages", part.pages)
    if not part.seen_pages:
        return pages
    return tr_plural(
        "{pages}, {count} as image", "{pages}, {count} as images", len(part.seen_pages), pages=pages
    )


def _chosen_pages(chosen: ChosenPages) -> str:
    """Describe a choice of sections: `pages 3–10, 15 of 52`."""
    count = chosen.count
    values: dict[str, str | int] = {"numbers": format_spans(chosen.spans, "–"), "total": chosen.of}
    if chosen.unit == "slide":
        return tr_plural(
            "slide {numbers} of {total}", "slides {numbers} of {total}", count, **values
        )
    if chosen.unit == "sheet":
        return tr_plural(
            "sheet {numbers} of {total}", "sheets {numbers} of {total}", count, **values
        )
    if chosen.unit == "chapter":
        return tr_plural(
            "chapter {numbers} of {total}", "chapters {numbers} of {total}", count, **values
        )
    return tr_plural("page {numbers} of {total}", "pages {numbers} of {total}", count, **values)
