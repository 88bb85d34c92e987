"""Facts beside a message in exported files: who answered, tokens, cost, time, attachments.

They are in English. The window shows those of `ui/transcript/shown_facts.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Final

from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart, ToolCallPart
from desktop_app.domain.documents.document_sections import shown
from desktop_app.domain.models.answering_model import is_same_model
from desktop_app.domain.spending.cost import format_money
from desktop_app.i18n.translation import N_, tr_plural

ENDINGS: Final[Mapping[MessageStatus, str]] = {
    MessageStatus.CANCELLED: N_("Stopped"),
    MessageStatus.INTERRUPTED: N_("Interrupted because Repartee closed"),
    MessageStatus.REFUSED: N_("Declined by the model"),
    MessageStatus.INCOMPLETE: N_("Incomplete because the model reached a limit"),
}
"""The footer of an incomplete answer, by status; marked for translation."""

EXPORT_ENDINGS: Final = {
    **ENDINGS,
    MessageStatus.STREAMING: N_("Still being written when this was exported"),
}
"""The same, for answers in an exported file or on paper."""


_TITLE: Final = re.compile(r"\s*(?:\*\*|#+ )(?P<title>[^*\n]{3,80})")


def heading_of(message: Message, name_of_model: Callable[[str], str]) -> str:
    """Return a heading with the speaker and the time."""
    when = message.created_at.astimezone()
    return f"{_speaker(message, name_of_model)} · {when:%Y-%m-%d %H:%M}"


def _speaker(message: Message, name_of_model: Callable[[str], str]) -> str:
    if message.role is Role.USER:
        return "You"
    choice = message.choice
    if choice is None or not choice.model:
        return "Answer"
    effort = f", {choice.effort.value}" if choice.effort is not None else ""
    return name_of_model(choice.model) + effort


def facts_of(message: Message, name_of_model: Callable[[str], str]) -> list[str]:
    """Return the known facts of an answer: variant or model, effort, tokens, cost, time."""
    facts: list[str] = []
    if message.choice is not None:
        choice = message.choice
        variant = choice.variant
        facts.append(variant.label if variant else name_of_model(choice.model))
        if message.answered_by and not is_same_model(choice.model, message.answered_by):
            facts.append(f"answered by {message.answered_by}")
        if choice.effort is not None:
            facts.append(choice.effort.value)
    if message.usage is not None:
        facts.append(f"{message.usage.input_tokens + message.usage.output_tokens:,} tokens")
    if message.cost is not None:
        facts.append(format_money(message.cost))
    if message.duration_s is not None:
        facts.append(duration(message.duration_s))
    return facts


def duration(seconds: float) -> str:
    """Format a duration: `0.4 s`, `9 s`, `2 min 5 s`.

    >>> [duration(x) for x in (0.04, 0.42, 9.3, 125)]
    ['< 0.1 s', '0.4 s', '9 s', '2 min 5 s']
    """
    if seconds < 0.05:
        return "< 0.1 s"
    if seconds < 1:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"


def subject_of(reasoning: str) -> str:
    """Return the title that a summary of the reasoning begins with; "" if it has none."""
    title = _TITLE.match(reasoning)
    return title["title"].strip() if title else ""


def thought_words(reasoning: str, seconds: float | None) -> str:
    """Return `Thought for 9 s about which failures are safe to repeat`, as far as known.

    The subject is the title that a summary of the reasoning begins with.
    """
    phrase, about = "Thought", subject_of(reasoning)
    if seconds is not None and seconds >= 1:
        phrase += f" for {duration(seconds)}"
    return f"{phrase} about {about[0].lower()}{about[1:]}" if about else phrase


def indented_json(arguments: str) -> list[str]:
    """Indent JSON and return its lines; text that is not JSON stays as it is."""
    try:
        return json.dumps(json.loads(arguments), indent=2, ensure_ascii=False).split("\n")
    except (ValueError, RecursionError):
        return arguments.splitlines() or [""]


def short_arguments(arguments: str, limit: int = 60) -> str:
    """Return arguments on one short line: `city: Oslo, days: 3`."""
    try:
        found = json.loads(arguments)
    except (ValueError, RecursionError):
        found = None
    words = arguments
    if isinstance(found, dict):
        texts = (
            f"{name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
            for name, value in found.items()
        )
        words = ", ".join(texts)
    line = " ".join(words[: 4 * limit].split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def call_summary(call: ToolCallPart) -> str:
    """Return `calculator · done · 0.1 s` for an exported file."""
    facts = [call.shown_name, call.state.value]
    if call.seconds is not None:
        facts.append(duration(call.seconds))
    return " · ".join(facts)


def pages_text(part: DocumentPart) -> str:
    """Describe a document's pages, or those that are sent, and how many go as images.

    Returns "" if the format has no pages.
    """
    if part.chosen is not None:
        pages = shown(part.chosen)
    elif part.pages is None:
        return ""
    else:
        pages = tr_plural("{count} page", "{count} pages", part.pages)
    if not part.seen_pages:
        return pages
    seen = len(part.seen_pages)
    return tr_plural("{pages}, {count} as image", "{pages}, {count} as images", seen, pages=pages)


def sources_of(message: Message) -> list[tuple[int, str, str]]:
    """Return number, source and text of the passages sent with a question."""
    return [(p.number, p.source, p.text) for part in message.passage_parts for p in part.passages]


def attachment_text(part: DocumentPart | ImagePart) -> str:
    """Return name, pages and tokens of an attachment, as far as known."""
    words = [part.name]
    if isinstance(part, ImagePart) and part.dimensions:
        words.append(f"{part.width} × {part.height}")
    if isinstance(part, DocumentPart):
        words += [pages_text(part)] if pages_text(part) else []
        if part.sent_tokens is not None:
            words.append(f"{'' if part.tokens_exact else '≈ '}{part.sent_tokens:,} tokens")
    return "\u2003".join(words)
